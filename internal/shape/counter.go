package shape

import (
	"cmp"
	"math"
	"slices"

	"github.com/pintail-dev/pintail/query"
)

// A counter counts what has one hash. The hash is keyed by the book's seed, so that nobody can make values that collide.
type counter struct {
	hash uint64
	n    uint64
	over uint64     // of n, at most so much was counted for others whose place this took
	args query.Args // of tuples, once they are worth the copy
}

// A top finds what is counted most, in a fixed number of counters: the Space-Saving algorithm of Metwally, Agrawal and El Abbadi
// ("Efficient Computation of Frequent and Top-k Elements in Data Streams", 2005). What makes up more than one in len(counters)
// of all is never missed, and no count is too low.
type top struct{ counters []counter }

// add counts hash so many times more, and gives its counter.
func (t *top) add(hash, n uint64, most int) *counter {
	least := 0
	for i := range t.counters {
		c := &t.counters[i]
		if c.hash == hash {
			c.n += n
			return c
		}
		if c.n < t.counters[least].n {
			least = i
		}
	}
	if len(t.counters) < most {
		t.counters = append(t.counters, counter{hash: hash, n: n})
		return &t.counters[len(t.counters)-1]
	}
	c := &t.counters[least]
	*c = counter{hash: hash, n: c.n + n, over: c.n}
	return c
}

// halve lets what was counted long ago weigh less.
func halve(counters []counter) {
	for i := range counters {
		counters[i].n /= 2
		counters[i].over /= 2
	}
}

// ranked gives the counters, those that surely count most first.
func (t *top) ranked() []counter {
	list := slices.Clone(t.counters)
	slices.SortFunc(list, func(a, b counter) int {
		return cmp.Or(cmp.Compare(b.n-b.over, a.n-a.over), cmp.Compare(a.hash, b.hash))
	})
	return list
}

// A bottom keeps those with the lowest hashes: a uniform sample of what differs, however often each comes, of which every
// count is exact since the first time. It tells how many differ ("k minimum values", Bar-Yossef and others, 2002).
type bottom struct{ counters []counter }

// add counts hash so many times more, and gives its counter where it is among the lowest.
func (b *bottom) add(hash, n uint64, most int) *counter {
	highest := 0
	for i := range b.counters {
		c := &b.counters[i]
		if c.hash == hash {
			c.n += n
			return c
		}
		if c.hash > b.counters[highest].hash {
			highest = i
		}
	}
	switch {
	case len(b.counters) < most:
		b.counters = append(b.counters, counter{hash: hash, n: n})
		return &b.counters[len(b.counters)-1]
	case hash > b.counters[highest].hash:
		return nil
	}
	b.counters[highest] = counter{hash: hash, n: n}
	return &b.counters[highest]
}

// distinct estimates how many differ: exactly below the number of counters, within some 18 % at 32 of them.
func (b *bottom) distinct(most int) int64 {
	if len(b.counters) < most {
		return int64(len(b.counters))
	}
	var highest uint64
	for i := range b.counters {
		highest = max(highest, b.counters[i].hash)
	}
	return int64(math.Round(float64(most-1) / (float64(highest) / (1 << 64))))
}

// ranked gives the counters, those that count least first.
func (b *bottom) ranked() []counter {
	list := slices.Clone(b.counters)
	slices.SortFunc(list, func(a, b counter) int { return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.hash, b.hash)) })
	return list
}
