package value

import (
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/fault"
)

// jsonbBytesMax bounds what a JSON text may grow to when its numbers lose their exponents.
const jsonbBytesMax = 32 << 20

// parseJSONB checks a JSON text and writes it as PostgreSQL writes a jsonb: keys by length, then bytes, the last of
// equal ones; numbers as numeric; ": " and ", " between.
func parseJSONB(s string) (any, error) {
	out, err := AppendJSONB(make([]byte, 0, len(s)+len(s)/8), s)
	if err != nil {
		return nil, err
	}
	return string(out), nil
}

// AppendJSONB appends PostgreSQL's jsonb text of a JSON text, which may be what SQLite's json() wrote.
func AppendJSONB(dst []byte, s string) ([]byte, error) {
	b := jsonbBuilder{out: dst}
	p := jsonParser{in: s, unescape: true, sink: &b}
	if err := p.document(); err != nil {
		return dst, err
	}
	if b.err != nil {
		return dst, b.err
	}
	return b.out, nil
}

// A jsonbBuilder writes values as they come; an object's are put in order when it ends.
type jsonbBuilder struct {
	out   []byte
	stack []jsonbLevel
	err   error
}

// A jsonbLevel is an open object or array.
type jsonbLevel struct {
	object bool
	start  int // of its text in out
	items  int
	pairs  []jsonbPair
}

// A jsonbPair is an object's key, and where its text `"key": value` stands in the output.
type jsonbPair struct {
	key        string
	start, end int
}

func (b *jsonbBuilder) before() {
	if n := len(b.stack); n > 0 && !b.stack[n-1].object {
		if top := &b.stack[n-1]; top.items > 0 {
			b.out = append(b.out, ", "...)
		}
		b.stack[n-1].items++
	}
}

// after notes where a value of an object ends.
func (b *jsonbBuilder) after() {
	if n := len(b.stack); n > 0 && b.stack[n-1].object {
		pairs := b.stack[n-1].pairs
		pairs[len(pairs)-1].end = len(b.out)
	}
	if len(b.out) > jsonbBytesMax && b.err == nil {
		b.err = fault.New(fault.ProgramLimit, "jsonb value is too large")
	}
}

func (b *jsonbBuilder) begin(kind byte) {
	b.before()
	b.stack = append(b.stack, jsonbLevel{object: kind == '{', start: len(b.out)})
	b.out = append(b.out, kind)
}

func (b *jsonbBuilder) key(s string) {
	top := &b.stack[len(b.stack)-1]
	if len(top.pairs) > 0 {
		b.out = append(b.out, ", "...)
	}
	key := unquoteJSON(s)
	top.pairs = append(top.pairs, jsonbPair{key: key, start: len(b.out)})
	b.out = AppendJSONString(b.out, key)
	b.out = append(b.out, ": "...)
}

func (b *jsonbBuilder) scalar(kind byte, s string) error {
	if b.err != nil {
		return b.err
	}
	b.before()
	switch {
	case kind == jsonString && strings.IndexByte(s, '\\') < 0:
		b.out = append(b.out, s...)
	case kind == jsonString:
		b.out = AppendJSONString(b.out, unquoteJSON(s))
	case kind == jsonNumber && !isCanonical(s):
		text, err := numericText(s, "")
		if err != nil {
			return err
		}
		b.out = append(b.out, text...)
	default:
		b.out = append(b.out, s...)
	}
	b.after()
	return nil
}

func (b *jsonbBuilder) end(kind byte) {
	top := b.stack[len(b.stack)-1]
	b.stack = b.stack[:len(b.stack)-1]
	if top.object {
		b.order(&top)
	}
	b.out = append(b.out, kind)
	b.after()
}

// order puts an object's pairs into PostgreSQL's order, where they are not in it already.
func (b *jsonbBuilder) order(l *jsonbLevel) {
	compare := func(x, y jsonbPair) int {
		if len(x.key) != len(y.key) {
			return len(x.key) - len(y.key)
		}
		return strings.Compare(x.key, y.key)
	}
	inOrder := true
	for i := 1; i < len(l.pairs); i++ {
		inOrder = inOrder && compare(l.pairs[i-1], l.pairs[i]) < 0
	}
	if inOrder {
		return
	}
	base := l.start + 1
	text := slices.Clone(b.out[base:])
	slices.SortStableFunc(l.pairs, compare)
	b.out = b.out[:base]
	for i, p := range l.pairs {
		if i+1 < len(l.pairs) && l.pairs[i+1].key == p.key {
			continue // the last one stays
		}
		if len(b.out) > base {
			b.out = append(b.out, ", "...)
		}
		b.out = append(b.out, text[p.start-base:p.end-base]...)
	}
}
