package rehearse

import (
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/query"
)

// border is the value above or below which the comparison leaves as much of the rows as in production.
func (st *shadowTable) border(s *source, op query.Op, want want, guess float64) any {
	share := st.share(s, op, want, guess)
	share *= 0.97 + 0.06*want.place
	from := min(max(share, 0), 1) // share of the rows below the border
	if op == query.Gt || op == query.Gte {
		from = 1 - from
	}
	switch {
	case s.link != nil:
		return s.link.parent.value(s.at.Position, min(int64(from*float64(s.link.parent.rows)), s.link.parent.rows-1))
	case s.none:
		return nil
	case s.unique:
		return s.domain.at(int64(from * float64(st.rows)))
	case s.within != nil:
		return s.domain.at(int64(from * float64(s.domain.size-spare)))
	}
	if s.density != nil {
		return s.domain.at(s.density.below(from))
	}
	return s.domain.at(int64(from * float64(s.domain.size)))
}

// guess is the share of a table's rows for which a comparison holds of which nothing was found out: where the rows that come back are
// not cut off or aggregated, their number tells.
func (r *replay) guess(st *shadowTable) float64 {
	const otherwise = 0.3
	rows := r.plan.Rows
	if r.plan.Op != plan.Read || rows == nil || rows.Grouped || rows.Summary || r.shape.Calls == 0 {
		return otherwise
	}
	if r.fills() {
		return otherwise
	}
	return min((r.shape.Rows+0.5)/float64(max(st.tableModel.rows, 1)), otherwise)
}

// fills says whether production's answers have as many rows as their limit allows: there are more that would do.
func (r *replay) fills() bool {
	rows := r.plan.Rows
	return r.plan.Op == plan.Read && rows != nil && !rows.Grouped && !rows.Summary && rows.Limit != nil && r.shape.Calls > 0 &&
		r.shape.Rows > 0.8*float64(r.want(*rows.Limit, shape.Typical, 0).number(defaultPage))
}

// share is the share of the rows for which a comparison with a border holds.
func (st *shadowTable) share(s *source, op query.Op, want want, guess float64) float64 {
	rows := float64(max(st.tableModel.rows, 1))
	m := want.matches()
	if m >= 0 {
		return float64(m) / rows
	}
	if want.example == nil || want.example.Position == nil {
		return guess
	}
	below := quantileOf(s.model.spread, *want.example.Position)
	if op == query.Gt || op == query.Gte {
		return 1 - below
	}
	return below
}

// quantileOf is the share of the values below a place between the least and the greatest, by the deciles.
func quantileOf(spread []float64, place float64) float64 {
	if len(spread) == 0 {
		return place
	}
	at := append(append([]float64{0}, spread...), 1)
	for i := 1; i < len(at); i++ {
		if place <= at[i] {
			inside := 0.5
			if at[i] > at[i-1] {
				inside = (place - at[i-1]) / (at[i] - at[i-1])
			}
			return (float64(i-1) + inside) / float64(len(at)-1)
		}
	}
	return 1
}
