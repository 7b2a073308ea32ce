package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
)

// stmtsMax bounds the prepared statements that one connection keeps.
const stmtsMax = 256

// A conn is a connection with what is kept for it.
type conn struct {
	*sqlite3.Conn
	stmts map[any]*stmt // by *litesql.Query, or by the text of a statement that isn't a query
	uses  uint64
	limit limit
	zone  *time.Location  // of timestamptz values in this request's answer
	vals  []sqlite3.Value // scratch: one row
	buf   []byte          // scratch: one JSON value

	memory memory // SQLite's, measured
	base   int64  // bytes of it when the connection was opened
	room   room

	waits  bool  // the request has left a deferred foreign key unsatisfied
	defers bool  // in this transaction, foreign keys wait for the request's end
	raised error // the fault that a function of ours ended a statement with
	broken bool  // a panic left it in no known state: it is replaced before it is used again
}

// A stmt is a prepared statement.
type stmt struct {
	*sqlite3.Stmt
	used uint64
}

// A limit is a request's context with a deadline of the statement's own. It needs no timer: SQLite asks it every 1,000 steps.
type limit struct {
	context.Context
	deadline time.Time
	asked    uint32
	expired  bool
}

// Err is asked before every row and by the progress handler; the clock is read every eighth time.
func (l *limit) Err() error {
	if err := l.Context.Err(); err != nil {
		return err
	}
	if l.asked++; l.asked%8 == 0 && !l.expired {
		l.expired = time.Now().After(l.deadline)
	}
	if l.expired {
		return context.DeadlineExceeded
	}
	return nil
}

// begin says for which request the connection runs from now on, and for how long at most.
func (c *conn) begin(ctx context.Context, d time.Duration) error {
	c.zone = time.UTC
	if z := store.Zone(ctx); z != "" {
		loc, err := time.LoadLocation(z)
		if err != nil {
			return fault.Newf(fault.InvalidParameter, `invalid value for parameter "TimeZone": "%s"`, z).WithCause(err)
		}
		c.zone = loc
	}
	c.waits = false
	c.limit = limit{Context: ctx, deadline: time.Now().Add(d)}
	c.SetInterrupt(&c.limit)
	return nil
}

// end makes the connection deaf to the request's context.
func (c *conn) end() { c.SetInterrupt(context.Background()) }

// query gives the prepared statement of q, with its constant pointers bound.
func (c *conn) query(q *litesql.Query) (*stmt, error) {
	if s := c.stmts[q]; s != nil {
		return c.use(s), nil
	}
	s, err := c.prepare(q, q.SQL)
	if err != nil {
		return nil, err
	}
	for i := range q.Binds {
		if b := &q.Binds[i]; b.As == litesql.Spec {
			if err := s.BindPointer(i+1, b.Spec); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// text gives the prepared statement of a text.
func (c *conn) text(sql string) (*stmt, error) {
	if s := c.stmts[sql]; s != nil {
		return c.use(s), nil
	}
	return c.prepare(sql, sql)
}

func (c *conn) use(s *stmt) *stmt {
	c.uses++
	s.used = c.uses
	return s
}

// prepare compiles and keeps a statement, in place of the least used one where there are too many.
func (c *conn) prepare(key any, sql string) (*stmt, error) {
	if len(c.stmts) >= stmtsMax {
		var oldest any
		least := ^uint64(0)
		for k, s := range c.stmts {
			if s.used < least && !s.Busy() {
				oldest, least = k, s.used
			}
		}
		if s := c.stmts[oldest]; s != nil {
			s.Close()
			delete(c.stmts, oldest)
		}
	}
	s, tail, err := c.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", sql, err)
	}
	if s == nil || len(tail) > 0 {
		s.Close()
		return nil, fmt.Errorf("prepare %q: not one statement", sql)
	}
	kept := &stmt{Stmt: s}
	c.stmts[key] = kept
	return c.use(kept), nil
}

// exec runs a statement without parameters or rows.
func (c *conn) exec(sql string) error {
	s, err := c.text(sql)
	if err != nil {
		return err
	}
	return s.Exec()
}

// close finalizes everything.
func (c *conn) close() error {
	for k, s := range c.stmts {
		s.Close()
		delete(c.stmts, k)
	}
	return c.Conn.Close()
}
