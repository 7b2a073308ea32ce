package cache

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/change"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A kind is one way in which a column may be declared, with values that clients and statements write and ask for. The values are
// few, and many of them are equal to each other by some rule: what one write changes, another query asks for.
type kind struct {
	declared string // SQLite's type, with its collation
	loose    bool   // only in a table that isn't STRICT
	typ      schema.Type
	storage  schema.Storage
	values   []string // as SQL
	asked    []string // as clients write them
}

var (
	bigint  = schema.Type{Base: schema.Int8, Name: "bigint"}
	txt     = schema.Type{Base: schema.Text, Name: "text"}
	citext  = schema.Type{Base: schema.Text, Name: "citext"}
	numeric = schema.Type{Base: schema.Numeric, Name: "numeric"}

	words  = []string{"'a'", "'A'", "'a '", "'b'", "'B'", "'ab'", "'ä'", "'Ä'", "''", "NULL", "'1'", "'01'", "'1.0'", "'a,b'", "'b,a'"}
	spoken = []string{"a", "A", "a ", "b", "B", "ab", "ä", "Ä", "", "1", "01", "1.0", "a,b", "b,a", "b,", ",a"}
	counts = []string{"0", "1", "2", "3", "4", "NULL"}
	sums   = []string{"'1'", "'1.0'", "'1.00'", "'2.5'", "'2.50'", "'-0'", "'0'", "'0.0'", "'00.5'", "'.5'", "'NaN'", "NULL"}
)

var kinds = []kind{
	{declared: "INTEGER", typ: bigint, values: counts, asked: []string{"0", "1", "2", "3", "+1", "04"}},
	{declared: "INTEGER", typ: schema.Type{Base: schema.Bool, Name: "boolean"}, values: []string{"0", "1", "NULL"}, asked: []string{"true", "f", "1", "no"}},
	{declared: "TEXT", typ: txt, values: words, asked: spoken},
	{declared: "TEXT COLLATE NOCASE", typ: txt, values: words, asked: spoken},
	{declared: "TEXT COLLATE RTRIM", typ: txt, values: words, asked: spoken},
	{declared: "TEXT COLLATE pt_citext", typ: citext, values: words, asked: spoken},
	{declared: "TEXT COLLATE pt_numeric", typ: numeric, values: sums, asked: []string{"1", "1.0", "2.5", "2.500", "0", "-0", "0.5", "NaN"}},
	{declared: "TEXT", typ: schema.Type{Base: schema.Timestamp, Name: "timestamp without time zone"},
		values: []string{"'2024-01-02T03:04:05'", "'2024-01-02T03:04:06'", "NULL"}, asked: []string{"2024-01-02 03:04:05", "2024-01-02T03:04:05", "Jan 2 2024 03:04:06"}},
	{declared: "REAL", typ: schema.Type{Base: schema.Float8, Name: "double precision"}, values: []string{"0.1", "1", "2.5", "-0.0", "NULL"}, asked: []string{"0.1", "1", "1.0", "2.5", "0", "1e0"}},
	// what other programs declare
	{declared: "BIGINT", loose: true, typ: bigint, values: append([]string{"'x'", "1.5", "'2'", "2.0"}, counts...), asked: []string{"0", "1", "2", "3"}},
	{declared: "NUMERIC", loose: true, typ: bigint, values: append([]string{"'x'", "'2'", "2.0"}, counts...), asked: []string{"0", "1", "2", "3"}},
	{declared: "REAL", loose: true, typ: bigint, values: counts, asked: []string{"0", "1", "2", "3"}},
	{declared: "", loose: true, typ: bigint, values: append([]string{"'2'", "2.0"}, counts...), asked: []string{"0", "1", "2", "3"}},
	{declared: "TEXT", loose: true, typ: bigint, values: append([]string{"'2.0'"}, counts...), asked: []string{"0", "1", "2", "3"}},
	{declared: "STRING", loose: true, typ: txt, values: words, asked: spoken},
	{declared: "VARCHAR(10)", loose: true, typ: txt, values: append([]string{"x'61'", "1"}, words...), asked: spoken},
	{declared: "", loose: true, typ: txt, values: append([]string{"1", "x'61'"}, words...), asked: spoken},
}

// A world is a random schema with a database, a cache around a store on it, and the statements that happen there.
type world struct {
	*rand.Rand
	t      testing.TB
	schema *schema.Schema
	kinds  map[*schema.Column]*kind
	strict map[*schema.Table]bool
	junk   map[*schema.Table]bool // the column in front is there
	path   string
	direct *sqlite.Store
	cached *Store
	other  *sqlite3.Conn // another process's, as far as the store can tell

	version *sqlite3.Stmt // PRAGMA schema_version, on other
	catalog *change.Catalog
}

func newWorld(t testing.TB, seed uint64, rest time.Duration) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 1)), t: t, kinds: map[*schema.Column]*kind{}, strict: map[*schema.Table]bool{}, junk: map[*schema.Table]bool{}}
	ddl := w.makeSchema()
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	w.path = filepath.Join(dir, "world.db")
	c, err := sqlite.OpenConn(w.path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	w.other = c
	for _, sql := range ddl {
		if err := c.Exec(sql); err != nil {
			t.Fatalf("%v:\n%s", err, sql)
		}
	}
	for range 30 {
		if err := c.Exec(w.insertSQL(w.table())); err != nil && !expected(err) {
			t.Fatal(err)
		}
	}
	if w.direct, err = sqlite.Open(sqlite.Config{Path: w.path, Readers: 1}); err != nil {
		t.Fatal(err)
	}
	w.cached = Wrap(w.direct, Config{Rest: rest}).(*Store)
	if w.version, _, err = c.PrepareFlags("PRAGMA schema_version", sqlite3.PREPARE_PERSISTENT); err != nil {
		t.Fatal(err)
	}
	return w
}

// readCatalog reads the tables as they are.
func (w *world) readCatalog() *change.Catalog {
	w.version.Step()
	version := w.version.ColumnInt64(0)
	err := w.version.Reset()
	if err == nil && (w.catalog == nil || w.catalog.Version != version) {
		w.catalog, err = change.ReadCatalog(w.other)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return w.catalog
}

func (w *world) close() {
	if err := w.cached.Close(); err != nil {
		w.t.Error(err)
	}
	w.version.Close()
	if err := w.other.Close(); err != nil {
		w.t.Error(err)
	}
	if err := os.RemoveAll(filepath.Dir(w.path)); err != nil {
		w.t.Error(err)
	}
}

func (w *world) some(percent int) bool { return w.IntN(100) < percent }

func pick[T any](w *world, of []T) T { return of[w.IntN(len(of))] }

func (w *world) table() *schema.Table { return pick(w, w.schema.Tables) }

// makeSchema makes tables that refer to each other, and the statements that create them.
func (w *world) makeSchema() (ddl []string) {
	w.schema = &schema.Schema{Default: "public", Exposed: []string{"public"}, Version: "fuzz"}
	for i := range 3 + w.IntN(2) {
		ddl = append(ddl, w.makeTable(i))
	}
	w.schema.Link()
	a, b := w.table(), w.table()
	column := pick(w, b.Columns)
	if a != b && column.Generated == nil {
		ddl = append(ddl, fmt.Sprintf(`CREATE TRIGGER touch AFTER %s ON %s BEGIN UPDATE OR IGNORE %s SET "%s" = %s WHERE rowid_of %% 3 = 1; END`,
			pick(w, []string{"INSERT", "UPDATE", "DELETE"}), a.Name.Name, b.Name.Name, column.Name, pick(w, w.kinds[column].values)))
		ddl[len(ddl)-1] = strings.Replace(ddl[len(ddl)-1], "rowid_of", b.Columns[0].Name, 1)
	}
	for _, t := range w.schema.Tables { // one row brings down whoever is in the same transaction
		ddl = append(ddl, fmt.Sprintf(`CREATE TRIGGER boom_%s BEFORE INSERT ON %[1]s WHEN new.id = -1 BEGIN SELECT RAISE(ROLLBACK, 'boom'); END`, t.Name.Name))
	}
	return ddl
}

func (w *world) makeTable(i int) string {
	t := &schema.Table{Name: schema.Name{Name: []string{"alpha", "Beta", "gamma", "delta"}[i]}, Type: "t"}
	w.strict[t] = w.some(50)
	t.Strict = w.strict[t]
	t.WithoutRowID = w.some(25)
	var parts []string
	if w.some(60) { // what DDL takes away shifts all others
		w.junk[t] = true
		parts = append(parts, "junk TEXT")
	}
	add := func(name string, k *kind, more string) *schema.Column {
		c := &schema.Column{Name: name, Field: name, Type: k.typ, Storage: k.storage}
		t.Columns = append(t.Columns, c)
		w.kinds[c] = k
		parts = append(parts, fmt.Sprintf("%s %s %s", name, k.declared, more))
		return c
	}
	id := add("id", &kinds[0], map[bool]string{false: "PRIMARY KEY", true: "PRIMARY KEY NOT NULL"}[t.WithoutRowID])
	id.NotNull = true
	t.Primary = &schema.Key{Name: t.Name.Name + "_pkey", Columns: t.Columns[:1]}
	for n := range 2 + w.IntN(4) {
		k := &kinds[w.IntN(len(kinds))]
		for k.loose && w.strict[t] {
			k = &kinds[w.IntN(len(kinds))]
		}
		c := add(fmt.Sprintf("c%d", n), k, pick(w, []string{"", "", "", "UNIQUE ON CONFLICT REPLACE", "UNIQUE"}))
		_ = c
	}
	if w.some(30) && w.strict[t] {
		from := t.Columns[1]
		if w.kinds[from].typ.Base == schema.Text {
			c := add("made", &kind{declared: "TEXT", typ: txt, values: []string{"NULL"}, asked: spoken},
				fmt.Sprintf("GENERATED ALWAYS AS (lower(%s)) %s", from.Name, pick(w, []string{"VIRTUAL", "STORED"})))
			c.Generated = &schema.Generated{SQLite: "lower(" + from.Name + ")"}
		}
	}
	for j, to := range w.schema.Tables {
		if !w.some(70) {
			continue
		}
		c := add(fmt.Sprintf("ref%d", j), &kinds[0], fmt.Sprintf("REFERENCES %s(id) ON DELETE %s ON UPDATE %s", to.Name.Name,
			pick(w, []string{"CASCADE", "SET NULL", "CASCADE"}), pick(w, []string{"CASCADE", "SET NULL"})))
		t.Foreign = append(t.Foreign, &schema.ForeignKey{Name: fmt.Sprintf("%s_ref%d", t.Name.Name, j), Table: t, Columns: []*schema.Column{c}, To: to, References: to.Columns[:1]})
	}
	w.schema.Tables = append(w.schema.Tables, t)
	options := []string{}
	if w.strict[t] {
		options = append(options, "STRICT")
	}
	if t.WithoutRowID {
		options = append(options, "WITHOUT ROWID")
	}
	return fmt.Sprintf("CREATE TABLE %s (%s) %s", t.Name.Name, strings.Join(parts, ", "), strings.Join(options, ", "))
}

// writable gives the columns that a statement can set.
func writable(t *schema.Table) []*schema.Column {
	return slices.DeleteFunc(slices.Clone(t.Columns), func(c *schema.Column) bool { return c.Generated != nil })
}

// sql gives a value of a column. One that can't stand in a STRICT table is left to that.
func (w *world) sql(c *schema.Column) string {
	if c.Name == "id" {
		return fmt.Sprint(w.IntN(12))
	}
	return pick(w, w.kinds[c].values)
}

func (w *world) insertSQL(t *schema.Table) string {
	cols := writable(t)
	names, values := make([]string, len(cols)), make([]string, len(cols))
	for i, c := range cols {
		names[i], values[i] = c.Name, w.sql(c)
	}
	return fmt.Sprintf("INSERT OR %s INTO %s (%s) VALUES (%s)", pick(w, []string{"REPLACE", "IGNORE", "REPLACE"}), t.Name.Name,
		strings.Join(names, ", "), strings.Join(values, ", "))
}

func (w *world) conditionSQL(t *schema.Table) string {
	c := pick(w, t.Columns)
	return fmt.Sprintf("%s %s %s", c.Name, pick(w, []string{"=", "=", "IS", "<", ">="}), w.sql(c))
}

// writeSQL is one statement that writes.
func (w *world) writeSQL() string {
	t := w.table()
	switch n := w.IntN(20); {
	case n < 6:
		return w.insertSQL(t)
	case n < 8:
		cols := writable(t)
		c := pick(w, cols)
		return strings.Replace(w.insertSQL(t), "OR REPLACE", "", 1) + fmt.Sprintf(" ON CONFLICT DO UPDATE SET %s = %s", c.Name, w.sql(c))
	case n < 13:
		c := pick(w, writable(t))
		return fmt.Sprintf("UPDATE OR %s %s SET %s = %s WHERE %s", pick(w, []string{"REPLACE", "ABORT", "IGNORE", "FAIL"}), t.Name.Name, c.Name, w.sql(c), w.conditionSQL(t))
	case n < 14:
		return fmt.Sprintf("UPDATE OR REPLACE %s SET id = id + %d WHERE %s", t.Name.Name, w.IntN(3), w.conditionSQL(t))
	case n < 18:
		return fmt.Sprintf("DELETE FROM %s WHERE %s", t.Name.Name, w.conditionSQL(t))
	case n < 19 && w.some(10):
		return "DELETE FROM " + t.Name.Name
	}
	return w.insertSQL(t)
}

// call is a plan that runs a statement as a named query does.
func call(sql string) *plan.Plan {
	f := &schema.Function{Name: schema.Name{Name: "f"}, Volatile: true, Returns: schema.Returns{Void: true}, Query: &schema.NamedQuery{SQLite: sql, Writes: true}}
	return &plan.Plan{Op: plan.Call, Call: &plan.Invocation{Function: f, Body: -1, Scalar: true}, Facts: plan.Facts{Opaque: true}}
}

// expected says whether an error is one that random statements run into.
func expected(err error) bool {
	for _, s := range []string{"constraint", "UNIQUE", "FOREIGN", "NOT NULL", "cannot store", "boom", "undone the whole", "42804", "datatype", "violates", "rolled back", "23505", "23503", "no such column", "57014"} {
		if strings.Contains(err.Error(), s) {
			return true
		}
	}
	return false
}

func (w *world) must(err error, what string) {
	if err != nil && !expected(err) {
		w.t.Fatalf("%s: %v", what, err)
	}
}

// happen lets something happen to the database.
func (w *world) happen() (what string) {
	ctx := context.Background()
	switch n := w.IntN(100); {
	case n < 50: // one statement
		sql := w.writeSQL()
		_, err := w.cached.Write(ctx, store.Tx{Plan: call(sql)})
		w.must(err, sql)
		return sql
	case n < 65: // several, some of which fail and are rolled back to a savepoint
		var all []string
		hook := func(ctx context.Context, h store.Handle) error {
			for range 1 + w.IntN(4) {
				sql := w.writeSQL()
				if w.some(5) { // the transaction is over, which the hook doesn't mind
					sql = fmt.Sprintf("INSERT INTO %s (id) VALUES (-1)", w.table().Name.Name)
				}
				_, err := h.Write(ctx, call(sql), nil)
				all = append(all, fmt.Sprintf("%s (%v)", sql, err))
				if err != nil && !expected(err) {
					return err
				}
			}
			return nil
		}
		sql := w.writeSQL()
		p := call(sql)
		p.End.Rollback = w.some(10)
		_, err := w.cached.Write(ctx, store.Tx{Plan: p, Before: []store.Hook{hook}})
		w.must(err, sql)
		return strings.Join(append(all, sql), "; ")
	case n < 75:
		return w.group()
	case n < 88: // through the form that clients' writes have
		return w.clientWrite()
	case n < 94: // another process
		sql := w.writeSQL()
		w.must(w.other.Exec(sql), sql)
		return "elsewhere: " + sql
	case n < 97:
		return w.ddl()
	}
	return "nothing"
}

// group lets several writes wait for one, so that they are committed together; one of them may bring the others down.
func (w *world) group() string {
	ctx := context.Background()
	hold, held := make(chan struct{}), make(chan struct{})
	done := make(chan error, 8)
	go func() {
		_, err := w.cached.Write(ctx, store.Tx{Plan: call("SELECT 1"), Before: []store.Hook{func(context.Context, store.Handle) error {
			close(held)
			<-hold
			return nil
		}}})
		done <- err
	}()
	<-held
	var all []string
	for range 2 + w.IntN(3) {
		all = append(all, w.writeSQL())
	}
	if w.some(40) {
		all = append(all, fmt.Sprintf("INSERT INTO %s (id) VALUES (-1)", w.table().Name.Name))
		w.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	for _, sql := range all {
		go func() {
			_, err := w.cached.Write(ctx, store.Tx{Plan: call(sql)})
			done <- err
		}()
		time.Sleep(20 * time.Microsecond) // into the queue, mostly in this order
	}
	close(hold)
	for range len(all) + 1 {
		w.must(<-done, strings.Join(all, "; "))
	}
	return "together: " + strings.Join(all, "; ")
}

func (w *world) clientWrite() string {
	t := w.table()
	c := pick(w, writable(t))
	value := "null"
	if v := pick(w, w.kinds[c].asked); w.some(85) {
		value = fmt.Sprintf("%q", v)
	}
	var q query.Query
	switch w.IntN(3) {
	case 0:
		q = &query.Insert{Into: t.Name, Columns: []string{"id", c.Name}, Rows: query.Text(fmt.Sprintf(`[{"id":%d,%q:%s}]`, w.IntN(12), c.Name, value)), Conflict: &query.Conflict{}}
		if c.Name == "id" {
			return "nothing"
		}
	case 1:
		q = &query.Update{Table: t.Name, Columns: []string{c.Name}, Row: query.Text(fmt.Sprintf(`{%q:%s}`, c.Name, value)), Where: w.condition(t, 1)}
	default:
		q = &query.Delete{From: t.Name, Where: w.condition(t, 1)}
	}
	_, args := query.Parameterize(q, nil)
	p, err := plan.Resolve(q, w.schema, plan.Options{Aggregates: true})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err = w.cached.Write(context.Background(), store.Tx{Plan: p, Args: args}); err != nil {
		return fmt.Sprintf("%s %v: %v", query.Dump(q), args, err)
	}
	return fmt.Sprintf("%s %v", query.Dump(q), args)
}

// ddl takes the column in front of a table away, which shifts all others, or puts one behind them.
func (w *world) ddl() string {
	t := w.table()
	sql := fmt.Sprintf("ALTER TABLE %s DROP COLUMN junk", t.Name.Name)
	if !w.junk[t] {
		sql = fmt.Sprintf("ALTER TABLE %s ADD COLUMN junk TEXT DEFAULT 'b'", t.Name.Name)
	}
	if w.some(30) { // by a named query, on the store's own writer, with a write beside it
		sql2 := w.writeSQL()
		hook := func(ctx context.Context, h store.Handle) error {
			if _, err := h.Write(ctx, call(sql), nil); err != nil {
				return err
			}
			_, err := h.Write(ctx, call(sql2), nil)
			if err != nil && expected(err) {
				return nil
			}
			return err
		}
		_, err := w.cached.Write(context.Background(), store.Tx{Plan: call("SELECT 1"), Before: []store.Hook{hook}})
		w.must(err, sql)
		if err == nil {
			w.junk[t] = !w.junk[t]
		}
		return sql + "; " + sql2
	}
	w.junk[t] = !w.junk[t]
	// ALTER TABLE alone would believe what this connection read of the schema before others changed it.
	if err := w.other.Exec("SELECT count(*) FROM sqlite_schema"); err != nil {
		w.t.Fatal(err)
	}
	if err := w.other.Exec(sql); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return "elsewhere: " + sql
}
