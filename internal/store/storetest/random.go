package storetest

import (
	"fmt"
	"math/rand/v2"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A Random makes queries about the fixture that nobody thought of. The same seed makes the same ones.
type Random struct {
	*rand.Rand
	on *schema.Schema
}

// NewRandom starts a sequence.
func NewRandom(seed uint64, on *schema.Schema) *Random {
	return &Random{Rand: rand.New(rand.NewPCG(seed, 1)), on: on}
}

func pick[T any](r *Random, of ...T) T { return of[r.IntN(len(of))] }

// Query makes one.
func (r *Random) Query() query.Query {
	t := r.on.Tables[r.IntN(len(r.on.Tables))]
	var q *query.Select
	switch r.IntN(5) {
	case 0:
		q = r.summary(t, 2)
	case 1:
		q = r.groups(t)
	default:
		q = r.sel(t, 2)
	}
	q.From = t.Name
	q.Count = pick(r, query.NoCount, query.NoCount, query.ExactCount)
	q.Form.StripNulls = r.IntN(8) == 0
	if r.IntN(8) == 0 {
		q.Form.CSV, q.Form.StripNulls = true, false
	}
	return q
}

func (r *Random) sel(t *schema.Table, depth int) *query.Select {
	q := &query.Select{}
	group := r.IntN(6) == 0
	for i := range 1 + r.IntN(4) {
		c := t.Columns[r.IntN(len(t.Columns))]
		o := &query.Output{Field: query.Field{Column: c.Name}, Alias: fmt.Sprintf("o%d", i)}
		switch {
		case group && i == 0:
			o = &query.Output{Aggregate: query.Count, Alias: "n"}
		case group && number(c) && r.IntN(2) == 0:
			o.Aggregate = pick(r, query.Sum, query.Min, query.Max, query.Avg, query.Count)
		case group && (c.Type.Base == schema.JSON || c.Type.Base == schema.JSONB):
			continue // has no equality, or with a path no order, to group by
		case c.Type.Base == schema.JSONB || c.Type.Base == schema.JSON:
			o.Field.Path = r.path(true)
		case !group && r.IntN(6) == 0:
			o.Cast = "text"
		}
		q.Items = append(q.Items, o)
	}
	if r.IntN(10) < 7 {
		q.Where = r.expr(t, 2)
	}
	if !group {
		for range r.IntN(3) {
			if c := t.Columns[r.IntN(len(t.Columns))]; c.Type.Base != schema.JSON {
				q.Order = append(q.Order, query.Order{Field: query.Field{Column: c.Name}, Direction: pick(r, query.Asc, query.Desc),
					Nulls: pick(r, query.NullsDefault, query.NullsFirst, query.NullsLast)})
			}
		}
		if r.IntN(4) == 0 {
			if o, ok := r.way(t); ok {
				q.Order = append(q.Order, o)
			}
		}
		r.page(q)
		if r.IntN(8) == 0 {
			r.distinct(t, q)
		}
		for i := len(q.Items); i > 0 && r.IntN(3) == 0; i-- {
			q.Items = append(q.Items, pick[query.Item](r, literal(fmt.Sprintf("l%d", i), "a \"☃"), &query.Nest{Key: fmt.Sprintf("n%d", i), Items: q.Items[i-1 : i : i]}))
		}
	}
	if depth > 0 && !group && len(t.Relations) > 0 {
		for i := range r.IntN(3) {
			rel := t.Relations[r.IntN(len(t.Relations))]
			if rel.From == rel.To || rel.Through != nil && rel.Through.Table == t {
				continue
			}
			e := &query.Embed{Target: rel.To.Name.Name, Hint: rel.Constraint, Alias: fmt.Sprintf("e%d_%d", depth, i), Select: r.sel(rel.To, depth-1),
				Join: pick(r, query.JoinDefault, query.JoinDefault, query.JoinInner)}
			if rel.Through != nil {
				e.Hint = rel.Through.Table.Name.Name
			}
			if !rel.Many {
				e.Select.Page, e.Select.Order, e.Select.Distinct = query.Page{}, nil, nil
			}
			if r.IntN(4) == 0 {
				r.spread(e, rel.Many)
			} else if !rel.Many && r.IntN(2) == 0 {
				if c := rel.To.Columns[r.IntN(len(rel.To.Columns))]; c.Type.Base != schema.JSON {
					q.Order = append(q.Order, query.Order{Relation: e.Alias, Field: query.Field{Column: c.Name}, Direction: pick(r, query.Asc, query.Desc)})
				}
			}
			q.Items = append(q.Items, e)
		}
	}
	return q
}

func (r *Random) page(q *query.Select) {
	if r.IntN(3) == 0 {
		q.Page.Limit = query.Int(int64(r.IntN(4)))
	}
	if r.IntN(4) == 0 {
		q.Page.Offset = query.Int(int64(r.IntN(4)))
	}
}

// column picks a column that can be sorted by.
func (r *Random) column(t *schema.Table) *schema.Column {
	for {
		if c := t.Columns[r.IntN(len(t.Columns))]; c.Type.Base != schema.JSON {
			return c
		}
	}
}

// distinct lets one row stand for those with the same values. Of equal numerics written in two ways it is chance which comes first.
func (r *Random) distinct(t *schema.Table, q *query.Select) {
	for _, o := range q.Order {
		if o.Via != nil || o.Relation != "" {
			return
		}
	}
	for i := 0; i <= r.IntN(2); i++ {
		c := r.column(t)
		q.Distinct = append(q.Distinct, query.Field{Column: c.Name})
	}
	if len(q.Order) > 0 {
		q.Order = append([]query.Order{{Field: q.Distinct[0], Direction: query.Desc}}, q.Order...)
		q.Distinct = q.Distinct[:1]
	}
}

// aggregate picks one that a column's type has.
func (r *Random) aggregate(c *schema.Column) query.Aggregate {
	switch {
	case number(c) || !c.Type.Array && (c.Type.Base == schema.Float8 || c.Type.Base == schema.Float4):
		return pick(r, query.Sum, query.Avg, query.Min, query.Max, query.Count, query.Stddev, query.StddevPop, query.StddevSamp, query.Variance, query.VarPop, query.VarSamp)
	case c.Type.Base == schema.Bool:
		return pick(r, query.BoolAnd, query.BoolOr, query.Count)
	case c.Type.Base == schema.Text && !c.Type.Array, c.Type.Base == schema.TimestampTZ, c.Type.Base == schema.EnumBase:
		return pick(r, query.Min, query.Max, query.Count)
	}
	return query.Count
}

func (r *Random) aggregates(t *schema.Table) *query.Nest {
	n := nest("aggregate", "count()")
	for i := range r.IntN(4) {
		c := r.column(t)
		o := &query.Output{Field: query.Field{Column: c.Name}, Alias: fmt.Sprintf("a%d", i), Aggregate: r.aggregate(c), Distinct: r.IntN(3) == 0}
		if o.Aggregate == query.Count && r.IntN(2) == 0 {
			o.More = append(o.More, query.Field{Column: r.column(t).Name})
		}
		n.Items = append(n.Items, o)
	}
	return n
}

// summary asks for aggregates and the rows that they are of.
func (r *Random) summary(t *schema.Table, depth int) *query.Select {
	q := r.sel(t, 0)
	var rows []query.Item
	for _, item := range q.Items {
		if o, ok := item.(*query.Output); !ok || o.Aggregate == "" {
			rows = append(rows, item)
		}
	}
	if depth > 0 {
		if rel := r.relation(t); rel != nil {
			e := &query.Embed{Target: rel.To.Name.Name, Hint: hint(rel), Alias: "s", Select: r.sel(rel.To, 0)}
			if rel.Many {
				e.Select = r.summary(rel.To, depth-1)
			} else {
				e.Select.Page, e.Select.Order, e.Select.Distinct = query.Page{}, nil, nil
			}
			rows = append(rows, e)
		}
	}
	q.Summary, q.Items = true, nil
	for len(q.Items) == 0 {
		if r.IntN(3) > 0 {
			q.Items = append(q.Items, r.aggregates(t))
		}
		if r.IntN(3) > 0 {
			q.Items = append(q.Items, &query.Nodes{Key: "nodes", Items: rows})
		}
	}
	return q
}

// groups asks for aggregates of groups. What they are grouped by is of types whose equal values look alike.
func (r *Random) groups(t *schema.Table) *query.Select {
	q := &query.Select{Items: []query.Item{r.aggregates(t)}, Where: r.expr(t, 1)}
	for i := 0; i <= r.IntN(2); i++ {
		c := r.column(t)
		for c.Type.Array || c.Type.Base == schema.Numeric || c.Type.Base == schema.JSONB || c.Type.Base == schema.Interval {
			c = r.column(t)
		}
		q.Group = append(q.Group, query.Field{Column: c.Name})
	}
	if r.IntN(2) == 0 {
		q.Items = append(q.Items, &query.Nest{Key: "group", Items: []query.Item{&query.Output{Field: q.Group[0], Alias: "by"}}})
	}
	if c := r.column(t); r.IntN(2) == 0 && number(c) {
		q.Having = &query.Measure{Aggregate: pick(r, query.Sum, query.Avg, query.Max, query.VarPop), Fields: []query.Field{{Column: c.Name}}, Op: pick(r, query.Gt, query.Lte), Value: query.Text(pick(r, "0", "1", "3"))}
	} else if r.IntN(2) == 0 {
		q.Having = measure("", query.Count, nil, pick(r, query.Gt, query.Eq, query.Lte), pick(r, "1", "2"))
	}
	if c := r.column(t); r.IntN(2) == 0 && number(c) {
		q.Order = append(q.Order, query.Order{Aggregate: pick(r, query.Sum, query.Max, query.Stddev), Field: query.Field{Column: c.Name}, Direction: pick(r, query.Asc, query.Desc)})
	} else if r.IntN(2) == 0 {
		q.Order = append(q.Order, query.Order{Aggregate: query.Count, Direction: pick(r, query.Asc, query.Desc)})
	}
	r.page(q)
	return q
}

// relation picks one that its table's name and a hint mean; nil where there is none.
func (r *Random) relation(t *schema.Table) *schema.Relation {
	if len(t.Relations) == 0 {
		return nil
	}
	rel := t.Relations[r.IntN(len(t.Relations))]
	if rel.From == rel.To || rel.Through != nil && rel.Through.Table == t {
		return nil
	}
	return rel
}

func hint(rel *schema.Relation) string {
	if rel.Through != nil {
		return rel.Through.Table.Name.Name
	}
	return rel.Constraint
}

// way orders by a related value, or by an aggregate of related rows.
func (r *Random) way(t *schema.Table) (query.Order, bool) {
	o := query.Order{Direction: pick(r, query.Asc, query.Desc), Nulls: pick(r, query.NullsDefault, query.NullsFirst, query.NullsLast)}
	for len(o.Via) < 3 {
		rel := r.relation(t)
		if rel == nil {
			break
		}
		o.Via = append(o.Via, query.Hop{Relation: rel.To.Name.Name, Hint: hint(rel)})
		t = rel.To
		c := r.column(t)
		o.Field = query.Field{Column: c.Name}
		if rel.Many {
			if o.Aggregate = r.aggregate(c); o.Aggregate == query.Count && r.IntN(2) == 0 {
				o.Field = query.Field{}
			}
			return o, true
		}
		if r.IntN(2) == 0 {
			break
		}
	}
	return o, len(o.Via) > 0
}

// measure holds an aggregate of related rows against a number.
func (r *Random) measure(t *schema.Table) query.Expr {
	rel := r.relation(t)
	if rel == nil || !rel.Many {
		return nil
	}
	m := measure(rel.To.Name.Name, query.Count, nil, pick(r, query.Gt, query.Eq, query.Lte, query.IsDistinct), pick(r, "0", "1", "2"))
	m.Hint = hint(rel)
	if c := r.column(rel.To); number(c) && r.IntN(2) == 0 {
		m.Aggregate, m.Fields, m.Distinct = pick(r, query.Sum, query.Avg, query.Min, query.Variance, query.Count), []query.Field{{Column: c.Name}}, r.IntN(3) == 0
	}
	switch op := pick(r, query.Sum, query.Min); {
	case m.Aggregate == query.Avg || m.Aggregate == query.Variance:
		m.Op = query.Gt
	case op == query.Sum && r.IntN(3) == 0:
		m.Any, m.Value = query.Any, query.List([]string{"0", "2"})
		m.Op = query.Gt
	}
	if r.IntN(2) == 0 {
		m.Where = r.expr(rel.To, 1)
	}
	return m
}

// spread lifts an embed's values. Aggregates in it would group the rows around it, which may not be.
func (r *Random) spread(e *query.Embed, many bool) {
	for _, item := range e.Select.Items {
		if o, ok := item.(*query.Output); ok && (o.Aggregate != "" || many && len(o.Field.Path) > 0) {
			return
		}
	}
	e.Spread = true
	for _, item := range e.Select.Items {
		switch item := item.(type) {
		case *query.Output:
			item.Alias = e.Alias + item.Alias
		case *query.Embed:
			if many { // what nests in arrays is written as one document by PostgreSQL
				e.Spread = false
			}
			item.Alias = e.Alias + item.Alias
		}
	}
}

func number(c *schema.Column) bool {
	switch c.Type.Base {
	case schema.Int2, schema.Int4, schema.Int8, schema.Numeric:
		return !c.Type.Array
	}
	return false
}

func (r *Random) path(none bool) []query.Step {
	var path []query.Step
	for range r.IntN(4) {
		k := pick(r, "a", "x", "s", "bb", "0", "1", "-1", "k")
		path = append(path, query.Step{Key: k, Index: k == "0" || k == "1" || k == "-1"})
	}
	if len(path) == 0 && !none {
		path = []query.Step{{Key: "a"}}
	}
	if n := len(path); n > 0 {
		path[n-1].Text = !none || r.IntN(2) == 0
	}
	return path
}

func (r *Random) expr(t *schema.Table, depth int) query.Expr {
	if depth > 0 {
		switch r.IntN(5) {
		case 0:
			return &query.And{Of: []query.Expr{r.expr(t, depth-1), r.expr(t, depth-1)}}
		case 1:
			return &query.Or{Of: []query.Expr{r.expr(t, depth-1), r.expr(t, depth-1)}}
		case 2:
			return &query.Not{Of: r.expr(t, depth-1)}
		}
	}
	if r.IntN(8) == 0 {
		if m := r.measure(t); m != nil {
			return m
		}
	}
	c := t.Columns[r.IntN(len(t.Columns))]
	e := &query.Compare{Field: query.Field{Column: c.Name}}
	if c.Type.Base == schema.JSON || c.Type.Base == schema.JSONB && r.IntN(2) == 0 {
		e.Field.Path = r.path(false)
		e.Op, e.Value = pick(r, query.Eq, query.Gt, query.Lte, query.Neq), query.Text(pick(r, "1", "5", "v", "2.50", "null"))
		return e
	}
	switch r.IntN(8) {
	case 6:
		e.AsText = true
		e.Op, e.Value = pick(r, query.Eq, query.Like, query.Gt, query.ILike), query.Text(pick(r, "1", "%1%", "2020%", "a", "{%", "t"))
		return e
	case 7:
		e.AsText = c.Type.Base != schema.Text || c.Type.Array
		e.Op, e.Value = query.Similar, query.Text(pick(r, "%(1|a)%", "_lp%", "[A-Z]%", "%.5%", "[0-9]+", `%\\%`))
		return e
	case 0:
		e.Op, e.Value = query.Is, query.Text(pick(r, "null", "not_null"))
		return e
	case 1:
		if !c.Type.Array { // PostgreSQL has no arrays of arrays
			e.Op, e.Value = query.In, query.List([]string{r.value(c), r.value(c)})
			return e
		}
	case 2:
		if !c.Type.Array {
			e.Op, e.Any = pick(r, query.Eq, query.Gt, query.Gte, query.Lt, query.Lte), pick(r, query.Any, query.All)
			e.Value = query.List([]string{r.value(c), r.value(c)})
			return e
		}
	case 3:
		if c.Type.Base == schema.Text && !c.Type.Array {
			e.Op, e.Value = pick(r, query.Like, query.Like, query.ILike, query.Match), query.Text(pick(r, "%a%", "_", "A%", "%\\%", "b", "%x_y%", "[A-M]"))
			if e.Op == query.Match {
				e.Value.Text = pick(r, "^[A-M]", "a$", "l+", "(a|e)")
			}
			return e
		}
	}
	if c.Type.Base == schema.JSONB && !c.Type.Array && r.IntN(2) == 0 {
		if e.Op = pick(r, query.HasKey, query.HasKeysAny, query.HasKeysAll); e.Op == query.HasKey {
			e.Value = query.Text(pick(r, "a", "two", "str", "nope"))
		} else {
			e.Value = query.List([]string{pick(r, "a", "two"), pick(r, "c", "bb", "two")}[:r.IntN(3)])
		}
		return e
	}
	if c.Type.Array || c.Type.Base == schema.JSONB {
		e.Op, e.Value = pick(r, query.Contains, query.Contained), query.Text(r.value(c))
		return e
	}
	e.Op = pick(r, query.Eq, query.Neq, query.Gt, query.Gte, query.Lt, query.Lte, query.IsDistinct)
	e.Value = query.Text(r.value(c))
	return e
}

// value makes a text of a column's type, mostly one that stands in the fixture.
func (r *Random) value(c *schema.Column) string {
	if c.Type.Array {
		if c.Type.Base == schema.Text {
			return pick(r, "{}", "{a}", `{"b c"}`, `{a,"b c"}`)
		}
		return pick(r, "{}", "{1}", "{1,2}", "{3,1,2}", "{NULL,5}")
	}
	switch c.Type.Base {
	case schema.Int2, schema.Int4, schema.Int8:
		return pick(r, "0", "1", "2", "3", "5", "-7", "10")
	case schema.Numeric:
		return pick(r, "0", "3", "12.5", "12.50", "9.9", "-0.01", "NaN")
	case schema.Float4, schema.Float8:
		return pick(r, "0.1", "4.5", "1e20", "-0.00001", "0")
	case schema.Bool:
		return pick(r, "true", "false")
	case schema.EnumBase:
		return pick(r, "sad", "ok", "glad")
	case schema.UUID:
		return pick(r, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "B0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "00000000-0000-0000-0000-000000000000")
	case schema.Date:
		return pick(r, "1970-01-31", "2000-01-01", "9999-12-31")
	case schema.Time:
		return pick(r, "12:30:00", "00:00:00", "23:59:59.1")
	case schema.TimeTZ:
		return pick(r, "12:00:00+00", "10:00:00+02", "08:00:00+00")
	case schema.Timestamp:
		return pick(r, "2021-06-01 12:00:00", "1999-01-01", "2020-01-02T03:04:05.5")
	case schema.TimestampTZ:
		return pick(r, "2020-01-02 03:04:05+00", "1999-12-31T23:59:59+05:30", "2021-06-01T00:00:00.1Z")
	case schema.Interval:
		return pick(r, "1 mon", "30 days", "-1 day", "5400 seconds", "1 year")
	case schema.Bytea:
		return pick(r, `\x`, `\xdeadbeef`, `\x00`)
	case schema.JSONB:
		return pick(r, `{"a":5}`, `[1,"two",null]`, `"str"`, `{}`, `[]`, `{"a":{"s":"t\"x"}}`, `null`)
	}
	return pick(r, "Ana", "beta", "Alpha", "red", "a", "b", "x'y", "")
}
