package plantedtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/pgsql"
	"github.com/pintail-dev/pintail/internal/store/postgres"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Work is what one request costs, counted and not timed.
type Work struct {
	Units int64 // SQLite: virtual machine steps. PostgreSQL: rows touched, by all nodes of the plan and by foreign keys' checks
	Pages int64 // looked at: SQLite counts a whole table in one step
	Temp  int64 // PostgreSQL: blocks of temporary files
}

// A Meter asks requests of a database and counts their work. What they write is rolled back.
type Meter struct {
	front *node.Front
	store store.Store
	count func() (Work, error) // of what ran since the last time
}

// Close gives the database back.
func (m *Meter) Close() error {
	counting.Store(false)
	return m.store.Close()
}

// Ask asks one request, which must succeed, and gives its work.
func (m *Meter) Ask(r *http.Request) (Work, error) {
	if _, err := m.count(); err != nil {
		return Work{}, err
	}
	if err := ask(m.front, r); err != nil {
		return Work{}, err
	}
	return m.count()
}

func ask(h http.Handler, r *http.Request) error {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, err := io.ReadAll(io.LimitReader(w.Body, 1000))
	if err != nil {
		return err
	}
	var failed struct{ Errors []any }
	if r.URL.Path == "/v1/graphql" {
		_ = json.Unmarshal(body, &failed) // what is cut off is a long answer, and no error
	}
	if w.Code >= 300 || len(failed.Errors) > 0 {
		return fmt.Errorf("%s %s answers %d: %s", r.Method, r.URL, w.Code, body)
	}
	return nil
}

// patient is a node whose requests may take as long as they take.
func patient(s *schema.Schema, st store.Store) *node.Node {
	return node.New(s, st, auth.Open(), node.Options{AnswerTime: time.Hour, REST: node.RESTOptions{Aggregates: true}})
}

func front(n *node.Node) *node.Front {
	return node.NewFront(n, node.Limits{SendingBytesMax: 1 << 30}, nil, nil)
}

// steps and pages are those of all SQLite connections of this process while a Meter is open.
var (
	steps, pages atomic.Int64
	counting     atomic.Bool
)

// CountSteps lets every SQLite connection that is opened from now on count its steps and pages. A test's main calls it once.
func CountSteps() {
	sqlite3.AutoExtension(func(c *sqlite3.Conn) error {
		return c.Trace(sqlite3.TRACE_PROFILE, func(_ sqlite3.TraceEvent, s, _ any) error {
			if !counting.Load() { // whoever else counts finds SQLite's own counters as they are
				return nil
			}
			steps.Add(int64(s.(*sqlite3.Stmt).Status(sqlite3.STMTSTATUS_VM_STEP, true)))
			for _, of := range []sqlite3.DBStatus{sqlite3.DBSTATUS_CACHE_HIT, sqlite3.DBSTATUS_CACHE_MISS} {
				n, _, err := c.Status(of, true)
				if err != nil {
					return err
				}
				pages.Add(int64(n))
			}
			return nil
		})
	})
}

// OpenSQLite opens the world's SQLite file.
func (w *World) OpenSQLite() (*schema.Schema, store.Store, error) {
	st, err := sqlite.Open(sqlite.Config{Path: w.Path, Readers: 1, Statement: time.Hour, AnswerBytes: 1 << 30})
	return w.Schema, st, err
}

// OpenPostgreSQL opens a database that World.PostgreSQL made.
func (w *World) OpenPostgreSQL(ctx context.Context, dsn string) (*schema.Schema, store.Store, error) {
	s := w.Schema
	if w.Name == Chinook { // an imported schema says how SQLite stores each column
		var err error
		if s, err = imported(dsn); err != nil {
			return nil, nil, err
		}
	}
	st, err := postgres.Open(postgres.Config{DSN: dsn, Default: s.Default, SearchPath: s.Exposed, StatementTimeout: time.Hour, BodyBytesMax: 1 << 30})
	return s, st, err
}

// SQLite meters a SQLite file. It counts what CountSteps sees: one Meter at a time.
func (w *World) SQLite() (*Meter, error) {
	s, st, err := w.OpenSQLite()
	if err != nil {
		return nil, err
	}
	counting.Store(true)
	return &Meter{front(patient(s, rollingBack{st})), st, func() (Work, error) { return Work{Units: steps.Swap(0), Pages: pages.Swap(0)}, nil }}, nil
}

// rollingBack takes back every write.
type rollingBack struct{ store.Store }

func (s rollingBack) Write(ctx context.Context, tx store.Tx) (store.Result, error) {
	p := *tx.Plan
	p.End.Rollback = true
	tx.Plan = &p
	return s.Store.Write(ctx, tx)
}

// PostgreSQLMeter meters a PostgreSQL database that World.PostgreSQL made.
func (w *World) PostgreSQLMeter(ctx context.Context, dsn string) (*Meter, error) {
	sch, st, err := w.OpenPostgreSQL(ctx, dsn)
	if err != nil {
		return nil, err
	}
	c, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	e := &explaining{Store: st, conn: c, schema: sch.Default}
	if e.schema == "" {
		e.schema = "public"
	}
	for _, set := range []string{"SET jit = off", "SET max_parallel_workers_per_gather = 0", "SET timezone = 'UTC'"} {
		if err := e.exec(ctx, set); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	return &Meter{front(patient(sch, e)), e, e.counted}, nil
}

// explaining runs every statement on a connection of its own, under EXPLAIN, and then lets the store answer.
type explaining struct {
	store.Store
	conn   *pgconn.PgConn
	schema string
	work   Work
	failed error
}

func (e *explaining) Close() error {
	return errors.Join(e.conn.Close(context.Background()), e.Store.Close())
}

func (e *explaining) counted() (Work, error) {
	w, err := e.work, e.failed
	e.work, e.failed = Work{}, nil
	return w, err
}

func (e *explaining) Read(ctx context.Context, p *plan.Plan, args query.Args) (store.Result, error) {
	e.explain(ctx, p, args)
	return e.Store.Read(ctx, p, args)
}

func (e *explaining) Write(ctx context.Context, tx store.Tx) (store.Result, error) {
	e.explain(ctx, tx.Plan, tx.Args)
	return rollingBack{e.Store}.Write(ctx, tx)
}

func (e *explaining) exec(ctx context.Context, sql string) error {
	return e.conn.Exec(ctx, sql).Close()
}

// explain adds the work of a plan, whose writes are rolled back.
func (e *explaining) explain(ctx context.Context, p *plan.Plan, args query.Args) {
	s, err := pgsql.Compile(p, pgsql.Options{Default: e.schema})
	if err == nil {
		err = e.exec(ctx, "BEGIN")
	}
	if err == nil {
		err = errors.Join(e.statement(ctx, &s, args), e.exec(ctx, "ROLLBACK"))
	}
	e.failed = errors.Join(e.failed, err)
}

func (e *explaining) statement(ctx context.Context, s *pgsql.Statement, args query.Args) error {
	if len(s.Nested) > 0 {
		return errors.New("an insert with nested rows can't be explained")
	}
	for _, step := range s.Steps {
		if err := e.statement(ctx, step, args); err != nil {
			return err
		}
	}
	if s.SQL != "" {
		before, err := e.touched(ctx)
		if err != nil {
			return err
		}
		params, _ := s.AppendTo(nil, nil, args)
		r := e.conn.ExecParams(ctx, "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "+s.SQL, params, nil, nil, nil).Read()
		if r.Err != nil {
			return fmt.Errorf("%s: %w", s.SQL, r.Err)
		}
		var out []explained
		if err := json.Unmarshal(r.Rows[0][0], &out); err != nil {
			return err
		}
		units, scanned := out[0].Plan.work()
		e.work.Pages += out[0].Plan.Hit + out[0].Plan.Read
		e.work.Temp += out[0].Plan.TempRead + out[0].Plan.TempWritten
		if len(out[0].Triggers) > 0 { // EXPLAIN doesn't look into the checks of foreign keys: the tables' own counters do
			after, err := e.touched(ctx)
			if err != nil {
				return err
			}
			units += max(0, after-before-scanned)
		}
		e.work.Units += units
	}
	if s.Answer != nil {
		return e.statement(ctx, s.Answer, args)
	}
	return nil
}

// touched is how many rows the transaction has read from tables so far.
func (e *explaining) touched(ctx context.Context) (n int64, err error) {
	r := e.conn.ExecParams(ctx, "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_xact_user_tables", nil, nil, nil, nil).Read()
	if r.Err != nil {
		return 0, r.Err
	}
	_, err = fmt.Sscan(string(r.Rows[0][0]), &n)
	return n, err
}

// explained is what EXPLAIN (FORMAT JSON) writes.
type explained struct {
	Plan     planNode
	Triggers []any
}

type planNode struct {
	Type        string  `json:"Node Type"`
	Rows        float64 `json:"Actual Rows"` // of each loop
	Loops       float64 `json:"Actual Loops"`
	Filtered    float64 `json:"Rows Removed by Filter"`
	Joined      float64 `json:"Rows Removed by Join Filter"`
	Rechecked   float64 `json:"Rows Removed by Index Recheck"`
	Hit         int64   `json:"Shared Hit Blocks"`
	Read        int64   `json:"Shared Read Blocks"`
	TempRead    int64   `json:"Temp Read Blocks"`
	TempWritten int64   `json:"Temp Written Blocks"`
	Plans       []planNode
}

// work is the rows that a node and those below it touch, one more a loop since PostgreSQL rounds the rows of a loop; and those that
// came from tables.
func (n *planNode) work() (units, scanned int64) {
	rows := n.Loops * (n.Rows + n.Filtered + n.Joined + n.Rechecked)
	units = int64(rows + n.Loops)
	switch n.Type {
	case "Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Tid Scan":
		scanned = int64(rows)
	}
	for i := range n.Plans {
		u, s := n.Plans[i].work()
		units, scanned = units+u, scanned+s
	}
	return units, scanned
}
