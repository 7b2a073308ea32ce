package sqlite

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/query"
)

// A Meter runs plans on a file that is its own and counts what they cost SQLite. The counts are those of sqlite3_stmt_status:
// they are the same for the same file, plan and values, however busy the machine is. It is for one goroutine.
type Meter struct {
	s *Store
	c *conn
}

// Work is what SQLite counted of one run, over all statements of the plan.
type Work struct {
	Steps       int64 // operations of the virtual machine
	FullScan    int64 // of them, steps forward in a table that was scanned as a whole
	Sorts       int64 // sorts of more than the order of an index
	AutoIndexes int64 // rows put into indexes that were made for this one run
	Pages       int64 // pages of the file looked at, in memory or not: what a count(*) costs, which is one step
	Took        time.Duration
}

// OpenMeter opens a file for measuring. limit bounds the time of each run.
func OpenMeter(path string, limit time.Duration) (*Meter, error) {
	s := &Store{config: Config{Path: path, Statement: limit, AnswerBytes: meterBytes}.withDefaults(), plans: make(map[*plan.Plan]*litesql.Plan)}
	c, err := s.writing(sqlite3.OPEN_READWRITE)
	if err != nil {
		return nil, err
	}
	c.hold(room{writeHeap, meterBytes, meterBytes})
	return &Meter{s: s, c: c}, nil
}

// meterBytes is the longest answer that is measured: that of a request is cut off earlier.
const meterBytes = 128 << 20

// Close closes the file.
func (m *Meter) Close() error { return m.c.close() }

// Exec runs statements: to make indexes and drop them. Plans are prepared anew after it.
func (m *Meter) Exec(ctx context.Context, sql string) error {
	defer m.c.SetInterrupt(m.c.SetInterrupt(ctx))
	for k, st := range m.c.stmts {
		st.Close()
		delete(m.c.stmts, k)
	}
	return m.c.Exec(sql)
}

// Run runs a plan. What a write did is rolled back.
func (m *Meter) Run(ctx context.Context, p *plan.Plan, args query.Args) (w Work, res store.Result, err error) {
	l, err := m.s.compiled(p)
	if err != nil {
		return w, res, err
	}
	c := m.c
	if err := c.begin(ctx, m.s.config.Statement); err != nil {
		return w, res, err
	}
	defer c.end()
	for _, st := range c.stmts {
		for _, op := range counters {
			st.Status(op, true)
		}
	}
	if _, err := m.pages(); err != nil {
		return w, res, err
	}
	began := time.Now()
	err = c.safely(func() (err error) {
		if p.ReadsOnly() {
			res, err = m.s.read(c, l, p, args)
			return err
		}
		if err := c.exec("BEGIN IMMEDIATE"); err != nil {
			return err
		}
		defer c.rollback()
		res, err = m.s.change(c, l, p, args, true)
		return err
	})
	w.Took = time.Since(began)
	if c.broken {
		return w, res, errors.Join(err, errGone)
	}
	n, e := m.pages()
	w.Pages = n
	err = errors.Join(err, e)
	for _, st := range c.stmts {
		w.Steps += int64(st.Status(sqlite3.STMTSTATUS_VM_STEP, false))
		w.FullScan += int64(st.Status(sqlite3.STMTSTATUS_FULLSCAN_STEP, false))
		w.Sorts += int64(st.Status(sqlite3.STMTSTATUS_SORT, false))
		w.AutoIndexes += int64(st.Status(sqlite3.STMTSTATUS_AUTOINDEX, false))
	}
	if err = c.cause(err); err != nil {
		return w, res, m.s.fault(ctx, p, err)
	}
	return w, res, nil
}

// pages is how many pages were looked at since it was asked last.
func (m *Meter) pages() (int64, error) {
	var all int64
	for _, of := range [...]sqlite3.DBStatus{sqlite3.DBSTATUS_CACHE_HIT, sqlite3.DBSTATUS_CACHE_MISS} {
		n, _, err := m.c.Status(of, true)
		if err != nil {
			return 0, err
		}
		all += int64(n)
	}
	return all, nil
}

var counters = [...]sqlite3.StmtStatus{
	sqlite3.STMTSTATUS_VM_STEP, sqlite3.STMTSTATUS_FULLSCAN_STEP, sqlite3.STMTSTATUS_SORT, sqlite3.STMTSTATUS_AUTOINDEX,
}

// Plan gives the lines of EXPLAIN QUERY PLAN for the statements of a plan, in order.
func (m *Meter) Plan(p *plan.Plan) ([]string, error) {
	l, err := m.s.compiled(p)
	if err != nil {
		return nil, err
	}
	var steps []step
	for _, sql := range slices.Compact(statements(l)) {
		if steps, err = m.c.explain(steps, sql); err != nil {
			return nil, err
		}
	}
	lines := make([]string, len(steps))
	for i, st := range steps {
		lines[i] = strings.Repeat("  ", st.depth) + st.detail
	}
	return lines, nil
}
