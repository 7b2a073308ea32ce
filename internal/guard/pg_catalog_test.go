package guard

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestPostgresKnowsItsIndexesAgain(t *testing.T) {
	w := newPGWorld(t, pgShop, 0)
	w.inOrder(w.guard)
	first := w.catalog(w.guard)
	if again := w.catalog(w.guard); again.Version != first.Version {
		t.Error("nothing changed, but the version did")
	}
	if first.Applied == nil || first.Busy || len(first.Missing) > 0 {
		t.Errorf("applied %v, busy %v, missing %v", first.Applied, first.Busy, first.Missing)
	}
	for _, c := range []struct{ do, undo, want string }{
		{`DROP INDEX order_customer`, `CREATE INDEX order_customer ON "order" (customer_id, placed_at DESC)`, "order_customer is missing"},
		{`ALTER INDEX order_customer RENAME TO elsewhere`, `ALTER INDEX elsewhere RENAME TO order_customer`, "elsewhere is extra; order_customer is missing"},
		{`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'order_customer'::regclass`,
			`UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'order_customer'::regclass`, "order_customer is not valid: a build failed, or it is being dropped"},
		{`UPDATE pg_index SET indislive = false WHERE indexrelid = 'order_customer'::regclass`,
			`UPDATE pg_index SET indislive = true WHERE indexrelid = 'order_customer'::regclass`, "order_customer is not live: a DROP INDEX CONCURRENTLY began and did not end"},
		{`CREATE INDEX more ON customer (name)`, `DROP INDEX more`, "more is extra"},
		{`CREATE INDEX order_customer_ccnew1 ON "order" (customer_id); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'order_customer_ccnew1'::regclass`,
			`DROP INDEX order_customer_ccnew1`, "order_customer_ccnew1 is left over"},
		{`ALTER TABLE customer DROP CONSTRAINT customer_email_key`, `ALTER TABLE customer ADD CONSTRAINT customer_email_key UNIQUE (email)`, "customer_email_key is missing"},
		{`DROP INDEX order_open; CREATE INDEX order_open ON "order" (placed_at) WHERE status = 'paid'`,
			`DROP INDEX order_open; CREATE INDEX order_open ON "order" (placed_at) WHERE status = 'open'`,
			"order_open is USING btree (placed_at) WHERE (status = 'paid'::public.order_status), not USING btree (placed_at) WHERE (status = 'open'::public.order_status)"},
		{`DROP INDEX order_reference; CREATE INDEX order_reference ON "order" (reference)`,
			`DROP INDEX order_reference; CREATE UNIQUE INDEX order_reference ON "order" (reference)`,
			"order_reference is USING btree (reference), not UNIQUE USING btree (reference)"},
	} {
		if _, err := w.conn.Exec(t.Context(), c.do, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
		before := w.guard.full
		if got := strings.Join(w.differences(w.guard), "; "); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.do, got, c.want)
		}
		if w.guard.full == before {
			t.Errorf("%s: it wasn't told by the cheap look", c.do)
		}
		if w.catalog(w.guard).Version == first.Version {
			t.Errorf("%s: the version is as before", c.do)
		}
		if _, err := w.conn.Exec(t.Context(), c.undo, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
		w.inOrder(w.guard)
	}
}

// TestPostgresLeavesStorageParametersAlone: how full an index's pages are kept is an administrator's to choose, and the index is as declared.
func TestPostgresLeavesStorageParametersAlone(t *testing.T) {
	w := newPGWorld(t, pgShop, 0)
	w.inOrder(w.guard)
	for _, name := range []string{"order_pkey", "customer_email_key", "order_customer", "order_open", "order_reference"} {
		w.exec("ALTER INDEX " + name + " SET (fillfactor = 70, deduplicate_items = off)")
	}
	w.inOrder(w.open(PostgresConfig{})) // which spells them by rule
	w.guard.doubt()
	w.inOrder(w.guard)
	before := w.text("SELECT 'order_pkey'::regclass::oid::text")
	if err := w.repair(w.guard, Changed, "public.order_pkey"); err != nil {
		t.Errorf("what is as declared can't be repaired: %v", err)
	}
	if got := w.text("SELECT 'order_pkey'::regclass::oid::text"); got != before {
		t.Error("it was built again")
	}
	if got := w.text("SELECT reloptions::text FROM pg_class WHERE relname = 'order_pkey'"); got != "{fillfactor=70,deduplicate_items=off}" {
		t.Errorf("it has %s now", got)
	}
}

func TestWithoutStorage(t *testing.T) {
	for _, c := range [][2]string{
		{`USING btree (a)`, `USING btree (a)`},
		{`USING btree (a) WITH (fillfactor='70')`, `USING btree (a)`},
		{`USING btree (a) INCLUDE (b) NULLS NOT DISTINCT WITH (fillfactor='70', deduplicate_items=off) WHERE (c > 0)`, `USING btree (a) INCLUDE (b) NULLS NOT DISTINCT WHERE (c > 0)`},
		{`USING btree (a) WITH (x=')" WITH (') WHERE b`, `USING btree (a) WHERE b`},
		{`USING btree (" WITH (") WHERE (c = ' WITH (d)'::text)`, `USING btree (" WITH (") WHERE (c = ' WITH (d)'::text)`},
		{`USING btree (((a || ' WITH ('::text))) WHERE b`, `USING btree (((a || ' WITH ('::text))) WHERE b`},
		{`USING btree ("it''s "" WITH (")`, `USING btree ("it''s "" WITH (")`},
		{`USING gist (a gist_trgm_ops (siglen='32')) WITH (buffering='auto')`, `USING gist (a gist_trgm_ops (siglen='32'))`},
	} {
		if got, _ := withoutClause(c[0], " WITH ("); got != c[1] {
			t.Errorf("%s\ngot  %s\nwant %s", c[0], got, c[1])
		}
	}
}

// TestPostgresDefinitionsByRule holds what is spelled where no temporary table can be made against PostgreSQL's own spelling.
func TestPostgresDefinitionsByRule(t *testing.T) {
	w := newPGWorld(t, pgShop, 0)
	role := "limited_" + w.text("SELECT current_database()")
	name := pgx.Identifier{role}.Sanitize()
	w.exec("CREATE ROLE " + name + " LOGIN")
	t.Cleanup(func() {
		w.conn.Exec(t.Context(), "DROP OWNED BY "+name+"; DROP ROLE "+name, pgx.QueryExecModeSimpleProtocol)
	})
	w.exec("GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + name)
	w.exec("REVOKE TEMPORARY ON DATABASE " + pgx.Identifier{w.text("SELECT current_database()")}.Sanitize() + " FROM PUBLIC")
	g := w.open(PostgresConfig{DSN: asRole(w.dsn, role)})
	w.inOrder(g)
	if c := w.catalog(g); c.Applied != nil || !c.Hidden {
		t.Error("a role that may not read Pintail's tables was told what was applied")
	}
	one, err := New(Config{Engine: g, Schema: w.schema})
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st := one.Status(); st.Mode != Observe || !strings.Contains(st.Why, "may not read _pintail") {
		t.Errorf("it does %s, because %s", st.Mode, st.Why)
	}
	w.exec("DROP INDEX order_open")
	late := w.open(PostgresConfig{DSN: asRole(w.dsn, role)})
	if got := strings.Join(w.differences(late), "; "); got != "order_open is missing" {
		t.Errorf("got %s", got)
	}
	w.exec(`CREATE INDEX order_open ON "order" (placed_at) WHERE status = 'open'`)
	w.inOrder(late) // how it is spelled nobody could tell before
	w.exec(`DROP INDEX order_customer; CREATE INDEX order_customer ON "order" (customer_id)`, pgx.QueryExecModeSimpleProtocol)
	if got := strings.Join(w.differences(g), "; "); !strings.HasPrefix(got, "order_customer is USING btree (customer_id), not") {
		t.Errorf("got %s", got)
	}
}

func TestPostgresSeesApplyAtWork(t *testing.T) {
	w := newPGWorld(t, pgShop, 0)
	w.exec("SELECT pg_advisory_lock(31640399370479980)")
	if !w.catalog(w.guard).Busy {
		t.Error("apply is at work, and nobody noticed")
	}
	w.exec("SELECT pg_advisory_unlock(31640399370479980)")
	if w.catalog(w.guard).Busy {
		t.Error("apply is at work no more, and nobody noticed")
	}
}

func TestPostgresStatisticsAndTables(t *testing.T) {
	w := newPGWorld(t, pgShop, 1000)
	g := w.open(PostgresConfig{FullTime: time.Nanosecond})
	if c := w.catalog(g); !c.Analyzed["order"] || !c.Analyzed["customer"] {
		t.Errorf("analyzed: %v", c.Analyzed)
	}
	w.exec(`DELETE FROM pg_statistic WHERE starelid = '"order"'::regclass`)
	if c := w.catalog(g); c.Analyzed["order"] || !c.Analyzed["customer"] {
		t.Errorf("analyzed after the loss: %v", c.Analyzed)
	}
	if err := g.Repair(t.Context(), Repair{Drift: Drift{Kind: Statistics, Index: Index{ID: "statistics of order", Table: w.schema.Tables[1].Name}}, Schema: w.schema}); err != nil {
		t.Fatal(err)
	}
	if c := w.catalog(g); !c.Analyzed["order"] {
		t.Errorf("analyzed after the repair: %v", c.Analyzed)
	}
	w.exec(`DROP TABLE "order"`)
	c := w.catalog(g)
	if len(c.Missing) != 1 || c.Missing[0].Name != "order" {
		t.Errorf("missing: %v", c.Missing)
	}
	if slices.ContainsFunc(c.Indexes, func(x Index) bool { return x.Table.Name == "order" }) {
		t.Error("a table that isn't there has indexes")
	}
}

// What a role may not see isn't lost: pg_stats hides the statistics of tables with row security.
func TestPostgresStatisticsBehindRowSecurity(t *testing.T) {
	w := newPGWorld(t, pgShop, 1000)
	role := w.role("tenant")
	g := w.open(PostgresConfig{DSN: asRole(w.dsn, role), FullTime: time.Nanosecond})
	for _, sql := range []string{
		`SELECT`,
		`ALTER TABLE "order" ENABLE ROW LEVEL SECURITY`,
		`ALTER TABLE "order" DISABLE ROW LEVEL SECURITY`,
		`REVOKE SELECT ON "order" FROM ` + role,
	} {
		w.exec(sql)
		if c := w.catalog(g); !c.Analyzed["order"] || !c.Analyzed["customer"] {
			t.Errorf("after %s: analyzed: %v", sql, c.Analyzed)
		}
	}
}

func TestPostgresRows(t *testing.T) {
	w := newPGWorld(t, pgShop, 3000)
	for _, c := range []struct{ max, low, high int64 }{{10000, 3000, 3000}, {3000, 3000, 3000}, {2999, 2999, 3300}, {1000, 2000, 4000}} {
		n, err := w.guard.Rows(t.Context(), w.schema.Tables[1].Name, c.max)
		if err != nil || n < c.low || n > c.high {
			t.Errorf("up to %d: %d, %v", c.max, n, err)
		}
	}
}

// TestPostgresIndexesAreReadInOneGo wants neither constraints, of which no index of the catalog goes by what they stand on, nor builds to be read
// through again for each index: with a thousand tables that took seconds.
func TestPostgresIndexesAreReadInOneGo(t *testing.T) {
	w := newPGWorld(t, pgShop, 0)
	type node struct {
		Type     string `json:"Node Type"`
		As       string `json:"Parent Relationship"`
		Relation string `json:"Relation Name"`
		Function string `json:"Function Name"`
		Plans    []node
	}
	var plans []struct{ Plan node }
	text := w.text("EXPLAIN (FORMAT JSON, VERBOSE) "+indexesSQL, []string{"public"})
	if err := json.Unmarshal([]byte(text), &plans); err != nil {
		t.Fatal(err)
	}
	read := map[string]bool{}
	var walk func(n node, each bool)
	walk = func(n node, each bool) {
		each = each || n.As == "SubPlan"
		if what := n.Relation + n.Function; what == "pg_constraint" || what == "pg_stat_get_progress_info" {
			read[what] = true
			if each {
				t.Errorf("%s is read for each row", what)
			}
		}
		for _, x := range n.Plans {
			walk(x, each)
		}
	}
	walk(plans[0].Plan, false)
	if len(read) != 2 {
		t.Errorf("read: %v of %s", read, text)
	}
}
