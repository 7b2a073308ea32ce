package postgres_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/postgres"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// bounced opens a door through a real PgBouncer in transaction mode, which has two connections for all. It gives a connection of its
// own to the database besides.
func bounced(t *testing.T, sql string, c postgres.Config) (*door, *pgx.Conn) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs PgBouncer; `make test` installs and runs it")
	}
	dsn := pgtest.DSN(t)
	execute(t, dsn, sql)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	c.DSN, c.Pooled = pgtest.Bounce(t, dsn), true
	return openDoor(t, dsn, c), conn
}

// TestPgBouncer asks the same questions as TestREST, twice: what the first round prepared is on other connections by then.
func TestPgBouncer(t *testing.T) {
	d, _ := bounced(t, toolsSQL, postgres.Config{})
	for range 2 {
		d.askAll(t)
	}
}

// TestPgBouncerOutlivesClientsWhoLeave: while all of its connections to the server are busy, requests wait in PgBouncer and are given up. It stays,
// and what ran for one who left ends.
func TestPgBouncerOutlivesClientsWhoLeave(t *testing.T) {
	d, conn := bounced(t, `CREATE TABLE customer (id int PRIMARY KEY); INSERT INTO customer VALUES (1);
		CREATE VIEW slow AS SELECT 1 AS id FROM (SELECT pg_sleep(30)) AS x;`, postgres.Config{ConnsMax: 20, StatementTimeout: time.Minute})
	read := func(table string, limit time.Duration) error {
		p, err := plan.Resolve(&query.Select{From: schema.Name{Name: table}, Items: []query.Item{&query.Output{Field: query.Field{Column: "id"}}}}, d.schema, plan.Options{})
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		_, err = d.store.Read(ctx, p, nil)
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
