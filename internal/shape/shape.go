// Package shape keeps what a process knows of each shape of query that it runs: how often it is asked, how long it takes,
// how many rows come back, and with which arguments. A shape is a query without its values. The guard, the rehearsal and the
// operator's pages read it.
//
//	book := shape.NewBook(0)
//	p.Shape = book.Of(role, bytes, about)         // once, when the plan is made
//	p.Shape.Note(args, took, rows, failed)        // after every run
//	for _, s := range book.All() { … }            // whoever looks
//
// Note is on the way of every request: it adds to a few counters and waits for nobody. Of the arguments it looks at one call in
// 32, once a shape was called 256 times. Values themselves are kept only as a few examples, in memory and bounded.
package shape

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pintail-dev/pintail/query"
)

// ShapesMax is how many shapes a Book keeps where nothing else is said. What comes later shares one shape without a label.
const ShapesMax = 4096

// TemplatesBytesMax is what the templates of all shapes of a Book may take, in bytes. Shapes that come when it is used up have
// none: they are counted, and can't be rehearsed.
const TemplatesBytesMax = 16 << 20

// A Book holds the shapes of one process. It is safe for concurrent use.
type Book struct {
	max    int
	mu     sync.RWMutex
	shapes map[string]*Shape
	rest   *Shape

	templates int          // bytes
	seed      maphash.Seed // of hashes over arguments, which mean nothing outside of this book
	sketches  budget
}

// An About is what is known of a shape before it is run.
type About struct {
	Label  string
	Query  []byte // query.Encode; nil where that refuses it, or where the templates of all shapes take too much
	Kinds  []Kind // of the arguments, by place
	Opaque bool   // a function runs, of which nobody knows what it reads and writes
}

// NewBook makes a book of at most so many shapes; 0 means ShapesMax.
func NewBook(max int) *Book {
	if max <= 0 {
		max = ShapesMax
	}
	return &Book{max: max, shapes: map[string]*Shape{}, rest: &Shape{About: About{Label: "(others)"}}, seed: maphash.MakeSeed()}
}

// Of gives the shape of a role's query, which query.Parameterize wrote as bytes; it is made where it is new.
func (b *Book) Of(role string, bytes []byte, about func() About) *Shape {
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
	s = &Shape{ID: id, Role: role, About: about(), Since: time.Now(), book: b}
	b.mu.Lock()
	defer b.mu.Unlock()
	if old, ok := b.shapes[id]; ok {
		return old
	}
	if len(b.shapes) >= b.max {
		return b.rest
	}
	if b.templates += len(s.Query); b.templates > TemplatesBytesMax {
		b.templates -= len(s.Query)
		s.Query = nil
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
	ID   string // the same in every process: 12 hex digits of a hash over role and shape; empty for those that found no room
	Role string
	About
	Since time.Time

	Calls  atomic.Int64 // that the node ran, cached answers among them
	Errors atomic.Int64 // of Calls, those that a fault of 500 and above ended
	Rows   atomic.Int64 // answered or written, by all calls
	Took   atomic.Int64 // nanoseconds in the store, by all calls
	times  Histogram
	sketch sketch
	book   *Book // nil of the shape that others share
}

// Note counts one run with args, which it doesn't keep; failed says that a fault of 500 and above ended it.
func (s *Shape) Note(args query.Args, took time.Duration, rows int64, failed bool) {
	if s == nil {
		return
	}
	calls := s.Calls.Add(1)
	s.Rows.Add(rows)
	s.Took.Add(int64(took))
	if failed {
		s.Errors.Add(1)
	}
	s.times.Add(took)
	s.look(args, calls)
}

// Quantile is how long the fastest q of all calls took at most, 0 < q ≤ 1, within an eighth.
func (s *Shape) Quantile(q float64) time.Duration { return s.times.Quantile(q) }

// Times are all calls by how long they took.
func (s *Shape) Times() Counts { return s.times.Counts() }
