package graphql

import (
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/query"
)

// TestNullVariable: a null for a variable that must have a value is refused where the document uses it first.
func TestNullVariable(t *testing.T) {
	d := NewDialect(NewTypes(demo(t), TypesOptions{}), Options{})
	for _, c := range []struct{ document, path string }{
		{`query ($id: bigint!) { customer(where: {_or: [{name: {_eq: "x"}}, {id: {_eq: $id}}]}) { id } }`, "$.selectionSet.customer.args.where._or[1].id._eq"},
		{`query ($id: Int!) { customer { ...f } } fragment f on customer { orders(limit: $id) { id } }`, "$.selectionSet.customer.selectionSet.orders.args.limit"},
		{`query ($id: Int!) { customer { id } }`, "$"},
	} {
		r, err := NewRequest(c.document, "", `{"id": null}`, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Prepare(r, query.Admin.Role)
		if err == nil || !strings.Contains(pathOf(err), c.path) || len(pathOf(err)) != len(c.path) {
			t.Errorf("%s: %q (%v), not %q", c.document, pathOf(err), err, c.path)
		}
	}
}

func pathOf(err error) string {
	if e, ok := err.(*Error); ok {
		return e.Path
	}
	return ""
}
