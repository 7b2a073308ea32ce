package plan

import "github.com/pintail-dev/pintail/schema"

// An Occurrence is the rows of a Select, and the relation that leads to them from the rows around: nil for the outermost ones, those
// of a group's Having and whatever else no relation leads to.
type Occurrence struct {
	*Select
	Via *schema.Relation
}

// Walk calls visit with each node of p that holds something of its own, from the outside in: every *Plan, *Write, *Nested, *Invocation,
// Occurrence, *Output, *Operand and Expr; what chooses rows comes before what is made of them. An embed that an Embedded or an Order
// refers to is one of the outputs, and visited as that.
func Walk(p *Plan, visit func(node any)) {
	w := walker{visit}
	w.plan(p)
}

type walker struct{ visit func(any) }

func (w walker) plan(p *Plan) {
	w.visit(p)
	for _, step := range p.Steps {
		w.plan(step)
	}
	if p.Write != nil {
		w.write(p.Write)
	}
	if p.Call != nil {
		w.visit(p.Call)
	}
	w.sel(p.Rows, nil)
}

func (w walker) write(x *Write) {
	w.visit(x)
	for i := range x.Nested {
		w.visit(&x.Nested[i])
		w.write(x.Nested[i].Write)
	}
	w.expr(x.Put)
	w.expr(x.Where)
	if x.Conflict != nil {
		w.expr(x.Conflict.Where)
	}
}

func (w walker) sel(s *Select, via *schema.Relation) {
	if s == nil {
		return
	}
	w.visit(Occurrence{s, via})
	w.expr(s.Where)
	w.operands(s.Distinct)
	w.operands(s.Group)
	w.expr(s.Having)
	w.outputs(s.Outputs, via)
	for i := range s.Order {
		o := &s.Order[i]
		for _, hop := range o.Via {
			w.sel(hop.Select, hop.Relation)
		}
		w.visit(&o.Value)
	}
}

func (w walker) outputs(list []Output, via *schema.Relation) {
	for i := range list {
		o := &list[i]
		w.visit(o)
		if o.Value != nil {
			w.visit(o.Value)
		}
		w.operands(o.More)
		if o.Embed != nil {
			w.sel(o.Embed.Select, o.Embed.Relation)
		}
		w.sel(o.Nodes, via)
		w.outputs(o.Nest, via)
	}
}

func (w walker) operands(list []Operand) {
	for i := range list {
		w.visit(&list[i])
	}
}

func (w walker) expr(e Expr) {
	if e == nil {
		return
	}
	w.visit(e)
	switch e := e.(type) {
	case *And:
		for _, x := range e.Of {
			w.expr(x)
		}
	case *Or:
		for _, x := range e.Of {
			w.expr(x)
		}
	case *Not:
		w.expr(e.Of)
	case *Compare:
		w.visit(&e.Left)
		if e.Other != nil {
			w.visit(e.Other)
		}
	case *Exists:
		w.sel(e.Select, e.Relation)
	case *Measure:
		w.sel(e.Select, e.Relation)
		w.operands(e.Values)
	}
}
