package migrate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	gosync "sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/schema"
)

// folder makes migrations that lead through schemas.
func folder(t *testing.T, texts ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, text := range texts {
		if _, err := Make(dir, fmt.Sprintf("step_%d", i+1), parse(t, text)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func apply(t *testing.T, d *Database, dir string) error {
	t.Helper()
	_, err := d.Apply(t.Context(), dir, &schema.Schema{Default: "public", Exposed: []string{"public"}}, RunOptions{})
	return err
}

// TestHistory holds files against what was applied.
func TestHistory(t *testing.T) {
	second := with("n: Int", "n: Int  extra: Int")
	onBoth(t, func(t *testing.T, d *Database) {
		dir := folder(t, base, second)
		if err := apply(t, d, dir); err != nil {
			t.Fatal(err)
		}
		history, err := d.History(t.Context())
		if err != nil || len(history) != 2 || history[1].Version != "0002" || history[1].Name != "step_2" || !history[1].Finished {
			t.Fatalf("the history is %+v, %v", history, err)
		}
		if _, pending, err := d.Pending(t.Context(), dir, parse(t, second), RunOptions{}); err != nil || len(pending) > 0 {
			t.Errorf("pending: %v, %v", pending, err)
		}
		path := filepath.Join(dir, "0001_step_1."+string(d.Engine)+".sql")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		refused := func(what string) {
			t.Helper()
			if err := apply(t, d, dir); err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("got %v, want an error with %q", err, what)
			}
		}
		write := func(path string, text []byte) {
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		write(path, append(slices.Clone(text), "-- edited\n"...))
		refused("was edited after it was applied")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		refused("its file is gone")
		write(path, text)
		late := filepath.Join(dir, "0000_late."+string(d.Engine)+".sql")
		write(late, []byte("SELECT 1;\n"))
		refused("was never applied, but 0002")
		write(filepath.Join(dir, "0000_later."+string(d.Engine)+".sql"), []byte("SELECT 1;\n"))
		refused("have the same number")
	})
}

// TestApplyGoesOnWhereItStopped has a migration fail in its middle. On SQLite nothing of it stays; on PostgreSQL what ran
// outside of a transaction does, and isn't run again.
func TestApplyGoesOnWhereItStopped(t *testing.T) {
	onBoth(t, func(t *testing.T, d *Database) {
		dir := folder(t, base, with("title: String!", "title: String! @unique"))
		first := filepath.Join(dir, "0002_step_2."+string(d.Engine)+".sql")
		hidden := first + ".hidden"
		if err := os.Rename(first, hidden); err != nil {
			t.Fatal(err)
		}
		if err := apply(t, d, dir); err != nil {
			t.Fatal(err)
		}
		exec(t, d, `INSERT INTO post (id, title) VALUES (1, 'a'), (2, 'a')`)
		if err := os.Rename(hidden, first); err != nil {
			t.Fatal(err)
		}
		if err := apply(t, d, dir); err == nil {
			t.Fatal("a unique constraint on doubles was made")
		}
		if d.Engine == Postgres {
			want(t, ask(t, d, `SELECT count(*) FROM pg_index WHERE NOT indisvalid`), "1") // what CREATE INDEX CONCURRENTLY leaves
		}
		exec(t, d, `UPDATE post SET title = 'b' WHERE id = 2`)
		if err := apply(t, d, dir); err != nil {
			t.Fatal(err)
		}
		if d.Engine == Postgres {
			want(t, ask(t, d, `SELECT count(*) FROM pg_index WHERE NOT indisvalid`), "0")
		}
		if err := d.exec(t.Context(), `INSERT INTO post (id, title) VALUES (3, 'a')`); err == nil {
			t.Error("a double was taken")
		}
	})
}

// TestApplyTogether has several processes apply the same migrations, with a concurrent index among them.
func TestApplyTogether(t *testing.T) {
	dir := folder(t, base, with("n: Int", "n: Int @index"), with("n: Int", "n: Int! @index @default(value: 1)"))
	for _, e := range []Engine{SQLite, Postgres} {
		t.Run(string(e), func(t *testing.T) {
			dsn := "sqlite:" + filepath.Join(t.TempDir(), "x.db")
			if e == Postgres {
				dsn = pgtest.DSN(t)
			}
			errs := make([]error, 4)
			var wait gosync.WaitGroup
			for i := range errs {
				wait.Go(func() {
					d, err := Open(t.Context(), dsn)
					if err != nil {
						errs[i] = err
						return
					}
					defer d.Close(context.Background())
					_, errs[i] = d.Apply(t.Context(), dir, &schema.Schema{Default: "public"}, RunOptions{})
				})
			}
			wait.Wait()
			for _, err := range errs {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestLockTimeout has somebody hold a lock for a while: the migration steps back, and comes through when it is gone.
func TestLockTimeout(t *testing.T) {
	dsn := pgtest.DSN(t)
	d, err := Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(context.Background())
	sync(t, d, parse(t, base), RunOptions{})
	other, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.Background())
	tx, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT * FROM post"); err != nil {
		t.Fatal(err)
	}
	to := parse(t, with("n: Int", "n: Int  extra: Int"))
	quick := RunOptions{LockTimeout: 20 * time.Millisecond, LockTries: 2}
	if _, err := d.Sync(t.Context(), to, quick); err == nil || !strings.Contains(err.Error(), "gave up after 2 tries") {
		t.Errorf("got %v", err)
	}
	go func() {
		time.Sleep(300 * time.Millisecond)
		tx.Rollback(context.Background())
	}()
	sync(t, d, to, RunOptions{LockTimeout: 20 * time.Millisecond, LockTries: 100})
}

// TestMoreIsLeftAlone has things in the database that the file never knew, and some that it knew once.
func TestMoreIsLeftAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, d *Database) {
		sync(t, d, parse(t, base), RunOptions{})
		exec(t, d, `CREATE TABLE foreign_one (id integer PRIMARY KEY)`, `ALTER TABLE post ADD COLUMN alien text`,
			`CREATE INDEX alien_index ON post (alien)`, `CREATE VIEW alien_view AS SELECT alien FROM post`)
		settled(t, d, parse(t, base))
		if d.Engine == SQLite {
			exec(t, d, `DROP VIEW alien_view`) // it would stop the table from being made anew, or be broken by it
		}
		steps := sync(t, d, parse(t, with(`@index(columns: ["title"])`, "")), RunOptions{})
		want(t, steps, "drop index post_title_idx of post")
		sync(t, d, parse(t, with("n: Int", "n: Int @default(value: 4)")), RunOptions{})
		want(t, ask(t, d, `SELECT count(*) FROM foreign_one`), "0")
		want(t, ask(t, d, `SELECT count(alien) FROM post`), "0")
	})
}

// TestInStepSaysWhatIsMissing breaks a database in ways that would make answers wrong, and in one that doesn't.
func TestInStepSaysWhatIsMissing(t *testing.T) {
	s := parse(t, with("title: String!", "title: String! @unique"))
	d := fresh(t, Postgres)
	sync(t, d, s, RunOptions{})
	exec(t, d, `ALTER TABLE post DROP CONSTRAINT post_title_key`, `ALTER TABLE post DROP COLUMN note`, `ALTER TABLE post ALTER n TYPE text`,
		`DROP TABLE author`, `DROP INDEX post_title_idx`)
	problems, err := d.InStep(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.String())
	}
	slices.Sort(got)
	want(t, got, "author: the table is not there", "post.n: its type is text, the schema says integer",
		"post.note: the column is not there", "post: the unique constraint post_title_key is not there")
}

func TestSplitSQL(t *testing.T) {
	for _, c := range []struct {
		engine Engine
		sql    string
		want   []string
	}{
		{SQLite, "-- head; not a statement\nSELECT ';' ; /* ; */ SELECT \";\", [;], `;`;\n\n", []string{"SELECT ';'", `/* ; */ SELECT ";", [;], ` + "`;`"}},
		{SQLite, "CREATE TRIGGER a AFTER INSERT ON b BEGIN SELECT CASE WHEN 1 THEN 2 END; SELECT 3; END; SELECT 4", []string{
			"CREATE TRIGGER a AFTER INSERT ON b BEGIN SELECT CASE WHEN 1 THEN 2 END; SELECT 3; END", "SELECT 4"}},
		{Postgres, "SELECT $a$;$$;$a$; SELECT E'\\';', 'x''; '; BEGIN; /* /* ; */ ; */ COMMIT;", []string{
			"SELECT $a$;$$;$a$", `SELECT E'\';', 'x''; '`, "BEGIN", "/* /* ; */ ; */ COMMIT"}},
		{Postgres, "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT a[1];", []string{
			"CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END", "SELECT a[1]"}},
	} {
		got, err := splitSQL(c.sql, c.engine)
		if err != nil {
			t.Error(err)
		}
		want(t, got, c.want...)
	}
}

// TestManyTables inspects as many tables as a large project has, with a fixed number of queries.
func TestManyTables(t *testing.T) {
	onBoth(t, func(t *testing.T, d *Database) {
		var b strings.Builder
		for i := range 1500 {
			fmt.Fprintf(&b, "CREATE TABLE t%d (id integer PRIMARY KEY, a text UNIQUE, b integer REFERENCES t%d (id));\n", i, i/2)
		}
		if d.Engine == Postgres {
			if _, err := d.PG.PgConn().Exec(t.Context(), b.String()).ReadAll(); err != nil {
				t.Fatal(err)
			}
		} else {
			exec(t, d, "BEGIN", b.String(), "COMMIT")
		}
		start := time.Now()
		s, _, err := d.Inspect(t.Context(), Options{})
		if err != nil || len(s.Tables) != 1500 || len(s.Tables[0].Relations) == 0 {
			t.Fatal(err)
		}
		took := time.Since(start)
		t.Logf("1500 tables in %s", took)
		if took > 15*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
