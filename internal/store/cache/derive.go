package cache

import (
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/internal/change"
	"github.com/pintail-dev/pintail/internal/change/mutant"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A reach is what a plan's answer depends on, before the values are known.
type reach struct {
	off      string // why the plan's answers can't be kept; empty where they can
	all      bool   // on everything in the database: the plan has something in it that isn't known here
	tables   []occurrence
	temporal []int // arguments that are read as dates or times, and may be words such as now
}

// An occurrence is one place of a table in a plan. Without bound columns the answer depends on all rows of the table, otherwise
// on those whose columns equal one of the values.
type occurrence struct {
	table *schema.Table
	bound []bound
}

// A bound column equals one of some arguments.
type bound struct {
	column *schema.Column
	typ    schema.Type      // as which the arguments are read
	args   []int            //
	by     []*schema.Column // the columns that it was found equal to, from the one that is compared with the arguments on
}

// derive finds a plan's reach.
func derive(p *plan.Plan) reach {
	w := &walker{}
	w.plan(p)
	return w.out
}

type walker struct {
	out   reach
	facts *plan.Facts // of the plan, or of the step of a sequence, that is walked
	met   []*plan.Select
}

func (w *walker) off(why string) {
	if w.out.off == "" {
		w.out.off = why
	}
}

func (w *walker) plan(p *plan.Plan) {
	if p.Op == plan.Sequence {
		for _, step := range p.Steps {
			w.plan(step)
		}
		return
	}
	switch {
	case p.Op != plan.Read || p.Write != nil || p.Call != nil || p.Facts.Opaque || p.Rows == nil:
		w.off("it isn't a plain read")
		return
	case len(p.Facts.Claims) > 0:
		w.off("it depends on claims")
		return
	}
	w.facts = &p.Facts
	w.sel(p.Rows, nil)
	for i, param := range p.Params {
		if clock(param.Type) && !slices.Contains(w.out.temporal, i) {
			w.out.temporal = append(w.out.temporal, i)
		}
	}
	// What the plan says that it reads is met above. Should a plan have a part that the walk passes by, its tables are here still.
	for _, t := range p.Facts.Reads {
		if !slices.ContainsFunc(w.out.tables, func(o occurrence) bool { return o.table == t }) && !mutant.Is(mutant.ExistsForgotten) {
			w.occurs(t, nil)
		}
	}
}

// clock says whether a text that is read as this type may name a moment by the clock: now, tomorrow.
func clock(t schema.Type) bool {
	switch t.Kind() {
	case schema.Date, schema.Time, schema.TimeTZ, schema.Timestamp, schema.TimestampTZ:
		return true
	}
	return false
}

// clocked says whether the answer to args may change as time passes: whether an argument that is read as a date or time may
// mean another one tomorrow, by itself or because a zone's offset is today's. Digits with separators, T and Z don't in UTC.
func (r *reach) clocked(args query.Args, zone string) bool {
	return slices.ContainsFunc(r.temporal, func(i int) bool { return i < len(args) && (zone != "" || worded(&args[i])) })
}

func worded(v *query.Value) bool {
	odd := func(s string) bool { return strings.Trim(s, "0123456789-+:./ TtZz,{}\"") != "" }
	return odd(v.Text) || slices.ContainsFunc(v.List, odd)
}

func (w *walker) occurs(t *schema.Table, b []bound) {
	if t.Uncached {
		w.off("it reads a table with @cache(off: true)")
	}
	if t.View != nil {
		w.off("it reads a view")
	}
	w.out.tables = append(w.out.tables, occurrence{t, b})
}

// sel walks a select whose rows are known to have some columns bound already.
func (w *walker) sel(s *plan.Select, tied []bound) {
	if slices.Contains(w.met, s) {
		return
	}
	w.met = append(w.met, s)
	t := s.Source.Table
	if t == nil || s.Source.Called != nil || s.Source.Written != nil {
		w.off("its rows are no table's")
		return
	}
	switch s.Count {
	case query.NoCount, query.ExactCount:
	default:
		w.off("its count is an estimate")
	}
	b := slices.Clone(tied)
	for _, f := range w.facts.Bound {
		if f.Alias == s.Alias && f.Column.Table == t {
			b = append(b, bound{column: f.Column, typ: f.Column.Type, args: f.Args})
		}
	}
	w.occurs(t, b)
	w.outputs(s.Outputs, b)
	w.expr(s.Where, b)
	w.operands(s.Distinct)
	w.operands(s.Group)
	w.expr(s.Having, b)
	for i := range s.Order {
		o := &s.Order[i]
		w.operand(&o.Value)
		if o.Embed != nil {
			w.related(o.Embed.Relation, o.Embed.Select, b)
		}
		from := b
		for _, hop := range o.Via {
			from = w.related(hop.Relation, hop.Select, from)
		}
	}
}

func (w *walker) outputs(list []plan.Output, b []bound) {
	for i := range list {
		o := &list[i]
		for _, t := range []*schema.Type{o.Cast, o.AggregateCast} {
			if t != nil && clock(*t) {
				w.off("it casts to a date or time, which may be a word such as now")
			}
		}
		if o.Value != nil {
			w.operand(o.Value)
		}
		w.operands(o.More)
		if o.Embed != nil {
			w.related(o.Embed.Relation, o.Embed.Select, b)
		}
		if o.Nodes != nil {
			w.sel(o.Nodes, nil)
		}
		w.outputs(o.Nest, b)
	}
}

func (w *walker) operands(list []plan.Operand) {
	for i := range list {
		w.operand(&list[i])
	}
}

func (w *walker) operand(o *plan.Operand) {
	if o.Computed != nil {
		w.off("it calls a function")
	}
}

// related walks a relation's rows, and gives what is bound of them.
func (w *walker) related(r *schema.Relation, s *plan.Select, outer []bound) []bound {
	if r.Computed != nil {
		w.off("it calls a function")
		return nil
	}
	if slices.Contains(w.met, s) {
		return nil
	}
	var tied []bound
	for i, c := range r.Columns {
		for _, o := range outer {
			if o.column == c && i < len(r.References) && classOf(c) != noClass && classOf(c) == classOf(r.References[i]) {
				tied = append(tied, bound{column: r.References[i], typ: o.typ, args: o.args, by: append(slices.Clone(o.by), o.column)})
			}
		}
	}
	if r.Through != nil {
		w.occurs(r.Through.Table, tied)
		tied = nil
	}
	w.sel(s, tied)
	for _, f := range w.facts.Bound {
		if f.Alias == s.Alias && f.Column.Table == s.Source.Table {
			tied = append(tied, bound{column: f.Column, typ: f.Column.Type, args: f.Args})
		}
	}
	return tied
}

func (w *walker) expr(e plan.Expr, b []bound) {
	switch e := e.(type) {
	case nil, plan.Const:
	case *plan.And:
		for _, x := range e.Of {
			w.expr(x, b)
		}
	case *plan.Or:
		for _, x := range e.Of {
			w.expr(x, b)
		}
	case *plan.Not:
		w.expr(e.Of, b)
	case *plan.Compare:
		w.operand(&e.Left)
		if e.Other != nil {
			w.operand(e.Other)
		}
	case *plan.Exists:
		if !mutant.Is(mutant.ExistsForgotten) {
			w.related(e.Relation, e.Select, b)
		}
	case *plan.Embedded:
		w.related(e.Embed.Relation, e.Embed.Select, b)
	case *plan.Measure:
		w.operands(e.Values)
		if e.Relation != nil {
			w.related(e.Relation, e.Select, b)
		}
	default:
		w.out.all = true
	}
}

const (
	// valuesMax bounds the keyed tags of one occurrence; a list of more values depends on the whole table.
	valuesMax = 32
	// keyBytesMax is as much of a value as is ever folded.
	keyBytesMax = 4096
)

// needs finds the versions that an answer of the plan to args depends on, and the sequence from which on they are raised by every
// commit that touches them. False where they can't be told.
func (g *tags) needs(r *reach, catalog *change.Catalog, args query.Args) (list []need, since uint64, ok bool) {
	if r.off != "" || catalog == nil {
		return nil, 0, false
	}
	add := func(n need) {
		if !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	if r.all {
		add(anyRow)
	}
	for i := range r.tables {
		o := &r.tables[i]
		ct, found := catalog.Table(storedName(o.table.Name))
		if !found {
			return nil, 0, false
		}
		t := g.table(ct.Key)
		since = max(since, t.since.Load())
		columns, keys := g.keyed(o, catalog, args)
		var s *shape
		if len(columns) > 0 {
			if s = g.shape(t, columns); s != nil && len(s.columns) < len(columns) {
				keys = narrowed(columns, keys, s.columns)
			}
		}
		if s == nil {
			add(t.any)
			continue
		}
		since = max(since, s.since.Load())
		add(t.bulk)
		for _, k := range keys {
			var buf []byte
			for _, v := range k {
				at := len(buf)
				buf = lengthed(append(append(buf, 0, 0, 0, 0), v...), at)
			}
			add(g.slot(t, s, buf))
		}
	}
	return list, since, true
}

// storedName is a table's name in SQLite (litesql.StoredName, which this package is not above).
func storedName(n schema.Name) string {
	if n.Schema == "" {
		return n.Name
	}
	return n.Schema + "." + n.Name
}

// keyed gives the columns by which an occurrence's tags are keyed, in the order of their names, and the canonical forms of
// every combination of their values.
func (g *tags) keyed(o *occurrence, catalog *change.Catalog, args query.Args) ([]column, [][][]byte) {
	type list struct {
		column
		values [][]byte
	}
	var lists []list
	combinations := 1
	for i := range o.bound {
		b := &o.bound[i]
		c, ok := b.settled(catalog)
		if !ok || slices.ContainsFunc(lists, func(l list) bool { return l.name == c.name }) {
			continue // of a column that is bound twice, the first will do
		}
		values, ok := b.values(c.class, args)
		if !ok || len(values) == 0 || combinations*len(values) > valuesMax {
			continue
		}
		combinations *= len(values)
		lists = append(lists, list{c, values})
	}
	slices.SortFunc(lists, func(a, b list) int { return strings.Compare(a.name, b.name) })
	columns := make([]column, 0, len(lists))
	keys := [][][]byte{nil}
	for _, l := range lists {
		columns = append(columns, l.column)
		var longer [][][]byte
		for _, k := range keys {
			for _, v := range l.values {
				longer = append(longer, append(slices.Clone(k), v))
			}
		}
		keys = longer
	}
	return columns, keys
}

// narrowed leaves out of each key the columns that the shape hasn't.
func narrowed(columns []column, keys [][][]byte, shape []column) [][][]byte {
	out := make([][][]byte, len(keys))
	for i, k := range keys {
		for j, c := range columns {
			if slices.Contains(shape, c) {
				out[i] = append(out[i], k[j])
			}
		}
	}
	return out
}

// settled says how the bound column is named and classed in the file, where it and all that it was found equal to hold what
// their class promises.
func (b *bound) settled(cat *change.Catalog) (column, bool) {
	k := classOf(b.column)
	if k == noClass {
		return column{}, false
	}
	for _, c := range append(b.by[:len(b.by):len(b.by)], b.column) {
		t, ok := cat.Table(storedName(c.Table.Name))
		if !ok || classOf(c) != k {
			return column{}, false
		}
		i, ok := t.Column(c.Name)
		if !ok || !k.holds(&t.Columns[i]) {
			return column{}, false
		}
	}
	t, _ := cat.Table(storedName(b.column.Table.Name))
	i, _ := t.Column(b.column.Name)
	return column{t.Columns[i].Name, k}, true
}

// values gives the canonical forms of what the column is compared with; false where one can't be read.
func (b *bound) values(k class, args query.Args) ([][]byte, bool) {
	var out [][]byte
	add := func(s string) bool {
		if len(s) > keyBytesMax {
			return false
		}
		v, err := k.appendOperand(nil, b.typ, s)
		if err == nil && !slices.ContainsFunc(out, func(o []byte) bool { return string(o) == string(v) }) {
			out = append(out, v)
		}
		return err == nil && len(out) <= valuesMax
	}
	for _, i := range b.args {
		if i < 0 || i >= len(args) {
			return nil, false
		}
		a := &args[i]
		switch {
		case a.Null:
			out = append(out, []byte{formNull})
		case a.IsList:
			for _, s := range a.List {
				if !add(s) {
					return nil, false
				}
			}
		default:
			if !add(a.Text) {
				return nil, false
			}
		}
	}
	return out, true
}
