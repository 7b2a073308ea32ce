package postgres

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

func TestPostgreSQLsOwnErrors(t *testing.T) {
	s, shop := open(t, Config{})
	execute(t, s.config.DSN, `
		CREATE FUNCTION raise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			CASE NEW.name
			WHEN 'plain' THEN RAISE 'no %', NEW.id USING DETAIL = 'why', HINT = 'what instead';
			WHEN 'teapot' THEN RAISE SQLSTATE 'PT418' USING MESSAGE = 'short and stout';
			WHEN 'whole' THEN RAISE SQLSTATE 'PGRST' USING
				MESSAGE = '{"code":"123","message":"Payment Required","details":"Quota exceeded","hint":"Upgrade"}',
				DETAIL = '{"status":402,"headers":{"X-Powered-By":"Nerd Rage"}}';
			WHEN 'broken' THEN RAISE SQLSTATE 'PGRST' USING MESSAGE = 'x', DETAIL = '{}';
			ELSE NULL;
			END CASE; RETURN NEW; END $$;
		CREATE TRIGGER raise BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION raise();`)
	insert := func(columns []string, row string) query.Query {
		return &query.Insert{Into: query.Name{Name: "customer"}, Columns: columns, Rows: query.Text(row)}
	}
	name := []string{"id", "name"}
	filter := func(column string, op query.Op, value string) query.Query {
		q := from("order", "id")
		q.Where = is(column, op, value)
		return q
	}
	tests := map[string]struct {
		query                        query.Query
		status                       int
		code, message, details, hint string
	}{
		"bad number": {filter("id", query.Eq, "x"), 400, "22P02", `invalid input syntax for type bigint: "x"`, "", ""},
		"bad enum":   {filter("status", query.Eq, "x"), 400, "22P02", `invalid input value for enum order_status: "x"`, "", ""},
		"bad array":  {filter("tags", query.Contains, "{x"), 400, "22P02", `malformed array literal: "{x"`, "Unexpected end of input.", ""},
		"unique":     {insert(name, `[{"id":1,"name":"x"}]`), 409, "23505", `duplicate key value violates unique constraint "customer_pkey"`, "Key (id)=(1) already exists.", ""},
		"not null":   {insert(name, `[{"id":8}]`), 400, "23502", `null value in column "name" of relation "customer" violates not-null constraint`, "Failing row contains (8, null, null, null).", ""},
		"bad JSON":   {insert(name, `[{"id":8]`), 400, "22P02", `invalid input syntax for type json`, `Expected "," or "}", but found "]".`, ""},
		"bad value":  {insert(name, `[{"id":"eight"}]`), 400, "22P02", `invalid input syntax for type bigint: "eight"`, "", ""},
		"raised":     {insert(name, `[{"id":8,"name":"plain"}]`), 400, "P0001", "no 8", "why", "what instead"},
		"status":     {insert(name, `[{"id":8,"name":"teapot"}]`), 418, "PT418", "short and stout", "", ""},
		"whole":      {insert(name, `[{"id":8,"name":"whole"}]`), 402, "123", "Payment Required", "Quota exceeded", "Upgrade"},
		"broken":     {insert(name, `[{"id":8,"name":"broken"}]`), 500, "PGRST121", `Could not parse JSON in the "RAISE SQLSTATE 'PGRST'" error`, `Invalid JSON value for MESSAGE: 'x'`, "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'."},
		"twice in one": {&query.Insert{Into: query.Name{Name: "customer"}, Columns: name, Conflict: &query.Conflict{}, Rows: query.Text(`[{"id":8,"name":"a"},{"id":8,"name":"b"}]`)}, 400,
			"21000", "ON CONFLICT DO UPDATE command cannot affect row a second time", "", "Ensure that no rows proposed for insertion within the same command have duplicate constrained values."},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			p, args := shop.resolve(t, test.query)
			_, err := s.run(t.Context(), txOf(p, args))
			var f *fault.Fault
			if !errors.As(err, &f) {
				t.Fatalf("%v is no fault", err)
			}
			if f.HTTPStatus() != test.status || string(f.Code) != test.code || f.Message != test.message || f.Details != test.details || f.Hint != test.hint {
				t.Errorf("%d %s\n%s\n%s\n%s", f.HTTPStatus(), f.Code, f.Message, f.Details, f.Hint)
			}
			if title == "whole" && (len(f.Headers) != 1 || f.Headers[0] != [2]string{"X-Powered-By", "Nerd Rage"}) {
				t.Errorf("headers %v", f.Headers)
			}
		})
	}
	if got, err := shop.read(t, s, from("customer", "id")); err != nil || got.Rows != 3 {
		t.Errorf("afterwards: %s %v", got.Body, err)
	}
}

func TestSettingsHoldWhateverTheDatabaseSays(t *testing.T) {
	for _, pooled := range []bool{false, true} {
		dsn := pgtest.DSN(t)
		execute(t, dsn, shopSQL+`
			DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database());
				EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Tokyo''', current_database());
				EXECUTE format('ALTER DATABASE %I SET datestyle = ''German''', current_database());
				EXECUTE format('ALTER DATABASE %I SET bytea_output = ''escape''', current_database());
				EXECUTE format('ALTER DATABASE %I SET search_path = ''nowhere''', current_database()); END $$;
			CREATE VIEW held AS SELECT name, current_setting(name) AS setting FROM unnest(
				ARRAY['synchronous_commit', 'timezone', 'datestyle', 'bytea_output', 'search_path', 'statement_timeout']) AS name;`)
		s := connect(t, Config{DSN: dsn, Pooled: pooled, StatementTimeout: 1500 * time.Millisecond})
		shop := newShop()
		shop.Tables = append(shop.Tables, &schema.Table{Name: schema.Name{Name: "held"}, View: &schema.View{},
			Columns: []*schema.Column{column("name", schema.Text, "text"), column("setting", schema.Text, "text")}})
		shop.Link()
		got, err := shop.read(t, s, from("held", "setting"))
		want := `[{"setting":"on"},{"setting":"UTC"},{"setting":"ISO, MDY"},{"setting":"hex"},{"setting":"\"public\""},{"setting":"1500ms"}]`
		if b := strings.ReplaceAll(body(t, got, err), ", \n ", ","); b != want {
			t.Errorf("pooled=%t: %s", pooled, b)
		}
	}
}

// sleeper is a view that takes long.
func sleeper(t *testing.T, c Config) (*Store, *shop) {
	t.Helper()
	s, shop := open(t, c)
	execute(t, s.config.DSN, `CREATE VIEW slow AS SELECT 1 AS id FROM (SELECT pg_sleep(30) AS s OFFSET 0) q WHERE s IS NOT NULL`)
	shop.Tables = append(shop.Tables, &schema.Table{Name: schema.Name{Name: "slow"}, View: &schema.View{}, Columns: []*schema.Column{column("id", schema.Int4, "integer")}})
	shop.Link()
	return s, shop
}

const sleeping = `SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND datname = current_database() AND query LIKE '%slow%' AND pid <> pg_backend_pid()`

func TestCancelReachesTheServer(t *testing.T) {
	s, shop := sleeper(t, Config{StatementTimeout: -1})
	p, args := shop.resolve(t, from("slow", "id"))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := s.Read(ctx, p, args)
		done <- err
	}()
	waitFor(t, 5*time.Second, func() bool { return count(t, s.config.DSN, sleeping) == 1 })
	cancel()
	start := time.Now()
	waitFor(t, 2*time.Second, func() bool { return count(t, s.config.DSN, sleeping) == 0 })
	if took := time.Since(start); took > 100*time.Millisecond {
		t.Errorf("the statement ran on for %s", took)
	}
	if c, _ := code(t, <-done); c != "57014" {
		t.Error(c)
	}
	if got, err := shop.read(t, s, from("customer", "id")); err != nil || got.Rows != 3 {
		t.Errorf("afterwards: %s %v", got.Body, err)
	}
}

func waitFor(t *testing.T, limit time.Duration, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s", limit)
		}
	}
}

func TestStatementTimeout(t *testing.T) {
	for _, pooled := range []bool{false, true} {
		s, shop := sleeper(t, Config{StatementTimeout: 50 * time.Millisecond, Pooled: pooled})
		start := time.Now()
		_, err := shop.read(t, s, from("slow", "id"))
		if c, _ := code(t, err); c != "57014" || !strings.HasPrefix(fault.From(err).Hint, "Ask for fewer rows") || time.Since(start) > 2*time.Second {
			t.Errorf("pooled=%t: %v after %s", pooled, err, time.Since(start))
		}
	}
}

func TestPoolTimeout(t *testing.T) {
	s, shop := sleeper(t, Config{ConnsMax: 1, AcquireTimeout: 50 * time.Millisecond})
	p, args := shop.resolve(t, from("slow", "id"))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Read(ctx, p, args)
	}()
	waitFor(t, 5*time.Second, func() bool { return count(t, s.config.DSN, sleeping) == 1 })
	_, err := shop.read(t, s, from("customer", "id"))
	if c, status := code(t, err); c != "PGRST003" || status != 504 {
		t.Error(err)
	}
	cancel()
	<-done
	if _, err := shop.read(t, s, from("customer", "id")); err != nil {
		t.Error(err)
	}
}

func TestServerGoesAwayAndComesBack(t *testing.T) {
	server := pgtest.Start(t, pgtest.Options{FsyncOff: true})
	dsn := server.Database(t)
	execute(t, dsn, shopSQL)
	s, shop := connect(t, Config{DSN: dsn}), newShop()
	del := &query.Delete{From: order, Where: is("id", query.Eq, "10"), Returning: returning("id")}
	ask := func() error { _, err := shop.read(t, s, from("customer", "id")); return err }
	for _, end := range []func(testing.TB){server.Stop, server.Kill} {
		if err := ask(); err != nil {
			t.Fatal(err)
		}
		end(t)
		waitFor(t, 5*time.Second, func() bool { return ask() != nil }) // children of a killed server live on for a moment
		for range 3 {
			if c, status := code(t, ask()); c != "PGRST000" || status != 503 {
				t.Errorf("while it is away: %s %d", c, status)
			}
		}
		if s.Ready(t.Context()) == nil {
			t.Error("ready without a server")
		}
		server.Start(t)
		if err := ask(); err != nil {
			t.Errorf("the first read after it is back: %v", err)
		}
		if err := s.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	}
	// Restarted between two requests: a read never notices, nor does a write on a connection that is seen to be dead.
	server.Stop(t)
	server.Start(t)
	if err := ask(); err != nil {
		t.Errorf("over a restart: %v", err)
	}
	if got, err := shop.write(t, s, del); err != nil || got.Affected != 1 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestStatementsPulledAway(t *testing.T) {
	s, shop := open(t, Config{ConnsMax: 1, StatementsMax: 2})
	ask := func(columns ...string) {
		t.Helper()
		if got, err := shop.read(t, s, from("customer", columns...)); err != nil || got.Rows != 3 {
			t.Errorf("%s %v", got.Body, err)
		}
	}
	p, args := shop.resolve(t, from("customer", "id", "name"))
	read := func() {
		t.Helper()
		if got, err := s.Read(t.Context(), p, args); err != nil || got.Rows != 3 {
			t.Errorf("%s %v", got.Body, err)
		}
	}
	read()
	c, err := s.pool.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Exec(t.Context(), "DEALLOCATE ALL").Close(); err != nil {
		t.Fatal(err)
	}
	s.pool.release(c)
	read()
	for range 3 { // more statements than are kept
		ask("id")
		ask("name")
		ask("note")
		ask("id", "note")
	}
	if n := len(s.plans); n > 2 {
		t.Errorf("%d plans kept, 2 may be", n)
	}
	execute(t, s.config.DSN, `ALTER TABLE customer ALTER name TYPE varchar(100)`)
	read()
}

func TestClose(t *testing.T) {
	s, shop := open(t, Config{})
	if _, err := shop.read(t, s, from("customer", "id")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// The sockets are closed; each backend leaves the view once it has noticed, and one that was forgotten never does.
	open := func() int {
		return count(t, s.config.DSN, `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pintail' AND datname = current_database()`)
	}
	for begin := time.Now(); open() != 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > 5*time.Second {
			t.Fatalf("%d connections left open", open())
		}
	}
	_, err := shop.read(t, s, from("customer", "id"))
	if c, status := code(t, err); c != "PT503" || status != 503 {
		t.Error(err)
	}
}

func TestSerializationFailureIsPostgreSQLsOwn(t *testing.T) {
	s, shop := open(t, Config{})
	execute(t, s.config.DSN, `CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		RAISE SQLSTATE '40001' USING MESSAGE = 'could not serialize access due to concurrent update'; END $$;
		CREATE TRIGGER conflict BEFORE DELETE ON "order" FOR EACH ROW EXECUTE FUNCTION conflict()`)
	for _, end := range []query.End{{}, {Single: true}, {Rollback: true}} {
		_, err := shop.write(t, s, &query.Delete{From: order, Where: is("id", query.Eq, "10"), End: end})
		if c, status := code(t, err); c != "40001" || status != 500 {
			t.Errorf("%+v: %v", end, err)
		}
	}
}

// Two transactions that wait for each other: PostgreSQL ends one, which says so, and the other one commits.
func TestDeadlock(t *testing.T) {
	s, shop := open(t, Config{})
	execute(t, s.config.DSN, `DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || quote_ident(current_database()) || ' SET deadlock_timeout = 50'; END $$`)
	update := func(id string) (*plan.Plan, query.Args) {
		return shop.resolve(t, &query.Update{Table: order, Columns: []string{"total"}, Row: query.Text(`{"total":1}`), Where: is("id", query.Eq, id)})
	}
	var both sync.WaitGroup
	both.Add(2)
	run := func(first, second string) error {
		p, args := update(second)
		before := func(ctx context.Context, h store.Handle) error {
			p, args := update(first)
			_, err := h.Write(ctx, p, args)
			both.Done()
			both.Wait()
			return err
		}
		_, err := s.Write(t.Context(), store.Tx{Plan: p, Args: args, Before: []store.Hook{before}})
		return err
	}
	other := make(chan error)
	go func() { other <- run("11", "10") }()
	errs := []error{run("10", "11"), <-other}
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("one of two must fail: %v", errs)
	}
	for _, err := range errs {
		if err != nil {
			if c, _ := code(t, err); c != "40P01" {
				t.Error(err)
			}
		}
	}
}

// A hook that takes too long is left behind, whether it looks at its context or not, and whatever it does later.
func TestHookThatTakesTooLong(t *testing.T) {
	s, shop := open(t, Config{HookTimeout: 30 * time.Millisecond})
	p, args := shop.resolve(t, &query.Delete{From: order})
	late := make(chan error, 1)
	for _, slow := range []store.Hook{
		func(ctx context.Context, h store.Handle) error {
			<-ctx.Done()
			return ctx.Err()
		},
		func(ctx context.Context, h store.Handle) error {
			time.Sleep(300 * time.Millisecond)
			_, err := h.Write(context.Background(), p, args)
			late <- err
			return nil
		},
	} {
		begin := time.Now()
		_, err := s.Write(t.Context(), store.Tx{Plan: p, Args: args, Before: []store.Hook{slow}})
		if c, _ := code(t, err); c != "57014" || time.Since(begin) > 200*time.Millisecond {
			t.Error(err, time.Since(begin))
		}
		if n := count(t, s.config.DSN, `SELECT count(*) FROM "order"`); n != 3 {
			t.Errorf("%d orders left, want 3", n)
		}
	}
	if c, _ := code(t, <-late); c != "PT409" {
		t.Error("a handle outlived its hook")
	}
	if n := count(t, s.config.DSN, `SELECT count(*) FROM "order"`); n != 3 {
		t.Errorf("%d orders left, want 3", n)
	}
}

// A write from inside a hook could wait for the hook's own locks for ever.
func TestWriteInsideHook(t *testing.T) {
	s, shop := open(t, Config{})
	p, args := shop.resolve(t, &query.Delete{From: order})
	inside := func(ctx context.Context, h store.Handle) error {
		_, err := s.Write(ctx, store.Tx{Plan: p, Args: args})
		return err
	}
	_, err := s.Write(t.Context(), store.Tx{Plan: p, Args: args, Before: []store.Hook{inside}})
	if c, _ := code(t, err); c != "PT409" || !strings.Contains(err.Error(), "inside a Before hook") {
		t.Error(err)
	}
}
