package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/story"
)

const (
	storyLineBytes = 64 << 10         // of one event
	storyStopTime  = 15 * time.Second // for a story that is stopped to remove its shop
	storySaidBytes = 600              // of what it says where it fails
)

// demoStories are the stories as the demo's console tells them: each by a process of its own, as from a command line.
func demoStories() pintail.Stories {
	return pintail.Stories{Names: story.Names(), Tell: tellStory}
}

func tellStory(ctx context.Context, name string, unprotected bool, event func(json.RawMessage)) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the program that runs: %w", err)
	}
	args := []string{"story", name, "--json"}
	if unprotected {
		args = append(args, "--unprotected")
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = storyStopTime
	var said tail
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("hear the story: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the story: %w", err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, storyLineBytes)
	for lines.Scan() {
		event(bytes.Clone(lines.Bytes()))
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == found().(*exitError).code { // it ended badly, and the verdict says so
		err = nil
	}
	if err != nil && len(said.text) > 0 {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(said.text)))
	}
	return errors.Join(err, lines.Err())
}

// A tail keeps the end of what is written to it.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-storySaidBytes):]
	return len(p), nil
}
