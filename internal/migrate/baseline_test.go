package migrate

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

const firstToast = `type toast @table {
  id: bigint! @id
  name: String!
}
`

// made writes a migration from the last one to a schema.
func made(t *testing.T, dir, name, text string) *schema.Schema {
	t.Helper()
	s := parse(t, text)
	if _, err := Make(dir, name, s); err != nil {
		t.Fatal(err)
	}
	return s
}

// ended says which migrations were noted and which ran, by their names.
func ended(t *testing.T, d *Database, dir string, s *schema.Schema, o RunOptions) string {
	t.Helper()
	wouldNote, wouldRun, err := d.Pending(t.Context(), dir, s, o)
	if err != nil {
		t.Fatal(err)
	}
	done, err := d.Apply(t.Context(), dir, s, o)
	if err != nil {
		t.Fatal(err)
	}
	paths := func(files []*File) (out []string) {
		for _, f := range files {
			out = append(out, f.Path)
		}
		return out
	}
	if !slices.Equal(paths(wouldNote), done.Noted) || !slices.Equal(paths(wouldRun), done.Files) {
		t.Errorf("noted %v and ran %v, where %v and %v were pending", done.Noted, done.Files, paths(wouldNote), paths(wouldRun))
	}
	name := func(p string) string { return filepath.Base(p)[:4] }
	out := "noted"
	for _, p := range done.Noted {
		out += " " + name(p)
	}
	out += ", ran"
	for _, p := range done.Files {
		out += " " + name(p)
	}
	return out
}

// TestFirstMigrationOfWhatIsThere notes a first migration of tables that were made before there were migrations, and runs what follows.
func TestFirstMigrationOfWhatIsThere(t *testing.T) {
	onBoth(t, func(t *testing.T, d *Database) {
		dir := t.TempDir()
		s := made(t, dir, "begin", firstToast)
		sync(t, d, s, RunOptions{})
		exec(t, d, `INSERT INTO toast (id, name) VALUES (1, 'Avo')`)
		if got := ended(t, d, dir, s, RunOptions{}); got != "noted 0001, ran" {
			t.Errorf("got  %s\nwant %s", got, "noted 0001, ran")
		}
		if got := ended(t, d, dir, s, RunOptions{}); got != "noted, ran" {
			t.Errorf("got  %s\nwant %s", got, "noted, ran")
		}
		s = made(t, dir, "price", strings.Replace(firstToast, "name:", "price: numeric\n  name:", 1))
		if got := ended(t, d, dir, s, RunOptions{}); got != "noted, ran 0002" {
			t.Errorf("got  %s\nwant %s", got, "noted, ran 0002")
		}
		settled(t, d, s)
		if n := ask(t, d, "SELECT CAST(count(*) AS text) FROM toast WHERE price IS NULL"); n[0] != "1" {
			t.Errorf("%s rows", n[0])
		}
	})
}

// TestFirstMigrationRunsWhereItHasTo: the tables are not all there, or a person wrote something into the migration.
func TestFirstMigrationRunsWhereItHasTo(t *testing.T) {
	onBoth(t, func(t *testing.T, d *Database) {
		dir := t.TempDir()
		both := firstToast + "type customer @table {\n  id: bigint! @id\n}\n"
		sync(t, d, parse(t, firstToast), RunOptions{})
		s := made(t, dir, "begin", both)
		_, err := d.Apply(t.Context(), dir, s, RunOptions{})
		var unknown *UnknownTables
		if !errors.As(err, &unknown) || unknown.Table != "toast" || unknown.File.Version != "0001" {
			t.Fatalf("with half of it there: %v", err)
		}
		sync(t, d, s, RunOptions{})
		path := filepath.Join(dir, "0001_begin."+string(d.Engine)+".sql")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(text, "\nCREATE VIEW one AS SELECT 1 AS n;\n"...), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err = d.Apply(t.Context(), dir, s, RunOptions{}); !errors.As(err, &unknown) {
			t.Fatalf("with a migration that does more: %v", err)
		}
		if _, err = d.Apply(t.Context(), dir, s, RunOptions{Baseline: "0007"}); err == nil || !strings.Contains(err.Error(), "no migration 0007") {
			t.Errorf("with a baseline that isn't there: %v", err)
		}
		if got := ended(t, d, dir, s, RunOptions{Baseline: "0001"}); got != "noted 0001, ran" {
			t.Errorf("got  %s\nwant %s", got, "noted 0001, ran")
		}
		if _, err = d.Apply(t.Context(), dir, s, RunOptions{Baseline: "0001"}); err == nil || !strings.Contains(err.Error(), "has migration 0001 already") {
			t.Errorf("with a baseline that was noted: %v", err)
		}
	})
}

// TestFirstMigrationThatFails leaves tables of its own behind, or seems to: they are nobody else's, and a baseline would take the migration for
// one that ran.
func TestFirstMigrationThatFails(t *testing.T) {
	onBoth(t, func(t *testing.T, d *Database) {
		dir := t.TempDir()
		s := made(t, dir, "begin", firstToast)
		path := filepath.Join(dir, "0001_begin."+string(d.Engine)+".sql")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		wrong := "\nCREATE INDEX toast_nothing ON toast (nothing);\n"
		if d.Engine == Postgres { // alone, when the table is there for good
			wrong = strings.Replace(wrong, "INDEX", "INDEX CONCURRENTLY", 1)
		}
		if err := os.WriteFile(path, append(text, wrong...), 0o644); err != nil {
			t.Fatal(err)
		}
		for try := range 2 {
			var unknown *UnknownTables
			if _, err := d.Apply(t.Context(), dir, s, RunOptions{}); err == nil || errors.As(err, &unknown) || !strings.Contains(err.Error(), "nothing") {
				t.Errorf("try %d: %v", try+1, err)
			}
		}
	})
}
