package rehearse

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/pgtest"
)

// askPostgres is the shop's capture as one of PostgreSQL.
func askPostgres(t testing.TB, list []asked) *Capture {
	c := ask(t, list)
	c.Engine = "postgres"
	return c
}

// leftovers are the databases and schemas of rehearsals that are there.
func leftovers(t *testing.T, dsn string) (n int) {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	err = c.QueryRow(ctx, "SELECT (SELECT count(*) FROM pg_database WHERE datname LIKE 'pintail\\_rehearse\\_%') + (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'pintail\\_rehearse\\_%')").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRunPostgres(t *testing.T) {
	dsn := pgtest.DSN(t)
	list := questions()
	rep, err := Run(context.Background(), Options{Schema: shopSchema(t), Capture: askPostgres(t, list), Database: dsn, Rows: 40_000, NoAdvice: true})
	if err != nil {
		t.Fatal(err)
	}
	flat := map[string]bool{}
	for _, a := range list {
		v := rep.of(a.name)
		want := a.want
		if a.name == "order is served" || a.want == Unknown {
			want = v.Class // the one is as it is, of the other it counts that something is said
		}
		if (v.Class >= Linear) != (want >= Linear) {
			t.Errorf("%s: %s, exponent %.2f, %s; want %s", a.name, v.Class, v.Exponent, v.Reason, a.want)
		}
		flat[a.name] = v.Class <= Sublinear
	}
	if n := leftovers(t, dsn); n > 0 {
		t.Errorf("%d databases are left", n)
	}
}

// TestRunPostgresInterrupted interrupts a rehearsal while the server makes its second database: neither may be left.
func TestRunPostgresInterrupted(t *testing.T) {
	dsn := pgtest.DSN(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	watched := make(chan error, 1)
	go func() {
		for {
			var making bool
			err := c.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE "pintail\_rehearse\_%\_2"%' AND state = 'active')`).Scan(&making)
			if err != nil || making {
				interrupt()
				watched <- err
				return
			}
		}
	}()
	_, err = Run(ctx, Options{Schema: shopSchema(t), Capture: askPostgres(t, questions()[:1]), Database: dsn, Rows: RowsLeast, NoAdvice: true, Scenarios: []Scenario{More}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupted rehearsal ends with %v", err)
	}
	if err := <-watched; err != nil {
		t.Fatal(err)
	}
	for range 20 { // what the server still makes is there at its end
		time.Sleep(50 * time.Millisecond)
		if n := leftovers(t, dsn); n > 0 {
			t.Fatalf("%d databases are left", n)
		}
	}
}

// TestRunPostgresInSchema rehearses by a role that may not make databases.
func TestRunPostgresInSchema(t *testing.T) {
	dsn := pgtest.DSN(t)
	ctx := context.Background()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/") + "_guest"
	for _, sql := range []string{
		"CREATE ROLE " + quoted(name) + " LOGIN NOSUPERUSER NOCREATEDB",
	} {
		if _, err := c.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		c, err := pgx.Connect(ctx, dsn)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close(ctx)
		for _, sql := range []string{"DROP OWNED BY " + quoted(name), "DROP ROLE " + quoted(name)} {
			if _, err := c.Exec(ctx, sql); err != nil {
				t.Error(err)
			}
		}
	})
	u.User = url.User(name)
	o := Options{Schema: shopSchema(t), Capture: askPostgres(t, questions()[:4]), Database: u.String(), Rows: RowsLeast, NoAdvice: true, Scenarios: []Scenario{More}}
	if _, err := Run(ctx, o); err == nil || !strings.Contains(err.Error(), "CREATEDB") {
		t.Errorf("a role that may make nothing gets %v", err)
	}
	if _, err := c.Exec(ctx, "GRANT CREATE ON DATABASE "+quoted(strings.TrimPrefix(u.Path, "/"))+" TO "+quoted(name)); err != nil {
		t.Fatal(err)
	}
	rep, err := Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range rep.Verdicts {
		if v.Class != Flat {
			t.Errorf("%s: %s, %s", v.Label, v.Class, v.Reason)
		}
	}
	if n := leftovers(t, dsn); n > 0 {
		t.Errorf("%d schemas are left", n)
	}
}
