package shed

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
)

// A station is what a Shedder stands before, on a virtual clock: so many servers, before which requests wait as they do before a database's
// connections, and that may get in each other's way.
type station struct {
	mu      sync.Mutex
	servers chan struct{}
	service time.Duration
	thrash  float64 // by which part of itself each one more than there are servers makes the service slower
	inside  int
	r       *rand.Rand
}

func newStation(servers int, service time.Duration) *station {
	return &station{servers: make(chan struct{}, servers), service: service, r: rand.New(rand.NewPCG(1, 2))}
}

// serve takes an exponential time, or until ctx ends.
func (st *station) serve(ctx context.Context) error {
	st.mu.Lock()
	st.inside++
	took := time.Duration(st.r.ExpFloat64() * float64(st.service))
	if over := st.inside - cap(st.servers); over > 0 {
		took += time.Duration(float64(took) * st.thrash * float64(over))
	}
	st.mu.Unlock()
	defer func() {
		st.mu.Lock()
		st.inside--
		st.mu.Unlock()
	}()
	select {
	case st.servers <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-st.servers }()
	select {
	case <-time.After(took):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// capacity is how many requests a second the station serves.
func (st *station) capacity() float64 { return float64(cap(st.servers)) / st.service.Seconds() }

// A crowd are clients of one kind.
type crowd struct {
	clients  int
	rate     float64 // requests a second of all together, at random times
	class    api.Class
	first    byte // of their addresses
	deadline time.Duration

	mu      sync.Mutex
	sent    int
	served  int // within their deadline
	refused int
	took    []time.Duration // of those served
}

// quantile gives how long a part q of the served ones took at most.
func (c *crowd) quantile(q float64) time.Duration {
	if len(c.took) == 0 {
		return 0
	}
	slices.Sort(c.took)
	return c.took[min(len(c.took)-1, int(q*float64(len(c.took))))]
}

func (c *crowd) ratio() float64 { return float64(c.served) / float64(c.sent) }

// simulate lets crowds ask for so long, of which the first part is not counted.
func simulate(t *testing.T, s *Shedder, st *station, warm, lasts time.Duration, crowds ...*crowd) {
	begin := time.Now()
	var group sync.WaitGroup
	for i, c := range crowds {
		r := rand.New(rand.NewPCG(uint64(i), 7))
		group.Go(func() {
			for time.Since(begin) < warm+lasts {
				time.Sleep(time.Duration(r.ExpFloat64() / c.rate * float64(time.Second)))
				who := Who{Client: netip.AddrFrom4([4]byte{127, c.first, 0, byte(r.IntN(c.clients))}), Class: c.class}
				counts := time.Since(begin) > warm
				group.Go(func() { c.ask(t, s, st, who, counts) })
			}
		})
	}
	group.Wait()
}

func (c *crowd) ask(t *testing.T, s *Shedder, st *station, who Who, counts bool) {
	begin := time.Now()
	lasts := c.deadline
	if lasts == 0 {
		lasts = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(t.Context(), lasts)
	defer cancel()
	err := s.Look(who)
	if err == nil {
		var p Permit
		if p, err = s.Enter(ctx, who); err == nil {
			err = st.serve(ctx)
			how := Done
			if err != nil {
				how = Cut
			}
			s.Leave(p, how)
		}
	}
	took := time.Since(begin)
	if !counts {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent++
	var f *fault.Fault
	switch {
	case err == nil:
		c.served++
		c.took = append(c.took, took)
	case errors.As(err, &f) && f.Code == fault.Overloaded:
		c.refused++
		if took > time.Second && c.clients > 1 {
			t.Errorf("refused after %v", took)
		}
	case !errors.Is(err, context.DeadlineExceeded):
		t.Error(err)
	}
}

// inLong skips what simulates hundreds of thousands of requests.
func inLong(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("simulates hundreds of thousands of requests")
	}
}

// inBubble runs a simulation on a virtual clock.
func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Parallel()
	synctest.Test(t, f)
}

// TestGoodput: at three times what the station can do, it still does what it can, and those who are served don't wait long. The
// station gets slower the more crowd it, and clients give up after a second: without a limit nearly nothing gets done in time.
func TestGoodput(t *testing.T) {
	inLong(t)
	for _, c := range []struct {
		name    string
		servers int
		thrash  float64
		start   int
	}{
		{"begins above the knee", 4, 0.01, 32},
		{"begins below the knee", 12, 0.01, 4},
		{"nobody is in the way", 8, 0, 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				run := func(off bool) (float64, *crowd, Stats) {
					st := newStation(c.servers, 10*time.Millisecond)
					st.thrash = c.thrash
					s := New(Config{Off: off, Bounds: Bounds{Min: 4, Start: c.start, Max: 4096}})
					all := &crowd{clients: 200, rate: 3 * st.capacity(), class: api.Interactive, deadline: time.Second}
					simulate(t, s, st, 40*time.Second, 10*time.Second, all)
					part := float64(all.served) / 10 / st.capacity()
					t.Logf("off %v: %.0f%% of what it can do, p50 %v, p99 %v, limit %d", off, 100*part, all.quantile(.5), all.quantile(.99), s.Stats().Limit)
					return part, all, s.Stats()
				}
				part, all, stats := run(false)
				if part < 0.85 {
					t.Errorf("%.0f%% of what the station can do was done", 100*part)
				}
				if p := all.quantile(0.99); p > 400*time.Millisecond {
					t.Errorf("p99 is %v", p)
				}
				if stats.Running != 0 || stats.Queued != 0 || stats.Limit > 3*c.servers+4 {
					t.Errorf("%+v", stats)
				}
				if c.thrash == 0 {
					return
				}
				if part, _, _ := run(true); part > 0.5 {
					t.Errorf("without a limit %.0f%% was done in time: the station isn't crowded enough to tell", 100*part)
				}
			})
		})
	}
}

// TestCapacityHalves: the limit follows a station that gets slower.
func TestCapacityHalves(t *testing.T) {
	inLong(t)
	inBubble(t, func(t *testing.T) {
		st := newStation(32, 10*time.Millisecond)
		s := New(Config{Bounds: Bounds{Min: 4, Start: 32, Max: 4096}})
		before := &crowd{clients: 50, rate: 1500, class: api.Interactive}
		simulate(t, s, st, 0, 20*time.Second, before)
		if before.ratio() < 0.999 {
			t.Errorf("at half of what it can do, %d of %d were served", before.served, before.sent)
		}
		for range 24 { // so many servers are taken by somebody else
			st.servers <- struct{}{}
		}
		after := &crowd{clients: 50, rate: 1500, class: api.Interactive, deadline: time.Second}
		simulate(t, s, st, 30*time.Second, 20*time.Second, after)
		t.Logf("%.0f served a second, p99 %v, limit %d", float64(after.served)/20, after.quantile(.99), s.Stats().Limit)
		if got := float64(after.served) / 20; got < 0.85*800 || after.quantile(.99) > 800*time.Millisecond {
			t.Errorf("%.0f were served a second of 800, p99 %v", got, after.quantile(.99))
		}
	})
}

// TestBurst: what comes at once and is done in a moment is no overload, and nobody is refused.
func TestBurst(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		st := newStation(4, time.Millisecond)
		s := New(Config{Bounds: Bounds{Min: 4, Start: 4, Max: 4}})
		var group sync.WaitGroup
		for i := range 10 {
			for client := range 200 { // 50 ms of work
				group.Go(func() {
					p, err := s.Enter(t.Context(), Who{Client: netip.AddrFrom4([4]byte{127, 0, 0, byte(client)}), Class: api.Interactive})
					if err != nil {
						t.Errorf("burst %d, client %d: %v", i, client, err)
						return
					}
					if err := st.serve(t.Context()); err != nil {
						t.Error(err)
					}
					s.Leave(p, Done)
				})
			}
			group.Wait()
			time.Sleep(time.Second)
		}
	})
}

// TestAlone: one client that asks for more than can be done, over as many connections as it may have, waits for itself and gets all
// its answers, none of them much later than the others.
func TestAlone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		st := newStation(4, 10*time.Millisecond)
		s := New(Config{Bounds: Bounds{Min: 4, Start: 4, Max: 4}})
		var group sync.WaitGroup
		for range 256 {
			group.Go(func() {
				for range 20 {
					who := Who{Client: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Class: api.Interactive}
					if err := s.Look(who); err != nil {
						t.Error(err)
					}
					began := time.Now()
					p, err := s.Enter(t.Context(), who)
					if err != nil {
						t.Error(err)
						continue
					}
					if waited := time.Since(began); waited > 2*time.Second { // 256 of 10 ms, four at once, take 640 ms
						t.Errorf("waited for %s", waited)
					}
					if err := st.serve(t.Context()); err != nil {
						t.Error(err)
					}
					s.Leave(p, Done)
				}
			})
		}
		group.Wait()
	})
}

// TestFair: one client at ten times what can be done doesn't take the others' place, and gets what they leave.
func TestFair(t *testing.T) {
	inLong(t)
	inBubble(t, func(t *testing.T) {
		st := newStation(4, 10*time.Millisecond)
		calm := &crowd{clients: 50, rate: 0.4 * st.capacity(), class: api.Interactive, first: 1}
		s := New(Config{Bounds: Bounds{Min: 4, Start: 4, Max: 4}})
		simulate(t, s, st, 5*time.Second, 30*time.Second, calm)

		good := &crowd{clients: 50, rate: 0.4 * st.capacity(), class: api.Interactive, first: 1}
		abuser := &crowd{clients: 1, rate: 10 * st.capacity(), class: api.Interactive, first: 2}
		simulate(t, s, st, 5*time.Second, 30*time.Second, good, abuser)
		t.Logf("calm p99 %v; good %.2f%%, p99 %v; abuser %.0f%% of what can be done", calm.quantile(.99), 100*good.ratio(), good.quantile(.99), 100*float64(abuser.served)/30/st.capacity())
		if good.ratio() < 0.99 || good.quantile(.99) > 2*calm.quantile(.99) {
			t.Errorf("good clients: %d of %d, p99 %v, calm %v", good.served, good.sent, good.quantile(.99), calm.quantile(.99))
		}
		if got := float64(abuser.served) / 30 / st.capacity(); got < 0.5 {
			t.Errorf("the abuser got %.0f%% of what can be done", 100*got)
		}
		if top := s.Stats().Most; len(top) == 0 || top[0].Client != "127.2.0.0" {
			t.Errorf("%+v", top)
		}
	})
}

// TestPriorities: where not all can be served, lower classes go first.
func TestPriorities(t *testing.T) {
	inLong(t)
	inBubble(t, func(t *testing.T) {
		st := newStation(4, 10*time.Millisecond)
		s := New(Config{Bounds: Bounds{Min: 4, Start: 4, Max: 4}})
		all := make([]*crowd, api.Operation+1)
		for class := range all {
			all[class] = &crowd{clients: 50, rate: 0.4 * st.capacity(), class: api.Class(class), first: byte(class)}
		}
		simulate(t, s, st, 5*time.Second, 30*time.Second, all...)
		for class, c := range all {
			t.Logf("%v: %.1f%%, p99 %v", api.Class(class), 100*c.ratio(), c.quantile(.99))
		}
		if all[api.Operation].ratio() < 1 || all[api.Write].ratio() < 0.9 || all[api.Bulk].ratio() > 0.1 || all[api.Background].ratio() > all[api.Interactive].ratio() {
			t.Error("the classes aren't served in order")
		}
	})
}

// TestCutOff: requests that are cut off by their deadline lower the limit, since nobody knows how long they would have taken.
func TestCutOff(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		st := newStation(100, 3*time.Second)
		s := New(Config{Bounds: Bounds{Min: 8, Start: 100, Max: 100}})
		c := &crowd{clients: 50, rate: 100, class: api.Interactive, deadline: time.Second}
		simulate(t, s, st, 0, 30*time.Second, c)
		if got := s.Stats().Limit; got > 20 {
			t.Errorf("the limit is %d, though most are cut off", got)
		}
	})
}

// TestGivesUp: who leaves the queue takes nobody's place.
func TestGivesUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := New(Config{Bounds: Bounds{Min: 1, Start: 1, Max: 1}})
		who := Who{Client: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Class: api.Interactive}
		first, err := s.Enter(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := s.Enter(ctx, who); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if got := s.Stats(); got.Queued != 0 || got.Running != 1 {
			t.Fatalf("%+v", got)
		}
		s.Leave(first, Done)
		second, err := s.Enter(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		s.Leave(second, Done)
		if got := s.Stats(); got.Queued != 0 || got.Running != 0 || got.Admitted != 2 {
			t.Fatalf("%+v", got)
		}
	})
}

// TestQueueEdge: the queue holds so many, and one more takes the place of whoever has used most, or finds none.
func TestQueueEdge(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := New(Config{Bounds: Bounds{Min: 1, Start: 1, Max: 1}})
		who := func(client byte, class api.Class) Who {
			return Who{Client: netip.AddrFrom4([4]byte{127, 0, 0, client}), Class: class}
		}
		first, err := s.Enter(t.Context(), who(1, api.Interactive))
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		errs := make(chan error, queueMin+2)
		enter := func(w Who) {
			group.Go(func() {
				p, err := s.Enter(t.Context(), w)
				if err == nil {
					s.Leave(p, Done)
				}
				errs <- err
			})
			synctest.Wait()
		}
		for range queueMin {
			enter(who(1, api.Interactive))
		}
		if got := s.Stats(); got.Queued != queueMin || len(errs) > 0 {
			t.Fatalf("at the limit: %+v", got)
		}
		enter(who(1, api.Interactive))
		if got := s.Stats(); got.Queued != queueMin || got.Refused["queue"] != 1 {
			t.Fatalf("one past it, of the same client: %+v", got)
		}
		enter(who(2, api.Interactive))
		if got := s.Stats(); got.Queued != queueMin || got.Refused["rank"] != 1 {
			t.Fatalf("one past it, of another client: %+v", got)
		}
		if err := s.Look(who(3, api.Bulk)); err == nil {
			t.Error("one of the lowest class is let in")
		}
		s.Leave(first, Done)
		group.Wait()
		if got := s.Stats(); got.Queued != 0 || got.Running != 0 || got.Admitted != queueMin+1 {
			t.Fatalf("in the end: %+v", got)
		}
	})
}

// TestClients: what clients have used is known of so many.
func TestClients(t *testing.T) {
	s := New(Config{})
	heavy := netip.MustParseAddr("192.0.2.1")
	for n := range 3 * clientsMax {
		addr := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
		if n%100 == 0 {
			addr = heavy
		}
		p, err := s.Enter(t.Context(), Who{Client: addr})
		if err != nil {
			t.Fatal(err)
		}
		p.began -= time.Millisecond // it took so long
		s.Leave(p, Done)
	}
	if n := len(s.clients.of); n > clientsMax {
		t.Errorf("%d clients are known", n)
	}
	if s.clients.find(heavy).used == 0 {
		t.Error("the client that used most is forgotten")
	}
}

// TestGroup: one group never has more than half, however slow it is, so that the others don't wait.
func TestGroup(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := New(Config{Bounds: Bounds{Min: 4, Start: 4, Max: 4}})
		who := func(client byte, group any) Who {
			return Who{Client: netip.AddrFrom4([4]byte{127, 0, 0, client}), Class: api.Interactive, Group: group}
		}
		slow := func(client byte) {
			p, err := s.Enter(t.Context(), who(client, "slow"))
			if err != nil {
				t.Error(err)
				return
			}
			time.Sleep(200 * time.Millisecond)
			s.Leave(p, Done)
		}
		var group sync.WaitGroup
		for i := range byte(4) {
			group.Go(func() { slow(i) })
		}
		synctest.Wait()
		if got := s.Stats(); got.Running != 2 || got.Queued != 2 {
			t.Fatalf("%+v", got)
		}
		begin := time.Now()
		one, err := s.Enter(t.Context(), who(9, "fast"))
		if err != nil {
			t.Fatal(err)
		}
		two, err := s.Enter(t.Context(), who(9, nil))
		if err != nil || time.Since(begin) > 0 {
			t.Fatal(time.Since(begin), err)
		}
		s.Leave(one, Done)
		s.Leave(two, Done)
		group.Wait()
		if got := s.Stats(); got.Running != 0 || got.Queued != 0 || got.Admitted != 6 || len(s.groups) != 0 {
			t.Errorf("%+v", got)
		}
	})
}
