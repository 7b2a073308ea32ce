package sqlite

import (
	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/query"
)

// read runs the rows of a plan. Where that is more than one statement, of a count or of a sequence, all see one snapshot.
func (s *Store) read(c *conn, l *litesql.Plan, p *plan.Plan, args query.Args) (store.Result, error) {
	if l.Count != nil || len(l.Steps) > 1 || len(l.Steps) == 1 && l.Steps[0].Count != nil {
		if err := c.exec("BEGIN"); err != nil {
			return store.Result{}, err
		}
		defer c.rollback()
	}
	return s.readInside(c, l, p, args)
}

// readInside reads on the snapshot that the connection is on.
func (s *Store) readInside(c *conn, l *litesql.Plan, p *plan.Plan, args query.Args) (store.Result, error) {
	if p.Op == plan.Sequence {
		return s.steps(c, l, p, args)
	}
	if l.Call != nil && l.Rows == nil {
		return s.call(c, l, p, args)
	}
	b := binding{args: args, call: p.Call}
	res, err := s.rows(c, l.Rows, &b)
	if l.Count == nil {
		return res, err
	}
	if err != nil {
		return store.Result{}, err
	}
	res.Total, err = s.total(c, l, p, &b, res.Rows)
	return res, err
}

// steps reads the members of a sequence.
func (s *Store) steps(c *conn, l *litesql.Plan, p *plan.Plan, args query.Args) (store.Result, error) {
	all := store.Result{Total: -1, Steps: make([]store.Result, 0, len(l.Steps))}
	bytes := 0
	for i, step := range l.Steps {
		res, err := s.readInside(c, step, p.Steps[i], args)
		if bytes += len(res.Body); err == nil {
			err = c.fits(bytes)
		}
		if call := p.Steps[i].Call; err == nil && call != nil && call.Function.Returns.SetOf {
			err = check(p.Steps[i], res.Rows, int64(res.Rows))
		}
		if err != nil {
			return store.Result{}, s.failed(c, p, i, err)
		}
		all.Rows += res.Rows
		all.Steps = append(all.Steps, res)
	}
	return all, nil
}

// failed says which member of a sequence an error is of.
func (s *Store) failed(c *conn, p *plan.Plan, step int, err error) error {
	return &store.StepError{Step: step, Err: s.fault(c.limit.Context, p.Steps[step], c.cause(err))}
}

// rollback ends a read's transaction, or one that failed, whatever became of the request.
func (c *conn) rollback() {
	if c.broken {
		return
	}
	c.end()
	if !c.GetAutocommit() {
		c.exec("ROLLBACK")
	}
}

// rows runs a query and writes its rows.
func (s *Store) rows(c *conn, q *litesql.Query, b *binding) (store.Result, error) {
	res := store.Result{Total: -1}
	st, err := c.query(q)
	if err != nil {
		return res, err
	}
	defer st.Reset()
	if err := c.bind(st, q.Binds, b); err != nil {
		return res, err
	}
	if q.Omit {
		for st.Step() {
			res.Rows++
		}
		return res, st.Err()
	}
	if q.CSV {
		return s.csv(c, q, st)
	}
	body := make([]byte, 0, 512)
	body = append(body, '[')
	width := st.ColumnCount()
	for st.Step() {
		if res.Rows > 0 {
			body = append(body, ", \n "...)
		}
		if body, err = c.appendRow(body, q.Row, c.columns(st, width)); err != nil {
			return res, err
		}
		if err := c.fits(len(body)); err != nil {
			return res, err
		}
		res.Rows++
	}
	if err := st.Err(); err != nil {
		return res, err
	}
	if res.Rows == 0 {
		body = append(body[:0], "[]"...)
		res.Body = body
		return res, nil
	}
	body = append(body, ']')
	if q.Strip {
		body = stripNulls(body)
	}
	res.Body = body
	return res, nil
}

func tooLarge(bytes int) error {
	return fault.Newf(fault.AnswerTooLarge, "the answer is larger than %d bytes", bytes).
		WithHint("Ask for fewer rows with limit, or for fewer columns with select.")
}

// total finds what Count asks for, in the snapshot of the rows that were just read.
func (s *Store) total(c *conn, l *litesql.Plan, p *plan.Plan, b *binding, rows int) (int64, error) {
	if p.Rows.Count != query.ExactCount && p.Rows.Where == nil && len(p.Rows.Distinct) == 0 && !p.Rows.Grouped && p.Rows.Source.Table != nil && len(l.Count.Binds) == 0 {
		n, ok, err := c.estimate(p.Rows.Source.Table)
		if err != nil {
			return -1, err
		}
		if ok && (p.Rows.Count == query.PlannedCount || n > s.config.CountRows) {
			return n, nil
		}
	}
	if p.Rows.Summary || p.Rows.Limit == nil && p.Rows.Offset == nil && p.Rows.Source.Table != nil {
		return int64(rows), nil
	}
	st, err := c.query(l.Count)
	if err != nil {
		return -1, err
	}
	defer st.Reset()
	if err := c.bind(st, l.Count.Binds, b); err != nil {
		return -1, err
	}
	if !st.Step() {
		return -1, st.Err()
	}
	return st.ColumnInt64(0), nil
}
