package node

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
)

// A Seat is the place of one connection among those that may be open.
type Seat interface {
	// Whole says that a whole request has come. False means that the connection was shut to make room for another.
	Whole() bool
	// Wait says that the request is answered.
	Wait()
	// Pin says that the connection is somebody else's from now on.
	Pin()
	// Leave says that it is closed. It may be called again.
	Leave()
}

// Seats gives a new connection its place; shut ends it at once. False means that there is no room for it. Nil Seats have room for all.
type Seats func(peer netip.Addr, shut func()) (Seat, bool)

func (s Seats) take(c net.Conn) (Seat, bool) {
	if s == nil {
		return noSeat{}, true
	}
	return s(peerOf(c.RemoteAddr().String()), func() { _ = c.Close() }) // whoever reads it notices
}

// noSeat is a place that nobody counts.
type noSeat struct{}

func (noSeat) Whole() bool { return true }
func (noSeat) Wait()       {}
func (noSeat) Pin()        {}
func (noSeat) Leave()      {}

// Listen gives a listener whose connections each have a place: what an http.Server without an Express before it accepts from.
func (s Seats) Listen(l net.Listener) net.Listener { return &seatedListener{Listener: l, seats: s} }

type seatedListener struct {
	net.Listener
	seats Seats
}

func (l *seatedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if seat, ok := l.seats.take(c); ok {
			return seated(c, seat, nil), nil
		}
		_ = c.Close()
	}
}

// seated gives a connection for net/http that has a place, and of which first was read already.
func seated(c net.Conn, seat Seat, first []byte) net.Conn {
	h := handed{Conn: c, seat: seat, first: first}
	if tcp, ok := c.(*net.TCPConn); ok {
		return &handedTCP{handed: h, tcp: tcp}
	}
	return &h
}

// A handed connection first reads what was already read from it.
type handed struct {
	net.Conn
	seat  Seat
	first []byte
}

func (h *handed) Read(b []byte) (int, error) {
	if len(h.first) > 0 {
		n := copy(b, h.first)
		if h.first = h.first[n:]; len(h.first) == 0 {
			h.first = nil
		}
		return n, nil
	}
	return h.Conn.Read(b)
}

func (h *handed) Close() error {
	h.seat.Leave()
	return h.Conn.Close()
}

func (h *handed) place() Seat { return h.seat }

// A handedTCP is one of which net/http can do more.
type handedTCP struct {
	handed
	tcp *net.TCPConn
}

// ReadFrom lets net/http have the system send files.
func (h *handedTCP) ReadFrom(r io.Reader) (int64, error) { return h.tcp.ReadFrom(r) }

// CloseWrite lets net/http say that nothing more comes, and wait until a client that still sends has read the answer.
func (h *handedTCP) CloseWrite() error { return h.tcp.CloseWrite() }

type seatKey struct{}

func seatOf(c net.Conn) Seat {
	if h, ok := c.(interface{ place() Seat }); ok {
		return h.place()
	}
	return nil
}

// SeatServer lets a server say of its connections when they have brought a whole request: where they have a place.
func SeatServer(s *http.Server) {
	h := s.Handler
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if seat := seatOf(c); seat != nil {
			return context.WithValue(ctx, seatKey{}, seat)
		}
		return ctx
	}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		if seat := seatOf(c); seat != nil && state == http.StateHijacked {
			seat.Pin()
		}
	}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seat, _ := r.Context().Value(seatKey{}).(Seat)
		if seat == nil {
			h.ServeHTTP(w, r)
			return
		}
		if r.Body == nil || r.Body == http.NoBody {
			if !seat.Whole() {
				panic(http.ErrAbortHandler) // it is shut
			}
		} else {
			r.Body = &seatedBody{ReadCloser: r.Body, seat: seat}
		}
		defer seat.Wait()
		h.ServeHTTP(w, r)
	})
}

// A seatedBody says when it has come whole.
type seatedBody struct {
	io.ReadCloser
	seat Seat
}

func (b *seatedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.seat.Whole() // where it is shut, so is what the answer would be written to
	}
	return n, err
}
