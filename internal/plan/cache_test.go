package plan

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/pintail-dev/pintail/query"
)

func TestCacheTellsKeysApart(t *testing.T) {
	c := NewCache(1 << 20)
	put := func(version, role, shape string) *Plan {
		p := &Plan{}
		c.Put(version, role, []byte(shape), p)
		return p
	}
	want := map[[3]string]*Plan{}
	for _, k := range [][3]string{{"v", "r", "s"}, {"w", "r", "s"}, {"v", "q", "s"}, {"v", "r", "t"}, {"vr", "", "s"}, {"", "vr", "s"}} {
		want[k] = put(k[0], k[1], k[2])
	}
	for k, p := range want {
		if got, ok := c.Get(k[0], k[1], []byte(k[2])); !ok || got != p {
			t.Errorf("%q: another plan", k)
		}
	}
	again := put("v", "r", "s")
	if got, _ := c.Get("v", "r", []byte("s")); got != again {
		t.Error("the newer plan is not the one that is kept")
	}
	if _, ok := c.Get("v", "r", []byte("x")); ok {
		t.Error("a plan that nobody put")
	}
}

// Keys of one hash are chained: here every key has it.
func TestCacheChainsCollisions(t *testing.T) {
	c := NewCache(1 << 20)
	var all []*entry
	for i := range 3 {
		e := &entry{hash: 7, shape: fmt.Sprint(i), bytes: 10, plan: &Plan{}, next: c.plans[7]}
		c.plans[7] = e
		c.used += e.bytes
		all = append(all, e)
	}
	for _, i := range []int{1, 2, 0} {
		c.remove(all[i])
		for e := c.plans[7]; e != nil; e = e.next {
			if e == all[i] {
				t.Fatalf("entry %d is still there", i)
			}
		}
	}
	if c.used != 0 || len(c.plans) != 0 {
		t.Errorf("%d bytes and %d chains left", c.used, len(c.plans))
	}
}

func TestCacheStaysWithinBytesAndKeepsWhatIsUsed(t *testing.T) {
	c := NewCache(64 << 10)
	hot := []byte("hot")
	c.Put("v", "r", hot, &Plan{})
	for i := range 1000 {
		c.Put("v", "r", fmt.Appendf(nil, "shape %d", i), &Plan{})
		if _, ok := c.Get("v", "r", hot); !ok {
			t.Fatalf("what is asked for all the time is gone after %d others", i)
		}
		if _, _, bytes := c.Stats(); bytes > 64<<10 {
			t.Fatalf("%d bytes", bytes)
		}
	}
	c.Put("v", "r", make([]byte, 32<<10), &Plan{})
	if _, ok := c.Get("v", "r", make([]byte, 32<<10)); ok {
		t.Error("half the cache for one plan")
	}
}

func TestCacheTogether(t *testing.T) {
	c := NewCache(32 << 10)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 500 {
				shape := fmt.Appendf(nil, "%d", (i*7+g)%40)
				if p, ok := c.Get("v", "r", shape); ok && string(p.Facts.Claims[0]) != string(shape) {
					t.Errorf("%s: the plan of %s", shape, p.Facts.Claims[0])
				}
				c.Put("v", "r", shape, &Plan{Facts: Facts{Claims: []string{string(shape)}}})
			}
		})
	}
	wg.Wait()
}

func TestCacheHitAllocatesNothing(t *testing.T) {
	c, shape := NewCache(1<<20), []byte("a shape of some length, as they are")
	c.Put("version", "role", shape, &Plan{})
	if n := testing.AllocsPerRun(100, func() { c.Get("version", "role", shape) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

var benchmarkAsk = `from project
id, name
embed client
  name
embed task
  id, name
  order hours desc
  limit 5
where (and (budget gt 3) (name like %a%) (client_id in 1,2))
order made desc
limit 20`

func BenchmarkResolve(b *testing.B) {
	s, q := testSchema(), ask(benchmarkAsk)
	query.Parameterize(q, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Resolve(q, s, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCacheHit(b *testing.B) {
	s, q, c := testSchema(), ask(benchmarkAsk), NewCache(1<<20)
	shape, _ := query.Parameterize(q, nil)
	p, err := Resolve(q, s, Options{})
	if err != nil {
		b.Fatal(err)
	}
	c.Put("version", "admin", shape, p)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, ok := c.Get("version", "admin", shape); !ok {
				b.Error("gone")
			}
		}
	})
}

// The estimate that bounds the cache stays near what planning allocates.
func TestWeighIsNearTheTruth(t *testing.T) {
	s := testSchema()
	for _, text := range []string{"from project\nid", benchmarkAsk, "from client\n*\nembed project\n  *\n  embed task\n    *"} {
		q := ask(text)
		query.Parameterize(q, nil)
		var p *Plan
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 100 {
			p, _ = Resolve(q, s, Options{})
		}
		runtime.ReadMemStats(&after)
		got := int64(after.TotalAlloc-before.TotalAlloc) / 100
		if w := int64(weigh(p)); w < got/2 || w > 4*got {
			t.Errorf("%d bytes are weighed as %d: %q", got, w, text)
		}
	}
}
