package postgres_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/postgres"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// TestPgBouncer asks the same questions through a real PgBouncer in transaction mode that has two connections for all.
func TestPgBouncer(t *testing.T) {
	if testing.Short() {
		t.Skip("needs PgBouncer; `make test` installs and runs it")
	}
	dsn := pgtest.DSN(t)
	execute(t, dsn, toolsSQL)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	s, _, err := migrate.InspectPostgres(t.Context(), conn, migrate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	st, err := postgres.Open(postgres.Config{DSN: pgtest.Bounce(t, dsn), Default: s.Default, SearchPath: append(s.Exposed, s.SearchPath...), Pooled: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	d := &door{schema: s, store: st, end: "rollback"}
	for range 2 {
		for _, q := range questions {
			got, err := d.ask(t, q.request)
			have := strings.ReplaceAll(string(got.Body), ", \n ", ",")
			if err != nil {
				have, _, _ = strings.Cut(err.Error(), ":")
			}
			if have != q.want {
				t.Errorf("%s\ngot  %s (%v)\nwant %s", q.request, have, err, q.want)
			}
		}
	}
}

// TestPgBouncerOutlivesClientsWhoLeave: while all of its connections to the server are busy, requests wait in PgBouncer and are given up. It stays,
// and what ran for one who left ends.
func TestPgBouncerOutlivesClientsWhoLeave(t *testing.T) {
	if testing.Short() {
		t.Skip("needs PgBouncer; `make test` installs and runs it")
	}
	dsn := pgtest.DSN(t)
	execute(t, dsn, `CREATE TABLE customer (id int PRIMARY KEY); INSERT INTO customer VALUES (1);
		CREATE VIEW slow AS SELECT 1 AS id FROM (SELECT pg_sleep(30)) AS x;`)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	s, _, err := migrate.InspectPostgres(t.Context(), conn, migrate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	address := pgtest.Bounce(t, dsn)
	st, err := postgres.Open(postgres.Config{DSN: address, Default: s.Default, SearchPath: append(s.Exposed, s.SearchPath...), Pooled: true, ConnsMax: 20, StatementTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	read := func(table string, limit time.Duration) error {
		p, err := plan.Resolve(&query.Select{From: schema.Name{Name: table}, Items: []query.Item{&query.Output{Field: query.Field{Column: "id"}}}}, s, plan.Options{})
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		_, err = st.Read(ctx, p, nil)
		return err
	}
	if err := read("customer", 10*time.Second); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 2 { // as many as PgBouncer has
		wg.Go(func() { _ = read("slow", 1500*time.Millisecond) })
	}
	time.Sleep(300 * time.Millisecond)
	for i := range 30 {
		wg.Go(func() { _ = read("customer", time.Duration(50+i*20)*time.Millisecond) })
	}
	wg.Wait()
	sleeping := -1
	for deadline := time.Now().Add(5 * time.Second); sleeping != 0 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%slow%' AND pid <> pg_backend_pid()
			AND datname = current_database()`).Scan(&sleeping); err != nil {
			t.Fatal(err)
		}
	}
	if sleeping != 0 {
		t.Errorf("%d statements run on for those who left", sleeping)
	}
	if err := read("customer", 10*time.Second); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
