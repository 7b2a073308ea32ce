// Package sqlite is the Store on SQLite: a pool of read-only connections and one writer that commits requests in groups.
//
//	s, err := sqlite.Open(sqlite.Config{Path: "data/pintail.db"})
//	res, err := s.Read(ctx, p, args)
//
// Reading the source: Read (read.go) binds, steps and writes rows as JSON (row.go); Write hands a request to the writer
// (writer.go), which runs it in a savepoint (change.go). What SQL itself can't say is in functions (funcs.go and on).
package sqlite

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/change"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/query"
)

// Config says what to open. The zero value of every field but Path is a default.
type Config struct {
	Path        string        // the database file; made where it isn't there
	VFS         string        // a registered VFS of ncruces/go-sqlite3; empty is the operating system's files
	Readers     int           // read-only connections; default twice GOMAXPROCS, at least 4
	Statement   time.Duration // time limit of one request's SQL; default 5 s
	AnswerBytes int           // longest answer; default 32 MiB
	CountRows   int64         // estimated counts are exact up to here; default 1,000
	GroupRows   int           // requests in one commit at most; default 256
}

func (c Config) withDefaults() Config {
	if c.Readers == 0 {
		c.Readers = max(4, 2*runtime.GOMAXPROCS(0))
	}
	if c.Statement == 0 {
		c.Statement = 5 * time.Second
	}
	if c.AnswerBytes == 0 {
		c.AnswerBytes = 32 << 20
	}
	if c.CountRows == 0 {
		c.CountRows = 1000
	}
	if c.GroupRows == 0 {
		c.GroupRows = 256
	}
	return c
}

// poolWait is how long a request waits for a connection.
const poolWait = 10 * time.Second

// plansMax bounds the compiled plans that are kept.
const plansMax = 4096

// A Store runs plans on one SQLite file.
type Store struct {
	config  Config
	place   *place // nil where there is no file that could be moved
	readers chan *conn
	all     []*conn
	large   chan struct{} // holds one for every read that runs in more room
	writer  *writer
	feed    *change.Feed // nil where commits can't be followed
	watch   atomic.Pointer[watch]

	mu     sync.RWMutex
	plans  map[*plan.Plan]*litesql.Plan
	closed bool
	closes chan struct{} // closed by Close
}

var _ store.Store = (*Store)(nil)

// Open opens a database and starts its writer, which Close ends.
func Open(config Config) (*Store, error) {
	config = config.withDefaults()
	s := &Store{config: config, readers: make(chan *conn, config.Readers), large: make(chan struct{}, max(1, config.Readers/4)), plans: make(map[*plan.Plan]*litesql.Plan), closes: make(chan struct{})}
	w, err := s.writing(sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE)
	if err != nil {
		return nil, err
	}
	s.place = placeOf(config)
	s.writer = newWriter(s, w)
	s.follow(w)
	for range config.Readers {
		c, err := s.reader()
		if err != nil {
			err = errors.Join(err, s.unfollow())
			s.closeConns()
			w.close()
			return nil, err
		}
		s.all = append(s.all, c)
		s.readers <- c
	}
	go s.writer.run()
	return s, nil
}

// acquire takes a reader.
func (s *Store) acquire(ctx context.Context) (*conn, error) {
	c, err := s.take(ctx)
	if err != nil || !c.broken {
		return c, err
	}
	if c, err = s.mend(c); err != nil { // it was tried when the connection was given back; now somebody is there to tell
		s.readers <- c
		return nil, fault.New(fault.Unavailable, "the database can't be opened").WithCause(err)
	}
	return c, nil
}

// take waits for a reader.
func (s *Store) take(ctx context.Context) (*conn, error) {
	select {
	case c := <-s.readers:
		return c, nil
	default:
	}
	t := time.NewTimer(poolWait)
	defer t.Stop()
	select {
	case c := <-s.readers:
		return c, nil
	case <-ctx.Done():
		return nil, canceled(ctx)
	case <-s.closes:
		return nil, errClosed()
	case <-t.C:
		return nil, fault.New(fault.PoolTimeout, "Timed out acquiring connection from connection pool.")
	}
}

func (s *Store) release(c *conn) {
	if c.broken || c.grown() {
		c, _ = s.mend(c) // where it fails, whoever takes a broken one next tries again
	}
	if !c.broken {
		c.end()
		c.rollback() // a transaction left open would show whoever is next what was true before
	}
	s.readers <- c
}

func errClosed() error {
	return fault.New(fault.Unavailable, "the database is being closed")
}

// foreignMedia is a media type that a plan asks for and only PostgreSQL writes; empty for none.
func foreignMedia(p *plan.Plan) string {
	for _, step := range p.Steps {
		if m := foreignMedia(step); m != "" {
			return m
		}
	}
	switch {
	case p.Rows == nil:
	case p.Rows.Form.GeoJSON:
		return "application/geo+json"
	case p.Rows.Handler != nil:
		return p.Rows.Form.Media
	}
	return ""
}

// compiled gives p's SQL.
func (s *Store) compiled(p *plan.Plan) (*litesql.Plan, error) {
	s.mu.RLock()
	l, closed := s.plans[p], s.closed
	s.mu.RUnlock()
	if closed {
		return nil, errClosed()
	}
	if l != nil {
		return l, nil
	}
	if m := foreignMedia(p); m != "" {
		return nil, fault.New(fault.BadMediaType, "None of these media types are available: "+m)
	}
	l, err := litesql.Compile(p)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.plans) >= plansMax {
		for k := range s.plans { // any: plans that are asked for come back at once
			delete(s.plans, k)
			break
		}
	}
	s.plans[p] = l
	return l, nil
}

// Ready runs a statement on a reader, of a file that is still where it was.
func (s *Store) Ready(ctx context.Context) error {
	s.mu.RLock()
	closed := s.closed
	s.mu.RUnlock()
	if closed {
		return errClosed()
	}
	if err := s.place.check(); err != nil {
		return err
	}
	c, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer s.release(c)
	if err := c.begin(ctx, s.config.Statement); err != nil {
		return err
	}
	return s.fault(ctx, nil, c.exec("SELECT 1 FROM sqlite_schema LIMIT 1"))
}

// Close waits for what runs and closes every connection.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	err := s.writer.stop()
	for range s.all {
		<-s.readers // everyone who has one gives it back
	}
	close(s.closes)
	return errors.Join(err, s.unfollow(), s.closeConns())
}

func (s *Store) closeConns() error {
	var errs []error
	for _, c := range s.all {
		errs = append(errs, c.safely(c.close))
	}
	return errors.Join(errs...)
}

// Read runs a read on one snapshot.
func (s *Store) Read(ctx context.Context, p *plan.Plan, args query.Args) (store.Result, error) {
	l, err := s.compiled(p)
	if err != nil {
		return store.Result{}, err
	}
	return s.roomy(ctx, l, p, args)
}

// readIn runs a read in some room.
func (s *Store) readIn(ctx context.Context, l *litesql.Plan, p *plan.Plan, args query.Args, in room) (store.Result, error) {
	c, err := s.acquire(ctx)
	if err != nil {
		return store.Result{}, err
	}
	defer s.release(c)
	if err := c.begin(ctx, s.config.Statement); err != nil {
		return store.Result{}, err
	}
	c.hold(in)
	var res store.Result
	err = c.safely(func() (err error) {
		end, err := s.watched(ctx, c, p, args)
		defer end()
		if err != nil {
			return err
		}
		res, err = s.read(c, l, p, args)
		return err
	})
	if err = c.cause(err); errors.Is(err, errRoom) {
		return store.Result{}, err
	}
	if err != nil {
		return store.Result{}, s.fault(ctx, p, err)
	}
	return res, nil
}
