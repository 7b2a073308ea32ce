package graphql

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// Places are the nodes of a document as Hasura's paths name them: fragments stand where they are spread, arguments under
// args, a single value that stands for a list is its first element. They are found for the first operation that comes to
// them, the named one before all others.
type places struct {
	types   *Types
	doc     *ast.QueryDocument
	byStart map[int]*node
	byLine  map[[2]int]*node
	spread  map[string]bool
}

// A node is a place in the document.
type node struct {
	up    *node
	key   string // with the dot or brackets before it
	order int
}

func (n *node) path() string {
	if n == nil {
		return "$"
	}
	return n.up.path() + n.key
}

// of gives the node at which a mistake is; nil where it is at none.
func (p *places) of(m *mistake) *node {
	if m.at != nil {
		return p.byStart[m.at.Start]
	}
	return p.byLine[[2]int{m.line, m.column}]
}

// places finds the nodes of a document, each once.
func (t *Types) places(doc *ast.QueryDocument, operation string) *places {
	p := &places{types: t, doc: doc, byStart: map[int]*node{}, byLine: map[[2]int]*node{}, spread: map[string]bool{}}
	if op := doc.Operations.ForName(operation); op != nil {
		p.set(nil, t.rootOf(op), op.SelectionSet)
	}
	for _, op := range doc.Operations {
		p.set(nil, t.rootOf(op), op.SelectionSet)
	}
	return p
}

// add notes a node; false where it is known.
func (p *places) add(at *ast.Position, up *node, key string) (*node, bool) {
	if at == nil {
		return &node{up: up, key: key}, true
	}
	if known := p.byStart[at.Start]; known != nil {
		return known, false
	}
	n := &node{up: up, key: key, order: len(p.byStart)}
	p.byStart[at.Start] = n
	p.byLine[[2]int{at.Line, at.Column}] = n
	return n, true
}

func (p *places) set(up *node, of *Type, set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			p.field(up, of, s)
		case *ast.InlineFragment:
			if in, first := p.add(s.Position, up, ""); first {
				p.directives(in, s.Directives)
				p.set(up, of, s.SelectionSet)
			}
		case *ast.FragmentSpread:
			in, _ := p.add(s.Position, up, "")
			p.directives(in, s.Directives)
			if f := p.doc.Fragments.ForName(s.Name); f != nil && !p.spread[s.Name] {
				p.spread[s.Name] = true
				p.add(f.Position, up, "")
				p.set(up, of, f.SelectionSet)
			}
		}
	}
}

func (p *places) field(up *node, of *Type, s *ast.Field) {
	n, first := p.add(s.Position, up, ".selectionSet."+s.Name)
	if !first {
		return
	}
	var f *Field
	if of != nil && of.Kind == ast.Object {
		f = of.Field(s.Name)
	}
	for _, a := range s.Arguments {
		at, _ := p.add(a.Position, n, ".args."+a.Name)
		var known *Field
		if f != nil {
			known = f.Arg(a.Name)
		}
		if known == nil {
			known = &Field{}
		}
		p.value(at, known.Type, a.Value)
	}
	p.directives(n, s.Directives)
	var in *Type
	if f != nil {
		in = p.types.Type(f.Type.Name())
	}
	p.set(n, in, s.SelectionSet)
}

// directives have no path of their own.
func (p *places) directives(up *node, list ast.DirectiveList) {
	for _, d := range list {
		p.add(d.Position, up, "")
		for _, a := range d.Arguments {
			p.add(a.Position, up, "")
			p.value(up, nil, a.Value)
		}
	}
}

// value notes the nodes within a value that is at n; of is its type, where that is known.
func (p *places) value(n *node, of *ast.Type, v *ast.Value) {
	if of != nil && of.Elem != nil && v.Kind != ast.ListValue && v.Kind != ast.Variable && v.Kind != ast.NullValue {
		n, of = &node{up: n, key: "[0]", order: n.orderOf()}, of.Elem
	}
	p.add(v.Position, n, "")
	for i, c := range v.Children {
		if v.Kind == ast.ListValue {
			at, _ := p.add(c.Value.Position, n, "["+strconv.Itoa(i)+"]")
			p.value(at, elementOf(of), c.Value)
			continue
		}
		at, _ := p.add(c.Position, n, "."+c.Name)
		p.value(at, p.keyType(of, c.Name), c.Value)
	}
}

func (n *node) orderOf() int {
	if n == nil {
		return 0
	}
	return n.order
}

func elementOf(of *ast.Type) *ast.Type {
	if of == nil {
		return nil
	}
	return of.Elem
}

func (p *places) keyType(of *ast.Type, key string) *ast.Type {
	if of == nil || of.Elem != nil {
		return nil
	}
	if typ := p.types.Type(of.Name()); typ != nil && typ.Kind == ast.InputObject {
		if f := typ.Field(key); f != nil {
			return f.Type
		}
	}
	return nil
}
