package litesql

import "github.com/pintail-dev/pintail/internal/plan"

// SQLite works out every column of a row before it sorts, those of rows that LIMIT and OFFSET then drop too: with embeds among
// them a page of a long list costs as much as the list. A select that has both therefore stands on its page, a subquery
// of the few columns that it needs, ordered and cut:
//
//	SELECT …embeds… FROM (SELECT t0.a, t0.b FROM t AS t0 WHERE … ORDER BY … LIMIT …) AS t0 ORDER BY …
//
// The same order outside makes it the answer's, and keeps SQLite from folding the two into one.

// paged says whether q, which selects p, is worth a page of its own.
func (q *selected) paged(p *plan.Select) bool {
	return q.limit != "" && len(q.order) > 0 && !q.grouped && !p.Grouped && p.Source.Table != nil && embeds(p)
}

// embeds says whether related rows are written into each row.
func embeds(p *plan.Select) bool {
	for i := range p.Outputs {
		if e := p.Outputs[i].Embed; e != nil && !e.Hidden {
			return true
		}
	}
	return false
}

// cut puts p's rows, filtered, ordered and cut to the page, in the place of the whole table.
func (q *selected) cut(p *plan.Select) {
	page := q.page(p)
	page.order, page.limit = q.order, q.limit
	q.from, q.where, q.limit = "("+page.sql()+") AS "+alias(p.Alias), nil, ""
}
