package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/query"
)

// Every connection has a memory of its own, which grows and never shrinks, and a reader that answers many bytes has as many
// in Go. A request that needs little is not to pay for one that needs much, nor the machine for many that do: a read
// begins in little room, and one that doesn't fit is done again in more, few at a time (Store.large). A connection that
// has grown is replaced when it is given back.
const (
	readHeap  = 20 << 20 // what SQLite may have for a read, beyond what the connection had when it was opened
	largeHeap = 64 << 20 // the same for a read that didn't fit
	writeHeap = 96 << 20 // and for writes, whose answer is sorted in memory
	readBody  = 8 << 20  // the answer of a read
	grownBy   = 28 << 20 // a connection that has grown by more is replaced
)

// errRoom: a read needs more than the room that it began with.
var errRoom = errors.New("sqlite: the read needs more memory")

// anyRoom is that of a connection that no request runs on.
var anyRoom = room{body: 64 << 20, most: 64 << 20}

// A room is what one request may take.
type room struct {
	heap int64 // bytes of SQLite's; 0 for as much as the driver gives, which is 256 MiB
	body int   // bytes of an answer, and of one embed, until more room is asked for
	most int   // bytes of an answer at most
}

// hold bounds the memory that the connection has from now on. Sorts and the page cache mind the soft limit: they go to files, and
// give back, before the hard one is met.
func (c *conn) hold(r room) {
	if r.heap != c.room.heap {
		c.HardHeapLimit(0) // it bounds the soft one too
		c.SoftHeapLimit(c.base + r.heap*5/8)
		c.HardHeapLimit(c.base + r.heap)
	}
	c.room = r
}

// size is the memory that the connection has taken from the system.
func (c *conn) size() int64 { return int64(len(*c.memory.Slice())) }

// grown says whether the connection holds on to much more than it needs.
func (c *conn) grown() bool { return c.size() > c.base+grownBy }

// measure finds the connection's memory, and how much of it a connection needs that has read the schema.
func (c *conn) measure() error {
	if err := c.Exec("SELECT 1 FROM sqlite_schema LIMIT 1"); err != nil {
		return err
	}
	//lint:ignore SA1019 the method that replaces it wants Go 1.27
	err := sqlite3.ExtensionInit(c.Conn, func(m memory) probe { c.memory = m; return probe{} }, noMemory)
	if err != nil {
		return fmt.Errorf("find the memory: %w", err)
	}
	c.base = c.size()
	return nil
}

// memory is what the driver gives an extension of itself: SQLite's whole memory as it is at the moment.
type memory interface{ Slice() *[]byte }

// A probe is an SQLite extension that does nothing.
type probe struct{}

// Xsqlite3_extension_init is where SQLite would let an extension begin.
func (probe) Xsqlite3_extension_init(_, _, _ int32) int32 { return 0 }

func noMemory() (size, align, table, tableAlign int64) { return 0, 1, 0, 1 }

// fits says whether an answer under way still fits: errRoom where more room would do, a fault where it is too large at all.
func (c *conn) fits(bytes int) error {
	switch {
	case bytes >= c.room.most: // the bracket at its end counts too
		return tooLarge(c.room.most)
	case bytes > c.room.body:
		return errRoom
	}
	return nil
}

// roomy runs a read in little room, and where that doesn't do, in more.
func (s *Store) roomy(ctx context.Context, l *litesql.Plan, p *plan.Plan, args query.Args) (store.Result, error) {
	res, err := s.readIn(ctx, l, p, args, room{readHeap, min(readBody, s.config.AnswerBytes), s.config.AnswerBytes})
	if !errors.Is(err, errRoom) {
		return res, err
	}
	t := time.NewTimer(poolWait)
	defer t.Stop()
	select {
	case s.large <- struct{}{}:
		defer func() { <-s.large }()
	case <-ctx.Done():
		return store.Result{}, canceled(ctx)
	case <-t.C:
		return store.Result{}, fault.New(fault.PoolTimeout, "Timed out waiting for other large answers.").
			WithHint("Ask for fewer rows with limit, or for fewer columns with select.")
	}
	res, err = s.readIn(ctx, l, p, args, room{largeHeap, s.config.AnswerBytes, s.config.AnswerBytes})
	if errors.Is(err, errRoom) {
		return store.Result{}, noRoom(err)
	}
	return res, err
}

// noRoom words that a request needs more memory than any may have.
func noRoom(err error) error {
	return fault.New(fault.AnswerTooLarge, "the answer needs more memory than one request has").
		WithHint("Ask for fewer rows with limit, or for fewer columns with select.").WithCause(err)
}
