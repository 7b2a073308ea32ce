package pgsql

import (
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// An output is one value of a row, after the outputs of spread relations were lifted into it.
type output struct {
	key   string
	sql   string // before its aggregate
	group string // what the rows are grouped by, where it has no aggregate

	aggregate query.Aggregate
	cast      string        // after the aggregate
	whole     bool          // counts rows
	embed     *plan.Embed   // the to-one spread that it was lifted from
	value     *plan.Operand // what it is there, where it is a plain value
	json      bool          // the value is a document, which can't be compared but as text
}

// Naming says how the values of a subquery are called.
type naming uint8

const (
	keyed    naming = iota // by their keys in the answer
	numbered               // c1, c2, …: what stands around it picks them by place
	raw                    // numbered, and aggregates are left to what stands around it
)

// rows writes a select's rows. Where it is an embed, rel leads to it from parent's row.
func (b *builder) rows(s *plan.Select, rel *schema.Relation, parent *plan.Select, n naming) (string, []output) {
	return b.rowsFor(s, rel, parent, n, grouped(s))
}

// rowsFor is rows; textual writes documents as text, so that the select around can group by them.
func (b *builder) rowsFor(s *plan.Select, rel *schema.Relation, parent *plan.Select, n naming, textual bool) (string, []output) {
	switch {
	case s.Summary:
		return b.summary(s, rel, parent, n)
	case s.Group != nil:
		return b.groups(s, rel, parent, n)
	}
	from, conditions := b.source(s, rel, parent)
	if s.Distinct != nil { // what the rows hold is worked out only for those that remain
		from = b.cut(s, from, append(conditions, b.filters(s, false)...))
		conditions = nil
	}
	cols, joins := b.outputs(s, textual)
	if s.Distinct == nil {
		conditions = append(conditions, b.filters(s, true)...)
	}
	var order string
	var orderJoins []string
	if !single(s, rel) {
		order, orderJoins = b.order(s, cols)
	}
	var q strings.Builder
	if order == "" && b.inserted && s.Source.Written != nil {
		order = "k.n" // as they were given
	}
	q.WriteString("SELECT")
	for i, c := range cols {
		if i > 0 {
			q.WriteByte(',')
		}
		q.WriteByte(' ')
		if n == raw {
			q.WriteString(c.rawSQL())
		} else {
			q.WriteString(c.finalSQL(textual && n == keyed))
		}
		q.WriteString(" AS ")
		if n == keyed {
			q.WriteString(ident(c.key))
		} else {
			q.WriteString("c" + strconv.Itoa(i+1))
		}
	}
	q.WriteString(" FROM " + from)
	for _, j := range append(joins, orderJoins...) {
		q.WriteString(j)
	}
	if len(conditions) > 0 {
		q.WriteString(" WHERE " + strings.Join(conditions, " AND "))
	}
	if n != raw && grouped(s) {
		q.WriteString(groupBy(cols))
	}
	if order != "" {
		q.WriteString(" ORDER BY " + order)
	}
	if s.Distinct == nil {
		q.WriteString(b.page(s))
	}
	return q.String(), cols
}

// rawSQL is the value before any aggregate.
func (c output) rawSQL() string {
	if c.whole && c.sql == "" {
		return "1"
	}
	return c.sql
}

// finalSQL is the value with its aggregate. A document that was grouped as text becomes JSON again.
func (c output) finalSQL(parse bool) string {
	if c.aggregate == "" {
		if c.json && parse {
			return c.sql + "::json"
		}
		return c.sql
	}
	sql := aggregates[c.aggregate] + "(" + c.sql + ")"
	if c.whole && c.sql == "" {
		sql = "count(*)"
	}
	if c.cast != "" {
		return "CAST(" + sql + " AS " + c.cast + ")"
	}
	return sql
}

var aggregates = map[query.Aggregate]string{
	query.Count: "count", query.Sum: "sum", query.Avg: "avg", query.Min: "min", query.Max: "max",
	query.Stddev: "stddev", query.StddevPop: "stddev_pop", query.StddevSamp: "stddev_samp",
	query.Variance: "variance", query.VarPop: "var_pop", query.VarSamp: "var_samp",
	query.BoolAnd: "bool_and", query.BoolOr: "bool_or",
}

func groupBy(cols []output) string {
	var by []string
	for _, c := range cols {
		if c.aggregate == "" && c.group != "" {
			by = append(by, c.group)
		}
	}
	if by == nil {
		return ""
	}
	return " GROUP BY " + strings.Join(by, ", ")
}

// grouped says whether a select aggregates: by an output of its own, or by one of a to-one relation that is spread into it.
func grouped(s *plan.Select) bool {
	for i := range s.Outputs {
		o := &s.Outputs[i]
		if o.Aggregate != "" {
			return true
		}
		if e := o.Embed; e != nil && e.Spread && !e.Hidden && !e.Relation.Many && grouped(e.Select) {
			return true
		}
	}
	return false
}

// outputs writes the values of a row and the joins that they need.
func (b *builder) outputs(s *plan.Select, textual bool) (cols []output, joins []string) {
	if s.Handler != nil && s.Handler.Of != nil {
		return b.wholeRows(s), nil
	}
	for i := range s.Outputs {
		o := &s.Outputs[i]
		switch e := o.Embed; {
		case o.Nest != nil:
			cols = append(cols, output{key: o.Key, sql: b.nest(o.Nest, func(leaf *plan.Output) string { return b.value(s, leaf).finalSQL(false) })})
		case o.Literal != nil:
			cols = append(cols, output{key: o.Key, sql: b.constant(*o.Literal, "::text")})
		case e == nil:
			cols = append(cols, b.value(s, o))
		case e.Hidden:
			// It filters only; see filters.
		case e.Spread:
			lifted, join := b.spread(e, s, textual)
			cols = append(cols, lifted...)
			joins = append(joins, join)
		case textual:
			alias := b.fresh("e")
			joins = append(joins, " LEFT JOIN LATERAL (SELECT ("+b.document(e, s)+")::text AS c1) AS "+alias+" ON TRUE")
			cols = append(cols, output{key: o.Key, sql: alias + ".c1", group: alias + ".c1", json: true})
		default:
			cols = append(cols, output{key: o.Key, sql: "(" + b.document(e, s) + ")"})
		}
	}
	return cols, joins
}

// value writes an output that is no embed.
func (b *builder) value(s *plan.Select, o *plan.Output) output {
	c := output{key: o.Key, aggregate: o.Aggregate}
	if o.Aggregate != "" && aggregates[o.Aggregate] == "" {
		b.broken("unknown aggregate %q", o.Aggregate)
	}
	if o.AggregateCast != nil {
		c.cast = b.typeName(*o.AggregateCast)
	}
	if o.Value == nil {
		if o.Aggregate != query.Count {
			b.broken("output %q has neither value nor embed", o.Key)
		}
		c.whole = true
		return c
	}
	c.sql = b.operand(o.Value)
	c.group, c.value = c.sql, o.Value
	if d := o.Value.Type.Domain; d != nil && d.ToJSON != "" && len(o.Value.Path) == 0 && !o.Value.Type.Array {
		c.sql = function(d.ToJSON) + "(" + c.sql + ")"
	}
	if o.Cast != nil {
		c.sql = "CAST(" + c.sql + " AS " + b.typeName(*o.Cast) + ")"
	}
	if len(o.More) > 0 {
		for i := range o.More {
			c.sql += ", " + b.operand(&o.More[i])
		}
		c.sql = "(" + c.sql + ")"
	}
	if o.Distinct && o.Aggregate != "" {
		c.sql = "DISTINCT " + c.sql
	}
	return c
}

// document writes the embedded rows of one row as one JSON value: an object or null, or an array. It is a subquery of the
// select list: PostgreSQL computes it after the order and the limit of the rows around it.
func (b *builder) document(e *plan.Embed, parent *plan.Select) string {
	rows, _ := b.rows(e.Select, e.Relation, parent, keyed)
	switch {
	case e.Select.Summary:
		return "SELECT row_to_json(r.*) FROM (" + rows + ") AS r"
	case e.Relation.Many:
		return "SELECT coalesce(json_agg(r.*), '[]') FROM (" + rows + ") AS r"
	}
	return "SELECT row_to_json(r.*) FROM (" + rows + one(e) + ") AS r"
}

// single says whether the database itself holds a relation to one row, which then needs no order: without one PostgreSQL
// makes a plain join of it.
func single(s *plan.Select, rel *schema.Relation) bool {
	return rel != nil && !rel.Many && rel.Foreign != nil && rel.To.View == nil
}

// one cuts any other to-one relation to one row.
func one(e *plan.Embed) string {
	if single(e.Select, e.Relation) || e.Select.Limit != nil || e.Select.Offset != nil {
		return ""
	}
	return " LIMIT 1"
}

// spread joins a relation and gives its outputs as the parent's. Those of a to-many relation become arrays.
func (b *builder) spread(e *plan.Embed, parent *plan.Select, textual bool) (lifted []output, join string) {
	alias := b.fresh("e")
	join = " LEFT JOIN LATERAL ("
	if e.Inner {
		join = " JOIN LATERAL ("
	}
	if !e.Relation.Many {
		rows, cols := b.rowsFor(e.Select, e.Relation, parent, raw, textual)
		for i, c := range cols {
			c.sql = alias + ".c" + strconv.Itoa(i+1)
			c.group, c.embed = c.sql, e
			lifted = append(lifted, c)
		}
		return lifted, join + rows + one(e) + ") AS " + alias + " ON TRUE"
	}
	rows, cols := b.rows(e.Select, e.Relation, parent, numbered)
	var lists []string
	for i, c := range cols {
		n := "c" + strconv.Itoa(i+1)
		list := "coalesce(json_agg(s." + n + "), '[]')"
		if c.json {
			list = "coalesce(json_agg(s." + n + "::json), '[]')"
		}
		if textual {
			list += "::text"
		}
		lists = append(lists, list+" AS "+n)
		sql := alias + "." + n
		lifted = append(lifted, output{key: c.key, sql: sql, group: sql, json: textual})
	}
	join += "SELECT " + strings.Join(lists, ", ") + " FROM (" + rows + ") AS s"
	if e.Inner {
		join += " HAVING count(*) > 0"
	}
	return lifted, join + ") AS " + alias + " ON TRUE"
}

// order writes the order and the joins that it needs. Grouped rows sort by a related value that they are grouped by.
func (b *builder) order(s *plan.Select, cols []output) (order string, joins []string) {
	var terms []string
	for i := range s.Order {
		o := &s.Order[i]
		term := lifted(cols, o)
		switch {
		case o.Via != nil || o.Aggregate != "":
			term = b.orderVia(s, o)
		case o.Embed == nil:
			term = b.operand(&o.Value)
		case term == "" || !grouped(s):
			alias := b.fresh("o")
			from, conditions := b.source(o.Embed.Select, o.Embed.Relation, s)
			conditions = append(conditions, b.filters(o.Embed.Select, false)...)
			joins = append(joins, " LEFT JOIN LATERAL (SELECT "+b.operand(&o.Value)+" AS c1 FROM "+from+where(conditions)+one(o.Embed)+
				") AS "+alias+" ON TRUE")
			term = alias + ".c1"
		}
		if o.Direction == query.Desc {
			term += " DESC"
		}
		switch o.Nulls {
		case query.NullsFirst:
			term += " NULLS FIRST"
		case query.NullsLast:
			term += " NULLS LAST"
		}
		terms = append(terms, term)
	}
	return strings.Join(terms, ", "), joins
}

// lifted finds the value that an order names among those that a spread lifted.
func lifted(cols []output, o *plan.Order) string {
	for _, c := range cols {
		if v := c.value; c.embed != nil && c.embed == o.Embed && v != nil && c.aggregate == "" &&
			v.Column == o.Value.Column && v.Computed == o.Value.Computed && len(v.Path)+len(o.Value.Path)+len(v.Args) == 0 {
			return c.group
		}
	}
	return ""
}

func where(conditions []string) string {
	if len(conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(conditions, " AND ")
}

func (b *builder) page(s *plan.Select) string {
	var page string
	if s.Limit != nil {
		page = " LIMIT " + b.arg(*s.Limit, "")
	}
	if s.Offset != nil {
		page += " OFFSET " + b.arg(*s.Offset, "")
	}
	return page
}

// counted writes the rows that a count counts: those of all pages.
func (b *builder) counted(s *plan.Select) string {
	if grouped(s) || s.Group != nil || s.Distinct != nil || s.Summary {
		all := *s
		all.Limit, all.Offset, all.Order = nil, nil, nil
		rows, _ := b.rows(&all, nil, nil, numbered)
		return rows
	}
	from, conditions := b.source(s, nil, nil)
	return "SELECT 1 FROM " + from + where(append(conditions, b.filters(s, false)...))
}
