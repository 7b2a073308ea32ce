package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// buildProgram builds the command once for all tests.
var buildProgram = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pintail-program")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "pintail")
	cmd := exec.Command("go", "build", "-o", bin, "../../cmd/pintail")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	built.Store(&bin)
	return bin, nil
})

var built atomic.Pointer[string]

func TestMain(m *testing.M) {
	code := m.Run()
	if bin := built.Load(); bin != nil {
		os.RemoveAll(filepath.Dir(*bin))
	}
	os.Exit(code)
}

func program(t *testing.T) string {
	t.Helper()
	bin, err := buildProgram()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// tellIt tells a story and holds what is told to the form that docs/stories/README.md promises.
func tellIt(t *testing.T, name string, o Options) (Result, []Event) {
	t.Helper()
	o.Program = program(t) // before TMPDIR is another
	t.Setenv("TMPDIR", t.TempDir())
	var events []Event
	result, err := Run(t.Context(), name, o, func(e Event) { events = append(events, e) })
	if err != nil {
		t.Fatal(err)
	}
	nothingLeft(t)
	inForm(t, name, o.Unprotected, events)
	for _, e := range events {
		switch e.Kind {
		case KindStep:
			t.Logf("%6.1f s %s: %s", e.At, e.Who, e.Text)
		case KindFigure, KindVerdict:
			t.Logf("%s %s", e.Text, e.Result)
		}
	}
	return result, events
}

// nothingLeft fails if the temporary folder holds anything, or a child process still runs.
func nothingLeft(t *testing.T) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v %v", left, err)
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		line, err := os.ReadFile(p)
		if err == nil && strings.HasPrefix(string(line), program(t)+"\x00") {
			t.Errorf("still runs: %q", line)
		}
	}
}

func inForm(t *testing.T, name string, unprotected bool, events []Event) {
	t.Helper()
	if len(events) < 3 || events[0].Kind != KindBegan || events[len(events)-1].Kind != KindVerdict {
		t.Fatalf("a story is one began … one verdict: %+v", events)
	}
	var lines []string
	for _, c := range events[0].Charts {
		for _, l := range c.Lines {
			lines = append(lines, l.Key)
		}
	}
	samples := 0
	for _, e := range events {
		if e.Story != name || e.Unprotected != unprotected {
			t.Errorf("an event of another story: %+v", e)
		}
		if e.Kind != KindSample && e.Text == "" {
			t.Errorf("an event that says nothing: %+v", e)
		}
		if e.Kind == KindSample {
			samples++
		}
		for key := range e.Values {
			if !slices.Contains(lines, key) {
				t.Errorf("a sample of %q, which no chart draws", key)
			}
		}
	}
	if samples < 4 {
		t.Errorf("%d samples make no chart", samples)
	}
	for what, make := range map[string]func([]Event) ([]byte, error){"report": Report, "plot": Plot} {
		if text, err := make(events); err != nil || len(text) < 1000 {
			t.Errorf("the %s: %v, %d bytes", what, err, len(text))
		}
	}
	if _, err := json.Marshal(events); err != nil {
		t.Error(err)
	}
}

// counts fails where a figure that doesn't depend on the machine's speed isn't met.
func counts(t *testing.T, r Result) {
	t.Helper()
	for _, f := range r.Figures {
		if !f.OK && (!f.Timed || proving()) {
			t.Error(f.sentence())
		}
	}
}

func proving() bool { return os.Getenv("PINTAIL_PROVE") != "" }

func TestStale(t *testing.T) {
	if testing.Short() {
		t.Skip("ten seconds of load")
	}
	r, _ := tellIt(t, "stale", Options{Seed: 1})
	counts(t, r)
}

func TestStaleUnprotected(t *testing.T) {
	if testing.Short() {
		t.Skip("ten seconds of load")
	}
	r, _ := tellIt(t, "stale", Options{Seed: 1, Unprotected: true})
	if r.Result != Died || !r.Passed {
		t.Errorf("a cache with a time to live %s", r.Result)
	}
}

func TestOutage(t *testing.T) {
	if testing.Short() {
		t.Skip("twenty seconds of load")
	}
	r, _ := tellIt(t, "outage", Options{Seed: 1, Brief: !proving()})
	counts(t, r)
}

func TestFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("twenty seconds of load")
	}
	r, _ := tellIt(t, "flood", Options{Seed: 1, Brief: !proving()})
	counts(t, r)
}

// TestSlow tells it for one question, and with PINTAIL_PROVE for each.
func TestSlow(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute of work")
	}
	seeds := map[string]uint64{}
	for seed := uint64(1); len(seeds) < len(riddles()); seed++ {
		seeds[drawRiddle(seed).what] = seed
	}
	for what, seed := range seeds {
		r, _ := tellIt(t, "slow", Options{Seed: seed, Brief: !proving()})
		t.Log(what)
		counts(t, r)
		if !proving() {
			return
		}
	}
}

// TestUnprotected tells the stories that end badly by times alone: on a machine that does other things at the same time, that proves nothing.
func TestUnprotected(t *testing.T) {
	if !proving() {
		t.Skip("times are taken by make prove only")
	}
	for _, name := range []string{"outage", "slow", "flood"} {
		if r, _ := tellIt(t, name, Options{Seed: 1, Unprotected: true}); r.Result != Died || !r.Passed {
			t.Errorf("%s, unprotected: %s", name, r.Result)
		}
	}
}

// TestInterrupted ends a story in each of its parts: nothing is left over, and the error is the interruption.
func TestInterrupted(t *testing.T) {
	for _, after := range []time.Duration{0, 300 * time.Millisecond, 4 * time.Second} {
		bin := program(t)
		t.Setenv("TMPDIR", t.TempDir())
		ctx, cancel := context.WithTimeout(t.Context(), after)
		defer cancel()
		var last Event
		_, err := Run(ctx, "stale", Options{Program: bin}, func(e Event) { last = e })
		if !errors.Is(err, context.DeadlineExceeded) || last.Kind != KindError {
			t.Errorf("interrupted after %v: %v, and at last %+v", after, err, last)
		}
		nothingLeft(t)
	}
}

func TestRunRefuses(t *testing.T) {
	for _, c := range []struct{ want, name, program, tmp string }{
		{`there is no story "sad"`, "sad", "", t.TempDir()},
		{"start /nowhere/pintail", "stale", "/nowhere/pintail", t.TempDir()},
		{"the shop didn't open", "stale", "/bin/false", t.TempDir()},
		{"TMPDIR chooses where", "stale", "", "/nowhere"},
	} {
		t.Setenv("TMPDIR", c.tmp)
		_, err := Run(t.Context(), c.name, Options{Program: c.program}, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q, got %v", c.want, err)
		}
		if left, _ := filepath.Glob(filepath.Join(c.tmp, "*")); len(left) > 0 {
			t.Errorf("left over: %v", left)
		}
	}
}
