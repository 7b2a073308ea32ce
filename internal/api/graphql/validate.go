package graphql

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Validate says whether a document keeps to the limits and to the GraphQL specification (October 2021, section 5). Of what is
// wrong it gives the first, in the order of the operation named so (or else of the first one), as an *Error. Where a column's
// value is wanted, a string may stand for any scalar, as in Hasura: the database's rules for the type read it.
func (t *Types) Validate(doc *ast.QueryDocument, operation string, l DocumentLimits) error {
	if err := l.check(doc); err != nil {
		return err
	}
	for _, op := range doc.Operations {
		if err := t.serves(op); err != nil {
			return err
		}
	}
	v := &validation{types: t, doc: doc}
	for _, err := range validator.ValidateWithRules(t.reached(doc), doc, v.rules()) {
		v.found = append(v.found, ofLibrary(err))
	}
	for _, op := range doc.Operations {
		v.merge([]ast.SelectionSet{op.SelectionSet})
	}
	if len(v.found) == 0 {
		return nil
	}
	return v.first(operation)
}

// serves refuses operations of a kind that isn't there.
func (t *Types) serves(op *ast.OperationDefinition) error {
	switch {
	case op.Operation == ast.Subscription:
		return &Error{Path: "$", Code: NotSupported, Message: "subscriptions are not served; ask again from time to time with a query"}
	case op.Operation == ast.Mutation && t.Type("mutation_root") == nil:
		return invalid("$", "no mutations exist")
	}
	return nil
}

// A validation collects what is wrong with a document.
type validation struct {
	types *Types
	doc   *ast.QueryDocument
	found []mistake
}

// A mistake is at a node of the document, or at a key that should be below it.
type mistake struct {
	at           *ast.Position
	line, column int
	below        string
	code         Code
	message      string
}

func (v *validation) wrong(at *ast.Position, format string, args ...any) {
	v.found = append(v.found, mistake{at: at, code: ValidationFailed, message: fmt.Sprintf(format, args...)})
}

func ofLibrary(err *gqlerror.Error) mistake {
	m := mistake{code: ValidationFailed, message: err.Message}
	if len(err.Locations) > 0 {
		m.line, m.column = err.Locations[0].Line, err.Locations[0].Column
	}
	return m
}

// first gives the mistake that Hasura would come upon first: it reads arguments before selections, both in the document's order.
func (v *validation) first(operation string) *Error {
	at := v.types.places(v.doc, operation)
	order := func(m *mistake) int {
		if p := at.of(m); p != nil {
			return p.order
		}
		return len(at.byStart) + 1
	}
	m := slices.MinFunc(v.found, func(a, b mistake) int { return cmp.Compare(order(&a), order(&b)) })
	path := "$"
	if p := at.of(&m); p != nil {
		path = p.path() + m.below
	}
	return &Error{Path: path, Code: m.code, Message: m.message}
}

// rules are the specification's. Where gqlparser's suggest names, cost more than the document's size, or speak of no
// place, ours stand instead, which look at Types. A variable that isn't used is let pass, as in Hasura, whose users have such
// documents.
func (v *validation) rules() *rules.Rules {
	return rules.NewRules(
		rules.FragmentsOnCompositeTypesRule, rules.KnownDirectivesRule, rules.KnownFragmentNamesRule, rules.KnownRootTypeRule,
		rules.KnownTypeNamesRuleWithoutSuggestions, rules.LoneAnonymousOperationRule, rules.MaxIntrospectionDepth,
		rules.NoUndefinedVariablesRule, rules.NoUnusedFragmentsRule, rules.PossibleFragmentSpreadsRule,
		rules.ScalarLeafsRuleWithoutSuggestions, rules.UniqueArgumentNamesRule, rules.UniqueDirectivesPerLocationRule,
		rules.UniqueFragmentNamesRule, rules.UniqueInputFieldNamesRule, rules.UniqueOperationNamesRule, rules.UniqueVariableNamesRule,
		rules.VariablesAreInputTypesRule,
		core.Rule{Name: "Arguments", RuleFunc: func(o *core.Events, _ core.AddErrFunc) {
			o.OnField(v.field)
			o.OnDirective(v.directive)
			o.OnVariable(v.variable)
		}},
	)
}

// field checks that a field exists, and its arguments.
func (v *validation) field(w *core.Walker, f *ast.Field) {
	if w.CurrentOperation == nil || f.ObjectDefinition == nil || f.ObjectDefinition.Kind != ast.Object || f.Name == "__typename" {
		return
	}
	of := v.types.Type(f.ObjectDefinition.Name).Field(f.Name)
	if of == nil {
		v.wrong(f.Position, "field %s not found in type: %s", quote(f.Name), quote(f.ObjectDefinition.Name))
		return
	}
	v.arguments(w.CurrentOperation, f.Position, ".args.", quote(f.Name), f.Arguments, of.Args)
}

func (v *validation) directive(w *core.Walker, d *ast.Directive) {
	if w.CurrentOperation == nil {
		return
	}
	for _, known := range directives {
		if known.name == d.Name {
			v.arguments(w.CurrentOperation, d.Position, "", quote("@"+d.Name), d.Arguments, known.args)
		}
	}
}

// variable checks a variable's default.
func (v *validation) variable(w *core.Walker, d *ast.VariableDefinition) {
	if d.DefaultValue != nil {
		v.value(w.CurrentOperation, d.DefaultValue, d.DefaultValue.Position, d.Type, &Field{Name: d.Variable, Type: d.Type})
	}
}

func (v *validation) arguments(op *ast.OperationDefinition, at *ast.Position, below, name string, args ast.ArgumentList, known []*Field) {
	given := make(map[string]bool, len(args))
	for _, a := range args {
		given[a.Name] = true
		i := slices.IndexFunc(known, func(f *Field) bool { return f.Name == a.Name })
		if i < 0 {
			v.wrong(at, "%s has no argument named %s", name, quote(a.Name))
			continue
		}
		v.value(op, a.Value, a.Position, known[i].Type, known[i])
	}
	for _, f := range known {
		if f.Type.NonNull && f.Default == nil && !given[f.Name] {
			m := mistake{at: at, code: ValidationFailed, message: "missing required field " + quote(f.Name)}
			if below != "" {
				m.below = below + f.Name
			}
			v.found = append(v.found, m)
		}
	}
}

// quote puts a name into a message, between Hasura's single quotes, shortened where it is very long.
func quote(name string) string {
	const most = 100
	if len(name) > most {
		cut := most
		for name[cut]&0xC0 == 0x80 {
			cut--
		}
		name = name[:cut] + "…"
	}
	return "'" + name + "'"
}

// merge checks that selections which come under one key of the answer are of one field with the same arguments
// (specification, 5.3.2). As every type is an object, all selections of a place can be read as one set: each is looked at
// once a place.
func (v *validation) merge(sets []ast.SelectionSet) {
	byKey := map[string][]*ast.Field{}
	var keys []string
	spread := map[string]bool{}
	var collect func(ast.SelectionSet)
	collect = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				if byKey[s.Alias] == nil {
					keys = append(keys, s.Alias)
				}
				byKey[s.Alias] = append(byKey[s.Alias], s)
			case *ast.InlineFragment:
				collect(s.SelectionSet)
			case *ast.FragmentSpread:
				if f := v.doc.Fragments.ForName(s.Name); f != nil && !spread[s.Name] {
					spread[s.Name] = true
					collect(f.SelectionSet)
				}
			}
		}
	}
	for _, set := range sets {
		collect(set)
	}
	for _, key := range keys {
		fields := byKey[key]
		var below []ast.SelectionSet
		for _, f := range fields {
			switch {
			case f.Name != fields[0].Name:
				v.wrong(f.Position, "selection of both %s and %s specify the same response name, %s", quote(fields[0].Name), quote(f.Name), quote(key))
				return
			case f != fields[0] && !sameArguments(fields[0].Arguments, f.Arguments):
				v.wrong(f.Position, "inconsistent arguments between multiple selections of field %s", quote(f.Name))
				return
			}
			if len(f.SelectionSet) > 0 {
				below = append(below, f.SelectionSet)
			}
		}
		if len(below) > 0 {
			v.merge(below)
		}
	}
}

func sameArguments(a, b ast.ArgumentList) bool {
	if len(a) != len(b) {
		return false
	}
	byName := make(map[string]*ast.Value, len(b))
	for _, x := range b {
		byName[x.Name] = x.Value
	}
	for _, x := range a {
		if y := byName[x.Name]; y == nil || !sameValue(x.Value, y) {
			return false
		}
	}
	return true
}

func sameValue(a, b *ast.Value) bool {
	if a.Kind != b.Kind || a.Raw != b.Raw || len(a.Children) != len(b.Children) {
		return false
	}
	if a.Kind != ast.ObjectValue {
		for i, x := range a.Children {
			if !sameValue(x.Value, b.Children[i].Value) {
				return false
			}
		}
		return true
	}
	byName := make(map[string]*ast.Value, len(b.Children))
	for _, x := range b.Children {
		byName[x.Name] = x.Value
	}
	for _, x := range a.Children {
		if y := byName[x.Name]; y == nil || !sameValue(x.Value, y) {
			return false
		}
	}
	return true
}

// reached makes the schema that gqlparser's rules look at: of each type that the document comes to, the fields that it names.
func (t *Types) reached(doc *ast.QueryDocument) *ast.Schema {
	r := &reach{
		types: t, seen: map[reachedField]bool{},
		schema: &ast.Schema{Types: map[string]*ast.Definition{}, Directives: map[string]*ast.DirectiveDefinition{}, PossibleTypes: map[string][]*ast.Definition{}},
	}
	r.schema.Query = r.definition("query_root")
	if t.Type("mutation_root") != nil {
		r.schema.Mutation = r.definition("mutation_root")
	}
	for _, d := range directives {
		r.schema.Directives[d.name] = d.definition()
	}
	for _, f := range doc.Fragments {
		if of := r.definition(f.TypeCondition); of != nil {
			r.set(t.Type(f.TypeCondition), f.SelectionSet)
		}
	}
	for _, op := range doc.Operations {
		for _, v := range op.VariableDefinitions {
			r.definition(v.Type.Name())
		}
		r.set(t.rootOf(op), op.SelectionSet)
	}
	return r.schema
}

// rootOf gives the type whose fields an operation selects.
func (t *Types) rootOf(op *ast.OperationDefinition) *Type {
	if op.Operation == ast.Mutation {
		return t.Type("mutation_root")
	}
	return t.Type("query_root")
}

type reach struct {
	types  *Types
	schema *ast.Schema
	seen   map[reachedField]bool
}

type reachedField struct{ typ, field string }

func (r *reach) definition(name string) *ast.Definition {
	if def := r.schema.Types[name]; def != nil {
		return def
	}
	of := r.types.Type(name)
	if of == nil {
		return nil
	}
	def := &ast.Definition{Name: name, Kind: of.Kind}
	r.schema.Types[name] = def
	r.schema.PossibleTypes[name] = []*ast.Definition{def}
	return def
}

func (r *reach) set(of *Type, set ast.SelectionSet) {
	if of == nil || of.Kind != ast.Object {
		return
	}
	def := r.definition(of.Name)
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			f := of.Field(s.Name)
			if f == nil {
				continue
			}
			if key := (reachedField{of.Name, s.Name}); !r.seen[key] {
				r.seen[key] = true
				def.Fields = append(def.Fields, &ast.FieldDefinition{Name: f.Name, Type: f.Type})
				r.definition(f.Type.Name())
			}
			if len(s.SelectionSet) > 0 {
				r.set(r.types.Type(f.Type.Name()), s.SelectionSet)
			}
		case *ast.InlineFragment:
			in := of
			if s.TypeCondition != "" {
				r.definition(s.TypeCondition)
				in = r.types.Type(s.TypeCondition)
			}
			r.set(in, s.SelectionSet)
		}
	}
}

// A directive is one that documents may use.
type directive struct {
	name, text string
	args       []*Field
	on         []ast.DirectiveLocation
}

// directives are the specification's for documents, and Hasura's @cached.
var directives = []directive{
	{"cached", "whether this query should be cached", []*Field{
		{Name: "refresh", Description: "refresh the cache entry", Type: required(named("Boolean")), Default: &ast.Value{Kind: ast.BooleanValue, Raw: "false"}, Is: MetaArg},
		{Name: "ttl", Description: "measured in seconds", Type: required(named("Int")), Default: &ast.Value{Kind: ast.IntValue, Raw: "60"}, Is: MetaArg},
	}, []ast.DirectiveLocation{ast.LocationQuery}},
	{"include", "whether this query should be included", ifArg, []ast.DirectiveLocation{ast.LocationField, ast.LocationFragmentSpread, ast.LocationInlineFragment}},
	{"skip", "whether this query should be skipped", ifArg, []ast.DirectiveLocation{ast.LocationField, ast.LocationFragmentSpread, ast.LocationInlineFragment}},
}

var ifArg = []*Field{{Name: "if", Type: required(named("Boolean")), Is: MetaArg}}

func (d *directive) definition() *ast.DirectiveDefinition {
	out := &ast.DirectiveDefinition{Name: d.name, Description: d.text, Locations: d.on, Position: &ast.Position{Src: &ast.Source{}}}
	for _, a := range d.args {
		out.Arguments = append(out.Arguments, &ast.ArgumentDefinition{Name: a.Name, Description: a.Description, Type: a.Type, DefaultValue: a.Default})
	}
	return out
}
