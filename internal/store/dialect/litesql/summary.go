package litesql

import (
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/schema"
)

// summary builds the SELECT of one row about p's rows. Aggregates are over the page, which is a subquery where there is one; Nodes
// are a subquery of their own.
func (c *compiler) summary(p *plan.Select, of tie) *selected {
	q := &selected{row: &Row{}, joined: map[int]string{}}
	c.summarize(q, p.Outputs, q.row, of)
	if !aggregates(p.Outputs) {
		return q // a row without a table
	}
	from, on := of(p)
	q.from = from
	if on != "" {
		q.where = append(q.where, on)
	}
	q.where = append(q.where, c.filters(q, p)...)
	if p.Limit == nil && p.Offset == nil && len(p.Distinct) == 0 {
		return q
	}
	for i := range p.Order {
		q.order = append(q.order, c.ordered(q, p, &p.Order[i]))
	}
	if len(p.Distinct) > 0 {
		c.distinct(q, p)
	}
	q.limit = c.limit(p)
	q.cut(p)
	q.order = nil
	return q
}

func (c *compiler) summarize(q *selected, outputs []plan.Output, row *Row, of tie) {
	for i := range outputs {
		switch o := &outputs[i]; {
		case o.Nodes != nil:
			row.Fields = append(row.Fields, field(o.Key, q.add(c.gathered("pt_rows", c.selecting(o.Nodes, of))), Form{Kind: JSON}))
		case o.Nest != nil:
			f := field(o.Key, -1, Form{})
			f.Row = &Row{}
			c.summarize(q, o.Nest, f.Row, of)
			row.Fields = append(row.Fields, f)
		default:
			c.outputs(q, nil, outputs[i:i+1], row)
		}
	}
}

// aggregates says whether an aggregate is among outputs.
func aggregates(outputs []plan.Output) bool {
	for i := range outputs {
		if outputs[i].Aggregate != "" || aggregates(outputs[i].Nest) {
			return true
		}
	}
	return false
}

// distinct leaves of p's rows, which q selects, the first of each set of values by the order: a subquery numbers them.
//
//	SELECT … FROM (SELECT t0.a, t0.b, row_number() OVER (PARTITION BY t0.a ORDER BY …) AS pt_place FROM t AS t0 WHERE …) AS t0
//	WHERE t0.pt_place = 1 ORDER BY …
func (c *compiler) distinct(q *selected, p *plan.Select) {
	by := make([]string, len(p.Distinct))
	for i := range p.Distinct {
		x := c.compared(c.expression(&p.Distinct[i]), false)
		by[i] = x.sql + x.collate
	}
	page := q.page(p)
	over := "PARTITION BY " + join(by, ", ")
	if len(q.order) > 0 {
		over += " ORDER BY " + join(q.order, ", ")
	}
	place := "pt_place"
	for taken(sourceColumns(p), place) {
		place += "_"
	}
	page.cols = append(page.cols, "row_number() OVER ("+over+") AS "+place)
	q.from, q.where = "("+page.sql()+") AS "+alias(p.Alias), []string{alias(p.Alias) + "." + place + " = 1"}
}

func taken(columns []*schema.Column, name string) bool {
	for _, col := range columns {
		if strings.EqualFold(col.Name, name) {
			return true
		}
	}
	return false
}

// sourceColumns are the columns that a row of p's source has.
func sourceColumns(p *plan.Select) []*schema.Column {
	switch {
	case p.Source.Table != nil:
		return p.Source.Table.Columns
	case p.Source.Written != nil:
		return p.Source.Written.Columns
	}
	return resultColumns(p.Source.Called)
}

// page is p's rows, filtered: a SELECT of the columns that what stands outside of it needs.
func (q *selected) page(p *plan.Select) selected {
	page := selected{from: q.from, where: q.where}
	if q.tied {
		page.joins = q.joins
	}
	outside := join(q.cols, " ") + q.joins + join(q.order, " ") + join(q.group, " ")
	for _, col := range sourceColumns(p) {
		if sql := column(p.Alias, col); strings.Contains(outside, sql) {
			page.cols = append(page.cols, sql+" AS "+Ident(col.Name))
		}
	}
	return page
}
