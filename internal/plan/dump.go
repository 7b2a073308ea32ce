package plan

import (
	"fmt"
	"strings"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Dump writes a plan as text for people and golden files: one line a thing, indented by depth. Occurrences of tables are
// t0, t1, …; arguments are $0, $1, ….
func Dump(p *Plan) string {
	d := &dumper{}
	d.plan(p)
	d.params(p.Params)
	d.facts(p.Facts)
	return d.b.String()
}

func (d *dumper) plan(p *Plan) {
	switch {
	case p.Op == Sequence:
		d.line("sequence%s", mark(p.End.Rollback, " rollback"))
		for _, step := range p.Steps {
			d.in(func() { d.plan(step) })
		}
		return
	case p.Write != nil:
		d.write([...]string{Insert: "insert", Update: "update", Delete: "delete"}[p.Op], p.Write)
	case p.Call != nil:
		d.call(p.Call)
	}
	if p.Rows != nil {
		d.sel("select", p.Rows)
	}
	d.end(p)
}

type dumper struct {
	b      strings.Builder
	indent int
}

func (d *dumper) line(format string, args ...any) {
	d.b.WriteString(strings.Repeat("  ", d.indent))
	fmt.Fprintf(&d.b, format, args...)
	d.b.WriteByte('\n')
}

func (d *dumper) in(f func()) {
	d.indent++
	f()
	d.indent--
}

func (d *dumper) write(verb string, w *Write) {
	d.line("%s %s t%d", verb, w.Table.Name, w.Alias)
	d.in(func() {
		for i := range w.Nested {
			n := &w.Nested[i]
			d.line("nested %s $%d: %s = %s", map[bool]string{true: "before", false: "after"}[n.Before], n.Parents, columns(n.Taking), columns(n.Giving))
			d.in(func() { d.write("insert", n.Write) })
		}
		if verb != "delete" {
			d.line("set %s from $%d%s", columns(w.Columns), w.Rows, mark(w.Default, " missing=default"))
		}
		if c := w.Conflict; c != nil {
			do := "update " + columns(c.Update)
			if c.Ignore {
				do = "ignore"
			}
			if c.Where != nil {
				do += " where " + expr(c.Where)
			}
			d.line("on conflict %s%s %s", columns(c.Columns), label(" constraint ", c.Constraint), do)
		}
		for _, a := range w.Alter {
			d.line("%s %s $%d", a.How, a.Column.Name, a.Arg)
		}
		if w.Put != nil {
			d.line("put %s", expr(w.Put))
		}
		if w.Where != nil {
			d.line("where %s", expr(w.Where))
		}
	})
}

func (d *dumper) call(c *Invocation) {
	d.line("call %s%s%s", c.Function.Name, mark(c.ReadOnly, " read-only"), mark(c.Scalar, " scalar")+mark(c.Raw, " raw"))
	d.in(func() {
		if c.Body >= 0 {
			d.line("body $%d%s", c.Body, mark(c.Object, " object")+mark(c.Array, " in an array"))
		}
		for _, a := range c.Args {
			from := "body"
			if len(a.Values) > 0 {
				from = places(a.Values)
			}
			d.line("arg %s %s%s = %s", a.Param.Name, a.Param.Type, mark(a.Param.Variadic, " variadic"), from)
		}
	})
}

func handler(h *schema.Handler) string {
	if h == nil {
		return ""
	}
	return " by " + h.Aggregate.String()
}

func (d *dumper) sel(head string, s *Select) {
	from := ""
	switch {
	case s.Source.Table != nil:
		from = s.Source.Table.Name.String()
	case s.Source.Written != nil:
		from = "written " + s.Source.Written.Name.String()
	case s.Source.Called != nil:
		from = "called " + s.Source.Called.Name.String()
	}
	d.line("%s %s t%d%s%s%s%s", head, from, s.Alias, mark(s.Summary, " summary")+mark(s.Grouped, " grouped"), label(" count=", string(s.Count)),
		mark(s.Form.CSV, " csv")+handler(s.Handler), mark(s.Form.StripNulls, " strip-nulls"))
	d.in(func() {
		d.outputs(s.Outputs)
		if s.Where != nil {
			d.line("where %s", expr(s.Where))
		}
		if s.Distinct != nil {
			d.line("distinct %s", operands(s.Distinct))
		}
		if s.Group != nil {
			d.line("group by %s", operands(s.Group))
		}
		if s.Having != nil {
			d.line("having %s", expr(s.Having))
		}
		for _, o := range s.Order {
			d.line("order %s%s%s", ordered(o), label(" ", string(o.Direction)), label(" nulls ", string(o.Nulls)))
		}
		if s.Limit != nil {
			d.line("limit $%d", *s.Limit)
		}
		if s.Offset != nil {
			d.line("offset $%d", *s.Offset)
		}
	})
}

func (d *dumper) outputs(list []Output) {
	for i := range list {
		d.output(&list[i])
	}
}

// ordered is what an order sorts by, with the way to it.
func ordered(o Order) string {
	s := ""
	for _, hop := range o.Via {
		s += fmt.Sprintf("%s t%d by %s: ", hop.Select.Source.Table.Name, hop.Select.Alias, relation(hop.Relation))
	}
	switch {
	case o.Counts:
		return s + "count()"
	case o.Aggregate != "":
		return s + string(o.Aggregate) + "(" + operand(o.Value) + ")"
	}
	return s + operand(o.Value)
}

func operands(of []Operand) string {
	texts := make([]string, len(of))
	for i, o := range of {
		texts[i] = operand(o)
	}
	return strings.Join(texts, " ")
}

func (d *dumper) output(o *Output) {
	switch {
	case o.Nest != nil:
		d.line("nest %q", o.Key)
		d.in(func() { d.outputs(o.Nest) })
		return
	case o.Literal != nil:
		d.line("literal %q %q", o.Key, *o.Literal)
		return
	case o.Nodes != nil:
		d.sel(fmt.Sprintf("nodes %q", o.Key), o.Nodes)
		return
	}
	if e := o.Embed; e != nil {
		d.sel(fmt.Sprintf("embed %q %s%s%s%s by %s", o.Key, one(e.Relation), mark(e.Inner, " inner"),
			mark(e.Spread, " spread"), mark(e.Hidden, " hidden"), relation(e.Relation)+arguments(e.Select.Args))+" from", e.Select)
		return
	}
	value := "*"
	if o.Value != nil {
		value = operand(*o.Value)
	}
	if o.More != nil {
		value += " " + operands(o.More)
	}
	if o.Distinct {
		value = "distinct " + value
	}
	if o.Cast != nil {
		value += "::" + o.Cast.String()
	}
	if o.Aggregate != "" {
		value = string(o.Aggregate) + "(" + value + ")"
	}
	if o.AggregateCast != nil {
		value += "::" + o.AggregateCast.String()
	}
	d.line("output %q %s %s", o.Key, value, o.Type)
}

func (d *dumper) end(p *Plan) {
	e := p.End
	if p.Key != nil {
		d.line("key %s", columns(p.Key))
	}
	if e.Rollback || e.Single || e.MaxAffected != nil {
		d.line("end%s%s%s", mark(e.Rollback, " rollback"), mark(e.Single, " single"), maxAffected(e))
	}
}

func maxAffected(e query.End) string {
	if e.MaxAffected == nil {
		return ""
	}
	return fmt.Sprintf(" max-affected=%d", *e.MaxAffected)
}

func (d *dumper) params(params []Param) {
	for i, p := range params {
		use := [...]string{"unused", "literal", "items", "array", "pattern", "number", "key", "rows", "body", "places"}[p.Use]
		d.line("param $%d %s%s", i, use, label(" ", p.Type.String()))
	}
}

func (d *dumper) facts(f Facts) {
	if len(f.Reads) > 0 {
		d.line("reads %s", tables(f.Reads))
	}
	if len(f.Writes) > 0 {
		d.line("writes %s", tables(f.Writes))
	}
	for _, b := range f.Bound {
		d.line("bound t%d.%s = %s", b.Alias, b.Column.Name, places(b.Args))
	}
	if len(f.Claims) > 0 {
		d.line("claims %s", strings.Join(f.Claims, " "))
	}
	rows := fmt.Sprint(f.RowsMax.Fixed)
	for _, a := range f.RowsMax.Args {
		rows += fmt.Sprintf("·$%d", a)
	}
	if f.RowsMax.Given {
		rows += "·given"
	}
	if f.RowsMax.Unbounded {
		rows = "unbounded"
	}
	d.line("rows %s%s", rows, mark(f.Opaque, " opaque"))
}

func expr(e Expr) string {
	switch e := e.(type) {
	case *And:
		return "(and" + exprs(e.Of) + ")"
	case *Or:
		return "(or" + exprs(e.Of) + ")"
	case *Not:
		return "(not " + expr(e.Of) + ")"
	case Const:
		return fmt.Sprint(bool(e))
	case *Compare:
		right := fmt.Sprintf("$%d", e.Arg)
		switch {
		case e.Op == query.Is:
			right = e.Is
		case e.Other != nil:
			right = operand(*e.Other)
		}
		op := string(e.Op)
		if e.Any != query.One {
			op += "(" + string(e.Any) + ")"
		}
		if e.Lang != "" {
			op += "(" + e.Lang + ")"
		}
		return fmt.Sprintf("(%s%s %s %s)", operand(e.Left), mark(e.AsText, "::text"), op, right)
	case *Exists:
		where := ""
		if e.Select.Where != nil {
			where = " where " + expr(e.Select.Where)
		}
		return fmt.Sprintf("(exists %s t%d by %s%s)", e.Select.Source.Table.Name, e.Select.Alias, relation(e.Relation), where)
	case *Measure:
		of := string(e.Aggregate) + "(" + mark(e.Distinct, "distinct ") + operands(e.Values) + ")"
		if e.Select != nil {
			of += fmt.Sprintf(" of %s t%d by %s", e.Select.Source.Table.Name, e.Select.Alias, relation(e.Relation))
			if e.Select.Where != nil {
				of += " where " + expr(e.Select.Where)
			}
		}
		right := fmt.Sprintf("$%d", e.Arg)
		if e.Op == query.Is {
			right = e.Is
		}
		return fmt.Sprintf("(%s %s %s)", of, e.Op, right)
	case *Embedded:
		return fmt.Sprintf("(%s t%d)", map[bool]string{false: "some", true: "none"}[e.Null], e.Embed.Select.Alias)
	}
	return "true"
}

func exprs(of []Expr) string {
	s := ""
	for _, e := range of {
		s += " " + expr(e)
	}
	return s
}

func operand(o Operand) string {
	s := fmt.Sprintf("t%d.", o.Alias)
	if o.Column != nil {
		s += o.Column.Name
	} else {
		s += o.Computed.Name.Name + "()" + arguments(o.Args)
	}
	for _, step := range o.Path {
		arrow := "->"
		if step.Text {
			arrow = "->>"
		}
		s += fmt.Sprintf("%s$%d%s", arrow, step.Arg, mark(step.Index, "#"))
	}
	return s
}

// arguments writes what a function of the row is given.
func arguments(args []CallArg) string {
	s := ""
	for _, a := range args {
		s += " " + a.Param.Name + "=" + places(a.Values)
	}
	return s
}

func relation(r *schema.Relation) string {
	if r.Computed != nil {
		return r.Computed.Name.String() + "()"
	}
	if t := r.Through; t != nil {
		return columns(r.Columns) + "=" + t.Table.Name.String() + columns(r.References) + columns(t.Columns) + "=" + columns(t.References)
	}
	return columns(r.Columns) + "=" + columns(r.References)
}

func one(r *schema.Relation) string {
	if r.Many {
		return "many"
	}
	return "one"
}

func columns(of []*schema.Column) string {
	names := make([]string, len(of))
	for i, c := range of {
		names[i] = c.Name
	}
	return "(" + strings.Join(names, " ") + ")"
}

func tables(of []*schema.Table) string {
	names := make([]string, len(of))
	for i, t := range of {
		names[i] = t.Name.String()
	}
	return strings.Join(names, " ")
}

func places(of []int) string {
	s := make([]string, len(of))
	for i, n := range of {
		s[i] = fmt.Sprintf("$%d", n)
	}
	return strings.Join(s, " ")
}

func mark(on bool, s string) string {
	if on {
		return s
	}
	return ""
}

func label(head, s string) string {
	if s == "" {
		return ""
	}
	return head + s
}
