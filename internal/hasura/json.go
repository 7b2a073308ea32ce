package hasura

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"unicode/utf8"
)

// nestingMax bounds how deep metadata nests. Hasura's own is about ten deep, before conditions.
const nestingMax = 100

// readJSON reads a JSON file into nodes.
func (d *document) readJSON(file string, text []byte) *node {
	r := &jsonReader{document: d, file: file, text: text, dec: json.NewDecoder(bytes.NewReader(text))}
	r.dec.UseNumber()
	for i, c := range text {
		if c == '\n' {
			r.lines = append(r.lines, i)
		}
	}
	n, ok := r.value(0)
	if !ok {
		return nil
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		d.wrong(r.here(), "something stands after the end of the metadata")
		return nil
	}
	return n
}

type jsonReader struct {
	*document
	file  string
	text  []byte
	dec   *json.Decoder
	lines []int // offsets of the line ends
}

// here is the place of the next token.
func (r *jsonReader) here() place {
	at := int(r.dec.InputOffset())
	for at < len(r.text) && bytes.IndexByte([]byte(" \t\r\n,:"), r.text[at]) >= 0 {
		at++
	}
	return r.placeOf(at)
}

func (r *jsonReader) placeOf(offset int) place {
	offset = min(offset, len(r.text))
	line := sort.SearchInts(r.lines, offset)
	start := 0
	if line > 0 {
		start = r.lines[line-1] + 1
	}
	return place{r.file, line + 1, 1 + utf8.RuneCount(r.text[start:offset])}
}

// token gives the next token and its place.
func (r *jsonReader) token() (json.Token, place, bool) {
	at := r.here()
	t, err := r.dec.Token()
	if err == nil {
		return t, at, true
	}
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		r.wrong(r.placeOf(max(0, int(syntax.Offset)-1)), "this is no JSON: %v", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		r.wrong(r.placeOf(len(r.text)), "the JSON ends in the middle")
	default:
		r.wrong(at, "this is no JSON: %v", err)
	}
	return nil, at, false
}

func (r *jsonReader) value(depth int) (*node, bool) {
	t, at, ok := r.token()
	if !ok {
		return nil, false
	}
	if depth > nestingMax {
		r.wrong(at, "the metadata is nested deeper than %d", nestingMax)
		return nil, false
	}
	n := &node{at: at, doc: r.document}
	switch t := t.(type) {
	case nil:
		n.kind = aNull
	case bool:
		n.kind, n.text = aBool, fmt.Sprint(t)
	case json.Number:
		n.kind, n.text = aNumber, t.String()
	case string:
		n.kind, n.text = aText, t
	case json.Delim:
		if t == '[' {
			return r.list(n, depth)
		}
		return r.object(n, depth)
	}
	return n, true
}

func (r *jsonReader) list(n *node, depth int) (*node, bool) {
	n.kind = aList
	for r.dec.More() {
		v, ok := r.value(depth + 1)
		if !ok {
			return nil, false
		}
		n.items = append(n.items, v)
	}
	_, _, ok := r.token()
	return n, ok
}

func (r *jsonReader) object(n *node, depth int) (*node, bool) {
	n.kind = aObject
	seen := map[string]bool{}
	for r.dec.More() {
		t, at, ok := r.token()
		if !ok {
			return nil, false
		}
		key, _ := t.(string) // the decoder lets nothing else stand for a key
		v, ok := r.value(depth + 1)
		if !ok {
			return nil, false
		}
		if seen[key] {
			r.wrong(at, "%q stands here twice", key)
			continue
		}
		seen[key] = true
		n.fields = append(n.fields, &field{key: key, at: at, value: v})
	}
	_, _, ok := r.token()
	return n, ok
}

func jsonText(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic("hasura: a string can't be written as JSON: " + err.Error())
	}
	return string(bytes.TrimRight(b.Bytes(), "\n"))
}
