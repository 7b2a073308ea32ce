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
		case *query.Embed:
			s.Items = append(s.Items, w)
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

// by orders: by("id desc last"), by("author(name)").
func by(s string) query.Order {
	words := strings.Fields(s)
	o := query.Order{}
	name := words[0]
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
