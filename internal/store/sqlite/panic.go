package sqlite

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/ncruces/go-sqlite3"
)

// outOfMemory is what the driver panics with when SQLite gets no more memory (conn.hold). It doesn't export the error.
const outOfMemory = "sqlite3: out of memory"

// panicked words what was recovered: a request that wants more memory than there is, or a mistake of ours.
func panicked(p any) error {
	if err, ok := p.(error); ok && err.Error() == outOfMemory {
		return fmt.Errorf("%w: %w", errRoom, err)
	}
	return fmt.Errorf("panic: %v\n%s", p, debug.Stack())
}

// safely runs f, and makes an error of a panic. After one nobody knows what state the connection is in: it is broken, and
// whoever holds it takes a new one in its place.
func (c *conn) safely(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.broken = true
			c.raised = nil
			err = panicked(p)
		}
	}()
	return f()
}

// caught, deferred by a function that SQLite calls, ends the statement with an error where the function panics: SQLite's
// own frames are never unwound. TOOBIG is an error that SQLite needs no memory for.
func (c *conn) caught(x sqlite3.Context) {
	if p := recover(); p != nil {
		c.broken = true
		c.raised = panicked(p)
		x.ResultError(sqlite3.TOOBIG)
	}
}

// scalar is fn, made safe.
func (c *conn) scalar(fn sqlite3.ScalarFunction) sqlite3.ScalarFunction {
	return func(x sqlite3.Context, v ...sqlite3.Value) {
		defer c.caught(x)
		fn(x, v...)
	}
}

// A safeAggregate is an aggregate, made safe.
type safeAggregate struct {
	c  *conn
	of sqlite3.AggregateFunction
}

// Step adds a row.
func (a safeAggregate) Step(x sqlite3.Context, v ...sqlite3.Value) {
	defer a.c.caught(x)
	a.of.Step(x, v...)
}

// Value gives what the rows add up to.
func (a safeAggregate) Value(x sqlite3.Context) {
	defer a.c.caught(x)
	a.of.Value(x)
}

// reader opens a connection that reads.
func (s *Store) reader() (*conn, error) {
	if err := s.place.check(); err != nil { // the others read the file that was moved
		return nil, err
	}
	// Read-only by query_only rather than by OPEN_READONLY: a read-only handle can't recover the log that a crash left.
	c, err := open(s.config.Path, sqlite3.OPEN_READWRITE, s.config.VFS)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(c.Exec("PRAGMA query_only = ON; PRAGMA temp_store = FILE"), c.measure()); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// mend puts a new reader in the place of a broken or grown one, whose memory it gives back. Where that fails the old one stays.
func (s *Store) mend(c *conn) (*conn, error) {
	fresh, err := s.reader()
	if err != nil {
		return c, err
	}
	c.abandon()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.all {
		if s.all[i] == c {
			s.all[i] = fresh
		}
	}
	return fresh, nil
}

// mend is the same for the connection that writes. The broken one goes first: it may hold the lock.
func (w *writer) mend() error {
	if !w.c.broken && !w.c.grown() {
		return nil
	}
	_ = w.c.safely(func() error { w.record.Detach(); return nil })
	w.c.broken = true // until there is another
	w.c.abandon()
	fresh, err := w.s.writing(sqlite3.OPEN_READWRITE)
	if err != nil {
		return err
	}
	w.c = fresh
	w.recorded(func() { w.record.Attach(fresh.Conn) })
	return nil
}

// writing opens the connection that writes.
func (s *Store) writing(flags sqlite3.OpenFlag) (*conn, error) {
	if err := s.place.check(); err != nil {
		return nil, err
	}
	c, err := open(s.config.Path, flags, s.config.VFS)
	if err != nil {
		return nil, err
	}
	if err := c.measure(); err != nil {
		return nil, errors.Join(err, c.close())
	}
	c.hold(room{writeHeap, s.config.AnswerBytes, s.config.AnswerBytes})
	return c, nil
}

// abandon closes a broken connection as well as can be; what it had begun is rolled back.
func (c *conn) abandon() {
	_ = c.safely(func() error { return c.close() }) // it is out of use, whatever it says
	c.stmts = map[any]*stmt{}
}
