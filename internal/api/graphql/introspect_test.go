package graphql

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// introspect answers a document's root fields, one after the other, with variables as literals.
func introspect(t testing.TB, types *Types, text string, bytesMax int, variables map[string]*ast.Value) (string, error) {
	t.Helper()
	doc, err := ParseDocument(text, DocumentLimits{})
	if err == nil {
		err = types.Validate(doc, "", DocumentLimits{})
	}
	if err != nil {
		t.Fatal(err)
	}
	i := Introspection{
		Types: types, BytesMax: bytesMax,
		Fragment: func(name string) ast.SelectionSet { return doc.Fragments.ForName(name).SelectionSet },
		Value: func(v *ast.Value) *ast.Value {
			if v.Kind == ast.Variable {
				return variables[v.Raw]
			}
			return v
		},
	}
	var out []byte
	for _, s := range doc.Operations[0].SelectionSet {
		if out, err = i.Append(out, s.(*ast.Field)); err != nil {
			return "", err
		}
	}
	if !json.Valid(out) {
		t.Errorf("%s is no JSON", out)
	}
	return string(out), nil
}

func TestIntrospection(t *testing.T) {
	types := authorTypes(t)
	yes := &ast.Value{Kind: ast.BooleanValue, Raw: "true"}
	for _, c := range []struct {
		text, want string
		variables  map[string]*ast.Value
	}{
		{`{ __type(name: "mood") { kind name enumValues { name isDeprecated deprecationReason } fields { name } } }`,
			`{"kind":"ENUM","name":"mood","enumValues":[{"name":"happy","isDeprecated":false,"deprecationReason":null},{"name":"sad","isDeprecated":false,"deprecationReason":null}],"fields":null}`, nil},
		{`{ __type(name: "nothing") { name } }`, `null`, nil},
		{`query ($n: String!) { __type(name: $n) { a: name b: kind __typename } }`, `{"a":"color_enum","b":"ENUM","__typename":"__Type"}`,
			map[string]*ast.Value{"n": {Kind: ast.StringValue, Raw: "color_enum"}}},
		{`query ($no: Boolean!) { __type(name: "color") { name @skip(if: $no) ...F kind @include(if: $no) } } fragment F on __Type { ...on __Type @include(if: $no) { fields { name type { kind ofType { name } } args { name } } } name @skip(if: true) }`,
			`{"fields":[{"name":"comment","type":{"kind":"SCALAR","ofType":null},"args":[]},{"name":"value","type":{"kind":"NON_NULL","ofType":{"name":"String"}},"args":[]}],"kind":"OBJECT"}`,
			map[string]*ast.Value{"no": yes}},
		{`{ __type(name: "color_on_conflict") { inputFields { name defaultValue isDeprecated type { name kind ofType { kind ofType { kind ofType { name } } } } } isOneOf } }`,
			`{"inputFields":[{"name":"constraint","defaultValue":null,"isDeprecated":false,"type":{"name":null,"kind":"NON_NULL","ofType":{"kind":"ENUM","ofType":null}}},` +
				`{"name":"update_columns","defaultValue":"[]","isDeprecated":false,"type":{"name":null,"kind":"NON_NULL","ofType":{"kind":"LIST","ofType":{"kind":"NON_NULL","ofType":{"name":"color_update_column"}}}}},` +
				`{"name":"where","defaultValue":null,"isDeprecated":false,"type":{"name":"color_bool_exp","kind":"INPUT_OBJECT","ofType":null}}],"isOneOf":false}`, nil},
		{`{ __schema { queryType { name } mutationType { name } subscriptionType { name } description directives { name isRepeatable locations args { name defaultValue } } } }`,
			`{"queryType":{"name":"query_root"},"mutationType":{"name":"mutation_root"},"subscriptionType":null,"description":null,"directives":[` +
				`{"name":"cached","isRepeatable":false,"locations":["QUERY"],"args":[{"name":"refresh","defaultValue":"false"},{"name":"ttl","defaultValue":"60"}]},` +
				`{"name":"include","isRepeatable":false,"locations":["FIELD","FRAGMENT_SPREAD","INLINE_FRAGMENT"],"args":[{"name":"if","defaultValue":null}]},` +
				`{"name":"skip","isRepeatable":false,"locations":["FIELD","FRAGMENT_SPREAD","INLINE_FRAGMENT"],"args":[{"name":"if","defaultValue":null}]}]}`, nil},
		{`{ __type(name: "__Schema") { name fields(includeDeprecated: true) { name } } }`,
			`{"name":"__Schema","fields":[{"name":"description"},{"name":"directives"},{"name":"mutationType"},{"name":"queryType"},{"name":"subscriptionType"},{"name":"types"}]}`, nil},
		{`{ __type(name: "author") { x: fields { name } } __type(name: "author") { x: fields { name } kind } }`, "", nil},
	} {
		if c.want == "" { // one key of the answer, from two fields
			doc, _ := ParseDocument(c.text, DocumentLimits{})
			i := Introspection{Types: types, BytesMax: 1 << 20, Value: func(v *ast.Value) *ast.Value { return v }}
			out, err := i.Append(nil, doc.Operations[0].SelectionSet[0].(*ast.Field), doc.Operations[0].SelectionSet[1].(*ast.Field))
			if err != nil || !strings.HasSuffix(string(out), `],"kind":"OBJECT"}`) || strings.Count(string(out), `"x"`) != 1 {
				t.Errorf("%s %v", out, err)
			}
			continue
		}
		got, err := introspect(t, types, c.text, 1<<20, c.variables)
		if err != nil || got != c.want {
			t.Errorf("%s\n\tgot  %s\n\twant %s\n\t%v", c.text, got, c.want, err)
		}
	}
}

// An answer that would be too large is an error, and ends as soon as it is.
func TestIntrospectionIsBounded(t *testing.T) {
	types := NewTypes(parse(t, big(300)), TypesOptions{})
	types.Names()
	for name, text := range map[string]string{
		"bytes": `{ __schema { types { name fields { name args { name } } inputFields { name } } } }`,
		"nodes": `{ __schema { types { ` + strings.Join(aliased(20, `fields { args { type { inputFields { name @skip(if: true) } } } type { fields { name @skip(if: true) } } }`), " ") + ` } } }`,
	} {
		bytesMax := 1 << 20
		if name == "nodes" {
			bytesMax = 1 << 30
		}
		start := cpu(t)
		_, err := introspect(t, types, text, bytesMax, nil)
		var e *Error
		if !errors.As(err, &e) || e.Code != NodeLimit || e.Path != "$.selectionSet.__schema" {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: %v", name, cpu(t)-start)
	}
	if got, err := introspect(t, types, `{ __type(name: "order_by") { name } }`, len(`{"name":"order_by"}`), nil); err != nil {
		t.Errorf("%s %v", got, err)
	}
}

func aliased(n int, field string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "a" + strconv.Itoa(i) + ": " + field
	}
	return out
}

func BenchmarkIntrospection(b *testing.B) {
	types := NewTypes(demo(b), TypesOptions{})
	for b.Loop() {
		if _, err := introspect(b, types, standardQuery, 32<<20, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// standardQuery is what GraphiQL and its kin ask.
const standardQuery = `{ __schema { queryType { name } mutationType { name } subscriptionType { name } types { ...FullType }
	directives { name description locations args { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
	inputFields { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }`
