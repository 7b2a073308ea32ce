package plan

import (
	"slices"
	"unicode/utf8"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// outputs resolves what each row of n holds and what the rows are grouped by.
func (r *resolver) outputs(n *node) error {
	var err error
	if n.out.Group, err = r.fields(n, n.query.Group); err != nil {
		return err
	}
	n.out.Summary = n.query.Summary
	n.out.Grouped = n.out.Grouped || n.out.Group != nil
	if n.out.Outputs, err = r.items(n, n.query.Items); err != nil {
		return err
	}
	return n.checkGroup(n.out.Outputs)
}

// items resolves items in their order. Those of a Nest stand below the row's own, where there are no embeds.
func (r *resolver) items(n *node, items []query.Item) ([]Output, error) {
	list := make([]Output, 0, len(items))
	embeds, nodes := n.children, n.nodes
	for _, item := range items {
		switch q := item.(type) {
		case *query.Output:
			if q.Star && q.Aggregate == "" {
				for _, c := range n.row.columns {
					list = append(list, Output{Key: c.Name, Value: &Operand{Alias: n.alias, Column: c, Type: c.Type}, Type: c.Type})
				}
				continue
			}
			o, err := r.output(n, q)
			if err != nil {
				return nil, err
			}
			if o.Aggregate != "" && !n.query.Summary {
				n.host().out.Grouped = true // among the rows that it is counted among
			}
			list = append(list, o)
		case *query.Embed:
			list = append(list, Output{Key: clipped(embeds[0].name()), Embed: embeds[0].made})
			embeds = embeds[1:]
		case *query.Literal:
			list = append(list, Output{Key: q.Key, Literal: &q.Text})
		case *query.Nest:
			of, err := r.items(n, q.Items)
			if err != nil {
				return nil, err
			}
			list = append(list, Output{Key: q.Key, Nest: of})
		case *query.Nodes:
			list = append(list, Output{Key: q.Key, Nodes: nodes[0].out})
			nodes = nodes[1:]
		}
	}
	return list, nil
}

// fields resolves columns of n.
func (r *resolver) fields(n *node, of []query.Field) ([]Operand, error) {
	var list []Operand
	for i := range of {
		o, err := r.field(n, &of[i])
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

// checkGroup refuses a value that has not one value in each group.
func (n *node) checkGroup(outputs []Output) error {
	if n.out.Group == nil {
		return nil
	}
	for i := range outputs {
		o := &outputs[i]
		if o.Nest != nil {
			if err := n.checkGroup(o.Nest); err != nil {
				return err
			}
		}
		if o.Value != nil && o.Aggregate == "" && !n.groupedBy(*o.Value) {
			return ungrouped(n, Order{Value: *o.Value})
		}
	}
	return nil
}

// nameBytesMax is what PostgreSQL keeps of a name.
const nameBytesMax = 63

// clipped cuts a name that a client made up as PostgreSQL does, between two characters, so that both engines answer
// under one key.
func clipped(name string) string {
	if len(name) <= nameBytesMax {
		return name
	}
	cut := nameBytesMax
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut]
}

// host is the nearest node, n or one around it, whose rows n's outputs belong to.
func (n *node) host() *node {
	for n.lifted() {
		n = n.parent
	}
	return n
}

func (r *resolver) output(n *node, q *query.Output) (Output, error) {
	o := Output{Key: q.Key(), Aggregate: q.Aggregate, Type: typeBigint, Distinct: q.Distinct}
	if q.Alias != "" || len(q.Field.Path) > 0 {
		o.Key = clipped(o.Key)
	}
	if o.Key == "" {
		return o, fault.New("42601", "zero-length delimited identifier at or near \"\"\"\"").WithStatus(400)
	}
	if r.countsRows(n, q) {
		o.Aggregate = query.Count
		return o, nil
	}
	if q.Star && q.Aggregate != query.Count {
		return o, noAggregate(q.Aggregate, schema.Type{Name: n.row.name}) // of the whole row
	}
	var err error
	if !q.Star && (q.Field.Column != "" || q.Aggregate != query.Count) {
		v, err := r.field(n, &q.Field, q.Args...)
		if err != nil {
			return o, err
		}
		o.Value, o.Type = &v, v.Type
	}
	if q.Cast != "" && o.Value != nil {
		if o.Type, err = r.cast(q.Cast); err != nil {
			return o, err
		}
		t := o.Type
		o.Cast = &t
	}
	if o.Aggregate != "" {
		if o.Type, err = aggregated(o.Aggregate, o.Type); err != nil {
			return o, err
		}
		if o.More, err = r.fields(n, q.More); err != nil {
			return o, err
		}
	}
	if q.AggregateCast != "" && o.Aggregate != "" {
		if o.Type, err = r.cast(q.AggregateCast); err != nil {
			return o, err
		}
		t := o.Type
		o.AggregateCast = &t
	}
	return o, nil
}

// countsRows says whether a select of nothing but the name count, of a table without such a column, means the number of
// rows: to PostgreSQL t.count is count(t). It does so also where aggregates are off.
func (r *resolver) countsRows(n *node, q *query.Output) bool {
	if q.Field.Column != "count" || len(q.Field.Path) > 0 || q.Cast != "" || q.Aggregate != "" || q.Star {
		return false
	}
	if _, ok := n.row.column("count"); ok || len(n.query.Items) != 1 || n.lifted() || n.gathered() {
		return false
	}
	return r.computed(n.row.table, "count", nil) == nil
}

// aggregated gives the type of an aggregate of values of type t, which is PostgreSQL's.
func aggregated(a query.Aggregate, t schema.Type) (schema.Type, error) {
	base := t.Underlying()
	known := base.Base != schema.Unknown || base.Array
	sums := map[schema.Base]schema.Type{
		schema.Int2: typeBigint, schema.Int4: typeBigint, schema.Int8: typeNumeric, schema.Numeric: typeNumeric,
		schema.Float4: builtin["real"], schema.Float8: typeDouble, schema.Interval: builtin["interval"],
	}
	averages := map[schema.Base]schema.Type{
		schema.Int2: typeNumeric, schema.Int4: typeNumeric, schema.Int8: typeNumeric, schema.Numeric: typeNumeric,
		schema.Float4: typeDouble, schema.Float8: typeDouble, schema.Interval: builtin["interval"],
	}
	switch a {
	case query.Count:
		return typeBigint, nil
	case query.Min, query.Max:
		switch base.Base {
		case schema.Bool, schema.UUID, schema.JSON, schema.JSONB, schema.Bytea, schema.CompositeBase:
			if !base.Array {
				return t, noAggregate(a, t)
			}
		case schema.Text:
			if !base.Array && base.Name != "character" && base.Name != "citext" {
				return typeText, nil
			}
		}
		base.Modifier = ""
		return base, nil
	case query.BoolAnd, query.BoolOr:
		if base.Base == schema.Bool && !base.Array {
			return builtin["boolean"], nil
		}
	case query.Stddev, query.StddevPop, query.StddevSamp, query.Variance, query.VarPop, query.VarSamp:
		if u, ok := averages[base.Base]; ok && !base.Array && base.Base != schema.Interval {
			return u, nil
		}
	case query.Sum:
		if u, ok := sums[base.Base]; ok && !base.Array {
			return u, nil
		}
	case query.Avg:
		if u, ok := averages[base.Base]; ok && !base.Array {
			return u, nil
		}
	default:
		return t, fault.Newf(fault.BadQueryString, "\"%s\" is not an aggregate function", string(a)).WithStatus(400)
	}
	if known {
		return t, noAggregate(a, t)
	}
	return t, nil
}

func noAggregate(a query.Aggregate, t schema.Type) error {
	return fault.Newf(fault.UndefinedFunction, "function %s(%s) does not exist", string(a), display(t)).WithStatus(404).
		WithHint("No function matches the given name and argument types. You might need to add explicit type casts.")
}

// display is a type's name as PostgreSQL's messages write it, which leave the modifier out.
func display(t schema.Type) string {
	t.Modifier = ""
	return t.String()
}

// checkAggregates refuses aggregates where they are off, and below a to-many spread, where PostgREST has none. Summaries and
// groups are always on.
func (r *resolver) checkAggregates(root *node) error {
	if !r.options.Aggregates && root.any(func(n *node) bool { return n.aggregates() }) {
		return fault.New(fault.AggregatesOff, "Use of aggregate functions is not allowed").WithStatus(400)
	}
	if root.any(func(n *node) bool { return n.aggregates() && n.host().gathered() }) {
		return fault.New(fault.NotSupported, "Feature not implemented").WithStatus(400).
			WithDetails("Aggregates are not implemented for one-to-many or many-to-many spreads.")
	}
	return nil
}

func (n *node) aggregates() bool {
	if n.query.Summary || n.query.Group != nil {
		return false
	}
	for _, item := range n.query.Items {
		if o, ok := item.(*query.Output); ok && o.Aggregate != "" {
			return true
		}
	}
	return false
}

// any says whether f holds of n or of a node below it.
func (n *node) any(f func(*node) bool) bool {
	if f(n) {
		return true
	}
	for _, c := range slices.Concat(n.children, n.nodes) {
		if c.any(f) {
			return true
		}
	}
	return false
}
