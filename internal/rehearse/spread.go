package rehearse

import (
	"math"
	"sort"

	"github.com/pintail-dev/pintail/schema"
)

// A density is how the rows of a column lie over its values, from the least to the greatest: the deciles of production. Rows with rare values
// lie where these are far from each other, as the largest totals of a shop do, and a query that wants the largest ones meets few of each.
type density struct {
	tenths
	top   []int64   // places of the commonest values, by rank
	total []float64 // running shares of the rows of these, in the order of their places
	order []int64   // their places, rising
	size  int64
}

// tenths say where between the least (0) and the greatest (1) value each tenth of the rows ends: 0, the nine deciles, and 1.
type tenths [11]float64

// denseLeast is how many rows a value has at least, on average, for deciles to say how many each has. Values that are nearly all different
// lie as densely as their rows.
const denseLeast = 4

// densityOf is the density of a column's values; nil where nothing is known of it, or it makes no difference.
func densityOf(s *source, t schema.Type, rows int64) *density {
	m := &s.model
	filled := float64(rows) * (1 - m.nulls)
	if len(m.spread) != 9 || s.labeled || s.unique || s.within != nil || s.domain.labels != nil || t.Array || filled < denseLeast*float64(m.distinct) {
		return nil
	}
	d := &density{size: s.domain.size}
	for i, v := range m.spread {
		d.tenths[i+1] = min(max(v, d.tenths[i]), 1)
	}
	d.tenths[10] = 1
	taken := map[int64]bool{}
	for r := range s.sums {
		place := d.place((float64(permutationOf(s.key+3, int64(len(s.sums))).of(int64(r))) + 0.5) / float64(len(s.sums)))
		for taken[place] {
			place = (place + 1) % d.size
		}
		taken[place] = true
		d.top = append(d.top, place)
	}
	d.order = append(d.order, d.top...)
	sort.Slice(d.order, func(i, j int) bool { return d.order[i] < d.order[j] })
	share := map[int64]float64{}
	before := 0.0
	for r, sum := range s.sums {
		share[d.top[r]], before = sum-before, sum
	}
	sum := 0.0
	for _, place := range d.order {
		sum += share[place]
		d.total = append(d.total, sum)
	}
	return d
}

// place is the place in order of the value below which a share of the rows lies, the commonest values aside.
func (d *density) place(share float64) int64 {
	return min(int64(d.value(share)*float64(d.size)), d.size-1)
}

// value is where between the least (0) and the greatest (1) value a share of the rows is reached. Between two deciles rows lie evenly; in
// the first and the last tenth they thin out towards the end, from as densely as they lie in the tenth beside it.
func (d *tenths) value(share float64) float64 {
	i := min(int(share*10), 9)
	t := share*10 - float64(i)
	width := d[i+1] - d[i]
	switch i {
	case 9:
		return d[9] + width*thinning(t, width, d[9]-d[8])
	case 0:
		return width * (1 - thinning(1-t, width, d[2]-d[1]))
	}
	return d[i] + width*t
}

// thinning is how far into a tenth of such a width a share of its rows reaches, where the tenth before it has another width: the density
// falls in a straight line, from that of the tenth before, to what is left.
func thinning(share, width, before float64) float64 {
	if before >= width || width <= 0 {
		return share
	}
	first := 2.0 // as dense as can be, with nothing at the end
	if before > width/2 {
		first = width / before
	}
	// first·x + (1-first)·x² = share, over 0 ≤ x ≤ 1
	slope := first - 1
	return (first - math.Sqrt(max(first*first-4*slope*share, 0))) / (2 * slope)
}

// below is the place below which a share of all rows lies, the commonest values among them.
func (d *density) below(share float64) int64 {
	common := 0.0
	if n := len(d.total); n > 0 {
		common = d.total[n-1]
	}
	at := sort.Search(int(d.size), func(place int) bool {
		i := sort.Search(len(d.order), func(i int) bool { return d.order[i] >= int64(place) })
		under := 0.0
		if i > 0 {
			under = d.total[i-1]
		}
		rest := sort.Search(1000, func(k int) bool { return d.place(float64(k)/1000) >= int64(place) })
		return under+(1-common)*float64(rest)/1000 >= share
	})
	return min(int64(at), d.size-1)
}
