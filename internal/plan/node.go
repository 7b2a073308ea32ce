package plan

import (
	"slices"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A node is a Select under way: the tree of them is grown first, with every table and relation found, so that each later
// step can look up and down.
type node struct {
	query    *query.Select
	embed    *query.Embed // nil for the root
	relation *schema.Relation
	parent   *node
	children []*node // in the order of the query's embeds
	nodes    []*node // in the order of the query's Nodes
	depth    int

	source Source
	args   []CallArg // of a computed relation's function
	row    row
	alias  int
	label  string // what PostgreSQL would call this occurrence in a message

	inserted bool // the source is the rows of an insert
	inHaving bool // a condition on groups is being resolved

	out  *Select
	made *Embed // nil for the root
}

// A row is what a source's rows hold.
type row struct {
	name    string // of the table or function, for messages
	table   *schema.Table
	columns []*schema.Column
}

func tableRow(t *schema.Table) row { return row{name: t.Name.Name, table: t, columns: t.Columns} }

func (w row) column(name string) (*schema.Column, bool) {
	if w.table != nil {
		return w.table.Column(name)
	}
	for _, c := range w.columns {
		if c.Name == name {
			return c, true
		}
	}
	return nil, false
}

// name is what the request calls an embed: by its alias, else by its target.
func (n *node) name() string {
	if n.embed.Alias != "" {
		return n.embed.Alias
	}
	return n.embed.Target
}

// child gives the embed that the request calls name.
func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name() == name {
			return c
		}
	}
	return nil
}

// lifted says whether a node's outputs are its parent's, one value for one value.
func (n *node) lifted() bool { return n.embed != nil && n.embed.Spread && !n.relation.Many }

// gathered says whether a node's outputs are its parent's as arrays.
func (n *node) gathered() bool { return n.embed != nil && n.embed.Spread && n.relation.Many }

// grow finds the relation of every embed below n.
func (r *resolver) grow(n *node) error {
	n.out = &Select{Source: n.source, Args: n.args, Alias: n.alias, Count: n.query.Count, Form: n.query.Form}
	for _, item := range n.query.Items {
		if x, ok := item.(*query.Nodes); ok {
			if err := r.growNodes(n, x); err != nil {
				return err
			}
			continue
		}
		e, ok := item.(*query.Embed)
		if !ok {
			continue
		}
		if n.depth >= r.options.EmbedDepthMax {
			return fault.Newf(fault.TooDeep, "Embeds may be nested %d deep at most", r.options.EmbedDepthMax).
				WithDetails("'%s' is nested deeper", e.Target)
		}
		rel, err := r.relation(n.row, e.Target, e.Hint, e.Args...)
		if err != nil {
			return err
		}
		c := &node{
			query: e.Select, embed: e, relation: rel, parent: n, depth: n.depth + 1,
			source: Source{Table: rel.To}, row: tableRow(rel.To), alias: r.alias(), label: embedLabel(rel, n.depth+1),
		}
		if rel.Computed != nil {
			c.args = r.given(rel.Computed, e.Args)
		}
		if c.query == nil {
			c.query = &query.Select{}
		}
		if err := r.grow(c); err != nil {
			return err
		}
		c.made = &Embed{Relation: rel, Select: c.out, Inner: e.Join == query.JoinInner, Spread: e.Spread, Hidden: c.hidden()}
		n.children = append(n.children, c)
	}
	return nil
}

// growNodes begins the list of the rows that a Summary is about: the same rows again, on an occurrence of their own.
func (r *resolver) growNodes(n *node, x *query.Nodes) error {
	if !n.query.Summary {
		return fault.New(fault.Internal, "plan: nodes of what is no summary")
	}
	q := n.query
	c := &node{
		query:    &query.Select{Items: x.Items, Where: q.Where, Distinct: q.Distinct, Order: q.Order, Page: q.Page},
		relation: n.relation, parent: n.parent, depth: n.depth, source: n.source, args: n.args, row: n.row, alias: r.alias(),
		label: n.label, inserted: n.inserted,
	}
	n.nodes = append(n.nodes, c)
	return r.grow(c)
}

// hidden says whether an embed writes nothing: it selects nothing, and nor do the embeds in it.
func (n *node) hidden() bool {
	if len(n.query.Items) > len(n.children) {
		return false
	}
	for _, c := range n.children {
		if !c.hidden() {
			return false
		}
	}
	return true
}

// fill resolves columns, filters, order and page of n and of all below it.
func (r *resolver) fill(n *node) error {
	if err := r.outputs(n); err != nil {
		return err
	}
	for _, c := range slices.Concat(n.children, n.nodes) {
		if err := r.fill(c); err != nil {
			return err
		}
	}
	var err error
	if n.out.Where, err = r.expr(n, n.query.Where); err != nil {
		return err
	}
	if n.out.Distinct, err = r.fields(n, n.query.Distinct); err != nil {
		return err
	}
	if n.out.Having, err = r.having(n); err != nil {
		return err
	}
	if err := r.order(n); err != nil {
		return err
	}
	number := Param{Use: Number, Type: typeBigint}
	if v := n.query.Page.Limit; v != nil {
		i := r.arg(v, number)
		n.out.Limit = &i
	}
	if v := n.query.Page.Offset; v != nil {
		i := r.arg(v, number)
		n.out.Offset = &i
	}
	return nil
}
