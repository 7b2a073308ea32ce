package postgres

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/pgsql"
	"github.com/pintail-dev/pintail/schema"
)

// errTooLarge ends the reading of an answer that is over the limit.
var errTooLarge = errors.New("the answer is over its limit")

// finish reads everything that a pipeline brings back. The first error is the one that counts.
func (q *piping) finish(p *plan.Plan, c *compiled) (result store.Result, first error) {
	keep := func(err error) {
		if first == nil {
			first = err
		}
	}
	if err := q.p.Flush(); err != nil {
		keep(err)
	}
	result.Total = -1
	planned := int64(-1)
	next := 0
	for {
		got, err := q.p.GetResults()
		if err != nil {
			keep(err)
			if q.t.conn.IsClosed() {
				break
			}
			var pg *pgconn.PgError
			if !errors.As(err, &pg) {
				break
			}
			continue // what was queued before the next Sync is skipped
		}
		if got == nil {
			break
		}
		rr, ok := got.(*pgconn.ResultReader)
		if !ok {
			continue
		}
		expected := nothing
		if next < len(q.expected) {
			expected = q.expected[next]
			next++
		}
		switch expected {
		case mainRows:
			result, err = q.t.result(p, c, rr)
		case answered:
			var rows store.Result
			rows, err = q.t.result(p, c.answer, rr)
			takeAnswer(&result, &rows)
		case explained:
			planned, err = plannedRows(rr)
		default:
			_, err = rr.Close()
		}
		if err != nil {
			keep(err)
		}
	}
	if err := q.p.Close(); err != nil {
		keep(err)
	}
	if first != nil {
		return store.Result{}, first
	}
	if planned >= 0 && (c.CountMax == 0 || result.Total > c.CountMax) {
		result.Total = max(result.Total, planned)
	}
	return result, nil
}

// result reads a plan's result to its end.
func (t *transaction) result(p *plan.Plan, c *compiled, rr *pgconn.ResultReader) (store.Result, error) {
	var r store.Result
	var err error
	if len(c.Columns) == 1 && c.Columns[0] == pgsql.Row {
		r, err = t.rows(c, rr)
	} else {
		r, err = t.single(p, c, rr)
	}
	if errors.Is(err, errTooLarge) {
		// The rest may be long: the connection goes instead.
		t.conn.Conn().Close()
		return store.Result{}, t.store.tooLarge()
	}
	_, closeErr := rr.Close()
	if err == nil || closeErr != nil {
		err = closeErr
	}
	if err != nil {
		return store.Result{}, err
	}
	c.bytes.Store(int64(len(r.Body)))
	if p.Op == plan.Insert && p.Write.Put != nil && c.affects() && r.Affected != 1 {
		return store.Result{}, fault.New(fault.PutKeyMismatch, "Payload values do not match URL in primary key column(s)").WithStatus(400)
	}
	return r, nil
}

// affects says whether a statement tells how many rows it wrote; the one that only answers doesn't.
func (c *compiled) affects() bool { return len(c.Columns) > 0 && c.Columns[0] == pgsql.Affected }

// rows puts the rows of a read together as json_agg would.
func (t *transaction) rows(c *compiled, rr *pgconn.ResultReader) (store.Result, error) {
	r := store.Result{Total: -1}
	separator := c.Form.Separator()
	body := make([]byte, 0, c.bytes.Load()+64)
	csv := c.Form == pgsql.CSV
	if !csv {
		body = append(body, '[')
	}
	for rr.NextRow() {
		row := rr.Values()[0]
		switch {
		case r.Rows > 0:
			body = append(body, separator...)
		case csv:
			body = append(append(body, c.Head...), '\n')
		}
		r.Rows++
		if len(body)+len(row)+len("]") > t.store.config.BodyBytesMax {
			return r, errTooLarge
		}
		body = append(body, row...)
	}
	switch {
	case !csv:
		body = append(body, ']')
	case r.Rows == 0:
		body = append(body, '\n') // PostgREST knows no head line where there is no row
	}
	r.Body = body
	if c.CountRows {
		r.Total = int64(r.Rows)
	}
	return r, nil
}

// single reads a result of one row that has everything in it.
func (t *transaction) single(p *plan.Plan, c *compiled, rr *pgconn.ResultReader) (r store.Result, err error) {
	r.Total = -1
	var inserted int64 = -1
	if c.Members > 0 {
		return t.members(c, rr)
	}
	t.gave = nil
	for rr.NextRow() {
		for i, value := range rr.Values() {
			switch c.Columns[i] {
			case pgsql.Given:
				t.gave, err = readGiven(value)
			case pgsql.Body:
				size := len(value)
				if c.Hex {
					size /= 2
				}
				if size > t.store.config.BodyBytesMax {
					return r, errTooLarge
				}
				if r.Body, err = bodyOf(value, c.Hex); err != nil {
					return r, err
				}
			case pgsql.Rows:
				r.Rows = int(number(value))
			case pgsql.Total:
				r.Total = number(value)
			case pgsql.Affected:
				r.Affected = number(value)
			case pgsql.Inserted:
				if value != nil {
					inserted = number(value)
				}
			case pgsql.Key:
				r.Key = key(c.Key, value)
			case pgsql.Status:
				r.Status, err = responseStatus(value)
			case pgsql.Headers:
				r.Headers, err = responseHeaders(value)
			}
			if err != nil {
				return r, err
			}
		}
	}
	switch {
	case p == nil:
	case p.Op == plan.Insert && inserted >= 0:
		r.Inserted = inserted
	case p.Op == plan.Insert:
		r.Inserted = r.Affected
	case p.Op == plan.Call:
		r.Affected = int64(r.Rows)
	}
	if c.Form == pgsql.CSV && r.Rows > 0 {
		r.Body = append(append(make([]byte, 0, len(c.Head)+1+len(r.Body)), c.Head+"\n"...), r.Body...)
	} else if c.Form == pgsql.CSV && r.Body != nil {
		r.Body = []byte("\n")
	}
	return r, nil
}

// bodyOf copies a body, since the reader's buffer is used again.
func bodyOf(value []byte, inHex bool) ([]byte, error) {
	digits, ok := bytes.CutPrefix(value, []byte(`\x`))
	if !inHex || !ok {
		return bytes.Clone(value), nil
	}
	return hex.AppendDecode(make([]byte, 0, len(digits)/2), digits)
}

// members reads the one row of several reads: the number of rows and the body of each.
func (t *transaction) members(c *compiled, rr *pgconn.ResultReader) (r store.Result, err error) {
	r.Total = -1
	size := 0
	for rr.NextRow() {
		values := rr.Values()
		r.Steps = make([]store.Result, c.Members)
		for i := range r.Steps {
			if size += len(values[2*i+1]); size > t.store.config.BodyBytesMax {
				return r, errTooLarge
			}
			r.Steps[i] = store.Result{Rows: int(number(values[2*i])), Body: bytes.Clone(values[2*i+1]), Total: -1}
			r.Rows += r.Steps[i].Rows
		}
	}
	return r, nil
}

func number(value []byte) int64 {
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// key reads the primary key of the first row, as json_each_text would give it.
func key(of []*schema.Column, value []byte) []store.KeyValue {
	var parts []json.RawMessage
	if value == nil || json.Unmarshal(value, &parts) != nil || len(parts) != len(of) {
		return nil
	}
	keys := make([]store.KeyValue, len(parts))
	for i, part := range parts {
		text := string(part)
		if part[0] == '"' {
			if json.Unmarshal(part, &text) != nil {
				return nil
			}
		}
		keys[i] = store.KeyValue{Column: of[i].Name, Value: text, Null: text == "null" && part[0] != '"'}
	}
	return keys
}

// responseStatus reads what a function set as response.status.
func responseStatus(value []byte) (int, error) {
	if value == nil {
		return 0, nil
	}
	n, err := strconv.Atoi(string(value))
	if err != nil || n < 100 || n > 999 {
		return 0, fault.New(fault.BadResponseStatus, "response.status guc must be a valid status code").WithStatus(500)
	}
	return n, nil
}

// responseHeaders reads what a function set as response.headers: [{"name": "value"}, …].
func responseHeaders(value []byte) (headers [][2]string, err error) {
	if value == nil {
		return nil, nil
	}
	var list []map[string]string
	bad := fault.New(fault.BadResponseHeaders,
		"response.headers guc must be a JSON array composed of objects with a single key and a string value").WithStatus(500)
	if json.Unmarshal(value, &list) != nil {
		return nil, bad
	}
	for _, one := range list {
		if len(one) != 1 {
			return nil, bad
		}
		for name, text := range one {
			headers = append(headers, [2]string{name, text})
		}
	}
	return headers, nil
}

var planRows = []byte(`"Plan Rows": `)

// plannedRows reads the first node's rows from EXPLAIN (FORMAT JSON).
func plannedRows(rr *pgconn.ResultReader) (int64, error) {
	n := int64(-1)
	for rr.NextRow() {
		_, after, ok := bytes.Cut(rr.Values()[0], planRows)
		if end := bytes.IndexAny(after, ",\n }"); ok && end > 0 && n < 0 {
			n = number(after[:end])
		}
	}
	_, err := rr.Close()
	return n, err
}
