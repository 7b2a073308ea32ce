package litesql

import (
	"strconv"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// A selected is a SELECT in the making.
type selected struct {
	cols    []string // "expression AS name"
	row     *Row
	from    string
	joins   string
	where   []string
	group   []string // what the rows are grouped by, where grouped
	having  string
	order   []string
	limit   string
	grouped bool           // the rows are groups
	tied    bool           // a condition or the order speaks of a joined occurrence
	joined  map[int]string // occurrences that are joined rather than asked for in a subquery: a column that is null where one has no row
}

func (s *selected) sql() string {
	sql := "SELECT "
	for i, col := range s.cols {
		if i > 0 {
			sql += ", "
		}
		sql += col
	}
	if len(s.cols) == 0 {
		sql += "1"
	}
	if s.from != "" {
		sql += " FROM " + s.from + s.joins
	}
	if len(s.where) > 0 {
		sql += " WHERE " + join(s.where, " AND ")
	}
	if s.grouped && len(s.group) > 0 {
		sql += " GROUP BY " + join(s.group, ", ")
	}
	if s.having != "" {
		sql += " HAVING " + s.having
	}
	if len(s.order) > 0 {
		sql += " ORDER BY " + join(s.order, ", ")
	}
	return sql + s.limit
}

// add appends a column and gives its place.
func (s *selected) add(sql string) int {
	s.cols = append(s.cols, sql+" AS c"+strconv.Itoa(len(s.cols)))
	return len(s.cols) - 1
}

// addEach appends a column that has one value in each group, if need be by being grouped by.
func (s *selected) addEach(sql string) int {
	at := s.add(sql)
	s.group = append(s.group, strconv.Itoa(at+1))
	return at
}

// A tie gives what stands after FROM for the rows of a Select, and the condition that ties them to the row outside: nothing at the top.
type tie func(*plan.Select) (from, on string)

// top is the tie of the outermost Select.
func (c *compiler) top(s *plan.Select) (from, on string) { return c.source(s), "" }

// selecting builds the SELECT of p.
func (c *compiler) selecting(p *plan.Select, of tie) *selected {
	if p.Summary {
		return c.summary(p, of)
	}
	from, on := of(p)
	q := &selected{row: &Row{}, from: from, joined: map[int]string{}, grouped: p.Group != nil || grouped(p)}
	c.outputs(q, p, p.Outputs, q.row)
	if on != "" {
		q.where = append(q.where, on)
	}
	q.where = append(q.where, c.filters(q, p)...)
	for i := range p.Group {
		x := c.compared(c.expression(&p.Group[i]), false)
		q.group = append(q.group, x.sql+x.collate)
	}
	if p.Having != nil {
		q.having = c.expr(p.Having, p.Alias)
	}
	for i := range p.Order {
		q.order = append(q.order, c.ordered(q, p, &p.Order[i]))
	}
	q.limit = c.limit(p)
	if len(p.Distinct) > 0 {
		c.distinct(q, p)
	}
	if q.paged(p) {
		q.cut(p)
	}
	return q
}

// source is what stands after FROM, with the occurrence's alias.
func (c *compiler) source(p *plan.Select) string {
	switch {
	case p.Source.Table != nil:
		return c.tableName(p.Source.Table) + " AS " + alias(p.Alias)
	case p.Source.Written != nil:
		return c.written(p.Source.Written, p.Alias)
	case p.Source.Called != nil:
		return c.called(p.Source.Called, p.Alias)
	}
	panic("litesql: a select without a source")
}

func (c *compiler) limit(p *plan.Select) string {
	sql := ""
	switch {
	case p.Limit != nil:
		sql = " LIMIT " + c.bind(Bind{As: Number, Arg: *p.Limit})
	case p.Offset != nil:
		sql = " LIMIT -1"
	}
	if p.Offset != nil {
		sql += " OFFSET " + c.bind(Bind{As: Number, Arg: *p.Offset})
	}
	return sql
}

// outputs adds the columns of p's outputs, or of those in one of its Nests, to q and their fields to row.
func (c *compiler) outputs(q *selected, p *plan.Select, outputs []plan.Output, row *Row) {
	for i := range outputs {
		o := &outputs[i]
		switch {
		case o.Embed != nil:
			c.embed(q, p, o.Key, o.Embed, row)
		case o.Nest != nil:
			f := field(o.Key, -1, Form{})
			f.Row = &Row{}
			c.outputs(q, p, o.Nest, f.Row)
			row.Fields = append(row.Fields, f)
		case o.Literal != nil:
			f := field(o.Key, -1, Form{Kind: Text, Type: textType})
			f.Text = value.AppendJSONString(nil, *o.Literal)
			row.Fields = append(row.Fields, f)
		default:
			sql, form := c.output(o)
			row.Fields = append(row.Fields, field(o.Key, q.add(sql), form))
			if q.grouped && o.Aggregate == "" {
				x := c.compared(c.expression(o.Value), false)
				q.group = append(q.group, x.sql+x.collate)
			}
		}
	}
}

// output is a value: operand, cast, aggregate, cast of the aggregate.
func (c *compiler) output(o *plan.Output) (string, Form) {
	if o.Aggregate == "" {
		return c.cast(c.operand(o.Value), outForm(o.Value), o.Cast)
	}
	var values []plan.Operand
	if o.Value != nil {
		values = append([]plan.Operand{*o.Value}, o.More...)
	}
	sql, form := c.aggregated(o.Aggregate, o.Distinct, values, o.Cast)
	return c.cast(sql, form, o.AggregateCast)
}

func (c *compiler) cast(sql string, from Form, to *schema.Type) (string, Form) {
	if to == nil {
		return sql, from
	}
	if err := value.CheckCast(from.Type, *to); err != nil { // also where no row would meet it
		return c.fail(err), from
	}
	sql = "pt_cast(" + c.spec(&Cast{From: from.Type, Storage: from.Storage, To: *to}) + ", " + sql + ")"
	return sql, formOf(*to, schema.OwnStorage)
}

var int8Type = schema.Type{Base: schema.Int8, Name: "bigint"}

// filters are p's own conditions for q: its where, and the inner embeds.
func (c *compiler) filters(q *selected, p *plan.Select) []string {
	var parts []string
	if p.Where != nil {
		parts = append(parts, c.expr(p.Where, p.Alias))
	}
	c.inner(p, func(e *plan.Embed) {
		if q != nil && q.joined[e.Select.Alias] != "" {
			q.tied = true
			parts = append(parts, c.present(e)+" IS NOT NULL")
			return
		}
		parts = append(parts, c.related(e.Relation, e.Select, p.Alias, true))
	})
	return parts
}

// inner calls yield for each embed that drops rows of p. A to-one spread's rows are those of p, so its own embeds are its own affair.
func (c *compiler) inner(p *plan.Select, yield func(*plan.Embed)) {
	for i := range p.Outputs {
		if e := p.Outputs[i].Embed; e != nil && e.Inner && !total(e.Select) {
			yield(e)
		}
	}
}

// total says that a select has exactly one row, whatever it finds: all its outputs are aggregates.
func total(p *plan.Select) bool {
	return p.Summary || p.Grouped && p.Group == nil && p.Having == nil && len(p.Outputs) > 0 && totals(p.Outputs)
}

func totals(outputs []plan.Output) bool {
	for i := range outputs {
		if o := &outputs[i]; o.Aggregate == "" && o.Literal == nil && (o.Nest == nil || !totals(o.Nest)) {
			return false
		}
	}
	return true
}

// conditions are p's conditions where nothing is joined, as for a count.
func (c *compiler) conditions(p *plan.Select) []string { return c.filters(nil, p) }

// ordered is one term of p's order.
func (c *compiler) ordered(q *selected, p *plan.Select, o *plan.Order) string {
	switch {
	case o.Via != nil || o.Aggregate != "":
		return c.orderedVia(p, o)
	case o.Embed == nil:
		return c.sorted(&o.Value, false, o.Direction, o.Nulls)
	case q.joined[o.Embed.Select.Alias] != "":
		q.tied = true
		return c.sorted(&o.Value, true, o.Direction, o.Nulls)
	}
	e := o.Embed
	from, on := c.ties(e.Relation, e.Select, p.Alias)
	where := append([]string{on}, c.conditions(e.Select)...)
	x := c.compared(c.expression(&o.Value), true)
	x.sql = "(SELECT " + x.sql + " FROM " + from + " WHERE " + join(where, " AND ") + " LIMIT 1)"
	return term(x, false, o.Direction, o.Nulls)
}

// orderedVia orders by what a way through relations leads to, or by an aggregate of the group.
func (c *compiler) orderedVia(p *plan.Select, o *plan.Order) string {
	open, end, at := "", "", p.Alias
	var where []string
	for i := range o.Via {
		hop := &o.Via[i]
		from, on := c.ties(hop.Relation, hop.Select, at)
		where = append(append(where, on), c.conditions(hop.Select)...)
		if i > 0 {
			end += " CROSS JOIN "
		}
		end += from
		at = hop.Select.Alias
	}
	if len(o.Via) > 0 {
		open, end = "(SELECT ", " FROM "+end+" WHERE "+join(where, " AND ")
		if o.Aggregate == "" {
			end += " LIMIT 1"
		}
		end += ")"
	}
	var of expression
	if o.Aggregate == "" {
		of = c.expression(&o.Value)
	} else {
		var values []plan.Operand
		if !o.Counts {
			values = []plan.Operand{o.Value}
		}
		sql, form := c.aggregated(o.Aggregate, false, values, nil)
		of = expression{sql: sql, typ: form.Type, storage: form.Storage}
	}
	x := c.compared(of, true)
	x.sql = open + x.sql + end
	return term(x, false, o.Direction, o.Nulls)
}
