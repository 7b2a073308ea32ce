package pgsql

import (
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/schema"
)

// summary writes the one row that says something about the rows of a page: aggregates over them, computed once below, and
// the rows themselves.
func (b *builder) summary(s *plan.Select, rel *schema.Relation, parent *plan.Select, n naming) (string, []output) {
	from, conditions := b.source(s, rel, parent)
	conditions = append(conditions, b.filters(s, false)...)
	if s.Limit != nil || s.Offset != nil || s.Distinct != nil {
		from, conditions = b.cut(s, from, conditions), nil
	}
	t := &tree{b: b, s: s, rel: rel, parent: parent, alias: b.fresh("a")}
	cols := t.outputs(s.Outputs)
	sql := selecting(cols, n)
	if len(t.leaves) > 0 {
		sql += " FROM (" + t.below() + " FROM " + from + where(conditions) + ") AS " + t.alias
	}
	return sql, cols
}

// groups writes a row for each group: its values are computed below, where the groups are filtered, ordered and cut.
func (b *builder) groups(s *plan.Select, rel *schema.Relation, parent *plan.Select, n naming) (string, []output) {
	from, conditions := b.source(s, rel, parent)
	conditions = append(conditions, b.filters(s, false)...)
	t := &tree{b: b, s: s, rel: rel, parent: parent, alias: b.fresh("a")}
	cols := t.outputs(s.Outputs)
	by := make([]string, len(s.Group))
	for i := range s.Group {
		by[i] = b.operand(&s.Group[i])
	}
	sql := t.below() + " FROM " + from + where(conditions) + " GROUP BY " + strings.Join(by, ", ")
	if s.Having != nil {
		sql += " HAVING " + b.expr(s.Having, s)
	}
	if order, _ := b.order(s, nil); order != "" {
		sql += " ORDER BY " + order
	}
	return selecting(cols, n) + " FROM (" + sql + b.page(s) + ") AS " + t.alias, cols
}

// selecting writes the select list of finished values.
func selecting(cols []output, n naming) string {
	list := make([]string, len(cols))
	for i, c := range cols {
		list[i] = c.sql + " AS c" + strconv.Itoa(i+1)
		if n == keyed {
			list[i] = c.sql + " AS " + ident(c.key)
		}
	}
	return "SELECT " + strings.Join(list, ", ")
}

// cut writes the rows of a page as a relation that has the name of the rows' own: what stands around it can't tell it from
// the table.
func (b *builder) cut(s *plan.Select, from string, conditions []string) string {
	alias := b.alias(s.Alias)
	sql := "SELECT "
	if s.Distinct != nil {
		on := make([]string, len(s.Distinct))
		for i := range s.Distinct {
			on[i] = b.operand(&s.Distinct[i])
		}
		sql += "DISTINCT ON (" + strings.Join(on, ", ") + ") "
	}
	order, joins := b.order(s, nil)
	sql += alias + ".* FROM " + from + strings.Join(joins, "") + where(conditions)
	if order != "" {
		sql += " ORDER BY " + order
	}
	return "(" + sql + b.page(s) + ") AS " + alias
}

// A tree writes nested objects of values that a relation below computes: each value is one numbered column there.
type tree struct {
	b      *builder
	s      *plan.Select
	rel    *schema.Relation
	parent *plan.Select
	alias  string   // of the relation below
	leaves []string // its columns
}

// below selects the columns that the objects are made of.
func (t *tree) below() string {
	if len(t.leaves) == 0 {
		return "SELECT 1"
	}
	list := make([]string, len(t.leaves))
	for i, sql := range t.leaves {
		list[i] = sql + " AS c" + strconv.Itoa(i+1)
	}
	return "SELECT " + strings.Join(list, ", ")
}

func (t *tree) outputs(list []plan.Output) []output {
	cols := make([]output, len(list))
	for i := range list {
		cols[i] = output{key: list[i].Key, sql: t.output(&list[i])}
	}
	return cols
}

func (t *tree) output(o *plan.Output) string {
	b := t.b
	switch {
	case o.Nest != nil:
		return b.nest(o.Nest, t.output)
	case o.Literal != nil:
		return b.constant(*o.Literal, "::text")
	case o.Nodes != nil:
		rows, _ := b.rows(o.Nodes, t.rel, t.parent, keyed)
		return "(SELECT coalesce(json_agg(r.*), '[]') FROM (" + rows + ") AS r)"
	case o.Embed != nil:
		b.broken("an embed in a summary or a group")
	}
	t.leaves = append(t.leaves, b.value(t.s, o).finalSQL(false))
	return t.alias + ".c" + strconv.Itoa(len(t.leaves))
}

// nest writes an object of values, each by leaf.
func (b *builder) nest(list []plan.Output, leaf func(*plan.Output) string) string {
	cols := make([]output, len(list))
	for i := range list {
		o := &list[i]
		cols[i].key = o.Key
		switch {
		case o.Nest != nil:
			cols[i].sql = b.nest(o.Nest, leaf)
		case o.Literal != nil:
			cols[i].sql = b.constant(*o.Literal, "::text")
		default:
			cols[i].sql = leaf(o)
		}
	}
	if len(cols) == 0 {
		return "'{}'::json"
	}
	return "(SELECT row_to_json(n.*) FROM (" + selecting(cols, keyed) + ") AS n)"
}

// way joins the relations of a way, the first one to the row of s, and gives the conditions that tie them together.
func (b *builder) way(s *plan.Select, hops []plan.Hop) (from string, conditions []string) {
	for i := range hops {
		f, c := b.source(hops[i].Select, hops[i].Relation, s)
		if i > 0 {
			from += " CROSS JOIN "
		}
		from += f
		conditions = append(append(conditions, c...), b.filters(hops[i].Select, false)...)
		s = hops[i].Select
	}
	return from, conditions
}

// orderVia writes what is sorted by at the end of a way, or an aggregate of the group.
func (b *builder) orderVia(s *plan.Select, o *plan.Order) string {
	from, conditions := b.way(s, o.Via) // first, so that the value's occurrence is known
	value := ""
	if !o.Counts {
		value = b.operand(&o.Value)
	}
	switch {
	case len(o.Via) == 0:
		return aggregate(aggregates[o.Aggregate], value)
	case o.Aggregate != "":
		return "(SELECT " + aggregate(aggregates[o.Aggregate], value) + " FROM " + from + where(conditions) + ")"
	}
	return "(SELECT " + value + " FROM " + from + where(conditions) + " LIMIT 1)"
}

// aggregate writes an aggregate of a value; without one it counts rows.
func aggregate(fn, value string) string {
	if value == "" {
		value = "*"
	}
	return fn + "(" + value + ")"
}

// measure writes a condition on an aggregate: of related rows, or of the group.
func (b *builder) measure(m *plan.Measure, s *plan.Select) string {
	var from string
	var conditions []string
	if m.Relation != nil {
		from, conditions = b.way(s, []plan.Hop{{Relation: m.Relation, Select: m.Select}})
	}
	values := make([]string, len(m.Values))
	for i := range m.Values {
		values[i] = b.operand(&m.Values[i])
	}
	value := strings.Join(values, ", ")
	if len(values) > 1 {
		value = "(" + value + ")"
	}
	if m.Distinct && value != "" {
		value = "DISTINCT " + value
	}
	left := aggregate(aggregates[m.Aggregate], value)
	if m.Relation != nil {
		left = "(SELECT " + left + " FROM " + from + where(conditions) + ")"
	}
	return b.compared(left, &plan.Compare{Left: plan.Operand{Type: m.Type}, Op: m.Op, Any: m.Any, Arg: m.Arg, Is: m.Is})
}
