package graphql

import (
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// FuzzValidate: any text is an error with a path, or a document of which every field, argument, key and enum value is there.
// It takes no longer than a hostile document may.
func FuzzValidate(f *testing.F) {
	for _, text := range []string{
		`{ author(where: {id: {_in: [1, 2]}, _or: [{name: {_like: "a%"}}]}, order_by: {name: asc}) { id articles { ...F } } } fragment F on article { title }`,
		`query ($id: Int! = 3, $x: [mood!]) @cached(ttl: 1) { author_by_pk(id: $id) { id @skip(if: true) } author(where: {mood: {_in: $x}}) { id } }`,
		`mutation { insert_author(objects: {id: 1, articles: {data: {id: 1}}}, on_conflict: {constraint: author_pkey, update_columns: [name]}) { returning { id } } }`,
		`{ author { ...G ...G } } fragment G on author { articles { author { ...H } } } fragment H on author { ...G }`,
		`{ author_group(by: [mood], having: {max: {id: {_gt: 1}}}) { key { mood } aggregate { count } } __schema { types { name } } __type(name: "x") { name } }`,
		standardQuery, `subscription { author { id } }`, `{ a: author { id } a: article { id } }`, `{ author(where: {notes: {_cast: {String: {_eq: """x"""}}}}) { notes(path: "a") } }`,
	} {
		f.Add(text)
	}
	types := authorTypes(f)
	f.Fuzz(func(t *testing.T, text string) {
		start := cpu(t)
		doc, err := ParseDocument(text, DocumentLimits{})
		if err == nil {
			err = types.Validate(doc, "", DocumentLimits{})
		}
		if took := cpu(t) - start; took > time.Second { // the machine makes noise; TestHostileDocuments has the exact bound
			t.Errorf("it took %v", took)
		}
		if err != nil {
			if e, ok := err.(*Error); !ok || e.Message == "" || e.Code == "" || !strings.HasPrefix(e.Path, "$") {
				t.Errorf("%#v", err)
			}
			return
		}
		for _, op := range doc.Operations {
			known(t, types, doc, types.rootOf(op), op.SelectionSet)
		}
	})
}

// known holds a valid document against the types.
func known(t *testing.T, types *Types, doc *ast.QueryDocument, of *Type, set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			f := of.Field(s.Name)
			if f == nil {
				t.Fatalf("%s has no field %s", of.Name, s.Name)
			}
			for _, a := range s.Arguments {
				arg := f.Arg(a.Name)
				if arg == nil {
					t.Fatalf("%s.%s has no argument %s", of.Name, f.Name, a.Name)
				}
				knownValue(t, types, arg.Type, a.Value)
			}
			if next := types.Type(f.Type.Name()); (next.Kind == ast.Object) != (len(s.SelectionSet) > 0) {
				t.Fatalf("%s.%s has %d selections", of.Name, f.Name, len(s.SelectionSet))
			} else if next.Kind == ast.Object {
				known(t, types, doc, next, s.SelectionSet)
			}
		case *ast.InlineFragment:
			known(t, types, doc, of, s.SelectionSet)
		case *ast.FragmentSpread:
			known(t, types, doc, of, doc.Fragments.ForName(s.Name).SelectionSet)
		}
	}
}

func knownValue(t *testing.T, types *Types, of *ast.Type, v *ast.Value) {
	if v.Kind == ast.Variable || v.Kind == ast.NullValue {
		return
	}
	if of.Elem != nil {
		if v.Kind != ast.ListValue {
			knownValue(t, types, of.Elem, v)
			return
		}
		for _, c := range v.Children {
			knownValue(t, types, of.Elem, c.Value)
		}
		return
	}
	switch typ := types.Type(of.Name()); typ.Kind {
	case ast.InputObject:
		for _, c := range v.Children {
			f := typ.Field(c.Name)
			if f == nil || v.Kind != ast.ObjectValue {
				t.Fatalf("%s has no key %s", typ.Name, c.Name)
			}
			knownValue(t, types, f.Type, c.Value)
		}
	case ast.Enum:
		if typ.Value(v.Raw) == nil {
			t.Fatalf("%s has no value %q", typ.Name, v.Raw)
		}
	}
}
