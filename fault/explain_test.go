package fault

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// Every code that the source names has an explanation, and every explanation says something.
func TestExplanations(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	named := map[Code]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Code" {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if other := named[Code(text)]; other != "" {
			t.Errorf("%s and %s are both %s", other, spec.Names[0].Name, text)
		}
		named[Code(text)] = spec.Names[0].Name
		return true
	})
	if len(named) < 80 {
		t.Fatalf("found only %d codes in code.go", len(named))
	}
	seen := map[Code]bool{}
	for _, e := range Explanations() {
		if seen[e.Code] {
			t.Errorf("%s is explained twice", e.Code)
		}
		seen[e.Code] = true
		if named[e.Code] == "" {
			t.Errorf("%s is explained, and no constant", e.Code)
		}
		if e.Status < 300 || e.Status > 599 || e.Title == "" || !strings.HasSuffix(e.Why, ".") || !strings.HasSuffix(e.Do, ".") {
			t.Errorf("%s is not fully explained: %+v", e.Code, e)
		}
	}
	for code, name := range named {
		if !seen[code] {
			t.Errorf("%s (%s) has no explanation", name, code)
		}
	}
}

// SQLSTATEs without an explanation take the status of their class.
func TestStatus(t *testing.T) {
	for code, want := range map[Code]int{
		"PGRST100": 400, "PGRST116": 406, "PGRST201": 300, "PGRST205": 404, "PGRST003": 504,
		"08006": 503, "09000": 500, "0L000": 403, "0P000": 403, "21000": 500, "22012": 400, "23502": 400, "23503": 409, "23505": 409,
		"25001": 500, "25006": 405, "28000": 403, "2D000": 500, "38000": 500, "39000": 500, "3B000": 500, "40001": 500,
		"42501": 403, "42601": 400, "42883": 404, "42P01": 404, "42P17": 500, "53100": 503, "53400": 500, "54001": 500, "55000": 500,
		"57000": 500, "57P01": 503, "58000": 500, "F0000": 500, "HV000": 500, "P0001": 400, "P0002": 500, "XX000": 500,
		"PT402": 402, "PT999": 500, "PTabc": 500, "PT500": 500, "PT101": 400, "PT200": 503, "": 400, "123": 400,
	} {
		if got := code.Status(); got != want {
			t.Errorf("%q answers %d, want %d", code, got, want)
		}
	}
}
