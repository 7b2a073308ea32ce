package docs_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/fault"
)

var update = flag.Bool("update", false, "rewrite errors.md")

// groups are the headings of errors.md, by what a code begins with; the last one takes what is left.
var groups = []struct{ prefix, heading string }{
	{"PGRST0", "The database connection (PGRST0xx)"},
	{"PGRST1", "The request (PGRST1xx)"},
	{"PGRST2", "The schema (PGRST2xx)"},
	{"PGRST3", "Who is asking (PGRST3xx)"},
	{"PT", "Pintail's own (PT)"},
	{"", "Values and constraints (SQLSTATE)"},
}

// TestErrorsPage holds errors.md to the explanations that the program itself gives.
func TestErrorsPage(t *testing.T) {
	want := page(fault.Explanations())
	if *update {
		if err := os.WriteFile("errors.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("errors.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Error("errors.md is not what fault.Explanations says; run: go test ./docs -update")
	}
}

func page(all []fault.Explanation) string {
	var b strings.Builder
	b.WriteString(`# Errors

<!-- Written by go test ./docs -update from fault.Explanations. -->

An error is a JSON object with ` + "`code`, `message`, `details` and `hint`" + `. Codes that begin with PGRST mean what they mean in
PostgREST, codes of five letters and digits are PostgreSQL's SQLSTATEs on either engine, and codes that begin with PT are
Pintail's own. ` + "`pintail explain CODE`" + ` says the same as this page.
`)
	taken := map[fault.Code]bool{}
	for _, g := range groups {
		headed := false
		for _, e := range all {
			if taken[e.Code] || !strings.HasPrefix(string(e.Code), g.prefix) {
				continue
			}
			if !headed {
				fmt.Fprintf(&b, "\n## %s\n\n| code | status | what | when | what to do |\n|---|---|---|---|---|\n", g.heading)
				headed = true
			}
			taken[e.Code] = true
			// the answer's Link header leads to this place
			fmt.Fprintf(&b, "| <a id=\"%s\"></a>%s | %d | %s | %s | %s |\n", strings.ToLower(string(e.Code)), e.Code, e.Code.Status(), cell(e.Title), cell(e.Why), cell(e.Do))
		}
	}
	return b.String()
}

// cell is text as it may stand in a table.
func cell(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "|", `\|`), "\n", " ")
}
