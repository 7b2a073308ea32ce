package storetest_test

import (
	"context"
	"flag"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/postgres"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/internal/store/storetest"
	"github.com/pintail-dev/pintail/query"
)

var (
	update  = flag.Bool("update", false, "write PostgreSQL's answers to testdata/answers.txt")
	seed    = flag.Uint64("seed", 1, "of the random queries")
	queries = flag.Int("queries", 2000, "random queries")
)

func openPostgres(t testing.TB, f storetest.Fixture) store.Store {
	dsn := pgtest.DSN(t)
	c, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exec(context.Background(), f.Postgres); err != nil {
		t.Fatal(err)
	}
	c.Close(context.Background())
	s, err := postgres.Open(postgres.Config{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openSQLite(t testing.TB, f storetest.Fixture) store.Store {
	path := filepath.Join(t.TempDir(), "test.db")
	c, err := sqlite.OpenConn(path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Exec(f.SQLite); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestPostgres(t *testing.T) {
	if *update {
		storetest.Record(t, openPostgres)
	}
	storetest.Run(t, openPostgres)
}

func TestSQLite(t *testing.T) { storetest.Run(t, openSQLite) }

// Both engines answer what nobody thought of alike.
func TestDifferential(t *testing.T) {
	f := storetest.New()
	pg, lite := openPostgres(t, f), openSQLite(t, f)
	storetest.Fill(t, pg, f)
	storetest.Fill(t, lite, f)
	r := storetest.NewRandom(*seed, f.Schema)
	wrong := 0
	for i := range *queries {
		c := storetest.Case{Ask: r.Query()}
		if i%4 == 3 {
			c.Ask = r.Write()
		}
		shape, args := query.Parameterize(c.Ask, nil)
		want, got := storetest.Answer(pg, f.Schema, c), storetest.Answer(lite, f.Schema, c)
		if got == want {
			continue
		}
		t.Errorf("query %d: %q %v\nSQLite\n%s\nPostgreSQL\n%s", i, shape, args, got, want)
		if wrong++; wrong == 5 {
			t.Fatal("and so on")
		}
	}
}
