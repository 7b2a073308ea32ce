package cache

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A question is a query with its plan.
type question struct {
	q    query.Query
	plan *plan.Plan
	args query.Args
	zone string
}

func (a *question) String() string { return fmt.Sprintf("%s %v", query.Dump(a.q), a.args) }

// question makes a random query that the schema can answer.
func (w *world) question() *question {
	for {
		t := w.table()
		s := w.sel(t, 0)
		s.From = t.Name
		if w.some(15) {
			s.Count = query.ExactCount
		}
		if w.some(3) {
			s.Form.Omit = true
			s.Count = query.ExactCount
		}
		a := &question{q: s}
		switch n := w.IntN(20); {
		case n < 2:
			a.q = w.summary(t, 0)
		case n < 3:
			a.q = &query.Sequence{Of: []query.Query{w.summary(t, 0), w.plain(w.table()), w.plain(t)}}
		}
		_, a.args = query.Parameterize(a.q, nil)
		var err error
		if a.plan, err = plan.Resolve(a.q, w.schema, plan.Options{Aggregates: true}); err != nil {
			continue // ambiguous relations, mostly
		}
		if w.some(5) {
			a.zone = "Europe/Berlin"
		}
		return a
	}
}

// again is the same shape with other values: the same plan.
func (w *world) again(a *question) *question {
	s, ok := a.q.(*query.Select)
	if !ok {
		return a
	}
	twin := *s
	twin.Where = w.revalued(s.Where)
	b := &question{q: &twin, plan: a.plan, zone: a.zone}
	_, b.args = query.Parameterize(&twin, nil)
	if len(b.args) != len(a.args) {
		return a
	}
	return b
}

// revalued gives an expression of the same shape with other values.
func (w *world) revalued(e query.Expr) query.Expr {
	switch e := e.(type) {
	case *query.And:
		out := &query.And{}
		for _, x := range e.Of {
			out.Of = append(out.Of, w.revalued(x))
		}
		return out
	case *query.Compare:
		c := *e
		switch {
		case e.Value.IsList && slices.Contains(spoken, e.Value.List[0]) && e.Value.List[0] != "1": // text
			c.Value.List = w.cut(e.Value.List)
		case e.Op == query.Eq && !e.Value.IsList && slices.Contains(spoken, e.Value.Text) && e.Value.Text != "1":
			c.Value = query.Text(pick(w, spoken))
		}
		return &c
	}
	return e
}

// cut gives a list of other values, or of the same text cut in other places.
func (w *world) cut(list []string) []string {
	var out []string
	if w.some(50) {
		for range 1 + w.IntN(3) {
			out = append(out, pick(w, spoken))
		}
		return out
	}
	for i, piece := range strings.Split(strings.Join(list, ","), ",") {
		if i > 0 && w.some(50) {
			out[len(out)-1] += "," + piece
		} else {
			out = append(out, piece)
		}
	}
	return out
}

// plain is a member of a sequence.
func (w *world) plain(t *schema.Table) *query.Select {
	s := w.sel(t, 1)
	s.From = t.Name
	return s
}

// summary is one row about rows, as GraphQL's aggregates ask for it.
func (w *world) summary(t *schema.Table, depth int) *query.Select {
	c := pick(w, t.Columns)
	s := &query.Select{From: t.Name, Summary: true, Items: []query.Item{
		&query.Nest{Key: "aggregate", Items: []query.Item{
			&query.Output{Alias: "count", Aggregate: query.Count},
			&query.Output{Alias: "some", Field: query.Field{Column: c.Name}, Aggregate: query.Count},
		}},
	}}
	if w.some(60) {
		in := w.sel(t, 1)
		s.Items = append(s.Items, &query.Nodes{Key: "nodes", Items: in.Items})
	}
	if w.some(70) {
		s.Where = w.condition(t, 2)
	}
	if w.some(20) {
		s.Page.Limit = query.Int(int64(w.IntN(4)))
	}
	return s
}

func (w *world) sel(t *schema.Table, depth int) *query.Select {
	s := &query.Select{}
	aggregate := w.some(15)
	for range 1 + w.IntN(3) {
		c := pick(w, t.Columns)
		o := &query.Output{Field: query.Field{Column: c.Name}, Alias: fmt.Sprintf("o%d", len(s.Items))}
		switch {
		case aggregate && w.some(50):
			o.Aggregate = query.Count
		case aggregate && w.some(50):
			o.Aggregate, o.Field = query.Count, query.Field{}
		case aggregate && w.some(50) && c.Type.Base == schema.Int8:
			o.Aggregate = query.Max
		case w.some(10):
			*o = query.Output{Star: true}
		}
		s.Items = append(s.Items, o)
	}
	for range 2 {
		if depth >= 2 || !w.some(35) || aggregate {
			break
		}
		r := w.relation(t)
		if r == nil {
			break
		}
		e := &query.Embed{Target: r.To.Name.Name, Hint: r.Constraint, Alias: fmt.Sprintf("e%d", len(s.Items)), Select: w.sel(r.To, depth+1)}
		if r.Through != nil {
			e.Hint = r.Through.Table.Name.Name
		}
		e.Spread = !r.Many && w.some(15)
		if w.some(25) {
			e.Join = query.JoinInner
		}
		s.Items = append(s.Items, e)
		if w.some(15) {
			s.Where = &query.Embedded{Name: e.Alias, Null: w.some(50)}
		}
		if !r.Many && w.some(25) {
			s.Order = append(s.Order, query.Order{Relation: e.Alias, Field: query.Field{Column: pick(w, r.To.Columns).Name}})
		}
	}
	var all []query.Expr
	if s.Where != nil {
		all = append(all, s.Where)
	}
	for range w.IntN(3) {
		all = append(all, w.condition(t, 2))
	}
	switch len(all) {
	case 0:
	case 1:
		s.Where = all[0]
	default:
		s.Where = &query.And{Of: all}
	}
	if w.some(25) {
		d := query.Asc
		if w.some(50) {
			d = query.Desc
		}
		s.Order = append(s.Order, query.Order{Field: query.Field{Column: pick(w, t.Columns).Name}, Direction: d})
		if aggregate {
			s.Order = nil
		}
	}
	if r := w.relation(t); r != nil && w.some(8) && !aggregate {
		o := query.Order{Via: []query.Hop{{Relation: r.To.Name.Name, Hint: r.Constraint}}, Field: query.Field{Column: pick(w, r.To.Columns).Name}}
		if r.Many {
			o.Aggregate = query.Max
		}
		if r.Through == nil {
			s.Order = append(s.Order, o)
		}
	}
	if w.some(8) && !aggregate && len(s.Order) == 0 {
		f := query.Field{Column: pick(w, t.Columns).Name}
		s.Distinct, s.Order = []query.Field{f}, []query.Order{{Field: f}}
	}
	if w.some(20) {
		s.Page.Limit = query.Int(int64(w.IntN(4)))
		if w.some(30) {
			s.Page.Offset = query.Int(int64(w.IntN(3)))
		}
	}
	return s
}

func (w *world) relation(t *schema.Table) *schema.Relation {
	if len(t.Relations) == 0 {
		return nil
	}
	return pick(w, t.Relations)
}

// condition is a random filter, more often than not an equality.
func (w *world) condition(t *schema.Table, depth int) query.Expr {
	if depth > 0 {
		switch n := w.IntN(20); {
		case n < 2:
			return &query.Or{Of: []query.Expr{w.condition(t, depth-1), w.condition(t, depth-1)}}
		case n < 3:
			return &query.Not{Of: w.condition(t, depth-1)}
		case n < 5:
			return &query.And{Of: []query.Expr{w.condition(t, depth-1), w.condition(t, depth-1)}}
		case n < 6:
			if r := w.relation(t); r != nil && r.Many {
				m := &query.Measure{Relation: r.To.Name.Name, Hint: r.Constraint, Where: w.condition(r.To, depth-1), Aggregate: query.Count, Op: query.Gte, Value: *query.Int(int64(w.IntN(3)))}
				if r.Through != nil {
					m.Hint = r.Through.Table.Name.Name
				}
				return m
			}
		case n < 9:
			if r := w.relation(t); r != nil {
				e := &query.Exists{Relation: r.To.Name.Name, Hint: r.Constraint, Where: w.condition(r.To, depth-1)}
				if r.Through != nil {
					e.Hint = r.Through.Table.Name.Name
				}
				return e
			}
		}
	}
	c := pick(w, t.Columns)
	if w.some(35) {
		c = t.Columns[0]
	}
	f := query.Field{Column: c.Name}
	asked := func() string {
		if c.Name == "id" {
			return fmt.Sprint(w.IntN(12))
		}
		return pick(w, w.kinds[c].asked)
	}
	switch n := w.IntN(20); {
	case n < 12:
		return &query.Compare{Field: f, Op: query.Eq, Value: query.Text(asked())}
	case n < 15:
		return &query.Compare{Field: f, Op: query.In, Value: query.Value{IsList: true, List: []string{asked(), asked(), asked()}}}
	case n < 16:
		return &query.Compare{Field: f, Op: query.Eq, Any: query.Any, Value: query.Value{IsList: true, List: []string{asked(), asked()}}}
	case n < 17:
		return &query.Compare{Field: f, Op: query.Is, Value: query.Text("null")}
	case n < 18:
		return &query.Compare{Field: f, Op: query.Neq, Value: query.Text(asked())}
	case n < 19:
		return &query.Compare{Field: f, Op: query.IsDistinct, Value: query.Text(asked())}
	}
	return &query.Compare{Field: f, Op: query.Gte, Value: query.Text(asked())}
}
