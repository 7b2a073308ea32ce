package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	page "github.com/pintail-dev/pintail/internal/console"
)

const (
	topSilence    = 5 * time.Second // without a state, after which the server counts as lost
	topStateBytes = 4 << 20         // of one state
)

func topCommand(c console, f *flags) *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Show what a running server does, once a second",
		Long: `Show what a running server does: how much passes each part of a request's way, how long that takes, what is refused and
why, and which queries cost the most. It asks the server's admin address, and draws anew once a second until Ctrl-C. Where standard
output is no terminal, it prints one picture after the other.

Rates and times are those of the last five seconds; docs/console.md says what each figure means. --json prints the state, an object
a line, with --once one. The same as a page: the admin address in a browser.`,
		Example: "  pintail top\n  pintail top --admin 127.0.0.1:9001\n  pintail top --once --json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := f.load(c)
			if err != nil {
				return err
			}
			admin, err := adminAddress(conf)
			if err != nil {
				return err
			}
			return top{c, f.json, once}.run(cmd.Context(), admin)
		},
	}
	cmd.Flags().StringVar(&f.admin, "admin", "", "the admin `address` of the server (default 127.0.0.1:8081)")
	cmd.Flags().BoolVar(&once, "once", false, "show one picture and end")
	return cmd
}

// A top shows states on a console.
type top struct {
	console
	json, once bool
}

func (t top) run(ctx context.Context, admin string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	answer, err := t.ask(ctx, admin)
	if err != nil {
		return t.ended(ctx, err)
	}
	defer answer.Body.Close()
	screen := t.screen()
	defer screen.leave()
	// The server sends a state every second: where none comes, it is gone without a word.
	silence := time.AfterFunc(topSilence, func() {
		cancel(fmt.Errorf("the server at %s has said nothing for %v: its machine is gone, or very busy", admin, topSilence))
	})
	defer silence.Stop()
	stopping, err := t.follow(answer.Body, screen, func() { silence.Reset(topSilence) })
	screen.leave()
	if ctx.Err() == nil && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)) { // it was killed
		err = nil
	}
	if err == nil && !stopping && !t.once {
		err = fmt.Errorf("the server at %s is gone", admin)
	}
	if err == nil && stopping && !t.once {
		t.say("The server at %s has stopped.", admin)
	}
	return t.ended(ctx, err)
}

// ended makes nothing of an end that was asked for.
func (t top) ended(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil // Ctrl-C
}

// ask asks for the server's events.
func (t top) ask(ctx context.Context, admin string) (*http.Response, error) {
	answer, err := askAdmin(ctx, admin, "/events", topSilence)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil, fmt.Errorf("no server answers at the admin address %s.\nStart one with `pintail serve`, `pintail dev` or `pintail demo`; where it runs already, name the admin address that it prints with --admin", admin)
	}
	if err != nil {
		return nil, fmt.Errorf("what listens at %s doesn't answer as the admin address of a Pintail (%w): name the one that it prints with --admin", admin, err)
	}
	if answer.StatusCode == http.StatusOK && strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		return answer, nil
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 300))
	if answer.StatusCode == http.StatusOK || answer.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("what answers at %s is not the admin address of a Pintail with a console: is it the address of the API? --admin wants the other one", admin)
	}
	return nil, fmt.Errorf("the server at %s refuses (%d): %s", admin, answer.StatusCode, harmless(strings.TrimSpace(string(text))))
}

// follow shows the states of a stream until it ends, and says whether the server stopped.
func (t top) follow(from io.Reader, s *screen, heard func()) (stopping bool, err error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, topStateBytes)
	event := ""
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			event = name
		}
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok || event != "state" {
			continue
		}
		heard()
		var st page.State
		if err := json.Unmarshal(data, &st); err != nil {
			return false, fmt.Errorf("read the server's state: %w; is it another version of Pintail?", err)
		}
		if st.Window == 0 && t.once { // it has no rates yet
			continue
		}
		if err := t.show(s, &st, data); err != nil {
			return false, err
		}
		if t.once {
			return false, nil
		}
		if st.Server.Stopping {
			stopping = true
		}
	}
	return stopping, lines.Err()
}

func (t top) show(s *screen, st *page.State, data []byte) error {
	if !t.json {
		return s.draw(topText(s.paint, st, s.width()))
	}
	return t.data(escaped(string(data)) + "\n")
}

// A screen is where pictures are drawn over each other, or one after the other where it is no terminal.
type screen struct {
	out      io.Writer
	terminal bool // a whole one, of which nothing stays behind
	paint    paint
	drawn    int
}

func (t top) screen() *screen {
	return &screen{out: t.out, terminal: terminal(t.out) && os.Getenv("TERM") != "dumb" && !t.json && !t.once, paint: painter(t.out)}
}

// The sequences of ECMA-48 and xterm: another screen without a cursor, and back; home; clear the line's end, and what is below.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l"
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	goHome      = "\x1b[H"
	clearLine   = "\x1b[K"
	clearBelow  = "\x1b[J"
)

func (s *screen) draw(lines []string) error {
	var b strings.Builder
	if !s.terminal {
		if s.drawn > 0 {
			b.WriteString("\n")
		}
		s.drawn++
		b.WriteString(strings.Join(lines, "\n") + "\n")
		_, err := io.WriteString(s.out, b.String())
		return err
	}
	if s.drawn == 0 {
		b.WriteString(enterScreen)
	}
	s.drawn++
	if _, rows := terminalSize(s.out); rows > 0 && len(lines) > rows {
		lines = lines[:rows]
	}
	b.WriteString(goHome + strings.Join(lines, clearLine+"\n") + clearLine + clearBelow)
	_, err := io.WriteString(s.out, b.String())
	return err
}

// leave gives the terminal back as it was.
func (s *screen) leave() {
	if s.terminal && s.drawn > 0 {
		// Where it can't be written there is nobody to tell.
		_, _ = io.WriteString(s.out, leaveScreen)
		s.drawn = 0
	}
}

// topWidth is how many letters a line has where nobody knows how many there is room for.
const topWidth = 80

func (s *screen) width() int {
	if columns, _ := terminalSize(s.out); columns > 0 {
		return columns
	}
	return topWidth
}
