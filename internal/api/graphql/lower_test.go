package graphql

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// small is the schema of the tests of lowering.
func small(t testing.TB) *Types {
	return NewTypes(parse(t, file(t, "testdata/schema.graphql"), schema.Source{Name: "queries/rated.sql", Text: rated}), TypesOptions{})
}

const rated = `-- rated(least: Int! = 3, kinds: [String!]): [{title: String!, rating: bigint!}!]!
SELECT title, rating FROM article WHERE rating >= :least AND :kinds IS NULL
`

// ask lowers one request.
func ask(t testing.TB, d *Dialect, document, variables string) (*Operation, error) {
	t.Helper()
	r := &Request{Query: document}
	if variables != "" {
		v, err := parseJSON(variables, 64)
		if err != nil {
			t.Fatal(err)
		}
		r.Variables = v
	}
	return d.Prepare(r, "admin")
}

// TestLower makes queries of documents: each file under testdata/lower holds cases, a name after "== ", the document, after
// "-- variables" what they hold, and after "-- query" what it comes to.
func TestLower(t *testing.T) {
	files, err := filepath.Glob("testdata/lower/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	types := small(t)
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			text := file(t, name)
			var out strings.Builder
			for i, one := range strings.Split("\n"+text, "\n== ") {
				if i == 0 {
					continue
				}
				title, rest, _ := strings.Cut(one, "\n")
				given, _, _ := strings.Cut(rest, "-- query\n")
				document, variables, _ := strings.Cut(given, "-- variables\n")
				d := NewDialect(types, Options{StringifyNumeric: strings.HasPrefix(title, "stringified")})
				out.WriteString("== " + title + "\n" + given + "-- query\n" + lowered(t, d, document, variables) + "\n")
			}
			if *update {
				if err := os.WriteFile(name, []byte(out.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if out.String() != text {
				t.Errorf("the queries changed; look at the difference and run `go test . -update` if it is meant\n--- got\n%s", out.String())
			}
		})
	}
}

// lowered gives the query's text, or the error's. What was prepared must come to the same as what is lowered anew.
func lowered(t *testing.T, d *Dialect, document, variables string) string {
	t.Helper()
	op, err := ask(t, d, document, variables)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) {
			t.Fatal(err)
		}
		return e.Path + " " + e.Error() + "\n"
	}
	again, err := ask(t, d, document, variables)
	if err != nil {
		t.Fatalf("%s\nanother error the second time: %v", document, err)
	}
	if !sameArgs(op.Args, again.Args) || string(op.Shape) != string(again.Shape) {
		t.Errorf("%s\nprepared, it has other arguments: %v, lowered %v", document, again.Args, op.Args)
	}
	if op.Query == nil {
		return "nothing\n"
	}
	return query.Dump(op.Query)
}

func sameArgs(a, b query.Args) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, y := a[i], b[i]
		if x.Text != y.Text || x.Null != y.Null || x.IsList != y.IsList || strings.Join(x.List, "\x00") != strings.Join(y.List, "\x00") {
			return false
		}
	}
	return true
}
