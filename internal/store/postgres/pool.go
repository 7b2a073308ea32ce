package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pintail-dev/pintail/fault"
)

const (
	connAge  = time.Hour   // a connection is closed when it is older
	idleLook = time.Second // one that lay idle longer is looked at before use: the server may be gone
)

// A pool keeps connections. The one used last is used first, so that what isn't needed grows old.
type pool struct {
	config Config
	pg     *pgconn.Config
	slots  chan struct{} // one for each connection that is in use

	mu     sync.Mutex
	idle   []*conn
	epoch  int64         // moves when all connections are known to be lost
	closed chan struct{} // closed when no new work is taken
}

func newPool(c Config, pg *pgconn.Config) *pool {
	return &pool{config: c, pg: pg, slots: make(chan struct{}, c.ConnsMax), closed: make(chan struct{})}
}

// acquire takes a connection that was used before, or dials.
func (p *pool) acquire(ctx context.Context) (*conn, error) {
	if err := p.slot(ctx); err != nil {
		return nil, err
	}
	for {
		c := p.pop()
		if c == nil {
			break
		}
		if time.Since(c.idle) < idleLook || c.alive(ctx) {
			return c, nil
		}
		c.discard()
	}
	p.mu.Lock()
	epoch := p.epoch
	p.mu.Unlock()
	c, err := dial(ctx, p.pg, p.config)
	if err != nil {
		<-p.slots
		if ctx.Err() != nil {
			return nil, canceled(ctx)
		}
		return nil, unreachable(err)
	}
	c.epoch = epoch
	return c, nil
}

// slot waits until one more connection may be in use.
func (p *pool) slot(ctx context.Context) error {
	select {
	case <-p.closed:
		return shuttingDown()
	default:
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(p.config.AcquireTimeout)
	defer timer.Stop()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return canceled(ctx)
	case <-p.closed:
		return shuttingDown()
	case <-timer.C:
		return fault.New(fault.PoolTimeout, "Timed out acquiring connection from connection pool.").WithStatus(504)
	}
}

func shuttingDown() error { return fault.New(fault.Unavailable, "The server is shutting down") }

func (p *pool) pop() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return c
}

// release gives a connection back. It is closed if it is broken, inside a transaction, or old.
func (p *pool) release(c *conn) {
	c.fresh = false
	c.idle = time.Now()
	keep := !c.IsClosed() && !c.IsBusy() && c.TxStatus() == 'I' && c.idle.Sub(c.made) < connAge
	p.mu.Lock()
	if keep && c.epoch == p.epoch {
		p.idle = append(p.idle, c)
		c = nil
	}
	p.mu.Unlock()
	if c != nil {
		c.discard()
		if p.config.Pooled {
			p.giveUp(c)
			return
		}
	}
	<-p.slots
}

// giveUp frees the place of a connection through a pooler that was closed, once the pooler has closed it too or hasn't for some seconds: while it
// waits there for the server it counts among the pooler's, and there would be ever more of them.
func (p *pool) giveUp(c *conn) {
	select {
	case <-c.CleanupDone():
		<-p.slots
	default:
		go func() { // for which close waits
			<-c.CleanupDone()
			<-p.slots
		}()
	}
}

// lost closes all idle connections, after one was found to be gone: so are, most likely, all others.
func (p *pool) lost() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.epoch++
	p.mu.Unlock()
	for _, c := range idle {
		c.discard()
	}
}

// close refuses new work and waits for what runs.
func (p *pool) close() {
	close(p.closed)
	p.lost() // those in use are of an older epoch now, so they are not kept
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
}

// alive asks the server for a sign.
func (c *conn) alive(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, idleLook)
	defer cancel()
	return c.Ping(ctx) == nil
}

// discard closes a connection without waiting long for it.
func (c *conn) discard() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c.Close(ctx)
}
