package graphql

import (
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// rows lowers a list of rows, or one row: what each holds, and which they are.
func (l *lowering) rows(f *chosen, at *place) (*query.Select, error) {
	sel := &query.Select{}
	if err := l.arguments(sel, f, at); err != nil {
		return nil, err
	}
	var err error
	sel.Items, err = l.items(l.types.Type(f.field.Type.Name()), f.sets(), at, "")
	return sel, err
}

// byKey lowers t_by_pk.
func (l *lowering) byKey(f *chosen, at *place) (query.Query, part, error) {
	sel, err := l.rows(f, at)
	if err != nil {
		return nil, part{}, err
	}
	sel.From = f.field.Table.Name
	sel.Where, err = l.key(f.field.Args, func(name string) input { return f.arg(l, name) }, at.below("args"))
	return sel, part{kind: partOne}, err
}

// key compares each column of a primary key with the value that is given for it.
func (l *lowering) key(fields []*Field, given func(name string) input, at *place) (query.Expr, error) {
	var all []query.Expr
	for _, a := range fields {
		if a.Is != ArgKeyColumn && a.Is != KeyColumn {
			continue
		}
		v, err := l.filled(given(a.Name), l.conversion(a.Type, a.Column.Type, at.below(a.Name)))
		if err != nil {
			return nil, err
		}
		all = append(all, &query.Compare{Field: query.Field{Column: a.Column.Name}, Op: query.Eq, Value: v})
	}
	return conjunction(all), nil
}

// conversion is that of values of a GraphQL type to one of the database's.
func (l *lowering) conversion(t *ast.Type, of schema.Type, at *place) conversion {
	return conversion{named: l.types.Type(t.Name()), of: of, path: at.String()}
}

// arguments lowers where, order_by, limit, offset and distinct_on, as far as a field has them.
func (l *lowering) arguments(sel *query.Select, f *chosen, at *place) error {
	args := at.below("args")
	for _, a := range f.field.Args {
		in := f.arg(l, a.Name)
		if !in.there() || in.kind() == kindNull {
			continue
		}
		var err error
		switch here := args.below(a.Name); a.Is {
		case ArgWhere:
			sel.Where, err = l.where(l.types.Type(a.Type.Name()), in, here)
		case ArgOrderBy:
			sel.Order, err = l.orderBy(l.types.Type(a.Type.Name()), in, here)
		case ArgLimit:
			sel.Page.Limit, err = l.count(in, here, false)
		case ArgOffset:
			sel.Page.Offset, err = l.count(in, here, true)
		case ArgDistinctOn:
			sel.Distinct, err = l.columns(a.Type, in, here)
		case ArgBy:
			sel.Group, err = l.columns(a.Type, in, here)
		case ArgHaving:
			sel.Having, err = l.where(l.types.Type(a.Type.Name()), in, here)
		}
		if err != nil {
			return err
		}
	}
	return distinctFirst(sel, args)
}

// distinctFirst holds distinct_on against order_by, which must begin with its columns.
func distinctFirst(sel *query.Select, at *place) error {
	for i := range min(len(sel.Distinct), len(sel.Order)) {
		o, found := sel.Order[i], false
		for _, d := range sel.Distinct {
			found = found || len(o.Via) == 0 && o.Aggregate == "" && len(o.Field.Path) == 0 && d.Column == o.Field.Column
		}
		if !found {
			return refusal(at.String(), ValidationFailed, "\"distinct_on\" columns must match initial \"order_by\" columns")
		}
	}
	return nil
}

// count reads a limit, or an offset, which may be wider (Hasura's nonNegativeInt and bigInt).
func (l *lowering) count(in input, at *place, wide bool) (*query.Value, error) {
	v, err := l.filled(in, conversion{named: l.types.Type("Int"), page: true, wide: wide, path: at.String()})
	return &v, err
}

// items lowers what each row of a type holds. prefix goes before every key, where several selections share one list of rows.
func (l *lowering) items(t *Type, sets []ast.SelectionSet, at *place, prefix string) ([]query.Item, error) {
	list, err := l.choose(t, sets, at)
	if err != nil {
		return nil, err
	}
	items := make([]query.Item, 0, len(list))
	for i := range list {
		f := &list[i]
		item, err := l.item(t, f, at.field(f.field.Name), prefix+f.key)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func (l *lowering) item(t *Type, f *chosen, at *place, key string) (query.Item, error) {
	switch f.field.Is {
	case TypeName:
		return &query.Literal{Key: key, Text: t.Name}, nil
	case ColumnValue, ResultColumn:
		return l.column(f, at, key)
	case ComputedValue:
		return l.computed(f, at, key)
	case RelationRow, RelationRows:
		sel, err := l.rows(f, at)
		if err != nil {
			return nil, err
		}
		return l.embed(f, sel, at, key)
	case RelationSummary:
		sel, err := l.summary(f, at)
		if err != nil {
			return nil, err
		}
		return l.embed(f, sel, at, key)
	}
	return nil, refusal(at.String(), NotSupported, "'%s' is not answered here", f.field.Name)
}

func (l *lowering) embed(f *chosen, sel *query.Select, at *place, key string) (query.Item, error) {
	e := &query.Embed{Target: relationTarget(f.field.Relation), Select: sel}
	if key != e.Target {
		e.Alias = key
	}
	var err error
	e.Args, err = l.callArguments(f, at.below("args"))
	return e, err
}

// computed lowers a value that a function makes of the row.
func (l *lowering) computed(f *chosen, at *place, key string) (query.Item, error) {
	fn := f.field.Function
	o := &query.Output{Field: query.Field{Column: fn.Name.Name}}
	var err error
	if o.Field.Path, err = l.path(f, at); err != nil {
		return nil, err
	}
	if len(o.Field.Path) == 0 {
		o.Cast = l.cast(fn.Returns.Type)
	}
	o.Args, err = l.callArguments(f, at.below("args"))
	return underKey(o, key), err
}

// relationTarget is what a relation is looked up by: its own name or, of a function's, that.
func relationTarget(r *schema.Relation) string {
	if r.Name == "" && r.Computed != nil {
		return r.Computed.Name.Name
	}
	return r.Name
}

// underKey gives an output its key, where that isn't its own already.
func underKey(o *query.Output, key string) *query.Output {
	if o.Key() != key {
		o.Alias = key
	}
	return o
}

func (l *lowering) column(f *chosen, at *place, key string) (query.Item, error) {
	o := &query.Output{Field: query.Field{Column: f.field.Column.Name}}
	var err error
	if o.Field.Path, err = l.path(f, at); err != nil {
		return nil, err
	}
	if len(o.Field.Path) == 0 {
		o.Cast = l.cast(f.field.Column.Type)
	}
	return underKey(o, key), nil
}

// path reads the argument path of JSON.
func (l *lowering) path(f *chosen, at *place) ([]query.Step, error) {
	for _, a := range f.field.Args {
		in := f.arg(l, a.Name)
		if a.Is != ArgPath || !in.there() || in.kind() == kindNull {
			continue
		}
		l.fix(in)
		path, err := jsonPath(in.text())
		if err != nil {
			return nil, refusal(at.below("args").below(a.Name).String(), ParseFailed, "parse json path error: %s", err)
		}
		return path, nil
	}
	return nil, nil
}

// cast makes texts of numbers that JavaScript would round, where that is asked for (graphql.stringify_numeric).
func (l *lowering) cast(t schema.Type) string {
	if l.o.StringifyNumeric && wide(t) {
		return "text"
	}
	return ""
}

// wide says whether a type is one of those that Hasura's stringify-numeric-types is about.
func wide(t schema.Type) bool {
	t = t.Underlying()
	switch t.Base {
	case schema.Int8, schema.Numeric, schema.Float8:
		return !t.Array
	}
	return false
}

// summary lowers t_aggregate: one row about the rows.
func (l *lowering) summary(f *chosen, at *place) (*query.Select, error) {
	sel := &query.Select{Summary: true}
	if err := l.arguments(sel, f, at); err != nil {
		return nil, err
	}
	var err error
	sel.Items, err = l.about(l.types.Type(f.field.Type.Name()), f, at)
	return sel, err
}

// group lowers t_group: a row for each group.
func (l *lowering) group(f *chosen, at *place) (*query.Select, error) {
	sel := &query.Select{From: f.field.Table.Name}
	if err := l.arguments(sel, f, at); err != nil {
		return nil, err
	}
	if len(sel.Group) == 0 {
		return nil, refusal(at.below("args").below("by").String(), ValidationFailed, "expected at least one column to group by")
	}
	var err error
	if sel.Items, err = l.about(l.types.Type(f.field.Type.Name()), f, at); err != nil {
		return nil, err
	}
	return sel, grouped(sel, at)
}

// grouped refuses a key that the rows aren't grouped by.
func grouped(sel *query.Select, at *place) error {
	by := func(name string) bool {
		for _, g := range sel.Group {
			if g.Column == name {
				return true
			}
		}
		return false
	}
	for _, item := range sel.Items {
		n, ok := item.(*query.Nest)
		if !ok {
			continue
		}
		for _, item := range n.Items {
			if o, ok := item.(*query.Output); ok && o.Aggregate == "" && !by(o.Field.Column) {
				return refusal(at.field("key").field(o.Field.Column).String(), ValidationFailed,
					"'%s' is not among the columns that the rows are grouped by", o.Field.Column)
			}
		}
	}
	return nil
}

// about lowers the fields of t_aggregate and of t_group.
func (l *lowering) about(t *Type, f *chosen, at *place) ([]query.Item, error) {
	list, err := l.choose(t, f.sets(), at)
	if err != nil {
		return nil, err
	}
	items := make([]query.Item, 0, len(list))
	for i := range list {
		f := &list[i]
		var item query.Item
		here, of := at.field(f.field.Name), (*Type)(nil)
		if f.field.Type != nil {
			of = l.types.Type(f.field.Type.Name())
		}
		switch f.field.Is {
		case TypeName:
			item = &query.Literal{Key: f.key, Text: t.Name}
		case AggregateOf:
			nest := &query.Nest{Key: f.key}
			nest.Items, err = l.aggregates(of, f, here)
			item = nest
		case GroupKey:
			nest := &query.Nest{Key: f.key}
			nest.Items, err = l.items(of, f.sets(), here, "")
			item = nest
		case AggregateNodes:
			nodes := &query.Nodes{Key: f.key}
			nodes.Items, err = l.items(of, f.sets(), here, "")
			item = nodes
		default:
			err = refusal(here.String(), NotSupported, "'%s' is not answered here", f.field.Name)
		}
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// aggregates lowers t_aggregate_fields: count, and for each other function an object of columns.
func (l *lowering) aggregates(t *Type, f *chosen, at *place) ([]query.Item, error) {
	list, err := l.choose(t, f.sets(), at)
	if err != nil {
		return nil, err
	}
	items := make([]query.Item, 0, len(list))
	for i := range list {
		f := &list[i]
		var item query.Item
		here := at.field(f.field.Name)
		switch f.field.Is {
		case TypeName:
			item = &query.Literal{Key: f.key, Text: t.Name}
		case AggregateCount:
			item, err = l.counted(f, here)
		case AggregateFields:
			nest := &query.Nest{Key: f.key}
			nest.Items, err = l.aggregated(f, here)
			item = nest
		default:
			err = refusal(here.String(), NotSupported, "'%s' is not answered here", f.field.Name)
		}
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// counted lowers count(columns, distinct).
func (l *lowering) counted(f *chosen, at *place) (query.Item, error) {
	o := &query.Output{Aggregate: query.Count}
	for _, a := range f.field.Args {
		in, here := f.arg(l, a.Name), at.below("args").below(a.Name)
		if !in.there() || in.kind() == kindNull {
			continue
		}
		switch a.Is {
		case ArgColumns:
			list, err := l.columns(a.Type, in, here)
			if err != nil {
				return nil, err
			}
			if len(list) > 0 {
				o.Field = list[0]
			}
			if len(list) > 1 {
				o.More = list[1:]
			}
		case ArgDistinct:
			var err error
			if o.Distinct, err = l.boolean(in, here); err != nil {
				return nil, err
			}
		}
	}
	o.Distinct = o.Distinct && o.Field.Column != "" // rows are distinct by themselves
	return underKey(o, f.key), nil
}

// aggregated lowers sum { column … } and the like.
func (l *lowering) aggregated(f *chosen, at *place) ([]query.Item, error) {
	t := l.types.Type(f.field.Type.Name())
	list, err := l.choose(t, f.sets(), at)
	if err != nil {
		return nil, err
	}
	items := make([]query.Item, 0, len(list))
	for i := range list {
		of := &list[i]
		if of.field.Is == TypeName {
			items = append(items, &query.Literal{Key: of.key, Text: t.Name})
			continue
		}
		o := &query.Output{Aggregate: f.field.Aggregate, AggregateCast: l.cast(of.field.Column.Type)}
		o.Field.Column = of.field.Column.Name
		items = append(items, underKey(o, of.key))
	}
	return items, nil
}

// jsonPath reads the path of a jsonb column as Hasura does: $.a[0].b, a.b, $["a key"], with or without the $.
func jsonPath(text string) ([]query.Step, error) {
	if strings.IndexByte(text, 0) >= 0 {
		return nil, errPath("a NUL character")
	}
	var steps []query.Step
	s := strings.TrimPrefix(text, "$")
	for first := s == text; s != ""; first = false {
		switch {
		case s[0] == '[':
			end := strings.IndexByte(s, ']')
			if len(s) > 1 && (s[1] == '"' || s[1] == '\'') {
				if end = strings.Index(s[2:], s[1:2]+"]"); end >= 0 {
					end += 3
				}
			}
			if end < 2 {
				return nil, errPath("an unclosed [")
			}
			key := s[1:end]
			s = s[end+1:]
			if key[0] == '"' || key[0] == '\'' {
				if len(key) < 2 {
					return nil, errPath("an unclosed key")
				}
				steps = append(steps, query.Step{Key: key[1 : len(key)-1], Quoted: true})
				continue
			}
			n, err := strconv.ParseInt(key, 10, 32)
			if err != nil {
				return nil, errPath("what is no number between [ and ]")
			}
			steps = append(steps, query.Step{Key: strconv.FormatInt(n, 10), Index: true})
		case s[0] == '.' || first:
			if !first {
				s = s[1:]
			}
			end := strings.IndexAny(s, ".[")
			if end < 0 {
				end = len(s)
			}
			if end == 0 {
				return nil, errPath("an empty key")
			}
			steps = append(steps, query.Step{Key: s[:end]})
			s = s[end:]
		default:
			return nil, errPath("a key without a dot before it")
		}
		if len(steps) > pathStepsMax {
			return nil, errPath("more than " + strconv.Itoa(pathStepsMax) + " steps")
		}
	}
	return steps, nil
}

type errPath string

func (e errPath) Error() string { return "the path has " + string(e) }
