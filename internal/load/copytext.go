package load

import (
	"bytes"

	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// appendCopy appends a row in the text form of PostgreSQL's COPY: tabs between, \N for null.
func appendCopy(dst []byte, types []schema.Type, vals []any) []byte {
	for i, v := range vals {
		if i > 0 {
			dst = append(dst, '\t')
		}
		if v == nil {
			dst = append(dst, `\N`...)
			continue
		}
		start := len(dst)
		dst = escapeCopy(value.AppendText(dst, types[i], v, nil), start)
	}
	return append(dst, '\n')
}

// copyEscapes are the bytes that mean something to COPY, with the letters that stand for them.
var copyEscapes = [256]byte{'\\': '\\', '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f', '\v': 'v'}

// escapeCopy escapes what stands in dst from start on.
func escapeCopy(dst []byte, start int) []byte {
	extra := 0
	for _, c := range dst[start:] {
		if copyEscapes[c] != 0 {
			extra++
		}
	}
	if extra == 0 {
		return dst
	}
	n := len(dst)
	dst = append(dst, make([]byte, extra)...)
	for i, j := n-1, len(dst)-1; i >= start; i-- {
		if e := copyEscapes[dst[i]]; e != 0 {
			dst[j], dst[j-1] = e, '\\'
			j -= 2
		} else {
			dst[j] = dst[i]
			j--
		}
	}
	return dst
}

// splitCopy takes a line of COPY's text apart; a null field is nil. The fields are parts of line, which is written over.
func splitCopy(line []byte, fields [][]byte) [][]byte {
	for {
		end := bytes.IndexByte(line, '\t')
		field := line
		if end >= 0 {
			field = line[:end]
		}
		fields = append(fields, unescapeCopy(field))
		if end < 0 {
			return fields
		}
		line = line[end+1:]
	}
}

// unescapeCopy undoes escapeCopy in place; nil for \N.
func unescapeCopy(b []byte) []byte {
	i := bytes.IndexByte(b, '\\')
	if i < 0 {
		return b
	}
	if len(b) == 2 && b[1] == 'N' {
		return nil
	}
	out := b[:i]
	for ; i < len(b); i++ {
		c := b[i]
		if c == '\\' && i+1 < len(b) {
			i++
			switch c = b[i]; c {
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			case 'b':
				c = '\b'
			case 'f':
				c = '\f'
			case 'v':
				c = '\v'
			}
		}
		out = append(out, c)
	}
	return out
}
