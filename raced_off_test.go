//go:build !race

package pintail_test

// slower is what bounds on time are multiplied by.
const slower = 1
