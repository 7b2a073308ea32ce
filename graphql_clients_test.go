package pintail_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/pintail-dev/pintail/internal/api/graphql"
	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/shoptest"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// TestGraphQLClients asks with Apollo Client, urql and graphql-request, unmodified. Each operation must give the same answer
// on both engines and a query that no other gives; queries and answers stand in a golden file.
func TestGraphQLClients(t *testing.T) {
	if testing.Short() {
		t.Skip("needs Node.js and the npm packages; `make test` installs and runs it")
	}
	needPackages(t, "@apollo/client", "@urql/core", "graphql-request")
	s := shoptest.Schema(t)
	asked := newDocuments(s)
	serve := func(st store.Store) string {
		server := httptest.NewServer(asked.before(node.NewFront(node.New(s, st, auth.Open(), node.Options{}), node.Limits{}, nil, nil)))
		t.Cleanup(server.Close)
		return server.URL + node.GraphQLPath
	}
	out := script(t, "graphql-ask.js", serve(shoptest.SQLite(t, s)), serve(shoptest.PostgreSQL(t, s)))
	var got strings.Builder
	seen := map[string]string{}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for _, line := range lines {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, `{"name":"`), `"`)
		dump := asked.dumps[name]
		if other, ok := seen[dump]; ok && dump != "" {
			t.Errorf("the operations %q and %q give the same query", name, other)
		}
		seen[dump] = name
		fmt.Fprintf(&got, "== %s\n%s%s\n", name, dump, line)
	}
	if len(seen) < 120 {
		t.Errorf("only %d different queries", len(seen))
	}
	golden(t, "testdata/graphql-clients.golden", got.String())
}

// TestGraphQLCodegen makes types of the API with graphql-codegen, and lets the TypeScript compiler judge uses that are right and wrong.
func TestGraphQLCodegen(t *testing.T) {
	if testing.Short() {
		t.Skip("needs Node.js and the npm packages; `make test` installs and runs it")
	}
	needPackages(t, "@graphql-codegen/core", "typescript")
	s := shoptest.Schema(t)
	server := httptest.NewServer(node.NewFront(node.New(s, shoptest.SQLite(t, s), auth.Open(), node.Options{}), node.Limits{}, nil, nil))
	t.Cleanup(server.Close)
	script(t, "graphql-codegen.js", server.URL+node.GraphQLPath, t.TempDir())
}

func needPackages(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := os.Stat("clients/node_modules/" + name); err != nil {
			t.Fatal("the npm packages are missing; `make deps` installs them")
		}
	}
}

// script runs one of the clients' scripts and gives what it prints.
func script(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command("node", append([]string{name}, args...)...)
	cmd.Dir = "clients"
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, errs.String(), out)
	}
	return string(out)
}

// golden holds got against a file, or with -update writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: look at the difference and run `go test . -run %s -update` if it is meant\n%s", file, t.Name(), difference(string(want), got))
	}
}

// documents keeps the query that each operation's first request became.
type documents struct {
	mu      sync.Mutex
	dialect *graphql.Dialect
	dumps   map[string]string
}

func newDocuments(s *schema.Schema) *documents {
	return &documents{dumps: map[string]string{}, dialect: graphql.NewDialect(graphql.NewTypes(s, graphql.TypesOptions{}), graphql.Options{})}
}

func (d *documents) before(h http.Handler) http.Handler {
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
		d.keep(name, body)
		h.ServeHTTP(w, r)
	})
}

func (d *documents) keep(name string, body []byte) {
	var asked struct {
		Query, OperationName string
		Variables            json.RawMessage
	}
	dump := ""
	if json.Unmarshal(body, &asked) == nil {
		if r, err := graphql.NewRequest(asked.Query, asked.OperationName, string(asked.Variables), graphql.Limits{}); err == nil {
			if op, err := d.dialect.Prepare(r, query.Admin.Role); err == nil && op.Query != nil {
				dump = query.Dump(op.Query)
			}
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.dumps[name]; !ok {
		d.dumps[name] = dump
	}
}
