package sqlite

import (
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/query"
)

// call runs a named query as it stands and writes its rows.
func (s *Store) call(c *conn, l *litesql.Plan, p *plan.Plan, args query.Args) (store.Result, error) {
	res := store.Result{Total: -1}
	st, err := c.text(l.Call.SQL)
	if err != nil {
		return res, err
	}
	defer st.Reset()
	if err := c.bindCall(st, &binding{args: args, call: p.Call}); err != nil {
		return res, err
	}
	returns := p.Call.Function.Returns
	if returns.Void || st.ColumnCount() == 0 {
		return res, st.Exec()
	}
	width := st.ColumnCount()
	body := []byte{}
	for st.Step() {
		switch {
		case res.Rows > 0 && l.Call.Row.Scalar:
			body = append(body, ", "...)
		case res.Rows > 0:
			body = append(body, ", \n "...)
		}
		if body, err = c.appendRow(body, l.Call.Row, c.columns(st, width)); err != nil {
			return res, err
		}
		if err := c.fits(len(body)); err != nil {
			return res, err
		}
		res.Rows++
		if !returns.SetOf && p.Call.Scalar {
			break
		}
	}
	if err := st.Err(); err != nil {
		return res, err
	}
	switch {
	case returns.SetOf || !p.Call.Scalar:
		body = append(append([]byte{'['}, body...), ']')
	case res.Rows == 0:
		body = []byte("null")
	}
	res.Body = body
	return res, nil
}

// callWriting runs a named query inside a write's transaction. One that writes can't stand in a subquery, so its own columns come back.
func (s *Store) callWriting(c *conn, l *litesql.Plan, p *plan.Plan, args query.Args) (store.Result, error) {
	if l.Rows != nil && !p.Call.Function.Query.Writes {
		return s.readInside(c, l, p, args)
	}
	before := c.TotalChanges()
	res, err := s.call(c, l, p, args)
	res.Affected = c.TotalChanges() - before
	return res, err
}
