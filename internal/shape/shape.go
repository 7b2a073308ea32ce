// Package shape keeps what a process knows of each shape of query that it runs: how often it is asked, how long it takes,
// how many rows come back. A shape is a query without its values. The guard, the rehearsal and the operator's pages read it.
//
//	book := shape.NewBook(0)
//	p.Shape = book.Of(role, bytes, label)   // once, when the plan is made
//	p.Shape.Note(took, rows, err)           // after every run
//	for _, s := range book.All() { … }      // whoever looks
//
// Note is on the way of every request: it adds to a few counters and takes no lock.
package shape

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"
)

// ShapesMax is how many shapes a Book keeps where nothing else is said. What comes later shares one shape without a label.
const ShapesMax = 4096

// A Book holds the shapes of one process. It is safe for concurrent use.
type Book struct {
	max    int
	mu     sync.RWMutex
	shapes map[string]*Shape
	rest   *Shape
}

// NewBook makes a book of at most so many shapes; 0 means ShapesMax.
func NewBook(max int) *Book {
	if max <= 0 {
		max = ShapesMax
	}
	return &Book{max: max, shapes: map[string]*Shape{}, rest: &Shape{Label: "(others)"}}
}

// Of gives the shape of a role's query, which query.Parameterize wrote as bytes; it is made where it is new. The label is
// what a person reads of it, without any value.
func (b *Book) Of(role string, bytes []byte, label func() string) *Shape {
	h := sha256.New()
	h.Write(append([]byte(role), 0))
	h.Write(bytes)
	id := hex.EncodeToString(h.Sum(nil)[:6])
	b.mu.RLock()
	s, ok := b.shapes[id]
	full := len(b.shapes) >= b.max
	b.mu.RUnlock()
	if ok {
		return s
	}
	if full {
		return b.rest
	}
	s = &Shape{ID: id, Role: role, Label: label(), Since: time.Now()}
	b.mu.Lock()
	defer b.mu.Unlock()
	if old, ok := b.shapes[id]; ok {
		return old
	}
	b.shapes[id] = s
	return s
}

// All gives every shape, in no order.
func (b *Book) All() []*Shape {
	b.mu.RLock()
	defer b.mu.RUnlock()
	list := make([]*Shape, 0, len(b.shapes)+1)
	for _, s := range b.shapes {
		list = append(list, s)
	}
	if b.rest.Calls.Load() > 0 {
		list = append(list, b.rest)
	}
	return list
}

// A Shape is what is known of one shape of query.
type Shape struct {
	ID    string // the same in every process: 12 hex digits of a hash over role and shape; empty for those that found no room
	Role  string
	Label string // "SELECT order by customer_id, sorted by placed_at, with items"
	Since time.Time

	Calls  atomic.Int64 // that the node ran, cached answers among them
	Errors atomic.Int64 // of Calls, those that a fault of 500 and above ended
	Rows   atomic.Int64 // answered or written, by all calls
	Took   atomic.Int64 // nanoseconds in the store, by all calls
	times  Histogram
}

// Note counts one run.
func (s *Shape) Note(took time.Duration, rows int64, failed bool) {
	if s == nil {
		return
	}
	s.Calls.Add(1)
	s.Rows.Add(rows)
	s.Took.Add(int64(took))
	if failed {
		s.Errors.Add(1)
	}
	s.times.Add(took)
}

// Quantile is how long the fastest q of all calls took at most, 0 < q ≤ 1, within an eighth.
func (s *Shape) Quantile(q float64) time.Duration { return s.times.Quantile(q) }

// Times are all calls by how long they took.
func (s *Shape) Times() Counts { return s.times.Counts() }
