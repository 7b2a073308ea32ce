//go:build !unix

package pintail

// descriptors is how many files and connections the process may have open, as far as anybody knows.
func descriptors() int { return 16 * descriptorsMin }
