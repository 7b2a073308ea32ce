package plan

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// A Cache keeps plans by schema version, role and shape, up to a number of bytes. It is safe for concurrent use; a hit
// takes a read lock and allocates nothing. What wasn't asked for lately goes first.
type Cache struct {
	seed  maphash.Seed
	bytes int // the bound

	mu    sync.RWMutex
	plans map[uint64]*entry // by hash of the key; entries of one hash are chained
	ring  []*entry          // in the order of the clock's hand
	hand  int
	used  int // bytes

	hits, misses atomic.Uint64
}

// An entry is one plan under its whole key, since hashes may collide.
type entry struct {
	hash          uint64
	version, role string
	shape         string
	plan          *Plan
	bytes         int
	next          *entry
	lately        atomic.Bool // asked for since the hand passed
}

// NewCache makes a cache of at most so many bytes, by estimate.
func NewCache(bytes int) *Cache {
	return &Cache{seed: maphash.MakeSeed(), bytes: bytes, plans: map[uint64]*entry{}}
}

// Get gives the plan of a shape, if it is there. It doesn't keep shape.
func (c *Cache) Get(version, role string, shape []byte) (*Plan, bool) {
	h := c.hash(version, role, shape)
	c.mu.RLock()
	for e := c.plans[h]; e != nil; e = e.next {
		if e.version == version && e.role == role && e.shape == string(shape) {
			p := e.plan
			if !e.lately.Load() {
				e.lately.Store(true)
			}
			c.mu.RUnlock()
			c.hits.Add(1)
			return p, true
		}
	}
	c.mu.RUnlock()
	c.misses.Add(1)
	return nil, false
}

// Put keeps a plan, in place of one under the same key, and lets others go where there is no room. A plan that alone is
// larger than an eighth of the cache is not kept: it would cost too many others.
func (c *Cache) Put(version, role string, shape []byte, p *Plan) {
	e := &entry{hash: c.hash(version, role, shape), version: version, role: role, shape: string(shape), plan: p}
	e.bytes = len(shape) + len(version) + len(role) + weigh(p)
	if e.bytes > c.bytes/8 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for o := c.plans[e.hash]; o != nil; o = o.next {
		if o.version == version && o.role == role && o.shape == e.shape {
			c.used += e.bytes - o.bytes
			o.plan, o.bytes = p, e.bytes
			c.shrink()
			return
		}
	}
	e.next = c.plans[e.hash]
	c.plans[e.hash] = e
	c.ring = append(c.ring, e)
	c.used += e.bytes
	c.shrink()
}

// Stats gives hits and misses since the start, and the bytes in use.
func (c *Cache) Stats() (hits, misses uint64, bytes int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.hits.Load(), c.misses.Load(), c.used
}

// shrink moves the clock's hand until everything fits: what was asked for since it last passed stays another round.
func (c *Cache) shrink() {
	for c.used > c.bytes && len(c.ring) > 0 {
		if c.hand >= len(c.ring) {
			c.hand = 0
		}
		e := c.ring[c.hand]
		if e.lately.Swap(false) {
			c.hand++
			continue
		}
		last := len(c.ring) - 1
		c.ring[c.hand], c.ring[last] = c.ring[last], nil
		c.ring = c.ring[:last]
		c.remove(e)
	}
}

func (c *Cache) remove(e *entry) {
	c.used -= e.bytes
	if c.plans[e.hash] == e {
		if e.next == nil {
			delete(c.plans, e.hash)
		} else {
			c.plans[e.hash] = e.next
		}
		return
	}
	for o := c.plans[e.hash]; o != nil; o = o.next {
		if o.next == e {
			o.next = e.next
			return
		}
	}
}

func (c *Cache) hash(version, role string, shape []byte) uint64 {
	h := maphash.Bytes(c.seed, shape)
	h = h*31 + maphash.String(c.seed, role)
	return h*31 + maphash.String(c.seed, version)
}

// weigh estimates a plan's bytes in memory, with the SQL that stores keep beside it.
func weigh(p *Plan) int {
	const base, each = 2048, 320
	n := len(p.Params) + len(p.Facts.Columns) + len(p.Facts.Reads) + len(p.Facts.Bound)
	Walk(p, func(node any) {
		switch node := node.(type) {
		case *Write:
			n += len(node.Columns)
		case Occurrence:
			n += 2 + len(node.Order)
		case *Output, Expr:
			n++
		}
	})
	return base + each*n
}
