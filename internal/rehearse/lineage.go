package rehearse

import (
	"math"

	"github.com/pintail-dev/pintail/internal/shape"
)

// A lineage deals the rows of a table to those of another.
type lineage struct {
	linkModel
	parent *shadowTable
	sums   []int64     // running, by the parent's rank
	byRow  []int64     // the same by the parent's row, where sorted
	ranks  permutation // parent's row to rank
	slots  permutation // row to place among the children, where they don't lie together
	sorted bool        // rows of one parent lie together, in the order of the parents
	layout *layout     // of parents that don't grow; else nil

	pairs    *lineage // of a key that pairs parents: the more skewed link. This one's parents differ within one parent of the other's
	distinct bool     // each parent has one child at most
}

// parentRow is the parent's row of a row, and the place of the row among its parent's; false where it has none.
func (l *lineage) parentRow(row int64) (parent, ordinal int64, ok bool) {
	if l.parent.rows == 0 {
		return 0, 0, false
	}
	if l.pairs != nil {
		first, ordinal, ok := l.pairs.parentRow(row)
		if !ok {
			return 0, 0, false
		}
		from := l.ranks.key.below(uint64(first), l.parent.rows)
		return (from + ordinal) % l.parent.rows, ordinal, true
	}
	if l.layout != nil {
		rank, ok := l.layout.rank(row)
		return l.ranks.from(rank), 0, ok
	}
	sums := l.sums
	if l.sorted {
		sums = l.byRow
	} else {
		row = l.slots.of(row)
	}
	if row >= sums[len(sums)-1] {
		return 0, 0, false
	}
	at := parentOf(sums, row)
	ordinal = row - sums[at]
	if !l.sorted {
		at = l.ranks.from(at)
	}
	return at, ordinal, true
}

// children is how many rows the parent at a rank has.
func (l *lineage) children(rank int64) int64 { return l.sums[rank+1] - l.sums[rank] }

// most is the greatest number of children.
func (l *lineage) most() int64 {
	var most int64
	for r := range int64(len(l.sums) - 1) {
		most = max(most, l.children(r))
	}
	return most
}

// pick chooses the row of a parent with so many children in production.
func (l *lineage) pick(want want, matches int64) (parent int64, ok bool) {
	n := l.parent.rows
	if n == 0 {
		return 0, false
	}
	if l.pairs != nil { // its children are dealt evenly
		return l.paired(int64(want.place*float64(n)), matches), true
	}
	rank := int64(0)
	if want.stratum != shape.Hottest {
		from, to := l.degrees.band(matches, want.stratum == shape.P95)
		rank = int64((from + want.place*(to-from)) * float64(n))
	}
	return l.ranks.from(min(max(rank, 0), n-1)), true
}

// parentFor is the row of a parent of whatever number of children the parameters are to meet: of typical ones any, by its place among them by
// their number, so that the same try meets about as many children at every size.
func (l *lineage) parentFor(want want) int64 {
	if want.stratum == shape.Typical {
		return l.ranks.from(int64(want.place * float64(l.parent.rows)))
	}
	parent, _ := l.pick(want, -1)
	return parent
}

// pairedTries is how many parents are looked at for one with as many children as are wanted, and pairedMost of how many others they may
// have them.
const (
	pairedTries = 16
	pairedMost  = 20_000
)

// paired is a parent that is paired with about so many others: the nearest of some, such a row first. -1 is any number.
func (l *lineage) paired(from, matches int64) int64 {
	others := l.pairs.parent.rows
	if matches < 0 || others > pairedMost {
		return from
	}
	best, nearest := from, int64(math.MaxInt64)
	apart := max(l.parent.rows/pairedTries, 1) // neighbours are paired with the same ones
	for k := range min(l.parent.rows, pairedTries) {
		parent, n := (from+k*apart)%l.parent.rows, int64(0)
		for first := range others {
			begins := l.ranks.key.below(uint64(first), l.parent.rows)
			if (parent-begins+l.parent.rows)%l.parent.rows < l.pairs.children(l.pairs.ranks.of(first)) {
				n++
			}
		}
		if off := abs(n - matches); off < nearest {
			best, nearest = parent, off
		}
	}
	return best
}

// childOf is a row of a parent.
func (l *lineage) childOf(parent int64, place float64) (row int64, ok bool) {
	rank := l.ranks.of(parent)
	n := l.children(rank)
	if n == 0 {
		return 0, false
	}
	if l.layout != nil {
		return l.layout.row(rank, l.slots.rows(), place)
	}
	k := int64(place * float64(n))
	if l.sorted {
		return l.byRow[parent] + k, true
	}
	return l.slots.from(l.sums[rank] + k), true
}
