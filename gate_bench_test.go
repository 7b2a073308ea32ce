package pintail

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/gate/limit"
	"github.com/pintail-dev/pintail/internal/gate/shed"
	"github.com/pintail-dev/pintail/internal/node"
)

// BenchmarkGate is what the gate adds to a request that runs one statement: limit, header lines, a look at the queue, a turn; in open mode, with
// the admin secret, and where the limit is set for everyone. BenchmarkRefused is a request over the limit, up to its fault.
func BenchmarkGate(b *testing.B) {
	for _, c := range []struct {
		name, limit, secret string
	}{{"open", "", ""}, {"open, limited", "100000000/s burst 1000", ""}, {"admin", "", "secret"}, {"admin, limited", "100000000/s burst 1000", "secret"}} {
		b.Run(c.name, func(b *testing.B) {
			g, r := benchGate(b, c.limit, c.secret)
			a := g.admission()
			lines := make([]api.Header, 0, 8)
			v := &api.Visit{}
			ctx := api.WithVisit(context.Background(), v)
			work := func() error { return nil }
			b.ReportAllocs()
			for b.Loop() {
				*v = api.Visit{Peer: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Class: api.Interactive}
				now := time.Now() // the front has it already
				if err := a.Enter(v, r, now); err != nil {
					b.Fatal(err)
				}
				if err := a.Charge(v, api.Interactive, 0); err != nil {
					b.Fatal(err)
				}
				if err := g.run(ctx, g.reads, nil, work); err != nil {
					b.Fatal(err)
				}
				lines = a.Lines(v, lines[:0])
			}
		})
	}
}

func BenchmarkRefused(b *testing.B) {
	g, r := benchGate(b, "1/h burst 1", "")
	v := &api.Visit{Peer: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Class: api.Interactive}
	now := time.Now()
	if err := g.enter(v, r, now); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if g.enter(v, r, now) == nil {
			b.Fatal("it is let in")
		}
	}
}

// TestGateAllocates nothing for a request that is let in.
func TestGateAllocates(t *testing.T) {
	for _, secret := range []string{"", "secret"} {
		g, r := benchGate(t, "100000000/s burst 1000", secret)
		v := &api.Visit{}
		ctx := api.WithVisit(context.Background(), v)
		lines := make([]api.Header, 0, 8)
		work := func() error { return nil }
		got := testing.AllocsPerRun(100, func() {
			*v = api.Visit{Peer: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Class: api.Interactive}
			now := time.Now()
			if g.enter(v, r, now) != nil || g.charge(v, api.Interactive, 0) != nil || g.run(ctx, g.reads, nil, work) != nil {
				t.Fatal("it isn't let in")
			}
			lines = g.lines(v, lines[:0])
		})
		if got > 0 || len(lines) != 2 {
			t.Errorf("secret %q: %v allocations, %v", secret, got, lines)
		}
	}
}

// crowd lets so many wait that others are refused, until the test ends.
func crowd(t testing.TB, s *shed.Shedder) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	enter := func(n int) {
		p, err := s.Enter(ctx, shed.Who{Client: netip.AddrFrom4([4]byte{127, 1, byte(n >> 8), byte(n)}), Class: api.Operation})
		if err == nil {
			<-ctx.Done()
			s.Leave(p, shed.Nothing)
		}
	}
	for n := range 700 { // more than run, and may wait besides
		group.Go(func() { enter(n) })
	}
	t.Cleanup(func() { cancel(); group.Wait() })
	for s.Look(shed.Who{Client: netip.AddrFrom4([4]byte{127, 0, 0, 9}), Class: api.Write}) == nil {
		time.Sleep(10 * time.Millisecond)
	}
}

// unread is a body that nobody may read.
type unread struct{ testing.TB }

func (u unread) Read([]byte) (int, error) {
	u.Error("the body was read")
	return 0, io.EOF
}

func benchGate(t testing.TB, policy, secret string) (*gate, *api.Request) {
	keeper := auth.Open()
	if secret != "" {
		keeper = auth.Locked(secret)
	}
	g, err := newGate(GateConfig{Limit: policy}, keeper, slog.New(slog.DiscardHandler), shed.Bounds{}, shed.Bounds{})
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Apikey": {secret}}
	return g, &api.Request{Method: http.MethodGet, Path: "/rest/v1/toast", Header: header.Get, Values: header.Values}
}

var _ node.Seat = (*limit.Connection)(nil)
