package guard

import (
	"context"
	"errors"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/change"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// A guarded store refuses the plans that a Guard sheds, and passes all others on.
type guarded struct {
	inner store.Store
	g     *Guard
}

var (
	_ store.Store     = (*guarded)(nil)
	_ store.Explainer = (*guarded)(nil)
)

// Wrap stands a guard around an engine's store. The cache stands around that: an answer in memory is still right while an index is away.
func Wrap(inner store.Store, g *Guard) store.Store {
	return &guarded{inner: inner, g: g}
}

// Read runs a read that isn't shed.
func (s *guarded) Read(ctx context.Context, p *plan.Plan, args query.Args) (store.Result, error) {
	e := s.g.entry(p, args)
	if err := s.g.refuse(ctx, e, p, args); err != nil {
		return store.Result{}, err
	}
	if err := e.enter(ctx); err != nil {
		return store.Result{}, err
	}
	defer e.leave()
	run := e.begin(ctx)
	defer run.end()
	if err := s.g.refuse(run, e, p, args); err != nil { // while it waited
		return store.Result{}, err
	}
	res, err := s.inner.Read(run, p, args)
	if err != nil {
		return store.Result{}, s.g.failed(run, p, args, err)
	}
	return res, nil
}

// Write runs a write that isn't shed. SQLite's one writer gives each its turn; PostgreSQL's connections are shared out by shape.
func (s *guarded) Write(ctx context.Context, tx store.Tx) (store.Result, error) {
	e := s.g.entry(tx.Plan, tx.Args)
	if err := s.g.refuse(ctx, e, tx.Plan, tx.Args); err != nil {
		return store.Result{}, err
	}
	if s.g.config.WritesShare {
		if err := e.enter(ctx); err != nil {
			return store.Result{}, err
		}
		defer e.leave()
	}
	if len(tx.Before) > 0 {
		hooks := make([]store.Hook, len(tx.Before))
		for i, hook := range tx.Before {
			hooks[i] = func(ctx context.Context, h store.Handle) error { return hook(ctx, &guardedHandle{h, s.g}) }
		}
		tx.Before = hooks
	}
	run := e.begin(ctx)
	defer run.end()
	if err := s.g.refuse(run, e, tx.Plan, tx.Args); err != nil {
		return store.Result{}, err
	}
	res, err := s.inner.Write(run, tx)
	if err != nil {
		return store.Result{}, s.g.failed(run, tx.Plan, tx.Args, err)
	}
	return res, nil
}

// Explain tells how the database would run a plan, shed or not.
func (s *guarded) Explain(ctx context.Context, p *plan.Plan, args query.Args, o store.ExplainOptions) ([]byte, error) {
	e, ok := s.inner.(store.Explainer)
	if !ok {
		return nil, errors.New("guard: the store doesn't explain itself")
	}
	return e.Explain(ctx, p, args, o)
}

// Ready asks the database.
func (s *guarded) Ready(ctx context.Context) error { return s.inner.Ready(ctx) }

// Close closes the store within.
func (s *guarded) Close() error { return s.inner.Close() }

// Feed is the order of commits of the store within; nil where it has none.
func (s *guarded) Feed() *change.Feed {
	if f, ok := s.inner.(interface{ Feed() *change.Feed }); ok {
		return f.Feed()
	}
	return nil
}

// A guardedHandle is a hook's, inside a transaction: what is shed is shed there too.
type guardedHandle struct {
	inner store.Handle
	g     *Guard
}

// Read reads inside the transaction.
func (h *guardedHandle) Read(ctx context.Context, p *plan.Plan, args query.Args) (store.Result, error) {
	if err := h.g.refuse(ctx, h.g.entry(p, args), p, args); err != nil {
		return store.Result{}, err
	}
	return h.inner.Read(ctx, p, args)
}

// Write writes inside the transaction.
func (h *guardedHandle) Write(ctx context.Context, p *plan.Plan, args query.Args) (store.Result, error) {
	if err := h.g.refuse(ctx, h.g.entry(p, args), p, args); err != nil {
		return store.Result{}, err
	}
	return h.inner.Write(ctx, p, args)
}

// failed says what a statement's error means: that it was cancelled since its shape is shed, that it met a loss which nobody had
// noticed yet, that the file is damaged. Any other stays as it is.
func (g *Guard) failed(r *run, p *plan.Plan, args query.Args, err error) error {
	var f *fault.Fault
	if errors.As(err, &f) && f.Code == fault.IndexLost {
		return err
	}
	if shed := r.shed.Load(); shed != nil {
		shed.count()
		g.refused.Add(1)
		g.canceled.Add(1)
		return g.fault(shed, p)
	}
	if f != nil && f.Code == fault.InvalidColumnRef && g.look(context.WithoutCancel(r.Context), false) == nil {
		if lost := g.refuse(r.Context, r.e, p, args); lost != nil {
			return lost
		}
	}
	if g.config.Engine.Damaged(err) {
		g.suspect()
	}
	return err
}
