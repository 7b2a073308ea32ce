package migrate

import (
	"context"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/pgtest"
)

// TestEventTriggerIsItsOwners: an event trigger acts with the rights of whoever drops something, so that no superuser makes one of what
// another role owns and could change.
func TestEventTriggerIsItsOwners(t *testing.T) {
	dsn := pgtest.DSN(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	text := func(sql string) (out string) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), sql).Scan(&out); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		return out
	}
	role := "keeper_" + text("SELECT current_database()")
	name := pgx.Identifier{role}.Sanitize()
	t.Cleanup(func() {
		conn.Exec(context.Background(), "DROP OWNED BY "+name+" CASCADE; DROP ROLE "+name, pgx.QueryExecModeSimpleProtocol)
	})
	if _, err := conn.Exec(t.Context(), "CREATE ROLE "+name+" LOGIN; GRANT ALL ON SCHEMA public TO "+name+"; GRANT CREATE ON DATABASE "+
		pgx.Identifier{text("SELECT current_database()")}.Sanitize()+" TO "+name, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	s := parse(t, "type shop @table { id: bigint! @id }")
	apply := func(user string) {
		t.Helper()
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		if user != "" {
			u.User = url.User(user)
		}
		d, err := Open(t.Context(), u.String())
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close(context.Background())
		if _, err := d.Sync(t.Context(), s, RunOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	const triggers = "SELECT count(*)::text FROM pg_event_trigger WHERE evtname = 'pintail_drops'"
	apply(role) // which may make none
	apply("")
	if n := text(triggers); n != "0" {
		t.Errorf("a superuser made an event trigger of what %s can change", role)
	}
	if _, err := conn.Exec(t.Context(), "REASSIGN OWNED BY "+name+" TO CURRENT_USER"); err != nil {
		t.Fatal(err)
	}
	apply("")
	if n := text(triggers); n != "1" {
		t.Errorf("of what is its own the superuser made %s", n)
	}
}
