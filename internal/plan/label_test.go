package plan

import (
	"strings"
	"testing"
)

func TestLabelNamesAPlanInOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"from project\n*\nwhere (and (client_id eq 7) (or (budget gt 5) (name is null)))\norder made desc": "read project where client_id eq and (budget gt or name is null), sort made desc id",
		"from project\n*\nlimit 10\noffset 40\ncount exact":                                                "read project, sort id, offset, counted",
		"from client\nid\nembed project\n  id\n  embed task\n    *":                                        "read client, sort id, with project(task)",
	} {
		p, err := resolve(t, ask(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := Label(p); got != want {
			t.Errorf("label of\n%s\nis  %q\nnot %q", text, got, want)
		}
	}
	p, err := resolve(t, ask("from project\n*\nwhere (and"+strings.Repeat(" (client_id eq 7)", 30)+")"))
	if err != nil {
		t.Fatal(err)
	}
	if got := Label(p); len(got) > labelMax || !strings.HasSuffix(got, "…") {
		t.Errorf("a long label is %q", got)
	}
}
