package guard

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/pintail-dev/pintail/fault"
)

// laneWait is how long a statement waits for its shape's lane, as long as it would for a connection.
const laneWait = 10 * time.Second

// enter takes one of the places that a shape has: half of the connections, so that while an index is away and nobody has noticed yet, the
// other half still answers everybody else. A shape never has more, since a slow statement that has a connection keeps it.
func (e *entry) enter(ctx context.Context) error {
	select {
	case e.lane <- struct{}{}:
		return nil
	default:
	}
	t := time.NewTimer(laneWait)
	defer t.Stop()
	select {
	case e.lane <- struct{}{}:
		return nil
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			return fault.New(fault.QueryCanceled, "canceling statement due to statement timeout").WithCause(ctx.Err())
		}
		return fault.New(fault.QueryCanceled, "canceling statement due to user request").WithCause(ctx.Err())
	case <-t.C:
		return fault.New(fault.PoolTimeout, "Timed out acquiring connection from connection pool.").
			WithHint("Half of the connections are busy with queries of this very shape.")
	}
}

func (e *entry) leave() { <-e.lane }

// A run is one statement of a shape from before it waits for a connection until it has ended: the request's context, which the guard can end
// too. Next to none are ended, so that nothing is made for it until somebody waits for it; who only asks whether it has ended, as SQLite does
// between its steps, costs nothing.
type run struct {
	context.Context // the request's
	e               *entry
	prev, next      *run                     // in the entry's list
	over            bool                     // guarded by the entry's lock
	shed            atomic.Pointer[shedding] // why the guard ended it
	waited          atomic.Pointer[waited]   // nil until somebody waits
}

// A waited is a context of the standard library's kind, for those who wait for a run's end.
type waited struct {
	context.Context
	cancel context.CancelCauseFunc
}

var _ context.Context = (*run)(nil)

// Err says that it was ended, by the guard or by the request; to those who wait for that also that it is over.
func (r *run) Err() error {
	if w := r.waited.Load(); w != nil {
		return w.Err()
	}
	if r.shed.Load() != nil {
		return context.Canceled
	}
	return r.Context.Err()
}

// Done is closed when it is ended, or over.
func (r *run) Done() <-chan struct{} {
	if w := r.waited.Load(); w != nil {
		return w.Done()
	}
	r.e.mu.Lock()
	defer r.e.mu.Unlock()
	w := r.waited.Load()
	if w == nil {
		w = &waited{}
		w.Context, w.cancel = context.WithCancelCause(r.Context)
		switch s := r.shed.Load(); {
		case s != nil:
			w.cancel(&shedError{s})
		case r.over: // nobody would come to end it
			w.cancel(nil)
		}
		r.waited.Store(w)
	}
	return w.Done()
}

// Value is the request's. Once somebody waits, contexts made of this one find that which is waited for, and need no goroutine to follow it.
func (r *run) Value(key any) any {
	if w := r.waited.Load(); w != nil {
		return w.Value(key)
	}
	return r.Context.Value(key)
}

// begin notes a statement that can be ended.
func (e *entry) begin(ctx context.Context) *run {
	r := &run{Context: ctx, e: e}
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.next = e.running; r.next != nil {
		r.next.prev = r
	}
	e.running = r
	return r
}

// end takes it off the list.
func (r *run) end() {
	r.e.mu.Lock()
	defer r.e.mu.Unlock()
	r.over = true
	if r.prev == nil {
		r.e.running = r.next
	} else {
		r.prev.next = r.next
	}
	if r.next != nil {
		r.next.prev = r.prev
	}
	if w := r.waited.Load(); w != nil {
		w.cancel(nil)
	}
}

// A shedError is why a statement that ran was ended.
type shedError struct{ shedding *shedding }

func (e *shedError) Error() string { return "guard: " + e.shedding.reason }

// cancel ends the statements of a shape that run.
func (g *Guard) cancel(e *entry, s *shedding) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for r := e.running; r != nil; r = r.next {
		if r.shed.CompareAndSwap(nil, s) {
			if w := r.waited.Load(); w != nil {
				w.cancel(&shedError{s})
			}
		}
	}
}
