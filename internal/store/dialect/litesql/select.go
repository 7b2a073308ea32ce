package litesql

import (
	"fmt"
	"strconv"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A selected is a SELECT in the making.
type selected struct {
	cols   []string // "expression AS name"
	row    *Row
	from   string
	joins  string
	where  []string
	group  []string // the columns that aren't aggregates: their places, or what they are before a cast
	totals bool     // an aggregate was met
	order  []string
	limit  string
	tied   bool           // a condition or the order speaks of a joined occurrence
	joined map[int]string // occurrences that are joined rather than asked for in a subquery: a column that is null where one has no row
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
	sql += " FROM " + s.from + s.joins
	if len(s.where) > 0 {
		sql += " WHERE " + join(s.where, " AND ")
	}
	if s.totals && len(s.group) > 0 {
		sql += " GROUP BY " + join(s.group, ", ")
	}
	if len(s.order) > 0 {
		sql += " ORDER BY " + join(s.order, ", ")
	}
	return sql + s.limit
}

// add appends a column and gives its place.
func (s *selected) add(sql string, aggregate bool) int {
	s.cols = append(s.cols, sql+" AS c"+strconv.Itoa(len(s.cols)))
	if aggregate {
		s.totals = true
	} else {
		s.group = append(s.group, strconv.Itoa(len(s.cols)))
	}
	return len(s.cols) - 1
}

// selecting builds the SELECT of p; on, where not empty, is what ties it to the row outside.
func (c *compiler) selecting(p *plan.Select, on string) *selected {
	q := &selected{row: &Row{}, from: c.source(p), joined: map[int]string{}}
	c.outputs(q, p, q.row)
	if on != "" {
		q.where = append(q.where, on)
	}
	q.where = append(q.where, c.filters(q, p)...)
	for i := range p.Order {
		q.order = append(q.order, c.ordered(q, p, &p.Order[i]))
	}
	q.limit = c.limit(p)
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

// outputs adds the columns of p's outputs to q and their fields to row.
func (c *compiler) outputs(q *selected, p *plan.Select, row *Row) {
	for i := range p.Outputs {
		o := &p.Outputs[i]
		if o.Embed != nil {
			c.embed(q, p, o.Key, o.Embed, row)
			continue
		}
		sql, form := c.output(o)
		row.Fields = append(row.Fields, field(o.Key, q.add(sql, o.Aggregate != ""), form))
		if o.Aggregate == "" && o.Cast != nil && len(o.Value.Path) == 0 {
			q.group[len(q.group)-1] = c.operand(o.Value)
		}
	}
}

// output is a value: operand, cast, aggregate, cast of the aggregate.
func (c *compiler) output(o *plan.Output) (string, Form) {
	if o.Value == nil { // count()
		sql, form := "count(*)", Form{Kind: Int, Type: int8Type}
		return c.cast(sql, form, o.AggregateCast)
	}
	sql, form := c.operand(o.Value), outForm(o.Value)
	sql, form = c.cast(sql, form, o.Cast)
	if o.Aggregate == "" {
		return sql, form
	}
	sql, form = c.aggregate(o.Aggregate, o, sql, form)
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

// aggregate gives PostgreSQL's aggregates with its result types (manual, 9.21).
func (c *compiler) aggregate(fn query.Aggregate, o *plan.Output, sql string, f Form) (string, Form) {
	b := base(f.Type)
	if f.Kind == Foreign && fn != query.Count {
		sql = "pt_own(" + c.spec(&Own{Type: f.Type, Storage: f.Storage}) + ", " + sql + ")"
		f = formOf(f.Type, schema.OwnStorage)
	}
	switch fn {
	case query.Count:
		return "count(" + sql + ")", Form{Kind: Int, Type: int8Type}
	case query.Sum, query.Avg:
		t, err := value.AggregateType(fn, f.Type)
		if err != nil {
			return c.fail(err), f
		}
		if fn == query.Sum && (b == schema.Int2 || b == schema.Int4) {
			return "sum(" + sql + ")", Form{Kind: Int, Type: int8Type}
		}
		return "pt_" + string(fn) + "(" + c.spec(&Own{Type: f.Type, Storage: f.Storage}) + ", " + sql + ")", formOf(t, schema.OwnStorage)
	case query.Min, query.Max:
		name := string(fn)
		switch b {
		case schema.Numeric:
			if f.Kind == Numeric {
				sql += " COLLATE pt_numeric"
			}
			return name + "(" + sql + ")", f
		case schema.TimeTZ:
			return name + "(" + sql + " COLLATE pt_timetz)", f
		case schema.Interval:
			return name + "(" + sql + " COLLATE pt_interval)", f
		case schema.EnumBase:
			if f.Type.Enum == nil {
				break
			}
			return "pt_label(" + c.spec(f.Type.Enum) + ", " + name + "(pt_rank(" + c.spec(f.Type.Enum) + ", " + sql + ")))", f
		default:
			if f.Type.Array {
				sql += " COLLATE pt_array"
			}
			return name + "(" + sql + ")", f
		}
	}
	return c.fail(notYet(fmt.Sprintf("%s of type %s", fn, f.Type))), f
}

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
	for i := range p.Outputs {
		if p.Outputs[i].Aggregate == "" {
			return false
		}
	}
	return p.Grouped && len(p.Outputs) > 0
}

// conditions are p's conditions where nothing is joined, as for a count.
func (c *compiler) conditions(p *plan.Select) []string { return c.filters(nil, p) }

// ordered is one term of p's order.
func (c *compiler) ordered(q *selected, p *plan.Select, o *plan.Order) string {
	if o.Embed == nil || q.joined[o.Embed.Select.Alias] != "" {
		sql := ""
		if o.Embed != nil {
			sql = "\x00" // joined: null where there is no row
			q.tied = true
		}
		return c.sorted(&o.Value, sql, o.Direction, o.Nulls)
	}
	e := o.Embed
	from, on := c.ties(e.Relation, e.Select, p.Alias)
	where := append([]string{on}, c.conditions(e.Select)...)
	return c.sorted(&o.Value, "(SELECT \x00 FROM "+from+" WHERE "+join(where, " AND ")+" LIMIT 1)", o.Direction, o.Nulls)
}
