package migrate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A pgWriter writes PostgreSQL's definitions of a schema's parts. Every name is written with its schema.
type pgWriter struct {
	s      *schema.Schema
	losses []Loss
}

func (w *pgWriter) lose(object, what string) { w.losses = append(w.losses, Loss{object, what}) }

func (w *pgWriter) create() []Statement {
	var out []Statement
	behind := false // the tables
	add := func(sql ...string) {
		for _, s := range sql {
			if s != "" {
				out = append(out, Statement{SQL: s, Late: behind})
			}
		}
	}
	add(w.schemas()...)
	add(w.extensions()...)
	for _, e := range w.s.Enums {
		add(w.enum(e), w.comment("TYPE", w.name(e.Name), e.Comment))
	}
	add(w.composed()...)
	late := map[*schema.Function]bool{}
	for _, f := range w.s.Functions {
		if late[f] = w.takesRows(f); !late[f] {
			add(f.Postgres, w.functionComment(f))
		}
	}
	for _, t := range w.s.Tables {
		if isPlain(t) {
			add(w.table(t))
			add(w.tableComments(t)...)
		}
	}
	behind = true
	for _, t := range w.s.Tables {
		if isPlain(t) {
			for _, x := range t.Indexes {
				add(w.index(x, false))
			}
			for _, f := range t.Foreign {
				add(w.addForeign(t, f, false))
			}
		}
	}
	// Functions of rows of a view come after it; a view that calls one of those can't be told apart, and is rare.
	for _, f := range w.s.Functions {
		if late[f] && !w.takesViewRows(f) {
			add(f.Postgres, w.functionComment(f))
		}
	}
	for _, t := range viewOrder(w.s.Tables, func(v *schema.View) string { return v.Postgres }) {
		add(w.view(t)...)
	}
	for _, f := range w.s.Functions {
		if late[f] && w.takesViewRows(f) {
			add(f.Postgres, w.functionComment(f))
		}
	}
	for _, d := range w.s.Domains {
		add(w.casts(d)...)
	}
	return out
}

// name quotes a name with its schema.
func (w *pgWriter) name(n schema.Name) string {
	return identifier(cmp.Or(n.Schema, w.s.Default, "public")) + "." + identifier(n.Name)
}

// schemas makes the schemas that names stand in.
func (w *pgWriter) schemas() []string {
	need := append([]string{}, w.s.Exposed...)
	see := func(n schema.Name) { need = append(need, n.Schema) }
	for _, t := range w.s.Tables {
		see(t.Name)
	}
	for _, e := range w.s.Enums {
		see(e.Name)
	}
	for _, c := range w.s.Composites {
		see(c.Name)
	}
	for _, d := range w.s.Domains {
		see(d.Name)
	}
	for _, f := range w.s.Functions {
		see(f.Name)
	}
	slices.Sort(need)
	var out []string
	for _, n := range slices.Compact(need) {
		if n != "" && n != "public" {
			out = append(out, "CREATE SCHEMA IF NOT EXISTS "+identifier(n))
		}
	}
	if text := joinComment(w.s.Title, w.s.Comment); text != "" {
		out = append(out, w.comment("SCHEMA", identifier(cmp.Or(w.s.Default, "public")), text))
	}
	return out
}

// joinComment is a schema's comment, whose first line is the API's title.
func joinComment(title, rest string) string {
	if rest == "" {
		return title
	}
	return title + "\n\n" + rest
}

func (w *pgWriter) extensions() []string {
	for _, t := range w.s.Tables {
		for _, c := range t.Columns {
			if c.Type.Name == "citext" {
				return []string{"CREATE EXTENSION IF NOT EXISTS citext"}
			}
		}
	}
	return nil
}

func (w *pgWriter) enum(e *schema.Enum) string {
	labels := make([]string, len(e.Values))
	for i, v := range e.Values {
		labels[i] = literal(v.Value)
	}
	return "CREATE TYPE " + w.name(e.Name) + " AS ENUM (" + strings.Join(labels, ", ") + ")"
}

// composed makes composite types and domains, each after those that it is made of. A domain over a table's rows can't be
// made before the table, and is lost.
func (w *pgWriter) composed() []string {
	var out []string
	seen := map[any]bool{}
	var composite func(c *schema.Composite)
	var domain func(d *schema.Domain)
	need := func(t schema.Type) {
		if t.Composite != nil {
			composite(t.Composite)
		}
		if t.Domain != nil {
			domain(t.Domain)
		}
	}
	composite = func(c *schema.Composite) {
		if seen[c] {
			return
		}
		seen[c] = true
		for _, f := range c.Columns {
			need(f.Type)
		}
		out = append(out, w.composite(c))
	}
	domain = func(d *schema.Domain) {
		if seen[d] {
			return
		}
		seen[d] = true
		need(d.Base)
		if d.Base.Base == schema.CompositeBase && d.Base.Composite == nil {
			w.lose("domain "+d.Name.String(), "a domain over a table's rows is not made")
			return
		}
		out = append(out, w.domain(d))
	}
	for _, c := range w.s.Composites {
		composite(c)
	}
	for _, d := range w.s.Domains {
		domain(d)
	}
	return out
}

func (w *pgWriter) composite(c *schema.Composite) string {
	parts := make([]string, len(c.Columns))
	for i, f := range c.Columns {
		parts[i] = identifier(f.Name) + " " + w.typeName(f.Type)
	}
	return "CREATE TYPE " + w.name(c.Name) + " AS (" + strings.Join(parts, ", ") + ")"
}

func (w *pgWriter) domain(d *schema.Domain) string {
	sql := "CREATE DOMAIN " + w.name(d.Name) + " AS " + w.typeName(d.Base)
	if d.Default != "" {
		sql += " DEFAULT " + d.Default
	}
	if d.NotNull {
		sql += " NOT NULL"
	}
	for _, k := range d.Checks {
		if k.Name != "" {
			sql += " CONSTRAINT " + identifier(k.Name)
		}
		sql += " CHECK (" + k.Postgres + ")"
	}
	return sql
}

// casts makes a domain's representations.
func (w *pgWriter) casts(d *schema.Domain) []string {
	var out []string
	make := func(from, to, function string) {
		if function != "" {
			out = append(out, fmt.Sprintf("CREATE CAST (%s AS %s) WITH FUNCTION %s(%s) AS IMPLICIT", from, to, function, from))
		}
	}
	make(w.name(d.Name), "json", d.ToJSON)
	make("json", w.name(d.Name), d.FromJSON)
	make("text", w.name(d.Name), d.FromText)
	return out
}

// typeName writes a type as a definition wants it.
func (w *pgWriter) typeName(t schema.Type) string {
	var name string
	switch {
	case t.Schema != "":
		name = identifier(t.Schema) + "." + identifier(t.Name) + t.Modifier
	case t.Enum != nil || t.Composite != nil || t.Domain != nil, t.Base == schema.CompositeBase:
		name = w.name(schema.Name{Name: t.Name}) + t.Modifier
	default:
		name = plainType(t)
	}
	if t.Array {
		name += "[]"
	}
	return name
}

// plainType writes a built-in type, or an extension's that the search path finds. A time's precision stands inside of its
// name.
func plainType(t schema.Type) string {
	first, rest, two := strings.Cut(t.Name, " ")
	switch {
	case t.Name == "" || !typeWords.MatchString(t.Name):
		return strings.TrimSuffix(identifier(strings.Trim(t.Name, `"`)), " ") + t.Modifier
	case two && (first == "timestamp" || first == "time"):
		return first + t.Modifier + " " + rest
	}
	return t.Name + t.Modifier
}

// collated says whether a type has a collation.
func collated(t schema.Type) bool {
	if t.Domain != nil {
		return collated(t.Domain.Base)
	}
	return t.Base == schema.Text && t.Name != "name" && t.Name != `"char"`
}

// collation is a column's COLLATE clause: "C" where the file says nothing, as SQLite sorts.
func (w *pgWriter) collation(c *schema.Column) string {
	switch {
	case !collated(c.Type) || c.Collate == "default":
		return ""
	case c.Collate == "" || isLiteCollation(c.Collate):
		return ` COLLATE "C"`
	}
	return " COLLATE " + identifier(c.Collate)
}

func (w *pgWriter) columnDef(c *schema.Column) string {
	sql := identifier(c.Name) + " " + w.typeName(c.Type) + w.collation(c)
	switch {
	case c.Generated != nil && c.Generated.Postgres != "":
		sql += " GENERATED ALWAYS AS (" + c.Generated.Postgres + ") STORED"
	case c.Generated != nil:
		w.lose("column "+columnName(c), "its generation expression is SQLite's; PostgreSQL has a plain column")
	case c.Identity != schema.NoIdentity:
		sql += " GENERATED " + string(c.Identity) + " AS IDENTITY"
	case c.Default != nil:
		if d := w.defaultOf(c); d != "" {
			sql += " DEFAULT " + d
		}
	}
	if c.NotNull {
		sql += " NOT NULL"
	}
	return sql
}

// defaultOf writes a column's default, or nothing where PostgreSQL has none for it.
func (w *pgWriter) defaultOf(c *schema.Column) string {
	d := c.Default
	switch {
	case d == nil:
		return ""
	case d.Value != nil:
		return literal(*d.Value)
	case d.Now && c.Type.Base == schema.Date:
		return "CURRENT_DATE"
	case d.Now:
		return "now()"
	case d.UUID && c.Type.Base == schema.UUID:
		return "gen_random_uuid()"
	case d.UUID:
		return "(gen_random_uuid())::text"
	case d.Postgres != "":
		return d.Postgres
	}
	w.lose("column "+columnName(c), "its default is SQLite's own expression, "+d.SQLite)
	return ""
}

func columnName(c *schema.Column) string {
	if c.Table == nil {
		return c.Name
	}
	return c.Table.Name.String() + "." + c.Name
}

// table writes CREATE TABLE without foreign keys and indexes.
func (w *pgWriter) table(t *schema.Table) string {
	var parts []string
	for _, c := range t.Columns {
		parts = append(parts, w.columnDef(c))
	}
	if t.Primary != nil {
		parts = append(parts, constraint(t.Primary.Name)+w.primary(t.Primary))
	}
	for _, k := range t.Uniques {
		parts = append(parts, constraint(k.Name)+w.unique(k))
	}
	for _, k := range t.Checks {
		if sql, ok := w.check(t, k); ok {
			parts = append(parts, constraint(k.Name)+sql)
		}
	}
	return "CREATE TABLE " + w.name(t.Name) + " (" + list(parts) + ")"
}

// list sets parts on lines of their own.
func list(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return "\n  " + strings.Join(parts, ",\n  ") + "\n"
}

func constraint(name string) string {
	if name == "" {
		return ""
	}
	return "CONSTRAINT " + identifier(name) + " "
}

func (w *pgWriter) primary(k *schema.Key) string {
	return "PRIMARY KEY (" + names(k.Columns) + ")" + deferring(k.Deferrable, k.Deferred)
}

func (w *pgWriter) unique(k *schema.Key) string {
	if k.NullsNotDistinct {
		return "UNIQUE NULLS NOT DISTINCT (" + names(k.Columns) + ")" + deferring(k.Deferrable, k.Deferred)
	}
	return "UNIQUE (" + names(k.Columns) + ")" + deferring(k.Deferrable, k.Deferred)
}

// check writes CHECK (…), and false where the check is SQLite's alone.
func (w *pgWriter) check(t *schema.Table, k *schema.Check) (string, bool) {
	if k.Where != nil {
		sql, err := condition(k.Where, t, Postgres, w.s)
		if err == nil {
			return "CHECK (" + sql + ")", true
		}
		w.lose("check "+k.Name+" of "+t.Name.String(), err.Error())
		return "", false
	}
	if k.Postgres != "" {
		return "CHECK (" + k.Postgres + ")", true
	}
	w.lose("check "+k.Name+" of "+t.Name.String(), "it is SQLite's own expression, "+k.SQLite)
	return "", false
}

// addForeign adds a foreign key. With late the rows that are there are not looked at: VALIDATE CONSTRAINT does that.
func (w *pgWriter) addForeign(t *schema.Table, f *schema.ForeignKey, late bool) string {
	sql := "ALTER TABLE " + w.name(t.Name) + " ADD " + constraint(f.Name) + "FOREIGN KEY (" + names(f.Columns) +
		") REFERENCES " + w.name(f.To.Name) + " (" + names(f.References) + ")" + keyActions(f)
	if late {
		sql += " NOT VALID"
	}
	return sql
}

// keyActions writes what follows REFERENCES, the same on both engines.
func keyActions(f *schema.ForeignKey) string {
	sql := ""
	if f.OnDelete != "" && f.OnDelete != "NO ACTION" {
		sql += " ON DELETE " + f.OnDelete
	}
	if f.OnUpdate != "" && f.OnUpdate != "NO ACTION" {
		sql += " ON UPDATE " + f.OnUpdate
	}
	return sql + deferring(f.Deferrable, f.Deferred)
}

func deferring(deferrable, deferred bool) string {
	switch {
	case deferred:
		return " DEFERRABLE INITIALLY DEFERRED"
	case deferrable:
		return " DEFERRABLE"
	}
	return ""
}

// index writes CREATE INDEX; nothing where it is SQLite's alone.
func (w *pgWriter) index(x *schema.Index, concurrently bool) string {
	how := ""
	if concurrently {
		how = "CONCURRENTLY "
	}
	if x.Postgres != "" {
		sql := strings.TrimSuffix(strings.TrimSpace(x.Postgres), ";")
		if concurrently {
			sql = strings.Replace(sql, "INDEX ", "INDEX "+how, 1)
		}
		return sql
	}
	if x.SQLite != "" {
		w.lose("index "+x.Name, "it is SQLite's own, "+x.SQLite)
		return ""
	}
	sql := "CREATE "
	if x.Unique {
		sql += "UNIQUE "
	}
	sql += "INDEX " + how + identifier(x.Name) + " ON " + w.name(x.Table.Name)
	if x.Method != "" && x.Method != "btree" {
		sql += " USING " + identifier(x.Method)
	}
	keys := make([]string, len(x.Columns))
	for i, c := range x.Columns {
		keys[i] = w.indexKey(c)
	}
	sql += " (" + strings.Join(keys, ", ") + ")"
	if len(x.Include) > 0 {
		sql += " INCLUDE (" + names(x.Include) + ")"
	}
	if x.Where != nil {
		where, err := condition(x.Where, x.Table, Postgres, w.s)
		if err != nil {
			w.lose("index "+x.Name, err.Error())
			return ""
		}
		sql += " WHERE " + where
	}
	return sql
}

func (w *pgWriter) indexKey(c schema.IndexColumn) string {
	sql := identifier(c.Column.Name)
	if c.Collate != "" && !isLiteCollation(c.Collate) {
		sql += " COLLATE " + identifier(c.Collate)
	}
	if c.Class != "" {
		sql += " " + identifier(c.Class)
	}
	if c.Desc {
		sql += " DESC"
	}
	switch c.Nulls {
	case query.NullsFirst:
		sql += " NULLS FIRST"
	case query.NullsLast:
		sql += " NULLS LAST"
	}
	return sql
}

// view writes a view with its indexes and comments; nothing where PostgreSQL has no SQL for it.
func (w *pgWriter) view(t *schema.Table) []string {
	if t.View.Postgres == "" {
		w.lose("view "+t.Name.String(), "the file has no SQL of it for PostgreSQL")
		return nil
	}
	kind := "VIEW "
	if t.View.Materialized {
		kind = "MATERIALIZED VIEW "
	}
	out := []string{"CREATE " + kind + w.name(t.Name) + " AS\n" + strings.TrimSuffix(strings.TrimSpace(t.View.Postgres), ";")}
	for _, c := range t.Columns {
		if d := w.defaultOf(c); d != "" && !t.View.Materialized {
			out = append(out, "ALTER VIEW "+w.name(t.Name)+" ALTER COLUMN "+identifier(c.Name)+" SET DEFAULT "+d)
		}
	}
	for _, x := range t.Indexes {
		out = append(out, w.index(x, false))
	}
	return append(out, w.tableComments(t)...)
}

// comment writes COMMENT ON; nothing where there is none.
func (w *pgWriter) comment(kind, name, text string) string {
	if text == "" {
		return ""
	}
	return "COMMENT ON " + kind + " " + name + " IS " + literal(text)
}

func (w *pgWriter) tableKind(t *schema.Table) string {
	switch {
	case t.View == nil:
		return "TABLE"
	case t.View.Materialized:
		return "MATERIALIZED VIEW"
	}
	return "VIEW"
}

func (w *pgWriter) tableComments(t *schema.Table) []string {
	out := []string{w.comment(w.tableKind(t), w.name(t.Name), t.Comment)}
	for _, c := range t.Columns {
		out = append(out, w.comment("COLUMN", w.name(t.Name)+"."+identifier(c.Name), c.Comment))
	}
	return out
}

func (w *pgWriter) functionComment(f *schema.Function) string {
	if f.Postgres == "" {
		return ""
	}
	return w.comment("FUNCTION", w.signature(f), f.Comment)
}

// signature names a function among its overloads.
func (w *pgWriter) signature(f *schema.Function) string {
	args := make([]string, len(f.Args))
	for i, a := range f.Args {
		args[i] = w.typeName(a.Type)
	}
	return w.name(f.Name) + "(" + strings.Join(args, ", ") + ")"
}

// takesRows says whether a function's arguments or results are rows of tables, so that it comes after them.
func (w *pgWriter) takesRows(f *schema.Function) bool {
	return f.Returns.Table != nil || slices.ContainsFunc(w.rowTypes(f), func(t *schema.Table) bool { return t != nil })
}

func (w *pgWriter) takesViewRows(f *schema.Function) bool {
	if f.Returns.Table != nil && f.Returns.Table.View != nil {
		return true
	}
	return slices.ContainsFunc(w.rowTypes(f), func(t *schema.Table) bool { return t != nil && t.View != nil })
}

func (w *pgWriter) rowTypes(f *schema.Function) []*schema.Table {
	var out []*schema.Table
	see := func(t schema.Type) {
		t = t.WithoutDomains()
		if t.Composite == nil && t.Base == schema.CompositeBase {
			table, _ := w.s.TableNamed(schema.Name{Schema: t.Schema, Name: t.Name})
			out = append(out, table)
		}
	}
	for _, a := range f.Args {
		see(a.Type)
	}
	for _, c := range f.Returns.Out {
		see(c.Type)
	}
	see(f.Returns.Type)
	return out
}
