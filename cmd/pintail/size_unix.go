//go:build unix

package main

import (
	"io"

	"golang.org/x/sys/unix"
)

// terminalSize is how many columns and rows a person's screen has; zeros where w is none.
func terminalSize(w io.Writer) (columns, rows int) {
	f, ok := fileOf(w)
	if !ok {
		return 0, 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0
	}
	return int(size.Col), int(size.Row)
}
