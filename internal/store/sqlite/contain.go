package sqlite

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A tester holds an array, a document or keys against a column's: @>, <@, &&, ?, ?| and ?&.
type tester struct {
	op    query.Op
	typ   schema.Type
	null  bool
	array []any    // of an array type
	doc   any      // of jsonb
	keys  []string // of HasKey and its like
}

func newTester(d *litesql.Bind, arg *query.Value) (*tester, error) {
	t := &tester{op: d.Op, typ: d.Type, null: arg.Null}
	if arg.Null {
		return t, nil
	}
	switch d.Op {
	case query.HasKey:
		t.keys = []string{arg.Text}
		return t, nil
	case query.HasKeysAny, query.HasKeysAll:
		t.keys = arg.List
		return t, nil
	}
	v, err := value.Parse(d.Type, arg.Text)
	if err != nil {
		return nil, err
	}
	if d.Type.Array {
		t.array = flatten(nil, v)
		return t, nil
	}
	t.doc = decode([]byte(v.(string)))
	return t, nil
}

// ptTest is null for null.
func (c *conn) ptTest(x sqlite3.Context, v ...sqlite3.Value) {
	t, ok := v[0].Pointer().(*tester)
	if !ok {
		x.ResultError(errPointer)
		return
	}
	if t.null || v[1].Type() == sqlite3.NULL {
		return
	}
	if !t.typ.Array {
		doc := decode(c.document(v[1]))
		switch t.op {
		case query.HasKey, query.HasKeysAny, query.HasKeysAll:
			x.ResultBool(t.hasKeys(doc))
		case query.Contained:
			x.ResultBool(contains(t.doc, doc, true))
		default:
			x.ResultBool(contains(doc, t.doc, true))
		}
		return
	}
	stored, ok := load(v[1], t.typ, schema.OwnStorage)
	if !ok {
		x.ResultBool(false)
		return
	}
	have := flatten(nil, stored)
	switch t.op {
	case query.Contains:
		x.ResultBool(t.holds(have, t.array))
	case query.Contained:
		x.ResultBool(t.holds(t.array, have))
	default:
		x.ResultBool(t.meets(have, t.array))
	}
}

// hasKeys says whether an object has the keys, or an array the strings, or a bare string is one: any of them with ?|, else all.
func (t *tester) hasKeys(doc any) bool {
	has := func(key string) bool {
		switch doc := doc.(type) {
		case map[string]any:
			_, ok := doc[key]
			return ok
		case []any:
			return slices.Contains(doc, any(key))
		case string:
			return doc == key
		}
		return false
	}
	if t.op == query.HasKeysAny {
		return slices.ContainsFunc(t.keys, has)
	}
	for _, key := range t.keys {
		if !has(key) {
			return false
		}
	}
	return true
}

// flatten gives the elements of an array of any dimensions: containment looks through them.
func flatten(out []any, v any) []any {
	if list, ok := v.([]any); ok {
		for _, e := range list {
			if inner, ok := e.([]any); ok {
				out = flatten(out, inner)
			} else {
				out = append(out, e)
			}
		}
	}
	return out
}

// holds says that every element of part is one of whole; a null equals nothing.
func (t *tester) holds(whole, part []any) bool {
	for _, p := range part {
		if p == nil || !t.has(whole, p) {
			return false
		}
	}
	return true
}

func (t *tester) meets(a, b []any) bool {
	for _, e := range a {
		if e != nil && t.has(b, e) {
			return true
		}
	}
	return false
}

func (t *tester) has(list []any, e any) bool {
	elem := t.typ
	elem.Array = false
	for _, x := range list {
		if x != nil && value.Compare(elem, x, e) == 0 {
			return true
		}
	}
	return false
}

// decode reads JSON with numbers as they are written.
func decode(doc []byte) any {
	d := json.NewDecoder(strings.NewReader(string(doc)))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// contains is jsonb's @> (manual, 8.14.3). At the top, an array may contain a bare scalar.
func contains(a, b any, top bool) bool {
	switch b := b.(type) {
	case map[string]any:
		m, ok := a.(map[string]any)
		if !ok {
			return false
		}
		for k, v := range b {
			if have, ok := m[k]; !ok || !contains(have, v, false) {
				return false
			}
		}
		return true
	case []any:
		list, ok := a.([]any)
		if !ok {
			return false
		}
		for _, v := range b {
			if !anyContains(list, v) {
				return false
			}
		}
		return true
	}
	if list, ok := a.([]any); ok && top {
		return anyContains(list, b)
	}
	return scalarsEqual(a, b)
}

func anyContains(list []any, v any) bool {
	for _, e := range list {
		if contains(e, v, false) {
			return true
		}
	}
	return false
}

func scalarsEqual(a, b any) bool {
	x, isX := a.(json.Number)
	y, isY := b.(json.Number)
	if isX && isY {
		return x == y || value.CompareNumeric(plain([]byte(x)), plain([]byte(y))) == 0
	}
	if isX != isY {
		return false
	}
	switch a.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}
