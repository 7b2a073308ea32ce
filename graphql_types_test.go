package pintail_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/internal/api/graphql"
	"github.com/pintail-dev/pintail/schema"
)

// TestGraphQLTypes gives graphql-js the introspection and the printed types of the demo, of a schema with everything strange
// and of one with strange names only: both must be valid, and the same.
func TestGraphQLTypes(t *testing.T) {
	if testing.Short() {
		t.Skip("needs Node.js and the npm packages; `make test` installs and runs it")
	}
	if _, err := os.Stat("clients/node_modules/graphql"); err != nil {
		t.Fatal("the npm packages are missing; `make deps` installs them")
	}
	node := func(stdin []byte, mode string) string {
		cmd := exec.Command("node", "graphql-types.js", mode)
		var errs bytes.Buffer
		cmd.Dir, cmd.Stdin, cmd.Stderr = "clients", bytes.NewReader(stdin), &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, errs.String())
		}
		return string(out)
	}
	query := node(nil, "query")
	var lines bytes.Buffer
	files := map[string]string{"demo": "demo/schema.graphql", "everything": "internal/api/graphql/testdata/strange.graphql", "names": ""}
	for name, path := range files {
		text := strangeSchema(strangeNames)
		if path != "" {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: text})
		if s == nil {
			t.Fatal(schema.Mistakes(mistakes))
		}
		types := graphql.NewTypes(s, graphql.TypesOptions{EnumValues: func(*schema.Table) []graphql.EnumValue {
			return []graphql.EnumValue{{Name: "red", Value: "red"}}
		}})
		var sdl strings.Builder
		if err := types.WriteSDL(&sdl); err != nil {
			t.Fatal(err)
		}
		line, err := json.Marshal(map[string]any{"name": name, "sdl": sdl.String(), "introspection": json.RawMessage(`{"__schema":` + introspected(t, types, query) + `}`)})
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	out := strings.Split(strings.TrimSpace(node(lines.Bytes(), "check")), "\n")
	if len(out) != len(files) {
		t.Errorf("%d schemas were checked", len(out))
	}
	for _, said := range out {
		if !strings.HasSuffix(said, " types") {
			t.Error(said)
		}
	}
}

// introspected answers an introspection query of one root field.
func introspected(t *testing.T, types *graphql.Types, query string) string {
	t.Helper()
	doc, err := graphql.ParseDocument(query, graphql.DocumentLimits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := types.Validate(doc, "", graphql.DocumentLimits{}); err != nil {
		t.Fatal(err)
	}
	i := graphql.Introspection{
		Types:    types,
		Fragment: func(name string) ast.SelectionSet { return doc.Fragments.ForName(name).SelectionSet },
		Value:    func(v *ast.Value) *ast.Value { return v },
		BytesMax: 32 << 20,
	}
	out, err := i.Append(nil, doc.Operations[0].SelectionSet[0].(*ast.Field))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
