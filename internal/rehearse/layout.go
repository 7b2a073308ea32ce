package rehearse

import (
	"math"
	"sort"
)

// A layout deals the rows of a growing table to parents that don't grow, as tracks to genres. Which parent a row has depends on nothing but
// the row: a larger shadow begins with the rows of the smaller one. A query that stops at the first rows that fit finds them as soon on each
// rung then, where otherwise chance would be taken for growth.
type layout struct {
	sums []float64 // running shares of the rows with a parent, by the parent's rank
	key  draw
	none draw    // decides which rows have no parent
	null float64 // share of those
	runs []stretch
}

// A stretch is rows beside each other of one parent. It ends where the next begins.
type stretch struct{ from, rank int64 }

// togetherLeast is from where on rows of one parent are taken to lie together.
const togetherLeast = 0.5

// layoutOf lays out so many rows by how many children each parent has in production, by rank. together is how often a row follows
// one of the same parent.
func layoutOf(children []int64, together, null float64, rows int64, key draw) *layout {
	y := &layout{key: key, none: key + 1, null: null, sums: shares(len(children), func(r int) float64 { return float64(children[r]) })}
	if together < togetherLeast || len(children) < 2 {
		return y
	}
	// Of a parent's rows the first begins a stretch, and of the others those that don't follow one of the same.
	stretches := func(r int) float64 {
		if children[r] == 0 {
			return 0
		}
		return 1 + (1-together)*float64(children[r]-1)
	}
	picks := shares(len(children), stretches)
	owed := make([]float64, len(children)) // rows that were rounded off
	for k, at := uint64(0), int64(0); at < rows; k++ {
		r := find(picks, (key + 2).even(k))
		owed[r] += float64(children[r]) / stretches(r)
		n := max(int64(owed[r]), 1)
		owed[r] -= float64(n)
		if last := len(y.runs) - 1; last < 0 || y.runs[last].rank != int64(r) {
			y.runs = append(y.runs, stretch{at, int64(r)})
		}
		at += n
	}
	return y
}

// rank is the rank of a row's parent; false where it has none.
func (y *layout) rank(row int64) (int64, bool) {
	if y.null > 0 && y.none.even(uint64(row)) < y.null {
		return 0, false
	}
	if y.runs == nil {
		return int64(find(y.sums, y.key.even(uint64(row)))), true
	}
	return y.runs[sort.Search(len(y.runs), func(i int) bool { return y.runs[i].from > row })-1].rank, true
}

// laidTries is how many rows are looked at for one of a parent.
const laidTries = 20_000

// row is one of so many rows that has the parent at a rank, about at a place; false where none was found.
func (y *layout) row(rank, rows int64, place float64) (int64, bool) {
	from := int64(place * float64(rows))
	for k := range min(rows, laidTries) {
		row := (from + k) % rows
		if of, ok := y.rank(row); ok && of == rank {
			return row, true
		}
	}
	return 0, false
}

// shares are the running sums of weights, of which the last is 1.
func shares(n int, weight func(int) float64) []float64 {
	sums := make([]float64, n)
	sum := 0.0
	for i := range sums {
		sum += weight(i)
		sums[i] = sum
	}
	for i := range sums {
		if sum > 0 {
			sums[i] /= sum
		} else {
			sums[i] = float64(i+1) / float64(n)
		}
	}
	return sums
}

// find is the place of u, 0 ≤ u < 1, among running sums.
func find(sums []float64, u float64) int {
	return min(sort.Search(len(sums), func(i int) bool { return sums[i] > u }), len(sums)-1)
}

// laid says whether a key is dealt by a layout: its parents stay as many while the rows become more, and neither a key of its table nor
// the order on disk needs to know which of a parent's rows is which.
func (st *shadowTable) laid(l *lineage) bool {
	if !l.parent.fixed || st.fixed || l.sorted || l.parent.rows == 0 {
		return false
	}
	for _, key := range st.keys() {
		for _, c := range key {
			for _, own := range l.key.Columns {
				if c == own {
					return false
				}
			}
		}
	}
	return true
}

// laidOut is the layout of a key's rows.
func (st *shadowTable) laidOut(l *lineage, key draw) *layout {
	sums := l.degrees.deal(l.parent.rows, int64(math.Round(float64(st.tableModel.rows)*(1-l.nulls))), 1, math.MaxInt64)
	children := make([]int64, l.parent.rows)
	for r := range children {
		children[r] = sums[r+1] - sums[r]
	}
	return layoutOf(children, l.together, l.nulls, st.rows, key)
}
