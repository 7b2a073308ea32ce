package graphql

import (
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// call lowers a function or a named query as a root field.
func (l *lowering) call(f *chosen, at *place) ([]query.Query, part, error) {
	fn := f.field.Function
	l.calls = true
	q := &query.Call{Function: fn.Name, ReadOnly: !fn.Volatile, End: query.End{Rollback: l.o.Rollback}}
	if err := l.callArguments(q, f, at.below("args")); err != nil {
		return nil, part{}, err
	}
	t := l.types.Type(f.field.Type.Name())
	p := part{kind: partRows}
	if f.field.Type.Elem == nil {
		p.kind = partOne
	}
	var err error
	switch {
	case f.field.Is == RootCallSummary:
		p.kind = partOne
		q.Result, err = l.summary(f, at)
	case t.Is == RowType || t.Is == ResultType:
		q.Result, err = l.rows(f, at)
		if !fn.Returns.SetOf {
			p.kind = partValue
		}
	case fn.Returns.Void:
		p.kind = partNull
	default:
		q.Result, err = l.values(f, at)
		p.kind = partValue
	}
	if err != nil {
		return nil, part{}, err
	}
	return []query.Query{q}, p, nil
}

// values is the result of a function that gives bare values.
func (l *lowering) values(f *chosen, at *place) (*query.Select, error) {
	sel := &query.Select{Items: []query.Item{&query.Output{Star: true}}}
	return sel, l.arguments(sel, f, at)
}

// callArguments lowers args.
func (l *lowering) callArguments(q *query.Call, f *chosen, at *place) error {
	for _, a := range f.field.Args {
		in, here := f.arg(l, a.Name), at.below(a.Name)
		if a.Is != ArgCall || !in.there() || in.kind() == kindNull {
			continue
		}
		t := l.types.Type(a.Type.Name())
		if err := l.object(t, in, here); err != nil {
			return err
		}
		for key, of := range l.vars.members(in) {
			k, err := l.field(t, key, here)
			if err != nil {
				return err
			}
			if err := l.callArgument(q, k, of, here.below(key)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *lowering) callArgument(q *query.Call, f *Field, in input, at *place) error {
	a := f.Argument
	c := l.conversion(f.Type, a.Type, at)
	if in.kind() == kindNull && !c.isJSON() {
		q.Args = append(q.Args, query.Arg{Name: a.Name, Value: query.Value{Null: true}})
		return nil
	}
	if a.Variadic && in.kind() == kindList { // each value by itself: that is how a plan takes them
		c.of.Array = false
		for _, of := range l.vars.items(in) {
			v, err := l.filled(of, c)
			if err != nil {
				return err
			}
			q.Args = append(q.Args, query.Arg{Name: a.Name, Value: v})
		}
		l.fix(in)
		return nil
	}
	v, err := l.filled(in, c)
	if err != nil {
		return err
	}
	if a.Name == "" && (a.Type.Base == schema.JSON || a.Type.Base == schema.JSONB) && len(q.Args) == 0 {
		q.Body, q.BodyType, q.Columns = &v, "application/json", []string{}
		return nil
	}
	q.Args = append(q.Args, query.Arg{Name: a.Name, Value: v})
	return nil
}
