package sqlite

import (
	"bytes"
	"strings"
	"unsafe"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// collations order texts that stand for values of other types.
var collations = map[string]sqlite3.CollatingFunction{
	"pt_numeric":  func(a, b []byte) int { return value.CompareNumeric(view(a), view(b)) },
	"pt_citext":   func(a, b []byte) int { return strings.Compare(strings.ToLower(view(a)), strings.ToLower(view(b))) },
	"pt_timetz":   ordering(schema.Type{Base: schema.TimeTZ, Name: "time with time zone"}),
	"pt_interval": ordering(schema.Type{Base: schema.Interval, Name: "interval"}),
	"pt_jsonb":    compareJSONB,
	"pt_array":    compareArrays,
}

// view is b as a string for as long as the call lasts.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func ordering(t schema.Type) sqlite3.CollatingFunction {
	return func(a, b []byte) int { return value.Compare(t, string(a), string(b)) }
}

// compareArrays orders JSON arrays as PostgreSQL orders arrays: element by element, then by length.
func compareArrays(a, b []byte) int {
	if bytes.Equal(a, b) {
		return 0
	}
	as, bs := slice(a), slice(b)
	for i := range min(len(as), len(bs)) {
		x, y := as[i], bs[i]
		var c int
		switch {
		case len(x) > 0 && x[0] == '[' && len(y) > 0 && y[0] == '[':
			c = compareArrays(x, y)
		case string(x) == "null" || string(y) == "null":
			c = boolCompare(string(x) == "null", string(y) == "null")
		case len(x) > 0 && x[0] == '"' && len(y) > 0 && y[0] == '"':
			c = strings.Compare(value.UnescapeJSON(string(x[1:len(x)-1])), value.UnescapeJSON(string(y[1:len(y)-1])))
		case string(x) == "true" || string(x) == "false":
			c = boolCompare(string(x) == "true", string(y) == "true")
		default:
			c = value.CompareNumeric(plain(x), plain(y))
		}
		if c != 0 {
			return c
		}
	}
	return len(as) - len(bs)
}

// plain is a JSON number without an exponent.
func plain(b []byte) string {
	if bytes.IndexByte(b, 'e') < 0 {
		return string(b)
	}
	v, err := value.Parse(schema.Type{Base: schema.Numeric, Name: "numeric"}, string(b))
	if err != nil {
		return string(b)
	}
	return v.(string)
}

func slice(doc []byte) (out [][]byte) {
	for e := range elements(doc) {
		out = append(out, e)
	}
	return out
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
