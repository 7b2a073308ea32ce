package sqlite

import (
	"math"
	"strconv"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// An alterer makes a column's new value of the old one, with PostgreSQL's operators: +, ||, - and #-.
type alterer struct {
	how query.Alteration
	by  any // the argument, a []string for DeleteAtPath; nil is null
}

func (c *conn) newAlterer(d *litesql.Bind, arg *query.Value) (*alterer, error) {
	a := &alterer{how: d.Spec.(query.Alteration)}
	switch {
	case arg.Null:
		return a, nil
	case a.how == query.DeleteAtPath:
		a.by = arg.List
		return a, nil
	}
	var err error
	a.by, err = value.ParseIn(d.Type, arg.Text, c.zone)
	return a, err
}

// ptAlter gives the new value. Null stays null.
func (c *conn) ptAlter(x sqlite3.Context, v ...sqlite3.Value) {
	a, ok := v[0].Pointer().(*alterer)
	spec, known := v[1].Pointer().(*litesql.Own)
	if !ok || !known {
		x.ResultError(errPointer)
		return
	}
	old, ok := load(v[2], spec.Type, spec.Storage)
	if !ok {
		x.ResultValue(v[2])
		return
	}
	out, err := a.of(spec.Type, old)
	if err != nil {
		c.raise(x, err)
		return
	}
	result(x, stored(out, spec.Type, spec.Storage))
}

// of is the new value of a column of a type.
func (a *alterer) of(t schema.Type, old any) (any, error) {
	if old == nil || a.by == nil {
		return nil, nil
	}
	if a.how == query.Increment {
		return value.Plus(t, old, a.by)
	}
	doc := []byte(old.(string))
	var out []byte
	var err error
	switch a.how {
	case query.Append:
		out = concat(doc, []byte(a.by.(string)))
	case query.Prepend:
		out = concat([]byte(a.by.(string)), doc)
	case query.DeleteKey:
		out, err = withoutKey(doc, a.by.(string))
	case query.DeleteElem:
		out, err = withoutElement(doc, a.by.(int64))
	case query.DeleteAtPath:
		if len(doc) > 0 && doc[0] != '[' && doc[0] != '{' {
			return nil, fault.New(fault.InvalidParameter, "cannot delete path in scalar").WithStatus(400)
		}
		out = doc
		if path := a.by.([]string); len(path) > 0 && len(parts(doc)) > 0 {
			out, err = withoutPath(doc, path, 0)
		}
	}
	if err != nil {
		return nil, err
	}
	text, err := value.AppendJSONB(nil, string(out)) // a merged object's keys stand in order
	return string(text), err
}

// concat is jsonb's ||: two objects are merged, arrays put one behind the other, and anything else is an array of one.
func concat(a, b []byte) []byte {
	if a[0] == '{' && b[0] == '{' {
		return merged(a, b)
	}
	out := []byte{'['}
	for _, doc := range [][]byte{a, b} {
		list := [][]byte{doc}
		if doc[0] == '[' {
			list = parts(doc)
		}
		for _, e := range list {
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = append(out, e...)
		}
	}
	return append(out, ']')
}

// merged is an object with the members of both: of a key in both, b's.
func merged(a, b []byte) []byte {
	right := parts(b)
	out := []byte{'{'}
	add := func(key, v []byte) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, key...), ':'), v...)
	}
	taken := make(map[string]bool, len(right)/2)
	for i := 0; i+1 < len(right); i += 2 {
		taken[string(right[i])] = true
	}
	left := parts(a)
	for i := 0; i+1 < len(left); i += 2 {
		if !taken[string(left[i])] {
			add(left[i], left[i+1])
		}
	}
	for i := 0; i+1 < len(right); i += 2 {
		add(right[i], right[i+1])
	}
	return append(out, '}')
}

// withoutKey is jsonb - text (jsonfuncs.c, jsonb_delete).
func withoutKey(doc []byte, key string) ([]byte, error) {
	switch doc[0] {
	case '{':
		all := parts(doc)
		return object(all, func(i int) bool { return value.UnescapeJSON(string(all[i][1:len(all[i])-1])) == key }), nil
	case '[':
		all := parts(doc)
		return array(all, func(i int) bool {
			return all[i][0] == '"' && value.UnescapeJSON(string(all[i][1:len(all[i])-1])) == key
		}), nil
	}
	return nil, fault.New(fault.InvalidParameter, "cannot delete from scalar").WithStatus(400)
}

// object writes an object of keys and values in turn, without those whose key's place drop tells.
func object(all [][]byte, drop func(int) bool) []byte {
	out := []byte{'{'}
	for i := 0; i+1 < len(all); i += 2 {
		if drop(i) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, all[i]...), ':'), all[i+1]...)
	}
	return append(out, '}')
}

// array writes an array without the elements whose place drop tells.
func array(all [][]byte, drop func(int) bool) []byte {
	out := []byte{'['}
	for i, e := range all {
		if drop(i) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, e...)
	}
	return append(out, ']')
}

// withoutElement is jsonb - integer (jsonfuncs.c, jsonb_delete_idx).
func withoutElement(doc []byte, at int64) ([]byte, error) {
	switch doc[0] {
	case '{':
		return nil, fault.New(fault.InvalidParameter, "cannot delete from object using integer index").WithStatus(400)
	case '[':
	default:
		return nil, fault.New(fault.InvalidParameter, "cannot delete from scalar").WithStatus(400)
	}
	all := parts(doc)
	if at < 0 {
		at += int64(len(all))
	}
	if at < 0 || at >= int64(len(all)) {
		return doc, nil
	}
	return array(all, func(i int) bool { return i == int(at) }), nil
}

// withoutPath is jsonb #- text[] from a level of the path on (jsonfuncs.c, setPath).
func withoutPath(doc []byte, path []string, level int) ([]byte, error) {
	last := level == len(path)-1
	switch doc[0] {
	case '{':
		all := parts(doc)
		for i := 0; i+1 < len(all); i += 2 {
			if value.UnescapeJSON(string(all[i][1:len(all[i])-1])) != path[level] {
				continue
			}
			if last {
				return object(all, func(j int) bool { return i == j }), nil
			}
			inner, err := withoutPath(all[i+1], path, level+1)
			all[i+1] = inner
			return object(all, func(int) bool { return false }), err
		}
	case '[':
		at, err := pathIndex(path[level], level)
		if err != nil {
			return nil, err
		}
		all := parts(doc)
		if at < 0 {
			at += len(all)
		}
		if at < 0 || at >= len(all) {
			return doc, nil
		}
		if last {
			return array(all, func(i int) bool { return i == at }), nil
		}
		if all[at], err = withoutPath(all[at], path, level+1); err != nil {
			return nil, err
		}
		return array(all, func(int) bool { return false }), nil
	}
	return doc, nil
}

// pathIndex reads a place in an array as C's strtol does.
func pathIndex(s string, level int) (int, error) {
	n, err := strconv.ParseInt(strings.TrimLeft(s, " \t\n\v\f\r"), 10, 64)
	if err != nil || n < math.MinInt32 || n > math.MaxInt32 {
		return 0, fault.Newf(fault.InvalidText, `path element at position %d is not an integer: "%s"`, level+1, s).WithStatus(400)
	}
	return int(n), nil
}
