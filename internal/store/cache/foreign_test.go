package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
)

// runScript is what the test binary does as another process: it opens a database and runs lines of SQL. A line that begins with a dot
// isn't SQL: ".restore PATH" copies a backup over the database, ".die" leaves everything open.
func runScript(path string) error {
	c, err := sqlite.OpenConn(path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
	if err != nil {
		return err
	}
	lines, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(lines)) {
		line = strings.TrimSpace(line)
		switch {
		case line == ".die":
			os.Exit(0)
		case strings.HasPrefix(line, ".restore "):
			err = c.Restore("main", "file:"+line[len(".restore "):])
		default:
			err = c.Exec(line)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
	}
	return c.Close()
}

// elsewhere lets another process run lines, on the shop's database or on one at a path.
func (s *shop) elsewhere(path string, lines ...string) error {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "PINTAIL_TEST_SCRIPT="+path)
	c.Stdin = strings.NewReader(strings.Join(lines, "\n"))
	if out, err := c.CombinedOutput(); err != nil {
		return errors.New(strings.TrimSpace(string(out)))
	}
	return nil
}

// same holds what the cache answers against what the database does, and says whether it was asked.
func (s *shop) same(what string, conditions ...string) (hit bool) {
	s.t.Helper()
	p, args := s.ask(conditions...)
	before := s.Stats().Hits
	got := outcome(s.Store.Read(context.Background(), p, args))
	hit = s.Stats().Hits > before
	if want := outcome(s.inner.Read(context.Background(), p, args)); got != want {
		s.t.Errorf("%s: %v (hit: %v) is answered\n%s\nthe database answers\n%s", what, conditions, hit, got, want)
	}
	return hit
}

// What another process does to the database is seen by the next read, whatever it is.
func TestWhateverAnotherProcessDoes(t *testing.T) {
	for _, c := range []struct {
		name    string
		lines   []string // %s is another database's path, %[2]s the shop's own, %[3]s a backup of it
		refused string   // what the other process is told where it can't be
		kept    bool     // nothing changed: what is kept is given out still
	}{
		{name: "update", lines: []string{"UPDATE item SET note = 'elsewhere' WHERE id = 1"}},
		{name: "returning", lines: []string{"UPDATE item SET note = 'elsewhere' WHERE id = 1 RETURNING id"}},
		{name: "upsert", lines: []string{"INSERT INTO item (id, note) VALUES (1, 'x') ON CONFLICT DO UPDATE SET note = 'elsewhere'"}},
		{name: "replace", lines: []string{"REPLACE INTO item (id, note) VALUES (1, 'elsewhere')"}},
		{name: "by a trigger", lines: []string{"INSERT INTO other VALUES (1, 'elsewhere')"}},
		{name: "by a view", lines: []string{"UPDATE seen SET note = 'elsewhere' WHERE id = 1"}},
		{name: "by a chain of triggers", lines: []string{"UPDATE chain SET v = v + 1"}},
		{name: "all rows", lines: []string{"DELETE FROM item"}},
		{name: "attached", lines: []string{"ATTACH '%[2]s' AS shop", "UPDATE shop.item SET note = 'elsewhere' WHERE id = 1"}},
		{name: "attached beside another one", lines: []string{"ATTACH '%[2]s' AS shop", "CREATE TABLE IF NOT EXISTS mine (v)", "BEGIN", "INSERT INTO mine VALUES (1)", "UPDATE shop.item SET note = 'elsewhere' WHERE id = 1", "COMMIT"}},
		{name: "a checkpoint before", lines: []string{"PRAGMA wal_checkpoint(TRUNCATE)", "UPDATE item SET note = 'elsewhere' WHERE id = 1"}},
		{name: "a checkpoint after", lines: []string{"UPDATE item SET note = 'elsewhere' WHERE id = 1", "PRAGMA wal_checkpoint(TRUNCATE)"}},
		{name: "checkpoints around it", lines: []string{"PRAGMA wal_checkpoint(RESTART)", "UPDATE item SET note = 'elsewhere' WHERE id = 1", "PRAGMA wal_checkpoint(RESTART)", "UPDATE item SET kind = 3 WHERE id = 2", "PRAGMA wal_checkpoint(FULL)"}},
		{name: "vacuum", lines: []string{"DELETE FROM item WHERE id < 50", "VACUUM"}},
		{name: "column renamed", lines: []string{"DROP VIEW seen", "ALTER TABLE item RENAME COLUMN note TO remark"}},
		{name: "columns shifted", lines: []string{"ALTER TABLE item DROP COLUMN c4", "UPDATE item SET kind = 7 WHERE id = 1"}},
		{name: "table dropped", lines: []string{"DROP TABLE item"}},
		{name: "another table of its name", lines: []string{"ALTER TABLE item RENAME TO old", "CREATE TABLE item (note TEXT, name TEXT, kind INTEGER, id INTEGER PRIMARY KEY, c4, c5, c6)", "INSERT INTO item SELECT 'elsewhere', name, kind, id, 0, 0, 0 FROM old"}},
		{name: "a view of its name", lines: []string{"ALTER TABLE item RENAME TO old", "CREATE VIEW item AS SELECT id, kind, name, 'elsewhere' AS note, c4, c5, c6 FROM old"}},
		{name: "backup restored", lines: []string{".restore %[3]s"}},
		{name: "journal mode", lines: []string{"PRAGMA busy_timeout = 100", "PRAGMA journal_mode = DELETE"}, refused: "locked", kept: true},
		{name: "exclusive", lines: []string{"PRAGMA busy_timeout = 100", "PRAGMA locking_mode = EXCLUSIVE", "UPDATE item SET note = 'elsewhere' WHERE id = 1"}, refused: "locked", kept: true},
		{name: "killed in a transaction", lines: []string{"BEGIN IMMEDIATE", "UPDATE item SET note = 'unseen' WHERE id = 1", ".die"}, kept: true},
		{name: "killed after one", lines: []string{"UPDATE item SET note = 'elsewhere' WHERE id = 1", "BEGIN IMMEDIATE", "UPDATE item SET note = 'unseen' WHERE id = 1", ".die"}},
		{name: "nothing", lines: []string{"SELECT count(*) FROM item"}, kept: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShop(t, 100, Config{Rest: -1})
			dir := filepath.Dir(s.path)
			other, backup := filepath.Join(dir, "other.db"), filepath.Join(dir, "backup.db")
			for _, sql := range []string{
				"CREATE TABLE other (id INTEGER PRIMARY KEY, note TEXT)",
				"CREATE TRIGGER copied AFTER INSERT ON other BEGIN UPDATE item SET note = new.note WHERE id = new.id; END",
				"CREATE VIEW seen AS SELECT id, note FROM item",
				"CREATE TRIGGER saw INSTEAD OF UPDATE ON seen BEGIN UPDATE item SET note = new.note WHERE id = new.id; END",
				"CREATE TABLE chain (k TEXT PRIMARY KEY, v INTEGER) WITHOUT ROWID",
				"INSERT INTO chain VALUES ('k', 0)",
				"CREATE TRIGGER linked AFTER UPDATE ON chain BEGIN INSERT OR REPLACE INTO other VALUES (1, 'elsewhere'); END",
				"UPDATE item SET note = 'before the backup' WHERE id = 1",
			} {
				s.write(sql)
			}
			if err := s.elsewhere(s.path, "VACUUM INTO '"+backup+"'"); err != nil {
				t.Fatal(err)
			}
			s.write("UPDATE item SET note = 'after the backup' WHERE id = 1")
			for range 2 {
				for _, q := range []string{"id=1", "kind=0", ""} {
					s.read(strings.Fields(q)...)
				}
			}
			if !s.hit("id=1") {
				t.Fatal("nothing is kept")
			}
			path := s.path
			if strings.HasPrefix(c.lines[0], "ATTACH") {
				path = other
			}
			lines := make([]string, len(c.lines))
			for i, l := range c.lines {
				lines[i] = strings.NewReplacer("%[2]s", s.path, "%[3]s", backup).Replace(l)
			}
			err := s.elsewhere(path, lines...)
			if (err != nil) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), c.refused) {
				t.Fatalf("the other process is told: %v", err)
			}
			hit := false
			for _, q := range []string{"id=1", "kind=0", ""} {
				hit = s.same(c.name, strings.Fields(q)...) || hit
			}
			if hit != c.kept {
				t.Errorf("some are given out still: %v", hit)
			}
			s.wait()
			if c.kept || strings.Contains(c.name, "table") || strings.Contains(c.name, "view of") || strings.Contains(c.name, "column") {
				return
			}
			// And the order goes on from there.
			for range 2 {
				s.read("id=1")
			}
			if !s.hit("id=1") {
				t.Error("nothing is kept afterwards")
			}
			s.write("UPDATE item SET note = 'at home' WHERE id = 1")
			s.same("a write of our own afterwards", "id=1")
		})
	}
}

// What a write of our own touches by way of others: views, triggers, computed columns.
func TestWhateverAWriteSetsOff(t *testing.T) {
	s := newShop(t, 100, Config{Rest: -1})
	for _, sql := range []string{
		"CREATE TABLE other (id INTEGER PRIMARY KEY, note TEXT, low TEXT AS (lower(note)) VIRTUAL, up TEXT AS (upper(note)) STORED)",
		"CREATE TRIGGER copied AFTER INSERT ON other BEGIN UPDATE item SET note = new.up WHERE id = new.id; END",
		"CREATE VIEW seen AS SELECT id, note FROM item",
		"CREATE TRIGGER saw INSTEAD OF UPDATE ON seen BEGIN UPDATE item SET note = new.note WHERE id = new.id; END",
		"CREATE TRIGGER gone INSTEAD OF DELETE ON seen BEGIN DELETE FROM item WHERE id = old.id; END",
		"CREATE TABLE chain (k TEXT PRIMARY KEY, v INTEGER) WITHOUT ROWID",
		"INSERT INTO chain VALUES ('k', 0)",
		"CREATE TRIGGER linked AFTER UPDATE ON chain BEGIN INSERT OR REPLACE INTO other (id, note) VALUES (1, 'linked ' || new.v); END",
	} {
		s.write(sql)
	}
	for _, c := range []struct {
		sql     string
		touched bool // what is asked for id=1
	}{
		{"INSERT INTO other (id, note) VALUES (1, 'by a trigger')", true},
		{"INSERT INTO other (id, note) VALUES (2, 'by a trigger')", false},
		{"UPDATE seen SET note = 'by a view' WHERE id = 1", true},
		{"UPDATE chain SET v = v + 1", true},
		{"UPDATE item SET note = 'and back' WHERE id = 1 RETURNING id", true},
		{"UPDATE item SET id = 1000 WHERE id = 1", true},
		{"UPDATE item SET id = 1 WHERE id = 1000", true},
		{"DELETE FROM seen WHERE id = 1", true},
		{"WITH n(i) AS (SELECT 1) INSERT INTO item (id, note) SELECT i, 'new' FROM n", true},
		{"PRAGMA user_version = 7", true},
		{"ANALYZE", true},
		{"REINDEX item", true},
	} {
		for range 2 {
			s.read("id=1")
		}
		if !s.hit("id=1") {
			t.Fatalf("before %s: nothing is kept", c.sql)
		}
		s.write(c.sql)
		s.wait()
		if hit := s.same(c.sql, "id=1"); hit == c.touched {
			t.Errorf("%s: what is kept is given out: %v", c.sql, hit)
		}
	}
}

// A transaction that ends in the middle of a hook is over: what the hook goes on to write must not be kept on its own, unseen.
func TestAHookGoesOnAfterItsTransactionIsGone(t *testing.T) {
	s := newShop(t, 100, Config{Rest: -1})
	s.write("CREATE TRIGGER boom BEFORE INSERT ON item WHEN new.id = -1 BEGIN SELECT RAISE(ROLLBACK, 'boom'); END")
	for range 2 {
		s.read("id=1")
	}
	for _, first := range []string{"INSERT INTO item (id) VALUES (-1)", "INSERT OR ROLLBACK INTO item (id) VALUES (1)"} {
		hook := func(ctx context.Context, h store.Handle) error {
			if _, err := h.Write(ctx, call(first), nil); err == nil {
				t.Errorf("%s: it passes", first)
			}
			if _, err := h.Write(ctx, call("UPDATE item SET note = 'by the hook' WHERE id = 1"), nil); err == nil {
				t.Errorf("%s: the hook writes on", first)
			}
			return nil // it doesn't mind
		}
		_, err := s.Store.Write(t.Context(), store.Tx{Plan: call("UPDATE item SET note = 'by the request' WHERE id = 1"), Before: []store.Hook{hook}})
		if err == nil {
			t.Errorf("%s: the request passes", first)
		}
		s.wait()
		s.same(first, "id=1")
		if out := s.read("id=1"); strings.Contains(out, "by the") {
			t.Errorf("%s: of a transaction that failed there is %s", first, out)
		}
	}
}

// Statements that end a transaction from within are no way around the record.
func TestATransactionThatEndsItself(t *testing.T) {
	s := newShop(t, 100, Config{Rest: -1})
	for range 2 {
		s.read("id=1")
	}
	for _, end := range []string{"COMMIT", "ROLLBACK", "END"} {
		hook := func(ctx context.Context, h store.Handle) error {
			if _, err := h.Write(ctx, call("UPDATE item SET note = 'by the hook before "+end+"' WHERE id = 1"), nil); err != nil {
				return err
			}
			_, _ = h.Write(ctx, call(end), nil)
			return nil
		}
		_, err := s.Store.Write(t.Context(), store.Tx{Plan: call("UPDATE item SET note = 'by the request' WHERE id = 1"), Before: []store.Hook{hook}})
		t.Logf("%s: %v", end, err)
		s.wait()
		s.same(end, "id=1")
	}
}
