package postgres

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// measureHead runs a statement and counts, without reading the clock around every row.
const measureHead = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "

// A Measured is what PostgreSQL said of one run of a plan.
type Measured struct {
	Plans   [][]byte // the JSON of EXPLAIN, one for each statement in order
	Touched []int64  // rows that each of them read from tables, those of foreign keys' checks included, which no plan shows; 0 for reads
	Result  store.Result
	Took    time.Duration // of the plan run as a request would; for a write with parts, of all of them
}

// Measure runs a plan under EXPLAIN ANALYZE, and once as a request would. settings hold for its transaction, names and values;
// what a write did is rolled back.
func (s *Store) Measure(ctx context.Context, p *plan.Plan, args query.Args, settings [][2]string) (m Measured, err error) {
	c, err := s.compiled(ctx, p)
	if err != nil {
		return m, err
	}
	err = s.with(ctx, never, func(conn *conn) error {
		m = Measured{}
		t := &transaction{store: s, conn: conn}
		defer t.rollback()
		if err := t.word(ctx, "BEGIN"); err != nil {
			return err
		}
		all := slices.Concat(t.settings(ctx, c), settings)
		for _, kv := range all {
			if _, err := conn.ExecParams(ctx, s.set[1].SQL, [][]byte{[]byte(kv[0]), []byte(kv[1])}, nil, nil, nil).Close(); err != nil {
				return err
			}
		}
		measuring := &measuring{t: t, m: &m, writes: !p.ReadsOnly()}
		return measuring.plan(ctx, p, args, c)
	})
	return m, err
}

// A measuring is one plan while it is measured.
type measuring struct {
	t      *transaction
	m      *Measured
	writes bool
}

// touched is how many rows the transaction has read from tables so far.
func (m *measuring) touched(ctx context.Context) (n int64, err error) {
	if !m.writes {
		return 0, nil
	}
	const sql = "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_xact_user_tables"
	out, err := m.t.lines(ctx, nil, sql, nil)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
}

// plan measures a plan and leaves the transaction as if it had run once, so that what comes after it in a sequence finds
// what it did.
func (m *measuring) plan(ctx context.Context, p *plan.Plan, args query.Args, c *compiled) error {
	if len(c.steps) > 0 {
		for i, step := range c.steps {
			if err := m.plan(ctx, p.Steps[i], args, step); err != nil {
				return &store.StepError{Step: i, Err: err}
			}
		}
		return nil
	}
	if len(c.nested) == 0 {
		if err := m.explain(ctx, c, args); err != nil {
			return err
		}
	}
	began := time.Now()
	res, err := m.run(ctx, p, args, c)
	if err != nil {
		return err
	}
	m.m.Took += time.Since(began)
	m.m.Result.Rows += res.Rows
	m.m.Result.Affected += res.Affected
	if c.answer != nil {
		return m.explain(ctx, c.answer, args)
	}
	return nil
}

// run runs a plan as a request would. Of an insert with nested rows every statement is explained on the way, on the keys that
// its parents gave.
func (m *measuring) run(ctx context.Context, p *plan.Plan, args query.Args, c *compiled) (store.Result, error) {
	if len(c.nested) == 0 {
		return m.t.perform(ctx, p, args, c)
	}
	in := inserting{t: m.t, ctx: ctx, args: append(query.Args(nil), args...)}
	in.look = func(c *compiled) error { return m.explain(ctx, c, in.args) }
	return m.t.nest(&in, p, c)
}

// explain has a statement explained as it runs, and takes back what it did.
func (m *measuring) explain(ctx context.Context, c *compiled, args query.Args) error {
	const name = "pintail_measure"
	if err := m.t.word(ctx, "SAVEPOINT "+name); err != nil {
		return err
	}
	before, err := m.touched(ctx)
	if err != nil {
		return err
	}
	out, err := m.t.lines(ctx, nil, measureHead+c.SQL, m.t.params(c, args))
	if err != nil {
		return err
	}
	after, err := m.touched(ctx)
	if err != nil {
		return err
	}
	m.m.Plans, m.m.Touched = append(m.m.Plans, out), append(m.m.Touched, after-before)
	for _, word := range []string{"ROLLBACK TO ", "RELEASE "} {
		if err := m.t.word(ctx, word+name); err != nil {
			return err
		}
	}
	return nil
}
