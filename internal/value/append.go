package value

import (
	"encoding/hex"
	"strconv"
	"time"

	"github.com/pintail-dev/pintail/schema"
)

// AppendJSON appends a canonical value as row_to_json writes it. Timestamps with time zone are written in zone, nil for UTC.
func AppendJSON(dst []byte, t schema.Type, v any, zone *time.Location) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return AppendJSONFloat(dst, v, floatBits(t))
	case []byte:
		return AppendJSONBytes(dst, v)
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			if _, nested := e.([]any); nested {
				dst = AppendJSON(dst, t, e, zone)
			} else {
				dst = AppendJSON(dst, element(t), e, zone)
			}
		}
		return append(dst, ']')
	case string:
		switch t.Base {
		case schema.Numeric:
			return AppendJSONNumeric(dst, v)
		case schema.JSON, schema.JSONB:
			return append(dst, v...)
		case schema.TimestampTZ:
			return AppendJSONTimestampTZ(dst, v, zone)
		}
		return AppendJSONString(dst, v)
	}
	panic("value: not a canonical value")
}

func floatBits(t schema.Type) int {
	if t.Base == schema.Float4 {
		return 32
	}
	return 64
}

// escapes says of each byte what a JSON string needs: 0 nothing, u a \u00xx, else that letter behind a backslash.
var escapes = func() (e [256]byte) {
	for c := range 0x20 {
		e[c] = 'u'
	}
	e['"'], e['\\'] = '"', '\\'
	e['\b'], e['\f'], e['\n'], e['\r'], e['\t'] = 'b', 'f', 'n', 'r', 't'
	return e
}()

// AppendJSONString appends a JSON string, escaped as PostgreSQL does: quote, backslash and control characters, nothing else.
func AppendJSONString[S ~string | ~[]byte](dst []byte, s S) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	start, i := 0, 0
	for ; i+4 <= len(s) && escapes[s[i]]|escapes[s[i+1]]|escapes[s[i+2]]|escapes[s[i+3]] == 0; i += 4 {
	}
	for ; i < len(s); i++ {
		e := escapes[s[i]]
		if e == 0 {
			continue
		}
		dst = append(dst, s[start:i]...)
		if e == 'u' {
			dst = append(dst, '\\', 'u', '0', '0', digits[s[i]>>4], digits[s[i]&15])
		} else {
			dst = append(dst, '\\', e)
		}
		start = i + 1
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// AppendJSONFloat appends a float: a JSON number, or "NaN", "Infinity", "-Infinity" in quotes. bits is 64 or 32.
func AppendJSONFloat(dst []byte, f float64, bits int) []byte {
	if f-f != 0 { // NaN or infinite
		dst = append(dst, '"')
		dst = AppendFloat(dst, f, bits)
		return append(dst, '"')
	}
	return AppendFloat(dst, f, bits)
}

// AppendJSONNumeric appends a canonical numeric: a JSON number with its scale kept, or in quotes where it is none.
func AppendJSONNumeric[S ~string | ~[]byte](dst []byte, s S) []byte {
	if n := len(s); n > 0 && !isDigit(s[n-1]) {
		return AppendJSONString(dst, s)
	}
	return append(dst, s...)
}

// AppendJSONTimestampTZ appends a canonical timestamp with time zone as it reads in zone, nil for UTC.
func AppendJSONTimestampTZ[S ~string | ~[]byte](dst []byte, s S, zone *time.Location) []byte {
	if zone == nil || zone == time.UTC {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"')
	}
	t, ok := readTimestamp(s)
	if !ok {
		return AppendJSONString(dst, s)
	}
	offset := offsetAt(zone, t)
	dst = appendTimestamp(append(dst, '"'), t+int64(offset)*second, 'T')
	dst = appendOffset(dst, offset, true)
	return append(dst, '"')
}

// AppendJSONBytes appends a bytea: "\\xdead".
func AppendJSONBytes(dst, b []byte) []byte {
	dst = append(dst, `"\\x`...)
	dst = hex.AppendEncode(dst, b)
	return append(dst, '"')
}

// AppendText appends a canonical value as PostgreSQL's output function writes it: what a cast to text, ->> and CSV show.
// Timestamps with time zone are written in zone, nil for UTC. Null appends nothing.
func AppendText(dst []byte, t schema.Type, v any, zone *time.Location) []byte {
	switch v := v.(type) {
	case nil:
		return dst
	case bool:
		if v {
			return append(dst, 't')
		}
		return append(dst, 'f')
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return AppendFloat(dst, v, floatBits(t))
	case []byte:
		return hex.AppendEncode(append(dst, `\x`...), v)
	case []any:
		return appendArray(dst, t, v, zone)
	case string:
		switch t.Base {
		case schema.Timestamp:
			return AppendTextTimestamp(dst, v)
		case schema.TimestampTZ:
			return AppendTextTimestampTZ(dst, v, zone)
		}
		return append(dst, v...)
	}
	panic("value: not a canonical value")
}

// AppendTextTimestamp appends a canonical timestamp with a blank for the T.
func AppendTextTimestamp[S ~string | ~[]byte](dst []byte, s S) []byte {
	start := len(dst)
	dst = append(dst, s...)
	if len(s) > 10 && s[10] == 'T' {
		dst[start+10] = ' '
	}
	return dst
}

// AppendTextTimestampTZ appends a canonical timestamp with time zone as it reads in zone: 2020-01-02 03:04:05+00.
func AppendTextTimestampTZ[S ~string | ~[]byte](dst []byte, s S, zone *time.Location) []byte {
	t, ok := readTimestamp(s)
	if !ok {
		return append(dst, s...)
	}
	offset := 0
	if zone != nil && zone != time.UTC {
		offset = offsetAt(zone, t)
	}
	dst = appendTimestamp(dst, t+int64(offset)*second, ' ')
	return appendOffset(dst, offset, false)
}
