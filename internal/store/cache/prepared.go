package cache

import (
	"sync/atomic"
	"time"

	"github.com/pintail-dev/pintail/internal/change"
	"github.com/pintail-dev/pintail/internal/plan"
)

// plansMax bounds the plans that something is known of.
const plansMax = 4096

const (
	// trial is how many looks at kept answers of one plan decide whether keeping them is worth it.
	trial = 128
	// restMax bounds how long a plan's answers aren't kept before it is tried again.
	restMax = time.Minute
)

// A prepared is what is known of a plan.
type prepared struct {
	id    uint64 // never given twice
	reach reach

	hits, stale atomic.Uint64
	looked      atomic.Uint32 // hits and stale of the trial that runs, in its halves
	until       atomic.Int64  // nanoseconds of the store's clock; 0 while answers are kept
	rest        atomic.Int64  // how long the next rest is
}

// look gives what is known of p, and where the order of commits stands.
func (s *Store) look(p *plan.Plan) (pr *prepared, stamp *change.Stamp, fresh bool) {
	s.mu.RLock()
	if pr = s.plans[p]; pr != nil && pr.reach.off == "" && !s.closed {
		stamp, fresh = s.feed.Fresh()
	}
	s.mu.RUnlock()
	if pr == nil {
		pr = s.learn(p)
	}
	return pr, stamp, fresh
}

// learn begins to know p.
func (s *Store) learn(p *plan.Plan) *prepared {
	fresh := &prepared{reach: derive(p)}
	fresh.rest.Store(int64(s.config.Rest))
	s.mu.Lock()
	defer s.mu.Unlock()
	if pr := s.plans[p]; pr != nil {
		return pr
	}
	if len(s.plans) >= plansMax {
		for old, pr := range s.plans { // any: its answers are found no more, and go when their room is wanted
			s.gone.hits += pr.hits.Load()
			s.gone.stale += pr.stale.Load()
			delete(s.plans, old)
			break
		}
	}
	s.ids++
	fresh.id = s.ids
	s.plans[p] = fresh
	return fresh
}

// resting says whether the plan's answers aren't kept for now, because they were invalidated more often than they were used.
func (s *Store) resting(pr *prepared) bool {
	until := pr.until.Load()
	if until == 0 {
		return false
	}
	if int64(time.Since(s.began)) < until {
		return true
	}
	pr.until.CompareAndSwap(until, 0)
	return false
}

// count notes that a kept answer was used, or found to be stale, and lets the plan rest after a trial that wasn't worth it.
func (s *Store) count(pr *prepared, hit bool) {
	half := uint32(1)
	if hit {
		pr.hits.Add(1)
	} else {
		pr.stale.Add(1)
		half = 1 << 16
	}
	n := pr.looked.Add(half)
	hits, stale := n&0xffff, n>>16
	if hits+stale < trial || !pr.looked.CompareAndSwap(n, 0) {
		return
	}
	if stale <= hits {
		pr.rest.Store(int64(s.config.Rest))
		return
	}
	if s.config.Rest > 0 {
		rest := pr.rest.Load()
		pr.until.Store(int64(time.Since(s.began)) + rest)
		pr.rest.Store(min(2*rest, int64(max(restMax, s.config.Rest))))
	}
}
