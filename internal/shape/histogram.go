package shape

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// A Histogram counts durations in buckets of which each is an eighth of its power of two wide: from 1 µs to 9 minutes, with
// an error of an eighth at most. What is outside goes into the bucket at that end. Add takes no lock.
type Histogram struct{ counts [buckets]atomic.Uint64 }

const (
	steps   = 8                    // a power of two
	powers  = 29                   // 2^29 µs are 9 minutes
	buckets = steps * (powers - 2) // the first two powers fit into one's steps
)

func bucket(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0))
	if us < steps {
		return int(us)
	}
	power := bits.Len64(us) - 1 // at least 3
	i := steps*(power-2) + int(us>>(power-3))&(steps-1)
	return min(i, buckets-1)
}

// upper is the longest duration of a bucket.
func upper(i int) time.Duration {
	if i < steps {
		return time.Duration(i+1) * time.Microsecond
	}
	power := i/steps + 2
	width := uint64(1) << (power - 3)
	return time.Duration((uint64(1)<<power)+(uint64(i%steps)+1)*width) * time.Microsecond
}

// Add counts one duration.
func (h *Histogram) Add(d time.Duration) { h.counts[bucket(d)].Add(1) }

// Counts gives what was counted so far.
func (h *Histogram) Counts() Counts {
	var c Counts
	for i := range h.counts {
		c[i] = h.counts[i].Load()
	}
	return c
}

// Quantile is how long the fastest q of all took at most, 0 < q ≤ 1, within an eighth; 0 where there were none.
func (h *Histogram) Quantile(q float64) time.Duration {
	c := h.Counts()
	return c.Quantile(q)
}

// Counts are a Histogram's at one moment. What was added between two moments is their difference.
type Counts [buckets]uint64

// Since gives what was added after older.
func (c *Counts) Since(older *Counts) Counts {
	out := *c
	for i := range out {
		out[i] -= older[i]
	}
	return out
}

// Sum is how many durations were counted.
func (c *Counts) Sum() uint64 {
	var sum uint64
	for _, n := range c {
		sum += n
	}
	return sum
}

// Below is how many of them were shorter than 2^power µs; power is 3 to 29.
func (c *Counts) Below(power int) uint64 {
	var sum uint64
	for _, n := range c[:steps*(power-2)] {
		sum += n
	}
	return sum
}

// Quantile is Histogram's.
func (c *Counts) Quantile(q float64) time.Duration {
	sum := c.Sum()
	if sum == 0 {
		return 0
	}
	rank := uint64(math.Ceil(q * float64(sum)))
	for i, n := range c {
		if n >= rank {
			return upper(i)
		}
		rank -= n
	}
	return upper(buckets - 1)
}
