package pgsql

import (
	"testing"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// TestCheck finds an array that is none in a list of arrays, wherever in a statement the list stands.
func TestCheck(t *testing.T) {
	one := &Statement{Arrays: []Arrays{{Arg: 0, Type: schema.Type{Base: schema.Int4, Name: "integer", Array: true}}}}
	for name, s := range map[string]*Statement{
		"itself": one, "answer": {Answer: one}, "nested": {Nested: []*Statement{one}}, "step": {Steps: []*Statement{{Nested: []*Statement{one}}}},
	} {
		if err := s.Check(query.Args{query.List([]string{"{1,2}", "{}"})}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if s.Check(query.Args{query.List([]string{"{1,2}", "{a}"})}) == nil {
			t.Errorf("%s: an array of integers with a letter in it is taken", name)
		}
	}
}
