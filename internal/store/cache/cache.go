// Package cache is a Store around a Store that keeps finished answers and never gives out a stale one: on SQLite a cached
// read is linearizable, whoever wrote. docs/cache.md says what that means and why it holds.
//
//	st := cache.Wrap(inner, cache.Config{})
//	res, err := st.Read(ctx, p, args)
//
// Reading the source: Read looks for an entry and holds it against the order of commits (package change); derive.go says what a
// plan's answer depends on, tags.go which versions stand for that and how a commit raises them, canonical.go when two
// values are one to the database.
package cache

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/pintail-dev/pintail/internal/change"
	"github.com/pintail-dev/pintail/internal/change/mutant"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// Config says how much is kept. The zero value of every field is a default.
type Config struct {
	Bytes int64         // of all entries; default 64 MiB
	Rest  time.Duration // how long answers of a plan that is invalidated more than it hits aren't kept, doubled each time; default 1 s, negative never
}

func (c Config) withDefaults() Config {
	if c.Bytes == 0 {
		c.Bytes = 64 << 20
	}
	if c.Rest == 0 {
		c.Rest = time.Second
	}
	return c
}

// shareMax is the part of all bytes that one entry may take.
const shareMax = 16

// entryBytes is what an entry takes besides itself: its node, its place in the table, what the allocator rounds up, its part of what tells
// which are asked for often. BenchmarkHit measures it.
const entryBytes = 120

// A Source is a Store whose commits can be followed.
type Source interface {
	store.Store
	Feed() *change.Feed // nil where they can't after all
}

// A Store answers from memory what it was asked before and what no commit has touched since. It is safe for concurrent use.
type Store struct {
	inner   store.Store
	config  Config
	feed    *change.Feed
	tags    *tags
	seed    maphash.Seed
	entries *otter.Cache[uint64, entry] // by the hash of their keys: two that share one replace each other
	flights flights
	keys    sync.Pool // *[]byte
	began   time.Time

	mu     sync.RWMutex
	closed bool // the feed may not be asked any more whether it is fresh
	plans  map[*plan.Plan]*prepared
	ids    uint64
	gone   struct{ hits, stale uint64 } // of plans that nothing is known of any more

	misses, joined, doubts, passed, evicted atomic.Uint64
}

var (
	_ store.Store     = (*Store)(nil)
	_ store.Explainer = (*Store)(nil)
)

// Wrap puts a cache around a store. Around one whose commits can't be followed it puts none: it gives back the store itself.
func Wrap(inner store.Store, config Config) store.Store {
	source, ok := inner.(Source)
	if !ok || source.Feed() == nil {
		return inner
	}
	s := &Store{inner: inner, config: config.withDefaults(), feed: source.Feed(), plans: map[*plan.Plan]*prepared{}, began: time.Now(), seed: maphash.MakeSeed()}
	s.tags = newTags(s.feed, s.config.Bytes)
	s.flights.all = map[string]*flight{}
	s.keys.New = func() any { return new([]byte) }
	s.entries = otter.Must(&otter.Options[uint64, entry]{
		MaximumWeight: uint64(s.config.Bytes),
		Weigher:       weigh,
		Executor:      func(f func()) { f() }, // no goroutine that somebody would have to wait for
		OnAtomicDeletion: func(e otter.DeletionEvent[uint64, entry]) {
			if e.WasEvicted() {
				s.evicted.Add(1)
			}
		},
	})
	s.feed.Listen(s.tags)
	return s
}

func weigh(_ uint64, e entry) uint32 { return uint32(min(len(e)+entryBytes, 1<<31)) }

// hash is what entries are found by.
func (s *Store) hash(key []byte) uint64 { return maphash.Bytes(s.seed, key) }

// Read answers from memory where that is as good as asking the database at some moment during the call.
func (s *Store) Read(ctx context.Context, p *plan.Plan, args query.Args) (store.Result, error) {
	pr, stamp, fresh := s.look(p) // fresh before the entry's versions are looked at
	zone := store.Zone(ctx)
	if pr.reach.off != "" || s.resting(pr) || pr.reach.clocked(args, zone) {
		s.passed.Add(1)
		return s.inner.Read(ctx, p, args)
	}
	buf := s.keys.Get().(*[]byte)
	defer s.keys.Put(buf)
	*buf = appendKey((*buf)[:0], pr.id, zone, args)

	hash := s.hash(*buf)
	if e, ok := s.entries.GetIfPresent(hash); ok && fresh && e.is(*buf) {
		valid := e.valid(s.tags, stamp.Epoch)
		s.count(pr, valid)
		if valid {
			return e.result(), nil
		}
	}
	key := string(*buf)
	if !fresh {
		s.doubts.Add(1)
	} else if f := s.flights.join(s.tags, key, stamp.Epoch); f != nil {
		if f.wait(ctx) {
			s.joined.Add(1)
			return f.result, nil
		}
		return s.inner.Read(ctx, p, args) // whoever led may have been cancelled
	}
	s.misses.Add(1)
	return s.fill(ctx, pr, p, args, key, hash)
}

// fill asks the database, and keeps the answer with the moment before the question.
func (s *Store) fill(ctx context.Context, pr *prepared, p *plan.Plan, args query.Args, key string, hash uint64) (store.Result, error) {
	catalog := s.feed.Catalog()
	needs, since, ok := s.tags.needs(&pr.reach, catalog, args)
	stamp := s.feed.Stamp() // after the needs are known to whoever commits, and before the question
	if !ok || stamp == nil || since > stamp.Seq || catalog != s.feed.Catalog() {
		return s.inner.Read(ctx, p, args)
	}
	f := &flight{footing: footing{epoch: stamp.Epoch, seq: stamp.Seq, needs: needs}, done: make(chan struct{}), err: errNothing}
	s.flights.begin(key, f)
	defer s.flights.end(key, f)
	f.result, f.err = s.inner.Read(ctx, p, args)
	if f.err != nil {
		return store.Result{}, f.err
	}
	clip(&f.result)
	at := f.footing
	if mutant.Is(mutant.FillSeqAfterQuery) {
		mutant.Pause(mutant.FillSeqAfterQuery)
		if now := s.feed.Stamp(); now != nil {
			at.epoch, at.seq = now.Epoch, now.Seq
		}
	}
	if now := s.feed.Stamp(); now != nil && at.valid(s.tags, now.Epoch) {
		if e, ok := newEntry(key, &at, &f.result); ok && int64(weigh(hash, e)) <= s.config.Bytes/shareMax {
			s.entries.Set(hash, e)
		}
	}
	return f.result, nil
}

// clip takes the room behind an answer away: of those who share it, nobody can write there.
func clip(r *store.Result) {
	r.Body = slices.Clip(r.Body)
	for i := range r.Steps {
		clip(&r.Steps[i])
	}
}

// errNothing is what a flight has brought that didn't end.
var errNothing = errors.New("cache: the question was never answered")

// Write passes a transaction on. What it commits is heard of by the feed.
func (s *Store) Write(ctx context.Context, tx store.Tx) (store.Result, error) {
	return s.inner.Write(ctx, tx)
}

// Explain tells how the database would answer.
func (s *Store) Explain(ctx context.Context, p *plan.Plan, args query.Args, o store.ExplainOptions) ([]byte, error) {
	e, ok := s.inner.(store.Explainer)
	if !ok {
		return nil, errors.New("cache: the store doesn't explain itself")
	}
	return e.Explain(ctx, p, args, o)
}

// Ready asks the database.
func (s *Store) Ready(ctx context.Context) error { return s.inner.Ready(ctx) }

// Close closes the store within.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	err := s.inner.Close()
	s.entries.InvalidateAll()
	return err
}

// Stats are what became of reads since the start.
type Stats struct {
	Hits        uint64 // answered from memory
	Misses      uint64 // asked of the database, and kept where they could be
	Invalidated uint64 // of the misses, those for which there was an answer that a commit had touched
	Joined      uint64 // answered with somebody else's answer, which was on its way
	Doubts      uint64 // of the misses, those because a commit had just come that nobody knew yet
	Passed      uint64 // never looked for: calls, views, estimates, tables with @cache(off: true), plans that rest
	Evicted     uint64 // entries that went to make room
	Epochs      uint64 // that began: each where another process had committed, or DDL was run; the first one at the start
	Entries     int
	Bytes       uint64
}

// Stats gives them.
func (s *Store) Stats() Stats {
	out := Stats{
		Misses: s.misses.Load(), Joined: s.joined.Load(), Doubts: s.doubts.Load(), Passed: s.passed.Load(), Evicted: s.evicted.Load(),
		Entries: s.entries.EstimatedSize(), Bytes: s.entries.WeightedSize(),
	}
	if stamp := s.feed.Stamp(); stamp != nil {
		out.Epochs = stamp.Epoch
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	out.Hits, out.Invalidated = s.gone.hits, s.gone.stale
	for _, pr := range s.plans {
		out.Hits += pr.hits.Load()
		out.Invalidated += pr.stale.Load()
	}
	return out
}
