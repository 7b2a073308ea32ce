package change

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"
)

// A notebook is a listener that writes down what it is told.
type notebook struct {
	want func(*Table) []bool
	text []string
	last Commit
}

func (n *notebook) Columns(t *Table) []bool {
	if n.want != nil {
		return n.want(t)
	}
	return slices.Repeat([]bool{true}, len(t.Columns))
}

func (n *notebook) Commit(c *Commit) {
	n.last = Commit{Seq: c.Seq, Tables: slices.Clone(c.Tables), Whole: slices.Clone(c.Whole), Rows: slices.Clone(c.Rows)}
	var parts []string
	for _, r := range c.Rows {
		parts = append(parts, r.Table.Name+" "+images(r.Old)+">"+images(r.New))
	}
	for _, t := range c.Whole {
		parts = append(parts, t.Name+" whole")
	}
	n.text = append(n.text, fmt.Sprintf("%d: %s", c.Seq, strings.Join(parts, ", ")))
}

func images(row []Value) string {
	var parts []string
	for _, v := range row {
		switch v.Kind {
		case Unknown:
			parts = append(parts, "?")
		case Null:
			parts = append(parts, "-")
		case Integer:
			parts = append(parts, fmt.Sprint(v.Int))
		case Float:
			parts = append(parts, fmt.Sprintf("%g.", v.Real))
		case Text:
			parts = append(parts, v.Data)
		case Blob:
			parts = append(parts, fmt.Sprintf("x%x", v.Data))
		}
	}
	return strings.Join(parts, ",")
}

// A bench is a database with a recorder on one connection, and another connection that stands for another process.
type bench struct {
	t           testing.TB
	path        string
	conn, other *sqlite3.Conn
	feed        *Feed
	record      *Recorder
	book        *notebook
}

func connect(t testing.TB, path string) *sqlite3.Conn {
	c, err := sqlite3.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Exec("PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; SELECT 1 FROM sqlite_schema"); err != nil {
		t.Fatal(err)
	}
	return c
}

func newBench(t testing.TB, ddl string) *bench {
	b := &bench{t: t, path: filepath.Join(t.TempDir(), "bench.db"), book: &notebook{}}
	b.conn, b.other = connect(t, b.path), connect(t, b.path)
	b.exec(b.conn, ddl)
	feed, err := NewFeed(b.path + "-shm")
	if err != nil {
		t.Fatal(err)
	}
	b.feed, b.record = feed, NewRecorder(feed)
	feed.Listen(b.book)
	b.record.Attach(b.conn)
	t.Cleanup(func() {
		b.record.Detach()
		for _, close := range []func() error{feed.Close, b.conn.Close, b.other.Close} {
			if err := close(); err != nil {
				t.Error(err)
			}
		}
	})
	return b
}

func (b *bench) exec(c *sqlite3.Conn, sql string) {
	b.t.Helper()
	if err := c.Exec(sql); err != nil {
		b.t.Fatalf("%s: %v", sql, err)
	}
}

// commit runs statements in one recorded transaction.
func (b *bench) commit(sql ...string) {
	b.t.Helper()
	b.exec(b.conn, "BEGIN IMMEDIATE")
	b.record.Begin()
	for _, s := range sql {
		b.exec(b.conn, s)
	}
	b.record.Committing()
	b.exec(b.conn, "COMMIT")
	b.record.Committed(nil)
}

// fresh holds the stamp against what it should be, and gives it.
func (b *bench) fresh(want bool, what string) Stamp {
	b.t.Helper()
	s, ok := b.feed.Fresh()
	if ok != want {
		b.t.Errorf("%s: fresh is %v", what, ok)
	}
	if s == nil {
		return Stamp{}
	}
	return *s
}

func TestRows(t *testing.T) {
	b := newBench(t, `
		CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT UNIQUE ON CONFLICT REPLACE, junk);
		CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
		CREATE TABLE pair (x INTEGER, y TEXT, v REAL, PRIMARY KEY (y, x)) WITHOUT ROWID;
		CREATE TABLE made (id INTEGER PRIMARY KEY, low TEXT AS (lower(name)) VIRTUAL, name TEXT, up TEXT AS (upper(name)) STORED);
		CREATE TABLE log (line TEXT);
		CREATE TRIGGER logged AFTER INSERT ON pair BEGIN INSERT INTO log VALUES (new.y || new.x); END;`)
	for _, c := range []struct {
		name string
		sql  []string
		want string
	}{
		{"insert", []string{"INSERT INTO parent VALUES (1, 'a', x'00ff'), (2, 'b', 1.5)"}, "parent >1,a,x00ff, parent >2,b,1.5."},
		{"update", []string{"UPDATE parent SET junk = NULL WHERE id = 1"}, "parent 1,a,x00ff>1,a,-"},
		{"replace", []string{"INSERT INTO parent VALUES (3, 'b', 0)"}, "parent 2,b,1.5.>, parent >3,b,0"},
		{"update or replace", []string{"UPDATE parent SET name = 'b' WHERE id = 1"}, "parent 3,b,0>, parent 1,a,->1,b,-"},
		{"children", []string{"INSERT INTO child VALUES (10, 1), (11, 1)"}, "child >10,1, child >11,1"},
		{"cascading update", []string{"UPDATE parent SET id = 5"}, "parent 1,b,->5,b,-, child 10,1>10,5, child 11,1>11,5"},
		{"cascading delete, all rows", []string{"DELETE FROM parent"}, "parent 5,b,->, child 10,5>, child 11,5>"},
		{"trigger, no rowid", []string{"INSERT INTO pair VALUES (1, 'k', 2)"}, "pair >1,k,2., log >k1"},
		{"upsert", []string{"INSERT INTO pair VALUES (1, 'k', 7) ON CONFLICT DO UPDATE SET v = excluded.v"}, "pair 1,k,2.>1,k,7."},
		{"ignored", []string{"INSERT OR IGNORE INTO pair VALUES (1, 'k', 8)"}, ""},
		{"generated", []string{"INSERT INTO made (name) VALUES ('aB')", "UPDATE made SET name = 'cD'"}, "made >1,?,aB,AB, made 1,?,aB,AB>1,?,cD,CD"},
		{"temporary", []string{"CREATE TEMP TABLE IF NOT EXISTS scratch (v)", "INSERT INTO scratch VALUES (1)"}, ""},
	} {
		b.book.text = nil
		b.commit(c.sql...)
		if got := strings.Join(b.book.text, "; "); got != "" && got[strings.Index(got, " ")+1:] != c.want || (got == "") != (c.want == "") {
			t.Errorf("%s: the record is\n%s\nwant\n%s", c.name, got, c.want)
		}
		b.fresh(true, c.name)
	}
}

// A statement that was prepared before there was a hook would empty a table without a look at its rows.
func TestAStatementFromBefore(t *testing.T) {
	b := newBench(t, `CREATE TABLE a (id INTEGER PRIMARY KEY, v)`)
	st, _, err := b.conn.Prepare("DELETE FROM a")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	b.exec(b.conn, "INSERT INTO a VALUES (1, 2), (3, 4)")
	b.exec(b.conn, "BEGIN IMMEDIATE")
	b.record.Begin()
	if err := st.Exec(); err != nil {
		t.Fatal(err)
	}
	b.record.Committing()
	b.exec(b.conn, "COMMIT")
	b.record.Committed(nil)
	if got := strings.Join(b.book.text, "; "); got != "1: a 1,2>, a 3,4>" {
		t.Error(got)
	}
}

// A value that was there before its column is what the column's default says.
func TestAddedColumns(t *testing.T) {
	b := newBench(t, `CREATE TABLE a (junk, id INTEGER PRIMARY KEY); INSERT INTO a VALUES (0, 1); ALTER TABLE a ADD COLUMN late TEXT DEFAULT 'was';`)
	b.commit("UPDATE a SET late = 'is'")
	b.exec(b.other, "ALTER TABLE a DROP COLUMN junk")
	b.fresh(false, "DDL elsewhere")
	b.commit("DELETE FROM a")
	if got, want := strings.Join(b.book.text, "; "), "1: a 0,1,was>0,1,is; 2: a 1,is>"; got != want {
		t.Errorf("the record is\n%s\nwant\n%s", got, want)
	}
}

func TestRollbackToASavepointIsForgotten(t *testing.T) {
	b := newBench(t, `CREATE TABLE a (id INTEGER PRIMARY KEY)`)
	b.exec(b.conn, "BEGIN IMMEDIATE")
	b.record.Begin()
	b.exec(b.conn, "INSERT INTO a VALUES (1)")
	outer := b.record.Mark()
	b.exec(b.conn, "SAVEPOINT s; INSERT INTO a VALUES (2)")
	inner := b.record.Mark()
	if err := b.conn.Exec("INSERT INTO a VALUES (3), (1)"); err == nil {
		t.Fatal("a key is there twice")
	}
	b.record.CutBack(inner) // of the statement, which left 3 in the record without a word
	b.exec(b.conn, "INSERT INTO a VALUES (4)")
	b.exec(b.conn, "ROLLBACK TO s; RELEASE s")
	b.record.CutBack(outer)
	b.exec(b.conn, "INSERT INTO a VALUES (5)")
	b.record.Committing()
	b.exec(b.conn, "COMMIT")
	b.record.Committed(nil)
	if got := strings.Join(b.book.text, "; "); got != "1: a >1, a >5" {
		t.Error(got)
	}
	b.exec(b.conn, "BEGIN IMMEDIATE")
	b.record.Begin()
	b.exec(b.conn, "INSERT INTO a VALUES (6); ROLLBACK")
	b.record.RolledBack()
	b.commit("INSERT INTO a VALUES (7)")
	if got := strings.Join(b.book.text, "; "); got != "1: a >1, a >5; 2: a >7" {
		t.Error(got)
	}
}

func TestALargeCommitOnlySaysWhichTablesChanged(t *testing.T) {
	b := newBench(t, `CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY)`)
	fill := func(n int) string {
		return fmt.Sprintf("INSERT INTO a WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT NULL FROM n", n)
	}
	b.commit(fill(rowsMax))
	if c := &b.book.last; len(c.Rows) != rowsMax || len(c.Whole) != 0 || len(c.Tables) != 1 {
		t.Errorf("at the limit: %d rows, %d tables, %d whole", len(c.Rows), len(c.Tables), len(c.Whole))
	}
	b.commit(fill(rowsMax + 1))
	if c := &b.book.last; len(c.Rows) != rowsMax || len(c.Whole) != 1 || len(c.Tables) != 1 {
		t.Errorf("past the limit: %d rows, %d tables, %d whole", len(c.Rows), len(c.Tables), len(c.Whole))
	}
	b.commit(fill(rowsMax), "INSERT INTO b VALUES (1)")
	if c := &b.book.last; len(c.Rows) != rowsMax || len(c.Whole) != 1 || c.Whole[0].Name != "b" || len(c.Tables) != 2 {
		t.Errorf("another table past the limit: %d rows, %d tables, %v whole", len(c.Rows), len(c.Tables), c.Whole)
	}
	b.commit("DELETE FROM a") // SQLite would empty the table without a look at its rows
	if c := &b.book.last; len(c.Rows) != rowsMax || len(c.Whole) != 1 || c.Whole[0].Name != "a" {
		t.Errorf("all rows deleted: %d rows, %v whole", len(c.Rows), c.Whole)
	}
}

func TestOnlyWhatIsWantedIsRead(t *testing.T) {
	b := newBench(t, `CREATE TABLE a (id INTEGER PRIMARY KEY, v, w); CREATE TABLE b (v)`)
	b.book.want = func(t *Table) []bool {
		if t.Name == "a" {
			return []bool{false, false, true}
		}
		return nil
	}
	b.commit("INSERT INTO a VALUES (1, 2, 3)", "INSERT INTO b VALUES (1)")
	if got := strings.Join(b.book.text, "; "); got != "1: a >?,?,3, b whole" {
		t.Error(got)
	}
}

func TestStamp(t *testing.T) {
	b := newBench(t, `CREATE TABLE a (id INTEGER PRIMARY KEY)`)
	at := b.fresh(true, "at first")
	step := func(what string, epochs, seqs uint64) {
		t.Helper()
		is := b.fresh(true, what)
		if is.Epoch != at.Epoch+epochs || is.Seq != at.Seq+seqs {
			t.Errorf("%s: epoch %d, sequence %d; before %d, %d", what, is.Epoch, is.Seq, at.Epoch, at.Seq)
		}
		at = is
	}
	b.commit("INSERT INTO a VALUES (1)")
	step("our own commit", 0, 1)
	b.commit()
	step("an empty one", 0, 0)
	b.commit("UPDATE a SET id = 5 WHERE id = 77")
	step("one that found nothing", 0, 0)
	if b.record.Foreign() {
		t.Error("another process is said to write")
	}

	b.exec(b.other, "INSERT INTO a VALUES (2)")
	b.fresh(false, "somebody else's commit")
	b.record.Sync()
	step("looked at", 1, 0)
	if !b.record.Foreign() {
		t.Error("nobody is said to write")
	}
	b.record.Sync()
	step("looked again", 0, 0)

	b.exec(b.other, "INSERT INTO a VALUES (3)")
	b.commit("INSERT INTO a VALUES (4)")
	step("somebody else's and our own", 1, 1)

	b.exec(b.conn, "BEGIN IMMEDIATE")
	b.record.Begin()
	b.exec(b.conn, "INSERT INTO a VALUES (6)")
	b.record.Committing()
	b.exec(b.conn, "COMMIT")
	b.exec(b.other, "INSERT INTO a VALUES (7)")
	b.fresh(false, "between COMMIT and the look at it")
	b.record.Committed(nil)
	step("somebody else's right after our own", 1, 1)

	b.commit("CREATE TABLE b (v)")
	step("our own DDL", 1, 0)
	if _, ok := b.feed.Catalog().Table("B"); !ok {
		t.Error("the catalog doesn't know a new table")
	}
	b.exec(b.conn, "BEGIN IMMEDIATE")
	b.record.Begin()
	b.record.Opaque()
	b.exec(b.conn, "INSERT INTO a VALUES (8); ALTER TABLE b ADD COLUMN w")
	b.record.Committing()
	b.exec(b.conn, "COMMIT")
	b.record.Committed(nil)
	step("DDL beside a change", 1, 1)

	b.exec(b.conn, "BEGIN IMMEDIATE")
	b.record.Begin()
	b.exec(b.conn, "INSERT INTO a VALUES (9)")
	b.record.Committing()
	b.exec(b.conn, "ROLLBACK")
	b.record.Committed(errors.New("disk full"))
	step("a commit that failed", 1, 1)

	b.exec(b.other, "PRAGMA wal_checkpoint(PASSIVE)")
	step("a checkpoint", 0, 0)
	b.exec(b.other, "PRAGMA wal_checkpoint(TRUNCATE)")
	b.record.Sync()
	at = b.fresh(true, "a log that begins anew")

	b.exec(b.conn, "INSERT INTO a VALUES (11)") // on the recorded connection, but by the recorder's back
	b.fresh(false, "a commit of our own that isn't recorded")
	b.record.Sync()
	step("looked at", 1, 0)

	b.record.Detach()
	if s, ok := b.feed.Fresh(); s != nil || ok {
		t.Error("fresh without a recorder")
	}
	b.record.Attach(b.conn)
	at = b.fresh(true, "attached again")
	b.commit("INSERT INTO a VALUES (10)")
	step("and a commit", 0, 1)
}

// Before anybody listens nothing is recorded; what was committed until then belongs to no epoch that anybody is told of.
func TestListeningLate(t *testing.T) {
	b := newBench(t, `CREATE TABLE a (id INTEGER PRIMARY KEY)`)
	feed, err := NewFeed(b.path + "-shm")
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	r := NewRecorder(feed)
	r.Attach(b.other)
	defer r.Detach()
	if s, ok := feed.Fresh(); s != nil || ok {
		t.Error("fresh, and nobody listens")
	}
	b.exec(b.other, "BEGIN IMMEDIATE")
	r.Begin()
	b.exec(b.other, "INSERT INTO a VALUES (1)")
	late := &notebook{}
	feed.Listen(late)
	select {
	case <-feed.Wishes():
	default:
		t.Error("the writer isn't asked to look")
	}
	r.Committing()
	b.exec(b.other, "COMMIT")
	r.Committed(nil)
	s, ok := feed.Fresh()
	if !ok || s.Epoch == 0 || len(late.text) != 0 {
		t.Errorf("%+v, %v, %v", s, ok, late.text)
	}
}

// Where somebody takes the log's index away, nobody knows any more whose commits it shows.
func TestAnIndexThatIsAnotherOneIsntBelieved(t *testing.T) {
	b := newBench(t, `CREATE TABLE a (id INTEGER PRIMARY KEY)`)
	if err := os.Rename(b.path+"-shm", b.path+"-old"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.path+"-shm", make([]byte, 32768), 0o600); err != nil {
		t.Fatal(err)
	}
	b.record.feed.index = mustMap(t, b.path+"-shm") // as if it had been mapped
	b.commit("INSERT INTO a VALUES (1)")
	os.Rename(b.path+"-old", b.path+"-shm")
	b.commit("INSERT INTO a VALUES (2)")
	if s, ok := b.feed.Fresh(); ok {
		t.Errorf("%+v is fresh", s)
	}
	b.record.Sync() // as the writer does where somebody wishes to know
	if s, ok := b.feed.Fresh(); ok {
		t.Errorf("%+v is fresh after another look", s)
	}
}

func mustMap(t *testing.T, path string) *index {
	x, err := mapIndex(path)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestNoIndexNoFeed(t *testing.T) {
	if _, err := NewFeed(filepath.Join(t.TempDir(), "none-shm")); err == nil {
		t.Error("a file that isn't there was mapped")
	}
	path := filepath.Join(t.TempDir(), "short-shm")
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewFeed(path); err == nil {
		t.Error("a file without a header was mapped")
	}
	r := NewRecorder(nil) // every step of one without a feed is none
	r.Attach(nil)
	r.Begin()
	r.Committing()
	r.Committed(nil)
	r.RolledBack()
	r.Sync()
	r.Detach()
	if r.Foreign() {
		t.Error("foreign")
	}
}

func TestAffinity(t *testing.T) { // the table of section 3.1.1 of datatype3.html
	for declared, want := range map[string]Affinity{
		"INT": "INTEGER", "UNSIGNED BIG INT": "INTEGER", "INT8": "INTEGER", "CHARACTER(20)": "TEXT", "VARCHAR(255)": "TEXT", "CLOB": "TEXT",
		"BLOB": "BLOB", "": "BLOB", "DOUBLE PRECISION": "REAL", "FLOAT": "REAL", "NUMERIC": "NUMERIC", "DECIMAL(10,5)": "NUMERIC",
		"BOOLEAN": "NUMERIC", "DATETIME": "NUMERIC", "CHARINT": "INTEGER", "FLOATING POINT": "INTEGER", "STRING": "NUMERIC", "any": "BLOB",
	} {
		if got := affinityOf(declared); got != want {
			t.Errorf("%q has affinity %s, want %s", declared, got, want)
		}
	}
}

func TestFold(t *testing.T) {
	for name, want := range map[string]string{"abc": "abc", "ABC": "abc", "aÄB": "aÄb", "": "", "x_1": "x_1"} {
		if got := Fold(name); got != want {
			t.Errorf("%q folds to %q", name, got)
		}
	}
}

func BenchmarkFresh(b *testing.B) {
	x := newBench(b, `CREATE TABLE a (id INTEGER PRIMARY KEY)`)
	for b.Loop() {
		if _, ok := x.feed.Fresh(); !ok {
			b.Fatal("not fresh")
		}
	}
}

func BenchmarkDataVersion(b *testing.B) {
	x := newBench(b, `CREATE TABLE a (id INTEGER PRIMARY KEY)`)
	for b.Loop() {
		x.record.Sync()
	}
}

// BenchmarkRecord is what the record costs a row that is inserted, beside the insert.
func BenchmarkRecord(b *testing.B) {
	for _, listens := range []bool{false, true} {
		b.Run(fmt.Sprint(listens), func(b *testing.B) {
			x := newBench(b, `CREATE TABLE a (id INTEGER PRIMARY KEY, k INTEGER, name TEXT, v)`)
			x.book.want = func(*Table) []bool { return []bool{true, true, false, false} }
			x.exec(x.conn, "BEGIN IMMEDIATE")
			if listens {
				x.record.Begin()
			}
			st, _, err := x.conn.Prepare("INSERT INTO a (k, name, v) VALUES (7, 'name', 1.5)")
			if err != nil {
				b.Fatal(err)
			}
			for i := 0; b.Loop(); i++ {
				if err := st.Exec(); err != nil {
					b.Fatal(err)
				}
				if i%1000 == 0 {
					x.record.CutBack(0)
				}
			}
			st.Close()
			x.exec(x.conn, "ROLLBACK")
		})
	}
}
