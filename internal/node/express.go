package node

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// An Express answers plain requests for the API straight off their connections: a head that head.read understands, with a
// body that came along with it. That is nearly every request, in a third of the time that net/http takes. Whatever else comes
// (another path, a larger or slower request, a compressed or chunked body, an expectation, an upgrade, anything malformed) is
// not read here: its connection goes to an http.Server with the bytes as they came, and stays there. So there is one judge of
// everything that is odd.
type Express struct {
	front *Front
	api   func(path string) bool // which paths are the API's alone
	rest  *http.Server
	seats Seats
	other *handover
	grace time.Duration // writeGrace, but in a test

	stopping atomic.Bool
	listener net.Listener
	accepted chan struct{} // closed once no more connection comes from listener
	date     atomic.Pointer[dateLine]

	mu    sync.Mutex
	lanes map[*lane]struct{}
}

// NewExpress puts an Express before f, and rest beside it. It takes the requests for those paths that api says are the
// API's; rest, whose Handler must serve all paths, is Express's to run and to stop. seats has places for its connections, and may be nil.
func NewExpress(f *Front, api func(path string) bool, rest *http.Server, seats Seats) *Express {
	return &Express{front: f, api: api, rest: rest, seats: seats, grace: writeGrace, lanes: map[*lane]struct{}{}}
}

const (
	// firstTime is how long a new connection may say nothing, and idleTime how long one may after an answer.
	firstTime = 10 * time.Second
	idleTime  = 75 * time.Second
	// settleTime is how long the rest of a request may take to come that came in part; then net/http waits for it.
	settleTime = 100 * time.Millisecond
	// A request that takes lookTime is looked after from then on: whether its client is still there and its time isn't up.
	lookTime = 10 * time.Millisecond
	// laneBytes is what a plain request may have, with its body.
	laneBytes = 4 << 10
)

// Serve answers what comes over l until Shutdown, or until l fails.
func (e *Express) Serve(l net.Listener) error {
	if !e.begin(l) {
		return l.Close()
	}
	var group errgroup.Group
	group.Go(func() error {
		if err := e.rest.Serve(e.other); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	err := e.accept(l)
	if err != nil {
		err = errors.Join(err, e.rest.Close())
	}
	return errors.Join(err, group.Wait())
}

// begin notes what Shutdown closes. False means that it has been called.
func (e *Express) begin(l net.Listener) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopping.Load() {
		return false
	}
	e.listener, e.other, e.accepted = l, newHandover(l.Addr()), make(chan struct{})
	return true
}

// accept takes connections until the listener is closed.
func (e *Express) accept(l net.Listener) error {
	defer close(e.accepted)
	wait := time.Duration(0)
	for {
		c, err := l.Accept()
		if err != nil {
			if e.stopping.Load() {
				return nil
			}
			var temporary interface{ Temporary() bool }
			if !errors.As(err, &temporary) || !temporary.Temporary() {
				return err
			}
			wait = min(max(2*wait, 5*time.Millisecond), time.Second) // out of descriptors, mostly
			time.Sleep(wait)
			continue
		}
		wait = 0
		seat, ok := e.seats.take(c)
		if !ok {
			_ = c.Close()
			continue
		}
		tcp, ok := c.(*net.TCPConn)
		if !ok || !watches {
			e.other.give(seated(c, seat, nil))
			continue
		}
		lane := newLane(e, tcp, seat)
		e.mu.Lock()
		e.lanes[lane] = struct{}{}
		e.mu.Unlock()
		go lane.run()
	}
}

// Shutdown takes no new connections, closes idle ones, and waits until the others are answered or ctx ends.
func (e *Express) Shutdown(ctx context.Context) error {
	e.rest.SetKeepAlivesEnabled(false)
	e.mu.Lock()
	e.stopping.Store(true)
	l := e.listener
	e.mu.Unlock()
	if l == nil {
		return nil
	}
	err := l.Close()
	select {
	case <-e.accepted: // with the connection that came in the last moment
	case <-ctx.Done():
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !e.quiet() {
		select {
		case <-ctx.Done():
			e.breakOff()
			return errors.Join(err, ctx.Err(), e.rest.Close())
		case <-tick.C:
		}
	}
	return errors.Join(err, e.rest.Shutdown(ctx))
}

// quiet closes the connections that wait for a request, and says whether there are no others.
func (e *Express) quiet() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for l := range e.lanes {
		l.closeIdle()
	}
	return len(e.lanes) == 0
}

// breakOff ends the requests that didn't end in time.
func (e *Express) breakOff() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for l := range e.lanes {
		l.end(context.Canceled)
		l.conn.Close()
	}
}

// leave forgets a lane.
func (e *Express) leave(l *lane) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.lanes, l)
}

// A dateLine is the Date header of one second.
type dateLine struct {
	second int64
	text   string
}

func (e *Express) dateLine(now time.Time) string {
	d := e.date.Load()
	if d == nil || d.second != now.Unix() {
		d = &dateLine{now.Unix(), "Date: " + now.UTC().Format(http.TimeFormat) + "\r\n"}
		e.date.Store(d)
	}
	return d.text
}

// A handover is the listener by which net/http comes to the connections that it is to serve.
type handover struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newHandover(addr net.Addr) *handover {
	return &handover{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *handover) Addr() net.Addr { return h.addr }

func (h *handover) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

func (h *handover) give(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.closed:
		c.Close()
	}
}
