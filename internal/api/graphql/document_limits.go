package graphql

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// DocumentLimits bound a document before anything else looks at it. A fragment counts wherever it is spread. The zero
// value of each is its default.
type DocumentLimits struct {
	Bytes              int // of the text: 65,536
	Tokens             int // 4,000
	Depth              int // fields on the way from the root to the deepest one: 12
	IntrospectionDepth int // the same under __schema and __type, where tools ask 15 deep: 20
	Roots              int // root fields of an operation: 20
	Aliases            int // of an operation: 30
	Directives         int // of an operation: 50
	Fields             int // of an operation, fragments' own and their spreads with them: 4,000; of all in a document five times that
}

func (l DocumentLimits) withDefaults() DocumentLimits {
	for _, x := range []struct {
		value *int
		usual int
	}{
		{&l.Bytes, 64 << 10}, {&l.Tokens, 4000}, {&l.Depth, 12}, {&l.IntrospectionDepth, 20}, {&l.Roots, 20}, {&l.Aliases, 30},
		{&l.Directives, 50}, {&l.Fields, 4000},
	} {
		if *x.value == 0 {
			*x.value = x.usual
		}
	}
	return l
}

// ParseDocument reads a document. A mistake is an *Error.
func ParseDocument(text string, l DocumentLimits) (*ast.QueryDocument, error) {
	l = l.withDefaults()
	if len(text) > l.Bytes {
		return nil, tooMany("the document has %d bytes; the limit is %d", len(text), l.Bytes)
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, l.Tokens)
	switch {
	case err == nil && len(doc.Operations) == 0:
		return nil, &Error{Path: "$.query", Code: ValidationFailed, Message: "not a valid graphql query: it has no operation"}
	case err == nil:
		return doc, nil
	case err.Error() == fmt.Sprintf("input: exceeded token limit of %d", l.Tokens):
		return nil, tooMany("the document has more than %d tokens, which is the limit", l.Tokens)
	}
	return nil, &Error{Path: "$.query", Code: ValidationFailed, Message: "not a valid graphql query: " + err.Error()}
}

func tooMany(format string, args ...any) *Error {
	return &Error{Path: "$", Code: NodeLimit, Message: fmt.Sprintf(format, args...)}
}

// A cost is what a set of selections takes, fragments counted as often as they are spread. Sums stop at costMax.
type cost struct {
	depth, meta int // of the deepest field, outside and under __schema and __type
	top         int // fields of the set itself
	fields      int // fields, spreads and inline fragments
	aliases     int
	directives  int
}

const costMax = 1 << 24

func (c *cost) add(o cost) {
	c.depth, c.meta = max(c.depth, o.depth), max(c.meta, o.meta)
	c.top, c.fields = min(c.top+o.top, costMax), min(c.fields+o.fields, costMax)
	c.aliases, c.directives = min(c.aliases+o.aliases, costMax), min(c.directives+o.directives, costMax)
}

// A measurer finds costs, those of fragments once.
type measurer struct {
	fragments map[string]*ast.FragmentDefinition
	known     map[fragmentUse]cost
	inside    map[string]bool
	cycle     string // a fragment that spreads itself
}

type fragmentUse struct {
	name string
	meta bool // under __schema or __type
}

// check refuses a document that goes beyond the limits, or whose fragments spread themselves. It looks at each selection
// twice at most.
func (l DocumentLimits) check(doc *ast.QueryDocument) error {
	l = l.withDefaults()
	m := &measurer{fragments: map[string]*ast.FragmentDefinition{}, known: map[fragmentUse]cost{}, inside: map[string]bool{}}
	for _, f := range doc.Fragments {
		if m.fragments[f.Name] == nil {
			m.fragments[f.Name] = f
		}
	}
	total := 0
	for _, f := range doc.Fragments {
		total += m.spread(f.Name, false).fields
	}
	for _, op := range doc.Operations {
		c := m.set(op.SelectionSet, false)
		c.directives += len(op.Directives)
		for _, v := range op.VariableDefinitions {
			c.directives += len(v.Directives)
		}
		total += c.fields
		if err := l.allow(c); err != nil && m.cycle == "" {
			return err
		}
	}
	if m.cycle != "" {
		return invalid("$", "the fragment "+quote(m.cycle)+" spreads itself")
	}
	if most := 5 * l.Fields; total > most {
		return tooMany("the document's operations and fragments have %d fields with those of the fragments that they spread; the limit is %d", total, most)
	}
	return nil
}

func (l DocumentLimits) allow(c cost) error {
	for _, x := range []struct {
		has, most int
		code      Code
		what      string
	}{
		{c.depth, l.Depth, DepthLimit, "is %d fields deep"},
		{c.meta, l.IntrospectionDepth, DepthLimit, "is %d fields deep under __schema or __type"},
		{c.top, l.Roots, NodeLimit, "has %d root fields"},
		{c.aliases, l.Aliases, NodeLimit, "has %d aliases"},
		{c.directives, l.Directives, NodeLimit, "has %d directives"},
		{c.fields, l.Fields, NodeLimit, "has %d fields with those of the fragments that it spreads"},
	} {
		if x.has > x.most {
			return &Error{Path: "$", Code: x.code, Message: fmt.Sprintf("the operation "+x.what+"; the limit is %d", x.has, x.most)}
		}
	}
	return nil
}

func (m *measurer) set(set ast.SelectionSet, meta bool) cost {
	var c cost
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			c.add(m.field(s, meta))
		case *ast.InlineFragment:
			in := m.set(s.SelectionSet, meta)
			in.fields++
			in.directives += len(s.Directives)
			c.add(in)
		case *ast.FragmentSpread:
			in := m.spread(s.Name, meta)
			in.fields++
			in.directives += len(s.Directives)
			c.add(in)
		}
	}
	return c
}

func (m *measurer) field(f *ast.Field, meta bool) cost {
	meta = meta || f.Name == "__schema" || f.Name == "__type"
	c := m.set(f.SelectionSet, meta)
	if meta {
		c.meta++
	} else {
		c.depth++
		if c.meta > 0 {
			c.meta++
		}
	}
	c.top = 1
	c.fields++
	c.directives += len(f.Directives)
	if f.Alias != f.Name {
		c.aliases++
	}
	return c
}

func (m *measurer) spread(name string, meta bool) cost {
	f, use := m.fragments[name], fragmentUse{name, meta}
	if c, ok := m.known[use]; ok || f == nil {
		return c
	}
	if m.inside[name] {
		m.cycle = name
		return cost{}
	}
	m.inside[name] = true
	c := m.set(f.SelectionSet, meta)
	c.directives += len(f.Directives)
	delete(m.inside, name)
	m.known[use] = c
	return c
}
