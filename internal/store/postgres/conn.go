package postgres

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// cancelGrace is how long a cancelled statement may take to end before its connection is given up.
const cancelGrace = 3 * time.Second

// checkClient is how often the server looks, while a statement runs, whether a pooler's connection has ended. Without a pooler it is cancelled.
const checkClient = 100 * time.Millisecond

// A conn is one connection and what it has prepared.
type conn struct {
	*pgconn.PgConn
	prepared map[*statement]*pgconn.StatementDescription
	max      int
	named    bool

	made, idle time.Time
	epoch      int64
	fresh      bool // never used before

	params [][]byte // reused from statement to statement
	values []byte
}

// dial makes a connection. A cancelled context sends PostgreSQL's cancel request at once, and behind a pooler ends the connection.
func dial(ctx context.Context, cfg *pgconn.Config, c Config) (*conn, error) {
	cfg = cfg.Copy()
	made := func() {}
	if c.Pooled {
		made = NeverCancel(cfg)
	} else {
		cfg.BuildContextWatcherHandler = func(pg *pgconn.PgConn) ctxwatch.Handler {
			return &pgconn.CancelRequestContextWatcherHandler{Conn: pg, DeadlineDelay: cancelGrace}
		}
	}
	pg, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	made()
	return &conn{
		PgConn: pg, prepared: map[*statement]*pgconn.StatementDescription{}, max: c.StatementsMax, named: !c.Pooled,
		made: time.Now(), fresh: true,
	}, nil
}

// NeverCancel has a connection through a pooler send no cancel request once it is made: pgconn sends one wherever it gives a connection up. What
// a context's end leaves to do is pgconn's own handler's, which ends the connection. A request that is given up while it waits in PgBouncer
// for a connection to the server brings down all of PgBouncer before 1.20 (pgbouncer/pgbouncer#801). The server notices by itself that
// a connection has ended, since each transaction sets client_connection_check_interval.
func NeverCancel(cfg *pgconn.Config) (made func()) {
	var done atomic.Bool
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) { // by which cancel requests are sent too
		if done.Load() {
			return nil, errNeverCancel
		}
		return dial(ctx, network, address)
	}
	return func() { done.Store(true) }
}

var errNeverCancel = errors.New("through a pooler nothing is cancelled by a request")

// prepare gives a statement's description, nil where it has to run without a name. The first use of a connection costs
// a round trip.
func (c *conn) prepare(ctx context.Context, s *statement) (*pgconn.StatementDescription, error) {
	if !c.named {
		return nil, nil
	}
	if d, ok := c.prepared[s]; ok {
		return d, nil
	}
	if len(c.prepared) >= c.max {
		for old, d := range c.prepared { // any one
			if err := c.Deallocate(ctx, d.Name); err != nil {
				return nil, err
			}
			delete(c.prepared, old)
			break
		}
	}
	d, err := c.Prepare(ctx, "p"+strconv.FormatUint(s.id, 10), s.SQL, nil)
	if err != nil {
		return nil, err
	}
	c.prepared[s] = d
	return d, nil
}

// forget drops every prepared statement, after the schema or a pooler pulled one away.
func (c *conn) forget(ctx context.Context) error {
	clear(c.prepared)
	return c.Exec(ctx, "DEALLOCATE ALL").Close()
}

// send runs one statement by itself: PostgreSQL makes it a transaction of its own.
func (c *conn) send(ctx context.Context, s *statement, d *pgconn.StatementDescription, params [][]byte) *pgconn.ResultReader {
	if d == nil {
		return c.ExecParams(ctx, s.SQL, params, nil, nil, nil)
	}
	return c.ExecStatement(ctx, d, params, nil, nil)
}

// queue puts a statement into a pipeline.
func queue(p *pgconn.Pipeline, s *statement, d *pgconn.StatementDescription, params [][]byte) {
	if d == nil {
		p.SendQueryParams(s.SQL, params, nil, nil, nil)
		return
	}
	p.SendQueryStatement(d, params, nil, nil)
}
