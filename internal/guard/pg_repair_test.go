package guard

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestPostgresRepairs does to an index what can happen to one, and has it brought in order.
func TestPostgresRepairs(t *testing.T) {
	w := newPGWorld(t, pgShop, 2000)
	const customer, reference, email = "public.order_customer", "public.order_reference", "public.customer_email_key"
	for _, c := range []struct {
		name, do string
		kind     Kind
		id       string
	}{
		{"dropped", `DROP INDEX order_customer`, Missing, customer},
		{"dropped concurrently", `DROP INDEX CONCURRENTLY order_customer`, Missing, customer},
		{"another one under its name", `DROP INDEX order_customer; CREATE INDEX order_customer ON "order" (reference)`, Changed, customer},
		{"dead", `UPDATE pg_index SET indisvalid = false, indisready = false, indislive = false WHERE indexrelid = 'order_customer'::regclass`, Invalid, customer},
		{"a failed build", `UPDATE pg_index SET indisvalid = false, indisready = false WHERE indexrelid = 'order_customer'::regclass`, Invalid, customer},
		{"a failed build that is kept up to date", `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'order_customer'::regclass`, Invalid, customer},
		{"a failed rebuild beside it", `DROP INDEX order_customer; CREATE INDEX order_customer_ccnew ON "order" (customer_id);
			UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'order_customer_ccnew'::regclass`, Missing, customer},
		{"unique, dropped", `DROP INDEX order_reference`, Missing, reference},
		{"unique no more", `DROP INDEX order_reference; CREATE INDEX order_reference ON "order" (reference)`, Changed, reference},
		{"a constraint dropped", `ALTER TABLE customer DROP CONSTRAINT customer_email_key`, Missing, email},
		{"a constraint's index without it", `ALTER TABLE customer DROP CONSTRAINT customer_email_key; CREATE UNIQUE INDEX customer_email_key ON customer (email)`, Missing, email},
		{"a primary key dropped", `ALTER TABLE "order" DROP CONSTRAINT order_pkey`, Missing, "public.order_pkey"},
		{"a partial one dropped", `DROP INDEX order_open`, Missing, "public.order_open"},
		{"nothing at all", `SELECT 1`, Missing, customer},
	} {
		if _, err := w.conn.Exec(t.Context(), c.do, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if c.name != "nothing at all" && c.name != "a constraint's index without it" && len(w.differences(w.guard)) == 0 {
			t.Errorf("%s: it wasn't noticed", c.name)
		}
		// The server may still hold the lock of the session that repaired before: the loop tries again then.
		err := w.repair(w.guard, c.kind, c.id)
		for try := 0; try < 50 && errors.As(err, new(*RetryError)); try++ {
			time.Sleep(100 * time.Millisecond)
			err = w.repair(w.guard, c.kind, c.id)
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		w.inOrder(w.guard)
		if got := w.text(`SELECT count(*)::text FROM pg_constraint WHERE conname IN ('customer_email_key', 'order_pkey')`); got != "2" {
			t.Errorf("%s: %s of 2 constraints are there", c.name, got)
		}
		if got := w.text(`SELECT count(*)::text FROM pg_index WHERE NOT (indisvalid AND indisready AND indislive)`); got != "0" {
			t.Errorf("%s: %s indexes are not whole", c.name, got)
		}
	}
}

// TestPostgresLeftoversAreDropped drops what a REINDEX CONCURRENTLY left that failed long ago.
func TestPostgresLeftoversAreDropped(t *testing.T) {
	w := newPGWorld(t, pgShop, 100)
	w.exec(`CREATE INDEX order_customer_ccnew1 ON "order" (customer_id)`)
	w.exec(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'order_customer_ccnew1'::regclass`)
	c := w.catalog(w.guard)
	i := slices.IndexFunc(c.Indexes, func(x Index) bool { return x.Leftover })
	if i < 0 {
		t.Fatal("it wasn't noticed")
	}
	if err := w.guard.Repair(t.Context(), Repair{Drift: Drift{Kind: Invalid, Index: c.Indexes[i]}, Schema: w.schema}); err != nil {
		t.Fatal(err)
	}
	w.inOrder(w.guard)
}

func TestPostgresDuplicatesKeepAUniqueIndexAway(t *testing.T) {
	w := newPGWorld(t, pgShop, 1000)
	w.exec(`DROP INDEX order_reference`)
	w.exec(`INSERT INTO "order" SELECT 5000 + i, 1, 'paid', 'r7', now() FROM generate_series(1, 2) i`)
	w.exec(`INSERT INTO "order" VALUES (6000, 1, 'paid', 'r8' , now())`)
	err := w.repair(w.guard, Missing, "public.order_reference")
	var found *DuplicatesError
	if !errors.As(err, &found) || len(found.Found) != 2 || found.Found[0] != (Duplicate{"(reference)=(r7)", 3}) || found.Found[1] != (Duplicate{"(reference)=(r8)", 2}) {
		t.Fatalf("got %v", err)
	}
	if n := w.text(`SELECT count(*)::text FROM "order"`); n != "1003" {
		t.Errorf("there are %s orders: something was deleted", n)
	}
	w.exec(`DELETE FROM "order" WHERE id > 5000`)
	if err := w.repair(w.guard, Missing, "public.order_reference"); err != nil {
		t.Fatal(err)
	}
	w.inOrder(w.guard)
}

// TestPostgresConstraintOfAnotherMind leaves alone what only a person can judge.
func TestPostgresConstraintOfAnotherMind(t *testing.T) {
	w := newPGWorld(t, pgShop, 0)
	w.exec(`ALTER TABLE customer DROP CONSTRAINT customer_email_key`)
	w.exec(`ALTER TABLE customer ADD CONSTRAINT customer_email_key UNIQUE (name)`)
	err := w.repair(w.guard, Changed, "public.customer_email_key")
	if err == nil || !strings.Contains(err.Error(), "takes a person") {
		t.Errorf("got %v", err)
	}
}

// TestPostgresTwoRepairers has two processes repair at once: one does, the other is told so, and in the end there is one index.
func TestPostgresTwoRepairers(t *testing.T) {
	w := newPGWorld(t, pgShop, 50000)
	other := w.open(PostgresConfig{})
	w.exec("DROP INDEX order_customer")
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, g := range []*Postgres{w.guard, other} {
		w.declared(g)
		wg.Go(func() { errs[i] = w.repair(g, Missing, "public.order_customer") })
	}
	wg.Wait()
	for _, err := range errs {
		var again *RetryError
		if err != nil && (!errors.As(err, &again) || again.Block != "another process repairs") {
			t.Errorf("got %v", err)
		}
	}
	if errs[0] != nil && errs[1] != nil {
		t.Error("neither repaired")
	}
	w.inOrder(w.guard)
}

// TestPostgresApplyKeepsRepairersAway looks that a repair and `apply` don't meet.
func TestPostgresApplyKeepsRepairersAway(t *testing.T) {
	w := newPGWorld(t, pgShop, 0)
	w.exec("SELECT pg_advisory_lock(31640399370479980)")
	w.exec("DROP INDEX order_customer")
	var again *RetryError
	if err := w.repair(w.guard, Missing, "public.order_customer"); !errors.As(err, &again) || !strings.Contains(again.Block, "apply") {
		t.Errorf("got %v", err)
	}
	w.exec("SELECT pg_advisory_unlock(31640399370479980)")
	if err := w.repair(w.guard, Missing, "public.order_customer"); err != nil {
		t.Error(err)
	}
}

// TestPostgresNamesTheBlocker has a long transaction stand in the way, which the repair names while it waits, and after it stepped back.
func TestPostgresNamesTheBlocker(t *testing.T) {
	w := newPGWorld(t, pgShop, 1000)
	g := w.open(PostgresConfig{BuildTime: 1500 * time.Millisecond})
	w.exec("DROP INDEX order_customer")
	long, err := pgx.Connect(t.Context(), named(w.dsn, "nightly-report"))
	if err != nil {
		t.Fatal(err)
	}
	defer long.Close(context.Background())
	if _, err := long.Exec(t.Context(), `BEGIN; INSERT INTO customer VALUES (-1, 'x', 'x'); DELETE FROM "order" WHERE id = 1`, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	w.catalog(g)
	var mu sync.Mutex
	var blocks []string
	repair := func() error {
		i := slices.IndexFunc(w.declared(g), func(x Index) bool { return x.Name == "order_customer" })
		return g.Repair(t.Context(), Repair{Drift: Drift{Kind: Missing, Index: w.declared(g)[i]}, Schema: w.schema, Progress: func(p Progress) {
			mu.Lock()
			defer mu.Unlock()
			if p.Block != "" && !slices.Contains(blocks, p.Block) {
				blocks = append(blocks, p.Block)
			}
		}})
	}
	err = repair()
	var again *RetryError
	if !errors.As(err, &again) || !strings.Contains(again.Block, "nightly-report") {
		t.Fatalf("got %v, %+v", err, again)
	}
	if len(blocks) != 1 || !strings.Contains(blocks[0], "idle in transaction, in a transaction since") {
		t.Errorf("while it waited: %q", blocks)
	}
	if _, err := long.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := repair(); err != nil { // rebuilds what the first one left
		t.Fatal(err)
	}
	w.inOrder(g)
}

// TestPostgresShortStepsStepBack: a step that would keep everybody waiting behind it doesn't wait long itself.
func TestPostgresShortStepsStepBack(t *testing.T) {
	w := newPGWorld(t, pgShop, 0)
	g := w.open(PostgresConfig{LockTime: 20 * time.Millisecond})
	w.exec(`ALTER TABLE customer DROP CONSTRAINT customer_email_key`)
	w.exec(`CREATE UNIQUE INDEX customer_email_key ON customer (email)`)
	w.exec(`BEGIN`)
	w.exec(`LOCK TABLE customer IN ACCESS SHARE MODE`)
	w.declared(g)
	done := make(chan error, 1)
	go func() { done <- w.repair(g, Missing, "public.customer_email_key") }()
	err := <-done
	var again *RetryError
	if !errors.As(err, &again) || !strings.Contains(again.Block, "idle in transaction") {
		t.Errorf("got %v", err)
	}
	w.exec(`ROLLBACK`)
	if err := w.repair(g, Missing, "public.customer_email_key"); err != nil {
		t.Error(err)
	}
	w.inOrder(g)
}

// TestPostgresRepairAfterAKill leaves a build behind whose process is gone, and looks that the next one waits for it.
func TestPostgresRepairAfterAKill(t *testing.T) {
	w := newPGWorld(t, pgShop, 1000)
	w.exec("DROP INDEX order_customer")
	w.exec(`BEGIN; DELETE FROM "order" WHERE id = 1`, pgx.QueryExecModeSimpleProtocol) // the build waits for it
	ctx, kill := context.WithCancel(t.Context())
	first := w.open(PostgresConfig{})
	w.declared(first)
	done := make(chan error, 1)
	go func() {
		conn, err := w.guard.dial(ctx, "killed")
		if err == nil {
			_, err = conn.Exec(ctx, `CREATE INDEX CONCURRENTLY order_customer ON "order" (customer_id, placed_at DESC)`)
		}
		done <- err
	}()
	other, err := pgx.Connect(t.Context(), w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.Background())
	for building := false; !building; time.Sleep(10 * time.Millisecond) {
		if err := other.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_progress_create_index)").Scan(&building); err != nil {
			t.Fatal(err)
		}
	}
	d := w.catalog(w.guard)
	i := slices.IndexFunc(d.Indexes, func(x Index) bool { return x.Name == "order_customer" })
	if i < 0 || d.Indexes[i].Invalid != "being built" {
		t.Errorf("while it is built: %+v", d.Indexes)
	}
	mended := make(chan error, 1)
	go func() { mended <- w.repair(w.guard, Missing, "public.order_customer") }()
	select {
	case err := <-mended:
		t.Fatalf("it didn't wait for the build that is under way: %v", err)
	case <-time.After(time.Second):
	}
	kill()
	<-done
	w.exec("ROLLBACK")
	if err := <-mended; err != nil {
		t.Fatal(err)
	}
	w.inOrder(w.guard)
}

// TestPostgresRepairsThatTakeAPerson says what is in the way, and what to do.
func TestPostgresRepairsThatTakeAPerson(t *testing.T) {
	w := newPGWorld(t, pgShop, 100)
	w.exec("DROP INDEX order_customer")
	g := w.open(PostgresConfig{DSN: asRole(w.dsn, w.role("tenant"))})
	if err := w.repair(g, Missing, "public.order_customer"); err == nil || !strings.Contains(err.Error(), "make it a member of the role that owns the table") {
		t.Errorf("a role that doesn't own the table: %v", err)
	}
	w.exec(`CREATE INDEX order_customer ON "order" (id)`) // which takes another step first
	if err := w.repair(g, Changed, "public.order_customer"); err == nil || !strings.Contains(err.Error(), "make it a member of the role that owns the table") {
		t.Errorf("a role that doesn't own the index: %v", err)
	}
	w.exec(`DROP TABLE "order"`)
	w.exec(`CREATE TABLE "order" (id bigint, customer_id bigint, status order_status, reference text, placed_at timestamptz) PARTITION BY RANGE (id)`)
	w.exec(`CREATE TABLE order_first PARTITION OF "order" FOR VALUES FROM (0) TO (1000)`)
	if err := w.repair(w.guard, Missing, "public.order_customer"); err == nil || !strings.Contains(err.Error(), "is partitioned") {
		t.Errorf("a partitioned table: %v", err)
	}
	w.exec(`CREATE INDEX order_customer ON "order" (customer_id, placed_at DESC)`)
	w.exec(`INSERT INTO "order" SELECT i, i, 'open', i::text, now() FROM generate_series(1, 999) i`)
	w.exec("ANALYZE")
	w.catalog(w.guard)
	p, args := w.plan(ordersOf("7"))
	if got, err := w.guard.Explain(t.Context(), p, args); err != nil || !slices.Contains(got[0].Indexes, "public.order_customer") {
		t.Errorf("the index of a partition is not known as the whole one's: %s, %v", told(got), err)
	}
}

// TestPostgresKeysThatHoldMore leaves a key alone that holds other columns besides: whatever is looked for by the declared one is found by it, rows are kept
// apart just so, foreign keys and upserts go by it.
func TestPostgresKeysThatHoldMore(t *testing.T) {
	w := newPGWorld(t, pgShop, 100)
	w.exec(`ALTER TABLE customer DROP CONSTRAINT customer_email_key, ADD CONSTRAINT customer_email_key UNIQUE (email) INCLUDE (name)`)
	w.exec(`ALTER TABLE "order" DROP CONSTRAINT order_pkey, ADD CONSTRAINT order_pkey PRIMARY KEY (id) INCLUDE (reference, placed_at)`)
	w.exec(`DROP INDEX order_customer; CREATE INDEX order_customer ON "order" (customer_id, placed_at DESC) INCLUDE (status)`, pgx.QueryExecModeSimpleProtocol)
	w.inOrder(w.guard)
	w.inOrder(w.open(PostgresConfig{}))
	before := w.text("SELECT string_agg(indexrelid::text, ' ' ORDER BY indexrelid) FROM pg_index WHERE indrelid IN ('customer'::regclass, '\"order\"'::regclass)")
	for _, id := range []string{"public.customer_email_key", "public.order_pkey", "public.order_customer"} {
		if err := w.repair(w.guard, Changed, id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	if after := w.text("SELECT string_agg(indexrelid::text, ' ' ORDER BY indexrelid) FROM pg_index WHERE indrelid IN ('customer'::regclass, '\"order\"'::regclass)"); after != before {
		t.Error("something was built again")
	}
	for declared, live := range map[string]string{
		`USING btree (a) INCLUDE (b)`: `USING btree (a)`, `USING btree (a) INCLUDE (b, "c, d")`: `USING btree (a) INCLUDE (b, c, d)`, `USING btree (a)`: `USING btree (a) INCLUDE (b) WHERE (c > 0)`,
		`UNIQUE USING btree (a, b)`: `UNIQUE USING btree (a) INCLUDE (b)`,
	} {
		if serves(live, declared) {
			t.Errorf("%s passes for %s", live, declared)
		}
	}
}

// TestPostgresDeferrableKeys has somebody make keys deferrable, by which no upsert goes: these are built anew, and keep rows apart all the time.
func TestPostgresDeferrableKeys(t *testing.T) {
	w := newPGWorld(t, pgShop, 100)
	w.exec(`ALTER TABLE customer DROP CONSTRAINT customer_email_key, ADD CONSTRAINT customer_email_key UNIQUE (email) INCLUDE (name) DEFERRABLE INITIALLY DEFERRED`)
	w.exec(`ALTER TABLE "order" DROP CONSTRAINT order_pkey, ADD CONSTRAINT order_pkey PRIMARY KEY (id) DEFERRABLE`)
	w.exec(`DROP INDEX order_reference; ALTER TABLE "order" ADD CONSTRAINT order_reference UNIQUE (reference) DEFERRABLE`, pgx.QueryExecModeSimpleProtocol)
	if n := len(w.differences(w.guard)); n != 3 {
		t.Errorf("%d are noticed", n)
	}
	for _, id := range []string{"public.customer_email_key", "public.order_pkey", "public.order_reference"} {
		err := w.repair(w.guard, Changed, id)
		for try := 0; try < 50 && errors.As(err, new(*RetryError)); try++ {
			time.Sleep(100 * time.Millisecond)
			err = w.repair(w.guard, Changed, id)
		}
		if err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	w.inOrder(w.guard)
	if got := w.text(`SELECT string_agg(conname || ' ' || contype::text || ' ' || condeferrable, ', ' ORDER BY conname) FROM pg_constraint WHERE conrelid IN ('customer'::regclass, '"order"'::regclass) AND contype <> 'f'`); got !=
		"customer_email_key u false, customer_pkey p false, order_pkey p false" {
		t.Errorf("there is %s", got)
	}
	if got := w.text(`SELECT count(*)::text FROM pg_class WHERE relname ~ '_aside'`); got != "0" {
		t.Errorf("%s were left aside", got)
	}
	w.exec(`INSERT INTO customer VALUES (1, 'c1@example.com', 'x') ON CONFLICT (email) DO NOTHING`)
}
