//go:build unix

package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/schema"

	"github.com/ncruces/go-sqlite3"
)

// full makes a shop with rows of every kind, and gives its address.
func full(t testing.TB, e migrate.Engine) (string, *schema.Schema) {
	t.Helper()
	s := parseSchema(t, shop)
	dsn := address(t, e)
	db, err := migrate.Open(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	if _, err := db.Sync(context.Background(), s, migrate.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	var customers, pairs strings.Builder
	customers.WriteString("id,email,name,boss_id\n")
	pairs.WriteString("a,b,note\n")
	for i := range 300 {
		fmt.Fprintf(&customers, "%d,c%d@example.com,\"n\\%d\t\"\"\",%d\n", i+1, i, i, i/2+1)
		fmt.Fprintf(&pairs, "%d,\"b\n%d\",\\N%d\n", i, i%7, i)
	}
	for table, text := range map[string]string{"customer": customers.String(), "pair": pairs.String()} {
		if done, err := Import(context.Background(), db, s, named(t, s, table), strings.NewReader(text), ImportOptions{}); err != nil || done.Rejected > 0 {
			t.Fatalf("%s: got %d rejected rows, %v; want none", table, done.Rejected, err)
		}
	}
	if done, err := Import(context.Background(), db, s, named(t, s, "thing"), strings.NewReader(things), ImportOptions{}); err != nil || done.Rejected > 0 {
		t.Fatalf("things: got %d rejected rows, %v; want none", done.Rejected, err)
	}
	exec(t, db, "UPDATE thing SET customer_id = 7 WHERE id = 1")
	return dsn, s
}

// TestCopyEveryWay goes between all pairs of engines, and holds the rows and the schema against those of the source.
func TestCopyEveryWay(t *testing.T) {
	ctx := context.Background()
	for _, from := range []migrate.Engine{migrate.SQLite, migrate.Postgres} {
		for _, to := range []migrate.Engine{migrate.SQLite, migrate.Postgres} {
			t.Run(string(from)+" to "+string(to), func(t *testing.T) {
				src, s := full(t, from)
				dst := address(t, to)
				var told []CopyProgress
				out, err := Copy(ctx, src, dst, CopyOptions{Progress: func(p CopyProgress) { told = append(told, p) }})
				if err != nil {
					t.Fatal(err)
				}
				if len(out.Tables) != 3 || out.Tables[0].Rows+out.Tables[1].Rows+out.Tables[2].Rows != 603 || len(told) < 6 {
					t.Errorf("%+v, told %+v", out.Tables, told)
				}
				a, b := open(t, src), open(t, dst)
				for _, table := range []string{"customer", "pair", "thing"} {
					same(t, table, dump(t, b, s, table), dump(t, a, s, table))
				}
				want, _, err := a.Inspect(ctx, migrate.Options{})
				if err != nil {
					t.Fatal(err)
				}
				got, _, err := b.Inspect(ctx, migrate.Options{})
				if err != nil {
					t.Fatal(err)
				}
				got.Title, want.Title = "", "" // PostgreSQL comments its first schema itself
				if schema.Print(got) != schema.Print(want) {
					t.Errorf("the schema is\n%s\nwant\n%s", schema.Print(got), schema.Print(want))
				}
				if problems, err := b.InStep(ctx, s); err != nil || len(problems) > 0 {
					t.Errorf("got %v, %v; want a database in step", problems, err)
				}
				// numbers go on
				exec(t, b, "INSERT INTO customer (email) VALUES ('new')")
				if rows := dump(t, b, s, "customer", "id", "email"); !strings.Contains(strings.Join(rows, " "), "301|new") {
					t.Error("the new row's number is not 301")
				}
				// and foreign keys are there
				if b.Engine == migrate.Postgres {
					if _, err := b.PG.Exec(ctx, "UPDATE thing SET customer_id = 9999"); err == nil {
						t.Error("a foreign key is missing")
					}
				} else if err := b.Lite.Exec("UPDATE thing SET customer_id = 9999"); err == nil {
					t.Error("a foreign key is missing")
				}
				left, _ := filepath.Glob(filepath.Dir(strings.TrimPrefix(dst, "sqlite:")) + "/*copying*")
				if to == migrate.SQLite && len(left) > 0 {
					t.Errorf("files are left: %v", left)
				}
			})
		}
	}
}

// TestCopySumsAgree: the same rows have the same checksum on every way that goes through package value.
func TestCopySumsAgree(t *testing.T) {
	lite, _ := full(t, migrate.SQLite)
	pg, _ := full(t, migrate.Postgres)
	there, err := Copy(context.Background(), lite, pgtest.DSN(t), CopyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	back, err := Copy(context.Background(), pg, address(t, migrate.SQLite), CopyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range there.Tables {
		if there.Tables[i] != back.Tables[i] {
			t.Errorf("%+v and %+v", there.Tables[i], back.Tables[i])
		}
	}
}

// TestCopyKeepsNumbersBeyondRows: rows that were deleted don't get their numbers used again.
func TestCopyKeepsNumbersBeyondRows(t *testing.T) {
	for _, from := range []migrate.Engine{migrate.SQLite, migrate.Postgres} {
		for _, to := range []migrate.Engine{migrate.SQLite, migrate.Postgres} {
			src, s := full(t, from)
			db := open(t, src)
			exec(t, db, "INSERT INTO customer (email) VALUES ('gone')")
			exec(t, db, "DELETE FROM customer WHERE email = 'gone'")
			dst := address(t, to)
			if _, err := Copy(context.Background(), src, dst, CopyOptions{}); err != nil {
				t.Fatal(err)
			}
			b := open(t, dst)
			exec(t, b, "INSERT INTO customer (email) VALUES ('new')")
			if rows := strings.Join(dump(t, b, s, "customer", "id", "email"), " "); !strings.Contains(rows, "302|new") {
				t.Errorf("%s to %s: the new row's number is not 302", from, to)
			}
		}
	}
}

func TestCopyRefusesWhatIsThere(t *testing.T) {
	ctx := context.Background()
	src, _ := full(t, migrate.SQLite)
	if _, err := Copy(ctx, src, src, CopyOptions{}); err == nil || !strings.Contains(err.Error(), "there is a file") {
		t.Error(err)
	}
	pg, _ := full(t, migrate.Postgres)
	if _, err := Copy(ctx, src, pg, CopyOptions{}); err == nil || err.Error() != "there is a table customer already; only an empty database can be filled" {
		t.Error(err)
	}
	if _, err := Copy(ctx, "sqlite:"+filepath.Join(t.TempDir(), "none.db"), pg, CopyOptions{}); err == nil || !strings.Contains(err.Error(), "there is no file") {
		t.Error(err)
	}
	other := parseSchema(t, "type nowhere @table { id: Int! @id }")
	if _, err := Copy(ctx, src, pgtest.DSN(t), CopyOptions{Schema: other}); err == nil || !strings.Contains(err.Error(), "nowhere: the table is not there") {
		t.Error(err)
	}
}

// TestCopyOfWhatCantBeHeld puts values into SQLite that its columns' types can't say: the error names them, and nothing is
// left on the other side.
func TestCopyOfWhatCantBeHeld(t *testing.T) {
	for sql, want := range map[string]string{
		`UPDATE odd SET n = 'seven' WHERE id = 2`:               `table odd, column n of the row id=2: "seven" can't be copied: invalid input syntax for type bigint: "seven"`,
		`UPDATE odd SET n = 1.5 WHERE id = 2`:                   `table odd, column n of the row id=2: "1.5" can't be copied: it is no bigint`,
		`UPDATE odd SET b = 2 WHERE id = 1`:                     `table odd, column b of the row id=1: "2" can't be copied: it would come back as 1`,
		`UPDATE odd SET t = x'00ff' WHERE id = 1`:               `table odd, column t of the row id=1: "\x00\xff" can't be copied: it is no text`,
		`UPDATE odd SET t = x'6162' WHERE id = 1`:               `table odd, column t of the row id=1: "ab" can't be copied: it is stored as a blob, not as text; declare another type for the column, or change the value`,
		`UPDATE odd SET t = 'a' || char(0) || 'b' WHERE id = 1`: `table odd, column t of the row id=1: "a\x00b" can't be copied: it is no text`,
		`UPDATE odd SET any = 5 WHERE id = 1`:                   `table odd, column any of the row id=1: "5" can't be copied: it is stored as an integer, not as text; declare another type for the column, or change the value`,
		`UPDATE odd SET p = 1.005 WHERE id = 1`:                 `table odd, column p of the row id=1: "1.005" can't be copied: it would come back as 1.01`,
		`UPDATE odd SET p = 123456789.25 WHERE id = 1`:          `table odd, column p of the row id=1: "123456789.25" can't be copied: it is no numeric(8,2)`,
		`UPDATE odd SET raw = 'text' WHERE id = 1`:              `table odd, column raw of the row id=1: "text" can't be copied: it is stored as text, not as a blob`,
	} {
		path := filepath.Join(t.TempDir(), "odd.db")
		db, err := sqlite.OpenConn(path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{
			`CREATE TABLE odd (id INTEGER PRIMARY KEY, n BIGINT, b BOOLEAN, d DATETIME, t VARCHAR(20), "any", p NUMERIC(8,2), raw BLOB)`,
			`INSERT INTO odd VALUES (1, 7, 1, '2020-01-02 03:04:05', 'x', 'y', 1.25, x'00'), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`, sql,
		} {
			if err := db.Exec(s); err != nil {
				t.Fatal(err)
			}
		}
		db.Close()
		dst := pgtest.DSN(t)
		_, err = Copy(context.Background(), "sqlite:"+path, dst, CopyOptions{})
		var v *ValueError
		if !errors.As(err, &v) || err.Error() != want {
			t.Errorf("%s:\n%v\nwant\n%s", sql, err, want)
		}
		s, _, err := open(t, dst).Inspect(context.Background(), migrate.Options{})
		if err != nil || len(s.Tables) > 0 {
			t.Errorf("%s: something is left: %v, %v", sql, s.Tables, err)
		}
		// SQLite itself holds all of it
		if _, err := Copy(context.Background(), "sqlite:"+path, "sqlite:"+path+".copy", CopyOptions{}); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// TestCopyOfWhatSQLiteCantHold goes the other way.
func TestCopyOfWhatSQLiteCantHold(t *testing.T) {
	src, _ := full(t, migrate.Postgres)
	db := open(t, src)
	exec(t, db, "UPDATE thing SET day = '0044-03-15 BC' WHERE id = 2")
	path := filepath.Join(t.TempDir(), "copy.db")
	_, err := Copy(context.Background(), src, "sqlite:"+path, CopyOptions{})
	if err == nil || err.Error() != `table thing, column day of the row id=2: "0044-03-15 BC" can't be copied: date out of range: "0044-03-15 BC"` {
		t.Error(err)
	}
	left, _ := filepath.Glob(filepath.Dir(path) + "/*")
	if len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
	// PostgreSQL itself holds it
	if _, err := Copy(context.Background(), src, pgtest.DSN(t), CopyOptions{}); err != nil {
		t.Error(err)
	}
}

// TestCopyOfTablesThatSQLiteCantHave leaves those behind that it can't tell apart from others, and says so.
func TestCopyOfTablesThatSQLiteCantHave(t *testing.T) {
	src := pgtest.DSN(t)
	db := open(t, src)
	for _, sql := range []string{`CREATE TABLE "Thing" (id integer PRIMARY KEY, "ID" integer)`, `CREATE TABLE thing (id integer PRIMARY KEY)`, `INSERT INTO thing VALUES (7)`} {
		exec(t, db, sql)
	}
	done, err := Copy(context.Background(), src, address(t, migrate.SQLite), CopyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(done.Tables) != 1 || done.Tables[0].Name != "thing" || done.Tables[0].Rows != 1 {
		t.Errorf("copied %v", done.Tables)
	}
	if len(done.Losses) != 1 || done.Losses[0].Object != "table Thing" {
		t.Errorf("lost %v", done.Losses)
	}
}

// TestCopyOfBrokenKeys: what SQLite didn't look at, PostgreSQL refuses.
func TestCopyOfBrokenKeys(t *testing.T) {
	src, _ := full(t, migrate.SQLite)
	db := open(t, src)
	exec(t, db, "PRAGMA foreign_keys = OFF")
	exec(t, db, "UPDATE thing SET customer_id = 4711 WHERE id = 2")
	_, err := Copy(context.Background(), src, pgtest.DSN(t), CopyOptions{})
	if err == nil || !strings.Contains(err.Error(), `violates foreign key constraint`) || !strings.Contains(err.Error(), "thing") {
		t.Error(err)
	}
	_, err = Copy(context.Background(), src, address(t, migrate.SQLite), CopyOptions{})
	if err == nil || err.Error() != "table thing, row 2, refers to a row of customer that is not there" {
		t.Error(err)
	}
}

// TestCopyIsOneMoment: rows that come while it runs are not in the copy.
func TestCopyIsOneMoment(t *testing.T) {
	for _, from := range []migrate.Engine{migrate.SQLite, migrate.Postgres} {
		src, s := full(t, from)
		writer := open(t, src)
		dst := address(t, migrate.SQLite)
		wrote := false
		out, err := Copy(context.Background(), src, dst, CopyOptions{Progress: func(CopyProgress) {
			if !wrote {
				wrote = true
				exec(t, writer, "INSERT INTO pair VALUES (1000, 'late', NULL); DELETE FROM thing;")
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		if !wrote || count(t, writer, s, "pair") != 301 {
			t.Fatal("nothing was written meanwhile")
		}
		for _, table := range out.Tables {
			if table.Name == "pair" && table.Rows != 300 || table.Name == "thing" && table.Rows != 3 {
				t.Errorf("%s: %+v", from, table)
			}
		}
	}
}

// TestCopyComparesInTheEnd changes rows on their way.
func TestCopyComparesInTheEnd(t *testing.T) {
	src, _ := full(t, migrate.SQLite)
	dst := pgtest.DSN(t)
	exec(t, open(t, dst), `CREATE FUNCTION public.spoil() RETURNS event_trigger LANGUAGE plpgsql AS $$
		DECLARE r record;
		BEGIN
			FOR r IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'public.pair' LOOP
				CREATE FUNCTION pg_temp.twist() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := lower(NEW.note); RETURN NEW; END';
				CREATE TRIGGER twist BEFORE INSERT ON public.pair FOR EACH ROW EXECUTE FUNCTION pg_temp.twist();
			END LOOP;
		END $$;
		CREATE EVENT TRIGGER spoil ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.spoil()`)
	_, err := Copy(context.Background(), src, dst, CopyOptions{})
	var d *Differs
	if !errors.As(err, &d) || d.Table != "pair" || d.Rows != 300 {
		t.Errorf("%v", err)
	}
	if s, _, err := open(t, dst).Inspect(context.Background(), migrate.Options{}); err != nil || len(s.Tables) > 0 {
		t.Errorf("something is left: %v %v", s.Tables, err)
	}
}

func TestCopyIsCancelled(t *testing.T) {
	for _, from := range []migrate.Engine{migrate.SQLite, migrate.Postgres} {
		for _, to := range []migrate.Engine{migrate.SQLite, migrate.Postgres} {
			src, _ := full(t, from)
			dst := address(t, to)
			ctx, cancel := context.WithCancel(context.Background())
			_, err := Copy(ctx, src, dst, CopyOptions{Progress: func(CopyProgress) { cancel() }})
			if err == nil {
				t.Errorf("%s to %s: it was not cancelled", from, to)
			}
			if to == migrate.SQLite {
				if left, _ := os.ReadDir(filepath.Dir(strings.TrimPrefix(dst, "sqlite:"))); len(left) > 0 && from == migrate.Postgres {
					t.Errorf("files are left: %v", left)
				}
			} else if s, _, err := open(t, dst).Inspect(context.Background(), migrate.Options{}); err != nil || len(s.Tables) > 0 {
				t.Errorf("something is left: %v %v", s.Tables, err)
			}
		}
	}
}

// TestCopyPostgresParts copies what only PostgreSQL has: schemas, views, generated columns, numbers always given, domains,
// types that Pintail only passes through.
func TestCopyPostgresParts(t *testing.T) {
	src := pgtest.DSN(t)
	db := open(t, src)
	exec(t, db, `
		CREATE SCHEMA store;
		CREATE DOMAIN store.percent AS numeric(5,2) CHECK (VALUE BETWEEN 0 AND 100);
		CREATE DOMAIN store.level AS int DEFAULT 666;
		CREATE TYPE store.spot AS (x int, y text);
		CREATE TABLE store.item (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at point, net inet, span int4range,
			part store.percent, spot store.spot, price int, level store.level, best store.level DEFAULT 7, twice int GENERATED ALWAYS AS (price * 2) STORED, parts store.percent[]);
		INSERT INTO store.item (at, net, span, part, spot, price, parts)
			SELECT point(i, i), '10.0.0.1', int4range(i, i + 5), i, ROW(i, 'a,"b')::store.spot, i, ARRAY[i, 1] FROM generate_series(1, 50) i;
		CREATE VIEW store.cheap AS SELECT id, price FROM store.item WHERE price < 10;
		CREATE MATERIALIZED VIEW store.total AS SELECT sum(price) AS price FROM store.item;
		CREATE TABLE public.plain (a text, b text)`)
	options := CopyOptions{Inspect: migrate.Options{Schemas: []string{"store", "public"}}}
	dst := pgtest.DSN(t)
	out, err := Copy(context.Background(), src, dst, options)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Tables) != 2 || len(out.Losses) > 0 {
		t.Errorf("%+v", out)
	}
	b := open(t, dst)
	var got, want string
	const all = `SELECT (SELECT string_agg(i::text, ';' ORDER BY id) FROM store.item i) || (SELECT count(*) FROM store.cheap) || (SELECT price FROM store.total)`
	if err := db.PG.QueryRow(context.Background(), all).Scan(&want); err != nil {
		t.Fatal(err)
	}
	if err := b.PG.QueryRow(context.Background(), all).Scan(&got); err != nil || got != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
	lite := address(t, migrate.SQLite)
	out, err = Copy(context.Background(), src, lite, options)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Tables) != 2 {
		t.Errorf("%+v", out.Tables)
	}
	// a domain's default is its columns'
	small := open(t, lite)
	exec(t, small, `INSERT INTO item (price) VALUES (99)`)
	stmt, _, err := small.Lite.Prepare(`SELECT level, best FROM item WHERE price = 99`)
	if err != nil {
		t.Fatal(err)
	}
	if !stmt.Step() || stmt.ColumnText(0) != "666" || stmt.ColumnText(1) != "7" {
		t.Errorf("level %s, best %s", stmt.ColumnText(0), stmt.ColumnText(1))
	}
	stmt.Close()
	exec(t, small, `DELETE FROM item WHERE price = 99`)
	if problems, err := small.InStep(context.Background(), out.Schema); err != nil || len(problems) > 0 {
		t.Errorf("got %v, %v; want a database in step", problems, err)
	}

	// and back: what SQLite lost is in the schema that is given
	again := pgtest.DSN(t)
	if _, err := Copy(context.Background(), lite, again, CopyOptions{Schema: out.Schema}); err != nil {
		t.Fatal(err)
	}
	c := open(t, again)
	if err := c.PG.QueryRow(context.Background(), all).Scan(&got); err != nil || got != want {
		t.Errorf("back: %v\n%s\nwant\n%s", err, got, want)
	}
}

// TestCopyNeedsLittleMemory copies a table that is larger than what may be in memory.
func TestCopyNeedsLittleMemory(t *testing.T) {
	src := address(t, migrate.SQLite)
	db := open(t, src)
	s := parseSchema(t, shop)
	if _, err := db.Sync(context.Background(), s, migrate.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	exec(t, db, `INSERT INTO pair WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) SELECT i, 'k', hex(randomblob(500)) FROM n`)
	most := testingMemory(func() {
		if _, err := Copy(context.Background(), src, pgtest.DSN(t), CopyOptions{}); err != nil {
			t.Error(err)
		}
	})
	if most > 40<<20 {
		t.Errorf("60 MB of rows took %d MiB", most>>20)
	}
}

func TestDiffersIsASentence(t *testing.T) {
	for want, d := range map[string]*Differs{
		"table a has 1 row where it was copied to, and 2 where it came from; nothing is kept":      {"a", 1, 2},
		"table a has 0 rows where it was copied to, and 1 where it came from; nothing is kept":     {"a", 0, 1},
		"table a has other values where it was copied to than where it came from; nothing is kept": {"a", 1, 1},
	} {
		if got := d.Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
