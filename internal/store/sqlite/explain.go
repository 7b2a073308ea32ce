package sqlite

import (
	"context"
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
)

var _ store.Explainer = (*Store)(nil)

// Explain tells how SQLite would run a plan: the tree of EXPLAIN QUERY PLAN as indented lines, or as JSON. SQLite knows no other options,
// and nothing is run.
func (s *Store) Explain(ctx context.Context, p *plan.Plan, args query.Args, o store.ExplainOptions) ([]byte, error) {
	l, err := s.compiled(p)
	if err != nil {
		return nil, err
	}
	c, err := s.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer s.release(c)
	if err := c.begin(ctx, s.config.Statement); err != nil {
		return nil, err
	}
	var steps []step
	for _, sql := range statements(l) {
		if steps, err = c.explain(steps, sql); err != nil {
			return nil, s.fault(ctx, p, err)
		}
	}
	if o.JSON {
		out := append([]byte(`[{"Plan": {"Plans": `), nested(steps, 0)...)
		return append(out, "}}]\n"...), nil
	}
	var out []byte
	for _, st := range steps {
		out = append(out, strings.Repeat("  ", st.depth)+st.detail+"\n"...)
	}
	return out, nil
}

// A step is one line of a query plan.
type step struct {
	depth  int
	detail string
}

// statements are the texts that a plan runs.
func statements(l *litesql.Plan) (all []string) {
	for _, step := range l.Steps {
		all = append(all, statements(step)...)
	}
	if w := l.Write; w != nil {
		switch w.Op {
		case plan.Insert:
			all = inserts(all, w, l.Rows != nil)
		case plan.Update:
			if len(w.Columns)+len(w.Alter) > 0 {
				all = append(all, w.Update(l.Rows != nil))
			}
		default:
			all = append(all, w.Change.SQL)
		}
	}
	if l.Rows != nil {
		all = append(all, l.Rows.SQL)
	} else if l.Call != nil {
		all = append(all, l.Call.SQL)
	}
	return all
}

// inserts are the texts that put rows, and those nested in them, in.
func inserts(all []string, w *litesql.Write, returning bool) []string {
	set := make([]bool, len(w.Columns))
	for i := range set {
		set[i] = true
	}
	all = append(all, w.Insert(set, returning))
	for _, n := range w.Nested {
		all = inserts(all, n, false)
	}
	return all
}

func (c *conn) explain(steps []step, sql string) ([]step, error) {
	st, _, err := c.Prepare("EXPLAIN QUERY PLAN " + sql)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	depth := map[int64]int{0: -1}
	for st.Step() {
		d := depth[st.ColumnInt64(1)] + 1
		depth[st.ColumnInt64(0)] = d
		steps = append(steps, step{d, st.ColumnText(3)})
	}
	return steps, st.Err()
}

// nested writes the steps of a depth, with those below each inside it.
func nested(steps []step, depth int) []byte {
	out := []byte{'['}
	for i := 0; i < len(steps); {
		end := i + 1
		for end < len(steps) && steps[end].depth > depth {
			end++
		}
		if i > 0 {
			out = append(out, ", "...)
		}
		out = value.AppendJSONString(append(out, `{"Detail": `...), steps[i].detail)
		if end > i+1 {
			out = append(append(out, `, "Plans": `...), nested(steps[i+1:end], depth+1)...)
		}
		out, i = append(out, '}'), end
	}
	return append(out, ']')
}
