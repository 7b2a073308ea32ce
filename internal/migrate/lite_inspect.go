package migrate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// InspectSQLite reads a live SQLite database. The schema is linked and its relations are named. It changes nothing; of
// columns that are declared as dates and times it looks at some values, to see how they are stored.
func InspectSQLite(ctx context.Context, db *sqlite3.Conn) (*schema.Schema, []Report, error) {
	old := db.SetInterrupt(ctx)
	defer db.SetInterrupt(old)
	in := &liteInspection{
		db: db, out: &schema.Schema{Default: "public", Exposed: []string{"public"}},
		tables: map[string]*schema.Table{}, parsed: map[*schema.Table]*liteTable{},
	}
	for _, step := range []func() error{in.readTables, in.readColumns, in.readConstraints, in.readIndexes, in.readViews, in.readTriggers} {
		if err := step(); err != nil {
			return nil, nil, fmt.Errorf("inspect SQLite: %w", err)
		}
	}
	in.out.Link()
	in.out.Spell()
	addViewKeys(in.out, in.views)
	in.out.Link()
	nameAll(in.out)
	in.out.Link()
	return in.out, in.reports, nil
}

type liteInspection struct {
	db      *sqlite3.Conn
	out     *schema.Schema
	reports []Report
	tables  map[string]*schema.Table // by lower-case name
	parsed  map[*schema.Table]*liteTable
	views   map[*schema.Table]shown
}

func (in *liteInspection) report(object, what, why string) {
	in.reports = append(in.reports, Report{Object: object, What: what, Why: why})
}

// liteRows runs a query and gives every row as texts; NULL is an empty one.
func liteRows(db *sqlite3.Conn, sql string, args ...string) ([][]string, error) {
	st, _, err := db.Prepare(sql)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	for i, a := range args {
		if err := st.BindText(i+1, a); err != nil {
			return nil, err
		}
	}
	var out [][]string
	for st.Step() {
		row := make([]string, st.ColumnCount())
		for i := range row {
			row[i] = st.ColumnText(i)
		}
		out = append(out, row)
	}
	return out, st.Err()
}

// name is a table's name. SQLite has no schemas; a dot in a name stays in the name.
func (in *liteInspection) name(stored string) schema.Name { return schema.Name{Name: stored} }

func (in *liteInspection) readTables() error {
	rows, err := liteRows(in.db, `
		SELECT l.name, l.type, l.wr, l.strict, coalesce(m.sql, '')
		FROM pragma_table_list l JOIN main.sqlite_schema m ON m.name = l.name AND m.type IN ('table', 'view')
		WHERE l.schema = 'main' AND l.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND l.name NOT LIKE '\_pintail\_%' ESCAPE '\'
		ORDER BY l.name`)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r[0] == "" {
			in.report("a "+r[1], "its name is empty", "it is not served and not in the file; the database keeps it")
			continue
		}
		t := &schema.Table{Name: in.name(r[0]), WithoutRowID: r[2] == "1", Strict: r[3] == "1"}
		switch r[1] {
		case "shadow":
			continue
		case "virtual":
			in.report("table "+r[0], "a virtual table", "it is not served and not in the file; the database keeps it")
			continue
		case "view":
			t.View = &schema.View{SQLite: viewSelect(r[4])}
		default:
			in.parsed[t] = parseCreateTable(r[4])
			for _, note := range in.parsed[t].notes {
				in.report("table "+r[0], note, "the file has no conflict clauses; the database keeps it")
			}
		}
		in.out.Tables = append(in.out.Tables, t)
		in.tables[strings.ToLower(r[0])] = t
	}
	return nil
}

// viewSelect cuts CREATE VIEW … AS off a view's text.
func viewSelect(sql string) string {
	toks := tokens(sql)
	for i, t := range toks {
		if i > 2 && t.kind == wordToken && strings.EqualFold(t.text, "AS") {
			return strings.TrimSuffix(strings.TrimSpace(sql[t.end:]), ";")
		}
	}
	return sql
}

func (in *liteInspection) readColumns() error {
	// Virtual tables have no page: asked for, they want their module, which may not be there.
	rows, err := liteRows(in.db, `
		SELECT m.name, x.name, x.type, x."notnull", coalesce(x.dflt_value, ''), x.pk, x.hidden, x.dflt_value IS NOT NULL
		FROM main.sqlite_schema m JOIN pragma_table_xinfo(m.name) x
		WHERE m.type = 'table' AND m.rootpage > 0 ORDER BY m.name, x.cid`)
	if err != nil {
		return err
	}
	keys := map[*schema.Table]map[int]*schema.Column{}
	nameless := map[*schema.Table]bool{} // tables whose key has a column that can't be said
	for _, r := range rows {
		t := in.tables[strings.ToLower(r[0])]
		if t == nil || t.View != nil {
			continue
		}
		if r[1] == "" {
			in.report("a column of table "+r[0], "its name is empty", "it is not served and not in the file; the database keeps it")
			nameless[t] = nameless[t] || r[5] != "0"
			continue
		}
		p := in.parsed[t].columns[strings.ToLower(r[1])]
		if p == nil {
			p = &liteColumn{}
		}
		c, err := in.column(t, r[1], r[2], p)
		if err != nil {
			return err
		}
		c.NotNull = r[3] == "1"
		if p.generated != "" {
			c.Generated = &schema.Generated{SQLite: p.generated, Stored: r[6] == "3"}
		} else if r[7] == "1" {
			c.Default = liteDefault(r[4], c)
		}
		if place, _ := strconv.Atoi(r[5]); place > 0 {
			if keys[t] == nil {
				keys[t] = map[int]*schema.Column{}
			}
			keys[t][place] = c
		}
		t.Columns = append(t.Columns, c)
	}
	for t, byPlace := range keys {
		if nameless[t] { // the columns that are left may have the same values in many rows
			in.report("the primary key of table "+t.Name.Name, "it has a column whose name is empty", "it is not in the file; the database keeps it")
			t.WithoutRowID = false // which takes a key
			continue
		}
		t.Primary = &schema.Key{Name: t.Name.Name + "_pkey"}
		if p := in.parsed[t].primary; p != nil && p.name != "" {
			t.Primary.Name = p.name
		}
		for i := 1; byPlace[i] != nil; i++ {
			t.Primary.Columns = append(t.Primary.Columns, byPlace[i])
			byPlace[i].NotNull = byPlace[i].NotNull || t.WithoutRowID
		}
		in.number(t)
	}
	return nil
}

// number marks an INTEGER PRIMARY KEY, which numbers itself.
func (in *liteInspection) number(t *schema.Table) {
	c := t.Primary.Columns[0]
	if !isRowID(t, c) {
		return
	}
	auto := false
	if p := in.parsed[t].columns[strings.ToLower(c.Name)]; p != nil {
		auto = p.auto
	}
	c.NotNull = true
	switch {
	case own(c) && auto:
		c.Identity = schema.ByDefault
	case own(c): // Pintail made it of a key that doesn't number itself
	default:
		c.Identity = schema.ByDefault
		if auto {
			c.Declared += " AUTOINCREMENT"
		}
	}
}

// column reads a column's type: Pintail's own from its comment, another's from what it declares.
func (in *liteInspection) column(t *schema.Table, name, declared string, p *liteColumn) (*schema.Column, error) {
	c := &schema.Column{Table: t, Name: name}
	if typ, ok := writtenBy(p.comment, declared); ok {
		c.Type = typ
		if typ.Base == schema.Unknown {
			in.enumOf(t, c)
		}
	} else {
		c.Type, c.Storage = declaredType(declared)
		c.Declared = cmp.Or(declared, noType)
		if told, how, ok := strings.Cut(p.comment, " as "); ok && typeNames[readType(told).Name] != schema.Unknown {
			c.Type, c.Storage = readType(told), schema.Storage(strings.TrimSuffix(how, "own"))
		} else if err := in.sample(t, c); err != nil {
			return nil, err
		}
	}
	_, ownCollation := liteType(c.Type)
	if p.collate != "" && !strings.EqualFold(p.collate, "BINARY") && !(own(c) && p.collate == ownCollation) {
		c.Collate = p.collate
	}
	return c, nil
}

// enumOf makes an enum of a column whose comment names a type that is none of PostgreSQL's own, and whose check lists values.
func (in *liteInspection) enumOf(t *schema.Table, c *schema.Column) {
	for _, k := range in.parsed[t].checks {
		toks := tokens(k.sql)
		if k.column != c.Name || len(toks) < 5 || toks[0].text != c.Name || !strings.EqualFold(toks[1].text, "IN") {
			continue
		}
		e := &schema.Enum{Name: schema.Name{Name: c.Type.Name}}
		for _, v := range toks[2:] {
			if v.kind == stringToken {
				e.Values = append(e.Values, schema.EnumValue{Value: v.text})
			}
		}
		for _, known := range in.out.Enums {
			if known.Name == e.Name {
				e = known
			}
		}
		if !slices.Contains(in.out.Enums, e) {
			in.out.Enums = append(in.out.Enums, e)
		}
		c.Type.Base, c.Type.Enum = schema.EnumBase, e
	}
}

// sampleRows is how many values of a column are looked at.
const sampleRows = 200

// sample looks at how a column's dates and times are stored: as text, as seconds or milliseconds since 1970, or as days.
func (in *liteInspection) sample(t *schema.Table, c *schema.Column) error {
	if !isTime(c.Type) && c.Type.Base != schema.UUID && c.Type.Base != schema.JSON {
		return nil
	}
	name := identifier(c.Name)
	rows, err := liteRows(in.db, fmt.Sprintf(
		"SELECT typeof(%s), %s FROM (SELECT %s FROM %s WHERE %s IS NOT NULL LIMIT %d)", name, name, name, identifier(t.Name.Name), name, sampleRows))
	if err != nil {
		return err
	}
	integers, reals, texts, zoned, odd, large := 0, 0, 0, 0, 0, 0
	for _, r := range rows {
		switch r[0] {
		case "integer":
			integers++
			if n, err := strconv.ParseInt(r[1], 10, 64); err == nil && (n > 1e11 || n < -1e11) {
				large++
			}
		case "real":
			reals++
		default:
			texts++
			if _, err := value.Parse(c.Type, r[1]); err != nil {
				odd++
			} else if hasZone(r[1]) {
				zoned++
			}
		}
	}
	object := "column " + t.Name.Name + "." + c.Name
	switch {
	case len(rows) == 0:
	case odd > 0:
		in.report(object, "declared "+c.Declared+", but holds values that are none", "it is served as text")
		c.Type, c.Storage = schema.Type{Base: schema.Text, Name: "text"}, schema.StoreNative
	case !isTime(c.Type):
	case integers == len(rows) && large > 0:
		c.Storage = schema.StoreUnixMilli
	case integers == len(rows):
		c.Storage = schema.StoreUnix
	case reals == len(rows):
		c.Storage = schema.StoreJulian
	case texts != len(rows):
		c.Storage = schema.StoreNative
	case c.Type.Base == schema.Timestamp && zoned == texts:
		c.Type = schema.Type{Base: schema.TimestampTZ, Name: "timestamp with time zone"}
	}
	return nil
}

// hasZone says whether a moment's text ends in a zone.
func hasZone(s string) bool {
	if strings.HasSuffix(s, "Z") || strings.HasSuffix(s, "z") {
		return true
	}
	i := strings.LastIndexAny(s, "+-")
	return i > len("2006-01-02T15")
}

// arrayText turns a JSON array into the text of a PostgreSQL array.
func arrayText(t schema.Type, json string) (string, bool) {
	v, err := value.FromJSON(t, "", []byte(json))
	if err != nil {
		return "", false
	}
	return string(value.AppendText(nil, t, v, nil)), true
}

func (in *liteInspection) readConstraints() error {
	for _, t := range in.out.Tables {
		p := in.parsed[t]
		if p == nil {
			continue
		}
		taken := map[string]bool{}
		if t.Primary != nil {
			taken[t.Primary.Name] = true
		}
		for _, k := range p.uniques {
			cols := columnsNamed(t, k.columns)
			if len(cols) < len(k.columns) {
				in.report("a unique key of table "+t.Name.Name, "it has a column whose name is empty", "it is not in the file; the database keeps it")
				continue
			}
			t.Uniques = append(t.Uniques, &schema.Key{Name: constraintName(k.name, t, cols, "key", taken), Columns: cols})
		}
		for _, k := range p.checks {
			if c := columnNamed(t, k.column); c != nil && own(c) && implied(c) == " CHECK ("+k.sql+")" {
				continue
			}
			check := &schema.Check{Name: constraintName(k.name, t, columnsNamed(t, []string{k.column}), "check", taken)}
			if check.Where = parseCondition(k.sql, t, SQLite); check.Where == nil {
				check.SQLite = k.sql
			}
			t.Checks = append(t.Checks, check)
		}
	}
	for _, t := range in.out.Tables {
		if in.parsed[t] == nil {
			continue
		}
		taken := map[string]bool{}
		for _, f := range in.parsed[t].foreign {
			to := in.tables[strings.ToLower(f.to)]
			cols := columnsNamed(t, f.columns)
			key := &schema.ForeignKey{
				Name: constraintName(f.name, t, cols, "fkey", taken), Table: t, To: to, Columns: cols,
				OnDelete: f.onDelete, OnUpdate: f.onUpdate, Deferrable: f.deferrable, Deferred: f.deferred,
			}
			if to == nil {
				in.report("foreign key "+key.Name+" of table "+t.Name.Name, "refers to "+f.to, "there is no such table; it is left out of the file")
				continue
			}
			if key.References = columnsNamed(to, f.references); len(f.references) == 0 && to.Primary != nil {
				key.References = to.Primary.Columns
			}
			if len(key.References) != len(key.Columns) {
				in.report("foreign key "+key.Name+" of table "+t.Name.Name, "refers to columns that are not there", "it is left out of the file")
				continue
			}
			t.Foreign = append(t.Foreign, key)
		}
	}
	return nil
}

func columnNamed(t *schema.Table, name string) *schema.Column {
	for _, c := range t.Columns {
		if strings.EqualFold(c.Name, name) {
			return c
		}
	}
	return nil
}

// columnsNamed finds columns as SQLite does, whatever the case.
func columnsNamed(t *schema.Table, names []string) []*schema.Column {
	var out []*schema.Column
	for _, n := range names {
		if c := columnNamed(t, n); c != nil {
			out = append(out, c)
		}
	}
	return out
}

// constraintName names a constraint that has no name as PostgreSQL would: table_column_fkey, with a number where that is
// taken.
func constraintName(given string, t *schema.Table, columns []*schema.Column, end string, taken map[string]bool) string {
	if given != "" {
		taken[given] = true
		return given
	}
	name := t.Name.Name
	for _, c := range columns {
		name += "_" + c.Name
	}
	base := name
	name += "_" + end
	for i := 1; taken[name]; i++ {
		name = fmt.Sprintf("%s_%s%d", base, end, i)
	}
	taken[name] = true
	return name
}

func (in *liteInspection) readIndexes() error {
	rows, err := liteRows(in.db, `
		SELECT m.tbl_name, l.name, l."unique", l.partial, m.sql, x.cid, coalesce(x.name, ''), x."desc", x.coll
		FROM main.sqlite_schema m
			JOIN pragma_index_list(m.tbl_name) l ON l.name = m.name
			JOIN pragma_index_xinfo(m.name) x ON x.key = 1
		WHERE m.type = 'index' AND m.sql IS NOT NULL
		ORDER BY m.tbl_name, m.name, x.seqno`)
	if err != nil {
		return err
	}
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n][1] == rows[0][1] {
			n++
		}
		if t := in.tables[strings.ToLower(rows[0][0])]; t != nil {
			t.Indexes = append(t.Indexes, in.index(t, rows[:n]))
		}
		rows = rows[n:]
	}
	return nil
}

// index reads an index from its keys; verbatim where one is an expression or its predicate can't be said.
func (in *liteInspection) index(t *schema.Table, keys [][]string) *schema.Index {
	x := &schema.Index{Name: keys[0][1], Table: t, Unique: keys[0][2] == "1"}
	verbatim := &schema.Index{Name: x.Name, Table: t, Unique: x.Unique, SQLite: keys[0][4]}
	for _, k := range keys {
		c := columnNamed(t, k[6])
		if c == nil {
			return verbatim
		}
		col := schema.IndexColumn{Column: c, Desc: k[7] == "1"}
		_, natural := liteType(c.Type)
		if c.Collate != "" || !own(c) {
			natural = c.Collate
		}
		if !strings.EqualFold(k[8], cmp.Or(natural, "BINARY")) {
			col.Collate = k[8]
		}
		x.Columns = append(x.Columns, col)
	}
	if keys[0][3] == "1" {
		where := predicate(keys[0][4])
		if x.Where = parseCondition(where, t, SQLite); x.Where == nil {
			return verbatim
		}
	}
	return x
}

// predicate is what stands after an index's WHERE.
func predicate(sql string) string {
	depth := 0
	for _, t := range tokens(sql) {
		switch {
		case t.kind == punctToken && t.text == "(":
			depth++
		case t.kind == punctToken && t.text == ")":
			depth--
		case depth == 0 && t.kind == wordToken && strings.EqualFold(t.text, "WHERE"):
			return strings.TrimSpace(sql[t.end:])
		}
	}
	return ""
}

// readViews reads the columns of views. SQLite itself says which table's column a view's column shows.
func (in *liteInspection) readViews() error {
	in.views = map[*schema.Table]shown{}
	for _, t := range in.out.Tables {
		if t.View == nil {
			continue
		}
		st, _, err := in.db.Prepare("SELECT * FROM " + identifier(t.Name.Name))
		if err != nil {
			in.report("view "+t.Name.Name, "it can't be read", err.Error())
			continue
		}
		in.views[t] = shown{}
		for i := range st.ColumnCount() {
			c := &schema.Column{Table: t, Name: st.ColumnName(i), Position: len(t.Columns)}
			if c.Name == "" {
				in.report("a column of view "+t.Name.Name, "its name is empty", "it is not served and not in the file; the database keeps it")
				continue
			}
			if base := in.tables[strings.ToLower(st.ColumnTableName(i))]; base != nil {
				if from := columnNamed(base, st.ColumnOriginName(i)); from != nil {
					c.Type, c.Storage, c.Declared, c.Collate = from.Type, from.Storage, from.Declared, from.Collate
					in.views[t][from] = append(in.views[t][from], c)
				}
			}
			if c.Type.Name == "" {
				c.Type, c.Storage = schema.Type{Base: schema.Text, Name: "text"}, schema.StoreNative
			}
			t.Columns = append(t.Columns, c)
		}
		st.Close()
	}
	in.out.Tables = slices.DeleteFunc(in.out.Tables, func(t *schema.Table) bool { return t.View != nil && len(t.Columns) == 0 })
	return nil
}

func (in *liteInspection) readTriggers() error {
	rows, err := liteRows(in.db, `SELECT tbl_name, name, sql FROM main.sqlite_schema WHERE type = 'trigger' ORDER BY tbl_name, name`)
	if err != nil {
		return err
	}
	for _, r := range rows {
		t := in.tables[strings.ToLower(r[0])]
		if t == nil {
			continue
		}
		if t.View != nil {
			words := tokens(r[2])
			for i := 0; i+2 < len(words); i++ {
				if strings.EqualFold(words[i].text, "INSTEAD") && strings.EqualFold(words[i+1].text, "OF") {
					switch strings.ToUpper(words[i+2].text) {
					case "INSERT":
						t.View.Insertable = true
					case "UPDATE":
						t.View.Updatable = true
					case "DELETE":
						t.View.Deletable = true
					}
				}
			}
		}
		in.report("trigger "+r[1]+" of "+t.Name.Name, "a trigger", "the file has no triggers; the database keeps and fires it")
	}
	return nil
}
