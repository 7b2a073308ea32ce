//go:build !unix

package node

import "net"

// watches says that gone can't tell: net/http serves everything.
const watches = false

func gone(*net.TCPConn) bool { return false }
