package plan

import (
	"github.com/pintail-dev/pintail/query"
)

// A Compared is an argument that a plan holds a column against.
type Compared struct {
	Left Operand
	Op   query.Op
	Any  query.Quantifier
}

// Comparisons gives what each argument is held against, by its place: nil where it is no comparison's, or an aggregate's.
func Comparisons(p *Plan) []*Compared {
	c := &comparisons{list: make([]*Compared, len(p.Params))}
	c.plan(p)
	return c.list
}

type comparisons struct{ list []*Compared }

func (c *comparisons) plan(p *Plan) {
	for _, step := range p.Steps {
		c.plan(step)
	}
	if p.Write != nil {
		c.write(p.Write)
	}
	c.sel(p.Rows)
}

func (c *comparisons) write(w *Write) {
	c.expr(w.Where)
	c.expr(w.Put)
	if w.Conflict != nil {
		c.expr(w.Conflict.Where)
	}
	for i := range w.Nested {
		c.write(w.Nested[i].Write)
	}
}

func (c *comparisons) sel(s *Select) {
	if s == nil {
		return
	}
	c.expr(s.Where)
	c.expr(s.Having)
	c.outputs(s.Outputs)
	for i := range s.Order {
		for _, hop := range s.Order[i].Via {
			c.sel(hop.Select)
		}
	}
}

func (c *comparisons) outputs(list []Output) {
	for i := range list {
		o := &list[i]
		if o.Embed != nil {
			c.sel(o.Embed.Select)
		}
		c.sel(o.Nodes)
		c.outputs(o.Nest)
	}
}

func (c *comparisons) expr(e Expr) {
	switch e := e.(type) {
	case *And:
		for _, x := range e.Of {
			c.expr(x)
		}
	case *Or:
		for _, x := range e.Of {
			c.expr(x)
		}
	case *Not:
		c.expr(e.Of)
	case *Compare:
		if e.Op != query.Is && e.Other == nil && e.Arg >= 0 && e.Arg < len(c.list) {
			c.list[e.Arg] = &Compared{Left: e.Left, Op: e.Op, Any: e.Any}
		}
	case *Exists:
		c.sel(e.Select)
	case *Measure:
		c.sel(e.Select)
	}
}
