package plan

import (
	"slices"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// checkOrders refuses an order by a relation that is not embedded, or that is not to-one.
func (r *resolver) checkOrders(n *node) error {
	for i := range n.query.Order {
		name := n.query.Order[i].Relation
		if name == "" {
			continue
		}
		c := n.child(name)
		if c == nil {
			return notEmbedded(name)
		}
		if c.relation.Many {
			return notToOne(n.row.name, name)
		}
	}
	for _, c := range slices.Concat(n.children, n.nodes) {
		if err := r.checkOrders(c); err != nil {
			return err
		}
	}
	return nil
}

func notToOne(from, name string) error {
	return fault.Newf(fault.RelatedOrder, "A related order on '%s' is not possible", name).WithStatus(400).
		WithDetails("'%s' and '%s' do not form a many-to-one or one-to-one relationship", from, name)
}

func notEmbedded(name string) error {
	return fault.Newf(fault.NotEmbedded, "'%s' is not an embedded resource in this request", name).WithStatus(400).
		WithHint("Verify that '%s' is included in the 'select' query parameter.", name)
}

// order resolves the order of n, whose children are filled already.
func (r *resolver) order(n *node) error {
	for i := range n.query.Order {
		q := &n.query.Order[i]
		o := Order{Direction: q.Direction, Nulls: q.Nulls}
		var err error
		switch {
		case len(q.Via) > 0 || q.Aggregate != "":
			err = r.orderVia(n, q, &o)
		case q.Relation != "":
			c := n.child(q.Relation)
			o.Embed = c.made
			o.Value, err = r.relatedField(c, &q.Field)
		default:
			o.Value, err = r.field(n, &q.Field)
		}
		if err != nil {
			return err
		}
		if n.out.Grouped && o.Aggregate == "" && !n.groupedBy(o.Value) {
			return ungrouped(n, o)
		}
		n.tie(o) // a second time it would change nothing, and SQLite takes 2,000 terms only
	}
	if err := n.distinctFirst(); err != nil {
		return err
	}
	n.finishOrder()
	return nil
}

// orderVia resolves an order by a related value, by an aggregate of related rows, or by one of the group.
func (r *resolver) orderVia(n *node, q *query.Order, o *Order) error {
	at := n
	for i, hop := range q.Via {
		rel, err := r.relation(at.row, hop.Relation, hop.Hint)
		if err != nil {
			return err
		}
		if many := q.Aggregate != "" && i == len(q.Via)-1; rel.Many != many {
			return notToOne(at.row.name, hop.Relation)
		}
		at = r.related(at, rel)
		o.Via = append(o.Via, Hop{Relation: rel, Select: at.out})
	}
	if len(q.Via) == 0 && !n.out.Grouped {
		return fault.New(fault.Internal, "plan: an order by an aggregate of rows that are not grouped")
	}
	if o.Aggregate = q.Aggregate; o.Aggregate == query.Count && q.Field.Column == "" {
		o.Counts, o.Type = true, typeBigint
		return nil
	}
	var err error
	if o.Value, err = r.field(at, &q.Field); err == nil && o.Aggregate != "" {
		o.Type, err = aggregated(o.Aggregate, o.Value.Type)
	}
	return err
}

// related is the occurrence that a relation leads to from n, where it is no embed.
func (r *resolver) related(n *node, rel *schema.Relation) *node {
	to := &node{
		query: &query.Select{}, relation: rel, depth: n.depth + 1,
		source: Source{Table: rel.To}, row: tableRow(rel.To), alias: r.alias(), label: embedLabel(rel, n.depth+1),
	}
	to.out = &Select{Source: to.source, Alias: to.alias}
	return to
}

// distinctFirst lets the order begin with the distinct fields. One that begins with others leaves open which row is the first.
func (n *node) distinctFirst() error {
	distinct := n.out.Distinct
	if distinct == nil {
		return nil
	}
	is := func(o Order) bool {
		return o.Embed == nil && o.Via == nil && slices.ContainsFunc(distinct, func(d Operand) bool { return same(d, o.Value) })
	}
	first := 0
	for first < len(n.out.Order) && is(n.out.Order[first]) {
		first++
	}
	asked := n.out.Order
	n.out.Order = asked[:first:first]
	for _, d := range distinct {
		n.tie(Order{Value: d})
	}
	if len(n.out.Order) > first && len(asked) > first {
		return fault.New("42P10", "SELECT DISTINCT ON expressions must match initial ORDER BY expressions").WithStatus(400)
	}
	n.out.Order = append(n.out.Order, asked[first:]...)
	return nil
}

// relatedField resolves a field of an embedded row, which may go by the key that the embed gives it.
func (r *resolver) relatedField(c *node, f *query.Field) (Operand, error) {
	if len(f.Path) == 0 {
		for _, o := range c.out.Outputs {
			if o.Key == f.Column && o.Value != nil && o.Cast == nil && o.Aggregate == "" {
				return *o.Value, nil
			}
		}
	}
	return r.field(c, f)
}

// finishOrder makes the order total, so that engines, pages and users with the same rows see one order: by the primary
// key, or for grouped rows by what they are grouped by. Left as they come are the rows of a function, which may have an
// order of its own, and those of an insert, which stand in the order in which they were given. A to-one embed needs none.
func (n *node) finishOrder() {
	switch {
	case n.out.Summary && n.query.Page == (query.Page{}) && n.out.Distinct == nil:
		n.out.Order = nil // it is about all rows, whatever their order
		return
	case n.out.Grouped:
		for _, g := range n.out.Group {
			if sortable(g.Type) {
				n.tie(Order{Value: g})
			}
		}
		for _, o := range n.out.Outputs {
			n.tieGroup(o, nil)
		}
		return
	case n.relation != nil && (!n.relation.Many || n.relation.Computed != nil),
		n.source.Called != nil, n.source.Written != nil && n.inserted && len(n.out.Order) == 0,
		n.lifted(), n.row.table == nil, n.row.table != nil && n.row.table.Primary == nil:
		return
	}
	for _, c := range n.row.table.Primary.Columns {
		n.tie(Order{Value: Operand{Alias: n.alias, Column: c, Type: c.Type}})
	}
}

// tieGroup orders grouped rows by one of the values that they are grouped by, also those of to-one spreads.
func (n *node) tieGroup(o Output, in *Embed) {
	switch {
	case o.Embed != nil && o.Embed.Spread && !o.Embed.Relation.Many && in == nil:
		for _, inner := range o.Embed.Select.Outputs {
			n.tieGroup(inner, o.Embed)
		}
	case o.Value != nil && o.Aggregate == "" && len(o.Value.Path) == 0 && sortable(o.Value.Type): // a cast counts for what is written only
		n.tie(Order{Value: *o.Value, Embed: in})
	}
}

// tie appends to the order, unless it already sorts by that.
func (n *node) tie(o Order) {
	again := func(b Order) bool { return b.Aggregate == "" && o.Aggregate == "" && same(b.Value, o.Value) }
	if !slices.ContainsFunc(n.out.Order, again) {
		n.out.Order = append(n.out.Order, o)
	}
}

func sortable(t schema.Type) bool {
	switch t = t.Underlying(); t.Base {
	case schema.Unknown, schema.JSON, schema.CompositeBase:
		return false
	}
	return true
}

// same says whether two operands are one value; a path never is, since its keys are arguments, nor is a function that takes some.
func same(a, b Operand) bool {
	return a.Alias == b.Alias && a.Column == b.Column && a.Computed == b.Computed && len(a.Path)+len(b.Path)+len(a.Args)+len(b.Args) == 0
}

// groupedBy says whether v has one value in each group: it is among what the rows are grouped by, or their primary key is.
func (n *node) groupedBy(v Operand) bool {
	if n.groupKey(func(k Operand) bool { return same(k, v) }) {
		return true
	}
	if v.Alias != n.alias || n.row.table == nil || n.row.table.Primary == nil || n.source.Table == nil {
		return false
	}
	for _, c := range n.row.table.Primary.Columns {
		key := Operand{Alias: n.alias, Column: c}
		if !n.groupKey(func(k Operand) bool { return same(k, key) }) {
			return false
		}
	}
	return true
}

// groupKey says whether is holds of a value that the rows are grouped by.
func (n *node) groupKey(is func(Operand) bool) bool {
	if n.out.Group != nil {
		return slices.ContainsFunc(n.out.Group, is)
	}
	for _, o := range n.out.Outputs {
		if o.Value != nil && o.Aggregate == "" && o.Cast == nil && is(*o.Value) {
			return true
		}
	}
	return slices.ContainsFunc(n.children, func(c *node) bool { return c.lifted() && c.groupKey(is) })
}

func ungrouped(n *node, o Order) error {
	label, name := n.label, ""
	if o.Embed != nil {
		label = embedLabel(o.Embed.Relation, n.depth+1)
	}
	if o.Value.Column != nil {
		name = o.Value.Column.Name
	} else {
		name = o.Value.Computed.Name.Name
	}
	return fault.Newf(fault.GroupingError,
		"column \"%s.%s\" must appear in the GROUP BY clause or be used in an aggregate function", label, name).WithStatus(400)
}
