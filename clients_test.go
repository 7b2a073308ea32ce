package pintail_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	asked := newRecorder(restDump)
	serve := func(st store.Store) string {
		n := node.New(s, st, auth.Open(), node.Options{REST: node.RESTOptions{Aggregates: true}})
		server := httptest.NewServer(asked.before(node.NewFront(n, node.Limits{}, nil, nil)))
		t.Cleanup(server.Close)
		return server.URL + "/rest/v1"
	}
	out := script(t, "postgrest-ask.js", serve(shoptest.SQLite(t, s)), serve(shoptest.PostgreSQL(t, s)))
	golden(t, "testdata/postgrest-js.golden", asked.beside(t, out, 80))
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

// A recorder keeps the query that each call's first request became, by the name in its X-Call.
type recorder struct {
	dump func(r *http.Request, body []byte) string // "" for what is no query

	mu    sync.Mutex
	dumps map[string]string
}

func newRecorder(dump func(*http.Request, []byte) string) *recorder {
	return &recorder{dump: dump, dumps: map[string]string{}}
}

func (rec *recorder) before(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		name, err := url.QueryUnescape(strings.ReplaceAll(r.Header.Get("X-Call"), "+", "%2B"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		rec.keep(name, rec.dump(r, body))
		h.ServeHTTP(w, r)
	})
}

func (rec *recorder) keep(name, dump string) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if _, ok := rec.dumps[name]; !ok {
		rec.dumps[name] = dump
	}
}

// beside gives the lines that a client printed, one a call, each behind its name and its query. No two calls may have become the
// same query, and there are at least so many queries.
func (rec *recorder) beside(t *testing.T, out string, least int) string {
	t.Helper()
	var b strings.Builder
	seen := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimSpace(out), "\n") {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, `{"name":"`), `"`)
		dump := rec.dumps[name]
		if other, ok := seen[dump]; ok && dump != "" {
			t.Errorf("the calls %q and %q became the same query", name, other)
		}
		seen[dump] = name
		fmt.Fprintf(&b, "== %s\n%s%s\n", name, dump, line)
	}
	if len(seen) < least {
		t.Errorf("got %d different queries, want at least %d", len(seen), least)
	}
	return b.String()
}

// restDump is the query that a REST request becomes.
func restDump(r *http.Request, body []byte) string {
	in := &node.Request{
		Method: r.Method, Path: strings.TrimPrefix(r.URL.Path, "/rest/v1"), RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery,
		Header: r.Header.Get, Values: r.Header.Values, Body: bytes.NewReader(body), BodyLen: int64(len(body)),
	}
	ask, err := rest.Parse(in, rest.Options{Prefix: "/rest/v1"})
	if err != nil {
		return ""
	}
	return query.Dump(ask.Query)
}
