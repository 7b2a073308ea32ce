package shed

import (
	"math"
	"math/bits"
	"slices"
)

// warmup is how many values an average, and a correlation, takes before it counts.
const warmup = 10

// An average is an exponentially weighted one that remembers some age of values. Its first ones are averaged plainly.
type average struct {
	age   float64
	count int
	value float64
}

func (a *average) add(v float64) float64 {
	weight := 2 / (a.age + 1)
	if a.count < warmup {
		a.count++
		weight = 1 / float64(a.count)
	}
	a.value += (v - a.value) * weight
	return a.value
}

// A median is that of the last five values; before there are five, the last one.
type median struct {
	values [5]float64
	count  int
}

func (m *median) add(v float64) float64 {
	m.values[m.count%len(m.values)] = v
	if m.count++; m.count < len(m.values) {
		return v
	}
	sorted := m.values
	slices.Sort(sorted[:])
	return sorted[len(sorted)/2]
}

// pairsMax is how many pairs a correlation is over.
const pairsMax = 16

// A correlation says how two series move together, over the last pairsMax pairs.
type correlation struct {
	x, y  [pairsMax]float64
	count int
}

// add gives the correlation from -1 to 1, and the coefficient of variation of y. Both are 0 while there are few pairs, and the
// correlation where either series hardly moves.
func (c *correlation) add(x, y float64) (r, variation float64) {
	c.x[c.count%pairsMax], c.y[c.count%pairsMax] = x, y
	c.count++
	n := min(c.count, pairsMax)
	if n < warmup {
		return 0, 0
	}
	mx, sx := spread(c.x[:n])
	my, sy := spread(c.y[:n])
	if my != 0 {
		variation = sy / my
	}
	if mx == 0 || sx/mx < 0.01 || variation < 0.01 {
		return 0, variation
	}
	var sum float64
	for i := range n {
		sum += (c.x[i] - mx) * (c.y[i] - my)
	}
	return sum / float64(n) / (sx * sy), variation
}

// spread gives mean and standard deviation.
func spread(values []float64) (mean, deviation float64) {
	for _, v := range values {
		mean += v
	}
	mean /= float64(len(values))
	for _, v := range values {
		deviation += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(deviation / float64(len(values)))
}

// A histogram counts durations in buckets whose width is an eighth of their power of two, so that a quantile is right to an eighth, in 2
// KiB and without sorting (as HDR histograms do).
type histogram struct {
	counts [512]uint32
	count  int
}

func (h *histogram) add(ns int64) {
	h.counts[bucket(ns)]++
	h.count++
}

func bucket(ns int64) int {
	v := uint64(max(ns, 1))
	power := bits.Len64(v) - 1
	if power < 3 {
		return int(v)
	}
	return power<<3 | int(v>>(power-3))&7
}

// value is the middle of a bucket.
func value(bucket int) float64 {
	power := bucket >> 3
	if power < 3 {
		return float64(bucket)
	}
	low := (uint64(8) | uint64(bucket&7)) << (power - 3)
	return float64(low) + float64(uint64(1)<<(power-3))/2
}

// quantile gives the duration, in nanoseconds, that a part q of all doesn't exceed.
func (h *histogram) quantile(q float64) float64 {
	rank := int(math.Ceil(q * float64(h.count)))
	for b, n := range h.counts {
		if rank -= int(n); rank <= 0 {
			return value(b)
		}
	}
	return 0
}
