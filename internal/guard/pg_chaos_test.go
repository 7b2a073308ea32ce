package guard

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/store/postgres"
	"github.com/pintail-dev/pintail/query"
)

// proving is for the forms of chaos that only `make prove` brings about.
func proving(t *testing.T) {
	t.Helper()
	if os.Getenv("PINTAIL_PROVE") == "" {
		t.Skip("`make prove` does this: PINTAIL_PROVE is not set")
	}
}

// pgChaos serves a PostgreSQL database of its own under guard.
func pgChaos(t *testing.T, change ...func(*Config)) *chaos {
	t.Helper()
	dsn := pgtest.DSN(t)
	pgShopOn(t, dsn)
	return pgChaosOn(t, dsn, PostgresConfig{}, change...)
}

// pgShopOn makes the shop in an empty database, as `apply` would.
func pgShopOn(t *testing.T, dsn string) {
	t.Helper()
	d, err := migrate.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(context.Background())
	if _, err := d.Sync(t.Context(), parsed(t, chaosSchema), migrate.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, sql := range append(slices.Clone(fillSQL), "ANALYZE") {
		if _, err := d.PG.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}

// pgChaosOn serves a database that is there.
func pgChaosOn(t *testing.T, dsn string, pg PostgresConfig, change ...func(*Config)) *chaos {
	t.Helper()
	s := parsed(t, chaosSchema)
	st, err := postgres.Open(postgres.Config{DSN: dsn, Default: s.Default, SearchPath: s.Exposed})
	if err != nil {
		t.Fatal(err)
	}
	pg.DSN, pg.Default, pg.SearchPath = dsn, s.Default, s.Exposed
	engine, err := NewPostgres(pg)
	if err != nil {
		t.Fatal(err)
	}
	c := newChaos(t, s, st, engine, append([]func(*Config){func(c *Config) { c.WritesShare = true }}, change...)...)
	c.harm = func(sql string) {
		t.Helper()
		conn, err := pgx.Connect(context.Background(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		if _, err := conn.Exec(context.Background(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	c.run()
	return c
}

// notices waits until the guard knows of a loss, and gives how long that took.
func (c *chaos) notices(kind Kind, name string) time.Duration {
	c.t.Helper()
	began := time.Now()
	c.eventually(string(kind)+" "+name, func() bool {
		return slices.ContainsFunc(c.guard.Status().Drift, func(d Drift) bool { return d.Kind == kind && d.Index.Name == name })
	})
	return time.Since(began)
}

// ofKind are the shapes that item_kind carries, ofSKU those of item_sku; of these, whatever writes a sku is refused while nothing keeps it
// unique.
var (
	ofKind = []string{"by kind", "in order"}
	ofSKU  = []string{"by sku", "resku", "upsert"}
)

func TestPostgresChaosIndexDropped(t *testing.T) {
	c := pgChaos(t, held(2*time.Second), func(c *Config) { c.Every = time.Second })
	c.warm()
	c.harm("DROP INDEX item_kind")
	if took := c.notices(Missing, "item_kind"); took > 3*time.Second { // a second, on a machine that has the time
		t.Errorf("it was noticed after %v", took)
	}
	c.shed(ofKind...)
	i := c.healed()
	if i.Kind != Missing || i.Name != "item_kind" || i.State != Repaired || i.Shed == 0 || i.BuildTime <= 0 || !strings.Contains(i.Who, "DROP INDEX item_kind") {
		t.Errorf("%+v", i)
	}
}

// A table has the name of a lost index, which no list of indexes shows.
func TestPostgresChaosObstacleGoesAway(t *testing.T) {
	c := pgChaos(t)
	c.warm()
	c.obstacle()
}

func TestPostgresChaosOtherColumns(t *testing.T) {
	c := pgChaos(t, held(time.Second))
	c.warm()
	c.harm("BEGIN; DROP INDEX item_kind; CREATE INDEX item_kind ON item (grade); COMMIT")
	c.notices(Changed, "item_kind")
	c.shed(ofKind...)
	if i := c.healed(); i.Kind != Changed || i.State != Repaired {
		t.Errorf("%+v", i)
	}
}

func TestPostgresChaosUniqueDropped(t *testing.T) {
	c := pgChaos(t, held(time.Second))
	c.warm()
	c.harm("DROP INDEX item_sku")
	c.notices(Missing, "item_sku")
	c.shed(ofSKU...)
	if i := c.healed(); i.Kind != Missing || !i.Unique || i.State != Repaired {
		t.Errorf("%+v", i)
	}
}

func TestPostgresChaosDuplicatesGotIn(t *testing.T) {
	told := make(chan State, 20)
	c := pgChaos(t, func(c *Config) { c.Told = func(_ context.Context, i Incident) { told <- i.State } })
	c.warm()
	c.harm("BEGIN; DROP INDEX item_sku; INSERT INTO item (id, customer_id, sku, kind, grade, made) VALUES (9001, 1, 'sku-7', 1, 1, 1), (9002, 1, 'sku-8', 1, 1, 1); COMMIT")
	c.eventually("blocked", func() bool {
		return slices.ContainsFunc(c.guard.Status().Incidents, func(i Incident) bool { return i.State == Blocked })
	})
	c.shed(ofSKU...)
	i := c.guard.Status().Incidents[0]
	if len(i.Duplicates) != 2 || i.Duplicates[0] != (Duplicate{"(sku)=(sku-7)", 2}) {
		t.Errorf("listed %+v", i.Duplicates)
	}
	c.harm("DELETE FROM item WHERE id > 9000") // a person decides
	if _, err := c.guard.RepairNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if i := c.healed(); !i.State.Ended() {
		t.Errorf("%+v", i)
	}
	if first, then, last := <-told, <-told, <-told; first != Open || then != Blocked || !last.Ended() || len(told) > 0 {
		t.Errorf("told of %s, %s, %s and %d more", first, then, last, len(told))
	}
}

func TestPostgresChaosBitFlip(t *testing.T) {
	server := pgtest.Start(t, pgtest.Options{FsyncOff: true})
	dsn := server.DSN()
	pgShopOn(t, dsn)
	w := &pgWorld{t: t, dsn: dsn}
	var err error
	if w.conn, err = pgx.Connect(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	w.exec("CREATE EXTENSION amcheck")
	w.exec("CHECKPOINT")
	file := w.file("item_sku")
	w.conn.Close(context.Background())
	server.Stop(t)
	flip(t, file, []byte("sku-1999"), 7)
	server.Start(t)
	c := pgChaosOn(t, dsn, PostgresConfig{}, held(time.Second))
	c.warm()
	found := c.guard.Check(t.Context(), CheckOptions{Full: true})
	if len(found.Found) != 1 || found.Found[0].Index != "public.item_sku" || found.Error != "" {
		t.Fatalf("%+v", found)
	}
	c.notices(Corrupt, "item_sku")
	c.shed(ofSKU...)
	if i := c.healed(); i.Kind != Corrupt || i.State != Repaired {
		t.Errorf("%+v", i)
	}
	if found := c.guard.Check(t.Context(), CheckOptions{Full: true}); len(found.Found) != 0 {
		t.Errorf("after the repair: %+v", found)
	}
}

// TestPostgresChaosKilledWhileBuilding kills -9 the process that repairs, in the middle of its build; the server goes on with that, and the
// next process waits for it.
func TestPostgresChaosKilledWhileBuilding(t *testing.T) {
	if child := os.Getenv("PINTAIL_GUARD_CHILD"); child != "" {
		pgChaosOn(t, child, PostgresConfig{})
		select {} // until it is killed
	}
	dsn := pgtest.DSN(t)
	pgShopOn(t, dsn)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	w := &pgWorld{t: t, dsn: dsn, conn: conn}
	w.exec("DROP INDEX item_kind")
	w.exec("BEGIN")
	w.exec("DELETE FROM item WHERE id = 1") // the build waits for it
	child := command(t, dsn)
	other, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.Background())
	for deadline, building := time.Now().Add(30*time.Second), false; !building; time.Sleep(20 * time.Millisecond) {
		if err := other.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_progress_create_index)").Scan(&building); err != nil || time.Now().After(deadline) {
			t.Fatal("the child doesn't build", err)
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait()
	c := pgChaosOn(t, dsn, PostgresConfig{})
	c.notices(Invalid, "item_kind")
	c.shed(ofKind...)
	w.exec("ROLLBACK")
	if i := c.healed(); !i.State.Ended() {
		t.Errorf("%+v", i)
	}
	w.exec("DELETE FROM item WHERE id < 0")
}

// command starts this test once more, as a process that may be killed.
func command(t *testing.T, dsn string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestPostgresChaosKilledWhileBuilding$")
	cmd.Env = append(os.Environ(), "PINTAIL_GUARD_CHILD="+dsn)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

func TestPostgresChaosDroppedConcurrently(t *testing.T) {
	proving(t)
	c := pgChaos(t, held(time.Second))
	c.warm()
	c.harm("DROP INDEX CONCURRENTLY item_kind")
	c.notices(Missing, "item_kind")
	c.shed(ofKind...)
	if i := c.healed(); i.State != Repaired || !strings.Contains(i.Who, "DROP INDEX CONCURRENTLY item_kind") {
		t.Errorf("%+v", i)
	}
}

// TestPostgresChaosFailedConcurrently leaves an index invalid in both ways: a drop that was cut short, and a build that was.
func TestPostgresChaosFailedConcurrently(t *testing.T) {
	proving(t)
	c := pgChaos(t, held(time.Second))
	c.warm()
	block, err := pgx.Connect(t.Context(), c.guard.config.Engine.(*Postgres).config.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer block.Close(context.Background())
	for _, sql := range []string{"DROP INDEX CONCURRENTLY item_kind", "REINDEX INDEX CONCURRENTLY item_customer"} {
		if _, err := block.Exec(t.Context(), "BEGIN; DELETE FROM item WHERE id = 2", pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
		other, err := pgx.Connect(t.Context(), c.guard.config.Engine.(*Postgres).config.DSN)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Exec(t.Context(), "SET lock_timeout = '200ms'"); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Exec(t.Context(), sql); sqlState(err) != "55P03" {
			t.Fatalf("%s: %v", sql, err)
		}
		other.Close(context.Background())
		if strings.HasPrefix(sql, "DROP") {
			c.notices(Invalid, "item_kind")
			c.shed(ofKind...)
		} else {
			c.notices(Invalid, "item_customer_ccnew")
			c.shed() // the old index goes on being used
		}
		if _, err := block.Exec(t.Context(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
		if i := c.healed(); i.State != Repaired {
			t.Errorf("%s: %+v", sql, i)
		}
	}
}

func TestPostgresChaosLongTransaction(t *testing.T) {
	proving(t)
	dsn := pgtest.DSN(t)
	pgShopOn(t, dsn)
	c := pgChaosOn(t, dsn, PostgresConfig{BuildTime: 2 * time.Second})
	c.warm()
	long, err := pgx.Connect(t.Context(), named(dsn, "nightly-report"))
	if err != nil {
		t.Fatal(err)
	}
	defer long.Close(context.Background())
	if _, err := long.Exec(t.Context(), "BEGIN; DELETE FROM customer WHERE id < 0; SELECT count(*) FROM item; UPDATE item SET note = note WHERE id = 4", pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	// Any way to drop it would wait for the long transaction too, so the catalog itself loses it.
	c.harm("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'item_kind'::regclass")
	c.notices(Invalid, "item_kind")
	c.shed(ofKind...)
	c.eventually("the blocker's name while it is waited for", func() bool {
		return slices.ContainsFunc(c.guard.Status().Repairs, func(r Repairs) bool { return strings.Contains(r.Progress.Block, "nightly-report") })
	})
	c.eventually("the blocker's name in the record", func() bool {
		return slices.ContainsFunc(c.guard.Status().Incidents, func(i Incident) bool { return strings.Contains(i.LastError, "nightly-report") })
	})
	if _, err := long.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if i := c.healed(); i.State != Repaired {
		t.Errorf("%+v", i)
	}
}

// A process that builds for longer than others believe in one that isn't heard of is heard of: they leave it to it.
func TestPostgresLongRepairsAreHeardOf(t *testing.T) {
	dsn := pgtest.DSN(t)
	pgShopOn(t, dsn)
	config := func(name string) func(*Config) {
		return func(c *Config) { c.Name, c.TakeOver = name, time.Second }
	}
	one := pgChaosOn(t, dsn, PostgresConfig{}, config("one"))
	long, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer long.Close(context.Background())
	if _, err := long.Exec(t.Context(), "BEGIN; UPDATE item SET note = note WHERE id = 4", pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	one.harm("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'item_kind'::regclass")
	one.eventually("waits", func() bool {
		return slices.ContainsFunc(one.guard.Status().Repairs, func(r Repairs) bool { return r.Progress.Block != "" })
	})
	two := pgChaosOn(t, dsn, PostgresConfig{}, config("two"))
	two.notices(Invalid, "item_kind")
	time.Sleep(3 * time.Second) // in which two would have taken over
	st := two.guard.Status()
	if st.Failed > 0 || len(st.Repairs) != 1 || st.Repairs[0].By != "one" || st.Repairs[0].State != Repairing {
		t.Errorf("%d tries failed: %+v", st.Failed, st.Repairs)
	}
	if _, err := long.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*chaos{one, two} {
		if i := c.healed(); i.State != Repaired || i.Repairer != "one" {
			t.Errorf("%+v", i)
		}
	}
}

func TestPostgresChaosTwoProcesses(t *testing.T) {
	proving(t)
	dsn := pgtest.DSN(t)
	pgShopOn(t, dsn)
	one := pgChaosOn(t, dsn, PostgresConfig{}, func(c *Config) { c.Name = "one" })
	two := pgChaosOn(t, dsn, PostgresConfig{}, func(c *Config) { c.Name = "two" })
	one.warm()
	two.warm()
	for range 2 {
		one.harm("DROP INDEX item_kind")
		one.notices(Missing, "item_kind")
		one.healed()
		two.healed()
	}
	list, err := two.guard.config.Engine.Records().List(t.Context(), 10)
	if err != nil || len(list) != 2 {
		t.Errorf("two losses made %d records, %v: %+v", len(list), err, list)
	}
}

func TestPostgresChaosDroppedAgainAndAgain(t *testing.T) {
	proving(t)
	c := pgChaos(t)
	c.warm()
	for range DropsMax - 1 {
		c.harm("DROP INDEX item_kind")
		c.notices(Missing, "item_kind")
		c.healed()
	}
	c.harm("DROP INDEX item_kind")
	c.eventually("stopped", func() bool {
		return slices.ContainsFunc(c.guard.Status().Incidents, func(i Incident) bool { return i.State == Stopped })
	})
	time.Sleep(time.Second)
	c.shed(ofKind...)
	if _, err := c.guard.RepairNow(t.Context()); err != nil { // a person says so
		t.Fatal(err)
	}
	c.healed()
}

func TestPostgresChaosExtraIndex(t *testing.T) {
	proving(t)
	c := pgChaos(t)
	c.warm()
	c.harm("CREATE INDEX mine ON item (note)")
	c.notices(Extra, "mine")
	c.shed()
	time.Sleep(time.Second)
	c.harm("DROP INDEX mine") // fails where the guard touched it
}

func TestPostgresChaosTableRebuilt(t *testing.T) {
	proving(t)
	c := pgChaos(t, held(time.Second))
	c.warm()
	c.harm(`BEGIN; CREATE TABLE copy (LIKE item INCLUDING DEFAULTS INCLUDING CONSTRAINTS); INSERT INTO copy SELECT * FROM item; DROP TABLE item; ALTER TABLE copy RENAME TO item;
		ALTER TABLE item ADD CONSTRAINT item_pkey PRIMARY KEY (id); CREATE UNIQUE INDEX item_sku ON item (sku); CREATE INDEX item_customer ON item (customer_id);
		CREATE INDEX item_grade_made ON item (grade, made); COMMIT; ANALYZE item`)
	c.notices(Missing, "item_kind")
	c.shed(ofKind...)
	c.mended()
	c.shed()
	for _, subject := range []string{"public.item_kind", keyOf} {
		c.incident(func(i Incident) bool { return i.Subject == subject && i.Kind == Missing && i.State == Repaired })
	}
}

func TestPostgresChaosStatisticsLost(t *testing.T) {
	proving(t)
	dsn := pgtest.DSN(t)
	pgShopOn(t, dsn)
	c := pgChaosOn(t, dsn, PostgresConfig{FullTime: 200 * time.Millisecond})
	c.warm()
	c.harm("DELETE FROM pg_statistic WHERE starelid = 'item'::regclass; UPDATE pg_class SET reltuples = -1 WHERE oid = 'item'::regclass")
	c.eventually("noticed", func() bool {
		return slices.ContainsFunc(c.guard.Status().Incidents, func(i Incident) bool { return i.Kind == Statistics })
	})
	if i := c.healed(); i.Kind != Statistics || i.State != Repaired {
		t.Errorf("%+v", i)
	}
}

// TestPostgresChaosRunningStatementsAreCancelled has a statement of a shape that is shed wait for somebody else's lock when its index is lost.
func TestPostgresChaosRunningStatementsAreCancelled(t *testing.T) {
	c := pgChaos(t, held(time.Second))
	c.shapes["touch"] = &query.Update{Table: query.Name{Name: "item"}, Columns: []string{"note"}, Row: query.Text(`{"note":"x"}`), Where: equal("kind", "7")}
	c.warm()
	block, err := pgx.Connect(t.Context(), c.guard.config.Engine.(*Postgres).config.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer block.Close(context.Background())
	if _, err := block.Exec(t.Context(), "BEGIN; UPDATE item SET note = note WHERE kind = 7", pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	touched := make(chan error, 1)
	go func() { touched <- c.ask("touch") }()
	for waiting := false; !waiting; time.Sleep(5 * time.Millisecond) {
		if err := block.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)").Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	c.harm("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'item_kind'::regclass")
	if err := <-touched; !lost(err) || time.Since(began) > 3*time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
	if n := c.guard.Status().Canceled; n != 1 {
		t.Errorf("%d statements were cancelled", n)
	}
	if _, err := block.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	c.healed()
}

// TestPostgresChaosStatementMeetsDamage overwrites a page of an index, so that a statement meets it: that alone has the guard check, shed
// and rebuild.
func TestPostgresChaosStatementMeetsDamage(t *testing.T) {
	proving(t)
	server := pgtest.Start(t, pgtest.Options{FsyncOff: true})
	dsn := server.DSN()
	pgShopOn(t, dsn)
	w := &pgWorld{t: t, dsn: dsn}
	var err error
	if w.conn, err = pgx.Connect(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	w.exec("CHECKPOINT")
	file := w.file("item_sku")
	w.conn.Close(context.Background())
	c := pgChaosOn(t, dsn, PostgresConfig{}, held(time.Second))
	c.warm()
	server.Stop(t)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for page := 8192; page < len(data); page += 8192 {
		copy(data[page+100:page+8192], strings.Repeat("\xff", 8192-100))
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	server.Start(t)
	if err := c.ask("by sku"); err == nil {
		t.Fatal("nothing was damaged")
	}
	c.notices(Corrupt, "item_sku")
	c.shed(ofSKU...)
	if i := c.healed(); i.Kind != Corrupt || i.State != Repaired {
		t.Errorf("%+v", i)
	}
}

// A key becomes deferrable: upserts that go by it are refused until it is as declared again, and nothing else.
func TestPostgresChaosDeferrableKey(t *testing.T) {
	c := pgChaos(t, held(time.Second))
	c.shapes["join by email"] = &query.Insert{Into: query.Name{Name: "customer"}, Columns: []string{"id", "email", "name"},
		Rows: query.Text(`[{"id":1,"email":"c1@example.com","name":"Customer 1"}]`), Conflict: &query.Conflict{Columns: []string{"email"}}}
	c.warm()
	c.harm("ALTER TABLE customer DROP CONSTRAINT customer_email_key, ADD CONSTRAINT customer_email_key UNIQUE (email) DEFERRABLE")
	c.notices(Changed, "customer_email_key")
	c.shed("join by email")
	if i := c.healed(); i.Kind != Changed || i.State != Repaired || !strings.Contains(i.What, "is deferrable") {
		t.Errorf("%+v", i)
	}
}

// A rebuild of a unique index that failed leaves a second one behind, which kept nothing apart: no write is refused for it.
func TestPostgresChaosUniqueLeftover(t *testing.T) {
	c := pgChaos(t, held(time.Second))
	c.warm()
	c.harm("CREATE UNIQUE INDEX item_sku_ccnew ON item (sku); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'item_sku_ccnew'::regclass")
	c.notices(Invalid, "item_sku_ccnew")
	c.shed()
	if i := c.healed(); i.State != Repaired {
		t.Errorf("%+v", i)
	}
}
