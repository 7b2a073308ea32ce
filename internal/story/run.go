package story

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pintail-dev/pintail/internal/scratch"
)

// A run is one telling of a story.
type run struct {
	Options
	tale    tale
	folder  *scratch.Folder
	began   time.Time
	figures []Figure

	mu       sync.Mutex
	tell     func(Event)
	children []*child
}

func newRun(t tale, o Options, tell func(Event)) (*run, error) {
	if o.Program == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find the program that runs: %w", err)
		}
		o.Program = self
	}
	folder, err := scratch.Make("", "pintail-story-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the shop: %w; TMPDIR chooses where", err)
	}
	if tell == nil {
		tell = func(Event) {}
	}
	return &run{Options: o, tale: t, folder: folder, began: time.Now(), tell: tell}, nil
}

// close stops the children and removes the folder.
func (r *run) close() error {
	var errs []error
	for _, c := range r.children {
		errs = append(errs, c.stop())
	}
	if err := r.folder.Remove(); err != nil {
		errs = append(errs, fmt.Errorf("remove the shop's folder: %w", err))
	}
	return errors.Join(errs...)
}

func (r *run) path(name ...string) string {
	return filepath.Join(append([]string{r.folder.Path}, name...)...)
}

// since is the time of the story.
func (r *run) since(t time.Time) float64 {
	return float64(t.Sub(r.began).Round(time.Millisecond)) / float64(time.Second)
}

// now is the time since the story began, as samples have it.
func (r *run) now() time.Duration { return time.Since(r.began) }

// phase is how long a phase lasts in which nothing but times is taken.
func (r *run) phase(d time.Duration) time.Duration {
	if r.Brief {
		return d / 4
	}
	return d
}

func (r *run) emit(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Story, e.Unprotected = r.tale.name, r.Unprotected
	if e.At == 0 {
		e.At = r.since(time.Now())
	}
	r.tell(e)
}

// step tells what happened now.
func (r *run) step(who, format string, args ...any) {
	r.emit(Event{Kind: KindStep, Who: who, Text: fmt.Sprintf(format, args...)})
}

// mark is step with a line in the charts.
func (r *run) mark(mark, who, format string, args ...any) {
	r.emit(Event{Kind: KindStep, Who: who, Mark: mark, Text: fmt.Sprintf(format, args...)})
}

// figure tells what was measured.
func (r *run) figure(f Figure) {
	r.figures = append(r.figures, f)
	r.emit(Event{Kind: KindFigure, Text: f.sentence(), Figure: &f})
}

// late tells by how much the load itself was late. Where the times weren't met, and the load alone may be why, they prove nothing: the machine
// had other things to do.
func (r *run) late(load samples, most time.Duration, met bool) {
	f := Figure{Name: "load_lag", Label: "the load itself was late by less, in 99 of 100 cases", Value: ms(load.lag()), Unit: "ms", Timed: true}
	if met || r.Unprotected {
		r.figure(f.told())
		return
	}
	f.Ground = true
	r.figure(f.atMost(ms(most)))
}

// result judges by the figures.
func (r *run) result() Result {
	out := Result{Story: r.tale.name, Unprotected: r.Unprotected, Result: Survived, Figures: r.figures, Took: time.Since(r.began)}
	for _, f := range r.figures {
		switch {
		case f.OK:
		case f.Ground:
			out.Result = Unclear
		case out.Result == Survived:
			out.Result = Died
		}
	}
	out.Passed = out.Result == Survived && !r.Unprotected || out.Result == Died && r.Unprotected
	return out
}
