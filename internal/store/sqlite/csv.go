package sqlite

import (
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/value"
)

// csv writes rows as PostgREST's text/csv: a line of keys, then each row as PostgreSQL's text of it without its parentheses.
// Without rows there are no keys either.
func (s *Store) csv(c *conn, q *litesql.Query, st *stmt) (store.Result, error) {
	res := store.Result{Total: -1}
	var body, lines []byte
	width := st.ColumnCount()
	for st.Step() {
		if res.Rows == 0 {
			for i := range q.Row.Fields {
				if i > 0 {
					body = append(body, ',')
				}
				body = append(body, q.Row.Fields[i].Name...)
			}
		} else {
			lines = append(lines, '\n')
		}
		vals := c.columns(st, width)
		for i := range q.Row.Fields {
			if i > 0 {
				lines = append(lines, ',')
			}
			var err error
			if lines, err = c.appendCSV(lines, &q.Row.Fields[i], vals); err != nil {
				return res, err
			}
		}
		if err := c.fits(len(lines)); err != nil {
			return res, err
		}
		res.Rows++
	}
	body = append(append(body, '\n'), lines...)
	res.Body = body
	return res, st.Err()
}

// appendCSV writes a value as record_out does: null as nothing; quotes around what is empty or holds a quote, backslash,
// parenthesis, comma or white space, with quotes and backslashes doubled.
func (c *conn) appendCSV(dst []byte, f *litesql.Field, vals []sqlite3.Value) ([]byte, error) {
	var v sqlite3.Value
	if f.Col >= 0 {
		if v = vals[f.Col]; v.Type() == sqlite3.NULL {
			return dst, nil
		}
	}
	var text []byte
	var err error
	switch {
	case f.Text != nil:
		said, _ := asText(f.Text)
		text = []byte(said)
	case f.Row != nil:
		if text, err = c.appendRow(nil, f.Row, vals); err != nil {
			return dst, err
		}
	case f.Form.Kind == litesql.JSON && f.Form.Type.Name == "" || f.Form.Kind == litesql.Native:
		text = []byte(v.Text())
	default:
		x, ok := load(v, f.Form.Type, f.Form.Storage)
		if !ok {
			text = []byte(v.Text())
		} else {
			text = value.AppendText(nil, f.Form.Type, x, c.zone)
		}
	}
	if len(text) > 0 && !strings.ContainsAny(view(text), "\"\\(), \t\n\r\v\f") {
		return append(dst, text...), nil
	}
	dst = append(dst, '"')
	for _, b := range text {
		if b == '"' || b == '\\' {
			dst = append(dst, b)
		}
		dst = append(dst, b)
	}
	return append(dst, '"'), nil
}
