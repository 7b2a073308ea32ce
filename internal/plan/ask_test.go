package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/query"
)

// ask reads the tests' own short form of a query, which is easier on the eye than literals of structs. One clause a
// line, indented below the embed that it belongs to:
//
//	from TABLE
//	ITEMS: * | [alias:]col[->key|->>key|->#0…][::type][.agg()][::type] | count(), by commas
//	embed [...][alias:]target[!hint][!inner]
//	where EXPR: (and e…) (or e…) (not e) (col op value) (has embed) (lacks embed) (exists rel e)
//	order col[->key] [desc] [first|last], rel(col)
//	limit N, offset N, count exact
func ask(text string) *query.Select {
	a := &asker{}
	for _, l := range strings.Split(strings.TrimSpace(text), "\n") {
		if strings.TrimSpace(l) == "" {
			continue
		}
		trimmed := strings.TrimLeft(l, " \t")
		a.lines = append(a.lines, line{len(l) - len(trimmed), strings.TrimSpace(trimmed)})
	}
	return a.sel(-1)
}

type line struct {
	indent int
	text   string
}

type asker struct{ lines []line }

func (a *asker) sel(above int) *query.Select {
	s := &query.Select{}
	for len(a.lines) > 0 && a.lines[0].indent > above {
		l := a.lines[0]
		a.lines = a.lines[1:]
		verb, rest, more := strings.Cut(l.text, " ")
		if !more {
			verb = "" // a single item
		}
		switch verb {
		case "from":
			s.From.Name = rest
			if sch, name, ok := strings.Cut(rest, "."); ok {
				s.From = query.Name{Schema: sch, Name: name}
			}
		case "embed":
			e := embed(rest)
			e.Select = a.sel(l.indent)
			s.Items = append(s.Items, e)
		case "where":
			s.Where, _ = where(tokens(rest))
		case "order":
			for _, o := range strings.Split(rest, ",") {
				s.Order = append(s.Order, order(strings.TrimSpace(o)))
			}
		case "limit":
			s.Page.Limit = &query.Value{Text: rest}
		case "offset":
			s.Page.Offset = &query.Value{Text: rest}
		case "count":
			s.Count = query.CountMode(rest)
		default:
			for _, o := range strings.Split(l.text, ",") {
				s.Items = append(s.Items, output(strings.TrimSpace(o)))
			}
		}
	}
	return s
}

func embed(s string) *query.Embed {
	e := &query.Embed{}
	s, e.Spread = strings.CutPrefix(s, "...")
	if alias, rest, ok := strings.Cut(s, ":"); ok {
		e.Alias, s = alias, rest
	}
	parts := strings.Split(s, "!")
	e.Target = parts[0]
	for _, p := range parts[1:] {
		if p == "inner" {
			e.Join = query.JoinInner
		} else {
			e.Hint = p
		}
	}
	return e
}

func output(s string) *query.Output {
	if s == "*" {
		return &query.Output{Star: true}
	}
	o := &query.Output{}
	if head, rest, ok := strings.Cut(s, "()"); ok {
		o.AggregateCast = strings.TrimPrefix(rest, "::")
		if i := strings.LastIndexByte(head, '.'); i >= 0 {
			o.Aggregate, s = query.Aggregate(head[i+1:]), head[:i]
		} else {
			alias, agg, aliased := strings.Cut(head, ":")
			if !aliased {
				alias, agg = "", head
			}
			o.Alias, o.Aggregate = alias, query.Aggregate(agg)
			return o
		}
	}
	if rest, cast, ok := strings.Cut(s, "::"); ok {
		s, o.Cast = rest, cast
	}
	if alias, rest, ok := strings.Cut(s, ":"); ok {
		o.Alias, s = alias, rest
	}
	o.Field = field(s)
	return o
}

func field(s string) query.Field {
	parts := strings.Split(s, "->")
	f := query.Field{Column: parts[0]}
	for _, p := range parts[1:] {
		key, text := strings.CutPrefix(p, ">")
		key, index := strings.CutPrefix(key, "#")
		f.Path = append(f.Path, query.Step{Key: key, Text: text, Index: index})
	}
	return f
}

func order(s string) query.Order {
	words := strings.Fields(s)
	o := query.Order{}
	if rel, in, ok := strings.Cut(words[0], "("); ok {
		o.Relation, words[0] = rel, strings.TrimSuffix(in, ")")
	}
	o.Field = field(words[0])
	if slices.Contains(words, "desc") {
		o.Direction = query.Desc
	}
	if slices.Contains(words, "first") {
		o.Nulls = query.NullsFirst
	}
	if slices.Contains(words, "last") {
		o.Nulls = query.NullsLast
	}
	return o
}

func tokens(s string) []string {
	return strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s))
}

// where reads one expression and gives what follows it.
func where(t []string) (query.Expr, []string) {
	if len(t) == 0 || t[0] != "(" {
		panic(fmt.Sprint("not an expression: ", t))
	}
	verb, t := t[1], t[2:]
	var of []query.Expr
	sub := func() {
		for t[0] == "(" {
			var e query.Expr
			e, t = where(t)
			of = append(of, e)
		}
	}
	var e query.Expr
	switch verb {
	case "and", "or", "not":
		sub()
		e = map[string]query.Expr{"and": &query.And{Of: of}, "or": &query.Or{Of: of}}[verb]
		if verb == "not" {
			e = &query.Not{Of: of[0]}
		}
	case "has", "lacks":
		e, t = &query.Embedded{Name: t[0], Null: verb == "lacks"}, t[1:]
	case "exists":
		x := &query.Exists{Relation: t[0]}
		t = t[1:]
		if sub(); len(of) > 0 {
			x.Where = of[0]
		}
		e = x
	default:
		c := &query.Compare{Field: field(verb)}
		op := t[0]
		if op, quantifier, ok := strings.Cut(op, "."); ok {
			c.Op, c.Any = query.Op(op), query.Quantifier(quantifier)
		} else {
			c.Op = query.Op(op)
		}
		c.Value = query.Text(t[1])
		if c.Op == query.In || c.Any != query.One {
			c.Value = query.List(strings.Split(t[1], ","))
		}
		if claim, ok := strings.CutPrefix(t[1], "@"); ok {
			c.Value = query.Value{Claim: claim}
		}
		if other, ok := strings.CutPrefix(t[1], "="); ok {
			c.Other = other
		}
		t = t[2:]
		e = c
	}
	return e, t[1:] // the closing bracket
}
