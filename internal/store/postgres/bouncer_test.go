package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/store/postgres"
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
