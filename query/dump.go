package query

import (
	"fmt"
	"strconv"
	"strings"
)

// Dump writes a query as text for people and golden files: one line a thing, indented by depth, values quoted.
func Dump(q Query) string {
	d := &dumper{}
	d.query(q)
	return d.b.String()
}

func (d *dumper) query(q Query) {
	switch q := q.(type) {
	case *Select:
		d.sel("select from "+q.From.String(), q)
	case *Insert:
		d.line("insert into %s", q.Into)
		d.in(func() { d.insert(q) })
	case *Update:
		d.line("update %s", q.Table)
		d.in(func() {
			d.set(q.Columns, q.Row, q.Default)
			for _, a := range q.Alter {
				d.line("%s %s %s", a.How, a.Column, valueText(a.Value))
			}
			d.where(q.Where)
			d.returning(q.Returning, q.End)
		})
	case *Delete:
		d.line("delete from %s", q.From)
		d.in(func() {
			d.where(q.Where)
			d.returning(q.Returning, q.End)
		})
	case *Call:
		d.line("call %s%s", q.Function, when(q.ReadOnly, " read-only"))
		d.in(func() { d.call(q) })
	case *Sequence:
		d.line("sequence%s", when(q.Rollback, " rolled back"))
		d.in(func() {
			for _, of := range q.Of {
				d.query(of)
			}
		})
	}
}

type dumper struct {
	b     strings.Builder
	depth int
}

func (d *dumper) line(format string, args ...any) {
	d.b.WriteString(strings.Repeat("  ", d.depth))
	fmt.Fprintf(&d.b, format, args...)
	d.b.WriteByte('\n')
}

func (d *dumper) in(f func()) {
	d.depth++
	f()
	d.depth--
}

func (d *dumper) sel(head string, s *Select) {
	d.line("%s%s%s", head, when(s.Summary, " summary")+when(s.Count != "", " count="+string(s.Count)), s.Form.dump())
	d.in(func() {
		d.items(s.Items)
		d.where(s.Where)
		if s.Distinct != nil {
			d.line("distinct %s", fields(s.Distinct))
		}
		if s.Group != nil {
			d.line("group by %s", fields(s.Group))
		}
		if s.Having != nil {
			d.line("having %s", ExprText(s.Having))
		}
		for _, o := range s.Order {
			d.line("order %s%s%s", orderValue(o), when(o.Direction != "", " "+string(o.Direction)), when(o.Nulls != "", " nulls "+string(o.Nulls)))
		}
		if s.Page.Limit != nil {
			d.line("limit %s", s.Page.Limit.Text)
		}
		if s.Page.Offset != nil {
			d.line("offset %s", s.Page.Offset.Text)
		}
	})
}

func (d *dumper) items(items []Item) {
	for _, item := range items {
		switch item := item.(type) {
		case *Output:
			d.line("%s", output(item))
		case *Embed:
			d.sel(embed(item), item.Select)
		case *Literal:
			d.line("%s: literal %q", item.Key, item.Text)
		case *Nest:
			d.line("%s: nest", item.Key)
			d.in(func() { d.items(item.Items) })
		case *Nodes:
			d.line("%s: nodes", item.Key)
			d.in(func() { d.items(item.Items) })
		}
	}
}

func orderValue(o Order) string {
	s := when(o.Relation != "", o.Relation+".")
	for _, hop := range o.Via {
		s += hop.Relation + when(hop.Hint != "", "!"+hop.Hint) + "."
	}
	if o.Aggregate != "" {
		return s + string(o.Aggregate) + "(" + field(o.Field) + ")"
	}
	return s + field(o.Field)
}

func fields(of []Field) string {
	texts := make([]string, len(of))
	for i, f := range of {
		texts[i] = field(f)
	}
	return strings.Join(texts, ", ")
}

func output(o *Output) string {
	if o.Star {
		return "*"
	}
	s := when(o.Alias != "", o.Alias+": ") + field(o.Field) + arguments(o.Args) + when(o.Cast != "", "::"+o.Cast)
	if o.Aggregate != "" {
		s = when(o.Alias != "", o.Alias+": ") + string(o.Aggregate) + "(" + when(o.Distinct, "distinct ") + field(o.Field) +
			when(o.More != nil, ", "+fields(o.More)) + when(o.Cast != "", "::"+o.Cast) + ")"
	}
	return s + when(o.AggregateCast != "", "::"+o.AggregateCast)
}

func embed(e *Embed) string {
	return when(e.Spread, "spread ") + "embed " + when(e.Alias != "", e.Alias+": ") + e.Target + arguments(e.Args) + when(e.Hint != "", " hint="+e.Hint) + when(e.Join != "", " "+string(e.Join))
}

// arguments writes what a function of the row is given; nothing where that is nothing.
func arguments(args []Arg) string {
	texts := make([]string, len(args))
	for i := range args {
		texts[i] = args[i].Key() + " = " + valueText(args[i].Value)
	}
	return when(len(args) > 0, "("+strings.Join(texts, ", ")+")")
}

func field(f Field) string {
	var b strings.Builder
	b.WriteString(f.Column)
	for _, s := range f.Path {
		b.WriteString(map[bool]string{true: "->>", false: "->"}[s.Text])
		if s.Index {
			b.WriteString(s.Key)
		} else {
			b.WriteString(strconv.Quote(s.Key))
		}
	}
	return b.String()
}

func (d *dumper) where(e Expr) {
	if e != nil {
		d.line("where %s", ExprText(e))
	}
}

// ExprText writes an expression on one line.
func ExprText(e Expr) string {
	switch e := e.(type) {
	case *And:
		return "(" + list(e.Of, " and ", "true") + ")"
	case *Or:
		return "(" + list(e.Of, " or ", "false") + ")"
	case *Not:
		return "not " + ExprText(e.Of)
	case Const:
		return strconv.FormatBool(bool(e))
	case *Embedded:
		return e.Name + when(e.Null, " has no rows") + when(!e.Null, " has rows")
	case *Exists:
		if e.Relation == "" {
			return "exists in " + e.Table.String() + when(e.Where != nil, " where "+ExprText(e.Where))
		}
		return "exists " + e.Relation + when(e.Hint != "", " hint="+e.Hint) + when(e.Where != nil, " where "+ExprText(e.Where))
	case *Compare:
		return field(e.Field) + when(e.AsText, "::text") + " " + string(e.Op) + when(e.Any != "", "("+string(e.Any)+")") + when(e.Lang != "", "("+e.Lang+")") + " " + operand(e)
	case *Measure:
		of := when(e.Relation != "", e.Relation+when(e.Hint != "", "!"+e.Hint)+".") + string(e.Aggregate) + "(" +
			when(e.Distinct, "distinct ") + fields(e.Fields) + ")" + when(e.Where != nil, " where "+ExprText(e.Where))
		return "(" + of + ") " + string(e.Op) + when(e.Any != "", "("+string(e.Any)+")") + " " + operand(&Compare{Op: e.Op, Value: e.Value})
	}
	return ""
}

func operand(e *Compare) string {
	if e.Other != "" {
		return e.Other
	}
	if e.Op == Is {
		return e.Value.Text
	}
	return valueText(e.Value)
}

func valueText(v Value) string {
	switch {
	case v.Claim != "":
		return "claim " + v.Claim
	case v.Null:
		return "null"
	case v.IsList:
		quoted := make([]string, len(v.List))
		for i, s := range v.List {
			quoted[i] = strconv.Quote(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	return strconv.Quote(v.Text)
}

func list(of []Expr, between, none string) string {
	if len(of) == 0 {
		return none
	}
	parts := make([]string, len(of))
	for i, e := range of {
		parts[i] = ExprText(e)
	}
	return strings.Join(parts, between)
}

func (d *dumper) insert(q *Insert) {
	d.set(q.Columns, q.Rows, q.Default)
	for _, n := range q.Nested {
		d.line("nested %s%s of rows %s", n.Relation, when(n.Hint != "", "!"+n.Hint), n.Parents.Text)
		d.in(func() { d.insert(n.Insert) })
	}
	if c := q.Conflict; c != nil {
		do := when(c.Ignore, "ignore") + when(!c.Ignore, "update") + when(c.Update != nil, " "+strings.Join(c.Update, ", "))
		d.line("on conflict (%s)%s %s", strings.Join(c.Columns, ", "), when(c.Constraint != "", " "+c.Constraint),
			do+when(c.Where != nil, " where "+ExprText(c.Where)))
	}
	if q.Put != nil {
		d.line("put where %s", ExprText(q.Put))
	}
	d.returning(q.Returning, q.End)
}

func (d *dumper) set(columns []string, rows Value, defaults bool) {
	d.line("set (%s)%s from %s", strings.Join(columns, ", "), when(defaults, " missing=default"), rows.Text)
}

func (d *dumper) returning(s *Select, e End) {
	if s != nil {
		d.sel("returning", s)
	}
	d.end(e)
}

func (d *dumper) end(e End) {
	if e.MaxAffected != nil {
		d.line("at most %d rows", *e.MaxAffected)
	}
	if e.Single {
		d.line("exactly one row")
	}
	if e.Keys {
		d.line("with the key")
	}
	if e.Rollback {
		d.line("rolled back")
	}
}

func (f Form) dump() string {
	return when(f.CSV, " csv") + when(f.StripNulls, " nulls=stripped") + when(f.GeoJSON, " geojson") + when(f.Omit, " omit") +
		when(f.Media != "", " as "+f.Media)
}

func (d *dumper) call(q *Call) {
	for _, a := range q.Args {
		d.line("%s = %s", a.Key(), valueText(a.Value))
	}
	if q.Body != nil {
		d.line("body %s %s", q.BodyType, q.Body.Text)
	}
	if q.Columns != nil {
		d.line("columns %s", strings.Join(q.Columns, ", "))
	}
	if q.Result != nil {
		d.sel("result", q.Result)
	}
	d.end(q.End)
}

// when gives text where it holds, and nothing where it doesn't.
func when(holds bool, text string) string {
	if holds {
		return text
	}
	return ""
}
