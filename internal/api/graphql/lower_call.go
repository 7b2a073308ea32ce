package graphql

import (
	"slices"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// call lowers a function or a named query as a root field.
func (l *lowering) call(f *chosen, at *place) ([]query.Query, part, error) {
	fn := f.field.Function
	q := &query.Call{Function: fn.Name, ReadOnly: !fn.Volatile, End: query.End{Rollback: l.o.Rollback}}
	var err error
	if q.Args, err = l.callArguments(f, at.below("args")); err != nil {
		return nil, part{}, err
	}
	t := l.types.Type(f.field.Type.Name())
	p := part{kind: partRows}
	if f.field.Type.Elem == nil {
		p.kind = partOne
	}
	switch {
	case f.field.Is == RootCallSummary:
		p.kind = partOne
		q.Result, err = l.summary(f, at)
	case t.Is == RowType || t.Is == ResultType:
		q.Result, err = l.rows(f, at)
		if !fn.Returns.SetOf {
			p.kind = partValue
			if x := fn.Returns.Table; err == nil && x != nil && x.Primary != nil { // a row of nulls is PostgreSQL's way to give none
				q.Result.Where = &query.Compare{Field: query.Field{Column: x.Primary.Columns[0].Name}, Op: query.Is, Value: query.Text("not_null")}
			}
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

// callArguments lowers args, what a function is given: nothing where the field has none.
func (l *lowering) callArguments(f *chosen, at *place) ([]query.Arg, error) {
	for _, a := range f.field.Args {
		if a.Is != ArgCall {
			continue
		}
		in, here := f.arg(l, a.Name), at.below(a.Name)
		if !in.there() || in.kind() == kindNull {
			return nil, l.complete(a.Function, nil, here)
		}
		t := l.types.Type(a.Type.Name())
		if err := l.object(t, in, here); err != nil {
			return nil, err
		}
		var args []query.Arg
		for key, of := range l.vars.members(in) {
			k, err := l.field(t, key, here)
			if err != nil {
				return nil, err
			}
			if args, err = l.callArgument(args, k, of, here.below(key)); err != nil {
				return nil, err
			}
		}
		return args, l.complete(a.Function, args, here)
	}
	return nil, nil
}

func (l *lowering) callArgument(args []query.Arg, f *Field, in input, at *place) ([]query.Arg, error) {
	a, one := f.Argument, argument(f.Function, f.Argument)
	c := l.conversion(f.Type, a.Type, at)
	if in.kind() == kindNull && !c.isJSON() {
		one.Value.Null = true
		return append(args, one), nil
	}
	if a.Variadic && in.kind() == kindList { // each value by itself: that is how a plan takes them
		c.of.Array = false
		for i, of := range l.vars.items(in) {
			if i == listValuesMax {
				return nil, tooManyValues(c.path)
			}
			var err error
			if one.Value, err = l.filled(of, c); err != nil {
				return nil, err
			}
			args = append(args, one)
		}
		l.fix(in)
		return args, nil
	}
	var err error
	one.Value, err = l.filled(in, c)
	return append(args, one), err
}

// argument says which of a function's arguments a is: by its name, or where it has none by its place.
func argument(fn *schema.Function, a *schema.Arg) query.Arg {
	if a.Name != "" {
		return query.Arg{Name: a.Name}
	}
	for i := range fn.Args {
		if &fn.Args[i] == a {
			return query.Arg{Place: i + 1}
		}
	}
	panic("graphql: an argument of another function")
}

// complete refuses a call without an argument that has no default, and one that leaves out an argument before one without a name
// (Hasura/Backends/Postgres/Schema/Select.hs, functionArgs).
func (l *lowering) complete(fn *schema.Function, args []query.Arg, at *place) error {
	gap := false
	for i := l.types.firstArg(fn); i < len(fn.Args); i++ {
		a := &fn.Args[i]
		is := argument(fn, a)
		given := slices.ContainsFunc(args, func(g query.Arg) bool { return g.Name == is.Name && g.Place == is.Place })
		switch {
		case !given && !a.Optional && !a.Variadic:
			return refusal(at.String(), NotSupported, "Non default arguments cannot be omitted")
		case given && gap && a.Name == "":
			return refusal(at.String(), NotSupported, "Only last set of positional arguments can be omitted")
		}
		gap = gap || !given
	}
	return nil
}
