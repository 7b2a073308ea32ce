package postgres

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// settingsMax is the number of settings that one statement makes; more take several.
const settingsMax = 16

// setSQL sets n settings for the transaction, names and values as parameters.
func setSQL(n int) string {
	calls := make([]string, n)
	for i := range calls {
		calls[i] = "set_config($" + strconv.Itoa(2*i+1) + ", $" + strconv.Itoa(2*i+2) + ", true)"
	}
	return "SELECT " + strings.Join(calls, ", ")
}

// A transaction is one plan's way through one connection. Messages that need no look at an answer in between go out
// together: PostgreSQL runs what comes before one Sync as one transaction.
type transaction struct {
	store *Store
	conn  *conn
	gave  store.Given // what the latest insert gives to nested rows
}

// run picks the shortest form that keeps what the plan promises.
func (t *transaction) run(ctx context.Context, tx store.Tx, c *compiled) (store.Result, error) {
	settings := t.settings(ctx, c)
	end := tx.Plan.End
	switch {
	case len(tx.Before) > 0 || end.Single || end.MaxAffected != nil || len(c.steps) > 0 || len(c.nested) > 0:
		return t.checked(ctx, tx, c, settings)
	case end.Rollback && tx.Plan.Op != plan.Read:
		return t.rolledBack(ctx, tx, c, settings)
	case len(settings) > 0 || c.estimate != nil || c.answer != nil:
		return t.piped(ctx, tx, c, settings)
	}
	return t.alone(ctx, tx, c)
}

// settings are what the transaction sets before anything else.
func (t *transaction) settings(ctx context.Context, c *compiled) [][2]string {
	set := c.prefix
	set = set[:len(set):len(set)]
	if zone := store.Zone(ctx); zone != "" {
		set = append(set, [2]string{"timezone", zone})
	}
	if r := store.RequestSettings(ctx); r != nil {
		set = append(set, [2]string{"request.method", r.Method}, [2]string{"request.path", r.Path},
			[2]string{"request.headers", string(r.Headers)}, [2]string{"request.cookies", string(r.Cookies)},
			[2]string{"request.jwt.claims", string(r.Claims)})
	}
	return set
}

// alone sends the plan's statement and nothing else.
func (t *transaction) alone(ctx context.Context, tx store.Tx, c *compiled) (store.Result, error) {
	return t.one(ctx, tx.Plan, tx.Args, c)
}

// params encodes a statement's values into the connection's buffers.
func (t *transaction) params(c *compiled, args query.Args) [][]byte {
	t.conn.params, t.conn.values = c.AppendTo(t.conn.params[:0], t.conn.values[:0], args)
	if cap(t.conn.values) > 1<<16 { // a bulk insert's rows need not stay in memory
		t.conn.values = nil
	}
	return t.conn.params
}

// piped sends settings, the statement and its estimate as one transaction in one round trip.
func (t *transaction) piped(ctx context.Context, tx store.Tx, c *compiled, settings [][2]string) (result store.Result, err error) {
	q, err := t.pipeline(ctx, settings, c)
	if err != nil {
		return store.Result{}, err
	}
	q.main(c, tx.Args)
	q.answer(c, tx.Args)
	q.explain(c, tx.Args)
	q.sync()
	result, err = q.finish(tx.Plan, c)
	return result, err
}

// rolledBack sends everything with the end of the transaction, which leaves nothing behind. Deferred constraints
// are looked at first, as at a commit.
func (t *transaction) rolledBack(ctx context.Context, tx store.Tx, c *compiled, settings [][2]string) (store.Result, error) {
	q, err := t.pipeline(ctx, settings, c)
	if err != nil {
		return store.Result{}, err
	}
	q.word("BEGIN")
	q.settings()
	q.main(c, tx.Args)
	q.answer(c, tx.Args)
	q.word("SET CONSTRAINTS ALL IMMEDIATE")
	q.sync()
	q.word("ROLLBACK")
	q.sync()
	result, err := q.finish(tx.Plan, c)
	result.RolledBack = true
	return result, err
}

// checked looks at the result before it commits.
func (t *transaction) checked(ctx context.Context, tx store.Tx, c *compiled, settings [][2]string) (store.Result, error) {
	q, err := t.pipeline(ctx, settings, c)
	if err != nil {
		return store.Result{}, err
	}
	q.word("BEGIN")
	q.settings()
	together := len(tx.Before) == 0 && len(c.steps) == 0 && len(c.nested) == 0
	if together {
		q.main(c, tx.Args)
		q.answer(c, tx.Args)
		q.explain(c, tx.Args)
	}
	q.sync()
	result, err := q.finish(tx.Plan, c)
	if err == nil {
		err = t.hooks(ctx, tx.Before)
	}
	if err == nil && !together {
		result, err = t.perform(ctx, tx.Plan, tx.Args, c)
	}
	if err == nil {
		err = verify(tx.Plan, &result)
	}
	if err != nil {
		t.rollback()
		return store.Result{}, err
	}
	if tx.Plan.End.Rollback {
		if err := t.word(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
			t.rollback()
			return store.Result{}, err
		}
		t.rollback()
		result.RolledBack = true
		return result, nil
	}
	if err := t.word(ctx, "COMMIT"); err != nil {
		return store.Result{}, err
	}
	return result, nil
}

// verify holds a result against what must be true of it for the transaction to commit.
func verify(p *plan.Plan, r *store.Result) error {
	rows := r.Affected
	if p.Rows != nil {
		rows = int64(r.Rows)
	}
	switch {
	case p.End.Single && rows != 1:
		return fault.New(fault.NotSingular, "Cannot coerce the result to a single JSON object").
			WithDetails("The result contains %d rows", rows).WithStatus(406)
	case p.End.MaxAffected != nil && r.Affected > *p.End.MaxAffected:
		return fault.New(fault.MaxAffected, "Query result exceeds max-affected preference constraint").
			WithDetails("The query affects %d rows", r.Affected).WithStatus(400)
	}
	return nil
}

// rollback ends the transaction whatever became of the request. A connection on which that fails is closed by the pool.
func (t *transaction) rollback() {
	ctx, cancel := context.WithTimeout(context.Background(), cancelGrace)
	defer cancel()
	if t.conn.TxStatus() != 'I' {
		t.word(ctx, "ROLLBACK")
	}
}

// word runs a statement without parameters and result.
func (t *transaction) word(ctx context.Context, sql string) error {
	_, err := t.conn.ExecParams(ctx, sql, nil, nil, nil, nil).Close()
	return err
}

// A piping is a pipeline under way, and what is expected of it.
type piping struct {
	t        *transaction
	p        *pgconn.Pipeline
	set      []setting
	mainD    *pgconn.StatementDescription
	answerD  *pgconn.StatementDescription
	explainD *pgconn.StatementDescription
	expected []expectation
	began    bool
}

type setting struct {
	s      *statement
	d      *pgconn.StatementDescription
	params [][]byte
}

type expectation uint8

const (
	nothing expectation = iota
	mainRows
	answered
	explained
)

// pipeline prepares what will be sent and opens a pipeline.
func (t *transaction) pipeline(ctx context.Context, settings [][2]string, c *compiled) (q *piping, err error) {
	q = &piping{t: t}
	for len(settings) > 0 {
		n := min(len(settings), settingsMax)
		set := setting{s: t.store.set[n], params: make([][]byte, 0, 2*n)}
		for _, kv := range settings[:n] {
			set.params = append(set.params, []byte(kv[0]), []byte(kv[1]))
		}
		if set.d, err = t.conn.prepare(ctx, set.s); err != nil {
			return nil, err
		}
		q.set = append(q.set, set)
		settings = settings[n:]
	}
	if c.SQL != "" {
		if q.mainD, err = t.conn.prepare(ctx, c.main); err != nil {
			return nil, err
		}
	}
	if c.answer != nil {
		if q.answerD, err = t.conn.prepare(ctx, c.answer.main); err != nil {
			return nil, err
		}
	}
	if c.estimate != nil {
		if q.explainD, err = t.conn.prepare(ctx, c.estimate); err != nil {
			return nil, err
		}
	}
	q.p = t.conn.StartPipeline(ctx)
	return q, nil
}

func (q *piping) word(sql string) {
	q.p.SendQueryParams(sql, nil, nil, nil, nil)
	q.expected = append(q.expected, nothing)
}

func (q *piping) settings() {
	q.began = true
	for _, set := range q.set {
		queue(q.p, set.s, set.d, set.params)
		q.expected = append(q.expected, nothing)
	}
}

func (q *piping) main(c *compiled, args query.Args) {
	if !q.began {
		q.settings()
	}
	queue(q.p, c.main, q.mainD, q.t.params(c, args))
	q.expected = append(q.expected, mainRows)
}

// answer reads what the write just before it answers.
func (q *piping) answer(c *compiled, args query.Args) {
	if c.answer == nil {
		return
	}
	params, _ := c.answer.AppendTo(nil, nil, args)
	queue(q.p, c.answer.main, q.answerD, params)
	q.expected = append(q.expected, answered)
}

func (q *piping) explain(c *compiled, args query.Args) {
	if c.estimate == nil {
		return
	}
	params, _ := c.Estimate.AppendTo(nil, nil, args)
	queue(q.p, c.estimate, q.explainD, params)
	q.expected = append(q.expected, explained)
}

func (q *piping) sync() { q.p.SendPipelineSync() }
