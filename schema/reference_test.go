package schema

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// docs/schema.md knows every directive and argument, and its examples are schema files.
func TestReference(t *testing.T) {
	text, err := os.ReadFile("../docs/schema.md")
	if err != nil {
		t.Fatal(err)
	}
	reference := string(text)
	for _, d := range directives {
		if !strings.Contains(reference, "@"+d.name) {
			t.Errorf("docs/schema.md says nothing of @%s", d.name)
		}
		for _, a := range d.args {
			if !strings.Contains(reference, a.name+":") {
				t.Errorf("docs/schema.md says nothing of @%s(%s:)", d.name, a.name)
			}
			for _, w := range a.words {
				if !strings.Contains(reference, w) {
					t.Errorf("docs/schema.md says nothing of @%s(%s: %s)", d.name, a.name, w)
				}
			}
		}
	}
	for _, o := range append(whereOps, columnOps...) {
		if !strings.Contains(reference, o.name) {
			t.Errorf("docs/schema.md says nothing of %s", o.name)
		}
	}
	for _, b := range core {
		if !strings.Contains(reference, "`"+b.scalar+"`") {
			t.Errorf("docs/schema.md says nothing of %s", b.scalar)
		}
	}
	whole := regexp.MustCompile(`^("|type |enum |scalar |extend )`)
	examples := 0
	for _, block := range strings.Split(reference, "```graphql\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		if !whole.MatchString(block) {
			continue // a part of a type
		}
		examples++
		if s, mistakes := Parse(Source{Name: "docs/schema.md", Text: block}); s == nil {
			t.Errorf("%s\n\n%s", Mistakes(mistakes), block)
		}
	}
	if examples < 8 {
		t.Errorf("only %d examples were read", examples)
	}
}
