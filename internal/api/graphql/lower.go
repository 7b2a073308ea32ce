package graphql

import (
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A lowering makes one operation, with the variables of one request, to one query. Where a value comes from a variable, it
// leaves a mark (query.Value.Arg) by which a filler finds the value of the next request in the same place.
type lowering struct {
	types *Types
	doc   *Document
	o     *Options
	vars  *variables

	fillers []filler
	fixed   map[string]bool // variables whose values, not only their presence, decided something
	again   bool            // the rows of an insert come from a variable: another request may have other columns
	nodes   int             // conditions so far
}

// A filler gives the value of one argument from the variables of a request: by a conversion or, for rows, by pieces.
type filler struct {
	in input
	conversion
	pieces []piece
}

// A piece is a part of a JSON text: a text as it stands, or a column's value.
type piece struct {
	text string
	in   input
	conversion
}

func (f *filler) make(vs *variables) (query.Value, error) {
	if f.pieces == nil {
		return f.conversion.value(vs, vs.again(f.in))
	}
	text, err := written(f.pieces, vs)
	return query.Text(text), err
}

func written(pieces []piece, vs *variables) (string, error) {
	var dst []byte
	for i := range pieces {
		p := &pieces[i]
		if p.text != "" {
			dst = append(dst, p.text...)
			continue
		}
		var err error
		if dst, err = p.conversion.column(dst, vs, vs.again(p.in), p.path); err != nil {
			return "", err
		}
	}
	return string(dst), nil
}

// filled gives the value that an input is now, and marks it where it may be another one next time.
func (l *lowering) filled(in input, c conversion) (query.Value, error) {
	v, err := c.value(l.vars, in)
	if err == nil && !in.fixed() {
		l.fillers = append(l.fillers, filler{in: in, conversion: c})
		v.Arg = len(l.fillers)
	}
	return v, err
}

// pieced is filled for a text of pieces.
func (l *lowering) pieced(pieces []piece) (query.Value, error) {
	text, err := written(pieces, l.vars)
	v := query.Text(text)
	if err == nil && slices.ContainsFunc(pieces, func(p piece) bool { return p.text == "" && !p.in.fixed() }) {
		l.fillers = append(l.fillers, filler{pieces: pieces})
		v.Arg = len(l.fillers)
	}
	return v, err
}

// fix notes that an input's value decided something, so that another value is another structure.
func (l *lowering) fix(in input) {
	if in.from != nil && len(in.from.steps) == 0 {
		l.fixed[l.vars.declared[in.from.variable].Variable] = true
	}
}

// boolean reads an input that decides something.
func (l *lowering) boolean(in input, at *place) (bool, error) {
	l.fix(in)
	if in.kind() != kindBoolean {
		c := conversion{named: l.types.Type("Boolean")}
		return false, c.unexpected(in, at.String())
	}
	return in.text() == "true", nil
}

// A chosen field is one key of the answer, with all fields of the document that it stands for.
type chosen struct {
	key   string
	field *Field
	of    []*ast.Field
}

// arg gives an argument's value; all fields of one key have the same arguments.
func (c *chosen) arg(l *lowering, name string) input {
	a := c.of[0].Arguments.ForName(name)
	if a == nil {
		return input{}
	}
	return l.vars.input(a.Value)
}

// sets gives the selections below a chosen field.
func (c *chosen) sets() []ast.SelectionSet {
	sets := make([]ast.SelectionSet, len(c.of))
	for i, f := range c.of {
		sets[i] = f.SelectionSet
	}
	return sets
}

// choose collects the fields of selections (GraphQL, "CollectFields"): fragments opened, @skip and @include obeyed, fields
// of one key together, in the order of the document.
func (l *lowering) choose(t *Type, sets []ast.SelectionSet, at *place) ([]chosen, error) {
	var all []chosen
	var walk func(ast.SelectionSet) error
	walk = func(set ast.SelectionSet) error {
		for _, s := range set {
			directives, inside := ast.DirectiveList(nil), ast.SelectionSet(nil)
			switch s := s.(type) {
			case *ast.Field:
				directives = s.Directives
			case *ast.InlineFragment:
				directives, inside = s.Directives, s.SelectionSet
			case *ast.FragmentSpread:
				directives, inside = s.Directives, l.doc.fragment(s.Name)
			}
			if yes, err := l.included(directives, at); err != nil || !yes {
				if err != nil {
					return err
				}
				continue
			}
			f, ok := s.(*ast.Field)
			if !ok {
				if err := walk(inside); err != nil {
					return err
				}
				continue
			}
			i := slices.IndexFunc(all, func(c chosen) bool { return c.key == f.Alias })
			if i >= 0 {
				all[i].of = append(all[i].of, f)
				continue
			}
			field := t.Field(f.Name)
			if f.Name == "__typename" {
				field = &Field{Name: f.Name, Is: TypeName}
			}
			if field == nil {
				return refusal(at.below(f.Name).String(), ValidationFailed, "field '%s' not found in type: '%s'", shortened(f.Name), t.Name)
			}
			if len(f.Alias) > keyBytesMax {
				return refusal(at.below(f.Name).String(), ValidationFailed, "an alias has at most %d bytes", keyBytesMax)
			}
			all = append(all, chosen{key: f.Alias, field: field, of: []*ast.Field{f}})
		}
		return nil
	}
	for _, set := range sets {
		if err := walk(set); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// included obeys @skip and @include.
func (l *lowering) included(directives ast.DirectiveList, at *place) (bool, error) {
	for _, d := range directives {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		a := d.Arguments.ForName("if")
		if a == nil {
			continue // validation has refused it
		}
		is, err := l.boolean(l.vars.input(a.Value), at.below(d.Name))
		if err != nil {
			return false, err
		}
		if is == (d.Name == "skip") {
			return false, nil
		}
	}
	return true, nil
}

// operation lowers the whole operation.
func (l *lowering) operation() (query.Query, *Answer, error) {
	root := l.types.Type(rootType(l.doc.operation.Operation))
	if root == nil {
		return nil, nil, refusal("$", ValidationFailed, "no %ss exist", l.doc.operation.Operation)
	}
	at := &place{key: "$"}
	list, err := l.choose(root, []ast.SelectionSet{l.doc.operation.SelectionSet}, at)
	if err != nil {
		return nil, nil, err
	}
	var of []query.Query
	answer := &Answer{}
	for i := range list {
		f := &list[i]
		queries, p, err := l.root(root, f, at.field(f.field.Name))
		if err != nil {
			return nil, nil, err
		}
		p.key, p.step, p.steps = f.key, len(of), len(queries)
		for range queries {
			answer.paths = append(answer.paths, failing(f))
		}
		of = append(of, queries...)
		answer.parts = append(answer.parts, p)
	}
	answer.single = len(of) == 1
	switch len(of) {
	case 0:
		return nil, answer, nil
	case 1:
		return of[0], answer, nil
	}
	return &query.Sequence{Of: of, Rollback: l.o.Rollback}, answer, nil
}

func rootType(of ast.Operation) string {
	switch of {
	case ast.Mutation:
		return "mutation_root"
	case ast.Subscription:
		return "subscription_root"
	}
	return "query_root"
}

// failing is the path that an error of the database has, for one root field: Hasura's, which names what an insert was given
// and says nothing of all others.
func failing(f *chosen) string {
	at := (&place{key: "$"}).field(f.field.Name).below("args")
	switch f.field.Is {
	case RootInsert:
		return at.below("objects").String()
	case RootInsertOne:
		return at.below("object").String()
	}
	return "$"
}

// root lowers one root field to its queries, of which only an update_many has several, and its part of the answer.
func (l *lowering) root(parent *Type, f *chosen, at *place) ([]query.Query, part, error) {
	one := func(q query.Query, p part, err error) ([]query.Query, part, error) { return []query.Query{q}, p, err }
	switch f.field.Is {
	case TypeName:
		return nil, part{kind: partText, text: string(jsonName(parent.Name))}, nil
	case RootSchema, RootType:
		text, err := l.introspect(f)
		return nil, part{kind: partText, text: text}, err
	case RootSelect:
		q, err := l.rows(f, at)
		if err == nil {
			q.From = f.field.Table.Name
		}
		return one(q, part{kind: partRows}, err)
	case RootByKey:
		return one2(l.byKey(f, at))
	case RootAggregate:
		q, err := l.summary(f, at)
		if err == nil {
			q.From = f.field.Table.Name
		}
		return one(q, part{kind: partOne}, err)
	case RootGroup:
		q, err := l.group(f, at)
		return one(q, part{kind: partRows}, err)
	case RootCall, RootCallSummary:
		return l.call(f, at)
	case RootInsert, RootInsertOne:
		return one2(l.insert(f, at))
	case RootUpdate, RootUpdateByKey:
		return one2(l.update(f, at))
	case RootUpdateMany:
		return l.updateMany(f, at)
	case RootDelete, RootDeleteByKey:
		return one2(l.delete(f, at))
	}
	return nil, part{}, refusal(at.String(), NotSupported, "'%s' is not answered here", f.field.Name)
}

// introspectionBytesMax bounds what __schema and __type answer together in one root field.
const introspectionBytesMax = 32 << 20

// introspect answers __schema or __type. The answer may be large and depends on variables: it isn't kept.
func (l *lowering) introspect(f *chosen) (string, error) {
	l.again = true
	text, err := Introspection{Types: l.types, Fragment: l.doc.fragment, Value: l.literal, BytesMax: introspectionBytesMax}.Append(nil, f.of...)
	return string(text), err
}

// literal gives what a variable holds as a literal, nil where it holds nothing.
func (l *lowering) literal(v *ast.Value) *ast.Value {
	in := l.vars.input(v)
	if in.lit != nil || !in.there() {
		return in.lit
	}
	kinds := map[kind]ast.ValueKind{kindNull: ast.NullValue, kindBoolean: ast.BooleanValue, kindString: ast.StringValue, kindNumber: ast.IntValue}
	of, ok := kinds[in.kind()]
	if !ok {
		return nil
	}
	return &ast.Value{Kind: of, Raw: in.text()}
}

func one2(q query.Query, p part, err error) ([]query.Query, part, error) {
	if err != nil {
		return nil, part{}, err
	}
	return []query.Query{q}, p, nil
}

func jsonName(s string) []byte { return strconv.AppendQuote(nil, s) } // of names, which have no character to escape

// columnNamed gives the name in the database of a column that an input names by its enum value.
func (l *lowering) columnNamed(t *Type, in input, at *place) (*schema.Column, error) {
	c := conversion{named: t}
	if _, err := c.enum(in, at.String()); err != nil {
		return nil, err
	}
	return enumValue(t, in.text()).Column, nil
}

// columns reads a list of a table's columns.
func (l *lowering) columns(of *ast.Type, in input, at *place) ([]query.Field, error) {
	if !in.there() || in.kind() == kindNull {
		return nil, nil
	}
	t := l.types.Type(of.Name())
	var list []query.Field
	for i, one := range l.vars.items(in) {
		if i == columnsMax {
			return nil, refusal(at.String(), ValidationFailed, "a list has more than %d columns", columnsMax)
		}
		c, err := l.columnNamed(t, one, at.at(i))
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(list, func(f query.Field) bool { return f.Column == c.Name }) {
			list = append(list, query.Field{Column: c.Name})
		}
	}
	return list, nil
}
