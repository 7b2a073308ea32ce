package guard

import (
	"context"
	"errors"
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

// A run is one statement of a shape from before it waits for a connection until it has ended.
type run struct {
	e      *entry
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// begin notes a statement that can be cancelled.
func (e *entry) begin(ctx context.Context) (context.Context, *run) {
	r := &run{e: e}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	e.mu.Lock()
	e.running[r] = struct{}{}
	e.mu.Unlock()
	return r.ctx, r
}

func (r *run) end() {
	r.e.mu.Lock()
	delete(r.e.running, r)
	r.e.mu.Unlock()
	r.cancel(nil)
}

// A shedError is why a statement that ran was cancelled.
type shedError struct{ shedding *shedding }

func (e *shedError) Error() string { return "guard: " + e.shedding.reason }

// cancel ends the statements of a shape that run.
func (g *Guard) cancel(e *entry, s *shedding) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for r := range e.running {
		r.cancel(&shedError{s})
	}
}
