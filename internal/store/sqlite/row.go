package sqlite

import (
	"strconv"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/value"
)

// columns gives the current row's values, which hold until the next step.
func (c *conn) columns(st *stmt, width int) []sqlite3.Value {
	c.vals = c.vals[:0]
	for i := range width {
		c.vals = append(c.vals, st.ColumnValue(i))
	}
	return c.vals
}

// appendRow writes a row as row_to_json does.
func (c *conn) appendRow(dst []byte, row *litesql.Row, vals []sqlite3.Value) ([]byte, error) {
	if row.Scalar {
		return c.appendField(dst, &row.Fields[0], vals)
	}
	dst = append(dst, '{')
	var err error
	for i := range row.Fields {
		f := &row.Fields[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, f.Key...)
		if dst, err = c.appendField(dst, f, vals); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func (c *conn) appendField(dst []byte, f *litesql.Field, vals []sqlite3.Value) ([]byte, error) {
	if f.Row == nil && f.Text == nil {
		return c.appendJSON(dst, vals[f.Col], &f.Form), nil
	}
	if f.Col >= 0 && vals[f.Col].Type() == sqlite3.NULL {
		return append(dst, "null"...), nil
	}
	if f.Row == nil {
		return append(dst, f.Text...), nil
	}
	return c.appendRow(dst, f.Row, vals)
}

// appendJSON writes one stored value as PostgreSQL writes it in JSON.
func (c *conn) appendJSON(dst []byte, v sqlite3.Value, f *litesql.Form) []byte {
	kind := v.Type()
	if kind == sqlite3.NULL {
		return append(dst, "null"...)
	}
	switch f.Kind {
	case litesql.Int:
		if kind == sqlite3.INTEGER {
			return strconv.AppendInt(dst, v.Int64(), 10)
		}
	case litesql.Bool:
		if kind == sqlite3.INTEGER {
			return strconv.AppendBool(dst, v.Int64() != 0)
		}
	case litesql.Float8:
		if kind != sqlite3.TEXT {
			return value.AppendJSONFloat(dst, v.Float(), 64)
		}
	case litesql.Float4:
		if kind != sqlite3.TEXT {
			return value.AppendJSONFloat(dst, v.Float(), 32)
		}
	case litesql.Numeric:
		if kind == sqlite3.TEXT {
			return value.AppendJSONNumeric(dst, v.RawText())
		}
	case litesql.Quoted:
		if kind == sqlite3.TEXT {
			dst = append(dst, '"')
			dst = append(dst, v.RawText()...)
			return append(dst, '"')
		}
	case litesql.Zoned:
		if kind == sqlite3.TEXT {
			return value.AppendJSONTimestampTZ(dst, v.RawText(), c.zone)
		}
	case litesql.Text:
		if kind == sqlite3.TEXT {
			return value.AppendJSONString(dst, v.RawText())
		}
	case litesql.JSON:
		if kind == sqlite3.TEXT {
			return append(dst, v.RawText()...)
		}
	case litesql.JSONB:
		return appendJSONB(dst, v)
	case litesql.Bytes:
		if kind == sqlite3.BLOB {
			return value.AppendJSONBytes(dst, v.RawBlob())
		}
	case litesql.Foreign:
		return c.appendForeign(dst, v, f)
	}
	return appendNative(dst, v, kind)
}

// appendNative writes a value by its storage class.
func appendNative(dst []byte, v sqlite3.Value, kind sqlite3.Datatype) []byte {
	switch kind {
	case sqlite3.INTEGER:
		return strconv.AppendInt(dst, v.Int64(), 10)
	case sqlite3.FLOAT:
		return value.AppendJSONFloat(dst, v.Float(), 64)
	case sqlite3.BLOB:
		return value.AppendJSONBytes(dst, v.RawBlob())
	}
	return value.AppendJSONString(dst, v.RawText())
}

// appendForeign writes an imported column's value in its type's form; one that is none of the type's as a string.
func (c *conn) appendForeign(dst []byte, v sqlite3.Value, f *litesql.Form) []byte {
	x, ok := load(v, f.Type, f.Storage)
	if !ok {
		return appendNative(dst, v, v.Type())
	}
	return value.AppendJSON(dst, f.Type, x, c.zone)
}
