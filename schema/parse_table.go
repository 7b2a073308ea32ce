package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/query"
)

// fields reads the columns of a table, composite type or result. Relations come later, when all tables have columns.
func (p *parser) fields(def *definition) {
	if def.table == nil && def.composite == nil && !def.result {
		return
	}
	var columns []*Column
	fields, names := map[string]bool{}, map[string]bool{}
	for _, f := range def.Fields {
		if fields[f.Name] {
			p.wrong(f.Position, "call it something else, or take it out", "%s has the field %s twice", def.Name, f.Name)
			continue
		}
		fields[f.Name] = true
		if strings.HasPrefix(f.Name, "__") {
			p.wrong(f.Position, `call it something else, with @column(name: "`+f.Name+`")`, "GraphQL keeps names that begin with __ for itself")
		}
		if len(f.Arguments) > 0 {
			p.wrong(f.Arguments[0].Position, "take them out; functions are fields of Query or Mutation", "a column takes no arguments")
		}
		ds := p.directives(f.Directives, onField)
		p.onFields[f] = ds
		if p.isRelation(f, ds) {
			if def.table == nil {
				p.wrong(f.Position, "take it out", "%s is no table, so it has no relations", def.Name)
			}
			continue
		}
		c, ok := p.column(def, f, ds)
		if !ok {
			continue
		}
		if names[c.Name] {
			p.wrong(f.Position, "give one of them another name", "%s has the column %s twice", def.Name, c.Name)
		}
		names[c.Name] = true
		columns = append(columns, c)
	}
	for i, c := range columns {
		c.Table, c.Position = def.table, i
	}
	switch {
	case def.table != nil:
		def.table.Columns = columns
		def.table.columns = map[string]*Column{}
		for _, c := range columns {
			def.table.columns[c.Name] = c
		}
	case def.composite != nil:
		def.composite.Columns = columns
	default:
		p.resultColumns(def, columns)
	}
}

// isRelation tells a relation from a column: it says so, or its type is a table and nothing says that it is a column.
func (p *parser) isRelation(f *ast.FieldDefinition, ds map[string][]directive) bool {
	if len(ds["relation"]) > 0 || len(ds["inverse"]) > 0 {
		return true
	}
	if c, ok := one(ds, "column"); ok && c.has("type") {
		return false
	}
	d := p.defs[f.Type.Name()]
	return d != nil && d.table != nil
}

// onlyTables are directives that a composite's or a result's fields can't have.
var onlyTables = []string{"id", "unique", "default", "index", "renamed", "allow"}

func (p *parser) column(def *definition, f *ast.FieldDefinition, ds map[string][]directive) (*Column, bool) {
	c := &Column{Name: f.Name, Field: f.Name, Comment: f.Description, NotNull: f.Type.NonNull, RenamedFrom: p.renamed(ds)}
	p.columnAt[c] = f.Position
	for _, n := range []string{"function", "allow"} {
		if d, ok := one(ds, n); ok {
			instead := "functions are fields of Query or Mutation"
			if n == "allow" {
				instead = "write it on the type, with columns:"
			}
			p.wrong(d.Position, instead, "@%s can't stand on a column", n)
		}
	}
	if def.table == nil {
		for _, n := range onlyTables {
			if d, ok := one(ds, n); ok {
				p.wrong(d.Position, "take it out", "@%s belongs to tables' columns, and %s is no table", n, def.Name)
			}
		}
	}
	col, has := one(ds, "column")
	var text *ast.Value
	if has {
		text = col.args["type"]
		p.columnOptions(c, col)
	}
	t, ok := p.typeRef(f.Type, text)
	if !ok {
		return nil, false
	}
	c.Type = t
	if t.Domain != nil && t.Domain.NotNull && !t.Array {
		c.NotNull = true
	}
	p.checkLength(f.Position, c.Name)
	if d, ok := one(ds, "default"); ok {
		p.columnDefault(c, d)
	}
	p.columnSense(def, c, col, ds)
	return c, true
}

// columnOptions reads @column.
func (p *parser) columnOptions(c *Column, d directive) {
	if d.has("name") {
		if c.Name = d.text("name"); c.Name == "" {
			p.wrong(d.at("name"), "write a name, or take name: out", "a name is empty")
		}
	}
	c.Collate, c.Declared = d.text("collate"), d.text("declared")
	c.Identity = Identity(d.word("identity"))
	c.Storage = Storage(strings.ToLower(d.text("storage")))
	v := d.args["generated"]
	if v == nil {
		return
	}
	c.Generated = &Generated{Stored: true}
	if v.Kind != ast.ObjectValue {
		c.Generated.Postgres, c.Generated.SQLite = v.Raw, v.Raw
	}
	for _, f := range v.Children {
		text := f.Value.Kind == ast.StringValue || f.Value.Kind == ast.BlockValue
		switch {
		case f.Name == "postgres" && text:
			c.Generated.Postgres = f.Value.Raw
		case f.Name == "sqlite" && text:
			c.Generated.SQLite = f.Value.Raw
		case f.Name == "stored" && f.Value.Kind == ast.BooleanValue:
			c.Generated.Stored = f.Value.Raw == "true"
		default:
			p.wrong(f.Position, `write {postgres: "a + b", sqlite: "a + b", stored: true}`, "generated: can't take %s", f.Name)
		}
	}
	if c.Generated.Postgres == "" && c.Generated.SQLite == "" {
		p.wrong(v.Position, `write generated: "price * quantity"`, "the column %s is generated from nothing", c.Name)
	}
}

// columnDefault reads @default.
func (p *parser) columnDefault(c *Column, d directive) {
	def := &Default{Postgres: d.text("postgres"), SQLite: d.text("sqlite"), Now: d.flag("now", false), UUID: d.flag("uuid", false)}
	said := 0
	if v := d.args["value"]; v != nil {
		said++
		text := v.Raw
		def.Value = &text
		if why := checkLiteral(text, c.Type); why != "" {
			p.wrong(v.Position, "write "+exampleLiteral(c.Type), "the default %s of %s %s", shortValue(v), c.Field, why)
		}
	}
	for _, set := range []bool{def.Now, def.UUID, def.Postgres != "" || def.SQLite != ""} {
		if set {
			said++
		}
	}
	switch {
	case said == 0:
		p.wrong(d.Position, `write @default(value: …), @default(now: true), @default(uuid: true) or @default(postgres: "…", sqlite: "…")`, "@default doesn't say which")
		return
	case said > 1:
		p.wrong(d.Position, "keep one of them", "@default says more than one thing")
		return
	case def.Now && !isTime(c.Type):
		p.wrong(d.at("now"), "make it timestamptz, or give a value:", "%s is %s, and now is a moment", c.Field, c.Type)
	case def.UUID && (c.Type.Base != UUID && c.Type.Base != Text || c.Type.Array):
		p.wrong(d.at("uuid"), "make it uuid, or give a value:", "%s is %s, and can't hold a random UUID", c.Field, c.Type)
	}
	c.Default = def
}

func isTime(t Type) bool {
	switch t.Base {
	case Date, Time, TimeTZ, Timestamp, TimestampTZ, Text:
		return !t.Array
	}
	return false
}

// columnSense refuses what can't be together.
func (p *parser) columnSense(def *definition, c *Column, d directive, ds map[string][]directive) {
	def1, hasDefault := one(ds, "default")
	switch {
	case c.Generated != nil && hasDefault:
		p.wrong(def1.Position, "keep one of them", "%s is generated, so it can't have a default", c.Field)
	case c.Generated != nil && c.Identity != NoIdentity:
		p.wrong(d.at("identity"), "keep one of them", "%s is generated, so it can't number itself", c.Field)
	case c.Identity != NoIdentity && hasDefault:
		p.wrong(def1.Position, "keep one of them", "%s numbers itself, so it can't have a default", c.Field)
	case c.Identity != NoIdentity && (c.Type.Array || c.Type.Base != Int2 && c.Type.Base != Int4 && c.Type.Base != Int8 && c.Type.Base != Unknown):
		p.wrong(d.at("identity"), "make it bigint", "%s is %s, and only smallint, Int and bigint can number themselves", c.Field, c.Type)
	case c.Identity != NoIdentity && !c.NotNull:
		p.wrong(p.columnAt[c], "write a ! after its type", "%s numbers itself, so it is never null", c.Field)
	case c.Collate != "" && c.Type.Base != Text && c.Type.Base != Unknown && c.Type.Base != EnumBase && !def.loose():
		p.wrong(d.at("collate"), "take collate: out", "%s is %s, and only text has a collation", c.Field, c.Type)
	case c.Storage == StoreUnix || c.Storage == StoreUnixMilli || c.Storage == StoreJulian:
		if !isTime(c.Type) || c.Type.Base == Text {
			p.wrong(d.at("storage"), "make it timestamptz, or take storage: out", "%s is %s, and storage %s is for moments", c.Field, c.Type, strings.ToUpper(string(c.Storage)))
		}
	}
}

// loose says whether a table came from a SQLite database that lets anything stand anywhere.
func (d *definition) loose() bool { return d.table != nil && d.table.View == nil && !d.table.Strict }

// columnNamed finds a column by its name in the file, else by its name in the database.
func (p *parser) columnNamed(t *Table, v *ast.Value, of string) *Column {
	if c := t.fieldNamed(v.Raw); c != nil {
		return c
	}
	if c, ok := t.Column(v.Raw); ok {
		return c
	}
	p.wrong(v.Position, p.suggestColumn(t, v.Raw), "%s: %s has no column %q", of, t.Type, v.Raw)
	return nil
}

func (t *Table) fieldNamed(name string) *Column {
	for _, c := range t.Columns {
		if c.Field == name {
			return c
		}
	}
	return nil
}

func (p *parser) suggestColumn(t *Table, name string) string {
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Field)
	}
	if n := nearest(name, names); n != "" {
		return fmt.Sprintf("write %q", n)
	}
	if def := p.objects[t]; def != nil {
		for _, f := range def.Fields {
			if f.Name == name {
				return name + " is a relation; name its columns instead"
			}
		}
	}
	if len(names) > 8 {
		names = append(names[:8], "…")
	}
	return t.Type + " has " + list(names, "and")
}

// columnList finds the columns that a directive's argument names; nil where one is missing.
func (p *parser) columnList(t *Table, d directive, arg string) []*Column {
	var out []*Column
	good := true
	for _, v := range d.list(arg) {
		c := p.columnNamed(t, v, "@"+d.Name)
		if c != nil && slices.Contains(out, c) {
			p.wrong(v.Position, "take it out", "@%s names the column %s twice", d.Name, c.Field)
			good = false
		}
		good = good && c != nil
		out = append(out, c)
	}
	if !good {
		return nil
	}
	return out
}

// constraints reads keys, checks and indexes of a table.
func (p *parser) constraints(def *definition) {
	t := def.table
	p.primary(def)
	unique := func(d directive, field string) {
		k := p.key(t, d, field)
		if k != nil {
			k.NullsNotDistinct = d.word("nulls") == "NOT DISTINCT"
			t.Uniques = append(t.Uniques, k)
		}
	}
	for _, f := range def.Fields {
		if t.fieldNamed(f.Name) == nil {
			continue
		}
		ds := p.fieldDirectives(f)
		for _, d := range ds["unique"] {
			unique(d, f.Name)
		}
	}
	for _, d := range def.directives["unique"] {
		unique(d, "")
	}
	for _, d := range def.directives["check"] {
		p.check(t, d)
	}
	for _, f := range def.Fields {
		if t.fieldNamed(f.Name) != nil {
			for _, d := range p.fieldDirectives(f)["index"] {
				p.index(t, d, f.Name)
			}
		}
	}
	for _, d := range def.directives["index"] {
		p.index(t, d, "")
	}
	if t.View != nil {
		for _, d := range def.directives["check"] {
			p.wrong(d.Position, "take it out", "%s is a view, and has no checks", t.Type)
		}
		if !t.View.Materialized {
			for _, d := range def.directives["index"] {
				p.wrong(d.Position, "take it out, or make it @view(materialized: true)", "%s is a view, and has no indexes", t.Type)
			}
		}
	}
	if t.Enum {
		p.enumTable(def)
	}
	if t.WithoutRowID && t.Primary == nil {
		d, _ := one(def.directives, "table")
		p.wrong(d.at("without_rowid"), "give it an @id", "%s has no primary key, so it can't be WITHOUT ROWID", t.Type)
	}
}

// enumTable refuses a table whose rows can't be the values of an enum.
func (p *parser) enumTable(def *definition) {
	t := def.table
	d, _ := one(def.directives, "table")
	const form = "write a String! @id with the value, and perhaps a String with a comment on it, or take enum: out"
	switch {
	case t.Primary == nil || len(t.Primary.Columns) != 1:
		p.wrong(d.at("enum"), form, "%s has no primary key of one column, so its rows can't be an enum's values", t.Type)
		return
	case len(t.Columns) > 2:
		p.wrong(d.at("enum"), form, "%s has %d columns, and an enum's value and its comment are two", t.Type, len(t.Columns))
		return
	}
	for _, c := range t.Columns {
		if !c.isText() {
			p.wrong(p.columnAt[c], "make it String, or take enum: out", "%s is %s, and an enum's value and its comment are text", c.Field, c.Type)
		}
	}
}

// fieldDirectives gives the directives of a field that was read before.
func (p *parser) fieldDirectives(f *ast.FieldDefinition) map[string][]directive { return p.onFields[f] }

// key reads the columns and options of @primary and @unique; field is the field that it stands on.
func (p *parser) key(t *Table, d directive, field string) *Key {
	k := &Key{Name: d.text("name"), Deferrable: d.flag("deferrable", false) || d.flag("deferred", false), Deferred: d.flag("deferred", false)}
	p.at[k] = d.Position
	p.checkLength(d.at("name"), k.Name)
	switch {
	case field != "" && d.has("columns"):
		p.wrong(d.at("columns"), "write it on the type: type "+t.Type+" @table @"+d.Name+"(columns: […])", "@%s stands on one column, so it can't name others", d.Name)
		return nil
	case field != "":
		k.Columns = []*Column{t.fieldNamed(field)}
	case len(d.list("columns")) == 0:
		p.wrong(d.Position, "write @"+d.Name+`(columns: ["a", "b"])`, "@%s doesn't say of which columns", d.Name)
		return nil
	default:
		if k.Columns = p.columnList(t, d, "columns"); k.Columns == nil {
			return nil
		}
	}
	return k
}

// primary reads @id and @primary.
func (p *parser) primary(def *definition) {
	t := def.table
	var ids []*Column
	for _, f := range def.Fields {
		if d, ok := one(p.fieldDirectives(f), "id"); ok {
			c := t.fieldNamed(f.Name)
			if c == nil {
				if p.defs[f.Type.Name()] != nil && p.defs[f.Type.Name()].table != nil {
					p.wrong(d.Position, "write @id on its columns", "%s is a relation, so it can't be part of the primary key", f.Name)
				}
				continue
			}
			ids = append(ids, c)
		}
	}
	d, ok := one(def.directives, "primary")
	switch {
	case ok && len(ids) > 0 && d.has("columns"):
		p.wrong(d.at("columns"), "keep one of @id and @primary(columns:)", "the primary key of %s is declared twice", t.Type)
		return
	case ok && len(ids) > 0:
		t.Primary = &Key{Name: d.text("name"), Columns: ids, Deferrable: d.flag("deferrable", false) || d.flag("deferred", false), Deferred: d.flag("deferred", false)}
		p.at[t.Primary] = d.Position
	case ok:
		t.Primary = p.key(t, d, "")
	case len(ids) > 0:
		t.Primary = &Key{Columns: ids}
		p.at[t.Primary] = p.columnAt[ids[0]]
	}
	if t.Primary == nil || t.View != nil || def.loose() {
		return
	}
	for _, c := range t.Primary.Columns {
		if !c.NotNull {
			p.wrong(p.columnAt[c], "write a ! after its type", "%s is part of the primary key, so it can't be null", c.Field)
		}
	}
}

// check reads @check.
func (p *parser) check(t *Table, d directive) {
	c := &Check{Name: d.text("name"), Postgres: d.text("postgres"), SQLite: d.text("sqlite")}
	p.checkLength(d.at("name"), c.Name)
	where := d.args["where"]
	verbatim := c.Postgres != "" || c.SQLite != ""
	switch {
	case where != nil && verbatim:
		p.wrong(d.Position, "keep where:, which holds on both engines", "@check says both where: and SQL")
	case where == nil && !verbatim:
		p.wrong(d.Position, "write @check(where: {total: {_gte: 0}})", "@check doesn't say what must hold")
		return
	case where != nil:
		c.Where = p.where(t, where, inCheck)
		if c.Where == nil {
			return
		}
	}
	p.at[c] = d.Position
	t.Checks = append(t.Checks, c)
}

// index reads @index; field is the field that it stands on.
func (p *parser) index(t *Table, d directive, field string) {
	x := &Index{Name: d.text("name"), Table: t, Unique: d.flag("unique", false), Method: d.text("method"), Postgres: d.text("postgres"), SQLite: d.text("sqlite")}
	p.at[x] = d.Position
	p.checkLength(d.at("name"), x.Name)
	verbatim := x.Postgres != "" || x.SQLite != ""
	if x.Method == "btree" {
		x.Method = ""
	}
	switch {
	case verbatim && (d.has("columns") || d.has("where") || d.has("include")):
		p.wrong(d.Position, "keep one of them", "@index says both columns and SQL")
		return
	case verbatim && x.Name == "":
		p.wrong(d.Position, `write @index(name: "…", …)`, "an index in SQL needs its name: too")
		return
	case verbatim:
	case field != "" && d.has("columns"):
		p.wrong(d.at("columns"), "write it on the type: type "+t.Type+" @table @index(columns: […])", "@index stands on one column, so it can't name others")
		return
	case field != "":
		x.Columns = []IndexColumn{{Column: t.fieldNamed(field)}}
	case len(d.list("columns")) == 0:
		p.wrong(d.Position, `write @index(columns: ["customer_id", "-placed_at"])`, "@index doesn't say of which columns")
		return
	default:
		for _, v := range d.list("columns") {
			c, ok := p.indexColumn(t, v)
			if !ok {
				return
			}
			if slices.ContainsFunc(x.Columns, func(o IndexColumn) bool { return o == c }) {
				p.wrong(v.Position, "take it out", "@index names the column %s twice", c.Column.Field)
			}
			x.Columns = append(x.Columns, c)
		}
	}
	if x.Unique && x.Method != "" {
		p.wrong(d.at("method"), "take method: or unique: out", "only a btree index can be unique, and this one is %s", x.Method)
	}
	if d.has("include") {
		if x.Include = p.columnList(t, d, "include"); x.Include == nil {
			return
		}
	}
	if w := d.args["where"]; w != nil {
		if x.Where = p.where(t, w, inCheck); x.Where == nil {
			return
		}
	}
	t.Indexes = append(t.Indexes, x)
}

// indexColumn reads "a", "-a" or {column: "a", desc: true, nulls: LAST, collate: "C", class: "text_pattern_ops"}.
func (p *parser) indexColumn(t *Table, v *ast.Value) (IndexColumn, bool) {
	var x IndexColumn
	if v.Kind != ast.ObjectValue {
		name := *v
		if t.fieldNamed(v.Raw) == nil && t.columns[v.Raw] == nil {
			if name.Raw, x.Desc = strings.CutPrefix(v.Raw, "-"); !x.Desc {
				name.Raw = strings.TrimSpace(name.Raw)
			}
		}
		x.Column = p.columnNamed(t, &name, "@index")
		return x, x.Column != nil
	}
	good := true
	for _, f := range v.Children {
		text := f.Value.Kind == ast.StringValue
		word := strings.ToLower(f.Value.Raw)
		switch {
		case f.Name == "column" && text:
			x.Column = p.columnNamed(t, f.Value, "@index")
			good = good && x.Column != nil
		case f.Name == "desc" && f.Value.Kind == ast.BooleanValue:
			x.Desc = f.Value.Raw == "true"
		case f.Name == "nulls" && (word == "first" || word == "last"):
			if (word == "first") != x.Desc { // the default is no difference
				x.Nulls = query.Nulls(word)
			}
		case f.Name == "collate" && text:
			x.Collate = f.Value.Raw
		case f.Name == "class" && text:
			x.Class = f.Value.Raw
		default:
			good = false
			p.wrong(f.Position, `write {column: "a", desc: true, nulls: LAST, collate: "C", class: "text_pattern_ops"}`, "an index's column can't take %s", f.Name)
		}
	}
	if x.Column == nil && good {
		p.wrong(v.Position, `write {column: "a"}`, "this key of the index doesn't say which column")
		good = false
	}
	return x, good
}
