package sqlite

import (
	"strconv"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/value"
)

// JSON paths with PostgreSQL's meaning: a text key is looked up in objects only, a number in arrays only (negative from the
// end), and what isn't there is null.

// get walks from doc, JSON text, along keys. It gives the JSON text of what it finds. To jsonb, binary, a scalar is an array of one.
func get(doc []byte, keys []sqlite3.Value, binary bool) ([]byte, bool) {
	at := doc
	for _, k := range keys {
		var ok bool
		if k.Type() == sqlite3.INTEGER {
			at, ok = item(at, k.Int64(), binary)
		} else {
			at, ok = lookUp(at, k.RawText())
		}
		if !ok {
			return nil, false
		}
	}
	return trim(at), true
}

// lookUp gives the value of the last member with that key.
func lookUp(doc, key []byte) (found []byte, ok bool) {
	doc = trim(doc)
	if len(doc) == 0 || doc[0] != '{' {
		return nil, false
	}
	i := skipSpace(doc, 1)
	for i < len(doc) && doc[i] == '"' {
		end := skipValue(doc, i)
		name := doc[i+1 : end-1]
		i = skipSpace(doc, end)
		if i >= len(doc) || doc[i] != ':' {
			return nil, false
		}
		from := skipSpace(doc, i+1)
		i = skipValue(doc, from)
		if string(name) == string(key) || value.UnescapeJSON(string(name)) == string(key) {
			found, ok = doc[from:i], true
		}
		i = skipSpace(doc, i)
		if i < len(doc) && doc[i] == ',' {
			i = skipSpace(doc, i+1)
		}
	}
	return found, ok
}

// item gives the n-th element of an array, from its end where n is negative.
func item(doc []byte, n int64, binary bool) ([]byte, bool) {
	doc = trim(doc)
	if binary && len(doc) > 0 && doc[0] != '[' && doc[0] != '{' {
		return doc, n == 0 || n == -1
	}
	if len(doc) == 0 || doc[0] != '[' {
		return nil, false
	}
	if n < 0 {
		count := int64(0)
		for range elements(doc) {
			count++
		}
		n += count
	}
	if n < 0 {
		return nil, false
	}
	for e := range elements(doc) {
		if n == 0 {
			return e, true
		}
		n--
	}
	return nil, false
}

// elements yields an array's elements.
func elements(doc []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		i := skipSpace(doc, 1)
		for i < len(doc) && doc[i] != ']' {
			end := skipValue(doc, i)
			if end <= i || !yield(doc[i:end]) {
				return
			}
			i = skipSpace(doc, end)
			if i < len(doc) && doc[i] == ',' {
				i = skipSpace(doc, i+1)
			}
		}
	}
}

// skipValue gives the place after the value that starts at i; the text is valid JSON.
func skipValue(b []byte, i int) int {
	if i >= len(b) {
		return i
	}
	switch b[i] {
	case '"':
		for i++; i < len(b); i++ {
			switch b[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(b)
	case '{', '[':
		depth := 0
		for i < len(b) {
			switch b[i] {
			case '"':
				i = skipValue(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
		return len(b)
	}
	for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && b[i] != ' ' && b[i] != '\n' && b[i] != '\t' && b[i] != '\r' {
		i++
	}
	return i
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

func trim(b []byte) []byte {
	b = b[skipSpace(b, 0):]
	for n := len(b); n > 0 && (b[n-1] == ' ' || b[n-1] == '\n' || b[n-1] == '\t' || b[n-1] == '\r'); n-- {
		b = b[:n-1]
	}
	return b
}

// document gives a value as JSON text: binary JSON in jsonb's form, text as it stands, numbers and booleans as themselves.
func (c *conn) document(v sqlite3.Value) []byte {
	switch v.Type() {
	case sqlite3.BLOB:
		c.buf = appendJSONB(c.buf[:0], v)
		return c.buf
	case sqlite3.INTEGER:
		return strconv.AppendInt(c.buf[:0], v.Int64(), 10)
	case sqlite3.FLOAT:
		return value.AppendJSONFloat(c.buf[:0], v.Float(), 64)
	}
	return v.RawText()
}

// asText is what ->> makes of JSON text: a string without its quotes, anything else as it stands; null is null.
func asText(doc []byte) (string, bool) {
	if len(doc) > 1 && doc[0] == '"' {
		return value.UnescapeJSON(string(doc[1 : len(doc)-1])), true
	}
	if string(doc) == "null" {
		return "", false
	}
	return string(doc), true
}
