//go:build unix

package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A reader that leaves after the first line, as head -1 does, ends the program, and nothing of it stays: whichever of its outputs it read.
func TestAReaderThatLeavesCleansUp(t *testing.T) {
	t.Run("story", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		readerLeaves(t, dir, (*exec.Cmd).StdoutPipe, "pintail-story-*", "story", "stale")
	})
	t.Run("story --json", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		readerLeaves(t, dir, (*exec.Cmd).StdoutPipe, "pintail-story-*", "story", "stale", "--json")
	})
	t.Run("rehearse", func(t *testing.T) { // writes a note, and after ten seconds how far it is
		t.Parallel()
		dsn, path, _ := production(t)
		schema, err := filepath.Abs("../../demo/schema.graphql")
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Dir(dsn[len("sqlite:"):])
		readerLeaves(t, dir, (*exec.Cmd).StderrPipe, ".pintail-rehearse-*", "rehearse", "--schema", schema, "--database", dsn, "--from", path, "--rows", "5000000")
	})
	t.Run("version", func(t *testing.T) {
		cmd := exec.Command("pintail", "version")
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stdout = w
		r.Close()
		err = cmd.Run()
		w.Close()
		unread(t, err)
	})
}

// readerLeaves runs the program in dir with one of its outputs in a pipe, reads a line of that and closes it. The program must have made
// a folder that the pattern matches, and must end and take it away.
func readerLeaves(t *testing.T, dir string, pipe func(*exec.Cmd) (io.ReadCloser, error), pattern string, args ...string) {
	t.Helper()
	cmd := exec.Command("pintail", args...) // testscript.Main has put it there
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TMPDIR="+dir)
	from, err := pipe(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	made := func() bool {
		left, err := filepath.Glob(filepath.Join(dir, pattern))
		return err == nil && len(left) > 0
	}
	_, err = bufio.NewReader(from).ReadString('\n')
	for began := time.Now(); err == nil && !made(); time.Sleep(time.Millisecond) { // it may be made after the first line
		if time.Since(began) > time.Minute {
			err = errors.New("it made no folder")
		}
	}
	if err = errors.Join(err, from.Close()); err != nil {
		t.Fatal(errors.Join(err, cmd.Process.Kill(), cmd.Wait()))
	}
	unread(t, cmd.Wait())
	if made() {
		t.Error("its folder is still there")
	}
}

func unread(t *testing.T, err error) {
	t.Helper()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != codeUnread {
		t.Errorf("it ended with %v, not with %d", err, codeUnread)
	}
}
