package story

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

const (
	startTime = time.Minute     // for a child to make the shop and say that it serves
	stopTime  = 3 * time.Second // for a child to finish what is under way, before it is killed
)

// A child is a process of the program itself that serves.
type child struct {
	listen, admin string // host:port
	log           string // the path of what it says

	process *os.Process
	gone    chan struct{} // closed once it has ended
	err     error         // how, after that
}

// serve starts the program with a verb that serves, on free loopback ports, in the run's folder, and waits until it says that it does.
// env is of PINTAIL_ variables; nothing else that sets Pintail is handed down.
func (r *run) serve(ctx context.Context, name, dir string, env []string, args ...string) (*child, error) {
	log, err := os.Create(r.path(name + ".log"))
	if err != nil {
		return nil, fmt.Errorf("write the log of a process: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(r.Program, append(args, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")...)
	cmd.Dir, cmd.Stderr, cmd.ExtraFiles = dir, log, r.folder.Handed()
	cmd.Env = append(cleaned(os.Environ()), append([]string{"PINTAIL_LOG_FORMAT=json"}, env...)...)
	c := &child{log: log.Name(), gone: make(chan struct{})}
	started := make(chan error)
	go func() {
		defer close(c.gone)
		// The system may kill it when the thread that started it ends, so that none is left over where the story itself is killed.
		runtime.LockOSThread()
		tie(cmd)
		err := cmd.Start()
		c.process = cmd.Process
		started <- err
		if err == nil {
			c.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", r.Program, err)
	}
	r.mu.Lock()
	r.children = append(r.children, c)
	r.mu.Unlock()
	return c, c.await(ctx)
}

// cleaned leaves out what sets Pintail.
func cleaned(environ []string) []string {
	var out []string
	for _, kv := range environ {
		if !strings.HasPrefix(kv, "PINTAIL_") {
			out = append(out, kv)
		}
	}
	return out
}

// await waits for the line of the log that says where it serves.
func (c *child) await(ctx context.Context) error {
	late := time.NewTimer(startTime)
	defer late.Stop()
	for {
		if c.serving() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.gone:
			if c.serving() {
				return nil
			}
			return fmt.Errorf("the shop didn't open: %s\nIt is made where temporary files go, in %s, and takes some 100 MB there; TMPDIR chooses another folder", c.said(), os.TempDir())
		case <-late.C:
			return fmt.Errorf("the shop didn't open within %s: %s", span(startTime), c.said())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (c *child) serving() bool {
	f, err := os.Open(c.log)
	if err != nil {
		return false
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var line struct{ Msg, Listen, Admin string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" && line.Admin != "" {
			c.listen, c.admin = strings.TrimPrefix(line.Listen, "http://"), strings.TrimPrefix(line.Admin, "http://")
			return true
		}
	}
	return false
}

// saidBytes is how much of the end of a log is shown.
const saidBytes = 600

// tail is the end of a text, without spaces around it.
func tail(text []byte) []byte {
	return bytes.TrimSpace(text[max(0, len(text)-saidBytes):])
}

// said is the end of what it said.
func (c *child) said() string {
	f, err := os.Open(c.log)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > saidBytes {
		_, _ = f.Seek(-saidBytes, io.SeekEnd)
	}
	text, _ := io.ReadAll(f)
	text = tail(text)
	if len(text) == 0 {
		return "it said nothing"
	}
	return string(text)
}

// stop ends it: it may finish what is under way, for a moment.
func (c *child) stop() error {
	select {
	case <-c.gone:
		return nil
	default:
	}
	if err := c.process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		_ = c.process.Kill()
	}
	select {
	case <-c.gone:
		return nil
	case <-time.After(stopTime):
	}
	if err := c.process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop process %d: %w", c.process.Pid, err)
	}
	<-c.gone
	return nil
}

// died says that it ended by itself.
func (c *child) died() error {
	select {
	case <-c.gone:
		return fmt.Errorf("a process of the shop ended by itself (%v): %s", c.err, c.said())
	default:
		return nil
	}
}
