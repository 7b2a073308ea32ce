package node

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
)

// An Admission lets requests in, or refuses them by a fault. Those who decide stand before the node, which knows them by these functions
// only; any of them may be nil.
type Admission struct {
	// Enter is asked before anything of a request is read but its head. v has the peer, and the class as far as the head tells it.
	Enter func(v *api.Visit, r *api.Request, now time.Time) error
	// Charge is asked once it is known what a request is to do: its class, and a bound of the rows that it may touch, below 0 for none.
	Charge func(v *api.Visit, class api.Class, rows int64) error
	// Lines adds to an answer's headers what its client is to know.
	Lines func(v *api.Visit, lines []api.Header) []api.Header
}

// enter asks whether a request is let in.
func (f *Front) enter(ctx context.Context, x *exchange) error {
	v := api.VisitOf(ctx)
	if x.visit = v; v == nil || f.admission.Enter == nil {
		return nil
	}
	v.Class = classOf(&x.in)
	v.Writes = v.Class == api.Write
	v.Class = min(v.Class, asked(&x.in))
	return f.admission.Enter(v, &x.in, x.begin)
}

// classOf tells a request's class from its head. What only its body or its plan tells is taken for interactive.
func classOf(r *api.Request) api.Class {
	switch {
	case r.Path == "/healthz", r.Path == "/v1/version", r.Method == http.MethodOptions:
		return api.Operation
	case r.Method == http.MethodGet, r.Method == http.MethodHead, servesGraphQL(r.Path), strings.HasPrefix(r.Path, restPrefix+"/rpc/"):
		return api.Interactive
	}
	return api.Write
}

// asked is the highest class that a request asks for. By its urgency (RFC 9218) a client can say that something may wait, and not that it may
// not.
func asked(r *api.Request) api.Class {
	priority := r.Header("Priority")
	if priority == "" {
		return api.Operation
	}
	for part := range strings.SplitSeq(priority, ",") {
		switch strings.TrimSpace(part) {
		case "u=7":
			return api.Bulk
		case "u=5", "u=6":
			return api.Background
		}
	}
	return api.Operation
}

// charge asks whether a planned request may run.
func (n *Node) charge(ctx context.Context, p *plan.Plan, args query.Args) error {
	v := api.VisitOf(ctx)
	if v == nil || n.o.Admission.Charge == nil {
		return nil
	}
	class := api.Interactive
	if !p.ReadsOnly() {
		class = api.Write
	}
	if v.Class < api.Interactive {
		class = v.Class
	}
	rows := int64(0)
	if n.o.ChargeRows {
		var bounded bool
		if rows, bounded = p.Cost(args); !bounded {
			rows = -1
		}
	}
	return n.o.Admission.Charge(v, class, rows)
}

// turnedAway says whether a request was refused by whoever admits it: it didn't run.
func turnedAway(err error) bool {
	var f *fault.Fault
	return errors.As(err, &f) && (f.Code == fault.Overloaded || f.Code == fault.TooManyRequests)
}

// peerOf gives the address of a connection's other end.
func peerOf(remote string) netip.Addr {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

// Admit stands before a handler of other paths than the API's: it lets in, and refuses, as before those.
func (f *Front) Admit(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{begin: time.Now()}
		v := &api.Visit{Peer: peerOf(r.RemoteAddr), Class: api.Operation} // no statement of ours waits for a connection
		f.take(x, w, r)
		x.visit = v
		if f.admission.Enter != nil {
			if err := f.admission.Enter(v, &x.in, x.begin); err != nil {
				x.path = x.in.Path
				x.in.ID = requestID(x.in.Header("X-Request-Id"))
				x.unread, x.out = true, f.node.fail(&x.in, err)
				f.finish(x)
				sent, err := send(x, w)
				f.done(x, sent, err)
				return
			}
		}
		if f.admission.Lines != nil {
			for _, line := range f.admission.Lines(v, nil) {
				w.Header().Set(line.Name, line.Value)
			}
		}
		h.ServeHTTP(w, r)
	})
}
