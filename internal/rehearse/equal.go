package rehearse

import (
	"math"
	"slices"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/schema"
)

// equal is a value that so many of production's rows have; matches is -1 where that isn't known.
func (r *replay) equal(w *world, st *shadowTable, s *source, want want, matches int64) any {
	switch {
	case r.inVain(want) && !s.none:
		return s.nothing(st)
	case s.link != nil:
		if parent, ok := s.link.pick(want, matches); ok {
			return s.link.parent.value(s.at.Position, parent)
		}
		return nil
	case s.none:
		return nil
	case s.unique && r.deletes(st):
		row, _ := w.childless(st, want.place)
		return st.value(s.column.Position, row)
	case s.unique && r.children(w, st) != nil && st.rows > 0:
		return st.value(s.column.Position, r.children(w, st).parentFor(want))
	case s.unique, s.within != nil:
		return st.value(s.column.Position, int64(want.place*float64(st.rows)))
	case r.absent(st, s, want):
		return absentText(want.place)
	}
	return s.domain.at(s.rankPlace(want, matches, st.tableModel.rows))
}

// absent says whether production asks for texts that aren't there: of which nobody counted the rows, and any text that is there would
// give far more of them than come back.
func (r *replay) absent(st *shadowTable, s *source, want want) bool {
	if want.matches() >= 0 || s.labeled || s.column.Type.Kind() != schema.Text {
		return false
	}
	usual := (1 - s.model.nulls) / float64(s.model.distinct)
	return r.guess(st) < usual/unfaithful
}

// deletes says whether a plan deletes rows of a table.
func (r *replay) deletes(st *shadowTable) bool {
	return slices.ContainsFunc(append([]*plan.Plan{r.plan}, r.plan.Steps...), func(p *plan.Plan) bool {
		return p.Op == plan.Delete && p.Write.Table == st.table
	})
}

// childlessTries is how many rows are looked at for one that may be deleted.
const childlessTries = 50_000

// childless is a row that no foreign key keeps from being deleted; any row where none was found.
func (w *world) childless(st *shadowTable, place float64) (row int64, ok bool) {
	var keep []*lineage
	for _, of := range w.tables {
		for _, l := range of.links {
			if l.parent == st && (l.key.OnDelete == "" || l.key.OnDelete == "NO ACTION" || l.key.OnDelete == "RESTRICT") {
				keep = append(keep, l)
			}
		}
	}
	from := int64(place * float64(st.rows))
	for k := range min(st.rows, childlessTries) {
		row := (from + k) % st.rows
		if !slices.ContainsFunc(keep, func(l *lineage) bool { return l.pairs != nil || l.children(l.ranks.of(row)) > 0 }) {
			return row, true
		}
	}
	return from, false
}

// inVain says whether what production asks for isn't there: the example matched nothing, or hardly any call ever found a row.
func (r *replay) inVain(want want) bool {
	if m := want.matches(); m >= 0 {
		return m == 0
	}
	rows := r.plan.Rows
	return r.plan.Op == plan.Read && rows != nil && !rows.Grouped && !rows.Summary && r.shape.Calls >= constantCalls && r.shape.Rows < 0.05
}

// nothing is a value of a column that no row has; where the type has none to spare, any.
func (s *source) nothing(st *shadowTable) any {
	switch {
	case s.link != nil:
		return s.link.parent.value(s.at.Position, s.link.parent.rows+spare/2)
	case s.unique, s.within != nil:
		return st.value(s.column.Position, st.rows+spare/2)
	case s.labeled:
		for i, share := range s.model.top {
			if share == 0 {
				return s.domain.at(int64(i))
			}
		}
	case s.domain.labels == nil && !s.column.Type.Array:
		switch s.column.Type.Kind() {
		case schema.Text:
			return "~"
		case schema.Int4, schema.Int8, schema.Float4, schema.Float8:
			more := s.domain
			more.size = math.MaxInt32
			return more.at(s.domain.size + 7)
		}
	}
	return s.domain.at(0)
}

// rankPlace is the place in order of the value that a try asks for.
func (s *source) rankPlace(want want, matches, production int64) int64 {
	top := int64(len(s.sums))
	left := s.domain.size - top
	if s.common() > 0.99 { // hardly any row has another value
		left = 0
	}
	switch {
	case want.stratum == shape.Hottest && s.labeled:
		return int64(slices.Index(s.model.top, slices.Max(s.model.top)))
	case want.stratum == shape.Hottest:
		return s.ranked(0)
	case want.example != nil && want.example.Label != nil && int64(*want.example.Label) < s.domain.size && *want.example.Label >= 0 && (s.labeled || matches < 0):
		return int64(*want.example.Label)
	case top > 0 && (matches > 0 || left <= 0):
		share, best := float64(matches)/float64(max(production, 1)), int64(0)
		if matches < 0 {
			return s.ranked(int64(want.place * float64(min(top, s.domain.size))))
		}
		for r := range top {
			if math.Abs(s.model.top[r]-share) < math.Abs(s.model.top[best]-share) {
				best = r
			}
		}
		rest := (1 - s.model.nulls) * (1 - s.common()) / float64(max(left, 1))
		if left <= 0 || math.Abs(s.model.top[best]-share) <= math.Abs(rest-share) {
			return s.ranked(best)
		}
	}
	return s.ranked(top + min(int64(want.place*float64(max(left, 1))), max(left-1, 0)))
}
