package graphql

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// where lowers a boolean expression that stands alone: nil where it holds of every row.
func (l *lowering) where(t *Type, in input, at *place) (query.Expr, error) {
	all, err := l.conditions(t, in, at)
	return conjunction(all), err
}

// conjunction is all of the conditions: nil for none, and no And around a single one.
func conjunction(all []query.Expr) query.Expr {
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return &query.And{Of: all}
}

// inner is where for an expression inside of another one, which can't be left out.
func (l *lowering) inner(t *Type, in input, at *place) (query.Expr, error) {
	e, err := l.where(t, in, at)
	if e == nil {
		e = query.Const(true)
	}
	return e, err
}

// object refuses what is no object, and counts what is.
func (l *lowering) object(t *Type, in input, at *place) error {
	if in.kind() != kindObject {
		return refusal(at.String(), ValidationFailed, "expected an object for type '%s', but found %s", t.Name, in.kind().said())
	}
	if l.nodes++; l.nodes > l.o.Limits.ConditionsMax {
		return refusal(at.String(), ValidationFailed, "the filters have more than %d conditions", l.o.Limits.ConditionsMax)
	}
	return nil
}

// field finds a key of an input object.
func (l *lowering) field(t *Type, key string, at *place) (*Field, error) {
	f := t.Field(key)
	if f == nil {
		key = shortened(key)
		return nil, refusal(at.below(key).String(), ValidationFailed, "field '%s' not found in type: '%s'", key, t.Name)
	}
	return f, nil
}

// conditions lowers the keys of a boolean expression, all of which must hold.
func (l *lowering) conditions(t *Type, in input, at *place) ([]query.Expr, error) {
	if err := l.object(t, in, at); err != nil {
		return nil, err
	}
	if err := l.unset(in, at); err != nil {
		return nil, err
	}
	var all []query.Expr
	for key, of := range l.vars.members(in) {
		f, err := l.field(t, key, at)
		if err != nil {
			return nil, err
		}
		here := at.below(key)
		more, err := l.condition(t, f, of, here)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// condition lowers one key of a boolean expression, or of a having.
func (l *lowering) condition(t *Type, f *Field, in input, at *place) ([]query.Expr, error) {
	one := func(e query.Expr, err error) ([]query.Expr, error) { return []query.Expr{e}, err }
	switch f.Is {
	case KeyAnd:
		of, err := l.list(t, in, at)
		return one(&query.And{Of: of}, err)
	case KeyOr:
		of, err := l.list(t, in, at)
		return one(&query.Or{Of: of}, err)
	case KeyNot:
		of, err := l.inner(t, in, at)
		return one(&query.Not{Of: of}, err)
	}
	of := l.types.Type(f.Type.Name())
	switch f.Is {
	case KeyColumn:
		return l.comparisons(of, in, at, subject{field: query.Field{Column: f.Column.Name}, of: f.Column.Type})
	case KeyComputed:
		return l.comparisons(of, in, at, subject{field: query.Field{Column: f.Function.Name.Name}, of: f.Function.Returns.Type})
	case KeyRelation:
		inner, err := l.where(of, in, at)
		return one(&query.Exists{Relation: relationTarget(f.Relation), Where: inner}, err)
	case KeySummary:
		return l.measures(of, in, at, f.Relation)
	case KeyGroupKey:
		return l.conditions(of, in, at)
	case KeyAggregate:
		return l.ofGroup(f, of, in, at)
	}
	return nil, refusal(at.String(), NotSupported, "'%s' is not answered here", f.Name)
}

// list lowers the expressions under _and and _or: a list of them, or a single one.
func (l *lowering) list(t *Type, in input, at *place) ([]query.Expr, error) {
	var all []query.Expr
	for i, of := range l.vars.items(in) {
		e, err := l.inner(t, of, at.at(i))
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// A subject is what a comparison holds against values: a column, or an aggregate.
type subject struct {
	field   query.Field
	of      schema.Type
	asText  bool
	measure *query.Measure // instead of field
}

// against makes the comparison, with one value or by a quantifier with several.
func (s *subject) against(op query.Op, how query.Quantifier, v query.Value) query.Expr {
	if s.measure != nil {
		m := *s.measure
		m.Op, m.Any, m.Value = op, how, v
		return &m
	}
	return &query.Compare{Field: s.field, Op: op, Any: how, Value: v, AsText: s.asText}
}

// comparisons lowers the operators of a comparison, all of which must hold.
func (l *lowering) comparisons(t *Type, in input, at *place, s subject) ([]query.Expr, error) {
	if err := l.object(t, in, at); err != nil {
		return nil, err
	}
	if err := l.unset(in, at); err != nil {
		return nil, err
	}
	var all []query.Expr
	for key, of := range l.vars.members(in) {
		f, err := l.field(t, key, at)
		if err != nil {
			return nil, err
		}
		here := at.below(key)
		if f.Is == KeyCast {
			more, err := l.casts(l.types.Type(f.Type.Name()), of, here, s)
			if err != nil {
				return nil, err
			}
			all = append(all, more...)
			continue
		}
		e, err := l.comparison(f, of, here, s)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// unset refuses a write whose condition falls away because its variable has no value: it would change every row. (A read
// goes by the specification: what isn't given isn't there.)
func (l *lowering) unset(in input, at *place) error {
	if in.lit == nil || l.doc.operation.Operation != ast.Mutation {
		return nil
	}
	for _, c := range in.lit.Children {
		if !l.vars.input(c.Value).there() {
			return refusal(at.below(c.Name).String(), ValidationFailed,
				"the variable \"%s\" has no value; without it the condition would hold of every row", c.Value.Raw)
		}
	}
	return nil
}

// casts lowers _cast: {String: {…}}, which compares the text form.
func (l *lowering) casts(t *Type, in input, at *place, s subject) ([]query.Expr, error) {
	if err := l.object(t, in, at); err != nil {
		return nil, err
	}
	s.asText, s.of = true, schema.Type{Base: schema.Text, Name: "text"}
	var all []query.Expr
	for key, of := range l.vars.members(in) {
		f, err := l.field(t, key, at)
		if err != nil {
			return nil, err
		}
		more, err := l.comparisons(l.types.Type(f.Type.Name()), of, at.below(key), s)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

func (l *lowering) comparison(f *Field, in input, at *place, s subject) (query.Expr, error) {
	named := l.types.Type(f.Type.Name())
	if f.Op == query.Is {
		if in.kind() == kindNull {
			return nil, (&conversion{named: named}).unexpected(in, at.String())
		}
		yes, err := l.boolean(in, at)
		if err != nil {
			return nil, err
		}
		e := s.against(query.Is, query.One, query.Text("null"))
		if !yes {
			e = &query.Not{Of: e}
		}
		return e, nil
	}
	c := conversion{named: named, of: s.of, list: f.List, path: at.String()}
	if takesText(f.Op) { // keys and JSON paths, whatever the column is
		c.of = schema.Type{Base: schema.Text, Name: "text"}
	}
	v, err := l.filled(in, c)
	if err != nil {
		return nil, err
	}
	e := s.against(f.Op, f.Any, v)
	if f.Not {
		e = &query.Not{Of: e}
	}
	return e, nil
}

// takesText says whether an operator of jsonb or ltree is given a text.
func takesText(op query.Op) bool {
	switch op {
	case query.HasKey, query.HasKeysAny, query.HasKeysAll, query.PathExists, query.PathMatch, query.Labelled:
		return true
	}
	return false
}

// measures lowers relation_aggregate: conditions on aggregates of the related rows.
func (l *lowering) measures(t *Type, in input, at *place, rel *schema.Relation) ([]query.Expr, error) {
	if err := l.object(t, in, at); err != nil {
		return nil, err
	}
	var all []query.Expr
	for key, of := range l.vars.members(in) {
		f, err := l.field(t, key, at)
		if err != nil {
			return nil, err
		}
		more, err := l.measure(l.types.Type(f.Type.Name()), of, at.below(key), &query.Measure{Relation: relationTarget(rel), Aggregate: f.Aggregate})
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// measure lowers {arguments, distinct, filter, predicate}.
func (l *lowering) measure(t *Type, in input, at *place, m *query.Measure) ([]query.Expr, error) {
	if err := l.object(t, in, at); err != nil {
		return nil, err
	}
	if err := l.unset(in, at); err != nil {
		return nil, err
	}
	var predicate input
	var compared *Type
	for key, of := range l.vars.members(in) {
		f, err := l.field(t, key, at)
		if err != nil {
			return nil, err
		}
		if f.Is == KeyPredicate {
			predicate, compared = of, l.types.Type(f.Type.Name())
			continue
		}
		if of.kind() == kindNull {
			if l.doc.operation.Operation == ast.Mutation { // as in unset: the write would reach other rows than were meant
				return nil, refusal(at.below(key).String(), ValidationFailed, "unexpected null value for '%s' in the condition of a write", key)
			}
			continue
		}
		switch here := at.below(key); f.Is {
		case KeyArguments:
			m.Fields, err = l.columns(f.Type, of, here)
		case ArgDistinct:
			m.Distinct, err = l.boolean(of, here)
		case KeyFilter:
			m.Where, err = l.where(l.types.Type(f.Type.Name()), of, here)
		}
		if err != nil {
			return nil, err
		}
	}
	if compared == nil {
		return nil, refusal(at.String(), ValidationFailed, "missing required field 'predicate'")
	}
	return l.comparisons(compared, predicate, at.below("predicate"), subject{of: compared.Of, measure: m})
}

// ofGroup lowers a condition of a having on an aggregate of the group.
func (l *lowering) ofGroup(f *Field, t *Type, in input, at *place) ([]query.Expr, error) {
	m := &query.Measure{Aggregate: f.Aggregate}
	switch t.Is {
	case Comparison:
		return l.comparisons(t, in, at, subject{of: t.Of, measure: m})
	case SummaryBoolExpOf:
		return l.measure(t, in, at, m)
	}
	if err := l.object(t, in, at); err != nil {
		return nil, err
	}
	var all []query.Expr
	for key, of := range l.vars.members(in) {
		c, err := l.field(t, key, at)
		if err != nil {
			return nil, err
		}
		compared := l.types.Type(c.Type.Name())
		one := *m
		one.Fields = []query.Field{{Column: c.Column.Name}}
		more, err := l.comparisons(compared, of, at.below(key), subject{of: compared.Of, measure: &one})
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}
