package rehearse

import (
	"math"
	"slices"

	"github.com/pintail-dev/pintail/schema"
)

// spare is how many rows can be made beyond those of a table, for the inserts that are replayed.
const spare = 1 << 20

// fill finds out for every column where its values come from.
func (st *shadowTable) fill(w *world, seed uint64) {
	st.columns = make([]source, len(st.table.Columns))
	name := st.table.Name.String()
	for i, c := range st.table.Columns {
		st.columns[i] = source{column: c, model: st.tableModel.columns[i], key: drawOf(seed, name, c.Name), none: c.Generated != nil}
	}
	for _, l := range st.links {
		for i, c := range l.key.Columns {
			if s := &st.columns[c.Position]; s.link == nil {
				s.link, s.at = l, l.key.References[i]
			}
		}
	}
	for _, key := range st.keys() {
		st.number(key)
	}
	for i := range st.columns {
		if s := &st.columns[i]; !s.none && s.link == nil {
			st.values(s)
		}
	}
}

// number makes a key's rows differ: a column of its own is another in each row, or among the rows of one parent.
func (st *shadowTable) number(key []*schema.Column) {
	var within *lineage
	var own *source
	for _, c := range key {
		s := &st.columns[c.Position]
		switch {
		case s.link != nil && (s.link.distinct || s.link.pairs != nil):
			return
		case s.link != nil && within == nil:
			within = s.link
		case s.link == nil && (s.unique || s.within != nil):
			return
		case s.link == nil:
			own = s
		}
	}
	switch {
	case own == nil:
	case within != nil && within.sums != nil:
		own.within = within
	default:
		own.unique = true
	}
}

// values gives a column its domain.
func (st *shadowTable) values(s *source) {
	m, rows := s.model, st.rows
	size := m.distinctAt(rows, st.tableModel.rows)
	switch {
	case s.unique:
		size = rows + spare
	case s.within != nil:
		size = s.within.most() + spare
	case m.labels != nil:
		size = int64(len(m.labels))
	}
	var reason string
	if s.domain, reason = domainOf(s.column, size, m.length, s.key); reason != "" {
		s.none = true
		if s.column.NotNull && st.unknown == "" {
			st.unknown = "column " + s.column.Name + ": " + reason
		}
		return
	}
	if s.unique && s.domain.size < size {
		st.rows = min(st.rows, s.domain.size)
	}
	switch {
	case !m.begun || s.column.Type.Kind() != schema.Text:
	case s.unique:
		s.domain.halve(st.rows)
	case s.within == nil:
		s.domain.halve(s.domain.size)
	}
	if m.labels != nil && s.domain.size == size {
		s.model.top = m.labels
		s.labeled = true
	}
	s.model.top = s.model.top[:min(len(s.model.top), int(min(s.domain.size, 1<<20)))]
	var sum float64
	for _, share := range s.model.top {
		sum += share / max(1-m.nulls, 1e-9) // shares are of all rows, and values stand in those without null
		s.sums = append(s.sums, sum)
	}
	if n := len(s.sums); n > 0 && int64(n) == s.domain.size {
		for i := range s.sums {
			s.sums[i] /= sum
		}
	}
	if s.none || s.labeled && sum == 0 {
		s.labeled, s.sums, s.model.top = false, nil, nil
	}
	s.density = densityOf(s, s.column.Type, st.tableModel.rows)
	s.ranks = permutationOf(s.key, s.domain.size)
	s.rest = permutationOf(s.key+1, max(rows, 1))
}

// value is what stands in a row, as package value has it. Rows past the table's are those of inserts.
func (st *shadowTable) value(column int, row int64) any {
	s := &st.columns[column]
	switch {
	case s.none:
		return nil
	case s.link != nil:
		parent, _, ok := s.link.parentRow(row % max(st.rows, 1))
		if !ok {
			return nil
		}
		return s.link.parent.value(s.at.Position, parent)
	case s.within != nil:
		_, ordinal, ok := s.within.parentRow(row % max(st.rows, 1))
		if !ok {
			return nil
		}
		if row >= st.rows { // after all that are there
			ordinal = s.domain.size - 1 - (row-st.rows)%spare
		}
		return s.domain.at(ordinal)
	case s.unique:
		return s.domain.at(s.uniquePlace(row, st.rows))
	case s.model.nulls > 0 && !s.column.NotNull && (s.key+2).even(uint64(row)) < s.model.nulls:
		return nil
	}
	return s.domain.at(s.place(row, st.rows))
}

// uniquePlace is the place of a row's value in order, no other row's.
func (s *source) uniquePlace(row, rows int64) int64 {
	switch {
	case row >= rows || s.model.order > 0.3 || s.column.Identity != schema.NoIdentity:
		return row
	case s.model.order < -0.3:
		return rows - 1 - row
	}
	return s.rest.of(row)
}

// place is the place of a row's value in order: by its frequency, or where the values follow the rows, by the row.
func (s *source) place(row, rows int64) int64 {
	if order := s.model.order; !s.labeled && math.Abs(order) >= 0.3 && s.domain.size > int64(4*len(s.sums)) && s.common() < 0.5 {
		return s.follow(row%max(rows, 1), rows, order)
	}
	u := s.key.even(uint64(row))
	if at, _ := slices.BinarySearch(s.sums, u); at < len(s.sums) {
		return s.ranked(int64(at))
	}
	left := s.domain.size - int64(len(s.sums))
	if left <= 0 {
		return s.ranked(int64(len(s.sums)) - 1)
	}
	if s.density != nil {
		return s.density.place((u - s.common()) / (1 - s.common()))
	}
	// The others have about as many rows each.
	return s.ranks.of(int64(len(s.sums)) + s.rest.of(row%max(rows, 1))%left)
}

// ranked is the place in order of the value at a place by frequency. A label's frequency is known, and it stays where it is.
func (s *source) ranked(rank int64) int64 {
	switch top := int64(len(s.sums)); {
	case s.labeled:
		return rank
	case s.density != nil && rank < top:
		return s.density.top[rank]
	case s.density != nil:
		return s.density.place((float64(rank-top) + 0.5) / float64(s.domain.size-top))
	}
	return s.ranks.of(rank)
}

// common is the share of the rows that have one of the commonest values.
func (s *source) common() float64 {
	if len(s.sums) == 0 {
		return 0
	}
	return s.sums[len(s.sums)-1]
}

// follow mixes a row's place with chance so that the values correlate with the rows by order: of two even numbers mixed by
// w, the mixture correlates with the first by (1-w)/√((1-w)²+w²).
func (s *source) follow(row, rows int64, order float64) int64 {
	t := math.Sqrt(max(0, 1/(order*order)-1))
	w := t / (1 + t)
	if math.Abs(order) > 0.995 {
		w = 0
	}
	u := (1-w)*(float64(row)+0.5)/float64(max(rows, 1)) + w*s.key.unit(uint64(row)<<1)
	if order < 0 {
		u = 1 - u
	}
	return min(int64(u*float64(s.domain.size)), s.domain.size-1)
}
