package guard

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestPostgresWho has somebody do it in every way, with the log of drops and without.
func TestPostgresWho(t *testing.T) {
	w := newPGWorld(t, pgShop, 100)
	alice, err := pgx.Connect(t.Context(), named(w.dsn, "night-shift"))
	if err != nil {
		t.Fatal(err)
	}
	defer alice.Close(context.Background())
	do := func(sql string) {
		t.Helper()
		if _, err := alice.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	drift := func(kind Kind, name string) Drift {
		for _, x := range w.declared(w.guard) {
			if x.Name == name {
				return Drift{Kind: kind, Index: x}
			}
		}
		t.Fatal("no index " + name)
		return Drift{}
	}
	const person = "postgres from 127.0.0.1 by night-shift"
	for _, c := range []struct {
		name, do, want string
		drift          Drift
	}{
		{"DROP INDEX", `DROP INDEX order_customer`, "DROP INDEX order_customer", drift(Missing, "order_customer")},
		{"DROP INDEX CONCURRENTLY", `DROP INDEX CONCURRENTLY order_open`, "DROP INDEX CONCURRENTLY order_open", drift(Missing, "order_open")},
		{"in a transaction, with a new line", "BEGIN; DROP INDEX\n order_reference; COMMIT", "DROP INDEX order_reference", drift(Missing, "order_reference")},
		{"beside people's data", "SELECT 'secret; more'; ALTER INDEX customer_email_key RENAME TO x; ALTER INDEX x RENAME TO customer_email_key; DROP TABLE IF EXISTS nothing; CREATE INDEX more ON customer (name); DROP INDEX more",
			"ALTER INDEX customer_email_key RENAME TO x", Drift{Kind: Missing, Index: Index{Name: "more", Table: w.schema.Tables[0].Name}}},
		{"in a block", "DO $$ BEGIN CREATE INDEX more ON customer (name); DROP INDEX more; END $$", "DROP INDEX more", Drift{Kind: Missing, Index: Index{Name: "more", Table: w.schema.Tables[0].Name}}},
		{"a constraint", `ALTER TABLE customer DROP CONSTRAINT customer_email_key`, "ALTER TABLE customer DROP CONSTRAINT customer_email_key", drift(Missing, "customer_email_key")},
		{"a table", `DROP TABLE "order"`, `DROP TABLE "order"`, drift(Missing, "order_customer")},
	} {
		do(c.do)
		got := w.guard.Who(t.Context(), c.drift)
		if !strings.HasPrefix(got, person+" at ") || !strings.HasSuffix(got, ": "+c.want) {
			t.Errorf("%s: %q", c.name, got)
		}
	}

	w.exec("DROP EVENT TRIGGER pintail_drops")
	w.exec("TRUNCATE _pintail.drops")
	do(`CREATE INDEX customer_name ON customer (name)`)
	do(`DROP INDEX customer_name`)
	guess := Drift{Kind: Missing, Index: Index{ID: "public.customer_name", Name: "customer_name", Table: w.schema.Tables[0].Name}}
	if got := w.guard.Who(t.Context(), guess); got != "most likely "+person+", whose session ran: DROP INDEX customer_name" {
		t.Errorf("without the log: %q", got)
	}
	do("SELECT 1")
	if got := w.guard.Who(t.Context(), guess); got != "" {
		t.Errorf("when nobody can tell any more: %q", got)
	}
}

// TestPostgresDropsAreNeverRefused breaks the log, so that writing it fails: a drop must go through, above all a concurrent one, which an
// error would leave half done.
func TestPostgresDropsAreNeverRefused(t *testing.T) {
	w := newPGWorld(t, pgShop, 0)
	w.exec("ALTER TABLE _pintail.drops ADD CHECK (false)")
	w.exec("DROP INDEX CONCURRENTLY order_customer")
	if got := strings.Join(w.differences(w.guard), "; "); got != "order_customer is missing" {
		t.Errorf("got %s", got)
	}
	w.exec("DROP SCHEMA _pintail CASCADE")
	w.exec("DROP INDEX order_open")
}

func TestPostgresLogOfDropsIsBounded(t *testing.T) {
	w := newPGWorld(t, pgShop, 0)
	w.exec(`INSERT INTO _pintail.drops (at, kind, who, application, statement) SELECT now(), 'index', 'x', 'x', 'x' FROM generate_series(1, 2000)`)
	w.exec("DROP INDEX order_customer")
	if n := w.text("SELECT count(*)::text FROM _pintail.drops"); n != "1000" {
		t.Errorf("%s entries", n)
	}
	w.exec("CREATE TEMPORARY TABLE mine (a int)")
	w.exec("DROP TABLE mine")
	if n := w.text("SELECT count(*)::text FROM _pintail.drops WHERE object_name = 'mine'"); n != "0" {
		t.Error("a temporary table was noted")
	}
}

func TestPostgresRecords(t *testing.T) {
	w := newPGWorld(t, pgShop, 0)
	one, two := w.guard.Records(), w.open(PostgresConfig{}).Records()
	ctx := t.Context()
	i := Incident{ID: "20260101-1", Subject: "public.order_customer", Kind: Missing, Table: "order", State: Open, Began: time.Now().UTC().Truncate(time.Microsecond), Who: "unknown"}
	first, err := one.Open(ctx, i)
	if err != nil || first.ID != i.ID {
		t.Fatalf("%+v, %v", first, err)
	}
	i.ID = "20260101-2"
	if second, err := two.Open(ctx, i); err != nil || second.ID != "20260101-1" || !second.Began.Equal(i.Began) {
		t.Errorf("a second process got %+v, %v", second, err)
	}
	first.State, first.BuildTime = Repaired, time.Second
	if err := one.Save(ctx, first); err != nil {
		t.Fatal(err)
	}
	if second, err := two.Open(ctx, i); err != nil || second.ID != "20260101-2" {
		t.Errorf("after it ended: %+v, %v", second, err)
	}
	list, err := two.List(ctx, 10)
	if err != nil || len(list) != 2 || list[1].State != Repaired || list[1].BuildTime != time.Second {
		t.Errorf("%+v, %v", list, err)
	}
	if again, err := one.Open(ctx, Incident{ID: "20260101-4", Subject: "public.order_reference", State: Open, Began: time.Now()}); err != nil || again.ID != "20260101-4" {
		t.Errorf("%+v, %v", again, err)
	}
	ended := Incident{ID: "20260101-5", Subject: "public.customer_email_key", State: Gone, Began: time.Now().Add(-time.Minute), Ended: time.Now().Add(-time.Second)}
	if err := one.Save(ctx, ended); err != nil {
		t.Fatal(err)
	}
	if known, err := two.Open(ctx, Incident{ID: "20260101-6", Subject: ended.Subject, State: Open, Began: time.Now().Add(-2 * time.Second)}); err != nil || known.ID != ended.ID {
		t.Errorf("a process that hears of it late got %+v, %v", known, err)
	}
	if list, err := two.List(ctx, 1); err != nil || len(list) != 3 || list[0].ID != ended.ID || list[1].ID != "20260101-4" || list[2].ID != "20260101-2" {
		t.Errorf("all that are open, and one that has ended: %+v, %v", list, err)
	}
	w.exec(`INSERT INTO _pintail.incidents SELECT '0' || i, 's' || i, true, '{}' FROM generate_series(1, 2000) i`)
	i.ID, i.Subject = "20260101-3", "another"
	if _, err := one.Open(ctx, i); err != nil {
		t.Fatal(err)
	}
	if n := w.text("SELECT count(*)::text FROM _pintail.incidents"); n != "1000" {
		t.Errorf("%s incidents are kept", n)
	}
	w.exec("DROP SCHEMA _pintail CASCADE")
	if _, err := one.Open(ctx, i); err != nil {
		t.Errorf("without the tables: %v", err)
	}
	if list, err := one.List(ctx, 10); err != nil || len(list) != 1 {
		t.Errorf("without the tables: %+v, %v", list, err)
	}
}
