package pintail_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/shoptest"
	"github.com/pintail-dev/pintail/query"
)

// TestGraphQLShop asks one operation after the other of a shop on each engine: testdata/graphql.txt has a document, perhaps
// the variables behind "-- variables", and after "-- answer" what both engines answer. Writes stay.
func TestGraphQLShop(t *testing.T) {
	const golden = "testdata/graphql.txt"
	s := shoptest.Schema(t)
	lite := node.New(s, shoptest.SQLite(t, s), auth.Open(), node.Options{})
	pg := node.New(s, shoptest.PostgreSQL(t, s), auth.Open(), node.Options{})
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for i, one := range strings.Split("\n"+string(text), "\n== ") {
		if i == 0 {
			continue
		}
		title, rest, _ := strings.Cut(one, "\n")
		given, _, _ := strings.Cut(rest, "-- answer\n")
		document, variables, _ := strings.Cut(given, "-- variables\n")
		ask := func(n *node.Node) string {
			body, err := n.GraphQL(context.Background(), query.Admin, document, "", []byte(variables))
			if err != nil {
				t.Fatalf("%s: %v", title, err)
			}
			return string(body)
		}
		a, b := ask(lite), ask(pg)
		if a != b {
			t.Errorf("%s: the engines differ\n--- SQLite\n%s\n--- PostgreSQL\n%s", title, a, b)
		}
		out.WriteString("== " + title + "\n" + given + "-- answer\n" + a + "\n\n")
	}
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if out.String() != string(text) {
		t.Errorf("the answers changed; look at the difference and run `go test . -run TestGraphQLShop -update` if it is meant\n%s", difference(string(text), out.String()))
	}
}
