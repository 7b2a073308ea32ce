package pgsql

import (
	"maps"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// call writes a plan that calls a function or runs a named query. It stands in front as a common table expression, so that
// it runs once, whatever is then filtered, counted and embedded.
func (b *builder) call(p *plan.Plan) {
	c, f := p.Call, p.Call.Function
	b.out.Schema = b.foreign(f.Name.Schema)
	for _, name := range slices.Sorted(maps.Keys(f.Settings)) {
		b.out.Settings = append(b.out.Settings, [2]string{name, f.Settings[name]})
	}
	switch {
	case f.Query != nil && f.Returns.Void:
		// A change runs whether or not its result is read, and may have none.
		rows := "0"
		if !f.Query.Writes {
			rows = "(SELECT count(*) FROM " + b.called + ")"
		}
		b.out.Columns = []Column{Rows, Status, Headers}
		b.out.SQL = "WITH " + b.called + " AS (" + b.named(c) + ") SELECT " + rows + settings
		return
	case f.Returns.Void:
		b.out.Columns = []Column{Rows, Status, Headers}
		// The row is counted whole so that its value, which may be null, is computed.
		b.out.SQL = "SELECT count(r.*)" + settings + " FROM (SELECT " + b.invocation(c) + " AS v" + b.arguments(c) + ") AS r"
		return
	case c.Scalar:
		b.scalar(p)
		return
	}
	s := p.Rows
	if s == nil {
		b.broken("a call without a result")
	}
	b.form(s)
	rows, cols := b.rows(s, nil, nil, keyed)
	b.head(cols)
	body := b.body()
	if !f.Returns.SetOf && (b.out.Form == JSON || b.out.Form == Stripped) {
		body = "coalesce(" + strip(b.out.Form, "json_agg(r.*)->0") + ", 'null')"
	}
	if s.Form.Omit {
		body = "NULL"
	}
	total := b.total(s)
	b.out.Columns = []Column{Rows, Body, Status, Headers}
	b.out.SQL = "SELECT " + tally(s) + ", " + body + settings
	if total != "" {
		b.out.Columns = append(b.out.Columns, Total)
		b.out.SQL += ", " + total
	}
	b.out.SQL = "WITH " + b.called + " AS (" + b.result(c) + ") " + b.out.SQL + " FROM (" + rows + ") AS r"
}

func strip(f Form, sql string) string {
	if f == Stripped {
		return "json_strip_nulls(" + sql + ")"
	}
	return sql
}

// result writes the rows that a call gives, and where functions of the row are used, each row as one value too.
func (b *builder) result(c *plan.Invocation) string {
	f := c.Function
	if f.Query != nil {
		return b.named(c)
	}
	row := ""
	if b.returnedRow {
		row = ", (f.*)::" + b.qualified(f.Returns.Table.Name) + " AS " + rowColumn(f.Returns.Table)
	}
	if c.Object {
		return "SELECT f.*" + row + b.arguments(c) + ", " + b.invocation(c) + " AS f"
	}
	return "SELECT f.*" + row + " FROM " + b.invocation(c) + " AS f"
}

// scalar writes a call whose result is one bare value, or an array of them.
func (b *builder) scalar(p *plan.Plan) {
	c := p.Call
	if p.Rows != nil {
		b.form(p.Rows)
	}
	with, rows := b.scalarRows(p)
	if with != "" {
		with = "WITH " + b.called + " AS (" + with + ") "
	}
	body := "coalesce(" + strip(b.out.Form, "json_agg(r.v)->0") + ", 'null')"
	switch {
	case c.Raw:
		body = b.raw(c.Function.Returns.Type)
	case b.out.Form == Handled:
		body = b.handled("r.v")
	case b.out.Form == CSV:
		b.out.Head = c.Function.Name.Name
		body = b.body()
	case c.Function.Returns.SetOf:
		body = "coalesce(" + strip(b.out.Form, "json_agg(r.v)") + ", '[]')"
	}
	b.out.Columns = []Column{Rows, Body, Status, Headers}
	b.out.SQL = with + "SELECT count(*), " + body + settings
	if p.Rows != nil && p.Rows.Count == query.ExactCount && p.Rows.Limit == nil && p.Rows.Offset == nil {
		b.out.Columns = append(b.out.Columns, Total)
		b.out.SQL += ", count(*)"
	}
	b.out.SQL += " FROM (" + rows + ") AS r"
}

// raw writes the one value of r as its type writes itself (a cast of xml to text would keep an empty first line), null as nothing.
// Bytes come in hexadecimal, which whoever reads them undoes.
func (b *builder) raw(t schema.Type) string {
	b.out.Hex = t.Kind() == schema.Bytea
	return "coalesce(string_agg(concat(r.v), ''), '')"
}

// scalarRows writes the values v that a call gives, with the common table expression that they come from, if any.
func (b *builder) scalarRows(p *plan.Plan) (cte, rows string) {
	c := p.Call
	if c.Function.Query != nil {
		cte = b.named(c)
		rows = "SELECT q.v FROM " + b.called + " AS q(v)"
	} else {
		rows = "SELECT " + b.invocation(c) + " AS v" + b.arguments(c)
	}
	if p.Rows != nil {
		rows = "SELECT q.v FROM (" + rows + ") AS q" + b.page(p.Rows)
	}
	return cte, rows
}

// arguments writes the relation b that holds the arguments of a JSON body, where they come so.
func (b *builder) arguments(c *plan.Invocation) string {
	if !c.Object || len(c.Args) == 0 {
		return b.none(c)
	}
	types := make([]string, len(c.Args))
	for i, a := range c.Args {
		types[i] = ident(a.Param.Name) + " " + b.loose(argType(a.Param))
	}
	return " FROM json_to_record(" + b.object(c) + ") AS b(" + strings.Join(types, ", ") + ")"
}

// object writes the JSON object that holds the arguments.
func (b *builder) object(c *plan.Invocation) string {
	body := b.arg(c.Body, "::json")
	if c.Array {
		return body + "->0"
	}
	return body
}

// none stands where a body is taken that has no argument in it.
func (b *builder) none(c *plan.Invocation) string {
	if c.Object {
		return " FROM (SELECT 1) AS b"
	}
	return ""
}

// argType is the type that a function's parameter takes: a variadic one takes an array.
func argType(a *schema.Arg) schema.Type {
	t := a.Type
	if a.Variadic {
		t.Array = true
	}
	return t
}

// invocation writes the function and its arguments. Those without a name come first, by place.
func (b *builder) invocation(c *plan.Invocation) string {
	name := b.qualified(c.Function.Name)
	if c.Body >= 0 && !c.Object {
		t := c.Function.Args[0].Type
		if t.Base == schema.Bytea {
			return name + "(" + b.placeholder(parameter{arg: c.Body, cast: "::bytea"}, Bind{Arg: c.Body, Hex: true}) + ")"
		}
		return name + "(" + b.arg(c.Body, "::"+b.typeName(t)) + ")"
	}
	if !c.Object {
		return name + "(" + b.notation("", c.Args) + ")"
	}
	args := make([]string, len(c.Args))
	for i, a := range c.Args {
		args[i] = passed(a.Param, "b."+ident(a.Param.Name), true)
	}
	return name + "(" + strings.Join(args, ", ") + ")"
}

// notation writes the arguments of a function, behind the row that it takes first, if any: by place as far as the last one that has
// no name, then by name (PostgreSQL's mixed notation).
func (b *builder) notation(row string, args []plan.CallArg) string {
	var list []string
	if row != "" {
		list = append(list, row)
	}
	last := -1
	for i := range args {
		if args[i].Param.Name == "" {
			last = i
		}
	}
	for i, a := range args {
		list = append(list, passed(a.Param, b.callValue(a), i > last))
	}
	return strings.Join(list, ", ")
}

// passed writes one argument, by its name where that is wanted.
func passed(p *schema.Arg, value string, byName bool) string {
	if byName {
		value = ident(p.Name) + " => " + value
	}
	if p.Variadic {
		value = "VARIADIC " + value
	}
	return value
}

// callValue writes an argument that came by itself: the last one where it came several times, or all of them as an array.
func (b *builder) callValue(a plan.CallArg) string {
	cast := "::" + b.loose(argType(a.Param))
	if a.Param.Variadic {
		b.binds = append(b.binds, Bind{Arg: -1, Args: a.Values})
		return b.last() + cast
	}
	return b.arg(a.Values[len(a.Values)-1], cast)
}
