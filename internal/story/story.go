// Package story lets the ways in which backends die happen to a copy of the demo, under load, and tells what became of it.
//
//	result, err := story.Run(ctx, "stale", story.Options{}, func(e story.Event) { … })
//
// Each story starts the program itself as child processes on free loopback ports, in a temporary folder that is removed at the end.
// It looks at them from outside, as clients and operators do. The same story with Options.Unprotected must end badly by the same
// measure, or it proves nothing.
//
// Reading the source: Run; a story's own file (stale.go, …) from top to bottom; load.go for who asks, and how times are
// taken; shop.go for what is asked.
package story

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Options say how a story is told. The zero value tells it with the protection on.
type Options struct {
	Unprotected bool
	Seed        uint64 // of all that is drawn; the same seed asks the same things
	Program     string // the binary; default: the one that runs
	Brief       bool   // phases that only times are taken in are cut short: for tests of counts
}

// A Result is how a story ended.
type Result struct {
	Story       string
	Unprotected bool
	Result      string // Survived, Died or Unclear
	Passed      bool   // survived, or died unprotected
	Figures     []Figure
	Took        time.Duration
}

// A tale is one story as it is written.
type tale struct {
	name, title string
	opening     string // what is going to happen, in one or two sentences
	unprotected string // what is turned off
	charts      []Chart
	tell        func(context.Context, *run) (string, error) // gives the last sentence
}

// tales lists all stories in the order in which they are told.
func tales() []tale {
	return []tale{outageTale(), slowTale(), staleTale(), floodTale()}
}

// Names lists the stories.
func Names() []string {
	var names []string
	for _, t := range tales() {
		names = append(names, t.name)
	}
	return names
}

// Title is what a story is called.
func Title(name string) string {
	for _, t := range tales() {
		if t.name == name {
			return t.title
		}
	}
	return ""
}

// Run tells one story. Every event is given to tell, one after the other; tell may be nil. It returns when all child processes are
// gone and the folder is removed, ctx cancelled or not. An error means that the story couldn't be told, not that it ended badly.
func Run(ctx context.Context, name string, o Options, tell func(Event)) (result Result, err error) {
	all := tales()
	i := slices.IndexFunc(all, func(t tale) bool { return t.name == name })
	if i < 0 {
		return Result{}, fmt.Errorf("there is no story %q: there are %v", name, Names())
	}
	t := all[i]
	r, err := newRun(t, o, tell)
	if err != nil {
		return Result{}, err
	}
	defer func() {
		err = errors.Join(err, r.close())
		if err != nil {
			r.emit(Event{Kind: KindError, Text: err.Error()})
		}
	}()
	opening := t.opening
	if o.Unprotected {
		opening += " " + t.unprotected
	}
	r.emit(Event{Kind: KindBegan, Title: t.title, Text: opening, Seed: o.Seed, Charts: t.charts})
	last, err := t.tell(ctx, r)
	if ctx.Err() != nil { // whatever else went wrong went wrong because of that
		return Result{}, context.Cause(ctx)
	}
	if err != nil {
		return Result{}, err
	}
	result = r.result()
	r.emit(Event{Kind: KindVerdict, Text: last, Result: result.Result, Passed: result.Passed})
	return result, nil
}
