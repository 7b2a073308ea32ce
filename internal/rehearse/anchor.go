package rehearse

import "github.com/pintail-dev/pintail/query"

// anchored says whether an argument is one of several, of different columns, that must be equal in the same row: they are taken from
// one. Where one column must be equal to two values, a row needs only one of them.
func anchored(u *use, all []use) bool {
	if !equality(u) {
		return false
	}
	others := false
	for i := range all {
		if o := &all[i]; o != u && equality(o) && o.alias == u.alias && o.column.Table == u.column.Table {
			if o.column == u.column {
				return false
			}
			others = true
		}
	}
	return others
}

func equality(u *use) bool {
	return u.kind == compared && u.column != nil && u.column.Table != nil && u.column.Table.View == nil && !u.path && !u.any && u.op == query.Eq
}

// driver is the column by which the row of an occurrence is chosen: a foreign key, else one whose values are few.
func (r *replay) driver(w *world, alias int) *source {
	var best *source
	for i := range r.uses {
		u := &r.uses[i]
		if !equality(u) || u.alias != alias || w.of[u.column.Table] == nil {
			continue
		}
		s := &w.of[u.column.Table].columns[u.column.Position]
		if best == nil || s.link != nil && best.link == nil {
			best = s
		}
	}
	return best
}

// anchor is the row from which several arguments are taken.
func (w *world) anchor(s *source, want want) int64 {
	if s == nil {
		return 0
	}
	st := w.of[s.column.Table]
	any := int64(want.place * float64(max(st.rows, 1)))
	if s.link == nil || s.link.pairs != nil {
		if s.unique || s.within != nil || s.none || s.link != nil {
			return any
		}
		target := s.rankPlace(want, want.matches(), st.tableModel.rows)
		for k := range min(st.rows, 20_000) { // some row that has the value
			if row := (any + k) % st.rows; s.place(row, st.rows) == target {
				return row
			}
		}
		return any
	}
	parent, ok := s.link.pick(want, want.matches())
	if !ok {
		return any
	}
	if row, ok := s.link.childOf(parent, want.place); ok {
		return row
	}
	return any
}
