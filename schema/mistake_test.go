package schema_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

var update = flag.Bool("update", false, "write what comes out into testdata")

// testdata/mistakes.txt has a case after a case: what is wrong, the file, and the mistakes as a person sees them. A case whose
// file begins with a line "== NAME" has several files.
func TestMistakes(t *testing.T) {
	const path = "testdata/mistakes.txt"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	sentences := map[string]bool{}
	for _, c := range strings.Split(strings.TrimSpace(string(text)), "\n====\n") {
		title, rest, _ := strings.Cut(c, "\n")
		file, want, _ := strings.Cut(rest, "\n----\n")
		s, mistakes := schema.Parse(sources(file)...)
		if s != nil && len(mistakes) > 0 || s == nil && len(mistakes) == 0 {
			t.Errorf("%s: Parse gave a schema and mistakes, or neither", title)
		}
		var got []string
		for _, m := range mistakes {
			got = append(got, m.String())
			sentences[shape(m.Message)] = true
			if m.Line < 1 || m.Column < 1 || m.Length < 1 || m.Source == "" && m.Line == 1 {
				t.Errorf("%s: a mistake without a place: %+v", title, m)
			}
			if m.Instead == "" {
				t.Errorf("%s: %q doesn't say what to write instead", title, m.Message)
			}
		}
		if len(got) == 0 {
			t.Errorf("%s: no mistake was found", title)
		}
		if text := strings.Join(got, "\n"); text != strings.TrimRight(want, "\n") && !*update {
			t.Errorf("%s:\n%s\n\ngot\n%s\n\nwant\n%s", title, file, text, want)
		}
		if out.Len() > 0 {
			out.WriteString("\n====\n")
		}
		out.WriteString(title + "\n" + file + "\n----\n" + strings.Join(got, "\n"))
	}
	if *update {
		if err := os.WriteFile(path, []byte(out.String()+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if len(sentences) < 100 {
		t.Errorf("only %d different mistakes", len(sentences))
	}
}

// shape is a sentence without its names, so that one mistake about two columns counts once.
func shape(message string) string {
	words := strings.Fields(message)
	for i, w := range words {
		if strings.ContainsAny(w, "_@\"{}[]0123456789.:") || w != strings.ToLower(w) {
			words[i] = "…"
		}
	}
	return strings.Join(words, " ")
}

func sources(file string) []schema.Source {
	if !strings.HasPrefix(file, "== ") {
		return []schema.Source{{Name: "schema.graphql", Text: file + "\n"}}
	}
	var out []schema.Source
	for _, part := range strings.Split("\n"+file, "\n== ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		out = append(out, schema.Source{Name: name, Text: text + "\n"})
	}
	return out
}

func TestMistakesAreBounded(t *testing.T) {
	text := "type t @table {\n  id: Int! @id\n" + strings.Repeat("  x: nothing\n", 200) + "}\n"
	_, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: text})
	if len(mistakes) != 50 {
		t.Fatalf("%d mistakes, want 50", len(mistakes))
	}
	for i := 1; i < len(mistakes); i++ {
		if mistakes[i].Line < mistakes[i-1].Line {
			t.Fatalf("mistake %d stands at line %d, before the one at line %d", i, mistakes[i].Line, mistakes[i-1].Line)
		}
	}
}

func TestMistakeShowsItsPlace(t *testing.T) {
	_, mistakes := schema.Parse(schema.Source{Name: "a.graphql", Text: "type t @table {\n\tid: Int! @id\n\t\"é\" name: Strnig\n}"})
	const want = "a.graphql:3:12: there is no type Strnig\n    3 |  \"é\" name: Strnig\n      |            ^^^^^^\n        write String"
	if len(mistakes) != 1 || mistakes[0].String() != want {
		t.Fatalf("got\n%s\nwant\n%s", schema.Mistakes(mistakes).Error(), want)
	}
}
