package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Open makes the fixture's tables in an empty database and gives a store on it; the test's cleanup closes it.
type Open func(t testing.TB, f Fixture) store.Store

// Run asks a store everything.
func Run(t *testing.T, open Open) {
	want, err := answers()
	if err != nil {
		t.Fatal(err)
	}
	f := New()
	s := open(t, f)
	Fill(t, s, f)
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			if got := Answer(s, f.Schema, c); got != want[c.Name] {
				t.Errorf("got\n%s\nwant\n%s", got, want[c.Name])
			}
		})
	}
}

// Record writes what a store, the one on PostgreSQL, answers as what all must answer.
func Record(t *testing.T, open Open) {
	f := New()
	s := open(t, f)
	Fill(t, s, f)
	var b strings.Builder
	for _, c := range Cases() {
		fmt.Fprintf(&b, "== %s\n%s\n", c.Name, Answer(s, f.Schema, c))
	}
	if err := os.WriteFile(answersPath(), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Fill puts the fixture's rows in.
func Fill(t testing.TB, s store.Store, f Fixture) {
	t.Helper()
	for _, r := range rows {
		table, ok := f.Schema.TableNamed(query.Name{Name: r.table})
		if !ok {
			t.Fatalf("no table %q", r.table)
		}
		q := &query.Insert{Into: table.Name, Rows: query.Text(r.json)}
		for _, c := range table.Columns {
			q.Columns = append(q.Columns, c.Name)
		}
		if _, err := Ask(context.Background(), s, f.Schema, q); err != nil {
			t.Fatalf("fill %s: %v (%v)", r.table, err, errors.Unwrap(err))
		}
	}
}

// Ask plans a query and runs it.
func Ask(ctx context.Context, s store.Store, on *schema.Schema, q query.Query) (store.Result, error) {
	_, args := query.Parameterize(q, nil)
	p, err := plan.Resolve(q, on, plan.Options{Aggregates: true})
	if err != nil {
		return store.Result{}, fmt.Errorf("plan: %w", err)
	}
	if p.Op == plan.Read || p.Op == plan.Sequence && p.ReadsOnly() {
		return s.Read(ctx, p, args)
	}
	return s.Write(ctx, store.Tx{Plan: p, Args: args})
}

// Answer is what a store says to a case, as text: the result's numbers and its body, or the fault.
func Answer(s store.Store, on *schema.Schema, c Case) string {
	res, err := Ask(store.WithZone(context.Background(), c.Zone), s, on, c.Ask)
	if err != nil {
		var f *fault.Fault
		if !errors.As(err, &f) {
			return "internal: " + err.Error()
		}
		out := "fault " + string(f.Code) + ": " + f.Message
		if of := new(store.StepError); errors.As(err, &of) {
			out = fmt.Sprintf("step %d: %s", of.Step, out)
		}
		if f.Details != "" {
			out += "\ndetails: " + f.Details
		}
		if f.Hint != "" {
			out += "\nhint: " + f.Hint
		}
		return out
	}
	return said(&res)
}

func said(res *store.Result) string {
	out := fmt.Sprintf("rows %d total %d affected %d inserted %d\n%s", res.Rows, res.Total, res.Affected, res.Inserted, res.Body)
	for i := range res.Steps {
		out += fmt.Sprintf("step %d: %s\n", i, said(&res.Steps[i]))
	}
	return strings.TrimRight(out, "\n")
}

func answersPath() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "testdata", "answers.txt")
}

// answers reads testdata/answers.txt: of each case "== name" and what follows up to the next.
func answers() (map[string]string, error) {
	text, err := os.ReadFile(answersPath())
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, part := range strings.Split("\n"+string(text), "\n== ")[1:] {
		name, answer, _ := strings.Cut(part, "\n")
		out[name] = strings.TrimRight(answer, "\n")
	}
	return out, nil
}
