package pintail_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/api/graphql"
	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shoptest"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/store/dialect/pgsql"
	"github.com/pintail-dev/pintail/query"
)

// FuzzDocument gives any document with any variables to GraphQL. It is an error that says where it is, or one statement of
// each engine, in which no value of the request stands; what was prepared has the values that lowering anew gives; and on
// SQLite it is answered without a word of the inside.
func FuzzDocument(f *testing.F) {
	text, err := os.ReadFile("testdata/graphql.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, one := range strings.Split("\n"+string(text), "\n== ")[1:] {
		_, rest, _ := strings.Cut(one, "\n")
		given, _, _ := strings.Cut(rest, "-- answer\n")
		document, variables, _ := strings.Cut(given, "-- variables\n")
		f.Add(document, variables)
	}
	for _, variables := range []string{`{"w": {"name": {"_eq": "'; DROP TABLE toast; --"}}}`, `{"w": {"_or": [{"id": {"_in": [1, "2"]}}, {"recipe": {"grams": {"_gt": 3}}}]}}`, `{"w": null}`} {
		f.Add(`query ($w: toast_bool_exp, $o: [toast_order_by!]) { toast(where: $w, order_by: $o) { id } }`, variables)
	}
	f.Add(`mutation ($o: [toast_insert_input!]!) { insert_toast(objects: $o) { affected_rows } }`, `{"o": [{"name": "x\"'y", "notes": {"a": [1e3]}, "recipe": {"data": [{"grams": 1}]}}]}`)
	f.Add(`query ($p: String) { toast { notes(path: $p) } __schema { queryType { name } } }`, `{"p": "$.a[0]['b c']"}`)
	f.Add(`{ toast(where: {name: {_eq: "\u0000"}}) { ...f } } fragment f on toast { ...f }`, "")
	s := shoptest.Schema(f)
	types := graphql.NewTypes(s, graphql.TypesOptions{})
	n := node.New(s, shoptest.SQLite(f, s), auth.Open(), node.Options{REST: node.RESTOptions{TxEnd: "rollback"}})
	f.Fuzz(func(t *testing.T, document, variables string) {
		r, err := graphql.NewRequest(document, "", variables, graphql.Limits{})
		if err != nil {
			return
		}
		d := graphql.NewDialect(types, graphql.Options{Rollback: true})
		op, err := d.Prepare(r, query.Admin.Role)
		if err != nil {
			var e *graphql.Error
			if !errors.As(err, &e) || e.Path == "" || e.Message == "" || e.Code == "" {
				t.Fatalf("an error without path, code or message: %#v", err)
			}
			return
		}
		again, err := d.Prepare(r, query.Admin.Role)
		if err != nil || len(op.Args) != len(again.Args) || string(op.Shape) != string(again.Shape) {
			t.Fatalf("prepared it is another one: %v", err)
		}
		for i := range op.Args {
			if a, b := op.Args[i], again.Args[i]; a.Text != b.Text || a.Null != b.Null || strings.Join(a.List, "\x00") != strings.Join(b.List, "\x00") {
				t.Fatalf("argument %d is %+v, and prepared %+v", i, a, b)
			}
		}
		if op.Query != nil {
			checkStatements(t, op, func(q query.Query) (*plan.Plan, error) { return plan.Resolve(q, s, plan.Options{EmbedDepthMax: 12}) })
		}
		body, err := n.GraphQL(context.Background(), query.Admin, document, "", []byte(variables))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(body), `"PT500"`) {
			t.Errorf("%s", body)
		}
	})
}

// checkStatements holds the SQL of an operation's members against its values: none of them stands in it.
func checkStatements(t *testing.T, op *graphql.Operation, resolve func(query.Query) (*plan.Plan, error)) {
	p, err := resolve(op.Query)
	if err != nil {
		return
	}
	steps := p.Steps
	if p.Op != plan.Sequence {
		steps = []*plan.Plan{p}
	}
	for _, step := range steps {
		for _, sql := range []string{liteText(step), pgText(step)} {
			for _, a := range op.Args {
				for _, v := range append(a.List, a.Text) {
					if strings.ContainsAny(v, `'";`) && len(v) > 8 && strings.Contains(sql, v) {
						t.Errorf("the value %q stands in %s", v, sql)
					}
				}
			}
		}
	}
	if p.Op == plan.Sequence {
		_, liteErr := litesql.Compile(p)
		_, pgErr := pgsql.Compile(p, pgsql.Options{})
		if p.ReadsOnly() && (liteErr != nil || pgErr != nil) {
			t.Errorf("a sequence of reads is no statement: %v, %v", liteErr, pgErr)
		}
	}
}
