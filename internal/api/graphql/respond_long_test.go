package graphql

import (
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/query"
)

// TestLongNames: what a client made up doesn't come back whole.
func TestLongNames(t *testing.T) {
	d := NewDialect(NewTypes(demo(t), TypesOptions{}), Options{})
	name := strings.Repeat("x", 60_000)
	for _, document := range []string{
		"{ customer { " + name + " } }", "{ customer(where: {" + name + ": {}}) { id } }", "{ customer(" + name + ": 1) { id } }", "{ " + name + " }",
	} {
		r, err := NewRequest(document, "", "", Limits{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Prepare(r, query.Admin.Role)
		if err == nil {
			t.Fatal("a name that nobody gave is known")
		}
		if out := appendErrors(nil, err); len(out) > 2000 {
			t.Errorf("%s…: %d bytes", document[:20], len(out))
		}
	}
}
