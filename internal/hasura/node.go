package hasura

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A place is where something stands in the metadata.
type place struct {
	file         string
	line, column int // from 1
}

func (p place) String() string { return fmt.Sprintf("%s:%d:%d", p.file, p.line, p.column) }

// A Mistake is something in the metadata that isn't in Hasura's form.
type Mistake struct {
	File         string
	Line, Column int // from 1
	Message      string
}

func (m Mistake) String() string {
	return fmt.Sprintf("%s: %s", place{m.File, m.Line, m.Column}, m.Message)
}

// Mistakes are an error.
type Mistakes []Mistake

func (m Mistakes) Error() string {
	texts := make([]string, len(m))
	for i := range m {
		texts[i] = m[i].String()
	}
	return "the metadata can't be read:\n" + strings.Join(texts, "\n")
}

// mistakesMax bounds what is told at once.
const mistakesMax = 20

// A kind is what a node of JSON or YAML is.
type kind string

const (
	aNull   kind = "nothing"
	aText   kind = "a text"
	aNumber kind = "a number"
	aBool   kind = "true or false"
	aList   kind = "a list"
	aObject kind = "an object"
)

// A node is a value of the metadata, of JSON or YAML alike. Its methods may be called on nil, which is a value that isn't there.
type node struct {
	kind   kind
	text   string // a scalar's
	items  []*node
	fields []*field
	at     place
	doc    *document
}

// A field is a key of an object and its value. What nobody asked for, and says something, has no counterpart and is reported.
type field struct {
	key   string
	at    place
	value *node
	asked bool
}

// A document collects the mistakes of all its nodes.
type document struct {
	mistakes []Mistake
}

func (d *document) wrong(at place, format string, args ...any) {
	m := Mistake{at.file, at.line, at.column, fmt.Sprintf(format, args...)}
	if len(d.mistakes) < mistakesMax && !slices.Contains(d.mistakes, m) {
		d.mistakes = append(d.mistakes, m)
	}
}

// is says whether a node is of a kind; it is wrong where it is there and of another.
func (n *node) is(k kind, what string) bool {
	if n == nil || n.kind == aNull {
		return false
	}
	if n.kind != k {
		n.doc.wrong(n.at, "%s should be %s, not %s", what, k, n.kind)
		return false
	}
	return true
}

// get gives the value of a key, nil where it is absent or null.
func (n *node) get(key string) *node {
	if n == nil || n.kind != aObject {
		return nil
	}
	for _, f := range n.fields {
		if f.key == key {
			f.asked = true
			if f.value.kind == aNull {
				return nil
			}
			return f.value
		}
	}
	return nil
}

// string gives the text of a key; empty where it is absent.
func (n *node) string(key string) string {
	if v := n.get(key); v.is(aText, key) {
		return v.text
	}
	return ""
}

// flag gives the truth value of a key; false where it is absent.
func (n *node) flag(key string) bool {
	v := n.get(key)
	return v.is(aBool, key) && v.text == "true"
}

// list gives the values of a key that holds a list.
func (n *node) list(key string) []*node {
	if v := n.get(key); v.is(aList, key) {
		return v.items
	}
	return nil
}

// objects gives the objects of a key that holds a list of them.
func (n *node) objects(key string) []*node {
	return slices.DeleteFunc(slices.Clone(n.list(key)), func(v *node) bool { return !v.is(aObject, "what "+key+" lists") })
}

// object gives the object of a key.
func (n *node) object(key string) *node {
	if v := n.get(key); v.is(aObject, key) {
		return v
	}
	return nil
}

// strings gives the texts of a key that holds a list of them, or one.
func (n *node) strings(key string) []string {
	v := n.get(key)
	if v == nil {
		return nil
	}
	if v.kind == aText {
		return []string{v.text}
	}
	var out []string
	for _, item := range n.list(key) {
		if item.is(aText, "what "+key+" lists") {
			out = append(out, item.text)
		}
	}
	return out
}

// whole gives the whole number of a key; ok says that there is one.
func (n *node) whole(key string) (value int, ok bool) {
	v := n.get(key)
	if !v.is(aNumber, key) {
		return 0, false
	}
	value, err := strconv.Atoi(v.text)
	if err != nil {
		v.doc.wrong(v.at, "%s should be a whole number, not %s", key, v.text)
	}
	return value, err == nil
}

// take marks everything below a node as asked for.
func (n *node) take() *node {
	if n != nil {
		for _, f := range n.fields {
			f.asked = true
			f.value.take()
		}
		for _, i := range n.items {
			i.take()
		}
	}
	return n
}

// empty says whether a value says nothing: null, false, an empty text, list or object.
func (n *node) empty() bool {
	switch n.kind {
	case aNull:
		return true
	case aBool:
		return n.text == "false"
	case aText:
		return n.text == ""
	case aList:
		return len(n.items) == 0
	case aObject:
		return !slices.ContainsFunc(n.fields, func(f *field) bool { return !f.value.empty() })
	}
	return false
}

// unasked visits every field that says something and that nobody asked for; path is the keys that lead to it.
func (n *node) unasked(path []string, visit func(path []string, f *field)) {
	for _, f := range n.fields {
		here := append(slices.Clip(path), f.key)
		switch {
		case f.value.empty():
		case !f.asked:
			visit(here, f)
		default:
			f.value.unasked(here, visit)
		}
	}
	for _, i := range n.items {
		i.unasked(append(slices.Clip(path), cmp.Or(i.label(), "…")), visit)
	}
}

// label names a value in a report: its name, or what it is about.
func (n *node) label() string {
	if n == nil {
		return ""
	}
	if n.kind == aText {
		return n.text
	}
	for _, key := range []string{"name", "role_name", "root_field_name", "role", "collection", "table"} {
		for _, f := range n.fields {
			if f.key == key && f.value.kind == aText {
				return f.value.text
			}
		}
	}
	return ""
}

// json writes a value as JSON, object keys in their order.
func (n *node) json() string {
	switch n.kind {
	case aNull:
		return "null"
	case aText:
		return jsonText(n.text)
	case aList:
		parts := make([]string, len(n.items))
		for i, v := range n.items {
			parts[i] = v.json()
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case aObject:
		parts := make([]string, len(n.fields))
		for i, f := range n.fields {
			parts[i] = jsonText(f.key) + ": " + f.value.json()
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return n.text
}
