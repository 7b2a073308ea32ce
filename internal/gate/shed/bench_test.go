package shed

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/internal/api"
)

// BenchmarkCalm is what a request pays that runs at once.
func BenchmarkCalm(b *testing.B) {
	s := New(Config{})
	who := Who{Client: netip.MustParseAddr("127.0.0.1"), Class: api.Interactive}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Look(who); err != nil {
			b.Fatal(err)
		}
		p, err := s.Enter(context.Background(), who)
		if err != nil {
			b.Fatal(err)
		}
		s.Leave(p, Done)
	}
}

// crowded gives a Shedder before which n clients wait.
func crowded(b *testing.B, n int) (s *Shedder, end func()) {
	s = New(Config{Bounds: Bounds{Min: 1, Start: 1, Max: 1}})
	s.typical = 10 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	p, err := s.Enter(ctx, Who{Client: netip.AddrFrom4([4]byte{127, 1, 0, 0})})
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		go func() {
			_, _ = s.Enter(ctx, Who{Client: netip.AddrFrom4([4]byte{127, 0, 0, byte(i)}), Class: api.Write})
			done <- struct{}{}
		}()
	}
	for s.Stats().Queued < n {
		time.Sleep(time.Millisecond)
	}
	s.mu.Lock()
	s.queue.overloaded, s.queue.until = true, time.Hour
	s.mu.Unlock()
	return s, func() {
		cancel()
		for range n {
			<-done
		}
		s.Leave(p, Done)
	}
}

// BenchmarkRefuse is what it costs to refuse a request while as many wait as may.
func BenchmarkRefuse(b *testing.B) {
	s, end := crowded(b, 200)
	defer end()
	b.ReportAllocs()
	for b.Loop() {
		if s.Look(Who{Client: netip.AddrFrom4([4]byte{127, 0, 1, 1}), Class: api.Interactive}) == nil {
			b.Fatal("it wasn't refused")
		}
	}
}
