package query

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Decode builds a query from its template; its values are empty. It takes what Encode writes and nothing else, whitespace
// between the parts aside: no key that it doesn't know, none twice, nothing that is the default, no word outside of the
// closed sets, nothing over the limits.
func Decode(text []byte) (Query, error) {
	if len(text) > TemplateBytesMax {
		return nil, fmt.Errorf("decode a query: its template has %d bytes, more than %d", len(text), TemplateBytesMax)
	}
	var t template
	r := json.NewDecoder(bytes.NewReader(text))
	r.DisallowUnknownFields()
	if err := r.Decode(&t); err != nil {
		return nil, fmt.Errorf("decode a query: %w", jsonError(err))
	}
	if _, err := r.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("decode a query: something follows it")
	}
	d := &decoder{}
	q := d.query(t)
	if d.err != nil {
		return nil, fmt.Errorf("decode a query: %w", d.err)
	}
	// What reads as the same query in two ways is refused in all but one, instead of looking for each way.
	again, err := Encode(q)
	if err != nil {
		return nil, fmt.Errorf("decode a query: %w", errors.Unwrap(err))
	}
	var plain bytes.Buffer
	if err := json.Compact(&plain, text); err != nil || !bytes.Equal(plain.Bytes(), again) {
		return nil, errors.New("decode a query: it isn't written as Pintail writes it")
	}
	return q, nil
}

// jsonError leaves Go's names of types out.
func jsonError(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("byte %d: a JSON %s isn't expected here", kind.Offset, kind.Value)
	}
	return err
}

// A decoder turns a template into a query. The first error stays. That nothing is too deep is left to Encode; of a text of
// bounded length the parser alone bounds the depth well below what the stack holds.
type decoder struct{ err error }

func (d *decoder) fail(what string) {
	if d.err == nil {
		d.err = errors.New(what)
	}
}

// one says that of several kinds exactly one is there.
func (d *decoder) one(what string, there ...bool) {
	n := 0
	for _, is := range there {
		if is {
			n++
		}
	}
	if n != 1 {
		d.fail(fmt.Sprintf("%s is of %d kinds, and must be of one", what, n))
	}
}

func (d *decoder) query(t template) Query {
	d.one("a query", t.Select != nil, t.Insert != nil, t.Update != nil, t.Delete != nil, t.Call != nil, t.Sequence != nil)
	switch {
	case d.err != nil:
	case t.Select != nil:
		return d.sel(t.Select)
	case t.Insert != nil:
		return d.insert(t.Insert)
	case t.Update != nil:
		u := t.Update
		q := &Update{Table: Name(u.Table), Columns: u.Columns, Row: value(u.Row), Default: u.Default, Where: d.expr(u.Where),
			Returning: d.sel(u.Returning), End: End(u.End)}
		for _, a := range u.Alter {
			q.Alter = append(q.Alter, Alter{a.Column, a.How, value(a.Value)})
		}
		return q
	case t.Delete != nil:
		return &Delete{From: Name(t.Delete.From), Where: d.expr(t.Delete.Where), Returning: d.sel(t.Delete.Returning), End: End(t.Delete.End)}
	case t.Call != nil:
		return d.call(t.Call)
	case t.Sequence != nil:
		q := &Sequence{Rollback: t.Sequence.Rollback}
		for _, of := range t.Sequence.Of {
			if of.Sequence != nil {
				d.fail("a sequence stands in a sequence")
			}
			q.Of = append(q.Of, d.query(of))
		}
		return q
	}
	return nil
}

func (d *decoder) insert(t *insertT) *Insert {
	q := &Insert{Into: Name(t.Into), Columns: t.Columns, Rows: value(t.Rows), Default: t.Default, Put: d.expr(t.Put),
		Returning: d.sel(t.Returning), End: End(t.End)}
	if c := t.Conflict; c != nil {
		q.Conflict = &Conflict{Columns: c.Columns, Constraint: c.Constraint, Ignore: c.Ignore, Where: d.expr(c.Where)}
		if c.Update != nil {
			q.Conflict.Update = *c.Update
		}
	}
	for i := range t.Nested {
		n := &t.Nested[i]
		q.Nested = append(q.Nested, Nested{n.Relation, n.Hint, d.insert(&n.Insert), value(n.Parents)})
	}
	return q
}

func (d *decoder) call(t *callT) *Call {
	q := &Call{Function: Name(t.Function), Body: pointer(t.Body), BodyType: t.BodyType, Array: t.Array, ReadOnly: t.ReadOnly, Result: d.sel(t.Result),
		Args: argumentsOf(t.Args), End: End(t.End)}
	if t.Columns != nil {
		q.Columns = *t.Columns
	}
	return q
}

// value stands for any value of its kind; a list has one element, since what is planned for a list is planned for a full one.
func value(t valueT) Value {
	v := Value{Claim: t.Claim, Null: t.Null, IsList: t.List}
	if t.List {
		v.List = []string{""}
	}
	return v
}

func pointer(t *valueT) *Value {
	if t == nil {
		return nil
	}
	return new(value(*t))
}

func (d *decoder) sel(t *selectT) *Select {
	if t == nil {
		return nil
	}
	s := &Select{From: Name(t.From), Items: d.items(t.Items), Where: d.expr(t.Where), Distinct: fieldsOf(t.Distinct), Group: fieldsOf(t.Group),
		Having: d.expr(t.Having), Page: Page{Limit: pointer(t.Limit), Offset: pointer(t.Offset)}, Count: t.Count,
		Form: Form(t.formT), Summary: t.Summary}
	for i := range t.Order {
		o := &t.Order[i]
		one := Order{Relation: o.Relation, Field: fieldOf(o.Field), Aggregate: o.Aggregate, Direction: o.Direction, Nulls: o.Nulls}
		for _, hop := range o.Via {
			one.Via = append(one.Via, Hop(hop))
		}
		s.Order = append(s.Order, one)
	}
	return s
}

func (d *decoder) items(list []itemT) []Item {
	var items []Item
	for _, t := range list {
		d.one("an item", t.Output != nil, t.Embed != nil, t.Nest != nil, t.Nodes != nil, t.Literal != nil)
		switch {
		case d.err != nil:
			return nil
		case t.Output != nil:
			o := t.Output
			items = append(items, &Output{Star: o.Star, Field: fieldOf(o.Field), Cast: o.Cast, Alias: o.As, Aggregate: o.Aggregate,
				AggregateCast: o.AggregateCast, Distinct: o.Distinct, More: fieldsOf(o.More), Args: argumentsOf(o.Args)})
		case t.Embed != nil:
			e := t.Embed
			items = append(items, &Embed{Target: e.Target, Hint: e.Hint, Alias: e.As, Join: e.Join, Spread: e.Spread, Args: argumentsOf(e.Args), Select: d.sel(e.Select)})
		case t.Nest != nil:
			items = append(items, &Nest{t.Nest.Key, d.items(t.Nest.Items)})
		case t.Nodes != nil:
			items = append(items, &Nodes{t.Nodes.Key, d.items(t.Nodes.Items)})
		case t.Literal != nil:
			items = append(items, &Literal{t.Literal.Key, t.Literal.Text})
		}
	}
	return items
}

func argumentsOf(list []argT) (args []Arg) {
	for _, a := range list {
		args = append(args, Arg{a.Name, a.Place, value(a.Value)})
	}
	return args
}

func fieldOf(t fieldT) Field {
	f := Field{Column: t.Column}
	for _, s := range t.Path {
		f.Path = append(f.Path, Step{Index: s.Index, Text: s.Text, Quoted: s.Quoted})
	}
	return f
}

func fieldsOf(list []fieldT) []Field {
	var fields []Field
	for _, t := range list {
		fields = append(fields, fieldOf(t))
	}
	return fields
}

func (d *decoder) exprs(list []exprT) []Expr {
	var of []Expr
	for i := range list {
		of = append(of, d.expr(&list[i]))
	}
	return of
}

func (d *decoder) expr(t *exprT) Expr {
	if t == nil || d.err != nil {
		return nil
	}
	d.one("an expression", t.And != nil, t.Or != nil, t.Not != nil, t.Const != nil, t.Compare != nil, t.Exists != nil, t.Measure != nil, t.Embedded != nil)
	switch {
	case d.err != nil:
	case t.And != nil:
		return &And{d.exprs(*t.And)}
	case t.Or != nil:
		return &Or{d.exprs(*t.Or)}
	case t.Not != nil:
		return &Not{d.expr(t.Not)}
	case t.Const != nil:
		return Const(*t.Const)
	case t.Compare != nil:
		c := t.Compare
		return &Compare{Field: fieldOf(c.Field), Op: c.Op, Any: c.Any, Value: d.operand(c.Op, c.Other, c.Is, c.Value), Lang: c.Lang, AsText: c.AsText, Other: c.Other}
	case t.Embedded != nil:
		return &Embedded{t.Embedded.Name, t.Embedded.Null}
	case t.Exists != nil:
		return &Exists{t.Exists.Relation, t.Exists.Hint, Name(t.Exists.Table), d.expr(t.Exists.Where)}
	case t.Measure != nil:
		m := t.Measure
		return &Measure{Relation: m.Relation, Hint: m.Hint, Where: d.expr(m.Where), Aggregate: m.Aggregate, Fields: fieldsOf(m.Fields),
			Distinct: m.Distinct, Op: m.Op, Any: m.Any, Value: d.operand(m.Op, "", m.Is, m.Value)}
	}
	return nil
}

// operand is what a comparison holds against: for Is its word, with another column nothing.
func (d *decoder) operand(op Op, other, is string, v *valueT) Value {
	switch {
	case op == Is:
		return Text(is)
	case other != "":
	case v == nil:
		d.fail("a comparison has no value")
	default:
		return value(*v)
	}
	return Value{}
}
