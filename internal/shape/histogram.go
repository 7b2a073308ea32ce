package shape

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// A histogram counts durations in buckets of which each is an eighth of its power of two wide: from 1 µs to 9 minutes, with
// an error of an eighth at most. What is outside goes into the bucket at that end.
type histogram struct{ counts [buckets]atomic.Uint32 }

const (
	steps   = 8  // a power of two
	powers  = 29 // 2^29 µs are 9 minutes
	buckets = steps * (powers + 1)
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

func (h *histogram) add(d time.Duration) { h.counts[bucket(d)].Add(1) }

func (h *histogram) quantile(q float64) time.Duration {
	var sum uint64
	var counts [buckets]uint64
	for i := range h.counts {
		counts[i] = uint64(h.counts[i].Load())
		sum += counts[i]
	}
	if sum == 0 {
		return 0
	}
	rank := uint64(math.Ceil(q * float64(sum)))
	for i, n := range counts {
		if n >= rank {
			return upper(i)
		}
		rank -= n
	}
	return upper(buckets - 1)
}
