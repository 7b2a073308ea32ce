package plan

import (
	"slices"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// facts walks a finished plan and says what it reads, writes and depends on.
func facts(p *Plan, claims []string) Facts {
	g := &gatherer{Facts{Claims: claims}}
	if p.Op == Sequence {
		g.sequence(p)
		return g.f
	}
	Walk(p, g.node)
	g.f.RowsMax = rowsMax(p)
	return g.f
}

type gatherer struct{ f Facts }

func (g *gatherer) table(t *schema.Table) { add(&g.f.Reads, t) }

func add[T comparable](to *[]T, x T) {
	if !slices.Contains(*to, x) {
		*to = append(*to, x)
	}
}

func (g *gatherer) columns(of []*schema.Column) {
	for _, c := range of {
		add(&g.f.Columns, c)
	}
}

// sequence gathers the facts of the members, which are resolved.
func (g *gatherer) sequence(p *Plan) {
	for _, step := range p.Steps {
		f := &step.Facts
		for _, t := range f.Reads {
			g.table(t)
		}
		for _, t := range f.Writes {
			add(&g.f.Writes, t)
		}
		g.columns(f.Columns)
		for _, r := range f.Relations {
			add(&g.f.Relations, r)
		}
		g.f.Bound = append(g.f.Bound, f.Bound...)
		g.f.Opaque = g.f.Opaque || f.Opaque
		g.f.RowsMax = g.f.RowsMax.plus(f.RowsMax)
	}
}

// plus bounds the rows of both: (a·x + b·y) is at most (a + b)·x·y, as limits count at least 1.
func (m RowsMax) plus(o RowsMax) RowsMax {
	if m.Unbounded || o.Unbounded {
		return RowsMax{Unbounded: true}
	}
	return RowsMax{Fixed: m.Fixed + o.Fixed, Args: slices.Concat(m.Args, o.Args), Given: m.Given || o.Given}
}

func (g *gatherer) node(node any) {
	switch n := node.(type) {
	case *Write:
		g.write(n)
	case *Nested:
		g.relation(n.Relation)
	case *Invocation:
		g.f.Opaque = true
	case Occurrence:
		g.occurrence(n)
	case *Operand:
		g.operand(n)
	}
}

// write gathers what a write itself reads: its filter, and the keys that an upsert looks at.
func (g *gatherer) write(w *Write) {
	add(&g.f.Writes, w.Table)
	for i := range w.Alter {
		g.table(w.Table)
		add(&g.f.Columns, w.Alter[i].Column)
	}
	if w.Where != nil {
		g.table(w.Table)
		g.bound(w.Where, w.Alias)
	}
	if w.Conflict != nil {
		g.table(w.Table)
		g.columns(w.Conflict.Columns)
	}
}

func (g *gatherer) occurrence(s Occurrence) {
	g.f.Opaque = g.f.Opaque || s.Handler != nil
	if s.Via != nil {
		g.relation(s.Via)
	}
	switch {
	case s.Source.Table != nil:
		g.table(s.Source.Table)
	case s.Source.Written != nil:
		g.table(s.Source.Written)
	case s.Source.Called != nil && s.Source.Called.Returns.Table != nil:
		g.table(s.Source.Called.Returns.Table)
	}
	if s.Where != nil {
		g.bound(s.Where, s.Alias)
	}
}

func (g *gatherer) operand(o *Operand) {
	if o.Column != nil {
		add(&g.f.Columns, o.Column)
	}
	if o.Computed != nil {
		g.f.Opaque = true
	}
}

func (g *gatherer) relation(r *schema.Relation) {
	add(&g.f.Relations, r)
	g.columns(r.Columns)
	g.columns(r.References)
	if r.Computed != nil {
		g.f.Opaque = true
	}
	if r.Through != nil {
		g.table(r.Through.Table)
		g.columns(r.Through.Columns)
		g.columns(r.Through.References)
	}
}

// bound gathers which columns of the occurrence the outermost And of a filter binds.
func (g *gatherer) bound(e Expr, alias int) {
	for _, c := range conjuncts(e) {
		if b, ok := binding(c, alias); ok {
			g.f.Bound = append(g.f.Bound, b)
		}
	}
}

// conjuncts are the expressions that must all hold where e does.
func conjuncts(e Expr) []Expr {
	and, ok := e.(*And)
	if !ok {
		return []Expr{e}
	}
	var all []Expr
	for _, x := range and.Of {
		all = append(all, conjuncts(x)...)
	}
	return all
}

// binding says whether e lets only rows through of which one column equals one of some arguments: an equality, a list,
// or several of them on one column under an Or.
func binding(e Expr, alias int) (Binding, bool) {
	switch e := e.(type) {
	case *Compare:
		equal := e.Op == query.In || e.Op == query.Eq && e.Any != query.All
		if equal && e.Other == nil && !e.AsText && e.Left.Alias == alias && e.Left.Column != nil && len(e.Left.Path) == 0 {
			return Binding{Alias: alias, Column: e.Left.Column, Args: []int{e.Arg}}, true
		}
	case *Or:
		var all Binding
		for i, x := range e.Of {
			b, ok := binding(x, alias)
			if !ok || i > 0 && b.Column != all.Column {
				return Binding{}, false
			}
			all = Binding{Alias: alias, Column: b.Column, Args: append(all.Args, b.Args...)}
		}
		return all, len(e.Of) > 0
	}
	return Binding{}, false
}

// rowsMax bounds the rows that a plan answers or, where it answers none, writes.
func rowsMax(p *Plan) RowsMax {
	of := RowsMax{Fixed: 1}
	switch {
	case p.Op == Insert:
		of.Given = true
	case p.Write != nil:
		of.Unbounded = !keyed(p.Write.Table, p.Write.Where, p.Write.Alias)
	case p.Call != nil:
		f := p.Call.Function
		of.Unbounded = f.Returns.SetOf
	}
	if p.Rows == nil {
		return of
	}
	rows := perParent(p.Rows, of.Unbounded || p.Op == Read)
	rows.Given = of.Given
	return rows
}

// perParent bounds the rows of one Select and all embeds in it, for one row around it. many says whether the source
// itself may give many rows.
func perParent(s *Select, many bool) RowsMax {
	of := RowsMax{Fixed: 1}
	if many && (s.Source.Table == nil || !keyed(s.Source.Table, s.Where, s.Alias)) {
		if s.Limit == nil || s.Grouped {
			return RowsMax{Unbounded: true}
		}
		of.Args = append(of.Args, *s.Limit)
	}
	for i := range s.Outputs {
		switch o := &s.Outputs[i]; {
		case o.Embed != nil:
			of = of.plus(perParent(o.Embed.Select, o.Embed.Relation.Many))
		case o.Nodes != nil:
			of = of.plus(perParent(o.Nodes, many))
		}
	}
	return of
}

// keyed says whether where binds a whole key to single values, so that one row at most passes.
func keyed(t *schema.Table, where Expr, alias int) bool {
	if where == nil {
		return false
	}
	var bound []*schema.Column
	for _, e := range conjuncts(where) {
		if c, ok := e.(*Compare); ok && c.Op == query.Eq && c.Any == query.One {
			if b, ok := binding(c, alias); ok {
				bound = append(bound, b.Column)
			}
		}
	}
	covered := func(k *schema.Key) bool {
		return !slices.ContainsFunc(k.Columns, func(c *schema.Column) bool { return !slices.Contains(bound, c) })
	}
	return t.Primary != nil && covered(t.Primary) || slices.ContainsFunc(t.Uniques, covered)
}
