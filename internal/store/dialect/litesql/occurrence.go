package litesql

import (
	"strconv"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/schema"
)

// Occurrences says which table stands under which alias in the SQL of a plan that is no Sequence. What a named query or a view
// calls its tables isn't known here.
func Occurrences(p *plan.Plan) map[string]*schema.Table {
	out := map[string]*schema.Table{}
	plan.Walk(p, func(node any) {
		s, ok := node.(plan.Occurrence)
		if !ok {
			return
		}
		switch {
		case s.Source.Table != nil:
			out[alias(s.Alias)] = s.Source.Table
		case s.Source.Written != nil:
			out[alias(s.Alias)] = s.Source.Written
		}
		if s.Via != nil && s.Via.Through != nil {
			out["j"+strconv.Itoa(s.Alias)] = s.Via.Through.Table
		}
	})
	if p.Write != nil {
		out[alias(p.Write.Alias)] = p.Write.Table
	}
	return out
}
