package rest

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/value"
)

// A payload is a JSON body as far as this stage looks at it: the keys of its rows. Values stay the bytes that they are.
type payload struct {
	kind    jsonKind
	keys    []string // of the first object, sorted, each once; nil for none
	inOrder []string // the same, as they stand there
	uniform bool     // all objects have the same keys
	others  bool     // an element of the array is no object
	first   []byte   // the first object
}

type jsonKind uint8

const (
	jsonScalar jsonKind = iota
	jsonObject
	jsonArray
)

func invalidJSON() *fault.Fault { return fault.New(fault.BadBody, "Empty or invalid json") }

// parsePayload checks that body is one JSON text (RFC 8259), in UTF-8 and not nested too deep, and finds the keys of the
// object or of the array of objects that it is. It reads every byte once and keeps no value.
func parsePayload(body []byte, nestingMax int) (payload, error) {
	s := jsonScanner{b: body, left: nestingMax}
	p := payload{uniform: true}
	s.space()
	var ok bool
	switch s.peek() {
	case '{':
		p.kind = jsonObject
		ok = s.row(&p)
	case '[':
		p.kind = jsonArray
		ok = s.rows(&p)
	default:
		ok = s.value()
	}
	if s.tooDeep {
		return p, fault.Newf(fault.TooDeep, "the JSON body is nested more than %d deep", nestingMax).
			WithHint("flatten the value, or store the deep part as text")
	}
	s.space()
	if !ok || s.i < len(s.b) || !utf8.Valid(body) {
		return p, invalidJSON()
	}
	return p, nil
}

// A jsonScanner walks JSON text. Its methods answer false where the text is no JSON.
type jsonScanner struct {
	b       []byte
	i       int
	left    int // levels that may still be opened
	tooDeep bool
	keys    [][]byte // of the row that is being read, quoted
}

func (s *jsonScanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *jsonScanner) take(b byte) bool {
	if s.peek() == b && s.i < len(s.b) {
		s.i++
		return true
	}
	return false
}

func (s *jsonScanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// open enters a level; its end is left++ again.
func (s *jsonScanner) open() bool {
	if s.left--; s.left < 0 {
		s.tooDeep = true
	}
	s.i++
	return !s.tooDeep
}

// rows reads a list of what should be rows.
func (s *jsonScanner) rows(p *payload) bool {
	if !s.open() {
		return false
	}
	defer func() { s.left++ }()
	if s.space(); s.take(']') {
		return true
	}
	for {
		s.space()
		if s.peek() == '{' {
			if !s.row(p) {
				return false
			}
		} else {
			p.others = true
			if !s.value() {
				return false
			}
		}
		s.space()
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

// row reads an object and holds its keys against those of the first.
func (s *jsonScanner) row(p *payload) bool {
	start := s.i
	s.keys = s.keys[:0]
	if !s.object(true) {
		return false
	}
	if p.first == nil {
		p.first = s.b[start:s.i]
		p.inOrder = make([]string, len(s.keys))
		for i, key := range s.keys {
			p.inOrder[i] = unquoteJSON(key)
		}
		p.keys = keySet(s.keys)
		return true
	}
	if p.uniform {
		p.uniform = p.sameKeys(s.keys)
	}
	return true
}

// sameKeys says whether raw keys, quoted and in any order, are those of the first object.
func (p *payload) sameKeys(raw [][]byte) bool {
	if len(raw) != len(p.inOrder) {
		return slices.Equal(p.keys, keySet(raw))
	}
	for i, key := range raw {
		if !plainEqual(key, p.inOrder[i]) {
			return slices.Equal(p.keys, keySet(raw))
		}
	}
	return true
}

// plainEqual compares a raw key without escapes.
func plainEqual(raw []byte, key string) bool {
	return string(raw[1:len(raw)-1]) == key && bytes.IndexByte(raw, '\\') < 0
}

func keySet(raw [][]byte) []string {
	keys := make([]string, len(raw))
	for i, key := range raw {
		keys[i] = unquoteJSON(key)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (s *jsonScanner) object(isRow bool) bool {
	if !s.open() {
		return false
	}
	defer func() { s.left++ }()
	if s.space(); s.take('}') {
		return true
	}
	for {
		s.space()
		from := s.i
		if !s.str() {
			return false
		}
		if isRow {
			s.keys = append(s.keys, s.b[from:s.i])
		}
		if s.space(); !s.take(':') {
			return false
		}
		if s.space(); !s.value() {
			return false
		}
		s.space()
		if s.take('}') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

func (s *jsonScanner) array() bool {
	if !s.open() {
		return false
	}
	defer func() { s.left++ }()
	if s.space(); s.take(']') {
		return true
	}
	for {
		if s.space(); !s.value() {
			return false
		}
		s.space()
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

func (s *jsonScanner) value() bool {
	switch b := s.peek(); b {
	case '{':
		return s.object(false)
	case '[':
		return s.array()
	case '"':
		return s.str()
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	default:
		return (b == '-' || '0' <= b && b <= '9') && s.number()
	}
}

func (s *jsonScanner) literal(word string) bool {
	if len(s.b)-s.i >= len(word) && string(s.b[s.i:s.i+len(word)]) == word {
		s.i += len(word)
		return true
	}
	return false
}

func (s *jsonScanner) digits() bool {
	from := s.i
	for s.i < len(s.b) && '0' <= s.b[s.i] && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i > from
}

func (s *jsonScanner) number() bool {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return false
	}
	if s.take('.') && !s.digits() {
		return false
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		return s.digits()
	}
	return true
}

func (s *jsonScanner) str() bool {
	if !s.take('"') {
		return false
	}
	for s.i < len(s.b) {
		switch b := s.b[s.i]; {
		case b == '"':
			s.i++
			return true
		case b < ' ':
			return false
		case b == '\\':
			s.i++
			if !s.escape() {
				return false
			}
		default:
			s.i++
		}
	}
	return false
}

func (s *jsonScanner) escape() bool {
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.i++
		return true
	case 'u':
		if len(s.b)-s.i < 5 {
			return false
		}
		for _, h := range s.b[s.i+1 : s.i+5] {
			if !isHex(h) {
				return false
			}
		}
		s.i += 5
		return true
	}
	return false
}

// unquoteJSON decodes a string that str has passed; a lone surrogate becomes the replacement character.
func unquoteJSON(raw []byte) string { return value.UnescapeJSON(string(raw[1 : len(raw)-1])) }

// appendJSON writes s as a JSON string, escaping no more than JSON asks for.
func appendJSON(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		b := s[i]
		switch {
		case b == '"' || b == '\\':
			dst = append(dst, '\\', b)
		case b == '\n':
			dst = append(dst, '\\', 'n')
		case b == '\r':
			dst = append(dst, '\\', 'r')
		case b == '\t':
			dst = append(dst, '\\', 't')
		case b < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
		case b >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r) // what is not UTF-8 becomes the replacement character
			i += n
			continue
		default:
			dst = append(dst, b)
		}
		i++
	}
	return append(dst, '"')
}
