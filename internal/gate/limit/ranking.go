package limit

import (
	"cmp"
	"slices"
	"sync"
)

// rankedMax is how many clients a ranking tells apart.
const rankedMax = 64

// A Ranking counts by client in bounded memory, by the space-saving algorithm (Metwally, Agrawal, El Abbadi 2005): a new client takes
// the place of the one that was counted least, with its count. Whoever stands for more than one in 64 of all is in it.
type Ranking struct {
	mu     sync.Mutex
	counts map[Client]*uint64
}

// Add counts a client once more.
func (r *Ranking) Add(c Client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := r.counts[c]; n != nil {
		*n++
		return
	}
	if r.counts == nil {
		r.counts = map[Client]*uint64{}
	}
	n := uint64(1)
	if len(r.counts) >= rankedMax {
		n += r.evict()
	}
	r.counts[c] = &n
}

// evict takes the client out that was counted least, and gives its count.
func (r *Ranking) evict() uint64 {
	var least *uint64
	var of Client
	for c, n := range r.counts {
		if least == nil || *n < *least {
			least, of = n, c
		}
	}
	delete(r.counts, of)
	return *least
}

// Top gives those that were counted most, in order.
func (r *Ranking) Top(n int) []Count {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Count, 0, len(r.counts))
	for c, n := range r.counts {
		list = append(list, Count{c.String(), *n})
	}
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Client, b.Client))
	})
	return list[:min(n, len(list))]
}
