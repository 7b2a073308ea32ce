package sqlite

import (
	"context"
	"sync/atomic"

	"github.com/pintail-dev/pintail/internal/change"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
)

// A Watcher hears of a change of the database's schema before the next statement runs on it, whoever made it.
type Watcher interface {
	// SchemaChanged is called inside the transaction of a statement that is about to run a plan, where the file's schema has another
	// version than Known. An error refuses the plan. It must not use the store.
	SchemaChanged(ctx context.Context, version int64, p *plan.Plan, args query.Args) error

	// Waits says whether another process repairs the database now: its lock may last longer than locks do, and is waited for.
	Waits() bool
}

// A watch is what a store knows of its Watcher.
type watch struct {
	watcher Watcher
	known   atomic.Int64                 // the schema's version of which nothing more needs to be told
	seen    atomic.Pointer[change.State] // a state of the database that has this version; nil where nobody knows one
}

// Watch names the one Watcher, before the first request.
func (s *Store) Watch(w Watcher) {
	watch := &watch{watcher: w}
	watch.known.Store(-1)
	s.watch.Store(watch)
}

// Known says that the Watcher has looked at a version of the schema, and needn't be told of it again.
func (s *Store) Known(version int64) {
	if w := s.watch.Load(); w != nil {
		if w.known.Swap(version) != version {
			w.seen.Store(nil)
		}
	}
}

// watched asks whether a plan may run on the schema as it is in the connection's transaction. Outside of one, it begins one that
// lasts until end is called: the statement that follows sees the same schema. Where nothing was committed since a statement that was asked
// for the version, there is no need to: what is committed from here on, before the statement begins, is for the next one to see.
func (s *Store) watched(ctx context.Context, c *conn, p *plan.Plan, args query.Args) (end func(), err error) {
	w := s.watch.Load()
	if w == nil {
		return nothing, nil
	}
	var state change.State
	if s.feed != nil {
		state = s.feed.State()
		if seen := w.seen.Load(); seen != nil && *seen == state {
			return nothing, nil
		}
	}
	st, err := c.text("PRAGMA schema_version")
	if err != nil {
		return nothing, err
	}
	end = func() { st.Reset() }
	if !st.Step() {
		err := st.Err()
		end()
		return nothing, err
	}
	if v := st.ColumnInt64(0); v != w.known.Load() {
		return end, w.watcher.SchemaChanged(ctx, v, p, args)
	}
	if s.feed != nil && s.feed.State() == state { // so this is what the transaction sees
		seen := state
		w.seen.Store(&seen)
	}
	return end, nil
}

func nothing() {}

// Hold keeps the writer from beginning another transaction until release is called. It returns when no transaction is open. Requests
// wait meanwhile, each as long as its own context lasts. One caller at a time holds.
func (s *Store) Hold(ctx context.Context) (release func(), err error) {
	h := &hold{began: make(chan struct{}), ended: make(chan struct{})}
	select {
	case s.writer.holds <- h:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.writer.done:
		return nil, errClosed()
	}
	<-h.began
	return func() { close(h.ended) }, nil
}

// A hold is a time in which the writer does nothing.
type hold struct{ began, ended chan struct{} }

// last keeps the writer for as long as the hold lasts.
func (h *hold) last() {
	close(h.began)
	<-h.ended
}

// Readers is how many reads run at once.
func (s *Store) Readers() int { return s.config.Readers }
