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
// key serves messages only. raw must be valid JSON (see ValidJSON).
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
	if t.Array && !quoted {
		a := jsonArray{element: element(t), key: key, zone: zone}
		return a.read(s, nil)
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

// jsonText gives a JSON string's text.
func jsonText(s string) (string, error) {
	p := jsonParser{in: s, unescape: true}
	if err := p.document(); err != nil {
		return "", err
	}
	return unquoteJSON(s), nil
}

// A jsonArray turns JSON arrays into an array of a type, whose lists must be alike in every dimension.
type jsonArray struct {
	element schema.Type
	key     string
	zone    *time.Location
	dims    []int // items of each dimension
	leaf    int   // depth of the elements, 0 where not yet known
}

// read reads one list; path are the indexes that led to it.
func (a *jsonArray) read(s string, path []int) (any, error) {
	if !strings.HasPrefix(s, "[") {
		return nil, a.expected(path)
	}
	items, err := jsonItems(s)
	if err != nil {
		return nil, err
	}
	depth := len(path) + 1
	if len(a.dims) < depth {
		if depth > arrayDimensionMax {
			return nil, tooManyDimensions(depth)
		}
		a.dims = append(a.dims, len(items))
	} else if a.dims[depth-1] != len(items) {
		return nil, ragged()
	}
	out := make([]any, 0, len(items))
	for i, item := range items {
		nested := strings.HasPrefix(item, "[")
		if a.leaf == 0 && (!nested || a.element.Base == schema.JSON || a.element.Base == schema.JSONB) {
			a.leaf = depth
		}
		var v any
		at := append(path[:len(path):len(path)], i)
		if a.leaf == depth {
			v, err = FromJSONIn(a.element, a.key, []byte(item), a.zone)
		} else {
			v, err = a.read(item, at)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func ragged() error {
	return fault.New(fault.InvalidText, "malformed JSON array").
		WithDetails("Multidimensional arrays must have sub-arrays with matching dimensions.")
}

// expected is the fault of something else in an array's place.
func (a *jsonArray) expected(path []int) error {
	f := fault.New(fault.InvalidText, "expected JSON array")
	var at strings.Builder
	for _, i := range path {
		fmt.Fprintf(&at, "[%d]", i)
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
