package guard

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/pgtest"
)

// TestPostgresBehindPgBouncer does everything through a PgBouncer in transaction mode that has two connections for all: a repair needs both.
func TestPostgresBehindPgBouncer(t *testing.T) {
	if testing.Short() {
		t.Skip("needs PgBouncer; `make test` installs and runs it")
	}
	w := newPGWorld(t, pgShop, 5000)
	address := pgtest.Bounce(t, w.dsn)
	g := w.open(PostgresConfig{DSN: address, Pooled: true})
	w.inOrder(g)
	p, args := w.plan(ordersOf("7"))
	for range 3 {
		got, err := g.Explain(t.Context(), p, args)
		if err != nil || len(got) != 2 || !slices.Contains(got[0].Indexes, "public.order_customer") {
			t.Fatalf("%s, %v", told(got), err)
		}
	}
	w.exec("DROP INDEX order_customer")
	if got := strings.Join(w.differences(g), "; "); got != "order_customer is missing" {
		t.Errorf("got %s", got)
	}
	if got, err := g.ExplainDeclared(t.Context(), w.schema, p, args); err != nil || !slices.Contains(got[0].Indexes, "public.order_customer") {
		t.Errorf("%s, %v", told(got), err)
	}
	if got := g.Who(t.Context(), Drift{Kind: Missing, Index: Index{Name: "order_customer", Table: w.schema.Tables[1].Name}}); !strings.Contains(got, "DROP INDEX order_customer") {
		t.Errorf("who: %q", got)
	}
	w.exec("SELECT pg_advisory_lock(31640399370479981)")
	var again *RetryError
	if err := w.repair(g, Missing, "public.order_customer"); !errors.As(err, &again) {
		t.Errorf("while another repairs: %v", err)
	}
	w.exec("SELECT pg_advisory_unlock(31640399370479981)")
	if err := w.repair(g, Missing, "public.order_customer"); err != nil {
		t.Fatal(err)
	}
	w.inOrder(g)
	if n := w.text("SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'"); n != "0" {
		t.Errorf("%s locks are still held", n)
	}
	if found := w.check(g, CheckOptions{Full: true}); len(found) > 0 {
		t.Errorf("found %+v", found)
	}
	if _, err := g.Records().Open(t.Context(), Incident{ID: "1", Subject: "x"}); err != nil {
		t.Error(err)
	}

	// The guard can't lift the role's own time limit here, and says so.
	w.exec("DROP INDEX order_customer")
	w.exec(`INSERT INTO customer SELECT i, 'd' || i, 'x' FROM generate_series(10000, 10001) i`)
	w.exec("ALTER DATABASE " + w.text("SELECT current_database()") + " SET statement_timeout = 300")
	limited := w.open(PostgresConfig{DSN: pgtest.Bounce(t, w.dsn), Pooled: true})
	w.declared(limited)
	w.exec(`BEGIN`)
	w.exec(`DELETE FROM "order" WHERE id = 1`) // the build waits for it
	if err := w.repair(limited, Missing, "public.order_customer"); err == nil || !strings.Contains(err.Error(), "statement_timeout") {
		t.Errorf("under a time limit: %v", err)
	}
	w.exec(`ROLLBACK`)
}
