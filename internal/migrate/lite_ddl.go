package migrate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/schema"
)

// A liteWriter writes SQLite's definitions. Columns that Pintail makes carry their type as a comment, since SQLite's own
// types can't say it: "placed_at" TEXT /* timestamp with time zone */. SQLite keeps the text of a definition, so that inspection
// reads the type back.
type liteWriter struct {
	s      *schema.Schema
	losses []Loss
}

func (w *liteWriter) lose(object, what string) { w.losses = append(w.losses, Loss{object, what}) }

func (w *liteWriter) create() []Statement {
	var out []Statement
	add := func(sql string, late bool) {
		if sql != "" {
			out = append(out, Statement{SQL: sql, Late: late})
		}
	}
	impossible := notOnSQLite(w.s)
	for _, t := range w.s.Tables {
		if !isPlain(t) {
			continue
		}
		if why := impossible[t]; why != "" {
			w.lose("table "+t.Name.String(), why+"; it is not made")
			continue
		}
		add(w.table(t, t.Name), false)
		for _, x := range t.Indexes {
			add(w.index(x), true)
		}
	}
	for _, t := range viewOrder(w.s.Tables, func(v *schema.View) string { return v.SQLite }) {
		add(w.view(t), true)
	}
	return out
}

// NotOnSQLite says why SQLite can't have some tables of a schema: Create makes all others.
func NotOnSQLite(s *schema.Schema) map[*schema.Table]string { return notOnSQLite(s) }

// notOnSQLite says why SQLite can't have some tables.
func notOnSQLite(s *schema.Schema) map[*schema.Table]string {
	out := map[*schema.Table]string{}
	folded := map[string]*schema.Table{}
	for _, t := range s.Tables {
		if t.View != nil {
			if t.View.SQLite == "" {
				out[t] = "the file has no SQL of it for SQLite"
			}
			continue
		}
		key := strings.ToLower(litesql.StoredName(t.Name))
		if other := folded[key]; other != nil {
			out[t] = "SQLite would take its name for that of " + other.Name.String()
			continue
		}
		columns := map[string]string{}
		for _, c := range t.Columns {
			lower := strings.ToLower(c.Name)
			if columns[lower] != "" {
				out[t] = "SQLite would take its column " + c.Name + " for " + columns[lower]
			}
			columns[lower] = c.Name
		}
		if len(t.Columns) == 0 {
			out[t] = "SQLite has no tables without columns"
		}
		if out[t] == "" {
			folded[key] = t
		}
	}
	return out
}

func (w *liteWriter) name(n schema.Name) string { return identifier(litesql.StoredName(n)) }

// nowDefault and uuidDefault are defaults that other programs' writes get too: Pintail's own writes bring the value along,
// to the microsecond. They are built of SQLite's own functions, in the form in which Pintail keeps such values.
var nowDefault = map[schema.Base]string{
	schema.TimestampTZ: `(rtrim(rtrim(strftime('%Y-%m-%dT%H:%M:%f', 'now'), '0'), '.') || '+00:00')`,
	schema.Timestamp:   `(rtrim(rtrim(strftime('%Y-%m-%dT%H:%M:%f', 'now'), '0'), '.'))`,
	schema.Date:        `(strftime('%Y-%m-%d', 'now'))`,
	schema.Time:        `(rtrim(rtrim(strftime('%H:%M:%f', 'now'), '0'), '.'))`,
	schema.TimeTZ:      `(rtrim(rtrim(strftime('%H:%M:%f', 'now'), '0'), '.') || '+00')`,
}

const uuidDefault = `(lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || ` +
	`substr('89ab', (random() & 3) + 1, 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))`

// liteType is the type that Pintail gives a column of its own, with the collation that makes texts compare as values.
func liteType(t schema.Type) (name, collate string) {
	base := t.Kind()
	if t.Array || t.Domain != nil && t.Domain.Base.Array {
		return "TEXT", "pt_array"
	}
	switch base {
	case schema.Bool, schema.Int2, schema.Int4, schema.Int8:
		return "INTEGER", ""
	case schema.Float4, schema.Float8:
		return "ANY", "" // a number, or the text NaN, which SQLite's numbers lack
	case schema.Numeric:
		return "TEXT", "pt_numeric"
	case schema.JSONB, schema.Bytea:
		return "BLOB", ""
	case schema.TimeTZ:
		return "TEXT", "pt_timetz"
	case schema.Interval:
		return "TEXT", "pt_interval"
	}
	if t.Name == "citext" {
		return "TEXT", "pt_citext"
	}
	return "TEXT", ""
}

// isLiteCollation says whether a collation is one that only SQLite knows.
func isLiteCollation(name string) bool {
	switch strings.ToUpper(name) {
	case "BINARY", "NOCASE", "RTRIM":
		return true
	}
	return strings.HasPrefix(name, "pt_")
}

// own says whether a column is stored in Pintail's own form.
func own(c *schema.Column) bool { return c.Declared == "" && c.Storage == schema.OwnStorage }

func (w *liteWriter) columnDef(t *schema.Table, c *schema.Column, alone bool) string {
	declared, collate := c.Declared, ""
	auto := strings.HasSuffix(declared, " AUTOINCREMENT")
	declared = strings.TrimSuffix(declared, " AUTOINCREMENT")
	sql := identifier(c.Name) + " "
	switch {
	case own(c):
		declared, collate = liteType(c.Type)
		sql += declared + " /* " + commentSafe(w.typeText(c.Type)) + " */"
		auto = true
	case c.Declared == "" && c.Storage != schema.OwnStorage:
		sql += foreignType(c)
	case declared == noType:
		sql = strings.TrimSpace(sql)
	default:
		sql += declared
	}
	if t, how := declaredType(declared); c.Declared != "" && (t.String() != c.Type.String() || how != c.Storage) && foreignSpec(c) != "" {
		sql += " /* " + foreignSpec(c) + " */"
	}
	if isLiteCollation(c.Collate) {
		collate = c.Collate
	}
	rowid := isRowID(t, c)
	switch {
	case rowid && alone:
		sql += " " + constraint(t.Primary.Name) + "PRIMARY KEY"
		if auto && c.Identity != schema.NoIdentity && !t.WithoutRowID {
			sql += " AUTOINCREMENT"
		}
	case c.Identity != schema.NoIdentity && !rowid:
		w.lose("column "+columnName(c), "SQLite numbers rows by an integer primary key of one column alone; the value has to be given")
	}
	if c.NotNull && !(rowid && !t.WithoutRowID) {
		sql += " NOT NULL"
	}
	sql += w.defaultClause(c)
	if collate != "" && !strings.EqualFold(collate, "BINARY") {
		sql += " COLLATE " + identifier(collate)
	}
	if c.Generated != nil {
		if c.Generated.SQLite == "" {
			w.lose("column "+columnName(c), "its generation expression is PostgreSQL's; SQLite has a plain column")
		} else {
			sql += " AS (" + c.Generated.SQLite + ")" // after GENERATED ALWAYS SQLite takes the comment for a part of the type
			if c.Generated.Stored {
				sql += " STORED"
			} else {
				sql += " VIRTUAL"
			}
		}
	}
	if own(c) {
		sql += implied(c)
	}
	return sql
}

// foreignSpec is the comment of a foreign column whose rows, not its declared type, told how it is stored.
func foreignSpec(c *schema.Column) string {
	if typeNames[c.Type.Name] == schema.Unknown {
		return ""
	}
	return c.Type.String() + " as " + cmp.Or(string(c.Storage), "own")
}

// noType is the declared type of a column that declares none.
const noType = "none"

// commentSafe keeps a type's name inside of its comment.
func commentSafe(s string) string { return strings.ReplaceAll(s, "*/", "* /") }

// typeText is a type as its comment says it; a domain with what it stands on.
func (w *liteWriter) typeText(t schema.Type) string {
	if t.Domain != nil {
		return t.String() + ": " + t.WithoutDomains().String()
	}
	return t.String()
}

// foreignType is the type of a column that is stored in a foreign form, and has no declared type of its own.
func foreignType(c *schema.Column) string {
	switch c.Storage {
	case schema.StoreInteger, schema.StoreUnix, schema.StoreUnixMilli:
		return "INTEGER"
	case schema.StoreReal, schema.StoreJulian:
		return "REAL"
	case schema.StoreText:
		return "TEXT"
	}
	return "ANY"
}

// isRowID says whether a column is its table's rowid: the only primary key column, an integer.
func isRowID(t *schema.Table, c *schema.Column) bool {
	if t.Primary == nil || len(t.Primary.Columns) != 1 || t.Primary.Columns[0].Name != c.Name || t.WithoutRowID {
		return false
	}
	if own(c) {
		base := c.Type.Kind()
		return !c.Type.Array && (base == schema.Int2 || base == schema.Int4 || base == schema.Int8)
	}
	return strings.EqualFold(strings.TrimSuffix(c.Declared, " AUTOINCREMENT"), "INTEGER")
}

func (w *liteWriter) defaultClause(c *schema.Column) string {
	d := c.Default
	if d == nil {
		d = domainDefault(c.Type)
	}
	if d == nil {
		return ""
	}
	switch {
	case d.SQLite != "":
		return " DEFAULT " + parenthesised(d.SQLite)
	case d.Value != nil:
		sql, err := liteLiteral(c.Type, c.Storage, *d.Value)
		if err != nil {
			w.lose("column "+columnName(c), "its default "+*d.Value+": "+err.Error())
			return ""
		}
		if strings.HasPrefix(sql, "jsonb(") {
			sql = "(" + sql + ")"
		}
		return " DEFAULT " + sql
	case d.Now:
		if sql := nowDefault[c.Type.Kind()]; sql != "" && own(c) {
			return " DEFAULT " + sql
		}
		return " DEFAULT CURRENT_TIMESTAMP"
	case d.UUID:
		return " DEFAULT " + uuidDefault
	}
	w.lose("column "+columnName(c), "its default is PostgreSQL's own expression, "+d.Postgres)
	return ""
}

// domainDefault is what a column without a default of its own takes from its domain, which SQLite doesn't have.
func domainDefault(t schema.Type) *schema.Default {
	for d := t.Domain; d != nil && !t.Array; d = d.Base.Domain {
		if d.Default != "" {
			return postgresDefault(d.Default, d.Base)
		}
	}
	return nil
}

func parenthesised(sql string) string {
	if strings.HasPrefix(sql, "(") && strings.HasSuffix(sql, ")") {
		return sql
	}
	return "(" + sql + ")"
}

// implied are the checks that keep other programs from writing what the type can't hold.
func implied(c *schema.Column) string {
	n := identifier(c.Name)
	if c.Type.Array || c.Type.Domain != nil && c.Type.Domain.Base.Array {
		return " CHECK (json_valid(" + n + "))"
	}
	switch c.Type.Kind() {
	case schema.Bool:
		return " CHECK (" + n + " IN (0, 1))"
	case schema.JSON:
		return " CHECK (json_valid(" + n + "))"
	case schema.JSONB:
		return " CHECK (json_valid(" + n + ", 4))"
	case schema.EnumBase:
		if c.Type.Enum != nil {
			labels := make([]string, len(c.Type.Enum.Values))
			for i, v := range c.Type.Enum.Values {
				labels[i] = literal(v.Value)
			}
			return " CHECK (" + n + " IN (" + strings.Join(labels, ", ") + "))"
		}
	}
	return ""
}

// table writes CREATE TABLE with everything but indexes, under the name as.
func (w *liteWriter) table(t *schema.Table, as schema.Name) string {
	var parts []string
	inline := false
	for _, c := range t.Columns {
		rowid := isRowID(t, c)
		inline = inline || rowid
		parts = append(parts, w.columnDef(t, c, rowid))
	}
	if t.Primary != nil && !inline {
		parts = append(parts, constraint(t.Primary.Name)+"PRIMARY KEY ("+names(t.Primary.Columns)+")")
	}
	for _, k := range t.Uniques {
		if k.NullsNotDistinct {
			w.lose("constraint "+k.Name+" of "+t.Name.String(), "SQLite takes nulls for distinct")
		}
		if k.Deferrable {
			w.lose("constraint "+k.Name+" of "+t.Name.String(), "SQLite checks keys at once, not at the end of a transaction")
		}
		parts = append(parts, constraint(k.Name)+"UNIQUE ("+names(k.Columns)+")")
	}
	for _, k := range t.Checks {
		if sql, ok := w.check(t, k); ok {
			parts = append(parts, constraint(k.Name)+sql)
		}
	}
	for _, f := range t.Foreign {
		parts = append(parts, constraint(f.Name)+"FOREIGN KEY ("+names(f.Columns)+") REFERENCES "+
			w.name(f.To.Name)+" ("+names(f.References)+")"+keyActions(f))
	}
	sql := "CREATE TABLE " + w.name(as) + " (" + list(parts) + ")"
	var options []string
	if t.WithoutRowID {
		options = append(options, "WITHOUT ROWID")
	}
	if t.Strict {
		options = append(options, "STRICT")
	}
	if len(options) > 0 {
		sql += " " + strings.Join(options, ", ")
	}
	return sql
}

func (w *liteWriter) check(t *schema.Table, k *schema.Check) (string, bool) {
	object := "check " + k.Name + " of " + t.Name.String()
	if k.Where != nil {
		sql, err := condition(k.Where, t, SQLite, w.s)
		if err == nil {
			return "CHECK (" + sql + ")", true
		}
		w.lose(object, err.Error())
		return "", false
	}
	if k.SQLite != "" {
		return "CHECK (" + k.SQLite + ")", true
	}
	w.lose(object, "it is PostgreSQL's own expression, "+k.Postgres)
	return "", false
}

func (w *liteWriter) index(x *schema.Index) string {
	object := "index " + x.Name + " of " + x.Table.Name.String()
	if x.SQLite != "" {
		return strings.TrimSuffix(strings.TrimSpace(x.SQLite), ";")
	}
	if x.Postgres != "" {
		w.lose(object, "it is PostgreSQL's own, "+x.Postgres)
		return ""
	}
	if x.Method != "" && x.Method != "btree" && x.Method != "hash" {
		w.lose(object, "SQLite has no "+x.Method+" indexes")
		return ""
	}
	keys := make([]string, len(x.Columns))
	for i, c := range x.Columns {
		keys[i] = w.indexKey(c)
	}
	for _, c := range x.Include {
		if !x.Unique && !slices.ContainsFunc(x.Columns, func(k schema.IndexColumn) bool { return k.Column == c }) {
			keys = append(keys, identifier(c.Name))
		}
	}
	sql := "CREATE "
	if x.Unique {
		sql += "UNIQUE "
	}
	sql += "INDEX " + identifier(x.Name) + " ON " + w.name(x.Table.Name) + " (" + strings.Join(keys, ", ") + ")"
	if x.Where != nil {
		where, err := condition(x.Where, x.Table, SQLite, w.s)
		if err != nil {
			w.lose(object, err.Error())
			return ""
		}
		sql += " WHERE " + where
	}
	return sql
}

// indexKey writes one key. Where nulls stand is lost: SQLite has them first when ascending.
func (w *liteWriter) indexKey(c schema.IndexColumn) string {
	sql := identifier(c.Column.Name)
	if isLiteCollation(c.Collate) {
		sql += " COLLATE " + identifier(c.Collate)
	}
	if c.Desc {
		sql += " DESC"
	}
	return sql
}

func (w *liteWriter) view(t *schema.Table) string {
	if t.View.SQLite == "" {
		w.lose("view "+t.Name.String(), "the file has no SQL of it for SQLite")
		return ""
	}
	return "CREATE VIEW " + w.name(t.Name) + " AS\n" + strings.TrimSuffix(strings.TrimSpace(t.View.SQLite), ";")
}
