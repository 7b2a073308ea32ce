package sqlite

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/query"
)

// A Beside is a connection beside those that serve requests, for whoever watches over the file. It can run the SQL of plans, since
// it has Pintail's functions. It is safe for concurrent use; one caller at a time has the connection.
type Beside struct {
	path, vfs string // path is empty for a database in memory

	mu     sync.Mutex
	c      *conn // nil where it couldn't be opened again
	closed bool
	names  *objectNames // as last read
}

// OpenBeside opens one on a database file that is there.
func OpenBeside(path, vfs string) (*Beside, error) {
	b := &Beside{path: path, vfs: vfs}
	return b, b.open()
}

// NewBeside makes an empty database in memory.
func NewBeside() (*Beside, error) {
	c, err := open(":memory:", sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE|sqlite3.OPEN_MEMORY, "")
	if err != nil {
		return nil, err
	}
	return &Beside{c: c}, nil
}

func (b *Beside) open() error {
	c, err := open(b.path, sqlite3.OPEN_READWRITE, b.vfs)
	if err == nil {
		b.c = c
	}
	return err
}

// Do runs f with the connection, for at most so long and while ctx lasts. What f leaves open is rolled back.
func (b *Beside) Do(ctx context.Context, most time.Duration, f func(*sqlite3.Conn) error) error {
	return b.do(ctx, most, func(c *conn) error { return f(c.Conn) })
}

// Accesses says how SQLite would run a plan with these arguments.
func (b *Beside) Accesses(ctx context.Context, p *plan.Plan, args query.Args) (a Access, err error) {
	l, err := litesql.Compile(p)
	if err != nil {
		return a, err
	}
	err = b.do(ctx, time.Second, func(c *conn) (err error) {
		if b.names, err = c.objects(b.names); err != nil {
			return err
		}
		a, err = c.accesses(l, p, args, b.names)
		return err
	})
	return a, err
}

func (b *Beside) do(ctx context.Context, most time.Duration, f func(*conn) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.whole(); err != nil {
		return err
	}
	if err := b.c.begin(ctx, most); err != nil {
		return err
	}
	err := b.c.safely(func() error { return f(b.c) })
	b.c.rollback()
	if err != nil && errors.Is(err, sqlite3.INTERRUPT) && ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	return err
}

// whole opens the connection again where a panic broke it: nobody knows what state it is in.
func (b *Beside) whole() error {
	switch {
	case b.closed:
		return errors.New("sqlite: the connection is closed")
	case b.c != nil && !b.c.broken:
		return nil
	case b.path == "":
		return errors.New("sqlite: a panic broke the connection to a database in memory, which is gone with it")
	case b.c != nil:
		b.c.abandon()
		b.c = nil
	}
	return b.open()
}

// Broken says that a database in memory is of no use any more: what was in it went with a connection that a panic broke.
func (b *Beside) Broken() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.path == "" && b.c != nil && b.c.broken
}

// Close closes the connection.
func (b *Beside) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.c
	b.c, b.closed = nil, true
	if c == nil {
		return nil
	}
	return c.safely(c.close)
}
