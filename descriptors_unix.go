//go:build unix

package pintail

import "golang.org/x/sys/unix"

// descriptors is how many files and connections the process may have open.
func descriptors() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return descriptorsMin
	}
	return int(min(max(uint64(limit.Cur), descriptorsMin), descriptorsMax))
}
