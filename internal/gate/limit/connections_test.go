package limit

import (
	"net/netip"
	"sync"
	"testing"
)

// come opens n connections of a client, and tells which of them are shut.
func come(t *testing.T, cs *Connections, addr string, n int) (open []*Connection, shut map[int]bool) {
	t.Helper()
	shut = map[int]bool{}
	for i := range n {
		c, ok := cs.Come(netip.MustParseAddr(addr), func() { shut[i] = true })
		if !ok {
			t.Fatalf("connection %d of %s is refused", i+1, addr)
		}
		open = append(open, c)
	}
	return open, shut
}

// TestClientConnections: a client has so many; the next one takes the place of the one that has waited longest for a whole request.
func TestClientConnections(t *testing.T) {
	cs := NewConnections(4, 100, nil)
	open, shut := come(t, cs, "10.0.0.1", 4)
	if !open[0].Whole() || !open[1].Whole() {
		t.Fatal("shut at the limit")
	}
	open[0].Wait() // it has waited less long than the others now
	if len(shut) > 0 {
		t.Fatal("shut at the limit:", shut)
	}
	if _, ok := cs.Come(netip.MustParseAddr("10.0.0.1"), func() {}); !ok || !shut[2] || len(shut) != 1 {
		t.Fatal("one past the limit:", shut)
	}
	if open[2].Whole() {
		t.Error("a request is whole on a connection that was shut")
	}
	open[2].Leave() // its reader notices
	if _, ok := cs.Come(netip.MustParseAddr("10.0.0.1"), func() {}); !ok || !shut[3] || len(shut) != 2 {
		t.Fatal("two past the limit:", shut)
	}
	if s := cs.Stats(); s.Open != 4 || s.Closed != 2 || s.Refused != 0 || s.Clients != 1 || s.Most[0] != (Count{"10.0.0.1", 2}) {
		t.Errorf("%+v", s)
	}
}

// TestBusyConnections: what is answered isn't shut, so that the next one finds no room.
func TestBusyConnections(t *testing.T) {
	cs := NewConnections(3, 100, nil)
	open, shut := come(t, cs, "10.0.0.1", 3)
	for _, c := range open {
		c.Whole()
	}
	if _, ok := cs.Come(netip.MustParseAddr("10.0.0.1"), func() {}); ok || len(shut) > 0 {
		t.Fatal("one past the limit, while all are busy:", shut)
	}
	come(t, cs, "10.0.0.2", 3)
	open[1].Pin()
	open[1].Wait()
	if _, ok := cs.Come(netip.MustParseAddr("10.0.0.1"), func() {}); ok || len(shut) > 0 {
		t.Fatal("one past the limit, while one is pinned:", shut)
	}
	open[1].Leave()
	open[1].Leave()
	if _, ok := cs.Come(netip.MustParseAddr("10.0.0.1"), func() {}); !ok {
		t.Fatal("no room after one has left")
	}
	if s := cs.Stats(); s.Open != 6 || s.Refused != 2 {
		t.Errorf("%+v", s)
	}
}

// TestAllConnections: at the limit of all, the client with most connections gives one.
func TestAllConnections(t *testing.T) {
	cs := NewConnections(256, 20, nil)
	_, one := come(t, cs, "10.0.0.1", 5)
	_, many := come(t, cs, "10.0.0.2", 15)
	if len(one)+len(many) > 0 {
		t.Fatal("shut at the limit")
	}
	for range 8 {
		if _, ok := cs.Come(netip.MustParseAddr("10.0.0.3"), func() { t.Error("a connection of the new client is shut") }); !ok {
			t.Fatal("refused past the limit")
		}
	}
	if len(one) > 0 || len(many) != 8 || !many[0] {
		t.Errorf("shut: %v and %v", one, many)
	}
	if s := cs.Stats(); s.Open != 20 || s.Closed != 8 {
		t.Errorf("%+v", s)
	}
}

// TestProxyConnections: a proxy has more, since its clients are many.
func TestProxyConnections(t *testing.T) {
	proxies, err := ParseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	cs := NewConnections(4, 100, proxies)
	if _, shut := come(t, cs, "10.0.0.1", 50); len(shut) > 0 {
		t.Error(shut)
	}
	if _, shut := come(t, cs, "192.0.2.1", 5); len(shut) != 1 {
		t.Error(shut)
	}
}

// TestConnectionsRace: whatever happens at once, the count is right in the end.
func TestConnectionsRace(t *testing.T) {
	cs := NewConnections(8, 50, nil)
	var group sync.WaitGroup
	for g := range 16 {
		group.Go(func() {
			addr := netip.AddrFrom4([4]byte{10, 0, 0, byte(g / 2)})
			for i := range 2000 {
				c, ok := cs.Come(addr, func() {})
				if !ok {
					continue
				}
				if c.Whole() && i%3 == 0 {
					c.Wait()
				}
				if i%5 == 0 {
					c.Pin()
				}
				if i%2 == 0 {
					c.Leave()
				} else {
					defer c.Leave()
				}
			}
		})
	}
	group.Wait()
	if s := cs.Stats(); s.Open != 0 || s.Clients != 0 {
		t.Errorf("%+v", s)
	}
}

func BenchmarkRequest(b *testing.B) {
	cs := NewConnections(256, 1000, nil)
	c, _ := cs.Come(netip.MustParseAddr("10.0.0.1"), func() {})
	b.ReportAllocs()
	for b.Loop() {
		c.Whole()
		c.Wait()
	}
}
