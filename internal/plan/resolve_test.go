package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func resolve(t *testing.T, q query.Query) (*Plan, error) {
	t.Helper()
	_, args := query.Parameterize(q, nil)
	p, err := Resolve(q, testSchema(), Options{Aggregates: true})
	if err == nil && len(p.Params) != len(args) {
		t.Errorf("%d params for %d arguments", len(p.Params), len(args))
	}
	return p, err
}

// TestReads reads every testdata/read/*.txt: a query in the short form of ask, a line of dashes, and its plan or fault.
func TestReads(t *testing.T) {
	golden(t, "testdata/read/*.txt", func(t *testing.T, text string) query.Query { return ask(text) })
}

func golden(t *testing.T, pattern string, read func(*testing.T, string) query.Query) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			in, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			for i, c := range strings.Split(string(in), "\n====\n\n") {
				text, _, _ := strings.Cut(c, "\n----")
				if i > 0 {
					out.WriteString("\n====\n\n")
				}
				p, err := resolve(t, read(t, text))
				out.WriteString(strings.TrimSpace(text) + "\n----\n")
				if err != nil {
					out.WriteString(told(t, err))
				} else {
					out.WriteString(Dump(p))
				}
			}
			if *update {
				if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if out.String() != string(in) {
				t.Errorf("plans differ from %s; -update rewrites it. Now:\n%s", file, out.String())
			}
		})
	}
}

// told writes a fault as the golden files have it. Anything else is a mistake.
func told(t *testing.T, err error) string {
	t.Helper()
	var f *fault.Fault
	if !errors.As(err, &f) {
		t.Fatalf("not a fault: %v", err)
	}
	s := "fault " + string(f.Code) + " " + f.Message + "\n"
	if f.Details != "" {
		s += "  details " + f.Details + "\n"
	}
	if f.Info != nil {
		info, err := json.Marshal(f.Info)
		if err != nil {
			t.Fatal(err)
		}
		s += "  details " + string(info) + "\n"
	}
	if f.Hint != "" {
		s += "  hint " + f.Hint + "\n"
	}
	return s
}

func toldHint(err error) string {
	var f *fault.Fault
	errors.As(err, &f)
	return f.Hint
}
