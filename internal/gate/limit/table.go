package limit

import (
	"sync"
)

const (
	shards = 256
	// slotsMin and slotsMax are of one shard: together 32 KiB and 32 MiB, which remember a million clients at once.
	slotsMin = 8
	slotsMax = 8 << 10
	// probesMax is how many slots a client may lie in from its first one on.
	probesMax = 32
)

// A table remembers for each client the moment at which its whole burst will be there again, its theoretical arrival time. A
// client whose moment has passed is like one that never came, so that nobody has to be swept out. It grows with those who
// come, up to its bound; past that the client is forgotten, of those in the way, who has the least to be forgotten. A key is never 0.
type table struct {
	shards [shards]shard
}

type shard struct {
	mu    sync.Mutex
	slots []slot
	lost  uint64 // clients that went before their moment
	_     [24]byte
}

// A slot is one client, by a hash of 64 bits that nobody outside can aim at.
type slot struct {
	key  uint64 // 0: none yet
	full int64  // nanoseconds since the limiter began
}

// take charges cost nanoseconds to a client that may run burst nanoseconds ahead. Where that is too much it charges nothing, and wait
// says when it won't be. left is what of the burst is left.
func (t *table) take(key uint64, now, cost, burst int64) (left, wait int64) {
	s := &t.shards[key%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.find(key, now)
	from := max(at.full, now)
	if over := from + cost - burst - now; over > 0 {
		return max(0, burst-(from-now)), over
	}
	at.full = from + cost
	return burst - (at.full - now), 0
}

// find gives a client's slot, a new one for a new client.
func (s *shard) find(key uint64, now int64) *slot {
	for {
		if at := s.look(key, now); at != nil {
			return at
		}
		if len(s.slots) == slotsMax {
			return s.evict(key)
		}
		s.grow(now)
	}
}

// look gives the slot that key has, or may have; nil where all in reach are others'.
func (s *shard) look(key uint64, now int64) *slot {
	var free *slot
	for i := range min(probesMax, len(s.slots)) {
		at := s.at(key, i)
		switch {
		case at.key == key:
			return at
		case at.key == 0:
			if free == nil {
				free = at
			}
			*free = slot{key: key}
			return free
		case free == nil && at.full <= now:
			free = at
		}
	}
	if free != nil {
		*free = slot{key: key}
	}
	return free
}

// at gives the i-th slot in reach of a key. The number of slots is a power of two.
func (s *shard) at(key uint64, i int) *slot {
	return &s.slots[(int(key/shards)+i)&(len(s.slots)-1)]
}

// evict takes the slot of the client in reach that has used least.
func (s *shard) evict(key uint64) *slot {
	least := s.at(key, 0)
	for i := 1; i < probesMax; i++ {
		if at := s.at(key, i); at.full < least.full {
			least = at
		}
	}
	s.lost++
	*least = slot{key: key}
	return least
}

// grow makes room for twice as many.
func (s *shard) grow(now int64) {
	old := s.slots
	s.slots = make([]slot, max(slotsMin, 2*len(old)))
	for _, o := range old {
		if o.key == 0 || o.full <= now {
			continue
		}
		to := s.look(o.key, now)
		if to == nil {
			to = s.evict(o.key)
		}
		to.full = o.full
	}
}

// count gives how many clients are remembered, and how many were forgotten before their time.
func (t *table) count(now int64) (live int, lost uint64) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		for _, at := range s.slots {
			if at.key != 0 && at.full > now {
				live++
			}
		}
		lost += s.lost
		s.mu.Unlock()
	}
	return live, lost
}
