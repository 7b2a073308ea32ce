package plan

import (
	"unicode/utf8"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// outputs resolves what each row of n holds: the values first, then the embeds, as PostgREST writes them.
func (r *resolver) outputs(n *node) error {
	for _, item := range n.query.Items {
		q, ok := item.(*query.Output)
		switch {
		case !ok:
		case q.Star && q.Aggregate == "":
			for _, c := range n.row.columns {
				n.add(Output{Key: c.Name, Value: &Operand{Alias: n.alias, Column: c, Type: c.Type}, Type: c.Type})
			}
		default:
			o, err := r.output(n, q)
			if err != nil {
				return err
			}
			n.add(o)
		}
	}
	for _, c := range n.children {
		n.add(Output{Key: clipped(c.name()), Embed: c.made})
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

// add appends an output; one with an aggregate groups the rows that it is counted among.
func (n *node) add(o Output) {
	n.out.Outputs = append(n.out.Outputs, o)
	if o.Aggregate != "" {
		n.host().out.Grouped = true
	}
}

// host is the nearest node, n or one around it, whose rows n's outputs belong to.
func (n *node) host() *node {
	for n.lifted() {
		n = n.parent
	}
	return n
}

func (r *resolver) output(n *node, q *query.Output) (Output, error) {
	o := Output{Key: q.Key(), Aggregate: q.Aggregate, Type: typeBigint}
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
		v, err := r.field(n, &q.Field)
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
	return r.computed(n.row.table, "count") == nil
}

// aggregated gives the type of an aggregate of values of type t, which is PostgreSQL's.
func aggregated(a query.Aggregate, t schema.Type) (schema.Type, error) {
	base := plain(t)
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

// checkAggregates refuses aggregates where they are off, and below a to-many spread, where PostgREST has none.
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
	for _, c := range n.children {
		if c.any(f) {
			return true
		}
	}
	return false
}
