package plan

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

// kinds has one of each kind of expression.
var kinds = []Expr{&And{}, &Or{}, &Not{}, Const(true), &Compare{}, &Exists{}, &Embedded{}, &Measure{}}

// Every type of this package that says it is an Expr is among kinds, so that the tests below can't miss a new one.
func TestKindsAreAllExpressions(t *testing.T) {
	var declared, known []string
	file, err := parser.ParseFile(token.NewFileSet(), "plan.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "isExpr" {
			of := f.Recv.List[0].Type
			if star, ok := of.(*ast.StarExpr); ok {
				of = star.X
			}
			declared = append(declared, of.(*ast.Ident).Name)
		}
	}
	for _, e := range kinds {
		of := reflect.TypeOf(e)
		if of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		known = append(known, of.Name())
	}
	slices.Sort(declared)
	slices.Sort(known)
	if !slices.Equal(declared, known) {
		t.Errorf("plan.go declares the expressions %v, kinds has %v: add it there, and to Walk what it holds", declared, known)
	}
}

// references are the fields that lead to what stands elsewhere in the plan.
var references = map[string]bool{"Embedded.Embed": true, "Order.Embed": true, "Facts.Bound": true, "Facts.RowsMax": true, "Plan.Params": true}

var (
	plans   = reflect.TypeFor[Plan]().PkgPath()
	anyExpr = reflect.TypeFor[Expr]()
	deep    = []reflect.Type{reflect.TypeFor[Plan](), reflect.TypeFor[Write](), reflect.TypeFor[Select](), reflect.TypeFor[Output]()} // may hold their like
	visited = append(slices.Clone(deep), reflect.TypeFor[Nested](), reflect.TypeFor[Invocation](), reflect.TypeFor[Operand]())
)

// A grower fills every field of a plan that may hold a node, and notes the nodes.
type grower struct {
	nodes  map[any]string // by pointer: where it stands
	consts int
}

// grow fills v, which is addressable, with so many of the deep types inside each other at most.
func (g *grower) grow(v reflect.Value, at string, depth int) {
	switch v.Kind() {
	case reflect.Interface:
		if v.Type() == anyExpr {
			all := &And{}
			v.Set(reflect.ValueOf(all))
			g.nodes[all] = at
			for _, kind := range kinds {
				g.kind(all, kind, at, depth)
			}
		}
	case reflect.Pointer:
		if of := v.Type().Elem(); of.PkgPath() == plans && of.Kind() == reflect.Struct && depth > 0 {
			v.Set(reflect.New(of))
			g.grow(v.Elem(), at, depth)
		}
	case reflect.Slice:
		of := v.Type().Elem()
		for of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if of.PkgPath() == plans && (of.Kind() == reflect.Struct || of == anyExpr) && depth > 0 {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			for i := range 2 {
				g.grow(v.Index(i), at, depth)
			}
		}
	case reflect.Struct:
		if slices.Contains(visited, v.Type()) {
			g.nodes[v.Addr().Interface()] = at
		}
		if slices.Contains(deep, v.Type()) {
			depth--
		}
		for i := range v.NumField() {
			name := v.Type().Name() + "." + v.Type().Field(i).Name
			if v.Field(i).CanSet() && !references[name] {
				g.grow(v.Field(i), name, depth)
			}
		}
	}
}

// kind adds a new expression of a kind to all; those that hold expressions hold constants, deeper ones are found by way of Selects.
func (g *grower) kind(all *And, kind Expr, at string, depth int) {
	switch kind := kind.(type) {
	case Const:
		all.Of = append(all.Of, kind)
		g.consts++
		return
	case *And:
		kind = &And{Of: []Expr{&Not{Of: Const(true)}}}
		g.nodes[kind], g.nodes[kind.Of[0]] = at+" And", "And.Of"
		g.consts++
		all.Of = append(all.Of, kind)
		return
	case *Or:
		kind = &Or{Of: []Expr{&Not{Of: Const(true)}}}
		g.nodes[kind], g.nodes[kind.Of[0]] = at+" Or", "Or.Of"
		g.consts++
		all.Of = append(all.Of, kind)
		return
	case *Not:
		kind = &Not{Of: &Not{Of: Const(true)}}
		g.nodes[kind], g.nodes[kind.Of] = at+" Not", "Not.Of"
		g.consts++
		all.Of = append(all.Of, kind)
		return
	}
	one := reflect.New(reflect.TypeOf(kind).Elem())
	g.grow(one.Elem(), at, depth)
	g.nodes[one.Interface()] = at + " " + one.Elem().Type().Name()
	all.Of = append(all.Of, one.Interface().(Expr))
}

// Walk comes to each node that a plan can hold, whatever field of whatever type holds it, and once.
func TestWalkVisitsEveryNode(t *testing.T) {
	g := &grower{nodes: map[any]string{}}
	p := &Plan{}
	g.grow(reflect.ValueOf(p).Elem(), "the plan", 4)
	if len(g.nodes) < 1000 {
		t.Fatalf("only %d nodes grew", len(g.nodes))
	}
	met, consts := map[any]bool{}, 0
	Walk(p, func(node any) {
		switch n := node.(type) {
		case Occurrence:
			node = n.Select
		case Const:
			consts++
			return
		}
		if met[node] {
			t.Errorf("%T (%s) is visited twice", node, g.nodes[node])
		}
		met[node] = true
		if _, ok := g.nodes[node]; !ok {
			t.Errorf("%T was never planted", node)
		}
	})
	missed := map[string]bool{}
	for node, at := range g.nodes {
		if !met[node] {
			missed[reflect.TypeOf(node).String()+" in "+at] = true
		}
	}
	for what := range missed {
		t.Errorf("Walk passes by %s", what)
	}
	if consts != g.consts {
		t.Errorf("%d of %d constants", consts, g.consts)
	}
}

// An occurrence knows the relation that leads to it, by whichever way.
func TestWalkTellsTheRelation(t *testing.T) {
	by := func(name string) *schema.Relation { return &schema.Relation{Name: name} }
	one := func(alias int) *Select { return &Select{Alias: alias} }
	deep := &Select{Alias: 2, Outputs: []Output{{Nest: []Output{{Nodes: one(3)}}}}}
	p := &Plan{Rows: &Select{Alias: 1, Outputs: []Output{{Embed: &Embed{Relation: by("embed"), Select: deep}}, {Nodes: one(4)}},
		Where: &And{Of: []Expr{&Exists{Relation: by("exists"), Select: one(5)}, &Not{Of: &Measure{Relation: by("measure"), Select: one(6)}}}},
		Order: []Order{{Via: []Hop{{by("hop"), one(7)}}}}}}
	got := map[int]string{}
	Walk(p, func(node any) {
		if s, ok := node.(Occurrence); ok {
			got[s.Alias] = ""
			if s.Via != nil {
				got[s.Alias] = s.Via.Name
			}
		}
	})
	want := map[int]string{1: "", 2: "embed", 3: "embed", 4: "", 5: "exists", 6: "measure", 7: "hop"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
