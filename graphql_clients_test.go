package pintail_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
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
	asked := newRecorder(graphqlDump(s))
	serve := func(st store.Store) string {
		server := httptest.NewServer(asked.before(node.NewFront(node.New(s, st, auth.Open(), node.Options{}), node.Limits{}, nil, nil)))
		t.Cleanup(server.Close)
		return server.URL + node.GraphQLPath
	}
	out := script(t, "graphql-ask.js", serve(shoptest.SQLite(t, s)), serve(shoptest.PostgreSQL(t, s)))
	golden(t, "testdata/graphql-clients.golden", asked.beside(t, out, 120))
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

// graphqlDump gives the query that a GraphQL request becomes.
func graphqlDump(s *schema.Schema) func(*http.Request, []byte) string {
	dialect := graphql.NewDialect(graphql.NewTypes(s, graphql.TypesOptions{}), graphql.Options{})
	return func(_ *http.Request, body []byte) string {
		var asked struct {
			Query, OperationName string
			Variables            json.RawMessage
		}
		if json.Unmarshal(body, &asked) != nil {
			return ""
		}
		r, err := graphql.NewRequest(asked.Query, asked.OperationName, string(asked.Variables), graphql.Limits{})
		if err != nil {
			return ""
		}
		op, err := dialect.Prepare(r, query.Admin.Role)
		if err != nil || op.Query == nil {
			return ""
		}
		return query.Dump(op.Query)
	}
}
