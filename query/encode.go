package query

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Encode writes a query's template: the query without its values, from which Decode builds a query of the same shape. It holds
// every name of the query, and also the keys in the answer, of which one that is the last key of a JSON path was a value. The
// error says which part is no query that could be planned, or that the template would be over a limit.
func Encode(q Query) ([]byte, error) {
	e := &encoder{}
	t := e.query(q)
	if e.err != nil {
		return nil, fmt.Errorf("encode a query: %w", e.err)
	}
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	if err := w.Encode(t); err != nil {
		return nil, fmt.Errorf("encode a query: %w", err)
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(text) > TemplateBytesMax {
		return nil, fmt.Errorf("encode a query: its template has %d bytes, more than %d", len(text), TemplateBytesMax)
	}
	return text, nil
}

// An encoder turns a query into its template. The first error stays.
type encoder struct {
	depth int
	err   error
}

func (e *encoder) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf(format, args...)
	}
}

// in runs f one level deeper.
func (e *encoder) in(f func()) {
	if e.depth++; e.depth > TemplateDepthMax {
		e.fail("it is more than %d deep", TemplateDepthMax)
	} else if e.err == nil {
		f()
	}
	e.depth--
}

var errUTF8 = errors.New("a name in it is no UTF-8")

func (e *encoder) str(s string) string {
	if e.err == nil && !utf8.ValidString(s) {
		e.err = errUTF8
	}
	return s
}

func (e *encoder) strs(of []string) []string {
	for _, s := range of {
		e.str(s)
	}
	return of
}

// word passes a word of a closed set.
func word[T ~string](e *encoder, set map[T]bool, w T, what string) T {
	if !set[w] {
		e.fail("%.40q is no %s", w, what)
	}
	return w
}

func (e *encoder) name(n Name) nameT { return nameT{Schema: e.str(n.Schema), Name: e.str(n.Name)} }

func (e *encoder) query(q Query) (t template) {
	switch q := q.(type) {
	case *Select:
		t.Select = e.sel(q)
	case *Insert:
		t.Insert = new(e.insert(q))
	case *Update:
		t.Update = &updateT{Table: e.name(q.Table), Columns: e.strs(q.Columns), Row: e.value(q.Row), Default: q.Default,
			Where: e.expr(q.Where), Returning: e.sel(q.Returning), End: endT(q.End)}
		for _, a := range q.Alter {
			t.Update.Alter = append(t.Update.Alter, alterT{e.str(a.Column), word(e, alterations, a.How, "alteration"), e.value(a.Value)})
		}
	case *Delete:
		t.Delete = &deleteT{From: e.name(q.From), Where: e.expr(q.Where), Returning: e.sel(q.Returning), End: endT(q.End)}
	case *Call:
		t.Call = e.call(q)
	case *Sequence:
		t.Sequence = &sequenceT{Of: []template{}, Rollback: q.Rollback}
		e.in(func() {
			for _, of := range q.Of {
				t.Sequence.Of = append(t.Sequence.Of, e.query(of))
			}
		})
	default:
		e.fail("there is no query in it")
	}
	return t
}

func (e *encoder) insert(q *Insert) (t insertT) {
	t = insertT{Into: e.name(q.Into), Columns: e.strs(q.Columns), Rows: e.value(q.Rows), Default: q.Default, Put: e.expr(q.Put),
		Returning: e.sel(q.Returning), End: endT(q.End)}
	if c := q.Conflict; c != nil {
		t.Conflict = &conflictT{Columns: e.strs(c.Columns), Constraint: e.str(c.Constraint), Ignore: c.Ignore, Where: e.expr(c.Where)}
		if c.Update != nil {
			t.Conflict.Update = new(e.strs(c.Update))
		}
	}
	e.in(func() {
		for i := range q.Nested {
			n := &q.Nested[i]
			t.Nested = append(t.Nested, nestedT{e.str(n.Relation), e.str(n.Hint), e.insert(n.Insert), e.value(n.Parents)})
		}
	})
	return t
}

func (e *encoder) call(q *Call) *callT {
	t := &callT{Function: e.name(q.Function), Body: e.pointer(q.Body), BodyType: e.str(q.BodyType), Array: q.Array, ReadOnly: q.ReadOnly, Result: e.sel(q.Result),
		Args: e.arguments(q.Args), End: endT(q.End)}
	if q.Columns != nil {
		t.Columns = new(e.strs(q.Columns))
	}
	return t
}

func (e *encoder) value(v Value) valueT {
	return valueT{Claim: e.str(v.Claim), Null: v.Null, List: v.IsList}
}

func (e *encoder) pointer(v *Value) *valueT {
	if v == nil {
		return nil
	}
	return new(e.value(*v))
}

func (e *encoder) sel(s *Select) (t *selectT) {
	if s == nil {
		return nil
	}
	e.in(func() {
		e.str(s.Form.Media)
		t = &selectT{From: e.name(s.From), Items: e.items(s.Items), Where: e.expr(s.Where), Distinct: e.fields(s.Distinct), Group: e.fields(s.Group),
			Having: e.expr(s.Having), Limit: e.pointer(s.Page.Limit), Offset: e.pointer(s.Page.Offset), Count: word(e, counts, s.Count, "mode of counting"),
			formT: formT(s.Form), Summary: s.Summary}
		for i := range s.Order {
			o := &s.Order[i]
			one := orderT{Relation: e.str(o.Relation), Field: e.field(o.Field), Aggregate: word(e, aggregates, o.Aggregate, "aggregate"),
				Direction: word(e, directions, o.Direction, "direction"), Nulls: word(e, nulls, o.Nulls, "place of nulls")}
			for _, hop := range o.Via {
				one.Via = append(one.Via, hopT{e.str(hop.Relation), e.str(hop.Hint)})
			}
			t.Order = append(t.Order, one)
		}
	})
	return t
}

func (e *encoder) items(items []Item) (list []itemT) {
	e.in(func() {
		for _, item := range items {
			var t itemT
			switch item := item.(type) {
			case *Output:
				t.Output = e.output(item)
			case *Embed:
				t.Embed = &embedT{e.str(item.Target), e.str(item.Hint), e.str(item.Alias), word(e, joins, item.Join, "join"), item.Spread, e.arguments(item.Args), e.sel(item.Select)}
			case *Nest:
				t.Nest = &nestT{e.str(item.Key), e.items(item.Items)}
			case *Nodes:
				t.Nodes = &nestT{e.str(item.Key), e.items(item.Items)}
			case *Literal:
				t.Literal = &literalT{e.str(item.Key), e.str(item.Text)}
			default:
				e.fail("an item in it is none")
			}
			list = append(list, t)
		}
	})
	return list
}

// output writes the key in the answer where it would be that of the path, which is a value: a plan answers with the key, so
// that it belongs to the shape.
func (e *encoder) output(o *Output) *outputT {
	as := o.Alias
	if len(o.Field.Path) > 0 && o.Aggregate == "" {
		as = o.Key()
	}
	return &outputT{Star: o.Star, Field: e.field(o.Field), As: e.str(as), Cast: e.str(o.Cast), Aggregate: word(e, aggregates, o.Aggregate, "aggregate"),
		AggregateCast: e.str(o.AggregateCast), Distinct: o.Distinct, More: e.fields(o.More), Args: e.arguments(o.Args)}
}

func (e *encoder) arguments(of []Arg) (list []argT) {
	for _, a := range of {
		list = append(list, argT{e.str(a.Name), a.Place, e.value(a.Value)})
	}
	return list
}

func (e *encoder) field(f Field) fieldT {
	t := fieldT{Column: e.str(f.Column)}
	for _, s := range f.Path {
		t.Path = append(t.Path, stepT{s.Index, s.Text, s.Quoted})
	}
	return t
}

func (e *encoder) fields(of []Field) (list []fieldT) {
	for _, f := range of {
		list = append(list, e.field(f))
	}
	return list
}

func (e *encoder) exprs(of []Expr) *[]exprT {
	list := []exprT{}
	for _, x := range of {
		if t := e.expr(x); t != nil {
			list = append(list, *t)
		} else {
			e.fail("an expression in it is none")
		}
	}
	return &list
}

func (e *encoder) expr(x Expr) (t *exprT) {
	if x == nil {
		return nil
	}
	t = &exprT{}
	e.in(func() {
		switch x := x.(type) {
		case *And:
			t.And = e.exprs(x.Of)
		case *Or:
			t.Or = e.exprs(x.Of)
		case *Not:
			if t.Not = e.expr(x.Of); t.Not == nil {
				e.fail("an expression in it is none")
			}
		case Const:
			t.Const = new(bool(x))
		case *Compare:
			t.Compare = e.compare(x)
		case *Embedded:
			t.Embedded = &embeddedT{e.str(x.Name), x.Null}
		case *Exists:
			t.Exists = &existsT{e.str(x.Relation), e.str(x.Hint), e.name(x.Table), e.expr(x.Where)}
		case *Measure:
			t.Measure = &measureT{Relation: e.str(x.Relation), Hint: e.str(x.Hint), Where: e.expr(x.Where), Aggregate: word(e, aggregates, x.Aggregate, "aggregate"),
				Fields: e.fields(x.Fields), Distinct: x.Distinct, Op: word(e, ops, x.Op, "operator"), Any: word(e, quantifiers, x.Any, "quantifier")}
			t.Measure.Is, t.Measure.Value = e.operand(x.Op, "", x.Value)
		default:
			e.fail("an expression in it is none")
		}
	})
	return t
}

func (e *encoder) compare(x *Compare) *compareT {
	t := &compareT{Field: e.field(x.Field), Op: word(e, ops, x.Op, "operator"), Any: word(e, quantifiers, x.Any, "quantifier"),
		Lang: e.str(x.Lang), AsText: x.AsText, Other: e.str(x.Other)}
	t.Is, t.Value = e.operand(x.Op, x.Other, x.Value)
	return t
}

// operand is what a comparison holds against: for Is its word, with another column nothing.
func (e *encoder) operand(op Op, other string, v Value) (is string, value *valueT) {
	switch {
	case op == Is:
		return e.str(v.Text), nil
	case other != "":
		return "", nil
	}
	return "", e.pointer(&v)
}
