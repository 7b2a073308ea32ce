package graphql

import (
	"cmp"
	"iter"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// An Introspection answers __schema and __type of one request.
type Introspection struct {
	Types    *Types
	Fragment func(name string) ast.SelectionSet // nil for none
	Value    func(*ast.Value) *ast.Value        // a variable's value as a literal, nil where it has none; every other value as it is
	BytesMax int                                // of the answer
}

// nodesMax is how many objects one answer has at most, so that what asks in circles ends soon even where it writes little.
const nodesMax = 1_000_000

// Append writes the value of __schema or __type; fields are those of the document that stand for it together. The document
// has passed Validate.
func (i Introspection) Append(dst []byte, fields ...*ast.Field) ([]byte, error) {
	path := "$.selectionSet." + fields[0].Name
	r := &introspector{Introspection: i, dst: dst, path: path}
	var sets []ast.SelectionSet
	for _, f := range fields {
		sets = append(sets, f.SelectionSet)
	}
	if fields[0].Name == "__schema" {
		r.schema(r.choose(sets))
		return r.dst, r.err
	}
	name := ""
	if a := fields[0].Arguments.ForName("name"); a != nil {
		if v := i.Value(a.Value); v != nil {
			name = v.Raw
		}
	}
	if i.Types.Type(name) == nil {
		return append(dst, "null"...), nil
	}
	r.typ(r.choose(sets), named(name))
	return r.dst, r.err
}

// An introspector writes one answer.
type introspector struct {
	Introspection
	dst   []byte
	path  string
	nodes int
	err   error
}

// A wish is one key of an object of the answer: the field that is asked for, and what is asked of its value.
type wish struct {
	key  string // as JSON, with the colon
	name string
	of   []wish
	sets []ast.SelectionSet
}

// choose finds what selections ask for, once for all the objects that they are asked of.
func (r *introspector) choose(sets []ast.SelectionSet) []wish {
	var out []wish
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				if !r.included(s.Directives) {
					continue
				}
				key := `"` + s.Alias + `":`
				i := slices.IndexFunc(out, func(w wish) bool { return w.key == key })
				if i < 0 {
					i = len(out)
					out = append(out, wish{key: key, name: s.Name})
				}
				out[i].sets = append(out[i].sets, s.SelectionSet)
			case *ast.InlineFragment:
				if r.included(s.Directives) {
					walk(s.SelectionSet)
				}
			case *ast.FragmentSpread:
				if r.included(s.Directives) {
					walk(r.Fragment(s.Name))
				}
			}
		}
	}
	for _, set := range sets {
		walk(set)
	}
	for i := range out {
		out[i].of = r.choose(out[i].sets)
	}
	return out
}

// included obeys @skip and @include.
func (r *introspector) included(list ast.DirectiveList) bool {
	for _, d := range list {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		if a := d.Arguments.ForName("if"); a != nil {
			if v := r.Value(a.Value); v != nil && (v.Raw == "true") == (d.Name == "skip") {
				return false
			}
		}
	}
	return true
}

// object writes an object of what is wished; one writes the value of each.
func (r *introspector) object(wishes []wish, typename string, one func(*wish)) {
	if r.nodes++; r.err != nil || r.over() {
		return
	}
	r.dst = append(r.dst, '{')
	for i := range wishes {
		if i > 0 {
			r.dst = append(r.dst, ',')
		}
		r.dst = append(r.dst, wishes[i].key...)
		if wishes[i].name == "__typename" {
			r.text(typename)
			continue
		}
		one(&wishes[i])
	}
	r.dst = append(r.dst, '}')
}

func (r *introspector) over() bool {
	if len(r.dst) <= r.BytesMax && r.nodes <= nodesMax {
		return false
	}
	r.err = &Error{Path: r.path, Code: NodeLimit, Message: "the schema's description is too large for an answer; ask for less, or print it with `pintail schema export --graphql`"}
	return true
}

// list begins and ends a list; each element calls next before it writes.
func (r *introspector) list(fill func(next func())) {
	r.dst = append(r.dst, '[')
	first := true
	fill(func() {
		if !first {
			r.dst = append(r.dst, ',')
		}
		first = false
	})
	r.dst = append(r.dst, ']')
}

func (r *introspector) raw(text string) { r.dst = append(r.dst, text...) }

func (r *introspector) text(s string) { r.dst = appendJSONString(r.dst, s) }

// comment writes a description, null where there is none.
func (r *introspector) comment(s string) {
	if s == "" {
		r.raw("null")
		return
	}
	r.text(s)
}

func (r *introspector) schema(wishes []wish) {
	t := r.Types
	r.object(wishes, "__Schema", func(w *wish) {
		switch w.name {
		case "description":
			r.comment(t.schema.Comment)
		case "queryType":
			r.typ(w.of, named("query_root"))
		case "mutationType":
			if t.mutation.empty() {
				r.raw("null")
				return
			}
			r.typ(w.of, named("mutation_root"))
		case "types":
			r.list(func(next func()) {
				for _, name := range t.Names() {
					if r.err != nil {
						return
					}
					next()
					r.named(w.of, t.make(name))
				}
			})
		case "directives":
			r.list(func(next func()) {
				for i := range directives {
					next()
					r.directive(w.of, &directives[i])
				}
			})
		default:
			r.raw("null")
		}
	})
}

func (r *introspector) directive(wishes []wish, d *directive) {
	r.object(wishes, "__Directive", func(w *wish) {
		switch w.name {
		case "name":
			r.text(d.name)
		case "description":
			r.comment(d.text)
		case "isRepeatable":
			r.raw("false")
		case "locations":
			r.list(func(next func()) {
				for _, on := range d.on {
					next()
					r.text(string(on))
				}
			})
		case "args":
			r.inputs(w.of, d.args)
		}
	})
}

// typ writes a type as a field has it, with its lists and non-nulls. What is asked of a named type is looked up only where
// more than kind and name is.
func (r *introspector) typ(wishes []wish, of *ast.Type) {
	if !of.NonNull && of.Elem == nil {
		r.byName(wishes, of.NamedType)
		return
	}
	kind, inner := "LIST", of.Elem
	if of.NonNull {
		bare := *of
		bare.NonNull = false
		kind, inner = "NON_NULL", &bare
	}
	r.object(wishes, "__Type", func(w *wish) {
		switch w.name {
		case "kind":
			r.text(kind)
		case "ofType":
			r.typ(w.of, inner)
		default:
			r.raw("null")
		}
	})
}

func (r *introspector) byName(wishes []wish, name string) {
	if slices.ContainsFunc(wishes, func(w wish) bool {
		return w.name != "name" && w.name != "kind" && w.name != "ofType" && w.name != "__typename"
	}) {
		r.named(wishes, r.Types.Type(name))
		return
	}
	r.object(wishes, "__Type", func(w *wish) {
		switch w.name {
		case "name":
			r.text(name)
		case "kind":
			r.text(string(r.Types.kind(name)))
		default:
			r.raw("null")
		}
	})
}

// kind gives a type's kind without making it, where the names have been listed.
func (t *Types) kind(name string) ast.DefinitionKind {
	t.mu.RLock()
	names, kinds := t.names, t.kinds
	t.mu.RUnlock()
	if i, ok := slices.BinarySearch(names, name); ok {
		return kindNames[kinds[i]]
	}
	return t.Type(name).Kind
}

// kindNames are what is kept of each name in a byte.
var kindNames = []ast.DefinitionKind{ast.Scalar, ast.Object, ast.InputObject, ast.Enum}

func (r *introspector) named(wishes []wish, t *Type) {
	r.object(wishes, "__Type", func(w *wish) {
		switch {
		case w.name == "kind":
			r.text(string(t.Kind))
		case w.name == "name":
			r.text(t.Name)
		case w.name == "description":
			r.comment(t.Description)
		case w.name == "fields" && t.Kind == ast.Object:
			r.fields(w.of, t)
		case w.name == "interfaces" && t.Kind == ast.Object:
			r.raw("[]")
		case w.name == "inputFields" && t.Kind == ast.InputObject:
			r.inputs(w.of, byName(slices.Values(t.Fields)))
		case w.name == "isOneOf" && t.Kind == ast.InputObject:
			r.raw("false")
		case w.name == "enumValues" && t.Kind == ast.Enum:
			r.values(w.of, slices.SortedFunc(slices.Values(t.Values), func(a, b EnumValue) int { return cmp.Compare(a.Name, b.Name) }))
		default:
			r.raw("null")
		}
	})
}

// byName sorts the fields of a type, as Hasura lists them.
func byName(list iter.Seq[*Field]) []*Field {
	return slices.SortedFunc(list, func(a, b *Field) int { return cmp.Compare(a.Name, b.Name) })
}

func (r *introspector) fields(wishes []wish, t *Type) {
	r.list(func(next func()) {
		for _, f := range byName(t.All()) {
			if r.err != nil {
				return
			}
			next()
			r.field(wishes, f)
		}
	})
}

func (r *introspector) field(wishes []wish, f *Field) {
	r.object(wishes, "__Field", func(w *wish) {
		switch w.name {
		case "name":
			r.text(f.Name)
		case "description":
			r.comment(f.Description)
		case "args":
			r.inputs(w.of, f.Args)
		case "type":
			r.typ(w.of, f.Type)
		case "isDeprecated":
			r.raw("false")
		default:
			r.raw("null")
		}
	})
}

func (r *introspector) inputs(wishes []wish, list []*Field) {
	r.list(func(next func()) {
		for _, f := range list {
			if r.err != nil {
				return
			}
			next()
			r.input(wishes, f)
		}
	})
}

func (r *introspector) input(wishes []wish, f *Field) {
	r.object(wishes, "__InputValue", func(w *wish) {
		switch w.name {
		case "name":
			r.text(f.Name)
		case "description":
			r.comment(f.Description)
		case "type":
			r.typ(w.of, f.Type)
		case "defaultValue":
			if f.Default == nil {
				r.raw("null")
				return
			}
			r.text(f.Default.String())
		case "isDeprecated":
			r.raw("false")
		default:
			r.raw("null")
		}
	})
}

func (r *introspector) values(wishes []wish, list []EnumValue) {
	r.list(func(next func()) {
		for i := range list {
			next()
			r.object(wishes, "__EnumValue", func(w *wish) {
				switch w.name {
				case "name":
					r.text(list[i].Name)
				case "description":
					r.comment(list[i].Description)
				case "isDeprecated":
					r.raw("false")
				default:
					r.raw("null")
				}
			})
		}
	})
}

// appendJSONString writes a text as JSON does, control characters and what isn't UTF-8 as escapes.
func appendJSONString(dst []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if s[i] < ' ' || s[i] == '"' || s[i] == '\\' || s[i] >= 0x7F {
			plain = false
			break
		}
	}
	if plain {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"')
	}
	dst = append(dst, '"')
	for _, c := range s { // what isn't UTF-8 becomes U+FFFD
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', byte(c))
		case c == '\n':
			dst = append(dst, `\n`...)
		case c < ' ' || c == 0x7F:
			dst = append(dst, `\u00`...)
			dst = append(dst, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		default:
			dst = append(dst, string(c)...)
		}
	}
	return append(dst, '"')
}
