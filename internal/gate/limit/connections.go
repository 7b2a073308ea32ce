package limit

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Connections are those that are open, each client's and all. Where one more is too many, the client's oldest one that has brought no whole
// request goes in its place, since a client that means to be answered sends its requests, and one that wants to take room doesn't. It
// is safe for concurrent use.
type Connections struct {
	each, all int
	proxies   Proxies
	began     time.Time

	mu      sync.Mutex
	holders map[netip.Addr]*holder
	open    int
	closed  uint64
	refused uint64
	most    Ranking
}

// A holder is one client with its connections.
type holder struct{ open []*Connection }

// ClientConnections is how many connections one client may have where nothing is said.
const ClientConnections = 256

// NewConnections allows so many a client, and so many in all. The proxies' own are only counted in all: their clients are many.
func NewConnections(each, all int, proxies Proxies) *Connections {
	return &Connections{each: each, all: all, proxies: proxies, began: time.Now(), holders: map[netip.Addr]*holder{}}
}

// A Connection is one that is open.
type Connection struct {
	of    *Connections
	addr  netip.Addr // of its client
	place int        // among the holder's
	left  bool       // it isn't there any more
	shut  func()

	// since when it has waited for a request to be whole, in nanoseconds since all began, or one of the below.
	since atomic.Int64
}

const (
	busy   = -1 // it has a whole request, which is answered
	gone   = -2 // it is shut, to make room
	pinned = -3 // it is no HTTP connection any more
)

// Come takes a new connection in, whose end shut brings about at once. False means that there is no room for it.
func (cs *Connections) Come(peer netip.Addr, shut func()) (*Connection, bool) {
	addr := By(peer).Addr
	c := &Connection{of: cs, addr: addr, shut: shut}
	c.since.Store(cs.now())
	cs.mu.Lock()
	defer cs.mu.Unlock()
	h := cs.holders[addr]
	if h != nil && len(h.open) >= cs.each && !cs.proxies.Trust(peer) && !cs.makeRoom(h) {
		return nil, cs.refuse(addr)
	}
	if cs.open >= cs.all && !cs.makeRoom(cs.largest(h)) {
		return nil, cs.refuse(addr)
	}
	if h = cs.holders[addr]; h == nil {
		h = &holder{}
		cs.holders[addr] = h
	}
	c.place = len(h.open)
	h.open = append(h.open, c)
	cs.open++
	return c, true
}

func (cs *Connections) now() int64 { return int64(time.Since(cs.began)) }

func (cs *Connections) refuse(addr netip.Addr) bool {
	cs.refused++
	cs.most.Add(Client{Addr: addr})
	return false
}

// largestOf is among how many clients the one with most connections is looked for.
const largestOf = 16

// largest gives the client with most connections among some, and the one that comes.
func (cs *Connections) largest(most *holder) *holder {
	n := 0
	for _, h := range cs.holders { // from a random one on
		if most == nil || len(h.open) > len(most.open) {
			most = h
		}
		if n++; n >= largestOf {
			break
		}
	}
	return most
}

// makeRoom shuts the connection of a client that has waited longest for a whole request. False means that it has none.
func (cs *Connections) makeRoom(h *holder) bool {
	for h != nil {
		var oldest *Connection
		var since int64
		for _, c := range h.open {
			if at := c.since.Load(); at >= 0 && (oldest == nil || at < since) {
				oldest, since = c, at
			}
		}
		if oldest == nil {
			return false
		}
		if !oldest.since.CompareAndSwap(since, gone) {
			continue // its request has just become whole
		}
		cs.closed++
		cs.most.Add(Client{Addr: oldest.addr})
		cs.leave(oldest)
		oldest.shut()
		return true
	}
	return false
}

// leave takes a connection out.
func (cs *Connections) leave(c *Connection) {
	if c.left {
		return
	}
	c.left = true
	h := cs.holders[c.addr]
	end := len(h.open) - 1
	h.open[c.place] = h.open[end]
	h.open[c.place].place = c.place
	h.open[end] = nil
	h.open = h.open[:end]
	if end == 0 {
		delete(cs.holders, c.addr)
	}
	cs.open--
}

// Whole says that a whole request has come. False means that the connection was shut to make room: there is nobody to answer.
func (c *Connection) Whole() bool {
	for {
		at := c.since.Load()
		if at < 0 {
			return at != gone
		}
		if c.since.CompareAndSwap(at, busy) {
			return true
		}
	}
}

// Wait says that the request is answered: the next one may come.
func (c *Connection) Wait() { c.since.CompareAndSwap(busy, c.of.now()) }

// Pin says that the connection belongs to somebody else, who isn't told to wait: a WebSocket.
func (c *Connection) Pin() {
	for {
		at := c.since.Load()
		if at == gone || c.since.CompareAndSwap(at, pinned) {
			return
		}
	}
}

// Leave says that the connection is closed. Calling it again does nothing.
func (c *Connection) Leave() {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.of.leave(c)
}

// ConnectionStats are how many connections there are, and what became of others.
type ConnectionStats struct {
	Open    int     `json:"open"`
	Clients int     `json:"clients"`
	EachMax int     `json:"each_max"` // of one client
	AllMax  int     `json:"all_max"`
	Closed  uint64  `json:"closed"`  // since they brought no whole request, to make room
	Refused uint64  `json:"refused"` // since all others of the client, or of all, were being answered
	Most    []Count `json:"most"`    // the ten clients whose connections were closed or refused most often
}

// Stats gives them.
func (cs *Connections) Stats() ConnectionStats {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return ConnectionStats{
		Open: cs.open, Clients: len(cs.holders), EachMax: cs.each, AllMax: cs.all, Closed: cs.closed, Refused: cs.refused, Most: cs.most.Top(10),
	}
}
