//go:build unix

package value

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

// jsonInputs are values to put into a column of each type.
var jsonInputs = []string{
	`null`, `true`, `false`, `0`, `1`, `-1`, `1.5`, `1e2`, `1E400`, `-0`, `99999999999999999999`, `"1"`, `""`, `" 1 "`, `"abc"`, `"true"`, `"null"`, `"\u00e9"`, `"\n"`, `"a\"b\\c"`, `"\ud83d\ude00"`, `"\u0000"`, `"\ud83d"`,
	`{}`, `{"a":1}`, ` { "b" : [1, 2] , "a" : null } `, `[]`, `[1]`, `[1,2,3]`, `[1, null ,3]`, `["a","b"]`, `["1","2"]`, `[[1,2],[3,4]]`, `[[1],[2,3]]`, `[1,[2]]`, `[[1],2]`, `[[],[]]`, `[[]]`, `[[[1]]]`, `[[1,2],null]`, `[null,[1]]`,
	`[true,false]`, `[{"a":1},{"b":2}]`, `[[{"a":1}]]`, `["2020-01-02"]`, `[1.5,"x"]`, `[[1,"x"],[2,3]]`, `"{1,2}"`, `"{a,b}"`, `"{"`, `"2020-01-02"`, `"2020-01-02T03:04:05Z"`, `"1 day"`, `"\\xdead"`, `"open"`, `["open","paid"]`, `["x"]`, `"[1,2]"`,
	`"{\"a\":1}"`, `"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"`, `"abcd"`, `"日本語x"`, `[["a"],["b"]]`, `[[[[[[1]]]]]]`, `[[[[[[[1]]]]]]]`, `[[[1],[2]],[[3]]]`, `1.005`, `"<&>"`, `[1,{"a":[1]}]`, `[[1,[2]],[3,4]]`, `[[1,{}],[3,4]]`, `[{},[1]]`, `[[1],{}]`, `[[1],"x"]`, `[1,2,[3]]`,
}

// TestFromJSONAsPostgreSQL holds FromJSON against json_to_recordset.
func TestFromJSONAsPostgreSQL(t *testing.T) {
	o := newOracle(t)
	o.exec(t, tries)
	types := sortedKeys(inputs)
	for _, more := range []string{"json[]", "numeric[]", "bigint[]", "time without time zone[]"} {
		if _, ok := inputs[more]; !ok {
			types = append(types, more)
		}
	}
	for _, name := range types {
		t.Run(name, func(t *testing.T) {
			tt := typ(name)
			values := jsonInputs
			r := rand.New(rand.NewPCG(*seed, 7))
			for range *rounds {
				values = append(values, randomJSON(r, 3))
			}
			for _, s := range inputs[name] {
				values = append(values, string(AppendJSONString(nil, s)))
			}
			o.compareJSON(t, tt, values)
		})
	}
}

func (o *oracle) compareJSON(t *testing.T, tt schema.Type, values []string) {
	query := fmt.Sprintf(`SELECT c::text, to_json(c)::text FROM json_to_recordset(('[{"c":' || $1::text || '}]')::json) AS x(c %s)`, sqlName(tt))
	bad := 0
	for i, theirs := range o.askAll(t, query, values) {
		if !validJSON(values[i]) {
			continue
		}
		v, err := FromJSON(tt, "c", []byte(values[i]))
		mine := ours(tt, v, err)
		if tt.Name == "character" || tt.Name == "bpchar" {
			theirs.text = strings.Trim(theirs.json, `"`)
			mine.text = strings.Trim(mine.json, `"`)
		}
		if tt.Base == schema.Bool && !tt.Array && theirs.fault == "" {
			theirs.text = map[string]string{"true": "t", "false": "f"}[theirs.text]
		}
		if mine != theirs && !known(tt, theirs, mine) {
			t.Errorf("%s of JSON %s:\n  Pintail    %v\n  PostgreSQL %v", sqlName(tt), values[i], mine, theirs)
			if bad++; bad > 25 {
				t.Fatal("and more")
			}
		}
	}
}

// randomJSON makes a JSON value with arrays up to a depth.
func randomJSON(r *rand.Rand, depth int) string {
	if depth > 0 && r.IntN(2) == 0 {
		items := make([]string, r.IntN(4))
		for i := range items {
			items[i] = randomJSON(r, depth-1)
		}
		if r.IntN(5) == 0 {
			for i := range items {
				items[i] = fmt.Sprintf("%q:%s", string(rune('a'+r.IntN(3))), items[i])
			}
			return "{" + strings.Join(items, ",") + "}"
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	return jsonInputs[r.IntN(len(jsonInputs))]
}

// validJSON says whether a text is JSON by the parser that everything here stands on.
func validJSON(s string) bool {
	_, err := parseJSON(s)
	return err == nil
}
