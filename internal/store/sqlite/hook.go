package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/change"
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
	if err == nil && h.gone() {
		err = errUndone()
	}
	if err != nil {
		return err
	}
	return w.c.begin(r.ctx, w.s.config.Statement)
}

// ready says why a handle can't be used: its hook has ended, or its transaction has.
func (h *handle) ready() error {
	switch {
	case h.closed:
		return fault.New(fault.HookRefused, "a Before hook's handle was used after the hook had ended")
	case h.gone():
		return errUndone()
	}
	return nil
}

// gone says that there is no transaction any more.
func (h *handle) gone() bool { return h.c.broken || h.c.GetAutocommit() }

// errUndone: an interrupt, a full disk or ON CONFLICT ROLLBACK ended the transaction inside a hook that went on. What is written
// from then on would be outside of any transaction, and stay.
func errUndone() error {
	return fault.New(fault.HookRefused, "a Before hook went on after a statement of its own had undone the whole transaction").
		WithHint("Return the error that the handle gave: nothing can be written after it.")
}

// Read reads inside the hook's transaction.
func (h *handle) Read(ctx context.Context, p *plan.Plan, args query.Args) (store.Result, error) {
	l, err := h.s.compiled(p)
	if err != nil {
		return store.Result{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.ready(); err != nil {
		return store.Result{}, err
	}
	var res store.Result
	err = h.c.safely(func() (err error) {
		res, err = h.s.readInside(h.c, l, p, args)
		return err
	})
	if err != nil {
		return store.Result{}, h.s.fault(ctx, p, h.c.cause(err))
	}
	return res, nil
}

// Write writes inside the hook's transaction: all that p asks for, or after an error nothing of it.
func (h *handle) Write(ctx context.Context, p *plan.Plan, args query.Args) (store.Result, error) {
	l, err := h.s.compiled(p)
	if err != nil {
		return store.Result{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.ready(); err != nil {
		return store.Result{}, err
	}
	if err := h.c.exec("SAVEPOINT hook"); err != nil {
		return store.Result{}, h.s.fault(ctx, p, err)
	}
	mark := h.record.Mark()
	if p.Facts.Opaque {
		h.record.Opaque()
	}
	var res store.Result
	err = h.c.safely(func() (err error) {
		res, err = h.s.change(h.c, l, p, args, false)
		return err
	})
	if err != nil {
		err = h.s.fault(ctx, p, h.c.cause(err))
		h.undo(mark)
		return store.Result{}, err
	}
	if err := h.c.exec("RELEASE hook"); err != nil {
		return store.Result{}, h.s.fault(ctx, p, err)
	}
	return res, nil
}

// undo takes back what a Write has done since mark; the whole transaction where that can't be.
func (h *handle) undo(mark change.Mark) {
	if h.gone() {
		return
	}
	h.record.CutBack(mark)
	if err := errors.Join(h.c.exec("ROLLBACK TO hook"), h.c.exec("RELEASE hook")); err != nil {
		h.c.rollback()
	}
}
