package main

import (
	"io"
	"os"
)

// A console is where a verb reads and writes.
type console struct {
	in       io.Reader
	out, err io.Writer
}

// terminal says whether w is a person's screen.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
