package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// errUnread is the cause of a context's end where nobody reads what the program writes any more: `pintail story outage | head -1`.
var errUnread = errors.New("nobody reads the output any more")

// A stream is standard output or standard error. Where its reader has left it calls gone, so that the program cleans up and ends.
type stream struct {
	file *os.File
	gone func()
}

func (s stream) Write(b []byte) (int, error) {
	n, err := s.file.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		s.gone()
	}
	return n, err
}

// processConsole makes the process's console. The context ends with errUnread once nobody reads its output or what it says.
func processConsole(ctx context.Context) (context.Context, console) {
	// By default a process dies on the spot of writing to a pipe that nobody reads, and leaves behind what it made; whoever
	// wants to hear of it gets an error from the write instead. Nothing is read from here: sockets cause the signal too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, cancel := context.WithCancelCause(ctx)
	gone := func() { cancel(errUnread) }
	return ctx, console{in: os.Stdin, out: stream{os.Stdout, gone}, err: stream{os.Stderr, gone}}
}

// fileOf is the file behind a writer of a console.
func fileOf(w io.Writer) (*os.File, bool) {
	switch w := w.(type) {
	case *os.File:
		return w, true
	case stream:
		return w.file, true
	}
	return nil, false
}
