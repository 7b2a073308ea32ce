package sqlite

import (
	"encoding/binary"
	"sort"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/value"
)

// SQLite's binary JSON (sqlite.org/jsonb.html): an element is a header (type in the low half of its first byte, size of what follows
// in the high half or in the 1 to 8 bytes after it) and what follows.
const (
	jsonbNull = iota
	jsonbTrue
	jsonbFalse
	jsonbInt
	jsonbInt5
	jsonbFloat
	jsonbFloat5
	jsonbText
	jsonbTextJ
	jsonbText5
	jsonbTextRaw
	jsonbArray
	jsonbObject
)

// appendJSONB writes a jsonb column's value, a JSONB blob or JSON text, in the form of PostgreSQL's jsonb.
func appendJSONB(dst []byte, v sqlite3.Value) []byte {
	if v.Type() == sqlite3.BLOB {
		if out, rest, ok := appendElement(dst, v.RawBlob()); ok && len(rest) == 0 {
			return out
		}
		return append(dst, "null"...)
	}
	text := v.Text()
	if out, err := value.AppendJSONB(dst, text); err == nil {
		return out
	}
	return value.AppendJSONString(dst, text)
}

// element takes the first element of b apart.
func element(b []byte) (kind byte, body, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, nil, false
	}
	kind, size, head := b[0]&15, uint64(b[0]>>4), 1
	switch {
	case size == 12 && len(b) >= 2:
		size, head = uint64(b[1]), 2
	case size == 13 && len(b) >= 3:
		size, head = uint64(binary.BigEndian.Uint16(b[1:])), 3
	case size == 14 && len(b) >= 5:
		size, head = uint64(binary.BigEndian.Uint32(b[1:])), 5
	case size == 15 && len(b) >= 9:
		size, head = binary.BigEndian.Uint64(b[1:]), 9
	case size > 11:
		return 0, nil, nil, false
	}
	if size > uint64(len(b)-head) {
		return 0, nil, nil, false
	}
	end := head + int(size)
	return kind, b[head:end], b[end:], true
}

func appendElement(dst, b []byte) (out, rest []byte, ok bool) {
	kind, body, rest, ok := element(b)
	if !ok {
		return dst, nil, false
	}
	switch kind {
	case jsonbNull:
		return append(dst, "null"...), rest, true
	case jsonbTrue:
		return append(dst, "true"...), rest, true
	case jsonbFalse:
		return append(dst, "false"...), rest, true
	case jsonbInt:
		return append(dst, body...), rest, true
	case jsonbFloat, jsonbInt5, jsonbFloat5:
		if out, err := value.AppendJSONB(dst, string(body)); err == nil {
			return out, rest, true
		}
		return value.AppendJSONString(dst, body), rest, true
	case jsonbText:
		dst = append(append(append(dst, '"'), body...), '"')
		return dst, rest, true
	case jsonbTextJ, jsonbText5:
		return value.AppendJSONString(dst, value.UnescapeJSON(string(body))), rest, true
	case jsonbTextRaw:
		return value.AppendJSONString(dst, body), rest, true
	case jsonbArray:
		dst = append(dst, '[')
		for n := 0; len(body) > 0; n++ {
			if n > 0 {
				dst = append(dst, ", "...)
			}
			if dst, body, ok = appendElement(dst, body); !ok {
				return dst, nil, false
			}
		}
		return append(dst, ']'), rest, true
	case jsonbObject:
		dst, ok = appendObject(dst, body)
		return dst, rest, ok
	}
	return dst, nil, false
}

// A member is one key of an object, both as JSON text.
type member struct {
	key   string // unescaped
	value []byte // the element
}

// appendObject writes an object with its keys in jsonb's order: by length, then bytewise; of equal keys the last.
func appendObject(dst, body []byte) ([]byte, bool) {
	var scratch [16]member
	members, sorted := scratch[:0], true
	for len(body) > 0 {
		kind, key, rest, ok := element(body)
		if !ok || kind < jsonbText || kind > jsonbTextRaw {
			return dst, false
		}
		_, _, after, ok := element(rest)
		if !ok {
			return dst, false
		}
		m := member{key: string(key), value: rest[:len(rest)-len(after)]}
		if kind == jsonbTextJ || kind == jsonbText5 {
			m.key = value.UnescapeJSON(m.key)
		}
		if n := len(members); n > 0 && !keyLess(members[n-1].key, m.key) {
			sorted = false
		}
		members, body = append(members, m), after
	}
	if !sorted {
		sort.SliceStable(members, func(i, j int) bool { return keyLess(members[i].key, members[j].key) })
	}
	dst = append(dst, '{')
	first := true
	for i := range members {
		if i+1 < len(members) && members[i+1].key == members[i].key {
			continue
		}
		if !first {
			dst = append(dst, ", "...)
		}
		first = false
		dst = append(value.AppendJSONString(dst, members[i].key), ": "...)
		var ok bool
		if dst, _, ok = appendElement(dst, members[i].value); !ok {
			return dst, false
		}
	}
	return append(dst, '}'), true
}

func keyLess(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}
