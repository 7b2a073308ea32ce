package schema_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

// Parse takes any text without a panic; every mistake has a place, and what parses is printed and parses to the same.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/files/*.graphql")
	for _, path := range append(files, "../demo/schema.graphql") {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	text, err := os.ReadFile("testdata/mistakes.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range strings.Split(string(text), "\n====\n") {
		_, file, _ := strings.Cut(c, "\n")
		file, _, _ = strings.Cut(file, "\n----\n")
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, mistakes := schema.Parse(sources(text)...)
		for _, m := range mistakes {
			if m.Line < 1 || m.Column < 1 || m.Length < 1 || m.String() == "" {
				t.Fatalf("a mistake without a place: %+v", m)
			}
		}
		if s == nil {
			return
		}
		printed := schema.Print(s)
		again, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: printed})
		if len(mistakes) > 0 {
			t.Fatalf("%s\n\n%s", schema.Mistakes(mistakes), printed)
		}
		if schema.Print(again) != printed {
			t.Fatalf("printed twice: %s", firstDifference(printed, schema.Print(again)))
		}
		if changes := schema.Diff(s, again); len(changes) > 0 {
			t.Fatalf("Diff says %s", changes[0])
		}
	})
}

// The scanner takes any SQL, with any head.
func FuzzNamedQuery(f *testing.F) {
	for _, text := range []string{
		"-- f(a: Int! = 5): [{id: bigint!, name: String}!]!\n-- What it is.\nSELECT :a",
		"-- f: void\nDELETE FROM t WHERE x = ':a' AND y = $$:b$$ /* :c /* */ */ -- :d\n;",
		"-- f(a: [Int!]): t!\nSELECT E'\\'', \"a:b\", `c`, x::int, :a::int[]",
		"--\n--\n", "", "-- f(", "-- f: {", "-- f: [", "-- f:", "$", ":", "$a$", "'", "/*", "-- f(): Int\n$1$2",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, mistakes := schema.Parse(
			schema.Source{Name: "schema.graphql", Text: "type t @table {\n  id: Int! @id\n}\n"},
			schema.Source{Name: "queries/f.sql", Text: text},
		)
		if s == nil && len(mistakes) == 0 {
			t.Fatal("neither a schema nor a mistake")
		}
		for _, m := range mistakes {
			_ = m.String()
		}
	})
}
