package litesql

import (
	"strconv"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/schema"
)

// embed adds related rows to a row. To-one rows are joined, and Go writes them as objects from the same result row;
// to-many rows are a correlated subquery whose rows pt_rows writes as one JSON array.
func (c *compiler) embed(q *selected, p *plan.Select, key string, e *plan.Embed, row *Row) {
	switch {
	case e.Hidden:
	case e.Select.Summary && !e.Spread:
		sql := q.absent(p, c.subquery("pt_row", e, p.Alias))
		row.Fields = append(row.Fields, field(key, q.addEach(sql), Form{Kind: JSON}))
	case e.Select.Summary:
		c.spreadOne(q, p, e, row)
	case e.Relation.Many && e.Spread:
		c.spreadMany(q, p, e, row)
	case e.Relation.Many:
		sql := q.absent(p, c.subquery("pt_rows", e, p.Alias))
		row.Fields = append(row.Fields, field(key, q.addEach(sql), Form{Kind: JSON}))
	case !joinable(e):
		if e.Spread {
			c.spreadOne(q, p, e, row)
			return
		}
		sql := q.absent(p, c.subquery("pt_row", e, p.Alias))
		row.Fields = append(row.Fields, field(key, q.addEach(sql), Form{Kind: JSON}))
	case e.Spread:
		c.joinOne(q, p, e)
		n := len(row.Fields)
		c.outputs(q, e.Select, e.Select.Outputs, row)
		c.lift(q, e, row.Fields[n:])
	default:
		c.joinOne(q, p, e)
		f := field(key, q.addEach(c.present(e)), Form{})
		f.Row = &Row{}
		c.outputs(q, e.Select, e.Select.Outputs, f.Row)
		row.Fields = append(row.Fields, f)
	}
}

// joinable says that a to-one embed can be joined: the database itself holds it to one row, and nothing in it cuts or groups.
func joinable(e *plan.Embed) bool {
	r := e.Relation
	if r.Many || r.Through != nil || r.Computed != nil || r.Foreign == nil || r.To.View != nil || len(r.References) == 0 {
		return false
	}
	s := e.Select
	return s.Limit == nil && s.Offset == nil && (!s.Grouped || e.Spread) && s.Group == nil && len(s.Distinct) == 0 && !s.Summary && s.Source.Table != nil
}

// joinOne joins a to-one relation.
func (c *compiler) joinOne(q *selected, p *plan.Select, e *plan.Embed) {
	from, on := c.ties(e.Relation, e.Select, p.Alias)
	conds := append([]string{on}, c.conditions(e.Select)...)
	q.joins += " LEFT JOIN " + from + " ON " + join(conds, " AND ")
	q.joined[e.Select.Alias] = c.present(e)
}

// lift makes what a joined row's columns don't hold null where that row isn't there.
func (c *compiler) lift(q *selected, e *plan.Embed, fields []Field) {
	at := -1
	for i := range fields {
		if fields[i].Col >= 0 {
			continue
		}
		if at < 0 {
			at = q.addEach(c.present(e))
		}
		fields[i].Col = at
	}
}

// absent makes a subquery of a joined row null where that row isn't there: what is spread has nothing then, not even
// empty arrays.
func (q *selected) absent(p *plan.Select, sql string) string {
	if present := q.joined[p.Alias]; present != "" {
		return "CASE WHEN " + present + " IS NOT NULL THEN " + sql + " END"
	}
	return sql
}

// present is a column that is null exactly where a joined relation has no row: one that the join found equal to something.
func (c *compiler) present(e *plan.Embed) string {
	return column(e.Select.Alias, e.Relation.References[0])
}

// ties gives what stands after FROM for a relation's rows, and the condition that ties them to the row of occurrence outside.
func (c *compiler) ties(r *schema.Relation, s *plan.Select, outside int) (from, on string) {
	if r.Computed != nil || len(r.Columns) == 0 || len(r.Columns) != len(r.References) {
		return c.fail(notYet("computed relations")), "NULL"
	}
	from = c.source(s)
	inside := alias(s.Alias)
	if th := r.Through; th != nil {
		inside = "j" + strconv.Itoa(s.Alias)
		from += " JOIN " + c.tableName(th.Table) + " AS " + inside + " ON "
		for i, col := range th.Columns {
			if i > 0 {
				from += " AND "
			}
			from += column(s.Alias, th.References[i]) + " = " + inside + "." + Ident(col.Name)
		}
	}
	for i, col := range r.References {
		if i > 0 {
			on += " AND "
		}
		on += inside + "." + Ident(col.Name) + " = " + column(outside, r.Columns[i])
	}
	return from, on
}

// related is true where the relation has a row that s lets through. page says whether s's limit counts.
func (c *compiler) related(r *schema.Relation, s *plan.Select, outside int, page bool) string {
	from, on := c.ties(r, s, outside)
	where := append([]string{on}, c.conditions(s)...)
	limit := ""
	if page {
		limit = c.limit(s)
	}
	return "EXISTS (SELECT 1 FROM " + from + " WHERE " + join(where, " AND ") + limit + ")"
}

// inside builds the SELECT of an embed's rows.
func (c *compiler) inside(e *plan.Embed, outside int) *selected {
	return c.selecting(e.Select, func(s *plan.Select) (from, on string) { return c.ties(e.Relation, s, outside) })
}

// subquery is an embed's rows as JSON text: an array by the aggregate pt_rows, or by pt_row one object, null where there is none.
func (c *compiler) subquery(fn string, e *plan.Embed, outside int) string {
	return c.gathered(fn, c.inside(e, outside))
}

// gathered is the rows of q as JSON text.
func (c *compiler) gathered(fn string, q *selected) string {
	if len(q.cols) > argsMax {
		return c.fail(fault.New(fault.ProgramLimit, "target lists can have at most 900 entries in an embedded resource"))
	}
	args := c.spec(q.row)
	for i := range q.cols {
		args += ", c" + strconv.Itoa(i)
	}
	sql := "(SELECT " + fn + "(" + args + ") FROM (" + q.sql() + ")"
	if fn == "pt_row" {
		sql += " LIMIT 1"
	}
	return sql + ")"
}

// argsMax bounds the arguments of one function call; SQLite's own limit is 1,000.
const argsMax = 900

// spreadMany lifts a to-many relation's values as one array a value, all in the same order.
func (c *compiler) spreadMany(q *selected, p *plan.Select, e *plan.Embed, row *Row) {
	q1 := c.inside(e, p.Alias) // to learn the fields; each array is a subquery of its own
	for i := range q1.row.Fields {
		qi := c.inside(e, p.Alias)
		f := qi.row.Fields[i]
		list := &Row{Fields: []Field{f}, Scalar: true, Lines: f.Form.Type.Array && f.Row == nil}
		args := c.spec(list)
		for j := range qi.cols {
			args += ", c" + strconv.Itoa(j)
		}
		sql := q.absent(p, "(SELECT pt_rows("+args+") FROM ("+qi.sql()+"))")
		row.Fields = append(row.Fields, field(f.Name, q.addEach(sql), Form{Kind: JSON}))
	}
}

// spreadOne lifts a to-one relation's values where it can't be joined.
func (c *compiler) spreadOne(q *selected, p *plan.Select, e *plan.Embed, row *Row) {
	q1 := c.inside(e, p.Alias)
	for i := range q1.row.Fields {
		qi := c.inside(e, p.Alias)
		f := qi.row.Fields[i]
		list := &Row{Fields: []Field{f}, Scalar: true}
		args := c.spec(list)
		for j := range qi.cols {
			args += ", c" + strconv.Itoa(j)
		}
		sql := q.absent(p, "(SELECT pt_row("+args+") FROM ("+qi.sql()+") LIMIT 1)")
		row.Fields = append(row.Fields, field(f.Name, q.addEach(sql), Form{Kind: JSON}))
	}
}
