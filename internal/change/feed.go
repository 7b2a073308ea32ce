package change

import (
	"sync/atomic"

	"github.com/pintail-dev/pintail/internal/change/mutant"
)

// A header is the 48 bytes of the WAL-index header: a counter of commits, the length of the log, its salts and checksums. Two
// states of a database never share one.
type header [6]uint64

// A State is a database as its last commit left it, whoever made that. States of one database are the same only where no commit
// lies between them.
type State struct{ header header }

// A Stamp says where the order of commits stands.
type Stamp struct {
	Epoch  uint64 // a new one begins where commits weren't recorded: by another process, or by DDL
	Seq    uint64 // of the last recorded commit
	header header
}

// A Feed is where readers learn how far the order has come. It is safe for concurrent use.
type Feed struct {
	index    *index
	now      atomic.Pointer[Stamp] // nil while nobody knows
	pending  atomic.Uint64         // the sequence that a commit under way will have, or the last one's
	catalog  atomic.Pointer[Catalog]
	listener atomic.Pointer[Listener]
	wishes   chan struct{}
}

// NewFeed maps the WAL-index at path, which a connection must hold open until Close. Without one (an error) there is no feed.
func NewFeed(path string) (*Feed, error) {
	x, err := mapIndex(path)
	if err != nil {
		return nil, err
	}
	return &Feed{index: x, wishes: make(chan struct{}, 1)}, nil
}

// Listen names the one listener. Until somebody listens nothing is recorded.
func (f *Feed) Listen(l Listener) {
	f.listener.Store(&l)
	f.wish()
}

func (f *Feed) listening() Listener {
	if l := f.listener.Load(); l != nil {
		return *l
	}
	return nil
}

// Stamp is where the order stands as far as is known; nil for not at all. What is read from the database after this call
// has seen every commit up to it.
func (f *Feed) Stamp() *Stamp { return f.now.Load() }

// Fresh is Stamp, and whether at this moment no process had committed anything after it. Where one has, the writer is asked to
// look. Versions that a Listener keeps must be looked at after this call.
func (f *Feed) Fresh() (*Stamp, bool) {
	s := f.now.Load()
	if s == nil {
		f.wish()
		return nil, false
	}
	if mutant.Is(mutant.ForeignCheckLeft) {
		return s, true
	}
	if f.index.header() != s.header {
		f.wish()
		return s, false
	}
	return s, true
}

// State is the database's at this moment. It costs six loads from memory, and no lock.
func (f *Feed) State() State { return State{f.index.header()} }

// Pending is the sequence of the commit that is under way, or of the last one. A listener that is asked for tags which it
// didn't know of before can be sure that they are raised by commits after this one.
func (f *Feed) Pending() uint64 { return f.pending.Load() }

// Catalog is the tables of the file, at the schema version of the stamp or a later one; nil while nobody knows.
func (f *Feed) Catalog() *Catalog { return f.catalog.Load() }

// Wishes is where the writer hears that somebody wants it to Sync.
func (f *Feed) Wishes() <-chan struct{} { return f.wishes }

func (f *Feed) wish() {
	select {
	case f.wishes <- struct{}{}:
	default:
	}
}

// Close unmaps the index. Nobody may use the feed any more, and the database must still be open.
func (f *Feed) Close() error {
	f.now.Store(nil)
	return f.index.close()
}
