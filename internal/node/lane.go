package node

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pintail-dev/pintail/internal/api"
)

// A lane is one connection of an Express, while it serves it.
type lane struct {
	express *Express
	conn    *net.TCPConn
	peer    netip.Addr
	seat    Seat
	began   time.Time
	state   atomic.Int32
	buf     [laneBytes]byte
	from    int // buf[from:to] was read and not yet used
	to      int
	renewed time.Time // when the deadlines were last set

	head head
	x    exchange
	body bytes.Reader

	mu    sync.Mutex
	now   *life       // of the request that runs; nil for none
	timer *time.Timer // runs look
	armed bool        // it will
}

// What a connection is doing. Whoever moves it out of new or idle has it: the lane to read, or a shutdown to close it.
const (
	laneNew = iota
	laneIdle
	laneBusy
	laneClosed
)

func newLane(e *Express, c *net.TCPConn, seat Seat) *lane {
	remote := c.RemoteAddr().String()
	l := &lane{express: e, conn: c, peer: peerOf(remote), seat: seat, began: time.Now()}
	l.x.in = api.Request{Header: l.head.get, Values: l.head.values, Each: l.head.each, Remote: remote}
	return l
}

// run serves the connection until it is closed or handed over.
func (l *lane) run() {
	defer l.express.leave(l)
	defer func() {
		if p := recover(); p != nil {
			l.express.front.node.o.Log.Error("a connection's bug", "panic", p, "stack", string(debug.Stack()))
			l.end(context.Canceled)
			l.close()
		}
	}()
	if l.serve() {
		l.handOver()
		return
	}
	l.close()
}

// close ends the connection.
func (l *lane) close() {
	l.conn.Close()
	l.seat.Leave()
}

// serve answers plain requests. True means that one came that isn't.
func (l *lane) serve() bool {
	for l.await() {
		switch l.request() {
		case plain:
			if !l.seat.Whole() || !l.answer() {
				return false
			}
			l.seat.Wait()
		case broken:
			l.refuse()
			return false
		default:
			return true
		}
	}
	return false
}

// refuse answers what nobody should read, and waits a moment for the client to read that: closing on what it still sends
// would take the answer away.
func (l *lane) refuse() {
	_ = l.conn.SetDeadline(time.Now().Add(refuseTime))
	if _, err := io.WriteString(l.conn, badRequest); err != nil || l.conn.CloseWrite() != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, l.conn, refuseBytes)
}

// badRequest is net/http's own answer to what it can't read.
const badRequest = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"

const (
	refuseTime  = 500 * time.Millisecond
	refuseBytes = 256 << 10
)

// await waits for the first bytes of a request. False means that there is none.
func (l *lane) await() bool {
	if l.from < l.to {
		return true
	}
	l.from, l.to = 0, 0
	l.renew(time.Now())
	l.state.CompareAndSwap(laneBusy, laneIdle)
	n, err := l.conn.Read(l.buf[:])
	l.to = n
	if !l.state.CompareAndSwap(laneIdle, laneBusy) && !l.state.CompareAndSwap(laneNew, laneBusy) {
		return false
	}
	return err == nil && n > 0
}

// renew sets until when the client must have sent something, and read what it was sent; only once a second, since setting
// them costs as much as reading a head.
func (l *lane) renew(now time.Time) {
	if l.state.Load() == laneNew {
		_ = l.conn.SetReadDeadline(now.Add(firstTime)) // where it fails, so does the next read
		return
	}
	if now.Sub(l.renewed) < time.Second {
		return
	}
	l.renewed = now
	_ = l.conn.SetReadDeadline(now.Add(idleTime + time.Second))
	_ = l.conn.SetWriteDeadline(now.Add(l.express.grace + time.Second))
}

// request reads a request, with its body where it is a plain one for the API.
func (l *lane) request() reading {
	h := &l.head
	got := h.read(l.buf[l.from:l.to])
	if got == partial {
		l.settle(func() bool { got = h.read(l.buf[l.from:l.to]); return got != partial })
	}
	if got != plain {
		return got
	}
	here := func() bool { return l.to-l.from >= h.bytes+h.bodyBytes }
	if !l.express.api(h.path) || !here() && !l.settle(here) {
		return odd
	}
	return plain
}

// settle reads on for a moment, until enough is there. What comes in two packets mostly comes at once.
func (l *lane) settle(enough func() bool) bool {
	if l.from > 0 {
		l.to = copy(l.buf[:], l.buf[l.from:l.to])
		l.from = 0
	}
	l.renewed = time.Time{}
	_ = l.conn.SetReadDeadline(time.Now().Add(settleTime))
	for l.to < len(l.buf) {
		n, err := l.conn.Read(l.buf[l.to:])
		l.to += n
		if enough() {
			_ = l.conn.SetReadDeadline(time.Time{})
			return true
		}
		if err != nil {
			return false
		}
	}
	return false
}

// handOver gives the connection to net/http, with what was read of it.
func (l *lane) handOver() {
	_ = l.conn.SetDeadline(time.Time{})
	l.express.other.give(seated(l.conn, l.seat, slices.Clone(l.buf[l.from:l.to])))
}

// answer runs the request that plain has read. False means that it was the connection's last.
func (l *lane) answer() bool {
	h, x := &l.head, &l.x
	*x = exchange{in: x.in, lines: x.lines[:0], begin: time.Now(), uriBytes: h.uriBytes}
	x.headerLines, x.headerBytes = h.size()
	in := &x.in
	in.Method, in.Path, in.RawPath, in.RawQuery = h.method, h.path, h.path, h.query
	in.Body, in.BodyLen = nil, int64(h.bodyBytes)
	if h.bodyBytes > 0 {
		from := l.from + h.bytes
		l.body.Reset(l.buf[from : from+h.bodyBytes])
		in.Body = &l.body
	}
	ctx := l.begin(x.begin, l.express.front.node.o.AnswerTime)
	l.express.front.run(ctx, x)
	l.end(context.Canceled)
	l.from += h.bytes + h.bodyBytes
	last := h.close || l.express.stopping.Load()
	sent, err := l.write(x, last)
	l.express.front.done(x, sent, err)
	x.out, x.body, x.packed = api.Response{}, nil, nil // an idle connection keeps no answer in memory
	return err == nil && !last
}

// begin starts the life of a request. The timer that looks after it stays armed from one request to the next, since setting it
// costs as much as all that a short one has to fear.
func (l *lane) begin(now time.Time, most time.Duration) *life {
	life := &life{deadline: now.Add(most), look: now.Add(lookTime), visit: api.Visit{Peer: l.peer}}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = life
	switch {
	case l.timer == nil:
		l.timer = time.AfterFunc(lookTime, l.look)
	case !l.armed:
		l.timer.Reset(lookTime)
	}
	l.armed = true
	return life
}

// end ends the life of the request that runs, if one does.
func (l *lane) end(why error) {
	l.mu.Lock()
	now := l.now
	l.now = nil
	l.mu.Unlock()
	if now != nil {
		now.end(why)
	}
}

// look ends a request whose time is up or whose client is gone, and comes back as long as there are requests.
func (l *lane) look() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now == nil {
		l.armed = false
		return
	}
	l.timer.Reset(lookTime)
	switch now := time.Now(); {
	case now.After(l.now.deadline):
		l.now.end(context.DeadlineExceeded)
	case now.After(l.now.look) && gone(l.conn):
		l.now.end(context.Canceled)
	}
}

// closeIdle closes a connection that waits for a request. A new one has a moment: its first request may be on its way.
func (l *lane) closeIdle() {
	if l.state.CompareAndSwap(laneIdle, laneClosed) ||
		time.Since(l.began) > firstTime/2 && l.state.CompareAndSwap(laneNew, laneClosed) {
		l.conn.Close()
	}
}

// write sends an answer, and gives the number of its body's bytes that were sent.
func (l *lane) write(x *exchange, last bool) (int64, error) {
	out := buffers.Get().(*[]byte)
	defer release(out)
	b := append((*out)[:0], "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(x.out.Status), 10)
	b = append(append(append(b, ' '), http.StatusText(x.out.Status)...), "\r\n"...)
	b = append(b, l.express.dateLine(time.Now())...)
	for i := range x.out.Header {
		b = appendHeader(b, x.out.Header[i].Name, x.out.Header[i].Value)
	}
	if last {
		b = append(b, "Connection: close\r\n"...)
	}
	if x.out.Stream != nil {
		*out = append(b, "Transfer-Encoding: chunked\r\n\r\n"...)
		return l.stream(*out, x.out.Stream)
	}
	if x.length >= 0 {
		b = append(b, "Content-Length: "...)
		b = append(strconv.AppendInt(b, int64(x.length), 10), "\r\n"...)
	}
	b = append(b, "\r\n"...)
	if len(x.body) > slowBytesMin {
		*out = b
		return l.writeLarge(b, x.body)
	}
	at := len(b)
	b = append(b, x.body...)
	*out = b
	n, err := l.conn.Write(b)
	return int64(max(n-at, 0)), err
}

// writeLarge sends what doesn't go into a socket's buffer whoever reads it: the client has a time for it.
func (l *lane) writeLarge(head, body []byte) (int64, error) {
	l.renewed = time.Time{}
	_ = l.conn.SetWriteDeadline(time.Now().Add(l.express.grace + readTime(len(body)))) // where it fails, so does the write
	parts := net.Buffers{head, body}
	n, err := parts.WriteTo(l.conn)
	return max(n-int64(len(head)), 0), err
}

// stream sends an answer of unknown length in chunks. One that breaks off has no last chunk.
func (l *lane) stream(head []byte, from func(io.Writer) error) (int64, error) {
	l.renewed = time.Time{}
	_ = l.conn.SetWriteDeadline(time.Time{})
	if _, err := l.conn.Write(head); err != nil {
		return 0, err
	}
	chunks := httputil.NewChunkedWriter(l.conn)
	counted := &countWriter{w: chunks}
	if err := from(counted); err != nil {
		return counted.n, err
	}
	if err := chunks.Close(); err != nil {
		return counted.n, err
	}
	_, err := l.conn.Write([]byte("\r\n"))
	return counted.n, err
}

// appendHeader writes a header line. A name that is none is left out, and a value keeps to its line.
func appendHeader(b []byte, name, value string) []byte {
	if name == "" || span(name, tokenByte) < len(name) {
		return b
	}
	b = append(append(b, name...), ": "...)
	at := len(b)
	b = append(b, value...)
	for i := at; i < len(b); i++ {
		if b[i] < ' ' && b[i] != '\t' || b[i] == 0x7f {
			b[i] = ' '
		}
	}
	return append(b, "\r\n"...)
}
