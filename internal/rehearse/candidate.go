package rehearse

import (
	"slices"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// candidatesMost is how many indexes are tried for one query, and columnsMost how many columns one has.
const (
	candidatesMost = 8
	columnsMost    = 4
)

// candidates are the indexes by which a plan might be served better than by those that are there: for each occurrence of a table
// the columns that it is bound by, then those that it is ordered by, or one that is bounded; and for a row that goes, the columns
// by which other tables' rows refer to it.
func candidates(p *plan.Plan, s *schema.Schema) []*schema.Index {
	f := &finder{schema: s}
	plan.Walk(p, f.node)
	return f.found[:min(len(f.found), candidatesMost)]
}

type finder struct {
	schema *schema.Schema // whose tables have the indexes that are there
	found  []*schema.Index
}

// access is how one occurrence of a table is looked for.
type access struct {
	table  *schema.Table
	equal  []*schema.Column
	ranged []*schema.Column
	order  []schema.IndexColumn
}

func (f *finder) node(node any) {
	switch n := node.(type) {
	case *plan.Plan:
		if n.Op == plan.Delete {
			f.children(n.Write.Table)
		}
	case *plan.Write:
		if n.Where != nil {
			f.conditions(access{table: n.Table}, n.Where, n.Alias)
		}
	case plan.Occurrence:
		f.occurrence(n)
	}
}

// children proposes the columns by which rows of other tables refer to a row that goes.
func (f *finder) children(t *schema.Table) {
	for _, other := range f.schema.Tables {
		for _, key := range other.Foreign {
			if key.To.Name == t.Name {
				f.add(other, columnsOf(key.Columns))
			}
		}
	}
}

// occurrence proposes for the rows of a select, and for those of the table by which they belong to rows around them.
func (f *finder) occurrence(s plan.Occurrence) {
	var joined []*schema.Column
	if via := s.Via; via != nil {
		joined = via.References
		if via.Through != nil {
			f.add(via.Through.Table, columnsOf(via.References))
			f.add(via.Through.Table, columnsOf(via.Through.Columns))
			joined = via.Through.References
		}
	}
	t := s.Source.Table
	if t == nil || t.View != nil {
		return
	}
	a := access{table: t, equal: slices.Clone(joined)}
	for i := range s.Order {
		o := &s.Order[i]
		if o.Embed != nil || len(o.Via) > 0 || o.Aggregate != "" || o.Counts || o.Value.Column == nil || len(o.Value.Path) > 0 || o.Value.Column.Table != t {
			a.order = nil
			break
		}
		a.order = append(a.order, schema.IndexColumn{Column: o.Value.Column, Desc: o.Direction == query.Desc})
	}
	f.conditions(a, s.Where, s.Alias)
}

// conditions adds what a filter binds to an access, and proposes for it. Each alternative of an or is an access of its own.
func (f *finder) conditions(a access, e plan.Expr, alias int) {
	var ors []*plan.Or
	var walk func(e plan.Expr)
	walk = func(e plan.Expr) {
		switch e := e.(type) {
		case *plan.And:
			for _, of := range e.Of {
				walk(of)
			}
		case *plan.Or:
			ors = append(ors, e)
		case *plan.Compare:
			a.compare(e, alias)
		}
	}
	walk(e)
	f.propose(&a)
	for _, or := range ors {
		for _, of := range or.Of {
			one := access{table: a.table, equal: slices.Clone(a.equal)}
			f.conditions(one, of, alias)
		}
	}
}

func (a *access) compare(e *plan.Compare, alias int) {
	c := e.Left.Column
	if c == nil || e.Left.Alias != alias || len(e.Left.Path) > 0 || e.Other != nil || e.AsText || c.Table != a.table {
		return
	}
	to := &a.equal
	switch e.Op {
	case query.Eq, query.In:
	case query.Is:
		if e.Is != "null" && e.Is != "true" && e.Is != "false" {
			return
		}
	case query.Gt, query.Gte, query.Lt, query.Lte, query.Like:
		to = &a.ranged
	default:
		return
	}
	if !slices.Contains(*to, c) {
		*to = append(*to, c)
	}
}

// propose adds the candidates of one access, the most promising first.
func (f *finder) propose(a *access) {
	equal := columnsOf(a.equal)
	order := a.order
	for len(order) > 0 && slices.Contains(a.equal, order[0].Column) { // bound already
		order = order[1:]
	}
	short := withoutKey(a.table, order)
	if len(short) > 0 {
		f.add(a.table, slices.Concat(equal, short))
	}
	for _, c := range a.ranged {
		f.add(a.table, slices.Concat(equal, columnsOf([]*schema.Column{c})))
	}
	if len(equal) > 0 {
		f.add(a.table, equal)
	}
	if len(short) > 0 && len(order) > len(short) {
		f.add(a.table, slices.Concat(equal, order))
	}
	if len(equal) > 0 && len(short) > 0 {
		f.add(a.table, short)
	}
	if len(equal) > 1 {
		for i := range equal {
			f.add(a.table, equal[i:i+1])
		}
	}
}

// withoutKey leaves out the primary key at the end of an order, which every order has: the ties are few.
func withoutKey(t *schema.Table, order []schema.IndexColumn) []schema.IndexColumn {
	if t.Primary == nil {
		return order
	}
	n := len(order)
	for n > 0 && slices.Contains(t.Primary.Columns, order[n-1].Column) {
		n--
	}
	return order[:n]
}

func columnsOf(columns []*schema.Column) []schema.IndexColumn {
	out := make([]schema.IndexColumn, len(columns))
	for i, c := range columns {
		out[i] = schema.IndexColumn{Column: c}
	}
	return out
}

// add takes a candidate in, unless it is there already: in the database, or among the candidates.
func (f *finder) add(t *schema.Table, columns []schema.IndexColumn) {
	own, ok := f.schema.TableNamed(t.Name)
	if !ok || own.View != nil || len(columns) == 0 || len(columns) > columnsMost {
		return
	}
	x := &schema.Index{Table: own}
	for _, c := range columns {
		of, ok := own.Column(c.Column.Name)
		if !ok || slices.ContainsFunc(x.Columns, func(k schema.IndexColumn) bool { return k.Column == of }) || !indexable(of) {
			return
		}
		x.Columns = append(x.Columns, schema.IndexColumn{Column: of, Desc: c.Desc})
	}
	x.Name = x.DefaultName()
	for _, there := range f.there(own) {
		if leads(there, x.Columns) {
			return
		}
	}
	for _, other := range f.found {
		if other.Table == own && leads(other.Columns, x.Columns) && len(other.Columns) == len(x.Columns) {
			return
		}
	}
	f.found = append(f.found, x)
}

// indexable says whether an index on a column is of use to comparisons and order.
func indexable(c *schema.Column) bool {
	switch c.Type.Kind() {
	case schema.JSON, schema.JSONB, schema.Unknown, schema.CompositeBase:
		return false
	}
	return !c.Type.Array
}

// there are the columns of all indexes that a table has, those of its keys among them.
func (f *finder) there(t *schema.Table) [][]schema.IndexColumn {
	var out [][]schema.IndexColumn
	if t.Primary != nil {
		out = append(out, columnsOf(t.Primary.Columns))
	}
	for _, k := range t.Uniques {
		out = append(out, columnsOf(k.Columns))
	}
	for _, x := range t.Indexes {
		if x.Where == nil && (x.Method == "" || x.Method == "btree") {
			out = append(out, x.Columns)
		}
	}
	return out
}

// leads says whether an index begins with columns, in this order, or in the opposite one throughout.
func leads(index, columns []schema.IndexColumn) bool {
	if len(index) < len(columns) {
		return false
	}
	same, opposite := true, true
	for i, c := range columns {
		if index[i].Column == nil || index[i].Column.Name != c.Column.Name {
			return false
		}
		same = same && index[i].Desc == c.Desc
		opposite = opposite && index[i].Desc != c.Desc
	}
	return same || opposite || len(columns) == 1
}
