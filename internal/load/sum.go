package load

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// A sum is a checksum of rows in any order: two sums over independent 64-bit hashes of each row (xxHash).
type sum struct{ a, b uint64 }

func (s *sum) add(types []schema.Type, vals []any) {
	var buffer [512]byte
	b := buffer[:0]
	for i, v := range vals {
		b = appendValue(b, types[i], v)
	}
	s.a += xxhash.Sum64(b)
	s.b += xxhash.Sum64(append(b, 0xff))
}

func (s sum) String() string { return fmt.Sprintf("%016x%016x", s.a, s.b) }

// appendValue appends a value with its length, so that no two rows look alike.
func appendValue(b []byte, t schema.Type, v any) []byte {
	if v == nil {
		return append(b, 0)
	}
	at := len(b)
	b = append(b, 1, 0, 0, 0, 0)
	switch v := v.(type) {
	case []byte:
		if t.Base == schema.Unknown { // SQLite's own forms: a blob is no text
			b[at] = 2
		}
		b = append(b, v...)
	case float64:
		if t.Base == schema.Unknown {
			b[at] = 3
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		} else {
			b = value.AppendText(b, t, v, nil)
		}
	case int64:
		if t.Base == schema.Unknown {
			b[at] = 4
		}
		b = strconv.AppendInt(b, v, 10)
	case string:
		b = append(b, v...)
	default:
		b = value.AppendText(b, t, v, nil)
	}
	binary.LittleEndian.PutUint32(b[at+1:], uint32(len(b)-at-5))
	return b
}

// keyOf names a row by its primary key.
func (m *moving) keyOf(vals []any) string {
	text := ""
	for n, i := range m.key {
		if n > 0 {
			text += ", "
		}
		text += m.columns[i].Name + "=" + textOf(m.types[i], vals[i])
	}
	return text
}

// textOf shows a value.
func textOf(t schema.Type, v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return v
	}
	return string(value.AppendText(nil, t, v, nil))
}
