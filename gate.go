package pintail

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/console"
	"github.com/pintail-dev/pintail/internal/gate/limit"
	"github.com/pintail-dev/pintail/internal/gate/shed"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/shape"
)

// GateConfig says what stands before every request: who may ask how much, how many connections there may be, and whether those are refused
// that would wait too long. The zero value is what docs/limits.md says.
type GateConfig struct {
	// Limit is how much one client may ask for, as limit.Parse reads it: "100/s burst 200", "report …", "off". Empty is the first of
	// these, but for the admin and in open mode, where it is off; what is set holds for everyone.
	Limit string
	// TrustedProxies are addresses and networks whose X-Forwarded-For says who the client is.
	TrustedProxies []string

	ClientConnectionsMax int    // of one client; default 256
	ConnectionsMax       int    // of all; default 0.8 of the descriptors that the process may have
	Shedding             string // "on", the default, or "off"
}

// Check says what is wrong with it, under the names that the keys of pintail.yaml have.
func (c GateConfig) Check() error {
	if c.Limit != "" {
		if _, err := limit.Parse(c.Limit); err != nil {
			return &KeyError{"limits.default", err}
		}
	}
	if _, err := limit.ParseProxies(c.TrustedProxies); err != nil {
		return &KeyError{"limits.trusted_proxies", err}
	}
	if c.ClientConnectionsMax < 0 {
		return &KeyError{"limits.client_connections", fmt.Errorf("%d are too few; it is from 1 on, and 0 for the default of %d", c.ClientConnectionsMax, limit.ClientConnections)}
	}
	if c.ConnectionsMax < 0 {
		return &KeyError{"limits.connections", fmt.Errorf("%d are too few; it is from 1 on, and 0 for 0.8 of the descriptors that the process may have", c.ConnectionsMax)}
	}
	if c.Shedding != "" && c.Shedding != "on" && c.Shedding != "off" {
		return &KeyError{"limits.shedding", fmt.Errorf("%q is neither on nor off", c.Shedding)}
	}
	return nil
}

// A KeyError says what is wrong with what a key of pintail.yaml sets.
type KeyError struct {
	Key string
	Err error
}

func (e *KeyError) Error() string { return e.Key + ": " + e.Err.Error() }

func (e *KeyError) Unwrap() error { return e.Err }

// A gate is what stands before an app's requests.
type gate struct {
	keeper   *auth.Keeper
	proxies  limit.Proxies
	limiter  *limit.Limiter
	everyone bool // the limit holds for the admin too
	policy   api.Header

	connections   *limit.Connections
	reads, writes *shed.Shedder
	waited, ran   shape.Histogram // how long statements waited for their turn, and how long the engine took for them

	log    *slog.Logger
	began  time.Time
	quiet  atomic.Int64 // until when the log isn't told of refusals, in nanoseconds since the gate began
	behind atomic.Bool  // a client over the limit came by a proxy that isn't trusted
}

// newGate makes the gate of a configuration that was checked. reads and writes bound what runs at once.
func newGate(c GateConfig, keeper *auth.Keeper, log *slog.Logger, reads, writes shed.Bounds) (*gate, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	policy := limit.Default
	if c.Limit != "" {
		policy, _ = limit.Parse(c.Limit) // Check has
	} else if keeper.IsOpen() {
		policy = limit.Policy{}
	}
	proxies, _ := limit.ParseProxies(c.TrustedProxies)
	g := &gate{
		keeper: keeper, proxies: proxies, limiter: limit.New(policy), everyone: c.Limit != "", log: log, began: time.Now(),
		connections: limit.NewConnections(cmp.Or(c.ClientConnectionsMax, limit.ClientConnections), connectionsMax(c.ConnectionsMax, descriptors(), log), proxies),
		reads:       shed.New(shed.Config{Bounds: reads, Off: c.Shedding == "off"}),
		writes:      shed.New(shed.Config{Bounds: writes, Off: c.Shedding == "off"}),
	}
	g.policy = api.Header{Name: limit.PolicyField, Value: g.limiter.PolicyText()}
	return g, nil
}

// connectionsMax is how many connections there may be of all clients, where so many are wanted and the process may have so many descriptors:
// at their end none would be left for the database, and nobody who comes would be looked at.
func connectionsMax(wanted, descriptors int, log *slog.Logger) int {
	most := descriptors * 8 / 10
	if wanted > most {
		log.Warn("limits.connections is more than the process can have", "wanted", wanted, "descriptors", descriptors, "taken", most,
			"hint", "raise the number of open files: ulimit -n, or LimitNOFILE of systemd")
		return most
	}
	return cmp.Or(wanted, most)
}

// admission is what the node is handed.
func (g *gate) admission() node.Admission {
	return node.Admission{Enter: g.enter, Charge: g.charge, Lines: g.lines}
}

// seats gives connections their places.
func (g *gate) seats(peer netip.Addr, shut func()) (node.Seat, bool) {
	c, ok := g.connections.Come(peer, shut)
	if !ok {
		return nil, false
	}
	return c, true
}

// enter lets a request in of which only the head is known.
func (g *gate) enter(v *api.Visit, r *api.Request, now time.Time) error {
	v.Client = limit.By(g.proxies.Behind(v.Peer, r.Values)).Addr
	if g.limiter.Policy().Mode != limit.Off {
		v.Admin = g.keeper.Holds(r)
		if v.Limited = g.everyone || !v.Admin; v.Limited {
			verdict := g.limiter.Enter(client(v), now)
			if (verdict.Over || g.limiter.Policy().Rows) && !g.proxies.Trust(v.Peer) {
				v.Behind = r.Header("X-Forwarded-For") != ""
			}
			if err := g.judge(v, verdict, now); err != nil {
				return err
			}
		}
	}
	who := shed.Who{Client: v.Client, Class: v.Class}
	switch {
	case v.Class == api.Operation:
		return nil
	case v.Writes:
		return g.overload(g.writes.Look(who), now)
	}
	return g.overload(g.reads.Look(who), now)
}

// charge lets a request run of which is known what it is to do.
func (g *gate) charge(v *api.Visit, class api.Class, rows int64) error {
	v.Class = class
	if !g.limiter.Policy().Rows || !v.Limited {
		return nil
	}
	now := time.Now()
	return g.judge(v, g.limiter.Charge(client(v), rows, now), now)
}

// judge does what the limiter says of a request.
func (g *gate) judge(v *api.Visit, verdict limit.Verdict, now time.Time) error {
	v.Left = verdict.Left
	if verdict.Over {
		if v.Behind {
			g.behind.Store(true)
		}
		g.tell(now)
	}
	if verdict.Refused {
		return g.limiter.Fault(verdict)
	}
	return nil
}

// client is who is charged for a visit.
func client(v *api.Visit) limit.Client {
	if v.Admin {
		return limit.Client{Name: adminKey}
	}
	return limit.Client{Addr: v.Client}
}

// adminKey names the admin secret among the clients.
const adminKey = "the admin secret"

// lines tells a client where it stands.
func (g *gate) lines(v *api.Visit, lines []api.Header) []api.Header {
	if !v.Limited {
		return lines
	}
	return append(lines, g.policy, api.Header{Name: limit.Field, Value: g.limiter.Text(v.Left)})
}

// overload tells the log of a refusal.
func (g *gate) overload(err error, now time.Time) error {
	if err != nil {
		g.tell(now)
	}
	return err
}

// GateStats are what the gate let in and refused, and what it holds everyone to.
type GateStats = console.Gate

func (g *gate) stats() GateStats {
	return GateStats{Limit: g.limiter.Stats(), Reads: g.reads.Stats(), Writes: g.writes.Stats(), Connections: g.connections.Stats()}
}

// Gate is what the gate let in and refused since the start.
func (a *App) Gate() GateStats { return a.gate.stats() }

// What is taken for the number of descriptors is within these.
const (
	descriptorsMin = 256
	descriptorsMax = 1 << 20
)
