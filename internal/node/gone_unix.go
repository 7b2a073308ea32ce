//go:build unix

package node

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// watches says that gone can tell.
const watches = true

// gone says whether the client has closed its end, without taking anything off the connection. What a client sent ahead hides
// that it left, as it does from net/http.
func gone(c *net.TCPConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return true
	}
	left := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		left = n == 0 && err == nil || err != nil && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR)
	})
	return left || err != nil
}
