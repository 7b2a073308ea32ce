package value

import (
	"fmt"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/schema"
)

// FromJSON reads a value of a type from a JSON value, as json_to_recordset does for a column called key: a string is
// read as the type's text, so is every other scalar, null is null, an array is an array, and json takes whatever it is.
// key serves messages only. raw must be valid JSON.
func FromJSON(t schema.Type, key string, raw []byte) (any, error) {
	return FromJSONIn(t, key, raw, time.UTC)
}

// FromJSONIn is FromJSON in a session's time zone.
func FromJSONIn(t schema.Type, key string, raw []byte, zone *time.Location) (any, error) {
	s := trimSpace(string(raw))
	if s == "null" {
		return nil, nil
	}
	quoted := strings.HasPrefix(s, `"`)
	if !quoted && s != "" && (s[0] == '[' || s[0] == '{') {
		// json_to_recordset turns every string inside into text, wanted or not
		if err := CheckRows(s); err != nil {
			return nil, err
		}
	}
	if t.Array && !quoted {
		a := jsonArray{element: element(t), key: key, zone: zone}
		return a.read(s)
	}
	if quoted {
		text, err := jsonText(s)
		if err != nil {
			return nil, err
		}
		if !t.Array && (t.Base == schema.JSON || t.Base == schema.JSONB) {
			text = string(AppendJSONString(nil, text))
		}
		s = text
	}
	return ParseIn(t, s, zone)
}

// CheckRows checks a JSON text as json_to_recordset does: besides its syntax, that every string can become text.
func CheckRows(s string) error {
	p := jsonParser{in: s, unescape: true}
	return p.document()
}

// jsonText gives a JSON string's text.
func jsonText(s string) (string, error) {
	p := jsonParser{in: s, unescape: true}
	if err := p.document(); err != nil {
		return "", err
	}
	return unquoteJSON(s), nil
}

// A jsonArray turns nested JSON arrays into an array of a type. The first value that is no array, or the first empty
// array, says how many dimensions there are; what lies deeper is an element.
type jsonArray struct {
	element schema.Type
	key     string
	zone    *time.Location
	dims    []int // items of each dimension, -1 where not yet known; nil as long as nobody knows how many there are
	counts  []int // items so far of the open list of each dimension
	items   []any
}

// read reads the whole value.
func (a *jsonArray) read(s string) (any, error) {
	if err := a.walk(s, 0); err != nil {
		return nil, err
	}
	if len(a.dims) > arrayDimensionMax {
		return nil, tooManyDimensions(len(a.dims))
	}
	if len(a.items) == 0 {
		return []any{}, nil
	}
	list, _ := nest(a.items, a.dims)
	return list, nil
}

// nest cuts items into lists of lists, and gives what is left over.
func nest(items []any, dims []int) (list, rest []any) {
	if len(dims) == 1 {
		return items[:dims[0]:dims[0]], items[dims[0]:]
	}
	list = make([]any, dims[0])
	for i := range list {
		list[i], items = nest(items, dims[1:])
	}
	return list, items
}

// walk reads a value inside so many lists.
func (a *jsonArray) walk(s string, depth int) error {
	if !strings.HasPrefix(s, "[") || a.dims != nil && depth >= len(a.dims) {
		return a.leaf(s, depth)
	}
	items, err := jsonItems(s)
	if err != nil {
		return err
	}
	for _, item := range items {
		if err := a.walk(item, depth+1); err != nil {
			return err
		}
	}
	if a.dims == nil {
		a.open(depth + 1)
	}
	return a.close(depth)
}

// leaf reads an element.
func (a *jsonArray) leaf(s string, depth int) error {
	if a.dims == nil && depth > 0 {
		a.open(depth)
	}
	if depth < len(a.dims) || depth == 0 {
		return a.expected(depth)
	}
	v, err := FromJSONIn(a.element, a.key, []byte(s), a.zone)
	if err != nil {
		return err
	}
	a.items = append(a.items, v)
	a.counts[depth-1]++
	return nil
}

func (a *jsonArray) open(n int) {
	a.dims, a.counts = make([]int, n), make([]int, n)
	for i := range a.dims {
		a.dims[i] = -1
	}
}

// close checks that every list of a dimension has as many items.
func (a *jsonArray) close(depth int) error {
	if a.dims[depth] < 0 {
		a.dims[depth] = a.counts[depth]
	}
	if a.dims[depth] != a.counts[depth] {
		return fault.New(fault.InvalidText, "malformed JSON array").
			WithDetails("Multidimensional arrays must have sub-arrays with matching dimensions.")
	}
	a.counts[depth] = 0
	if depth > 0 {
		a.counts[depth-1]++
	}
	return nil
}

// expected is the fault of something else in an array's place.
func (a *jsonArray) expected(depth int) error {
	f := fault.New(fault.InvalidText, "expected JSON array")
	var at strings.Builder
	for _, n := range a.counts[:min(depth, len(a.counts))] {
		fmt.Fprintf(&at, "[%d]", n)
	}
	switch {
	case a.key != "" && at.Len() > 0:
		f.WithHint(`See the array element %s of key "%s".`, at.String(), a.key)
	case a.key != "":
		f.WithHint(`See the value of key "%s".`, a.key)
	case at.Len() > 0:
		f.WithHint("See the array element %s.", at.String())
	}
	return f
}

// jsonItems gives the raw values of a JSON array.
func jsonItems(s string) ([]string, error) {
	p := jsonParser{in: s}
	c := itemSink{p: &p}
	p.sink = &c
	if err := p.document(); err != nil {
		return nil, err
	}
	return c.items, nil
}

// An itemSink collects what stands one level deep.
type itemSink struct {
	p     *jsonParser
	depth int
	start int
	items []string
}

func (c *itemSink) begin(byte) {
	if c.depth++; c.depth == 2 {
		c.start = c.p.start
	}
}

func (c *itemSink) end(byte) {
	if c.depth--; c.depth == 1 {
		c.items = append(c.items, c.p.in[c.start:c.p.pos])
	}
}

func (c *itemSink) key(string) {}

func (c *itemSink) scalar(_ byte, s string) error {
	if c.depth == 1 {
		c.items = append(c.items, s)
	}
	return nil
}

// Fields gives the keys of a JSON object, unescaped, and the raw values beside them, in their order. s must be valid JSON; a
// value that is no object has no fields. An error of yield's ends it.
func Fields(s string, yield func(key, raw string) error) error {
	f := fieldSink{}
	f.p = &jsonParser{in: s, sink: &f}
	f.yield = yield
	if err := f.p.document(); err != nil {
		return err
	}
	return f.err
}

// A fieldSink gives what stands in the outermost object.
type fieldSink struct {
	p     *jsonParser
	yield func(key, raw string) error
	err   error
	depth int
	name  string
	start int
	array bool // the outermost value is an array
}

func (f *fieldSink) give(raw string) {
	if f.err == nil && !f.array {
		f.err = f.yield(f.name, raw)
	}
}

func (f *fieldSink) begin(kind byte) {
	switch f.depth++; f.depth {
	case 1:
		f.array = kind == '['
	case 2:
		f.start = f.p.start
	}
}

func (f *fieldSink) end(byte) {
	if f.depth--; f.depth == 1 {
		f.give(f.p.in[f.start:f.p.pos])
	}
}

func (f *fieldSink) key(s string) {
	if f.depth == 1 {
		f.name = unquoteJSON(s)
	}
}

func (f *fieldSink) scalar(_ byte, s string) error {
	if f.depth == 1 {
		f.give(s)
	}
	return f.err
}
