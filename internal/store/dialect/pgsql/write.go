package pgsql

import (
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// insertedSetting counts, for the transaction, the rows of an upsert that were not there before: each row that goes in
// adds one and each row that turns out to be there takes one away, as PostgREST does.
const insertedSetting = "pintail.inserted"

// forget lets the next upsert of the transaction count from nothing; it is empty.
const forget = "set_config('" + insertedSetting + "', '', true)"

// write writes a plan that changes a table. The change stands in front as a common table expression, and what comes back
// is read from the rows that it returns.
func (b *builder) write(p *plan.Plan) {
	w := p.Write
	b.out.Schema = b.foreign(w.Table.Name.Schema)
	if len(w.Nested) > 0 {
		b.nested(w, nil)
	}
	// What the rest of the statement needs of the rows decides what the change returns, so it is written first.
	body, left := "", ""
	switch {
	case p.Rows != nil && answersAfter(p):
		b.out.Answer = b.answer(p)
		b.out.Form, b.out.Head = b.out.Answer.Form, b.out.Answer.Head
		left = b.leaveKeys(w.Table)
	case p.Rows != nil:
		b.form(p.Rows)
		rows, cols := b.rows(p.Rows, nil, nil, keyed)
		b.head(cols)
		body = ", count(*), " + b.body() + " FROM (" + rows + ") AS r"
	}
	given := ""
	if len(b.giving) > 0 {
		given = ", " + b.given()
	}
	key := "NULL"
	if len(p.Key) > 0 {
		// In the order of the table, which is how PostgREST's Location has them.
		b.out.Key = slices.SortedFunc(slices.Values(p.Key), func(a, b *schema.Column) int { return a.Position - b.Position })
		var parts []string
		for _, c := range b.out.Key {
			b.need(c)
			parts = append(parts, written+"."+ident(c.Name))
		}
		key = "(SELECT json_build_array(" + strings.Join(parts, ", ") + ") FROM " + written + " LIMIT 1)"
	}
	var change string
	switch p.Op {
	case plan.Insert:
		change = b.insert(w)
	case plan.Update:
		change = b.update(w)
	case plan.Delete:
		change = "DELETE FROM " + b.table(w.Table.Name) + " AS " + b.alias(w.Alias) + b.whereWrite(w) + b.returning(w)
	}
	inserted := "NULL"
	if p.Op == plan.Insert && upserts(w) {
		inserted = "nullif(concat(current_setting('" + insertedSetting + "', true), " + forget + "), '')"
	}
	b.out.Columns = []Column{Affected, Inserted, Key, Status, Headers}
	b.out.SQL = "WITH " + written + " AS (" + change + ") SELECT (SELECT count(*) FROM " + written + "), " + inserted + ", " + key + settings
	if left != "" {
		b.out.Columns = append(b.out.Columns, Left)
		b.out.SQL += ", " + left
	}
	if given != "" {
		b.out.Columns = append(b.out.Columns, Given)
		b.out.SQL += given
	}
	if body == "" {
		return
	}
	b.out.Columns = append(b.out.Columns, Rows, Body)
	b.out.SQL += body
}

// settings writes the columns Status and Headers.
var settings = ", " + setting("response.status") + ", " + setting("response.headers")

// setting reads a setting of the transaction. PostgreSQL keeps an empty text where an earlier transaction set it.
func setting(name string) string {
	return "nullif(current_setting('" + name + "', true), '')"
}

func (b *builder) whereWrite(w *plan.Write) string {
	if w.Where == nil {
		return ""
	}
	return " WHERE " + b.expr(w.Where, rowOf(w))
}

// rowOf is the occurrence that a write's filters are about, as a Select, for what looks from it at related rows.
func rowOf(w *plan.Write) *plan.Select {
	return &plan.Select{Source: plan.Source{Table: w.Table}, Alias: w.Alias}
}

// returning writes what the change gives back: the columns that the rest of the statement needs.
func (b *builder) returning(w *plan.Write) string {
	alias := b.alias(w.Alias)
	var cols []string
	for _, c := range b.returned {
		cols = append(cols, alias+"."+ident(c.Name))
	}
	if b.returnedRow {
		cols = append(cols, "("+alias+".*)::"+b.table(w.Table.Name)+" AS "+rowColumn(w.Table))
	}
	if cols == nil {
		return " RETURNING 1"
	}
	return " RETURNING " + strings.Join(cols, ", ")
}

// upserts says whether an insert updates the rows that are there.
func upserts(w *plan.Write) bool {
	return w.Put != nil || w.Conflict != nil && !w.Conflict.Ignore
}

func (b *builder) insert(w *plan.Write) string {
	alias := b.alias(w.Alias)
	columns, rows := b.payload(w, "json_array_elements", "json_to_recordset")
	sql := "INSERT INTO " + b.table(w.Table.Name) + " AS " + alias
	if len(columns) > 0 {
		sql += " (" + strings.Join(columns, ", ") + ")"
	}
	sql += " SELECT " + list("b.", columns) + " FROM " + rows
	var conditions []string
	if upserts(w) {
		conditions = append(conditions, count("+ 1", "'0'"))
	}
	if w.Put != nil {
		b.names[w.Alias] = "b"
		conditions = append(conditions, b.expr(w.Put, nil))
		delete(b.names, w.Alias)
	}
	return sql + where(conditions) + b.conflict(w) + b.returning(w)
}

// count moves the counter of inserted rows; it is true.
func count(by, never string) string {
	return "set_config('" + insertedSetting + "', (coalesce(" + setting(insertedSetting) + "::int, 0) " + by + ")::text, true) <> " + never
}

func (b *builder) conflict(w *plan.Write) string {
	c := w.Conflict
	if c == nil {
		if w.Put == nil {
			return ""
		}
		c = &plan.Conflict{}
	}
	target := ""
	cols := c.Columns
	if cols == nil && w.Table.Primary != nil {
		cols = w.Table.Primary.Columns
	}
	switch {
	case c.Constraint != "":
		target = " ON CONSTRAINT " + ident(c.Constraint)
	case len(cols) > 0:
		target = " (" + list("", names(cols)) + ")"
	case !c.Ignore:
		return "" // nothing to conflict on: a plain insert
	}
	update := c.Update
	if update == nil {
		update = w.Columns
	}
	if c.Ignore || len(update) == 0 {
		return " ON CONFLICT" + target + " DO NOTHING"
	}
	sets := make([]string, len(update))
	for i, col := range update {
		sets[i] = ident(col.Name) + " = EXCLUDED." + ident(col.Name)
	}
	return " ON CONFLICT" + target + " DO UPDATE SET " + strings.Join(sets, ", ") + " WHERE " + b.updates(w)
}

// updates writes which rows that are there an upsert updates; each is one that didn't go in, whether it is updated or not.
func (b *builder) updates(w *plan.Write) string {
	c := w.Conflict
	taken := count("- 1", "'-1'")
	if c.Where == nil {
		return taken
	}
	return "CASE WHEN " + b.expr(c.Where, rowOf(w)) + " THEN " + taken + " ELSE NOT " + taken + " END"
}

func (b *builder) update(w *plan.Write) string {
	alias := b.alias(w.Alias)
	if len(w.Columns) == 0 && len(w.Alter) == 0 {
		// SET wants a column: an empty object changes nothing and touches no row.
		return "SELECT " + strings.TrimPrefix(b.returning(w), " RETURNING ") + " FROM " + b.table(w.Table.Name) + " AS " + alias + " WHERE FALSE"
	}
	from, sets := "", []string(nil)
	if len(w.Columns) > 0 {
		columns, row := b.payload(w, "", "json_to_record")
		for _, c := range columns {
			sets = append(sets, c+" = b."+c)
		}
		from = " FROM " + row
	}
	for i := range w.Alter {
		a := &w.Alter[i]
		sets = append(sets, ident(a.Column.Name)+" = "+b.altered(a, alias+"."+ident(a.Column.Name)))
	}
	return "UPDATE " + b.table(w.Table.Name) + " AS " + alias + " SET " + strings.Join(sets, ", ") + from +
		b.whereWrite(w) + b.returning(w)
}

// altered writes a column's new value by the old one.
func (b *builder) altered(a *plan.Alter, old string) string {
	switch a.How {
	case query.Increment:
		return old + " + " + b.arg(a.Arg, "::"+b.typeName(a.Column.Type))
	case query.Append:
		return old + " || " + b.arg(a.Arg, "::jsonb")
	case query.Prepend:
		return b.arg(a.Arg, "::jsonb") + " || " + old
	case query.DeleteKey:
		return old + " - " + b.arg(a.Arg, "::text")
	case query.DeleteElem:
		return old + " - " + b.arg(a.Arg, "::integer")
	case query.DeleteAtPath:
		return old + " #- " + b.arg(a.Arg, "::text[]")
	}
	b.broken("unknown alteration %q", a.How)
	return ""
}

// payload writes the rows of the JSON that came, as the relation b, and the names of its columns. elements takes an array
// apart, and is empty where the JSON is one object; record gives the JSON's values their types.
func (b *builder) payload(w *plan.Write, elements, record string) (columns []string, sql string) {
	body := b.arg(w.Rows, "::json")
	if len(w.Columns) == 0 {
		return nil, elements + "(" + body + ") AS b"
	}
	types := make([]string, len(w.Columns))
	values := make([]string, len(w.Columns))
	for i, c := range w.Columns {
		name := ident(c.Name)
		columns = append(columns, name)
		types[i], values[i] = name+" "+b.loose(c.Type), "x."+name
		if d := c.Type.Domain; d != nil && d.FromJSON != "" && !c.Type.Array {
			types[i], values[i] = name+" json", function(d.FromJSON)+"(x."+name+")"
		}
		if w.Default {
			values[i] = "CASE WHEN (d.v->" + b.constant(c.Name, "::text") + ") IS NULL THEN " + b.fallback(c) + " ELSE " + values[i] + " END"
		}
		values[i] += " AS " + name
	}
	from := record + "(" + body + ") AS x(" + strings.Join(types, ", ") + ")"
	if w.Default {
		one := "(SELECT " + body + ") AS d(v)"
		if elements != "" {
			one = elements + "(" + body + ") AS d(v)"
		}
		from = one + ", json_to_record(d.v) AS x(" + strings.Join(types, ", ") + ")"
	}
	return columns, "(SELECT " + strings.Join(values, ", ") + " FROM " + from + ") AS b"
}

// fallback writes a column's default. Its expression comes from the schema file or the database's catalog, as it stands there.
func (b *builder) fallback(c *schema.Column) string {
	switch d := c.Default; {
	case c.Identity != schema.NoIdentity:
		return "nextval(pg_get_serial_sequence(" + b.constant(b.qualified(c.Table.Name), "::text") + ", " + b.constant(c.Name, "::text") + "))"
	case d == nil && c.Type.Domain != nil && c.Type.Domain.Default != "" && !c.Type.Array:
		return "(" + c.Type.Domain.Default + ")"
	case d == nil:
		return "NULL"
	case d.Postgres != "":
		return "(" + d.Postgres + ")"
	case d.Now:
		return "now()"
	case d.UUID:
		return "gen_random_uuid()"
	case d.Value != nil:
		return b.constant(*d.Value, "::"+b.typeName(c.Type))
	}
	return "NULL"
}

// list joins quoted names, each behind a prefix.
func list(prefix string, quoted []string) string {
	if len(quoted) == 0 {
		return ""
	}
	return prefix + strings.Join(quoted, ", "+prefix)
}

func names(cols []*schema.Column) []string {
	quoted := make([]string, len(cols))
	for i, c := range cols {
		quoted[i] = ident(c.Name)
	}
	return quoted
}
