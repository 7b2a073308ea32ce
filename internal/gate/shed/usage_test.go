package shed

import (
	"math"
	"net/netip"
	"testing"
	"time"
)

// After hours in which nobody asked, clients are weighed as ever.
func TestClientsAfterAQuietNight(t *testing.T) {
	cs := newClients()
	early := cs.get(netip.MustParseAddr("192.0.2.1"), 0)
	early.running++
	cs.left(early, time.Second, time.Second)
	now := 12 * time.Hour
	late := cs.get(netip.MustParseAddr("192.0.2.2"), now)
	idle := cs.get(netip.MustParseAddr("192.0.2.3"), now)
	late.running++
	weight := cs.weight(time.Millisecond, now)
	for _, c := range []*client{early, late, idle} {
		if due := c.due(weight); math.IsNaN(due) || math.IsInf(due, 0) {
			t.Errorf("%v is due %v", c.addr, due)
		}
	}
	if late.due(weight) <= idle.due(weight) || early.due(weight) > late.due(weight) {
		t.Errorf("%v, %v, %v", early.due(weight), late.due(weight), idle.due(weight))
	}
}
