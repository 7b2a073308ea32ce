//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestHangUpCleansUp closes the terminal of a story: nothing of it stays.
func TestHangUpCleansUp(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command("pintail", "story", "stale") // testscript.Main has put it there
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), "TMPDIR="+dir), os.Stderr
	hear := make(chan os.Signal, 1) // where the tests run under nohup, the child would be deaf
	signal.Notify(hear, syscall.SIGHUP)
	defer signal.Stop(hear)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	made := func() bool {
		left, err := filepath.Glob(filepath.Join(dir, "pintail-story-*"))
		return err == nil && len(left) > 0
	}
	for began := time.Now(); !made(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal(errors.Join(errors.New("the story made no folder"), cmd.Process.Kill(), cmd.Wait()))
		}
	}
	time.Sleep(500 * time.Millisecond)
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("it ended with %v, not with 1", err)
	}
	if made() {
		t.Error("its folder is still there")
	}
}
