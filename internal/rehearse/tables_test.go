package rehearse

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/schema"
)

// A trial is a database of one engine with the tables of a schema.
type trial struct {
	t   *testing.T
	dsn string
	s   *schema.Schema
	db  *migrate.Database // writes

	bounds bounds
}

func parse(t *testing.T, text string) *schema.Schema {
	t.Helper()
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: text})
	if len(mistakes) > 0 {
		t.Fatal(schema.Mistakes(mistakes))
	}
	return s
}

// onBoth runs a test on each engine.
func onBoth(t *testing.T, text string, test func(*trial)) {
	t.Run("sqlite", func(t *testing.T) {
		test(newTrial(t, "sqlite:"+filepath.Join(t.TempDir(), "x.db"), text))
	})
	t.Run("postgres", func(t *testing.T) { test(newTrial(t, pgtest.DSN(t), text)) })
}

func newTrial(t *testing.T, dsn, text string) *trial {
	x := &trial{t: t, dsn: dsn, s: parse(t, text)}
	var err error
	if x.db, err = migrate.Open(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.db.Close(context.Background()) })
	if _, err := x.db.Sync(t.Context(), x.s, migrate.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *trial) exec(sql string) {
	x.t.Helper()
	var err error
	if x.db.Engine == migrate.SQLite {
		err = x.db.Lite.Exec(sql)
	} else {
		_, err = x.db.PG.Exec(x.t.Context(), sql)
	}
	if err != nil {
		x.t.Fatalf("%v\n%.300s", err, sql)
	}
}

// series is a table of the numbers 1 to n, called g(i).
func (x *trial) series(n int) string {
	if x.db.Engine == migrate.SQLite {
		return fmt.Sprintf("(WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < %d) SELECT i FROM g) g", n)
	}
	return fmt.Sprintf("generate_series(1, %d) g(i)", n)
}

func (x *trial) take() (map[string]Table, []string) {
	x.t.Helper()
	db, err := migrate.OpenExisting(x.t.Context(), x.dsn)
	if err != nil {
		x.t.Fatal(err)
	}
	defer db.Close(context.Background())
	list, notes, err := TakeTables(x.t.Context(), db, x.s, TableOptions{bounds: x.bounds})
	if err != nil {
		x.t.Fatal(err)
	}
	tables := map[string]Table{}
	for _, t := range list {
		tables[t.Name] = t
	}
	c := &Capture{Format: Format, Engine: "sqlite", Server: "1", Schema: "x", Taken: time.Unix(1, 0), Tables: list, Notes: notes}
	if err := c.check(); err != nil {
		x.t.Errorf("what was taken couldn't be read back: %v", err)
	}
	return tables, notes
}

func column(t *testing.T, of Table, name string) Column {
	t.Helper()
	for _, c := range of.Columns {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("table %s has no column %s", of.Name, name)
	return Column{}
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within {
		t.Errorf("%s is %g, want %g within %g", what, got, want, within)
	}
}

const small = `
enum mood { sad ok glad }
type parent @table { id: bigint! @id  name: String! @unique  children: [child!]! @inverse(of: "parent") }
type child @table @index(columns: ["parent_id"]) {
  id: bigint! @id
  parent_id: bigint
  parent: parent @relation(columns: ["parent_id"])
  mood: mood!
  flag: Boolean!
  note: String
  at: timestamptz!
  tags: [String!]!
  doc: jsonb!
  shuffled: Int!
  amount: numeric!
}
type pair @table { a: bigint! @id  b: bigint! @id  v: String }
type empty @table { id: bigint! @id  name: String }
`

func TestTablesAreDescribed(t *testing.T) {
	onBoth(t, small, func(x *trial) {
		array, doc := `'["a","bb"]'`, `'{"k":1,"l":[1,2]}'`
		if x.db.Engine == migrate.SQLite {
			doc = "jsonb(" + doc + ")"
		} else {
			array = "ARRAY['a','bb']"
		}
		x.exec("INSERT INTO parent (id, name) SELECT i, 'parent number ' || i FROM " + x.series(100))
		// Parent 1 has 500 children, 2 to 50 have ten each, 51 to 100 none; ten children have no parent.
		x.exec(`INSERT INTO child (id, parent_id, mood, flag, note, at, tags, doc, shuffled, amount)
			SELECT i, CASE WHEN i <= 500 THEN 1 WHEN i <= 990 THEN 2 + (i - 501) / 10 END,
			CASE WHEN i % 10 < 7 THEN 'ok' WHEN i % 10 < 9 THEN 'glad' ELSE 'sad' END` + map[bool]string{true: "", false: "::mood"}[x.db.Engine == migrate.SQLite] + `,
			i % 4 = 0,
			CASE WHEN i % 5 = 0 THEN 'ünïcödé' END,
			` + map[bool]string{true: "strftime('%Y-%m-%dT%H:%M:%S+00:00', 1700000000 + i * 3600, 'unixepoch')", false: "to_timestamp(1700000000 + i * 3600)"}[x.db.Engine == migrate.SQLite] + `,
			` + array + `, ` + doc + `, (i * 7919) % 1009, ` + map[bool]string{true: "CAST(i % 250 AS text)", false: "i % 250"}[x.db.Engine == migrate.SQLite] + ` FROM ` + x.series(1000))
		x.exec("INSERT INTO pair (a, b, v) SELECT i / 10, i, 'x' FROM " + x.series(300))
		tables, notes := x.take()
		if len(notes) > 0 {
			t.Errorf("notes: %q", notes)
		}
		if len(tables) != 4 || tables["child"].Rows != 1000 || tables["child"].Sampled != 1000 || tables["child"].Guessed || tables["empty"].Rows != 0 {
			t.Errorf("tables are %+v", tables)
		}
		child := tables["child"]
		id := column(x.t, child, "id")
		if id.Distinct != 1000 || id.Order != 1 || id.Grows != [3]float64{0.25, 0.5, 1} || id.Common != nil || *id.Lengths != (Lengths{1, 3, 3, 4}) {
			x.t.Errorf("id is %+v", id)
		}
		near(x.t, "the middle of id", id.Spread[4], 0.5, 0.01)
		fk := column(x.t, child, "parent_id")
		if fk.Nulls != 0.01 || fk.Distinct != 50 || !reflect.DeepEqual(fk.Common, []float64{0.5}) {
			x.t.Errorf("parent_id is %+v", fk)
		}
		near(x.t, "parents in the first quarter", fk.Grows[0], 1.0/50, 0.001)
		mood := column(x.t, child, "mood")
		if !reflect.DeepEqual(mood.Labels, []float64{0.1, 0.7, 0.2}) || !reflect.DeepEqual(mood.Common, []float64{0.7, 0.2, 0.1}) {
			x.t.Errorf("mood is %+v", mood)
		}
		if flag := column(x.t, child, "flag"); !reflect.DeepEqual(flag.Labels, []float64{0.75, 0.25}) {
			x.t.Errorf("flag is %+v", flag)
		}
		if note := column(x.t, child, "note"); note.Nulls != 0.8 || note.Distinct != 1 || *note.Lengths != (Lengths{7, 7, 7, 7}) || note.Order != 0 {
			x.t.Errorf("note is %+v %v", note, note.Lengths)
		}
		at := column(x.t, child, "at")
		near(x.t, "the order of at", at.Order, 1, 0.0001)
		if len(at.Spread) != 9 {
			x.t.Errorf("at is %+v", at)
		}
		near(x.t, "the order of shuffled", column(x.t, child, "shuffled").Order, 0, 0.1)
		if tags := column(x.t, child, "tags"); tags.Elements == nil || *tags.Elements != (Lengths{2, 2, 2, 2}) {
			x.t.Errorf("tags are %+v", tags)
		}
		if doc := column(x.t, child, "doc"); doc.Elements == nil || *doc.Elements != (Lengths{2, 2, 2, 2}) {
			x.t.Errorf("doc is %+v", doc)
		}
		if amount := column(x.t, child, "amount"); amount.Distinct != 250 || len(amount.Spread) != 9 {
			x.t.Errorf("amount is %+v", amount)
		}
		f := child.FanOuts[0]
		if f.To != "parent" || f.Parents != 100 || f.Childless != 0.5 || f.Unknown != "" || f.Top[0] != 500 || f.Top[1] != 10 || len(f.Top) != CommonMax || f.Together != 1 {
			x.t.Errorf("the fan-out is %+v", f)
		}
		want := []Degree{{Most: 12, Parents: 0.98, Children: 0.4949}, {Most: 512, Parents: 0.02, Children: 0.5051}}
		if !reflect.DeepEqual(f.Degrees, want) {
			x.t.Errorf("degrees are %+v, want %+v", f.Degrees, want)
		}
		if again, _ := x.take(); !reflect.DeepEqual(again, tables) {
			x.t.Error("the same rows were described in two ways")
		}
	})
}

const large = `
type maker @table { id: bigint! @id  name: String!  things: [thing!]! @inverse(of: "maker") }
type thing @table @index(columns: ["maker_id"]) {
  id: bigint! @id
  maker_id: bigint!
  maker: maker! @relation(columns: ["maker_id"])
  kind: Int!
  code: String!
  batch: Int
}
`

// narrow makes a table of 60,000 rows a large one.
var narrow = bounds{wholeRows: 5_000, blockRows: 100, blocks: 64, wholePages: 20, sampledPages: 60, groupRows: 20_000, statement: 2 * time.Second, all: time.Minute}

// TestLargeTableIsSampled holds what is estimated from a sample against what is so. The long form has the real bounds.
func TestLargeTableIsSampled(t *testing.T) {
	b, makers, things := narrow, 1_000, 60_000
	if os.Getenv("PINTAIL_PROVE") != "" {
		b, makers, things = usual, 20_000, 1_200_000
	}
	onBoth(t, large, func(x *trial) {
		x.bounds = b
		x.exec(fmt.Sprintf("INSERT INTO maker (id, name) SELECT i, 'maker ' || i FROM %s", x.series(makers)))
		// Every tenth thing is of maker 7, the others are spread over the first half of the makers.
		x.exec(fmt.Sprintf("INSERT INTO thing (id, maker_id, kind, code, batch) SELECT i, CASE WHEN i %% 10 = 0 THEN 7 ELSE 1 + (i %% 100000 * 7919) %% %d END, i %% 3, 'code ' || (i %% 501), i / 12 FROM %s",
			makers/2, x.series(things)))
		if x.db.Engine == migrate.Postgres {
			x.exec("VACUUM ANALYZE")
		}
		begin := time.Now()
		tables, notes := x.take()
		if took := time.Since(begin); took > 20*time.Second {
			x.t.Errorf("it took %v", took)
		}
		thing := tables["thing"]
		if thing.Rows != int64(things) || thing.Guessed {
			x.t.Errorf("rows are %d", thing.Rows)
		}
		if thing.Sampled > things64(b) || thing.Sampled < things64(b)/4 {
			x.t.Errorf("%d rows were looked at; notes %q", thing.Sampled, notes)
		}
		half := float64(makers / 2)
		near(x.t, "distinct makers", float64(column(x.t, thing, "maker_id").Distinct), half, half/10)
		near(x.t, "the commonest maker", column(x.t, thing, "maker_id").Common[0], 0.1, 0.02)
		if kind := column(x.t, thing, "kind"); kind.Distinct != 3 || len(kind.Common) != 3 {
			x.t.Errorf("kind is %+v", kind)
		}
		near(x.t, "distinct codes", float64(column(x.t, thing, "code").Distinct), 501, 25)
		near(x.t, "codes in a quarter", column(x.t, thing, "code").Grows[0], 1, 0.1)
		if id := column(x.t, thing, "id"); id.Distinct != thing.Rows || id.Order < 0.999 {
			x.t.Errorf("id is %+v", id)
		}
		// Rows of one batch stand beside each other: each is seen many times, and still most are never seen.
		near(x.t, "distinct batches", float64(column(x.t, thing, "batch").Distinct), float64(things/12), float64(things/12/8))
		near(x.t, "batches in half the rows", column(x.t, thing, "batch").Grows[1], 0.5, 0.1)
		f := thing.FanOuts[0]
		if f.Unknown != "" || f.Sampled < parentsLooked/2 || f.Sampled > parentsLooked {
			x.t.Fatalf("the fan-out is %+v", f)
		}
		near(x.t, "childless", f.Childless, 0.5, 0.08)
		hot := float64(min(things/10, childrenMax))
		near(x.t, "the children of the commonest maker", float64(f.Top[0]), hot, hot/4)
		usual := 0.0
		for _, d := range f.Degrees {
			if d.Most >= 96 && d.Most <= 128 { // 108 each
				usual += d.Parents
			}
		}
		near(x.t, "makers with 108 children", usual, 1, 0.03)
	})
}

// things64 is how many rows at most are looked at.
func things64(b bounds) int64 {
	return max(b.wholeRows, int64(b.blocks)*b.blockRows, b.sampledPages*200)
}

// TestRandomKeysAreSampledEverywhere samples a table whose keys go from the least to the greatest number, as random ones do.
func TestRandomKeysAreSampledEverywhere(t *testing.T) {
	x := newTrial(t, "sqlite:"+filepath.Join(t.TempDir(), "x.db"), `
type parent @table { id: bigint! @id }
type child @table @index(columns: ["parent_id"]) { id: bigint! @id  parent_id: bigint!  parent: parent! @relation(columns: ["parent_id"]) }`)
	x.bounds = bounds{wholeRows: 2000, blockRows: 20, blocks: 50, groupRows: 1000, statement: 2 * time.Second, all: time.Minute}
	x.exec("INSERT INTO parent SELECT (i - 10000) * 922337203685477 FROM " + x.series(20_000))
	x.exec("INSERT INTO child SELECT i, (i % 20000 - 9999) * 922337203685477 FROM " + x.series(20_000))
	x.exec("INSERT INTO child SELECT 20000 + i, (10000 - i % 5000) * 922337203685477 FROM " + x.series(10_000)) // of the last quarter
	tables, _ := x.take()
	for i, at := range column(t, tables["parent"], "id").Spread {
		near(t, fmt.Sprintf("decile %d", i+1), at, 0.1*float64(i+1), 0.04)
	}
	f := tables["child"].FanOuts[0]
	if f.Sampled != parentsLooked || len(f.Degrees) != 2 {
		t.Fatalf("the fan-out is %+v", f)
	}
	near(t, "the share of parents with three children", f.Degrees[1].Parents, 0.25, 0.05)
	for _, c := range []struct {
		low, high int64
		share     float64
		want      int64
	}{{math.MinInt64, math.MaxInt64, 0, math.MinInt64}, {math.MinInt64, math.MaxInt64, 1, math.MaxInt64}, {math.MinInt64, math.MaxInt64, 0.5, 0}, {1, 11, 0.55, 6}, {7, 7, 0.9, 7}, {-3, 3, -1, -3}} {
		if got := between(c.low, c.high, c.share); got != c.want {
			t.Errorf("%v of the way from %d to %d is %d, want %d", c.share, c.low, c.high, got, c.want)
		}
	}
}

func TestFanOutWithoutIndexIsLeftOpen(t *testing.T) {
	onBoth(t, strings.Replace(large, `@index(columns: ["maker_id"])`, "", 1), func(x *trial) {
		x.bounds = narrow
		x.exec("INSERT INTO maker (id, name) VALUES (1, 'x')")
		x.exec(fmt.Sprintf("INSERT INTO thing (id, maker_id, kind, code) SELECT i, 1, 1, '' FROM %s", x.series(int(narrow.groupRows)+1)))
		tables, _ := x.take()
		if f := tables["thing"].FanOuts[0]; f.Unknown == "" || f.Degrees != nil {
			x.t.Errorf("the fan-out is %+v", f)
		}
	})
}

// TestTableThatLeftIsNoted reads a database that isn't as the schema file says: what is wrong is noted, without any value.
func TestTableThatLeftIsNoted(t *testing.T) {
	onBoth(t, small, func(x *trial) {
		x.exec("DROP TABLE pair")
		x.exec("ALTER TABLE empty RENAME COLUMN name TO another")
		tables, notes := x.take()
		want := []string{"empty could not be read: it isn't as the schema file says", "pair could not be read: it isn't as the schema file says"}
		if !reflect.DeepEqual(notes, want) {
			x.t.Errorf("notes are %q, want %q", notes, want)
		}
		if !tables["pair"].Guessed || tables["pair"].Columns != nil || tables["child"].Sampled != 0 {
			x.t.Errorf("tables are %+v", tables)
		}
	})
}

func TestReadingWritesNothing(t *testing.T) {
	onBoth(t, small, func(x *trial) {
		db, err := migrate.OpenExisting(t.Context(), x.dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close(context.Background())
		if _, _, err := TakeTables(t.Context(), db, x.s, TableOptions{}); err != nil {
			t.Fatal(err)
		}
		if db.Engine == migrate.SQLite {
			if err := db.Lite.Exec("INSERT INTO parent (id, name) VALUES (1, 'x')"); err == nil {
				t.Error("the connection that reads may write")
			}
			return
		}
		r := &pgReader{db: db.PG, s: x.s, bounds: usual}
		err = r.in(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO parent (id, name) VALUES (1, 'x')")
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "read-only transaction") {
			t.Errorf("the transaction that reads may write: %v", err)
		}
		// Behind a pooler others have the session next.
		var settings string
		if err := db.PG.QueryRow(t.Context(), "SELECT concat_ws(' ', current_setting('default_transaction_read_only'), current_setting('statement_timeout'), current_setting('lock_timeout'))").Scan(&settings); err != nil || settings != "off 0 0" {
			t.Errorf("the session is left with %q, %v", settings, err)
		}
	})
}

// TestLongStatementsAreGivenUp gives a statement too little time, and then all of them together.
func TestLongStatementsAreGivenUp(t *testing.T) {
	onBoth(t, small, func(x *trial) {
		x.bounds = usual
		if x.db.Engine == migrate.SQLite {
			x.exec("INSERT INTO parent (id, name) SELECT i, 'parent number ' || i FROM " + x.series(20_000))
			x.bounds.statement = time.Microsecond
		} else { // one value takes longer than that to be made a text
			x.exec(`INSERT INTO child (id, mood, flag, at, tags, doc, shuffled, amount)
				VALUES (1, 'ok', true, now(), '{}', (SELECT jsonb_agg(i) FROM generate_series(1, 1000000) i), 1, 1)`)
			x.bounds.statement = 50 * time.Millisecond
		}
		name := map[migrate.Engine]string{migrate.SQLite: "parent", migrate.Postgres: "child"}[x.db.Engine]
		tables, notes := x.take()
		if slow := tables[name]; !slow.Guessed || slow.Columns != nil || !slices.ContainsFunc(notes, func(n string) bool {
			return strings.HasPrefix(n, name+" could not be read: that took longer than")
		}) {
			x.t.Errorf("%s is %+v, notes %q", name, slow, notes)
		}
		x.bounds.all = time.Nanosecond
		tables, notes = x.take()
		if len(tables) != 4 || len(notes) != 1 || !strings.Contains(notes[0], "child and the tables after it were not read: the time of 1ns for all of them was over") {
			x.t.Errorf("tables %v, notes %q", tables, notes)
		}
	})
}

// TestCatalogStandsInForRows reads a table whose rows take too long, of which ANALYZE knows something.
func TestCatalogStandsInForRows(t *testing.T) {
	x := newTrial(t, pgtest.DSN(t), small)
	x.exec("INSERT INTO parent (id, name) SELECT i, 'x' || i FROM generate_series(1, 4) i")
	x.exec(`INSERT INTO child (id, parent_id, mood, flag, at, tags, doc, shuffled, amount)
		SELECT n, 1 + n % 4, 'ok', true, now(), '{}', (SELECT jsonb_agg(i) FROM generate_series(1, 400000) i), n, 1 FROM generate_series(1, 8) n`)
	x.exec("ANALYZE child")
	x.bounds = usual
	x.bounds.statement = 30 * time.Millisecond
	tables, notes := x.take()
	child := tables["child"]
	if child.Rows != 8 || child.Sampled != 0 || !slices.ContainsFunc(notes, func(n string) bool {
		return strings.HasPrefix(n, "child: its rows could not be read; what ANALYZE found out")
	}) {
		t.Fatalf("child is %+v, notes %q", child, notes)
	}
	if id := column(t, child, "id"); id.Distinct != 8 || id.Grows != [3]float64{0.25, 0.5, 1} || id.Order != 1 || id.Lengths.P50 != 8 {
		t.Errorf("id is %+v", id)
	}
	if note := column(t, child, "note"); note.Nulls != 1 {
		t.Errorf("note is %+v", note)
	}
	if fk := column(t, child, "parent_id"); fk.Distinct != 4 || len(fk.Common) != 4 || fk.Common[0] != 0.25 {
		t.Errorf("parent_id is %+v", fk)
	}
}

// TestPartitionedTableIsSampled reads a table whose rows lie in others.
func TestPartitionedTableIsSampled(t *testing.T) {
	x := newTrial(t, pgtest.DSN(t), large)
	x.bounds = narrow
	x.exec("DROP TABLE thing; CREATE TABLE thing (id bigint, maker_id bigint REFERENCES maker, kind integer, code text, batch integer, PRIMARY KEY (id)) PARTITION BY RANGE (id)")
	x.exec("CREATE TABLE low PARTITION OF thing FOR VALUES FROM (0) TO (20001); CREATE TABLE high PARTITION OF thing FOR VALUES FROM (20001) TO (50000)")
	x.exec("INSERT INTO maker (id, name) VALUES (1, 'x'); INSERT INTO thing SELECT i, 1, i % 3, 'c' || i % 100 FROM generate_series(1, 40000) g(i)")
	tables, notes := x.take()
	thing := tables["thing"]
	if thing.Rows != 40_000 || thing.Guessed || thing.Sampled < 4_000 || thing.Sampled > narrow.wholeRows || thing.Bytes == 0 {
		t.Errorf("thing is %+v, notes %q", thing, notes)
	}
	near(t, "distinct codes", float64(column(t, thing, "code").Distinct), 100, 1)
}

// TestTableInKeyOrder reads tables that lie in the order of their keys: by the key where it is a number, else only their beginning.
func TestTableInKeyOrder(t *testing.T) {
	x := newTrial(t, "sqlite:"+filepath.Join(t.TempDir(), "x.db"), `
type numbered @table(without_rowid: true) { a: bigint! @id  b: bigint! @id  v: Int! }
type named @table(without_rowid: true) { k: String! @id  v: Int! }`)
	x.bounds = narrow
	x.exec("INSERT INTO numbered (a, b, v) SELECT i / 10, i, i % 7 FROM " + x.series(30_000))
	x.exec("INSERT INTO named (k, v) SELECT 'key ' || i, i % 7 FROM " + x.series(30_000))
	tables, notes := x.take()
	if n := tables["numbered"]; n.Rows != 30_000 || n.Sampled < 5_000 || n.Sampled > 6_400 || column(t, n, "v").Distinct != 7 {
		t.Errorf("numbered is %+v", n)
	}
	near(t, "distinct a", float64(column(t, tables["numbered"], "a").Distinct), 3_000, 300)
	if n := tables["named"]; n.Rows != 30_000 || n.Sampled != narrow.wholeRows || column(t, n, "v").Distinct != 7 {
		t.Errorf("named is %+v", n)
	}
	if !slices.Equal(notes, []string{"named: only its first rows in the order of the key were read"}) {
		t.Errorf("notes are %q", notes)
	}
}

// TestLockedTableIsLeft takes a lock that readers would wait for.
func TestLockedTableIsLeft(t *testing.T) {
	x := newTrial(t, pgtest.DSN(t), small)
	x.exec("BEGIN; LOCK TABLE parent")
	defer x.exec("ROLLBACK")
	begin := time.Now()
	tables, notes := x.take()
	if !slices.Equal(notes, []string{"parent could not be read: another session keeps it locked"}) || !tables["parent"].Guessed || tables["pair"].Guessed {
		t.Errorf("notes %q, tables %+v", notes, tables)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it waited for %v", took)
	}
}

func TestCancelledReadingEnds(t *testing.T) {
	onBoth(t, small, func(x *trial) {
		db, err := migrate.OpenExisting(t.Context(), x.dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close(context.Background())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := TakeTables(ctx, db, x.s, TableOptions{}); err == nil {
			t.Error("it read on")
		}
	})
}

func TestBars(t *testing.T) {
	for n, want := range map[int64]int64{1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 7: 8, 9: 12, 13: 16, 100: 128, 1537: 2048, math.MaxInt64: math.MaxInt64} {
		if got := barOf(n); got != want {
			t.Errorf("%d stands in bar %d, want %d", n, got, want)
		}
	}
}
