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
	path, vfs string

	mu    sync.Mutex
	c     *conn
	names *objectNames // as last read
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

func (b *Beside) open() (err error) {
	b.c, err = open(b.path, sqlite3.OPEN_READWRITE, b.vfs)
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
	if b.c == nil {
		return errors.New("sqlite: the connection is closed")
	}
	if b.c.broken { // by a panic: nobody knows what state it is in
		b.c.abandon()
		if err := b.open(); err != nil {
			b.c = nil
			return err
		}
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

// Close closes the connection.
func (b *Beside) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.c == nil {
		return nil
	}
	c := b.c
	b.c = nil
	return c.close()
}
