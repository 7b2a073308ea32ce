package graphql

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// FuzzRaw takes any JSON apart and puts it together again: it means the same as to encoding/json. No path into JSON panics.
func FuzzRaw(f *testing.F) {
	for _, text := range []string{`{}`, `[]`, ` {"a" : [1, -2.5e3 ,"x\"\\\u00e9", true,null,{ }] , "a":2} `, `"\ud83e\udd51"`, `[[[]],[{"":""}]]`, "0", "2" + strings.Repeat("0", 309), `$.a[0]["b c"].d`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if steps, err := jsonPath(text); err == nil && len(steps) > pathStepsMax {
			t.Errorf("%d steps", len(steps))
		}
		v, err := parseJSON(text, 64)
		if err != nil {
			return
		}
		want, err := anyJSON([]byte(text))
		if err != nil {
			t.Fatalf("%q is taken, and is no JSON: %v", text, err)
		}
		again := together(nil, v)
		if got, err := anyJSON(again); err != nil || !reflect.DeepEqual(want, got) {
			t.Errorf("%q became %q", text, again)
		}
	})
}

// anyJSON is encoding/json's reading with numbers as they are written: as a float64, one of 300 digits is a mistake to it.
func anyJSON(text []byte) (v any, err error) {
	if !json.Valid(text) {
		return nil, errors.New("no JSON")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return v, dec.Decode(&v)
}

func together(dst []byte, v raw) []byte {
	switch v.kind() {
	case kindList:
		dst = append(dst, '[')
		for i, of := range v.items() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if v.item(i) != of {
				panic("another element by its number")
			}
			dst = together(dst, of)
		}
		return append(dst, ']')
	case kindObject:
		dst = append(dst, '{')
		first := true
		for key, of := range v.members() {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = append(append(dst, jsonText(key)...), ':')
			dst = together(dst, of)
		}
		return append(dst, '}')
	case kindString:
		return append(dst, jsonText(v.text())...)
	}
	return append(dst, v...)
}

// TestEdges tries the limits of arguments and keys at the limit and one past it; those of documents are tried in their own test.
func TestEdges(t *testing.T) {
	list := func(one string, n int) string { return "[" + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + "]" }
	const returns = `mutation { delete_tag(where: {id: {_eq: 1}}) { %s } }`
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "r%d: returning { id } ", i)
		}
		return fmt.Sprintf(returns, b.String())
	}
	wide := Options{Limits: Limits{Document: DocumentLimits{Aliases: 100}}}
	for _, c := range []struct {
		name     string
		most     int
		request  func(n int) (document, variables string)
		mentions string
	}{
		{"conditions", 1000, func(n int) (string, string) { // the object around them counts too
			return `query ($w: author_bool_exp!) { author(where: $w) { id } }`, `{"w": {"_or": ` + list(`{}`, n-1) + `}}`
		}, "more than 1000 conditions"},
		{"values", listValuesMax, func(n int) (string, string) {
			return `query ($i: [bigint!]) { author(where: {id: {_in: $i}}) { id } }`, `{"i": ` + list("1", n) + `}`
		}, "more than 10000 values"},
		{"columns", columnsMax, func(n int) (string, string) {
			return `query ($c: [author_select_column!]) { author(distinct_on: $c) { id } }`, `{"c": ` + list(`"id"`, n) + `}`
		}, "more than 1000 columns"},
		{"updates", 100, func(n int) (string, string) {
			return `mutation ($u: [tag_updates!]!) { update_tag_many(updates: $u) { affected_rows } }`, `{"u": ` + list(`{"where": {}, "_set": {"name": "x"}}`, n) + `}`
		}, "more than 100 updates"},
		{"bytes of an alias", keyBytesMax, func(n int) (string, string) { return `{ author { ` + strings.Repeat("a", n) + `: id } }`, "" }, "at most 60 bytes"},
		{"aliases of returning", returningMax, func(n int) (string, string) { return many(n), "" }, "at most 26"},
		{"steps of a path", pathStepsMax, func(n int) (string, string) {
			return `query ($p: String) { author { meta(path: $p) } }`, `{"p": "` + strings.TrimSuffix(strings.Repeat("a.", n), ".") + `"}`
		}, "more than 64 steps"},
	} {
		types := small(t)
		document, variables := c.request(c.most)
		if _, err := ask(t, NewDialect(types, wide), document, variables); err != nil {
			t.Errorf("%s: %d are refused: %v", c.name, c.most, err)
		}
		document, variables = c.request(c.most + 1)
		if _, err := ask(t, NewDialect(types, wide), document, variables); err == nil || !strings.Contains(err.Error(), c.mentions) {
			t.Errorf("%s: %d: %v", c.name, c.most+1, err)
		}
	}
}
