package rehearse

import (
	"math"
	"slices"
	"sort"
)

// Degrees are how many children the parents of a foreign key have: a histogram, the greatest degree first. Parents without
// children count too, as the degree 0.
type degrees []bar

type bar struct {
	children int64 // of each
	parents  int64 // that have so many
}

// normal sorts a histogram and joins equal degrees.
func (d degrees) normal() degrees {
	d = slices.Clone(d)
	slices.SortFunc(d, func(a, b bar) int { return int(min(max(b.children-a.children, -1), 1)) })
	out := d[:0]
	for _, one := range d {
		switch n := len(out); {
		case one.parents <= 0 || one.children < 0:
		case n > 0 && out[n-1].children == one.children:
			out[n-1].parents += one.parents
		default:
			out = append(out, one)
		}
	}
	return out
}

// total is the number of parents and of children.
func (d degrees) total() (parents, children int64) {
	for _, one := range d {
		parents += one.parents
		children += one.parents * one.children
	}
	return parents, children
}

// half is the share of the parents, those with most first, that have half of the children.
func (d degrees) half() float64 {
	parents, children := d.total()
	if children == 0 {
		return 0.5
	}
	var passed, reached float64
	for _, one := range d {
		own := float64(one.children * one.parents)
		if left := float64(children)/2 - reached; own >= left {
			passed += left / float64(one.children)
			break
		}
		passed, reached = passed+float64(one.parents), reached+own
	}
	return passed / float64(parents)
}

// skew is how many times the children of the mean parent the first one has.
func (d degrees) skew() float64 {
	parents, children := d.total()
	if children == 0 {
		return 0
	}
	return float64(d[0].children) * float64(parents) / float64(children)
}

// deal gives each of so many parents its number of children, by rank: the first has most. The hottest keeps the degree that it has
// in production times grown, the others take theirs by their place in the histogram, scaled so that all children together are
// so many; none gets more than most. The result is running sums: parent r has the children from sums[r] to sums[r+1].
func (d degrees) deal(parents, children int64, grown float64, most int64) []int64 {
	sums := make([]int64, parents+1)
	if parents == 0 {
		return sums
	}
	all, _ := d.total()
	if all == 0 { // nothing is known: all parents are alike
		d, all, grown = degrees{{children / parents, parents}}, parents, 1
	}
	want := make([]float64, parents)
	d.place(want, all)
	// The hottest one is what a hot key's query meets: it must not depend on how many others were drawn.
	want[0] = float64(d[0].children) * grown
	head, rest := min(want[0], float64(children)), 0.0
	for _, w := range want[1:] {
		rest += w
	}
	if parents > 1 && rest > 0 {
		head = min(head, float64(children)/2)
	} else {
		head = float64(children)
	}
	scale, running, cut := 0.0, math.Round(head), int64(0)
	if rest > 0 {
		scale = (float64(children) - running) / rest
	}
	last := int64(0)
	for r := range want {
		if r > 0 {
			running += want[r] * scale
		}
		reached := int64(math.Round(running))
		cut += max(0, reached-last-most)
		sums[r+1], last = reached-cut, reached
	}
	return sums
}

// place writes the degree of each rank among len(want) parents, by its place among all of the histogram.
func (d degrees) place(want []float64, all int64) {
	at, passed := 0, int64(0)
	for r := range want {
		place := int64((float64(r) + 0.5) / float64(len(want)) * float64(all))
		for at < len(d)-1 && place >= passed+d[at].parents {
			passed += d[at].parents
			at++
		}
		want[r] = float64(d[at].children)
	}
}

// parentOf says which rank a child belongs to.
func parentOf(sums []int64, child int64) int64 {
	return int64(sort.Search(len(sums)-1, func(r int) bool { return sums[r+1] > child }))
}

// band is the part of the parents, ordered by their children, that have about so many: from and to, as shares of all. Where
// matches is -1 it is that of the middle, or of the upper twentieth, of those that have any.
func (d degrees) band(matches int64, upper bool) (from, to float64) {
	parents, _ := d.total()
	if parents == 0 {
		return 0, 1
	}
	if matches < 0 {
		with := 1.0
		if d[len(d)-1].children == 0 {
			with -= float64(d[len(d)-1].parents) / float64(parents)
		}
		if upper {
			return 0.04 * with, 0.06 * with
		}
		return 0.4 * with, 0.6 * with
	}
	best, passed := 0, int64(0)
	for i := range d {
		if abs(d[i].children-matches) < abs(d[best].children-matches) {
			best = i
		}
	}
	for i := range best {
		passed += d[i].parents
	}
	return float64(passed) / float64(parents), float64(passed+d[best].parents) / float64(parents)
}

func abs(n int64) int64 { return max(n, -n) }
