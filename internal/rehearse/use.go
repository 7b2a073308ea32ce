package rehearse

import (
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A use says what one argument of a plan meets.
type use struct {
	kind   useKind
	alias  int              // occurrence of the table
	column *schema.Column   // that it is compared with; nil for none
	path   bool             // inside the column's JSON
	op     query.Op         // of the comparison
	any    bool             // over a list
	of     *plan.Select     // limit, offset: of these rows
	write  *plan.Write      // rows: that go in there
	arg    *schema.Arg      // of a function
	call   *plan.Invocation // body
}

type useKind uint8

const (
	unused useKind = iota
	compared
	limited
	skipped
	pathKey
	written
	placed
	altered
	called
)

// usesOf says of each of a plan's arguments what it meets.
func usesOf(p *plan.Plan) []use {
	w := &useWalk{uses: make([]use, len(p.Params))}
	w.plan(p)
	return w.uses
}

type useWalk struct{ uses []use }

func (w *useWalk) set(arg int, u use) {
	if arg >= 0 && arg < len(w.uses) && w.uses[arg].kind == unused {
		w.uses[arg] = u
	}
}

func (w *useWalk) plan(p *plan.Plan) {
	for _, step := range p.Steps {
		w.plan(step)
	}
	if p.Write != nil {
		w.write(p.Write, p.Op != plan.Delete)
	}
	if c := p.Call; c != nil {
		w.set(c.Body, use{kind: called, call: c})
		for _, a := range c.Args {
			for _, at := range a.Values {
				w.set(at, use{kind: called, call: c, arg: a.Param})
			}
		}
	}
	if p.Rows != nil {
		w.sel(p.Rows)
	}
}

func (w *useWalk) write(x *plan.Write, rows bool) {
	if rows {
		w.set(x.Rows, use{kind: written, write: x})
	}
	for i := range x.Alter {
		w.set(x.Alter[i].Arg, use{kind: altered, column: x.Alter[i].Column})
	}
	for i := range x.Nested {
		n := &x.Nested[i]
		w.set(n.Parents, use{kind: placed})
		w.write(n.Write, true)
	}
	w.expr(x.Put)
	w.expr(x.Where)
	if x.Conflict != nil {
		w.expr(x.Conflict.Where)
	}
}

func (w *useWalk) sel(s *plan.Select) {
	if s.Limit != nil {
		w.set(*s.Limit, use{kind: limited, of: s})
	}
	if s.Offset != nil {
		w.set(*s.Offset, use{kind: skipped, of: s})
	}
	w.outputs(s.Outputs)
	w.expr(s.Where)
	w.expr(s.Having)
	for i := range s.Distinct {
		w.operand(&s.Distinct[i])
	}
	for i := range s.Group {
		w.operand(&s.Group[i])
	}
	for i := range s.Order {
		o := &s.Order[i]
		w.operand(&o.Value)
		for _, hop := range o.Via {
			w.sel(hop.Select)
		}
	}
}

func (w *useWalk) outputs(list []plan.Output) {
	for i := range list {
		o := &list[i]
		if o.Value != nil {
			w.operand(o.Value)
		}
		for j := range o.More {
			w.operand(&o.More[j])
		}
		if o.Embed != nil {
			w.sel(o.Embed.Select)
		}
		w.outputs(o.Nest)
		if o.Nodes != nil {
			w.sel(o.Nodes)
		}
	}
}

func (w *useWalk) operand(o *plan.Operand) {
	for _, step := range o.Path {
		w.set(step.Arg, use{kind: pathKey, alias: o.Alias, column: o.Column})
	}
}

func (w *useWalk) expr(e plan.Expr) {
	switch e := e.(type) {
	case *plan.And:
		for _, of := range e.Of {
			w.expr(of)
		}
	case *plan.Or:
		for _, of := range e.Of {
			w.expr(of)
		}
	case *plan.Not:
		w.expr(e.Of)
	case *plan.Compare:
		w.operand(&e.Left)
		if e.Other != nil {
			w.operand(e.Other)
		} else if e.Is == "" {
			w.set(e.Arg, use{kind: compared, alias: e.Left.Alias, column: e.Left.Column, path: len(e.Left.Path) > 0, op: e.Op, any: e.Any != query.One})
		}
	case *plan.Exists:
		w.sel(e.Select)
	case *plan.Embedded:
		w.sel(e.Embed.Select)
	case *plan.Measure:
		if e.Select != nil {
			w.sel(e.Select)
		}
		for i := range e.Values {
			w.operand(&e.Values[i])
		}
		if e.Is == "" {
			w.set(e.Arg, use{kind: compared, op: e.Op, any: e.Any != query.One})
		}
	}
}
