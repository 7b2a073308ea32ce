package api

import (
	"context"
	"net/netip"
	"sync/atomic"
)

// A Class is how urgent a request is. Where not all can be answered, those of a lower class are refused first.
type Class uint8

const (
	Bulk        Class = iota // exports, load tests: what says of itself that it can wait
	Background               // what nobody waits for
	Interactive              // reads, and what nobody can tell before it is planned
	Write
	Operation // health, and what operators and deployments ask
)

var classNames = [...]string{"bulk", "background", "interactive", "write", "operation"}

func (c Class) String() string { return classNames[c] }

// A Visit is what whoever admits a request needs to know of it, and remembers of it while it lasts.
type Visit struct {
	Peer   netip.Addr // of the connection
	Client netip.Addr // who asks: the peer, or whoever stands behind it if it is a trusted proxy; of IPv6 the /64
	Class  Class
	Writes bool // it is known to write; else it may read

	Admin   bool  // the request has the admin secret
	Limited bool  // the client's requests are counted
	Behind  bool  // it names others for whom it asks, and isn't trusted: told only where it asks for too much
	Left    int64 // how many units it may still use now

	running atomic.Int32 // statements of this request that were admitted and run
}

// Begin says that a statement of the request is to run now. False means that one does already, of which this is a part: a hook's.
func (v *Visit) Begin() bool { return v.running.Add(1) == 1 }

// End says that it has run.
func (v *Visit) End() { v.running.Add(-1) }

// VisitKey is the key of a context under which its request's *Visit lies.
type VisitKey struct{}

// WithVisit gives a context that carries v.
func WithVisit(ctx context.Context, v *Visit) context.Context {
	return context.WithValue(ctx, VisitKey{}, v)
}

// VisitOf gives the visit that a context carries; nil for none: the program itself asks.
func VisitOf(ctx context.Context) *Visit {
	v, _ := ctx.Value(VisitKey{}).(*Visit)
	return v
}
