package rest

import (
	"strings"

	"github.com/pintail-dev/pintail/query"
)

// order parses an order parameter: column[path] or relation(column[path]), each with .asc or .desc and .nullsfirst or
// .nullslast, separated by commas.
func (p *reader) order(value string) ([]query.Order, error) {
	c := scanner{s: value}
	list := make([]query.Order, 0, 1+strings.Count(value, ","))
	for {
		c.space()
		term, ok := c.orderTerm()
		if !ok {
			return nil, p.why(whyOrder, value)
		}
		if err := p.checkPath(term.Field); err != nil {
			return nil, err
		}
		if list = append(list, term); len(list) > p.limits.OrdersMax {
			return nil, tooManyOrders(p.limits.OrdersMax)
		}
		c.space()
		if !c.take(',') {
			return list, nil
		}
	}
}

func (c *scanner) orderTerm() (o query.Order, ok bool) {
	start := c.i
	if o.Relation, ok = c.name(); ok && c.take('(') {
		if o.Field, ok = c.field(); ok && c.take(')') && c.orderEnd(&o) {
			return o, true
		}
	}
	c.i = start
	o = query.Order{}
	if o.Field, ok = c.field(); !ok {
		return o, false
	}
	return o, c.orderEnd(&o)
}

// orderEnd parses direction and place of nulls, behind which a term has to end.
func (c *scanner) orderEnd(o *query.Order) bool {
	switch {
	case c.word(".asc"):
	case c.word(".desc"):
		o.Direction = query.Desc
	}
	switch {
	case c.word(".nullsfirst"):
		o.Nulls = query.NullsFirst
	case c.word(".nullslast"):
		o.Nulls = query.NullsLast
	}
	return c.done() || c.peek() == ','
}

// names parses a list of column names: columns and on_conflict.
func (c *scanner) names() ([]string, bool) {
	list := make([]string, 0, 1+strings.Count(c.s, ","))
	for {
		name, ok := c.name()
		if !ok {
			return nil, false
		}
		list = append(list, name)
		if c.space(); !c.take(',') {
			return list, true
		}
		c.space()
	}
}
