package shed

import (
	"math"
	"net/netip"
	"time"
)

// halfLife is how long it takes until what a client has used counts for half.
const halfLife = 5 * time.Second

// clientsMax bounds the clients of whom is known what they used. Those past it that use least are forgotten.
const clientsMax = 4096

// clients say what each client has used lately, in seconds that its requests ran. What was used long ago counts for less: rather than
// making all of it smaller all the time, what is used now is made to count for more, so that two clients compare as they are.
type clients struct {
	of   map[netip.Addr]*client
	base time.Duration // when a second counts for one
}

type client struct {
	addr    netip.Addr
	used    float64
	running int
	waiting int
}

func newClients() clients { return clients{of: map[netip.Addr]*client{}} }

// nobody is a client of whom nothing is known.
var nobody = client{}

// find gives a client, to be looked at.
func (cs *clients) find(addr netip.Addr) *client {
	if c := cs.of[addr]; c != nil {
		return c
	}
	return &nobody
}

// get gives a client, to be changed.
func (cs *clients) get(addr netip.Addr, now time.Duration) *client {
	if now-cs.base > 100*halfLife { // before anybody is weighed: after some hours without requests a second would count for more than a number can say
		cs.rebase(now)
	}
	if c := cs.of[addr]; c != nil {
		return c
	}
	if len(cs.of) >= clientsMax {
		cs.sweep(now)
	}
	c := &client{addr: addr}
	cs.of[addr] = c
	return c
}

// scale is what a second of use counts for now.
func (cs *clients) scale(now time.Duration) float64 {
	return math.Exp2(float64(now-cs.base) / float64(halfLife))
}

// weight is what a running request counts for, that is expected to take so long.
func (cs *clients) weight(typical, now time.Duration) float64 {
	return cs.scale(now) * max(typical.Seconds(), 1e-6)
}

// due is what a client has used, and is using.
func (c *client) due(weight float64) float64 { return c.used + weight*float64(c.running) }

// left notes that a request of a client ran for so long.
func (cs *clients) left(c *client, now, took time.Duration) {
	c.running--
	c.used += took.Seconds() * cs.scale(now)
}

// rebase lets a second count for one from now on.
func (cs *clients) rebase(now time.Duration) {
	by := 1 / cs.scale(now)
	for _, c := range cs.of {
		c.used *= by
	}
	cs.base = now
}

// drop forgets a client that has used nothing and does nothing.
func (cs *clients) drop(c *client) {
	if c.used == 0 && c.running == 0 && c.waiting == 0 {
		delete(cs.of, c.addr)
	}
}

// sweep forgets, of the clients that do nothing now, those who used less than most: half of all.
func (cs *clients) sweep(now time.Duration) {
	var sum float64
	for _, c := range cs.of {
		sum += c.used
	}
	mean := sum / float64(len(cs.of))
	for addr, c := range cs.of {
		if c.running == 0 && c.waiting == 0 && c.used <= mean {
			delete(cs.of, addr)
		}
	}
}
