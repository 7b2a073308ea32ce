package rest

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"unicode/utf8"
)

// FuzzJSON holds the scanner against encoding/json: the same texts are valid, with the same keys.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, `[{"a":1},{"a":2}]`, `{"a":{"b":[1,2,{"c":null}]}}`, `"x"`, `-0.1e+5`, `01`, `1.`, `-`, `{"a":1,}`, `[1,]`, `{"a"}`,
		`"\u00e9\ud83d\ude00\ud800x\n\/"`, `"\x"`, `"\u12"`, "\"\x01\"", `{"\u0061":1,"b\"":2}`, ` [ { "a" : true } , { "a" : false } ] `, `nul`, `truex`, "\xff", `[`, `{`, ``,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePayload([]byte(s), 9000)
		if valid := json.Valid([]byte(s)) && utf8.ValidString(s); valid != (err == nil) {
			t.Fatalf("%q: %v, and encoding/json says %v", s, err, valid)
		}
		if err != nil || p.kind == jsonScalar {
			return
		}
		var list []any
		if p.kind == jsonObject {
			list = make([]any, 1)
			err = json.Unmarshal([]byte(s), &list[0])
		} else {
			err = json.Unmarshal([]byte(s), &list)
		}
		if err != nil {
			t.Skip("encoding/json has limits of its own")
		}
		var first []string
		uniform, others := true, false
		for _, v := range list {
			row, ok := v.(map[string]any)
			if !ok {
				others = true
				continue
			}
			keys := make([]string, 0, len(row))
			for k := range row {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			if first == nil {
				first = keys
			}
			uniform = uniform && slices.Equal(first, keys)
		}
		if len(p.keys)+len(first) > 0 && !reflect.DeepEqual(p.keys, first) || p.uniform != uniform || p.others != others {
			t.Fatalf("%q: keys %q uniform %v others %v, want %q %v %v", s, p.keys, p.uniform, p.others, first, uniform, others)
		}
	})
}
