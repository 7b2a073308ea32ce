package pgsql

import (
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/schema"
)

// handled writes the rows r by the aggregate that makes a media type of them: of is what it takes of each, unless it is one of a
// table, which takes whole rows (see wholeRows).
func (b *builder) handled(of string) string {
	b.out.Hex = b.handler.Media.Base.Kind() == schema.Bytea
	if b.handler.Of != nil {
		of = "r.v"
	}
	return b.qualified(b.handler.Aggregate) + "(" + of + ")"
}

// wholeRows gives the one output of a select whose rows an aggregate of their table takes.
func (b *builder) wholeRows(s *plan.Select) []output {
	return []output{{key: "v", sql: "(" + b.wholeRow(s) + ")::" + b.table(s.Handler.Of.Name)}}
}
