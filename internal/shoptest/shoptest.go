// Package shoptest gives tests the toast shop of package demo, small, on either engine.
package shoptest

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/demo"
	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/postgres"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Orders is how many orders the small shop has.
const Orders = 60

// Schema reads the demo's schema file and queries.
func Schema(t testing.TB) *schema.Schema {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(here), "..", "..", "demo")
	s, err := schema.Load(filepath.Join(dir, "schema.graphql"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// SQLite opens a shop on a new file.
func SQLite(t testing.TB, s *schema.Schema) store.Store {
	t.Helper()
	st := openSQLite(t, makeSQLite(t, s))
	t.Cleanup(func() { st.Close() })
	fill(t, s, st)
	return st
}

// SQLiteDSN makes a shop in a new file, and gives its address.
func SQLiteDSN(t testing.TB, s *schema.Schema) string {
	t.Helper()
	path := makeSQLite(t, s)
	st := openSQLite(t, path)
	fill(t, s, st)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// makeSQLite makes the tables of s in a new file.
func makeSQLite(t testing.TB, s *schema.Schema) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "shop.db")
	c, err := sqlite.OpenConn(path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	for _, st := range statements(t, s, migrate.SQLite) {
		if err := c.Exec(st.SQL); err != nil {
			t.Fatalf("%v\n%s", err, st.SQL)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func openSQLite(t testing.TB, path string) store.Store {
	t.Helper()
	st, err := sqlite.Open(sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// PostgreSQL opens a shop on a new database.
func PostgreSQL(t testing.TB, s *schema.Schema) store.Store {
	t.Helper()
	dsn := makePostgreSQL(t, s, pgtest.DSN(t))
	st := openPostgreSQL(t, dsn, s)
	t.Cleanup(func() { st.Close() })
	fill(t, s, st)
	number(t, s, dsn)
	return st
}

// PostgreSQLDSN makes a shop in a database, which is empty, and gives its address. "" stands for a new one.
func PostgreSQLDSN(t testing.TB, s *schema.Schema, dsn string) string {
	t.Helper()
	if dsn == "" {
		dsn = pgtest.DSN(t)
	}
	st := openPostgreSQL(t, makePostgreSQL(t, s, dsn), s)
	fill(t, s, st)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	number(t, s, dsn)
	return dsn
}

// number lets identity columns go on after the seed's numbers, as SQLite does by itself.
func number(t testing.TB, s *schema.Schema, dsn string) {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	for _, table := range s.Tables {
		for _, col := range table.Columns {
			if col.Identity == schema.NoIdentity {
				continue
			}
			name := pgx.Identifier{table.Name.Name}.Sanitize()
			const next = "SELECT setval(pg_get_serial_sequence($1, $2), (SELECT max(%s) FROM %s))"
			if _, err := c.Exec(ctx, fmt.Sprintf(next, pgx.Identifier{col.Name}.Sanitize(), name), name, col.Name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// makePostgreSQL makes the tables of s in an empty database.
func makePostgreSQL(t testing.TB, s *schema.Schema, dsn string) string {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	for _, st := range statements(t, s, migrate.Postgres) {
		if _, err := c.Exec(ctx, st.SQL); err != nil {
			t.Fatalf("%v\n%s", err, st.SQL)
		}
	}
	return dsn
}

func openPostgreSQL(t testing.TB, dsn string, s *schema.Schema) store.Store {
	t.Helper()
	st, err := postgres.Open(postgres.Config{DSN: dsn, Default: s.Default, SearchPath: s.Exposed})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func statements(t testing.TB, s *schema.Schema, e migrate.Engine) []migrate.Statement {
	t.Helper()
	list, losses := migrate.Create(s, e)
	for _, l := range losses {
		t.Fatalf("the demo's schema can't be expressed on %s: %s", e, l)
	}
	return list
}

// fill inserts the seed through the front door.
func fill(t testing.TB, s *schema.Schema, st store.Store) {
	t.Helper()
	n := node.New(s, st, auth.Open(), node.Options{})
	for _, table := range demo.Seed(Orders) {
		var rows []map[string]any
		for row := range table.Rows {
			m := map[string]any{}
			for i, c := range table.Columns {
				m[c] = row[i]
			}
			if v, ok := m["notes"].(string); ok {
				m["notes"] = json.RawMessage(v)
			}
			rows = append(rows, m)
		}
		text, err := json.Marshal(rows)
		if err != nil {
			t.Fatal(err)
		}
		q := &query.Insert{Into: query.Name{Name: table.Name}, Columns: table.Columns, Rows: query.Text(string(text))}
		if _, err := n.Do(context.Background(), query.Admin, q); err != nil {
			t.Fatalf("seed %s: %v", table.Name, err)
		}
	}
}

// EmptySQLite opens a new file that has the tables of a schema, and no rows.
func EmptySQLite(t testing.TB, s *schema.Schema) store.Store {
	t.Helper()
	st := openSQLite(t, makeSQLite(t, s))
	t.Cleanup(func() { st.Close() })
	return st
}
