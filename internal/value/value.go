// Package value parses and types what clients send and writes what they get, in PostgreSQL's own forms, byte for byte.
// It is pure: both engines share it, so that they accept the same texts, refuse the others with the same message, and
// answer the same bytes.
//
// Parse reads a type's text, FromJSON a JSON value as json_to_recordset would; AppendText writes PostgreSQL's text,
// AppendJSON what row_to_json writes; Cast converts as :: does; Compare orders as ORDER BY does.
//
// A value's Go type follows from its schema.Type, and so does its canonical form: equal values that PostgreSQL prints
// alike are equal Go values, and this is the form in which SQLite columns that Pintail makes keep them.
//
//	any type        null is nil
//	Bool            bool (SQLite: 0 and 1)
//	Int2 Int4 Int8  int64
//	Float4 Float8   float64 (a Float4 is one that float32 holds)
//	Numeric         string: digits as PostgreSQL prints them, scale kept ("1.50"), no exponent; "NaN" "Infinity" "-Infinity"
//	Text            string; char(n) padded with blanks to n
//	UUID            string: 36 characters, lower case
//	Date            string: "2020-01-02"; "infinity", "-infinity"
//	Time            string: "03:04:05.123456", trailing zeros of the fraction left out, as in all that follow
//	TimeTZ          string: "03:04:05+02", offset as PostgreSQL writes it
//	Timestamp       string: "2020-01-02T03:04:05.123456"; "infinity", "-infinity"
//	TimestampTZ     string: "2020-01-02T03:04:05.123456+00:00", always UTC
//	Interval        string: "1 year 2 mons 3 days 04:05:06" (IntervalStyle postgres)
//	JSON            string: the text as it came
//	JSONB           string: PostgreSQL's text of it, `{"a": 1, "bb": [1, 2]}`
//	Bytea           []byte
//	EnumBase        string: the label
//	arrays          []any of the element's values, nested where the array has several dimensions
//	Unknown, CompositeBase  string: PostgreSQL's text, not looked into
//
// Dates and timestamps reach from year 1 to 9999: their canonical texts sort as the values do. PostgreSQL's wider
// range is refused with its own "out of range" message.
package value

import (
	"strconv"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/schema"
)

// Parse reads a value of a type from its text, as PostgreSQL's input function does, with UTC for what says no time zone.
// Errors are *fault.Fault with PostgreSQL's code and message.
func Parse(t schema.Type, s string) (any, error) { return ParseIn(t, s, time.UTC) }

// ParseIn is Parse in a session's time zone: timestamps with time zone that name none, and words like today, are meant there.
func ParseIn(t schema.Type, s string, zone *time.Location) (any, error) {
	if err := checkText(s); err != nil {
		return nil, err
	}
	if t.Array {
		return parseArray(t, s, zone)
	}
	switch t.Base {
	case schema.Bool:
		return parseBool(s)
	case schema.Int2, schema.Int4, schema.Int8:
		return parseInt(t.Base, s)
	case schema.Float4, schema.Float8:
		return parseFloat(t.Base, s)
	case schema.Numeric:
		return parseNumeric(s, t.Modifier)
	case schema.Text:
		return parseString(t, s)
	case schema.UUID:
		return parseUUID(s)
	case schema.Date, schema.Time, schema.TimeTZ, schema.Timestamp, schema.TimestampTZ:
		return parseDateTime(t, s, zone)
	case schema.Interval:
		return parseInterval(s, t.Modifier)
	case schema.JSON:
		return parseJSON(s)
	case schema.JSONB:
		return parseJSONB(s)
	case schema.Bytea:
		return parseBytea(s)
	case schema.EnumBase:
		return parseEnum(t, s)
	}
	return s, nil
}

// element is the type of an array's elements.
func element(t schema.Type) schema.Type {
	t.Array = false
	return t
}

// typeName is how PostgreSQL's messages name a type.
func typeName(t schema.Type) string {
	switch t.Base {
	case schema.Bool:
		return "boolean"
	case schema.Int2:
		return "smallint"
	case schema.Int4:
		return "integer"
	case schema.Int8:
		return "bigint"
	case schema.Float4:
		return "real"
	case schema.Float8:
		return "double precision"
	case schema.Numeric:
		return "numeric"
	case schema.UUID:
		return "uuid"
	case schema.Date:
		return "date"
	case schema.Time:
		return "time without time zone"
	case schema.TimeTZ:
		return "time with time zone"
	case schema.Timestamp:
		return "timestamp without time zone"
	case schema.TimestampTZ:
		return "timestamp with time zone"
	case schema.Interval:
		return "interval"
	case schema.JSON:
		return "json"
	case schema.JSONB:
		return "jsonb"
	case schema.Bytea:
		return "bytea"
	case schema.EnumBase:
		if t.Enum != nil {
			return t.Enum.Name.Name
		}
	}
	return t.Name
}

// invalid is the fault of a text that is none of a type.
func invalid(typ, s string) error {
	return fault.Newf(fault.InvalidText, `invalid input syntax for type %s: "%s"`, typ, s)
}

// space says whether PostgreSQL's isspace holds.
func space(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// trimSpace cuts the white space that isspace knows from both ends.
func trimSpace(s string) string {
	for s != "" && space(s[0]) {
		s = s[1:]
	}
	for s != "" && space(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// lower is ASCII lower case.
func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// equalFold compares with an ASCII lower-case word, whatever the case of s.
func equalFold(s, word string) bool {
	return len(s) == len(word) && hasPrefixFold(s, word)
}

// hasPrefixFold says whether s starts with an ASCII lower-case word, whatever its case.
func hasPrefixFold(s, word string) bool {
	if len(s) < len(word) {
		return false
	}
	for i := range len(word) {
		if lower(s[i]) != word[i] {
			return false
		}
	}
	return true
}

// modifier is the number of a modifier that has one, "(3)"; -1 where there is none.
func modifier(m string) int {
	if len(m) < 3 {
		return -1
	}
	n, err := strconv.Atoi(strings.TrimSpace(m[1 : len(m)-1]))
	if err != nil {
		return -1
	}
	return n
}
