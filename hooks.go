package pintail

import (
	"context"
	"encoding/json"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// An Operation is a kind of write that hooks stand around.
type Operation string

const (
	Insert Operation = "insert"
	Update Operation = "update"
	Delete Operation = "delete"
)

// A Write is what a hook sees of a write to one table.
type Write struct {
	Actor query.Actor
	Table string
	Op    Operation
	Rows  json.RawMessage // what is inserted (an array) or set (an object); nil for a delete

	Affected int64 // After: how many rows were written, with those that went in nested

	do func(context.Context, query.Query) (Result, error)
}

// Do asks a query inside the write's own transaction. It is there in Before hooks only. A hook should return its error: where the
// statement undid the whole transaction (on PostgreSQL each one that fails does), the write is refused whatever the hook returns.
func (w *Write) Do(ctx context.Context, q query.Query) (Result, error) {
	if w.do == nil {
		return Result{}, fault.New(fault.HookRefused, "the transaction is over: an After hook asks through App.Do")
	}
	return w.do(ctx, q)
}

// A BeforeHook runs inside the write's transaction before it; an error refuses the write and rolls everything back. A
// fault is answered as it is, any other error as HookRefused with the error's text. It has one second.
type BeforeHook func(context.Context, *Write) error

// An AfterHook runs once the write is committed, before the client has its answer.
type AfterHook func(context.Context, *Write)

type hookKey struct {
	op    Operation
	table string
}

type hooks struct {
	before map[hookKey][]BeforeHook
	after  map[hookKey][]AfterHook
}

// Before puts h in front of every write of that kind to that table, in the order of the calls.
func (a *App) Before(op Operation, table string, h BeforeHook) {
	if a.hooks.before == nil {
		a.hooks.before = map[hookKey][]BeforeHook{}
	}
	k := hookKey{op, table}
	a.hooks.before[k] = append(a.hooks.before[k], h)
}

// After puts h behind every committed write of that kind to that table.
func (a *App) After(op Operation, table string, h AfterHook) {
	if a.hooks.after == nil {
		a.hooks.after = map[hookKey][]AfterHook{}
	}
	k := hookKey{op, table}
	a.hooks.after[k] = append(a.hooks.after[k], h)
}

func operation(op plan.Op) Operation {
	switch op {
	case plan.Insert:
		return Insert
	case plan.Update:
		return Update
	case plan.Delete:
		return Delete
	}
	return ""
}

// before gives the hooks of one write, as the store runs them.
func (a *App) before(_ context.Context, who query.Actor, p *plan.Plan, args query.Args) []store.Hook {
	if a.hooks.before == nil {
		return nil
	}
	var run []store.Hook
	eachWrite(p, nil, func(op plan.Op, of *plan.Write, _ *store.Result) {
		list := a.hooks.before[hookKey{operation(op), of.Table.Name.String()}]
		if len(list) == 0 {
			return
		}
		w := written(who, op, of, args)
		for _, hook := range list {
			run = append(run, func(ctx context.Context, h store.Handle) error {
				w.do = func(ctx context.Context, q query.Query) (Result, error) { return a.node.DoIn(ctx, h, who, q) }
				err := hook(ctx, w)
				if _, ok := err.(*fault.Fault); err == nil || ok {
					return err
				}
				return fault.New(fault.HookRefused, err.Error()).WithCause(err)
			})
		}
	})
	return run
}

// eachWrite visits every write of a plan in order, those of nested rows after the rows that they belong to, each with the
// result of its member, or nil where there is none yet.
func eachWrite(p *plan.Plan, r *store.Result, visit func(plan.Op, *plan.Write, *store.Result)) {
	for i, step := range p.Steps {
		if r == nil {
			eachWrite(step, nil, visit)
		} else {
			eachWrite(step, &r.Steps[i], visit)
		}
	}
	if p.Write != nil {
		eachNested(p.Op, p.Write, r, visit)
	}
}

func eachNested(op plan.Op, w *plan.Write, r *store.Result, visit func(plan.Op, *plan.Write, *store.Result)) {
	visit(op, w, r)
	for i := range w.Nested {
		eachNested(plan.Insert, w.Nested[i].Write, r, visit)
	}
}

func (a *App) after(ctx context.Context, who query.Actor, p *plan.Plan, args query.Args, r store.Result) {
	if a.hooks.after == nil {
		return
	}
	eachWrite(p, &r, func(op plan.Op, of *plan.Write, r *store.Result) {
		for _, hook := range a.hooks.after[hookKey{operation(op), of.Table.Name.String()}] {
			w := written(who, op, of, args)
			w.Affected = r.Affected
			hook(ctx, w)
		}
	})
}

func written(who query.Actor, op plan.Op, of *plan.Write, args query.Args) *Write {
	w := &Write{Actor: who, Table: of.Table.Name.String(), Op: operation(op)}
	if op != plan.Delete {
		w.Rows = json.RawMessage(args[of.Rows].Text)
	}
	return w
}
