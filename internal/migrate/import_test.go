package migrate

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/ext/fts5"
	"github.com/ncruces/go-sqlite3/ext/rtree"

	"github.com/pintail-dev/pintail/schema"
)

// load runs a script.
func load(t *testing.T, d *Database, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	statements, err := splitSQL(string(text), d.Engine)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, d, statements...)
}

// inspectFile imports a database and gives the file and the reports.
func inspectFile(t *testing.T, d *Database, o Options) (string, []Report) {
	t.Helper()
	s, reports, err := d.Inspect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return schema.Print(s), reports
}

// TestImportApplyImport imports a database with some of everything, makes an empty one by the file in both ways, and imports
// that again: the file must be the same, and the first database in step with it.
func TestImportApplyImport(t *testing.T) {
	onBoth(t, func(t *testing.T, d *Database) {
		load(t, d, "testdata/rich."+string(d.Engine)+".sql")
		o := Options{Schemas: []string{"public"}}
		if d.Engine == Postgres {
			o.Schemas = []string{"shop"}
		}
		file, _ := inspectFile(t, d, o)
		golden(t, "testdata/rich."+string(d.Engine)+".graphql", file)
		s := parse(t, file)
		if again := schema.Print(s); again != file {
			t.Errorf("the file printed again differs:\n%s", firstDifference(file, again))
		}
		t.Run("first", func(t *testing.T) { settled(t, d, s) })
		t.Run("created", func(t *testing.T) {
			e := fresh(t, d.Engine)
			statements, losses := Create(s, d.Engine)
			for _, l := range losses {
				t.Errorf("lost: %s", l)
			}
			if d.Engine == Postgres {
				exec(t, e, "SET check_function_bodies = off")
			}
			for _, st := range statements {
				exec(t, e, st.SQL)
			}
			addTriggers(t, d, e)
			again, _ := inspectFile(t, e, o)
			sameFile(t, file, again)
		})
		t.Run("synced", func(t *testing.T) {
			e := fresh(t, d.Engine)
			sync(t, e, s, RunOptions{})
			addTriggers(t, d, e)
			again, _ := inspectFile(t, e, o)
			sameFile(t, file, again)
		})
	})
}

// addTriggers takes SQLite's triggers over, which the file doesn't hold and which make a view one that can be written.
func addTriggers(t *testing.T, from, to *Database) {
	if from.Engine == SQLite {
		exec(t, to, ask(t, from, "SELECT sql FROM sqlite_schema WHERE type = 'trigger'")...)
	}
}

func sameFile(t *testing.T, want, got string) {
	t.Helper()
	if want != got {
		t.Errorf("imported again, the file differs:\n%s", firstDifference(want, got))
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return "- " + x[i] + "\n+ " + y[i]
		}
	}
	return "one is longer"
}

// golden compares with a file, or with UPDATE_GOLDEN=1 writes it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is not what was imported (UPDATE_GOLDEN=1 writes it):\n%s", path, firstDifference(string(want), got))
	}
}

// TestInformationSchemasTypes keeps a column of such a type, whose name PostgreSQL writes with its schema.
func TestInformationSchemasTypes(t *testing.T) {
	d, e := fresh(t, Postgres), fresh(t, Postgres)
	exec(t, d, `CREATE TABLE seen (id integer PRIMARY KEY, name information_schema.sql_identifier)`)
	file, _ := inspectFile(t, d, Options{})
	sync(t, e, parse(t, file), RunOptions{})
	again, _ := inspectFile(t, e, Options{})
	sameFile(t, file, again)
}

// TestImportReports checks that what the file can't say is told.
func TestImportReports(t *testing.T) {
	d := fresh(t, Postgres)
	exec(t, d, `CREATE TABLE account (id integer PRIMARY KEY, owner name)`,
		`ALTER TABLE account ENABLE ROW LEVEL SECURITY`,
		`CREATE POLICY mine ON account USING (owner = current_user)`,
		`CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$`,
		`CREATE TRIGGER stamped BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION stamp()`,
		`CREATE TABLE part (a integer) PARTITION BY LIST (a)`,
		`CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1)`,
		`CREATE TABLE twice (a integer)`, `INSERT INTO twice VALUES (1), (1)`,
		`CREATE TABLE excluded (r int4range, EXCLUDE USING gist (r WITH &&))`,
		`CREATE TABLE child () INHERITS (twice)`,
		`CREATE TABLE closed ()`, `ALTER TABLE closed ENABLE ROW LEVEL SECURITY`,
		`CREATE SEQUENCE shared`, `CREATE TABLE numbered (id integer DEFAULT nextval('shared'))`,
		`CREATE FOREIGN DATA WRAPPER nothing`, `CREATE SERVER away FOREIGN DATA WRAPPER nothing`, `CREATE FOREIGN TABLE far (id integer) SERVER away`)
	if err := d.exec(t.Context(), `CREATE UNIQUE INDEX CONCURRENTLY broken ON twice (a)`); err == nil {
		t.Fatal("a unique index on duplicates was built")
	}
	file, reports := inspectFile(t, d, Options{})
	for _, want := range []struct {
		object, what string
		loud         bool
	}{
		{"table account", "row-level security is on, with 1 policy (mine)", true},
		{"trigger stamped of table account", "a trigger", false},
		{"table part", "partitioned by LIST (a)", false},
		{"index broken of table twice", "an invalid index", false},
		{"constraint excluded_r_excl of table excluded", "EXCLUDE USING gist (r WITH &&)", false},
		{"table child", "inherits from table twice", false},
		{"table closed", "row-level security is on, with no policies", true},
		{"column numbered.id", "numbered by a sequence that isn't its own, nextval('public.shared'::regclass)", false},
		{"foreign table far", "a foreign table", false},
	} {
		if !slices.ContainsFunc(reports, func(r Report) bool { return r.Object == want.object && r.What == want.what && r.Loud == want.loud }) {
			t.Errorf("nothing is reported of %s: %s in %v", want.object, want.what, reports)
		}
	}
	for _, absent := range []string{"part_1", "broken"} {
		if strings.Contains(file, absent) {
			t.Errorf("%s is in the file", absent)
		}
	}
}

// TestImportOverloads makes functions of one name in either order: what each is called in the file is the same.
func TestImportOverloads(t *testing.T) {
	made := []string{
		`CREATE FUNCTION twice(a text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT a || a'`,
		`CREATE FUNCTION twice(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a + a'`,
	}
	d, e := fresh(t, Postgres), fresh(t, Postgres)
	exec(t, d, made[0], made[1])
	exec(t, e, made[1], made[0])
	file, _ := inspectFile(t, d, Options{})
	again, _ := inspectFile(t, e, Options{})
	sameFile(t, file, again)
}

// TestImportVirtualTables imports a file with tables of FTS5, of R*Tree and of a module that nobody has, and things without a name.
func TestImportVirtualTables(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := sqlite3.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := errors.Join(fts5.Register(db), rtree.Register(db)); err != nil {
		t.Fatal(err)
	}
	err = db.Exec(`
		CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT, "" TEXT);
		CREATE TABLE "" (id INTEGER PRIMARY KEY);
		CREATE INDEX note_text ON note (text);
		CREATE VIRTUAL TABLE word USING fts5(text);
		CREATE VIRTUAL TABLE place USING rtree(id, x0, x1);
		CREATE VIRTUAL TABLE other USING rtree(id, x0, x1);
		PRAGMA writable_schema = ON;
		UPDATE sqlite_schema SET sql = replace(sql, 'rtree', 'nobodys') WHERE name = 'other';
		DROP TABLE other_node; DROP TABLE other_parent; DROP TABLE other_rowid`)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(t.Context())
	file, reports := inspectFile(t, d, Options{})
	const want = `type note @table(strict: false) @index(columns: ["text"], name: "note_text") {
  id: bigint! @id @column(identity: BY_DEFAULT, declared: "INTEGER")
  text: String @column(storage: TEXT, declared: "TEXT")
}
`
	if file != want {
		t.Errorf("imported:\n%s", file)
	}
	var of []string
	for _, r := range reports {
		of = append(of, r.Object)
	}
	if got := strings.Join(of, ", "); got != "a table, table other, table place, table word, a column of table note" {
		t.Errorf("reported: %s", got)
	}
	settled(t, d, parse(t, file))
}

// TestImportKeysOfNamelessColumns: what is left of a key whose columns can't all be said is no key.
func TestImportKeysOfNamelessColumns(t *testing.T) {
	d := fresh(t, SQLite)
	exec(t, d,
		`CREATE TABLE first ("" INTEGER, a INTEGER, PRIMARY KEY ("", a))`, `CREATE TABLE last (a INTEGER, "" INTEGER, PRIMARY KEY (a, "")) WITHOUT ROWID`,
		`CREATE TABLE alone ("" INTEGER PRIMARY KEY, a INTEGER)`, `CREATE TABLE other (a INTEGER, "" INTEGER, UNIQUE (a, ""), UNIQUE (""))`,
		`CREATE UNIQUE INDEX other_a ON other (a, "")`, `INSERT INTO last VALUES (1, 1), (1, 2)`,
		`CREATE VIEW seen AS SELECT 1 AS "", a FROM other`)
	file, reports := inspectFile(t, d, Options{})
	if !strings.Contains(file, "\") {\n  a: bigint @column(declared: \"INTEGER\")\n}") || strings.Contains(file, "@id") || strings.Contains(file, "@unique") {
		t.Errorf("imported:\n%s", file)
	}
	var keys []string
	for _, r := range reports {
		if strings.Contains(r.Object, " key ") {
			keys = append(keys, r.Object)
		}
	}
	slices.Sort(keys)
	if got := strings.Join(keys, ", "); got != "a unique key of table other, a unique key of table other, the primary key of table first, the primary key of table last" {
		t.Errorf("reported: %s", got)
	}
	settled(t, d, parse(t, file))
}
