package pintail_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/schema"
)

// TestAnIndexIsDroppedOnPostgreSQL drops an index under the whole program: just the requests that need it are refused, for as long as it
// is away, and whoever notify.webhook names is told.
func TestAnIndexIsDroppedOnPostgreSQL(t *testing.T) {
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: `
type item @table @index(columns: ["kind"], name: "item_kind") {
  id: bigint! @id
  kind: bigint!
}`})
	if len(mistakes) > 0 {
		t.Fatal(schema.Mistakes(mistakes))
	}
	dsn := pgtest.DSN(t)
	d, err := migrate.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Sync(t.Context(), s, migrate.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	d.Close(context.Background())
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec("INSERT INTO item SELECT i, i % 2000 FROM generate_series(1, 20000) i")
	exec("ANALYZE")

	notices := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n struct {
			Event string `json:"event"`
			Text  string `json:"text"`
		}
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
			t.Error(err)
		}
		notices <- n.Event + " " + n.Text
	}))
	defer hook.Close()
	app := serve(t, s, dsn, func(c *pintail.Config) { c.NotifyWebhook, c.GuardHold = hook.URL, 2*time.Second })
	get := func(query string) (int, http.Header, string) {
		t.Helper()
		r, err := http.Get(app.rest + "item?" + query)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, r.Header, string(body)
	}
	within := func(what string, f func() bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			if f() {
				return
			}
		}
		t.Fatalf("it never came to this: %s: %+v", what, app.app.Guard())
	}
	for _, q := range []string{"kind=eq.7&select=id", "id=eq.7"} {
		if status, _, body := get(q); status != 200 {
			t.Fatalf("%s: %d %s", q, status, body)
		}
	}
	within("contracts", func() bool { return app.app.Guard().Contracts == 2 })

	exec("DROP INDEX item_kind")
	within("refused", func() bool { status, _, _ := get("kind=eq.7&select=id"); return status == 503 })
	status, header, body := get("kind=eq.8&select=id")
	if status != 503 || header.Get("Retry-After") == "" || !strings.Contains(body, `"PT510"`) {
		t.Errorf("%d, Retry-After %q: %s", status, header.Get("Retry-After"), body)
	}
	within("answered again", func() bool {
		if status, _, body := get("id=eq.7"); status != 200 {
			t.Errorf("a request that doesn't need the index: %d %s", status, body)
		}
		status, _, _ := get("kind=eq.7&select=id")
		return status == 200
	})
	within("recorded", func() bool { st := app.app.Guard(); return len(st.Incidents) == 1 && st.Incidents[0].State.Ended() })
	for _, want := range []string{"begin Pintail: the index item_kind on item is missing. Who: postgres", "repaired Pintail: repaired after "} {
		select {
		case got := <-notices:
			if !strings.HasPrefix(got, want) {
				t.Errorf("told %q, want %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("nobody was told %q", want)
		}
	}
}
