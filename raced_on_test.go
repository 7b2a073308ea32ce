//go:build race

package pintail_test

// slower is how many times slower the race detector makes SQLite, for bounds on time that the run without it holds in full.
const slower = 10
