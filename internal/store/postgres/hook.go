package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// insideHook marks a hook's context, so that a write beside its transaction, which may wait for the hook's own locks, is
// refused.
type insideHook struct{}

func errInsideHook() error {
	return fault.New(fault.HookRefused, "a write was started from inside a Before hook, and would wait for that hook to end").
		WithHint("Write with the hook's handle instead: it is part of the same transaction.")
}

// hooks run one after the other; the first error ends them.
func (t *transaction) hooks(ctx context.Context, hooks []store.Hook) error {
	for _, hook := range hooks {
		if err := t.hook(ctx, hook); err != nil {
			return err
		}
	}
	return nil
}

// hook runs one hook beside the request, so that one that doesn't end in time can be left behind.
func (t *transaction) hook(ctx context.Context, hook store.Hook) error {
	limited, cancel := context.WithTimeoutCause(context.WithValue(ctx, insideHook{}, true), t.store.config.HookTimeout,
		fault.New(fault.QueryCanceled, "a Before hook took longer than it may"))
	defer cancel()
	h := &handle{t: t, limited: limited}
	ended := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				ended <- &hookError{fmt.Errorf("a Before hook panicked: %v", p)}
			}
		}()
		err := hook(limited, h)
		var f *fault.Fault
		if err != nil && !errors.As(err, &f) {
			err = &hookError{err}
		}
		ended <- err
	}()
	var err error
	select {
	case err = <-ended:
	case <-limited.Done():
	}
	if limited.Err() != nil {
		err = context.Cause(limited)
	}
	if ctx.Err() != nil {
		err = canceled(ctx)
	}
	h.mu.Lock() // what it has begun ends with its context
	h.closed = true
	h.mu.Unlock()
	return err
}

// A hookError is a hook's own, which says nothing of the connection.
type hookError struct{ error }

func (e *hookError) Unwrap() error { return e.error }

// A handle is what a hook has of its transaction.
type handle struct {
	t       *transaction
	limited context.Context // the hook's time

	mu     sync.Mutex // one statement at a time
	closed bool
}

func (h *handle) Read(ctx context.Context, p *plan.Plan, args query.Args) (store.Result, error) {
	return h.run(ctx, p, args)
}

func (h *handle) Write(ctx context.Context, p *plan.Plan, args query.Args) (store.Result, error) {
	return h.run(ctx, p, args)
}

func (h *handle) run(ctx context.Context, p *plan.Plan, args query.Args) (store.Result, error) {
	c, err := h.t.store.compiled(ctx, p)
	if err != nil {
		return store.Result{}, err
	}
	ctx, cancel := context.WithCancel(ctx) // whatever context the hook brings, its time is the hook's
	defer cancel()
	defer context.AfterFunc(h.limited, cancel)()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return store.Result{}, fault.New(fault.HookRefused, "a Before hook's handle was used after the hook had ended")
	}
	tx := store.Tx{Plan: p, Args: args}
	var result store.Result
	if c.estimate != nil {
		result, err = h.t.piped(ctx, tx, c, nil)
	} else {
		result, err = h.t.perform(ctx, p, args, c)
	}
	if err == nil {
		err = verify(p, &result)
	}
	return result, h.t.store.faultOf(ctx, err)
}
