package pgsql

import (
	"slices"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/schema"
)

// nested writes the inserts of related rows as statements of their own, which whoever runs them links together: w's rows give
// columns to those that go in after them, and giving to its own parents.
func (b *builder) nested(w *plan.Write, giving []*schema.Column) {
	b.give(giving)
	for i := range w.Nested {
		n := &w.Nested[i]
		var gives []*schema.Column
		if n.Before {
			gives = n.Giving
		} else {
			b.give(n.Giving)
		}
		c := newBuilder(b.options)
		c.nested(n.Write, gives)
		c.insertOnly(n.Write)
		b.out.Nested = append(b.out.Nested, &c.out)
	}
}

// give notes columns that related rows take, each once.
func (b *builder) give(columns []*schema.Column) {
	for _, c := range columns {
		if !slices.Contains(b.giving, c) {
			b.giving = append(b.giving, c)
		}
	}
}

// insertOnly writes an insert that answers no rows: their number, and what they give.
func (b *builder) insertOnly(w *plan.Write) {
	b.out.Columns = []Column{Affected}
	given := ""
	if len(b.giving) > 0 {
		b.out.Columns = append(b.out.Columns, Given)
		given = ", " + b.given()
	}
	n := "(SELECT count(*) FROM " + written + ")"
	if upserts(w) {
		n += " + length(" + forget + ")"
	}
	b.out.SQL = "WITH " + written + " AS (" + b.insert(w) + ") SELECT " + n + given
	b.out.Binds = b.binds
}

// given writes what related rows take: an object for each row, in order.
func (b *builder) given() string {
	for _, c := range b.giving {
		b.need(c)
	}
	return "(SELECT json_agg(g.*) FROM (SELECT " + list(written+".", names(b.giving)) + " FROM " + written + ") AS g)"
}
