package graphql

import (
	"bytes"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/pintail-dev/pintail/schema"
)

// FuzzTypes: any schema file that is right gives types that are whole, and a valid GraphQL schema.
func FuzzTypes(f *testing.F) {
	f.Add(file(f, "../../../demo/schema.graphql"))
	for part := range strings.SplitSeq(file(f, "testdata/strange.graphql"), "\n\n") {
		f.Add("extend schema @database(engine: POSTGRES)\n" + part)
	}
	f.Add(file(f, "testdata/strange.graphql"))
	f.Add(authors)
	f.Fuzz(func(t *testing.T, text string) {
		s, _ := schema.Parse(schema.Source{Name: "schema.graphql", Text: text})
		if s == nil || len(s.Tables) > 50 {
			return
		}
		types := NewTypes(s, TypesOptions{EnumValues: colors})
		checkWhole(t, types)
		var sdl bytes.Buffer
		if err := types.WriteSDL(&sdl); err != nil {
			t.Fatal(err)
		}
		if _, err := validator.LoadSchema(validator.Prelude, &ast.Source{Input: sdl.String()}); err != nil {
			t.Errorf("%v\n%s", err, sdl.String())
		}
	})
}
