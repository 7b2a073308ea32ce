package graphql

import (
	"strings"
	"testing"
)

// TestArgumentTypesOfOneName has functions whose arguments would be of types of one name: each has its own.
func TestArgumentTypesOfOneName(t *testing.T) {
	types := NewTypes(parse(t, `
type b @table { id: Int! @id }
type a_b @table { id: Int! @id }
type c_a_b_args_2 @table { id: Int! @id }
type Query {
  first(row: b, _2: Int @arg(name: "")): String @function(computed: "c_a")
  second(row: a_b, word: String, _3: String @arg(name: "")): String @function(computed: "c")
  c_a_b(_1: Boolean @arg(name: "")): Int @function
}
`), TypesOptions{})
	checkWhole(t, types)
	for _, c := range []struct{ document, want string }{
		{`{ b { c_a(args: {_2: 1}) } }`, "select from b\n  c_a: first($2 = \"1\")\n"},
		{`{ a_b { c(args: {word: "x", _3: "y"}) } }`, "select from a_b\n  c: second(word = \"x\", $3 = \"y\")\n"},
		{`{ c_a_b(args: {_1: true}) }`, "call c_a_b read-only\n  $1 = \"true\"\n"},
		{`{ b { c_a(args: {word: "x"}) } }`, "$.selectionSet.b.selectionSet.c_a.args.args.word validation-failed: field 'word' not found in type: 'c_a_b_args'\n"},
	} {
		if got := lowered(t, NewDialect(types, Options{}), c.document, ""); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s\ngot  %s\nwant %s", c.document, got, c.want)
		}
	}
}

// TestOperatorsOfDomainsOfLtree has the types of the operators' values also where no column is of ltree itself.
func TestOperatorsOfDomainsOfLtree(t *testing.T) {
	types := NewTypes(parse(t, `
scalar ltree @type(name: "ltree")
scalar label @domain(type: "ltree")
type topic @table { id: Int! @id path: label }
`), TypesOptions{})
	checkWhole(t, types)
	if f := types.Type("label_comparison_exp").Field("_matches"); f == nil || types.Type(f.Type.Name()) == nil {
		t.Errorf("_matches is %v", f)
	}
}

// TestVariadicValues gives a variadic argument as many values as a list has, and one more.
func TestVariadicValues(t *testing.T) {
	types := NewTypes(parse(t, file(t, "testdata/strange.graphql")), TypesOptions{})
	const document = `query ($n: [Int!]) { spread(args: {numbers: $n}) }`
	list := func(n int) string { return `{"n": [` + strings.TrimSuffix(strings.Repeat("1,", n), ",") + `]}` }
	if _, err := ask(t, NewDialect(types, Options{}), document, list(listValuesMax)); err != nil {
		t.Error(err)
	}
	if _, err := ask(t, NewDialect(types, Options{}), document, list(listValuesMax+1)); err == nil || !strings.Contains(err.Error(), "more than 10000 values") {
		t.Errorf("one more: %v", err)
	}
}
