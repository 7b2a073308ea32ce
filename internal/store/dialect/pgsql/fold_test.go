package pgsql_test

import (
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/store/dialect/pgsql"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Patterns that don't mind case get a collation where the column would know ASCII only, and leave indexes for patterns usable.
func TestFold(t *testing.T) {
	s := full()
	book, _ := s.TableNamed(query.Name{Name: "book"})
	title, _ := book.Column("title")
	compiled := func(request string) string {
		p, err := ask(s, request)
		if err != nil {
			t.Fatal(err)
		}
		st, err := pgsql.Compile(p, pgsql.Options{Default: s.Default, Fold: `C."utf8`})
		if err != nil {
			t.Fatal(err)
		}
		return st.SQL
	}
	const clause = ` COLLATE pg_catalog."C.""utf8" `
	for request, want := range map[string]bool{
		"GET /book?select=id&title=ilike.x": true, "GET /book?select=id&title=imatch.x": true, "GET /book?select=id&meta->>a=ilike.x": true,
		"GET /book?select=id&title=like.x": false, "GET /book?select=id&title=match.x": false, "GET /book?select=id&title=eq.x": false,
	} {
		if got := compiled(request); strings.Contains(got, clause) != want {
			t.Errorf("%s: %s", request, got)
		}
	}
	title.Collate = "de_DE"
	if got := compiled("GET /book?select=id&title=ilike.x"); strings.Contains(got, clause) {
		t.Error("a collation of the column's own is passed by:", got)
	}
	title.Collate = ""
	book.Indexes = append(book.Indexes, &schema.Index{Table: book, Method: "gin", Columns: []schema.IndexColumn{{Column: title, Class: "gin_trgm_ops"}}})
	if got := compiled("GET /book?select=id&title=ilike.x"); strings.Contains(got, clause) {
		t.Error("an index for patterns is of no use:", got)
	}
}
