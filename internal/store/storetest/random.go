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
	q := r.sel(t, 2)
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
		if r.IntN(3) == 0 {
			q.Page.Limit = query.Int(int64(r.IntN(4)))
		}
		if r.IntN(4) == 0 {
			q.Page.Offset = query.Int(int64(r.IntN(4)))
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
				e.Select.Page, e.Select.Order = query.Page{}, nil
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
	c := t.Columns[r.IntN(len(t.Columns))]
	e := &query.Compare{Field: query.Field{Column: c.Name}}
	if c.Type.Base == schema.JSON || c.Type.Base == schema.JSONB && r.IntN(2) == 0 {
		e.Field.Path = r.path(false)
		e.Op, e.Value = pick(r, query.Eq, query.Gt, query.Lte, query.Neq), query.Text(pick(r, "1", "5", "v", "2.50", "null"))
		return e
	}
	switch r.IntN(6) {
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
