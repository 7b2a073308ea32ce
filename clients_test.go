package pintail_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/pintail-dev/pintail/internal/api/rest"
	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/shoptest"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// TestPostgrestJS asks with the unmodified @supabase/postgrest-js. Each call must give the same answer on both engines and
// a query that no other call gives; queries and answers stand in a golden file.
func TestPostgrestJS(t *testing.T) {
	if testing.Short() {
		t.Skip("needs Node.js and the npm packages; `make test` installs and runs it")
	}
	needPackages(t, "@supabase/postgrest-js")
	s := shoptest.Schema(t)
	asked := &recorder{queries: map[string]string{}}
	serve := func(st store.Store) string {
		n := node.New(s, st, auth.Open(), node.Options{REST: node.RESTOptions{Aggregates: true}})
		server := httptest.NewServer(asked.before(node.NewFront(n, node.Limits{}, nil, nil)))
		t.Cleanup(server.Close)
		return server.URL + "/rest/v1"
	}
	out := script(t, "postgrest-ask.js", serve(shoptest.SQLite(t, s)), serve(shoptest.PostgreSQL(t, s)))
	var got strings.Builder
	seen := map[string]string{}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for _, line := range lines {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, `{"name":"`), `"`)
		dump := asked.queries[name]
		if other, ok := seen[dump]; ok && dump != "" {
			t.Errorf("the calls %q and %q give the same query", name, other)
		}
		seen[dump] = name
		fmt.Fprintf(&got, "== %s\n%s%s\n", name, dump, line)
	}
	if len(lines) < 80 {
		t.Errorf("only %d calls", len(lines))
	}
	golden(t, "testdata/postgrest-js.golden", got.String())
}

// difference gives the first lines that differ.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, not %d", len(b), len(a))
}

// A recorder keeps the query that each call's first request became.
type recorder struct {
	mu      sync.Mutex
	queries map[string]string
}

func (rec *recorder) before(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		in := &node.Request{
			Method: r.Method, Path: strings.TrimPrefix(r.URL.Path, "/rest/v1"), RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery,
			Header: r.Header.Get, Values: r.Header.Values, Body: bytes.NewReader(body), BodyLen: int64(len(body)),
		}
		dump := ""
		if ask, err := rest.Parse(in, rest.Options{Prefix: "/rest/v1"}); err == nil {
			dump = query.Dump(ask.Query)
		}
		name := r.Header.Get("X-Call")
		rec.mu.Lock()
		if _, ok := rec.queries[name]; !ok {
			rec.queries[name] = dump
		}
		rec.mu.Unlock()
		h.ServeHTTP(w, r)
	})
}
