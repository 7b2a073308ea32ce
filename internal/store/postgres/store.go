package postgres

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/pgsql"
	"github.com/pintail-dev/pintail/query"
)

// A Store runs plans on one PostgreSQL database.
type Store struct {
	config  Config
	options pgsql.Options
	pool    *pool
	serial  atomic.Uint64
	session [][2]string // settings to make in each transaction, behind a pooler

	closing sync.Once

	mu    sync.RWMutex
	plans map[*plan.Plan]*compiled
	folds *string // what fold found

	set [settingsMax + 1]*statement // sets that many settings for a transaction
}

var (
	_ store.Store     = (*Store)(nil)
	_ store.Explainer = (*Store)(nil)
)

// Open gives a Store on the database that c names. It doesn't connect: a database that isn't there yet, or goes away,
// answers PGRST000 until it is back.
func Open(c Config) (*Store, error) {
	c = c.withDefaults()
	pg, err := c.connConfig()
	if err != nil {
		return nil, err
	}
	s := &Store{
		config: c, pool: newPool(c, pg), plans: map[*plan.Plan]*compiled{},
		options: pgsql.Options{Default: c.Default, EstimateMax: c.EstimateMax},
	}
	if c.Pooled {
		s.session = append(c.settings(), [2]string{"client_connection_check_interval", strconv.FormatInt(checkClient.Milliseconds(), 10)})
	}
	for n := 1; n <= settingsMax; n++ {
		s.set[n] = s.statement(setSQL(n))
	}
	return s, nil
}

// Ready says whether the database answers.
func (s *Store) Ready(ctx context.Context) error {
	return s.with(ctx, always, func(c *conn) error { return c.Ping(ctx) })
}

// Close waits for what runs and closes every connection. A second time it does nothing.
func (s *Store) Close() error {
	s.closing.Do(s.pool.close)
	return nil
}

// Read runs a plan that only reads.
func (s *Store) Read(ctx context.Context, p *plan.Plan, args query.Args) (store.Result, error) {
	if !p.ReadsOnly() {
		return store.Result{}, fault.From(errors.New("postgres: a plan that writes was handed to Read"))
	}
	return s.run(ctx, store.Tx{Plan: p, Args: args})
}

// Write runs a transaction.
func (s *Store) Write(ctx context.Context, tx store.Tx) (store.Result, error) {
	if ctx.Value(insideHook{}) != nil {
		return store.Result{}, errInsideHook()
	}
	return s.run(ctx, tx)
}

// run finds the plan's SQL and a connection, and runs it once; a second time where the first did nothing for certain.
func (s *Store) run(ctx context.Context, tx store.Tx) (result store.Result, err error) {
	stmt, err := s.compiled(ctx, tx.Plan)
	if err != nil {
		return store.Result{}, err
	}
	if err := stmt.Check(tx.Args); err != nil {
		return store.Result{}, err
	}
	again := ifNothingHappened
	switch {
	case len(tx.Before) > 0:
		again = never // a hook may have told someone outside
	case tx.Plan.Op == plan.Read || tx.Plan.Op == plan.Sequence && tx.Plan.ReadsOnly():
		again = always
	}
	err = s.with(ctx, again, func(c *conn) error {
		t := &transaction{store: s, conn: c}
		result, err = t.run(ctx, tx, stmt)
		return err
	})
	if err != nil {
		return store.Result{}, err
	}
	return result, nil
}

// repeat says when something that failed may be run a second time.
type repeat uint8

const (
	never repeat = iota
	ifNothingHappened
	always
)

// with runs f on a connection. Where the connection turns out to be lost, all idle ones are closed and f runs once more on
// another; where a prepared statement was pulled away, it runs once more too, since PostgreSQL refused the first.
func (s *Store) with(ctx context.Context, again repeat, f func(*conn) error) error {
	for tries := 0; ; tries++ {
		c, err := s.pool.acquire(ctx)
		if err != nil {
			return err
		}
		fresh := c.fresh
		err = f(c)
		var known *fault.Fault
		switch {
		case err == nil || ctx.Err() != nil || errors.As(err, &known):
		case gone(c, err):
			s.pool.lost()
			if tries == 0 && !fresh && (again == always || again == ifNothingHappened && pgconn.SafeToRetry(err)) {
				s.pool.release(c)
				continue
			}
		case stale(err) && tries == 0 && again != never && c.TxStatus() == 'I':
			if c.forget(ctx) == nil {
				s.pool.release(c)
				continue
			}
		}
		s.pool.release(c)
		return s.faultOf(ctx, err)
	}
}

// A compiled is a plan's statement, ready to be prepared.
type compiled struct {
	pgsql.Statement
	main     *statement
	estimate *statement   // EXPLAIN of pgsql.Statement.Estimate
	answer   *compiled    // reads what a write answers
	nested   []*compiled  // inserts of related rows
	steps    []*compiled  // the members of a sequence that writes
	prefix   [][2]string  // settings to make before it
	bytes    atomic.Int64 // size of its latest body, so that the next is allocated once
}

// A statement is SQL that connections prepare under one name.
type statement struct {
	id  uint64
	SQL string
}

func (s *Store) statement(sql string) *statement { return &statement{id: s.serial.Add(1), SQL: sql} }

// compiled gives a plan's SQL, written at its first use.
func (s *Store) compiled(ctx context.Context, p *plan.Plan) (*compiled, error) {
	s.mu.RLock()
	c, ok := s.plans[p]
	s.mu.RUnlock()
	if ok {
		return c, nil
	}
	o := s.options
	var err error
	if o.Fold, err = s.fold(ctx); err != nil {
		return nil, err
	}
	sql, err := pgsql.Compile(p, o)
	if err != nil {
		return nil, err
	}
	c = s.ready(&sql)
	c.prefix = s.prefix(p, &sql)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.plans) >= s.config.StatementsMax {
		for old := range s.plans { // any one: those in use come back at once
			delete(s.plans, old)
			break
		}
	}
	s.plans[p] = c
	return c, nil
}

// ready gives a statement, and all that belong to it, names by which connections prepare them.
func (s *Store) ready(sql *pgsql.Statement) *compiled {
	c := &compiled{Statement: *sql, main: s.statement(sql.SQL)}
	if sql.Estimate != nil {
		c.estimate = s.statement("EXPLAIN (FORMAT JSON) " + sql.Estimate.SQL)
	}
	if sql.Answer != nil {
		c.answer = s.ready(sql.Answer)
	}
	for _, n := range sql.Nested {
		c.nested = append(c.nested, s.ready(n))
	}
	for _, step := range sql.Steps {
		c.steps = append(c.steps, s.ready(step))
	}
	return c
}

// prefix are the settings that a plan's transaction makes, beside those of the request.
func (s *Store) prefix(p *plan.Plan, sql *pgsql.Statement) [][2]string {
	var set [][2]string
	set = append(set, s.session...)
	if sql.Schema != "" {
		set = append(set, [2]string{"search_path", searchPath(append([]string{sql.Schema}, s.config.SearchPath...))})
	}
	if p.ReadsOnly() && p.RunsFunctions() { // which may write, so that PostgreSQL has to be told
		set = append(set, [2]string{"transaction_read_only", "on"})
	}
	set = append(set, sql.Settings...)
	return set
}
