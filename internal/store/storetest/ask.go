package storetest

import (
	"strings"

	"github.com/pintail-dev/pintail/query"
)

// The short form in which the cases are written.

// from selects "*" or "col, col->key->>key, alias:col::type, col.sum()" of a table, and what follows: conditions, orders, embeds.
func from(table, items string, with ...any) *query.Select {
	s := &query.Select{From: query.Name{Name: table}}
	for _, item := range strings.Split(items, ",") {
		if item = strings.TrimSpace(item); item != "" {
			s.Items = append(s.Items, output(item))
		}
	}
	for _, w := range with {
		switch w := w.(type) {
		case query.Item:
			s.Items = append(s.Items, w)
		case distinctOn:
			s.Distinct = w
		case groupBy:
			s.Group = w
		case having:
			s.Having = w.Expr
		case summed:
			s.Summary = true
		case query.Expr:
			s.Where = w
		case query.Order:
			s.Order = append(s.Order, w)
		case query.Page:
			s.Page = w
		case query.CountMode:
			s.Count = w
		case query.Form:
			s.Form = w
		default:
			panic("storetest: what is that?")
		}
	}
	return s
}

func output(s string) *query.Output {
	o := &query.Output{}
	if i := strings.Index(s, ":"); i >= 0 && !strings.HasPrefix(s[i:], "::") {
		o.Alias, s = s[:i], s[i+1:]
	}
	if i := strings.Index(s, "()"); i >= 0 {
		o.AggregateCast = strings.TrimPrefix(s[i+2:], "::")
		s = s[:i]
		if j := strings.LastIndexByte(s, '.'); j >= 0 {
			o.Aggregate, s = query.Aggregate(s[j+1:]), s[:j]
		} else {
			o.Aggregate, s = query.Count, ""
		}
	}
	if i := strings.Index(s, "::"); i >= 0 {
		o.Cast, s = s[i+2:], s[:i]
	}
	if s == "*" {
		o.Star = true
		return o
	}
	o.Field = field(s)
	return o
}

func field(s string) query.Field {
	parts := strings.Split(s, "->")
	f := query.Field{Column: parts[0]}
	for _, p := range parts[1:] {
		text := strings.HasPrefix(p, ">")
		p = strings.TrimPrefix(p, ">")
		index := p != "" && strings.Trim(strings.TrimPrefix(p, "-"), "0123456789") == ""
		f.Path = append(f.Path, query.Step{Key: p, Text: text, Index: index})
	}
	return f
}

// is holds a field against a value: is("id", query.Eq, "1"). "any" and "all" before the value make it a list, as does query.In.
func is(name string, op query.Op, v ...string) query.Expr {
	c := &query.Compare{Field: field(name), Op: op}
	switch {
	case len(v) > 0 && (v[0] == "any" || v[0] == "all") && op != query.In:
		c.Any, c.Value = query.Quantifier(v[0]), query.List(v[1:])
	case op == query.In:
		c.Value = query.List(v)
	default:
		c.Value = query.Text(v[0])
	}
	return c
}

func and(of ...query.Expr) query.Expr { return &query.And{Of: of} }
func or(of ...query.Expr) query.Expr  { return &query.Or{Of: of} }
func not(of query.Expr) query.Expr    { return &query.Not{Of: of} }

// What from takes besides conditions, orders and items.
type (
	distinctOn []query.Field
	groupBy    []query.Field
	having     struct{ query.Expr }
	summed     struct{}
)

// fields are several columns.
func fields(names ...string) []query.Field {
	var all []query.Field
	for _, name := range names {
		all = append(all, field(name))
	}
	return all
}

// nest is an object of its own, of outputs.
func nest(key, items string, more ...query.Item) *query.Nest {
	return &query.Nest{Key: key, Items: append(from("", items).Items, more...)}
}

func literal(key, text string) *query.Literal { return &query.Literal{Key: key, Text: text} }

func nodes(items string, more ...query.Item) *query.Nodes {
	return &query.Nodes{Key: "nodes", Items: append(from("", items).Items, more...)}
}

// distinct is an aggregate of each value, or set of values, once.
func distinct(key string, a query.Aggregate, names ...string) *query.Output {
	o := together(key, names...)
	o.Aggregate, o.Distinct = a, true
	return o
}

// together counts several columns.
func together(key string, names ...string) *query.Output {
	of := fields(names...)
	return &query.Output{Alias: key, Aggregate: query.Count, Field: of[0], More: of[1:]}
}

// measure holds an aggregate of related rows, or without a relation of the group, against a value.
func measure(relation string, a query.Aggregate, names []query.Field, op query.Op, v string, where ...query.Expr) *query.Measure {
	m := &query.Measure{Relation: relation, Aggregate: a, Fields: names, Op: op, Value: query.Text(v)}
	if op == query.In {
		m.Value = query.List(strings.Split(v, ","))
	}
	if len(where) > 0 {
		m.Where = where[0]
	}
	return m
}

// once lets a measure take each value once.
func once(m *query.Measure) *query.Measure {
	m.Distinct = true
	return m
}

// asText is is of a field's text.
func asText(name string, op query.Op, v ...string) query.Expr {
	e := is(name, op, v...).(*query.Compare)
	e.AsText = true
	return e
}

// keys asks for keys of a document.
func keys(name string, op query.Op, v ...string) query.Expr {
	return &query.Compare{Field: field(name), Op: op, Value: query.List(v)}
}

func sequence(of ...query.Query) *query.Sequence { return &query.Sequence{Of: of, Rollback: true} }

// by orders: by("id desc last"), by("author(name)"), by("author.mentor:name"), by("book:price.sum"), by("book:count"), by(":price.sum").
func by(s string) query.Order {
	words := strings.Fields(s)
	o := query.Order{}
	name := words[0]
	if way, last, ok := strings.Cut(name, ":"); ok {
		name = last
		for _, hop := range strings.FieldsFunc(way, func(r rune) bool { return r == '.' }) {
			relation, hint, _ := strings.Cut(hop, "!")
			o.Via = append(o.Via, query.Hop{Relation: relation, Hint: hint})
		}
		if column, a, ok := strings.Cut(name, "."); ok {
			name, o.Aggregate = column, query.Aggregate(a)
		} else if name == "count" {
			name, o.Aggregate = "", query.Count
		}
	}
	if i := strings.IndexByte(name, '('); i >= 0 {
		o.Relation, name = name[:i], strings.TrimSuffix(name[i+1:], ")")
	}
	o.Field = field(name)
	for _, w := range words[1:] {
		switch w {
		case "desc":
			o.Direction = query.Desc
		default:
			o.Nulls = query.Nulls(w)
		}
	}
	return o
}

func page(limit, offset int64) query.Page {
	p := query.Page{}
	if limit >= 0 {
		p.Limit = query.Int(limit)
	}
	if offset > 0 {
		p.Offset = query.Int(offset)
	}
	return p
}

// embed is "alias:target!hint" with "!inner" at its end, "..." before it to spread.
func embed(name, items string, with ...any) *query.Embed {
	e := &query.Embed{Select: from("", items, with...)}
	name, e.Spread = strings.CutPrefix(name, "...")
	if n, ok := strings.CutSuffix(name, "!inner"); ok {
		name, e.Join = n, query.JoinInner
	}
	if a, n, ok := strings.Cut(name, ":"); ok {
		e.Alias, name = a, n
	}
	e.Target, e.Hint, _ = strings.Cut(name, "!")
	return e
}
