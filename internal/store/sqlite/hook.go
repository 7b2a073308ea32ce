package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// hookTime is what a request's hooks have, together: all other writes wait for them.
const hookTime = time.Second

// insideHook marks a hook's context, so that a write that would wait for its own hook to end is refused.
type insideHook struct{}

func errInsideHook() error {
	return fault.New(fault.HookRefused, "a write was started from inside a Before hook, and would wait for that hook to end").
		WithHint("Write with the hook's handle instead: it is part of the same transaction.")
}

// hooks runs a request's hooks. They run beside the writer, so that one that doesn't end in time can be left behind.
func (w *writer) hooks(r *request) error {
	if len(r.tx.Before) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithValue(r.ctx, insideHook{}, true), hookTime)
	defer cancel()
	if err := w.c.begin(ctx, hookTime); err != nil {
		return err
	}
	h := &handle{s: w.s, c: w.c, record: w.record}
	ended := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				ended <- fmt.Errorf("a Before hook panicked: %v", p)
			}
		}()
		for _, hook := range r.tx.Before {
			if err := hook(ctx, h); err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = fault.New(fault.QueryCanceled, "a Before hook took longer than it may")
		if r.ctx.Err() != nil {
			err = canceled(r.ctx)
		}
	}
	h.mu.Lock() // what it has begun ends with its context
	h.closed = true
	h.mu.Unlock()
	if err != nil {
		return err
	}
	return w.c.begin(r.ctx, w.s.config.Statement)
}

// Read reads inside the hook's transaction.
func (h *handle) Read(ctx context.Context, p *plan.Plan, args query.Args) (store.Result, error) {
	l, err := h.s.compiled(p)
	if err != nil {
		return store.Result{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return store.Result{}, errHandle()
	}
	res, err := h.s.readInside(h.c, l, p, args)
	if err != nil {
		return store.Result{}, h.s.fault(ctx, p, h.c.cause(err))
	}
	return res, nil
}

// Write writes inside the hook's transaction.
func (h *handle) Write(ctx context.Context, p *plan.Plan, args query.Args) (store.Result, error) {
	l, err := h.s.compiled(p)
	if err != nil {
		return store.Result{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return store.Result{}, errHandle()
	}
	if err := h.c.exec("SAVEPOINT hook"); err != nil {
		return store.Result{}, h.s.fault(ctx, p, err)
	}
	mark := h.record.Mark()
	if p.Facts.Opaque {
		h.record.Opaque()
	}
	res, err := h.s.change(h.c, l, p, args, false)
	if err != nil {
		err = h.s.fault(ctx, p, h.c.cause(err))
		if !h.c.GetAutocommit() {
			h.record.CutBack(mark)
			h.c.exec("ROLLBACK TO hook")
			h.c.exec("RELEASE hook")
		}
		return store.Result{}, err
	}
	if err := h.c.exec("RELEASE hook"); err != nil {
		return store.Result{}, h.s.fault(ctx, p, err)
	}
	return res, nil
}

func errHandle() error {
	return fault.New(fault.HookRefused, "a Before hook's handle was used after the hook had ended")
}
