package guard

import (
	"context"
	"fmt"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

// A liteCatalog is what a SQLite file's schema holds of tables and indexes.
type liteCatalog struct {
	version  int64 // PRAGMA schema_version
	data     int64 // PRAGMA data_version of the connection that read it
	text     string
	applied  *schema.Schema
	analyzed string // tables with statistics, each with a line's end
	indexes  []*liteIndex
	foreign  []*liteForeign
	byName   map[string]*liteIndex // by lower-case name
	keys     map[string]*liteIndex // what stands for a table's primary key, by the table's lower-case name
	tables   map[string]string     // names, by lower-case name
	names    map[string]schema.Name
	given    *Catalog // for the schema of for
	for_     *schema.Schema
}

// A liteIndex is one index of a file.
type liteIndex struct {
	name, table string
	unique      bool
	origin      string // c: CREATE INDEX, u: a unique constraint, pk: a primary key
	partial     bool
	sql         string
	keys        []liteKey
	rowid       bool   // no index at all: the table's own key, an INTEGER PRIMARY KEY
	as          string // the id of the constraint in whose place it stands
}

type liteKey struct {
	column  string // empty for an expression
	desc    bool
	collate string
}

// catalogSQL reads every index with its keys in one statement. Virtual tables have no page: asked for, they want their module.
const catalogSQL = `
	SELECT t.name, l.name, l."unique", l.origin, l.partial, coalesce(x.name, ''), x."desc", coalesce(x.coll, '')
	FROM sqlite_schema t JOIN pragma_index_list(t.name) l JOIN pragma_index_xinfo(l.name) x ON x.key = 1
	WHERE t.type = 'table' AND t.rootpage > 0 AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND t.name NOT LIKE '\_pintail\_%' ESCAPE '\'
	ORDER BY t.name, l.name, x.seqno`

// keySQL reads the columns of primary keys.
const keySQL = `
	SELECT t.name, x.name, upper(x.type)
	FROM sqlite_schema t JOIN pragma_table_info(t.name) x ON x.pk > 0
	WHERE t.type = 'table' AND t.rootpage > 0 AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND t.name NOT LIKE '\_pintail\_%' ESCAPE '\'
	ORDER BY t.name`

// textSQL reads the tables, and the texts of indexes.
const textSQL = `
	SELECT type = 'index', name, coalesce(sql, '') FROM sqlite_schema
	WHERE type IN ('table', 'index') AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE '\_pintail\_%' ESCAPE '\'`

// readLite reads the catalog of a connection's main database, on one snapshot.
func readLite(c *sqlite3.Conn) (liteCatalog, error) {
	if err := c.Exec("BEGIN"); err != nil {
		return liteCatalog{}, err
	}
	defer c.Exec("ROLLBACK")
	return readLiteInside(c)
}

// readLiteInside is readLite inside a transaction.
func readLiteInside(c *sqlite3.Conn) (liteCatalog, error) {
	out := liteCatalog{byName: map[string]*liteIndex{}, keys: map[string]*liteIndex{}, tables: map[string]string{}}
	var err error
	if out.version, err = liteNumber(c, "PRAGMA schema_version"); err != nil {
		return out, err
	}
	texts := map[string]string{}
	err = liteEach(c, textSQL, func(st *sqlite3.Stmt) {
		if name := st.ColumnText(1); st.ColumnBool(0) {
			texts[name] = st.ColumnText(2)
		} else {
			out.tables[strings.ToLower(name)] = name
		}
	})
	if err != nil {
		return out, err
	}
	err = liteEach(c, catalogSQL, func(st *sqlite3.Stmt) {
		name := st.ColumnText(1)
		x := out.byName[strings.ToLower(name)]
		if x == nil {
			x = &liteIndex{name: name, table: st.ColumnText(0), unique: st.ColumnBool(2), origin: st.ColumnText(3), partial: st.ColumnBool(4), sql: texts[name]}
			out.indexes = append(out.indexes, x)
			out.byName[strings.ToLower(name)] = x
			if x.origin == "pk" {
				out.keys[strings.ToLower(x.table)] = x
			}
		}
		x.keys = append(x.keys, liteKey{st.ColumnText(5), st.ColumnBool(6), strings.ToUpper(st.ColumnText(7))})
	})
	if err != nil {
		return out, err
	}
	// A table's only key column that is an INTEGER and has no index is another name for the rowid.
	var rowids []*liteIndex
	err = liteEach(c, keySQL, func(st *sqlite3.Stmt) {
		x := &liteIndex{name: "the primary key", table: st.ColumnText(0), unique: true, origin: "pk", rowid: st.ColumnText(2) == "INTEGER", keys: []liteKey{{column: st.ColumnText(1)}}}
		if n := len(rowids) - 1; n >= 0 && rowids[n].table == x.table {
			rowids[n].rowid = false
			return
		}
		rowids = append(rowids, x)
	})
	for _, x := range rowids {
		if lower := strings.ToLower(x.table); x.rowid && out.keys[lower] == nil {
			out.indexes = append(out.indexes, x)
			out.keys[lower] = x
		}
	}
	if err == nil {
		out.foreign, err = readForeignLite(c)
	}
	return out, err
}

// liteEach runs a query and calls f for each row.
func liteEach(c *sqlite3.Conn, sql string, f func(*sqlite3.Stmt)) error {
	st, _, err := c.Prepare(sql)
	if err != nil {
		return err
	}
	defer st.Close()
	for st.Step() {
		f(st)
	}
	return st.Err()
}

// id names an index: a constraint's by its table and columns, since SQLite numbers the names of these.
func (x *liteIndex) id() string {
	switch {
	case x.as != "":
		return x.as
	case x.origin == "c":
		return x.name
	}
	return x.constraint()
}

func (x *liteIndex) constraint() string {
	parts := make([]string, len(x.keys))
	for i, k := range x.keys {
		parts[i] = k.column
	}
	return x.table + "(" + strings.Join(parts, ", ") + ")"
}

// definition spells an index in one way.
func (x *liteIndex) definition() string {
	if x.rowid {
		return "PRIMARY KEY of " + strings.ToLower(x.table) + " (" + strings.ToLower(x.keys[0].column) + ")"
	}
	expression := false
	parts := make([]string, len(x.keys))
	for i, k := range x.keys {
		expression = expression || k.column == ""
		parts[i] = strings.ToLower(k.column)
		if k.collate != "BINARY" {
			parts[i] += " COLLATE " + k.collate
		}
		if k.desc {
			parts[i] += " DESC"
		}
	}
	out := "INDEX"
	if x.unique {
		out = "UNIQUE"
	}
	out += " on " + strings.ToLower(x.table) + " "
	if expression {
		return out + spelled(after(x.sql))
	}
	out += "(" + strings.Join(parts, ", ") + ")"
	if x.partial {
		rest := spelled(after(x.sql))
		if i := strings.Index(rest, ")where"); i >= 0 {
			out += " WHERE " + rest[i+len(")where"):]
		} else {
			out += " " + rest
		}
	}
	return out
}

// after is what follows the table's name in CREATE INDEX: the keys, and what makes it partial.
func after(sql string) string {
	if i := strings.IndexByte(sql, '('); i >= 0 {
		for j := 0; ; { // a parenthesis inside a quoted name
			k := strings.IndexByte(sql[j:], '(')
			if k < 0 {
				return sql[i:]
			}
			j += k
			if on := sql[:j]; strings.Count(on, `"`)%2 == 0 && strings.Count(on, "[") == strings.Count(on, "]") && strings.Count(on, "`")%2 == 0 {
				return sql[j:]
			}
			j++
		}
	}
	return sql
}

// spelled is SQL without quotes around names, in lower case outside of strings, with no space that doesn't part two words.
func spelled(sql string) string {
	var b strings.Builder
	word := func(c byte) bool {
		return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
	}
	last, gap := byte(0), false
	for i := 0; i < len(sql); i++ {
		c := sql[i]
		if strings.IndexByte(" \t\r\n\"`[]", c) >= 0 {
			gap = true
			continue
		}
		if c == '\'' {
			j := i + 1
			for j < len(sql) && (sql[j] != '\'' || j+1 < len(sql) && sql[j+1] == '\'') {
				if sql[j] == '\'' {
					j++
				}
				j++
			}
			b.WriteString(sql[i:min(j+1, len(sql))])
			i, last, gap = j, c, false
			continue
		}
		if gap && word(last) && word(c) {
			b.WriteByte(' ')
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b.WriteByte(c)
		last, gap = c, false
	}
	return strings.TrimSuffix(strings.TrimSpace(b.String()), ";")
}

// index is what the guard knows of an index; false for one on a table that the schema doesn't declare.
func (x *liteIndex) index(names map[string]schema.Name) (Index, bool) {
	t, ok := names[strings.ToLower(x.table)]
	if !ok || strings.HasPrefix(x.name, standInPrefix) {
		return Index{}, false
	}
	out := Index{ID: x.id(), Name: x.name, Table: t, Unique: x.unique, Constraint: x.origin != "c", Definition: x.definition()}
	if x.origin != "c" && !x.rowid {
		out.Name = "the unique constraint " + x.constraint()
		if x.origin == "pk" {
			out.Name = "the primary key " + x.constraint()
		}
	}
	for _, k := range x.keys {
		if k.column == "" {
			return out, true // any column may be in an expression: none is named
		}
	}
	for _, k := range x.keys {
		out.Columns = append(out.Columns, k.column)
	}
	if x.partial { // whatever word of its condition is a column's name, is one
		words := strings.FieldsFunc(spelled(after(x.sql)), func(r rune) bool { return strings.ContainsRune(" ()=<>!,+-*/%|&~'.", r) })
		out.Columns = append(out.Columns, words...)
	}
	return out, true
}

// standInPrefix begins the name of what stands in for an index while that can't be built.
const standInPrefix = "_pintail_"

// nameOf is how the schema calls a table of the file.
func (c *liteCatalog) nameOf(table string) string {
	if n, ok := c.names[strings.ToLower(table)]; ok {
		return n.String()
	}
	return table
}

// Catalog reads the file's. Where nobody has committed since the last time it is not read again.
func (l *Lite) Catalog(ctx context.Context, s *schema.Schema) (*Catalog, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	declared, err := l.copy(ctx, s)
	if err != nil {
		return nil, err
	}
	err = l.live.Do(ctx, lookLimit, func(c *sqlite3.Conn) error {
		data, err := liteNumber(c, "PRAGMA data_version")
		if err != nil {
			return err
		}
		version, err := liteNumber(c, "PRAGMA schema_version")
		if err != nil {
			return err
		}
		if l.last.given != nil && l.last.for_ == s && l.last.data == data && l.last.version == version {
			return nil
		}
		return l.reread(c, s, declared, data, version)
	})
	if err != nil {
		return nil, err
	}
	return l.last.given, nil
}

// reread reads what may have changed.
func (l *Lite) reread(c *sqlite3.Conn, s *schema.Schema, declared *liteCopy, data, version int64) error {
	next := l.last
	if l.last.given == nil || l.last.version != version || l.last.for_ != s {
		var err error
		if next, err = readLite(c); err != nil {
			return err
		}
		next.text, next.applied = l.last.text, l.last.applied
	}
	next.data = data
	text, analyzed, err := l.beside(c)
	if err != nil {
		return err
	}
	if text != next.text {
		next.text, next.applied = text, nil
		if text == schema.Print(s) { // the usual case, in which nothing has to be spelled twice
			next.applied = s
		} else if parsed, mistakes := schema.Parse(schema.Source{Name: "the applied schema", Text: text}); len(mistakes) == 0 && text != "" {
			next.applied = parsed
		}
	}
	if text != "" && next.applied == nil { // an older Pintail wrote it: the tables are its own all the same
		next.applied = s
	}
	if next.given != nil && next.version == l.last.version && next.text == l.last.text && next.for_ == s && analyzed == l.last.analyzed {
		l.last.data = data
		return l.stats.refresh(c, false)
	}
	next.analyzed, next.for_, next.names = analyzed, s, namesOf(s)
	next.standIns(declared)
	out := &Catalog{Analyzed: map[string]bool{}, Applied: next.applied}
	out.Version = fmt.Sprintf("%d of %s, statistics of %s", next.version, hashed(next.text), hashed(analyzed))
	for _, t := range strings.Split(analyzed, "\n") {
		if t != "" {
			out.Analyzed[next.nameOf(t)] = true
		}
	}
	for _, x := range next.indexes {
		if i, ok := x.index(next.names); ok {
			out.Indexes = append(out.Indexes, i)
		}
	}
	for _, f := range next.foreign {
		if i, ok := f.index(next.names); ok {
			out.Indexes = append(out.Indexes, i)
		}
	}
	for lower := range declared.catalog.tables {
		if _, ok := next.tables[lower]; !ok {
			out.Missing = append(out.Missing, next.names[lower])
		}
	}
	next.given = out
	l.last = next
	return l.stats.refresh(c, true)
}

// beside reads what the file says of the schema that was applied, and which tables have statistics.
func (l *Lite) beside(c *sqlite3.Conn) (text, analyzed string, err error) {
	has := map[string]bool{}
	const names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ('" + migrate.StateTable + "', '" + migrate.IncidentTable + "', 'sqlite_stat1')"
	err = liteEach(c, names, func(st *sqlite3.Stmt) { has[st.ColumnText(0)] = true })
	l.records.inside.Store(has[migrate.IncidentTable])
	if err == nil && has[migrate.StateTable] {
		err = liteEach(c, "SELECT value FROM "+migrate.StateTable+" WHERE key = 'schema'", func(st *sqlite3.Stmt) { text = st.ColumnText(0) })
	}
	if err == nil && has["sqlite_stat1"] {
		err = liteEach(c, "SELECT DISTINCT tbl FROM sqlite_stat1 ORDER BY tbl", func(st *sqlite3.Stmt) { analyzed += st.ColumnText(0) + "\n" })
	}
	return text, analyzed, err
}

// standIns lets a plain unique index stand for a constraint of the same keys that the table itself lost.
func (c *liteCatalog) standIns(declared *liteCopy) {
	has := map[string]bool{}
	for _, x := range c.indexes {
		has[x.id()] = true
	}
	for _, d := range declared.catalog.indexes {
		if d.origin == "c" || d.rowid || has[d.id()] {
			continue
		}
		for _, x := range c.indexes {
			if x.origin == "c" && x.definition() == d.definition() && declared.catalog.byName[strings.ToLower(x.name)] == nil {
				x.as = d.id()
				if d.origin == "pk" {
					c.keys[strings.ToLower(x.table)] = x
				}
				break
			}
		}
	}
}
