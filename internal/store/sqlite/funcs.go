package sqlite

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// register gives the connection the functions and collations that litesql's SQL and the schemas that Pintail makes use.
func (c *conn) register() error {
	const (
		pure  = sqlite3.DETERMINISTIC | sqlite3.INNOCUOUS // may stand in a schema: index, check, default
		fresh = sqlite3.INNOCUOUS
		here  = sqlite3.DETERMINISTIC // takes a pointer, so only a statement of ours can call it
	)
	for _, f := range []struct {
		name string
		args int
		flag sqlite3.FunctionFlag
		fn   sqlite3.ScalarFunction
	}{
		{"pt_now", 0, fresh, func(x sqlite3.Context, _ ...sqlite3.Value) { x.ResultText(now(time.Now())) }},
		{"pt_uuid", 0, fresh, func(x sqlite3.Context, _ ...sqlite3.Value) { x.ResultText(newUUID()) }},
		{"pt_json", 1, pure, c.ptJSON},
		{"pt_get", -1, pure, c.ptGet},
		{"pt_get_jsonb", -1, pure, c.ptGetJSONB},
		{"pt_get_text", -1, pure, c.ptGetText},
		{"pt_row", -1, here, c.ptRow},
		{"pt_match", 2, here, ptMatch},
		{"pt_test", 2, here, c.ptTest},
		{"pt_cast", 2, here, c.ptCast},
		{"pt_own", 2, here, ptOwn},
		{"pt_rank", 2, here, ptRank},
		{"pt_label", 2, here, ptLabel},
		{"pt_key", -1, here, c.ptKey},
		{"pt_alter", 3, here, c.ptAlter},
	} {
		if err := c.CreateFunction(f.name, f.args, f.flag, c.scalar(f.fn)); err != nil {
			return fmt.Errorf("function %s: %w", f.name, err)
		}
	}
	for _, a := range []struct {
		name string
		args int
		fn   sqlite3.AggregateConstructor
	}{
		{"pt_rows", -1, func() sqlite3.AggregateFunction { return &rowsAggregate{c: c} }},
		{"pt_sum", 2, func() sqlite3.AggregateFunction { return &totalAggregate{c: c} }},
		{"pt_avg", 2, func() sqlite3.AggregateFunction { return &totalAggregate{c: c} }},
		{"pt_spread", 2, func() sqlite3.AggregateFunction { return &totalAggregate{c: c} }},
		{"pt_once", 3, func() sqlite3.AggregateFunction { return &totalAggregate{c: c, once: true} }},
	} {
		if err := c.CreateWindowFunction(a.name, a.args, sqlite3.DETERMINISTIC, func() sqlite3.AggregateFunction { return safeAggregate{c, a.fn()} }); err != nil {
			return fmt.Errorf("function %s: %w", a.name, err)
		}
	}
	for name, fn := range collations {
		if err := c.CreateCollation(name, fn); err != nil {
			return fmt.Errorf("collation %s: %w", name, err)
		}
	}
	return nil
}

// now is the moment as a timestamptz column keeps it.
func now(at time.Time) string { return at.UTC().Format(timestampLayout) + "+00:00" }

// newUUID is a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// ptJSON gives a column's JSON as text in jsonb's form.
func (c *conn) ptJSON(x sqlite3.Context, v ...sqlite3.Value) {
	if v[0].Type() == sqlite3.NULL {
		return
	}
	c.buf = appendJSONB(c.buf[:0], v[0])
	x.ResultRawText(c.buf)
}

// ptGet is -> on json: the text as it stands in the document.
func (c *conn) ptGet(x sqlite3.Context, v ...sqlite3.Value) {
	if len(v) > 0 && v[0].Type() != sqlite3.NULL {
		if found, ok := get(c.document(v[0]), v[1:], false); ok {
			x.ResultRawText(found)
		}
	}
}

// ptGetJSONB is -> on jsonb: what is found, in jsonb's form.
func (c *conn) ptGetJSONB(x sqlite3.Context, v ...sqlite3.Value) {
	if len(v) > 0 && v[0].Type() != sqlite3.NULL {
		if found, ok := get(c.document(v[0]), v[1:], true); ok {
			if out, err := value.AppendJSONB(nil, string(found)); err == nil {
				found = out
			}
			x.ResultRawText(found)
		}
	}
}

// ptGetText is a path that ends in ->>.
func (c *conn) ptGetText(x sqlite3.Context, v ...sqlite3.Value) {
	if len(v) > 0 && v[0].Type() != sqlite3.NULL {
		if found, ok := get(c.document(v[0]), v[1:], v[0].Type() == sqlite3.BLOB); ok {
			if s, ok := asText(found); ok {
				x.ResultText(s)
			}
		}
	}
}

// ptRow writes its further arguments as one row; the first one says how.
func (c *conn) ptRow(x sqlite3.Context, v ...sqlite3.Value) {
	row, ok := v[0].Pointer().(*litesql.Row)
	if !ok {
		x.ResultError(errPointer)
		return
	}
	out, err := c.appendRow(nil, row, v[1:])
	if err != nil {
		x.ResultError(err)
		return
	}
	x.ResultRawText(out)
}

var errPointer = fmt.Errorf("sqlite: a function of Pintail's was called without its specification")

// A rowsAggregate is json_agg over rows.
type rowsAggregate struct {
	c   *conn
	row *litesql.Row
	out []byte
}

// Step appends one row.
func (a *rowsAggregate) Step(x sqlite3.Context, v ...sqlite3.Value) {
	if a.row == nil {
		row, ok := v[0].Pointer().(*litesql.Row)
		if !ok {
			x.ResultError(errPointer)
			return
		}
		a.row, a.out = row, append(make([]byte, 0, 256), '[')
	} else if a.row.Scalar && !a.row.Lines {
		a.out = append(a.out, ", "...)
	} else {
		a.out = append(a.out, ", \n "...)
	}
	var err error
	if a.out, err = a.c.appendRow(a.out, a.row, v[1:]); err != nil {
		x.ResultError(err)
	}
	if err := a.c.fits(len(a.out)); err != nil {
		a.c.raised = err
		x.ResultError(sqlite3.TOOBIG)
		a.out = a.out[:1]
	}
}

// Value gives the array.
func (a *rowsAggregate) Value(x sqlite3.Context) {
	if a.row == nil {
		x.ResultText("[]")
		return
	}
	x.ResultRawText(append(a.out, ']'))
}

// ptCast converts as PostgreSQL's CAST does.
func (c *conn) ptCast(x sqlite3.Context, v ...sqlite3.Value) {
	spec, ok := v[0].Pointer().(*litesql.Cast)
	if !ok {
		x.ResultError(errPointer)
		return
	}
	if v[1].Type() == sqlite3.NULL {
		return
	}
	from, _ := load(v[1], spec.From, spec.Storage)
	out, err := value.Cast(spec.From, spec.To, from, c.zone)
	if err != nil {
		c.raise(x, err)
		return
	}
	result(x, stored(out, spec.To, schema.OwnStorage))
}

// raise ends the statement with a fault, which fault gives back instead of SQLite's own error.
func (c *conn) raise(x sqlite3.Context, err error) {
	c.raised = err
	x.ResultError(errRaised)
}

var errRaised = fmt.Errorf("sqlite: a value of a row can't be cast")

// result gives a function's result.
func result(x sqlite3.Context, v any) {
	switch v := v.(type) {
	case int64:
		x.ResultInt64(v)
	case float64:
		x.ResultFloat(v)
	case string:
		x.ResultText(v)
	case []byte:
		x.ResultBlob(v)
	}
}

// ptOwn moves an imported column's value to our own form.
func ptOwn(x sqlite3.Context, v ...sqlite3.Value) {
	spec, ok := v[0].Pointer().(*litesql.Own)
	if !ok {
		x.ResultError(errPointer)
		return
	}
	if v[1].Type() == sqlite3.NULL {
		return
	}
	out, ok := load(v[1], spec.Type, spec.Storage)
	if !ok {
		x.ResultValue(v[1])
		return
	}
	result(x, stored(out, spec.Type, schema.OwnStorage))
}

// ptRank is a label's place in its enum.
func ptRank(x sqlite3.Context, v ...sqlite3.Value) {
	e, ok := v[0].Pointer().(*schema.Enum)
	if !ok {
		x.ResultError(errPointer)
		return
	}
	raw := v[1].RawText()
	if raw == nil {
		return
	}
	for i := range e.Values {
		if e.Values[i].Value == string(raw) {
			x.ResultInt(i)
			return
		}
	}
	x.ResultInt(len(e.Values)) // a label that the schema file doesn't know sorts last
}

// ptLabel is the label at a place.
func ptLabel(x sqlite3.Context, v ...sqlite3.Value) {
	e, ok := v[0].Pointer().(*schema.Enum)
	if !ok {
		x.ResultError(errPointer)
		return
	}
	if n := v[1].Int(); v[1].Type() != sqlite3.NULL && n >= 0 && n < len(e.Values) {
		x.ResultText(e.Values[n].Value)
	}
}
