package litesql

import (
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A Row says how the columns of a result become one JSON object.
type Row struct {
	Fields []Field
	Scalar bool // the one field bare, without an object around it (a list for a to-many spread)
	Lines  bool // of Scalar: each on a line of its own, as json_agg writes arrays
}

// A Field is one key of the object.
type Field struct {
	Name string
	Key  []byte // the key as JSON, with its colon
	Col  int    // the column that holds the value; with Row and Text, the one that is null where there is no row; negative for none
	Form Form
	Row  *Row   // an object made of further columns of the same result
	Text []byte // a constant, as JSON
}

// A Total is what pt_sum, pt_avg and pt_spread add up: values of a type, by Fn.
type Total struct {
	Fn      query.Aggregate
	Type    schema.Type
	Storage schema.Storage
}

// A Tuple is what pt_key makes one key of.
type Tuple struct{ Of []Form }

// A Form says how a stored value is written as JSON.
type Form struct {
	Kind    Kind
	Type    schema.Type
	Storage schema.Storage
}

// Kind is a way to write a stored value.
type Kind uint8

const (
	Native  Kind = iota // whatever SQLite's storage class says
	Int                 // digits
	Bool                // 0 and 1
	Float8              // shortest digits that give the same float64
	Float4              // the same for a float32
	Numeric             // digits as they stand; NaN and infinities quoted
	Quoted              // text that needs no escapes
	Text                // text
	Zoned               // timestamptz in our own form: quoted, or moved to another time zone
	JSON                // JSON text as it stands
	JSONB               // SQLite's binary JSON (or JSON text), in jsonb's form
	Bytes               // bytea's hexadecimal
	Foreign             // an imported column: moved to our own form of the type first
)

// formOf is how a column of a type in a storage is written.
func formOf(t schema.Type, st schema.Storage) Form {
	f := Form{Type: t, Storage: st}
	switch {
	case st == schema.StoreNative:
		f.Kind = Native
		if b := t.Kind(); b == schema.Bool || b == schema.JSON || b == schema.JSONB || b == schema.Bytea || isTime(b) {
			f.Kind = Foreign
		}
	case st != schema.OwnStorage:
		f.Kind = Foreign
		switch {
		case t.Array:
			f.Kind = JSON
		case st == schema.StoreInteger && t.Kind() == schema.Bool:
			f.Kind = Bool
		case st == schema.StoreInteger && t.Kind() == schema.Numeric:
			f.Kind = Native
		case st == schema.StoreText && t.Kind() == schema.Text:
			f.Kind = Text
		}
	case t.Array:
		f.Kind = JSON
	default:
		f.Kind = ownKinds[t.Kind()]
	}
	return f
}

var ownKinds = [...]Kind{
	schema.Unknown: Native, schema.Bool: Bool, schema.Int2: Int, schema.Int4: Int, schema.Int8: Int,
	schema.Float4: Float4, schema.Float8: Float8, schema.Numeric: Numeric, schema.Text: Text, schema.UUID: Quoted,
	schema.Date: Quoted, schema.Time: Quoted, schema.TimeTZ: Quoted, schema.Timestamp: Quoted, schema.TimestampTZ: Zoned,
	schema.Interval: Quoted, schema.JSON: JSON, schema.JSONB: JSONB, schema.Bytea: Bytes, schema.EnumBase: Text,
	schema.CompositeBase: JSON,
}

func isTime(b schema.Base) bool {
	return b == schema.Date || b == schema.Time || b == schema.TimeTZ || b == schema.Timestamp || b == schema.TimestampTZ
}

// field makes a Field.
func field(name string, col int, f Form) Field {
	return Field{Name: name, Key: append(value.AppendJSONString(nil, name), ':'), Col: col, Form: f}
}
