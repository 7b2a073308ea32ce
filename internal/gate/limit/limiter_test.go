package limit

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/fault"
)

func policy(t testing.TB, text string) Policy {
	p, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func at(text string) Client { return By(netip.MustParseAddr(text)) }

// TestEdge: after a pause a burst is let in and not one more; from then on one each time that a unit has come back.
func TestEdge(t *testing.T) {
	l := New(policy(t, "100/s burst 200"))
	now := l.began
	c := at("10.0.0.1")
	for i := range 200 {
		if v := l.Enter(c, now); v.Refused || v.Left != int64(199-i) {
			t.Fatalf("request %d: %+v", i+1, v)
		}
	}
	if v := l.Enter(c, now); !v.Refused || v.Wait != 10*time.Millisecond || v.Left != 0 {
		t.Fatalf("one past the burst: %+v", v)
	}
	if v := l.Enter(at("10.0.0.2"), now); v.Refused {
		t.Errorf("another client: %+v", v)
	}
	if v := l.Enter(c, now.Add(10*time.Millisecond-1)); !v.Refused || v.Wait != 1 {
		t.Errorf("a nanosecond early: %+v", v)
	}
	now = now.Add(10 * time.Millisecond)
	if v := l.Enter(c, now); v.Refused {
		t.Errorf("in time: %+v", v)
	}
	if v := l.Enter(c, now); !v.Refused {
		t.Errorf("one past the unit that came back: %+v", v)
	}
	now = now.Add(time.Hour)
	if v := l.Enter(c, now); v.Refused || v.Left != 199 {
		t.Errorf("after a pause: %+v", v)
	}
}

// TestCost: a request that costs more than the burst costs the burst, or it would never be let in.
func TestCost(t *testing.T) {
	l := New(policy(t, "100 rows/s burst 1000"))
	now := l.began
	c := at("10.0.0.1")
	if v := l.Charge(c, 1_000_000, now); v.Refused || v.Left != 0 {
		t.Fatalf("on a full burst: %+v", v)
	}
	if v := l.Charge(c, 1_000_000, now); !v.Refused || v.Wait != 10*time.Second {
		t.Fatalf("on an empty one: %+v", v)
	}
	now = now.Add(5 * time.Second)
	if v := l.Charge(c, 501, now); !v.Refused || v.Left != 500 {
		t.Errorf("one row too many: %+v", v)
	}
	if v := l.Charge(c, 500, now); v.Refused || v.Left != 0 {
		t.Errorf("all rows that came back: %+v", v)
	}
}

// TestModel holds the limiter to a bucket that is filled and emptied in whole nanoseconds.
func TestModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		p := Policy{Mode: On, Units: 1 + r.Int64N(1000), Per: pers[r.IntN(3)].of, Burst: 1 + r.Int64N(50), Rows: true}
		l := New(p)
		full := p.Burst * l.each
		bucket, last := full, int64(0) // nanoseconds' worth
		now := int64(0)
		for step := range 300 {
			now += r.Int64N(2 * l.each)
			cost := 1 + r.Int64N(min(5, p.Burst))
			bucket = min(full, bucket+now-last)
			last = now
			want := bucket >= cost*l.each
			if want {
				bucket -= cost * l.each
			}
			v := l.Charge(at("10.0.0.1"), cost, l.began.Add(time.Duration(now)))
			if v.Refused == want || v.Left != bucket/l.each {
				t.Fatalf("%v, step %d: cost %d: %+v, and the bucket says %v with %d left", p, step, cost, v, want, bucket/l.each)
			}
			if !want && int64(v.Wait) != cost*l.each-bucket {
				t.Fatalf("%v, step %d: wait %v, not %v", p, step, v.Wait, time.Duration(cost*l.each-bucket))
			}
		}
	}
}

// TestImpatient: a client that asks for its whole burst again and again, much sooner than rows come back, gets it as soon as they are there.
// Asking costs it requests, of which it has as many as it may ask for rows: no more than that are planned.
func TestImpatient(t *testing.T) {
	l := New(policy(t, "10 rows/s burst 50"))
	c := at("10.0.0.1")
	planned, got := 0, []time.Duration(nil)
	for now := time.Duration(0); now <= 20*time.Second; now += 10 * time.Millisecond { // a hundred tries a second
		if l.Enter(c, l.began.Add(now)).Refused {
			continue
		}
		planned++
		if !l.Charge(c, -1, l.began.Add(now)).Refused {
			got = append(got, now)
		}
	}
	if len(got) != 5 {
		t.Fatalf("it got its burst at %v", got)
	}
	for i, at := range got {
		if due := time.Duration(i) * 5 * time.Second; at < due || at > due+500*time.Millisecond { // and what the tries before have used up
			t.Errorf("burst %d came at %v", i+1, at)
		}
	}
	if most := 50 + 20*10 + 1; planned > most {
		t.Errorf("%d tries were planned, more than %d", planned, most)
	}
}

// TestLeftOfTooMany: one request too many, where rows are counted, says how many rows are left: some are.
func TestLeftOfTooMany(t *testing.T) {
	l := New(policy(t, "10 rows/s burst 50"))
	c := at("10.0.0.1")
	l.Charge(c, 20, l.began)
	for range 50 {
		l.Enter(c, l.began)
	}
	if v := l.Enter(c, l.began); !v.Refused || v.Left != 30 || v.Wait != 100*time.Millisecond {
		t.Errorf("%+v", v)
	}
}

// TestWaitIsTrue: whoever is told to wait, and does, gets in with the same request, and not a nanosecond sooner where it was known what it
// costs. One that is refused by its head alone, as one request too many, is told what it needs if its plan was refused lately.
func TestWaitIsTrue(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	byHead := 0
	for range 300 {
		p := Policy{Mode: On, Units: 1 + r.Int64N(1000), Per: pers[r.IntN(3)].of, Burst: 1 + r.Int64N(50), Rows: true}
		l := New(p)
		c, now := at("10.0.0.1"), l.began
		try := func(cost int64, now time.Time) (v Verdict) {
			if v = l.Enter(c, now); !v.Refused {
				v = l.Charge(c, cost, now)
			}
			return v
		}
		var known struct { // of what was refused by its plan lately
			cost  int64
			until time.Time
		}
		left := func(of *table, now time.Time) int64 {
			n, _ := of.take(c.Hash(l.seed), l.since(now), 0, p.Burst*l.each)
			return n
		}
		for step := range 200 {
			cost := 1 + r.Int64N(p.Burst)
			if r.IntN(2) == 0 {
				cost = 1
			}
			if r.IntN(3) == 0 {
				now = now.Add(time.Duration(r.Int64N(3 * l.each)))
			}
			if !known.until.After(now) {
				known.cost = 0
			}
			v := try(cost, now)
			switch {
			case !v.Refused:
				continue
			case v.head && cost > known.cost:
				continue // nobody can know
			case v.head:
				byHead++
			case cost >= known.cost:
				known.cost, known.until = cost, now.Add(time.Duration(p.Burst*l.each))
			}
			if r.IntN(4) > 0 {
				continue
			}
			if before := now.Add(v.Wait - 1); !v.head && left(&l.units, before) >= cost*l.each && left(&l.requests, before) >= l.each {
				t.Fatalf("%v, step %d: %+v, and it costs %d, is let in sooner", p, step, v, cost)
			}
			now = now.Add(v.Wait)
			if again := try(cost, now); again.Refused {
				t.Fatalf("%v, step %d: %+v; having waited for that, one that costs %d: %+v", p, step, v, cost, again)
			}
		}
	}
	if byHead < 1000 {
		t.Errorf("only %d were refused by their head", byHead)
	}
}

// TestDear remembers each client's dearest request that was refused, for a time, of so many clients and no more.
func TestDear(t *testing.T) {
	var d dear
	d.note(1, 0, 10, 100)
	d.note(1, 50, 5, 150)
	if got, past := d.cost(1, 99), d.cost(1, 100); got != 10 || past != 0 {
		t.Errorf("a cost of 10 until 100: %d, and then %d", got, past)
	}
	d.note(1, 100, 5, 200)
	d.note(1, 100, 7, 200)
	if got := d.cost(1, 150); got != 7 {
		t.Errorf("afterwards: %d, not 7", got)
	}
	for key := range uint64(dearMax) {
		d.note(1+key, 200, 1, 300)
	}
	if d.cost(1, 250) != 1 || d.cost(dearMax, 250) != 1 {
		t.Error("one is forgotten at the limit")
	}
	d.note(dearMax+1, 200, 1, 300)
	if len(d.of) != dearMax || d.cost(dearMax+1, 250) != 1 {
		t.Errorf("%d are remembered, the last one: %d", len(d.of), d.cost(dearMax+1, 250))
	}
}

// TestSmallOnesBetween: what a client is let in with meanwhile it can't have for something dear; so long as that is less than what comes back,
// the dear one gets in all the same, and small ones aren't held up by it.
func TestSmallOnesBetween(t *testing.T) {
	for rate, want := range map[int]bool{0: true, 2: true, 5: true, 9: true, 10: false, 20: false} {
		l := New(policy(t, "10 rows/s burst 50"))
		c := at("10.0.0.1")
		l.Charge(c, 50, l.began)
		small, dear := 0, false
		for tick := range 6000 { // of 10 ms
			now := l.began.Add(time.Duration(tick) * 10 * time.Millisecond)
			if rate > 0 && tick%(100/rate) == 0 && !l.Enter(c, now).Refused && !l.Charge(c, 1, now).Refused {
				small++
			}
			if tick%100 == 0 && !dear && !l.Enter(c, now).Refused {
				dear = !l.Charge(c, 45, now).Refused
			}
		}
		if dear != want || rate < 10 && small < rate*60-rate {
			t.Errorf("%d small ones a second: %d of them were let in; the dear one: %v, not %v", rate, small, dear, want)
		}
	}
}

// TestReport refuses nothing and tells who would be refused.
func TestReport(t *testing.T) {
	l := New(policy(t, "report 1/s burst 2"))
	for range 5 {
		if v := l.Enter(at("10.0.0.1"), l.began); v.Refused || v.Wait != 0 {
			t.Fatalf("%+v", v)
		}
	}
	s := l.Stats()
	if s.Admitted != 2 || s.Reported != 3 || s.Refused["rate"] != 0 || len(s.Most) != 1 || s.Most[0] != (Count{"10.0.0.1", 3}) || s.Policy != "report 1/s burst 2" {
		t.Errorf("%+v", s)
	}
}

// TestOff counts nothing.
func TestOff(t *testing.T) {
	l := New(policy(t, "off"))
	for range 1000 {
		if v := l.Enter(at("10.0.0.1"), l.began); v.Refused {
			t.Fatal(v)
		}
	}
	if s := l.Stats(); s.Admitted != 0 || s.Clients != 0 || s.Policy != "off" {
		t.Errorf("%+v", s)
	}
}

// TestNetworks: an IPv6 network of 64 bits is one client, an IPv4 address is one however it is written, a key is one whatever its address.
func TestNetworks(t *testing.T) {
	for _, c := range []struct {
		a, b Client
		same bool
	}{
		{at("2001:db8::1"), at("2001:db8::ffff:1"), true},
		{at("2001:db8::1"), at("2001:db8:0:1::1"), false},
		{at("10.0.0.1"), at("::ffff:10.0.0.1"), true},
		{at("10.0.0.1"), at("10.0.0.2"), false},
		{Client{Name: "admin"}, Client{Name: "admin"}, true},
		{Client{Name: "10.0.0.1"}, at("10.0.0.1"), false},
	} {
		l := New(policy(t, "1/s burst 1"))
		l.Enter(c.a, l.began)
		if v := l.Enter(c.b, l.began); v.Refused != c.same {
			t.Errorf("%v and %v: %+v", c.a, c.b, v)
		}
	}
	if got := at("2001:db8::1").String(); got != "2001:db8::/64" {
		t.Error(got)
	}
}

// nth gives the n-th of many addresses.
func nth(n int) Client {
	return By(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}))
}

// TestMillion: a million clients at once are remembered, in bounded memory; four million push out those who used least.
func TestMillion(t *testing.T) {
	if testing.Short() {
		t.Skip("counts millions of clients")
	}
	l := New(policy(t, "1 rows/m burst 3"))
	now := l.began
	heavy := Client{Name: "heavy"}
	for range 3 {
		l.Charge(heavy, 1, now)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const many = 1_000_000
	for n := range many {
		if v := l.Charge(nth(n), 2, now); v.Refused {
			t.Fatalf("client %d: %+v", n, v)
		}
	}
	forgot := 0
	for n := range many {
		if v := l.Charge(nth(n), 2, now); !v.Refused {
			forgot++
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := int64(after.HeapAlloc) - int64(before.HeapAlloc); got > 40<<20 {
		t.Errorf("a million clients take %d MiB", got>>20)
	}
	if s := l.Stats(); s.Clients < many*999/1000 || forgot > many/1000 {
		t.Errorf("%d of a million clients were forgotten; %+v", forgot, s)
	}
	for n := range 3 * many {
		l.Charge(nth(many+n%(1<<24-many)), 1, now)
	}
	if v := l.Charge(heavy, 1, now); !v.Refused {
		t.Errorf("the client that used most was forgotten among four million: %+v", v)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := int64(after.HeapAlloc) - int64(before.HeapAlloc); got > 40<<20 {
		t.Errorf("four million clients take %d MiB", got>>20)
	}
	runtime.KeepAlive(l)
}

// TestTurnover: clients whose allowance came back make room, without anybody sweeping.
func TestTurnover(t *testing.T) {
	l := New(policy(t, "100/s burst 2"))
	for n := range 1_000_000 {
		l.Enter(nth(n), l.began.Add(time.Duration(n)*time.Microsecond)) // 10,000 at a time
	}
	size := 0
	for i := range l.units.shards {
		size += len(l.units.shards[i].slots)
	}
	if _, lost := l.units.count(0); lost > 0 || size > 200_000 {
		t.Errorf("%d slots, %d clients forgotten", size, lost)
	}
}

// TestConcurrent: whoever asks at once gets no more than the burst together.
func TestConcurrent(t *testing.T) {
	l := New(policy(t, "1/h burst 1000"))
	var group sync.WaitGroup
	admitted := make([]int, 8)
	for g := range admitted {
		group.Go(func() {
			for n := range 20_000 {
				if !l.Enter(at("192.0.2.1"), l.began).Refused {
					admitted[g]++
				}
				l.Enter(nth(n), l.began)
			}
		})
	}
	group.Wait()
	sum := 0
	for _, n := range admitted {
		sum += n
	}
	if sum != 1000 {
		t.Errorf("%d were admitted", sum)
	}
}

// TestFields: what a client is told.
func TestFields(t *testing.T) {
	l := New(policy(t, "100/s burst 200"))
	for _, c := range []struct{ got, want string }{
		{l.PolicyText(), `"default";q=200;w=2`},
		{l.Text(200), `"default";r=200;t=0`},
		{l.Text(199), `"default";r=199;t=1`},
		{l.Text(0), `"default";r=0;t=2`},
		{New(policy(t, "1/m burst 5000")).Text(4999), `"default";r=4999;t=60`},
		{New(policy(t, "10 rows/s burst 50")).PolicyText(), `"default";q=50;qu="rows";w=5`},
	} {
		if c.got != c.want {
			t.Errorf("%s, not %s", c.got, c.want)
		}
	}
	f := l.Fault(Verdict{Refused: true, Wait: 10 * time.Millisecond})
	if f.Code != fault.TooManyRequests || f.HTTPStatus() != 429 || f.Headers[0] != [2]string{"Retry-After", "1"} {
		t.Errorf("%+v", f)
	}
	if f := l.Fault(Verdict{Refused: true, Wait: 10*time.Second + 1}); f.Headers[0][1] != "11" {
		t.Errorf("%+v", f)
	}
}

// TestRanking: of many clients those that count most are found.
func TestRanking(t *testing.T) {
	var r Ranking
	for n := range 100_000 {
		r.Add(nth(n))
		if n%20 == 0 {
			r.Add(at("192.0.2.1"))
		}
		if n%40 == 0 {
			r.Add(at("192.0.2.2"))
		}
	}
	top := r.Top(10)
	if len(top) != 10 || top[0].Client != "192.0.2.1" || top[0].Count < 5000 || top[1].Client != "192.0.2.2" {
		t.Errorf("%+v", top)
	}
	if len(r.counts) != rankedMax {
		t.Errorf("%d clients are kept", len(r.counts))
	}
}

func BenchmarkTake(b *testing.B) {
	l := New(Default)
	c := at("10.0.0.1")
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(10 * time.Millisecond)
		if v := l.Enter(c, now); v.Refused || l.Text(v.Left) == "" {
			b.Fatal(v)
		}
	}
}

func BenchmarkTakeParallel(b *testing.B) {
	l := New(policy(b, "1000000/s burst 1000000"))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		c := nth(rand.IntN(1 << 20))
		for pb.Next() {
			l.Enter(c, l.began)
		}
	})
}

func BenchmarkMillion(b *testing.B) {
	l := New(policy(b, "1/m burst 3"))
	for n := range 1_000_000 {
		l.Enter(nth(n), l.began)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		l.Enter(nth(n*7919%1_000_000), l.began)
	}
}

func ExampleParse() {
	p, err := Parse("report 6000/m")
	fmt.Println(p, err)
	// Output: report 6000/m burst 200 <nil>
}
