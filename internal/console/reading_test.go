package console

import (
	"testing"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/internal/store/cache"
)

// counters are a server's, as a test moves them.
type counters struct {
	reading  Reading
	requests shape.Histogram
	book     *shape.Book
	looked   int
}

func newCounters() *counters { return &counters{book: shape.NewBook(0)} }

func (c *counters) read() *Reading {
	c.looked++
	r := c.reading
	r.Routes = map[string]shape.Counts{"GET /rest/v1/{table}": c.requests.Counts()}
	r.Answers = map[Answer]uint64{}
	for a, n := range c.reading.Answers {
		r.Answers[a] = n
	}
	r.Shapes = c.book.All()
	return &r
}

func (c *counters) shape(label string) *shape.Shape {
	return c.book.Of("admin", []byte(label), func() shape.About { return shape.About{Label: label} })
}

func TestRatesAndTimesAreThoseOfTheWindow(t *testing.T) {
	c := newCounters()
	b := NewBoard(c.read)
	begin := time.Now()
	for range 1000 {
		c.requests.Add(time.Second)
	}
	first := b.look(begin)
	if first.Window != 0 || first.Requests.Total != 1000 || first.Requests.Rate.Rate != 0 || first.Requests.P99 != 0 {
		t.Errorf("a first look gives %+v over %v s; it can have totals only", first.Requests, first.Window)
	}
	for i := range 8 {
		for range 99 {
			c.requests.Add(time.Millisecond)
		}
		c.requests.Add(10 * time.Millisecond)
		st := b.look(begin.Add(time.Duration(i+1) * time.Second))
		if want := min(float64(i+1), 5); st.Window != want {
			t.Errorf("after %d s the window is %v s, want %v", i+1, st.Window, want)
		}
		if st.Requests.Rate.Rate != 100 || st.Requests.Total != uint64(1100+100*i) {
			t.Errorf("after %d s: %+v, want 100 a second", i+1, st.Requests)
		}
		if st.Requests.P50 < 1 || st.Requests.P50 > 1.2 || st.Requests.P99 > 1.2 {
			t.Errorf("after %d s: p50 %v ms, p99 %v ms; the second before the first look must not count", i+1, st.Requests.P50, st.Requests.P99)
		}
		if st.REST.Rate.Rate != 100 || st.GraphQL.Rate.Rate != 0 {
			t.Errorf("REST %v, GraphQL %v", st.REST.Rate, st.GraphQL.Rate)
		}
	}
	if len(b.kept) > 7 {
		t.Errorf("%d readings are kept of a window of 5 s", len(b.kept))
	}
}

func TestALookAfterALongTimeIsAFirstOne(t *testing.T) {
	c := newCounters()
	b := NewBoard(c.read)
	begin := time.Now()
	b.look(begin)
	for i, step := range []struct {
		after  time.Duration
		window float64
	}{{30 * time.Second, 30}, {2 * time.Minute, 0}, {2*time.Minute + 100*time.Millisecond, 0}, {2*time.Minute + time.Second, 1}} {
		if got := b.look(begin.Add(step.after)).Window; got != step.window {
			t.Errorf("look %d, after %v: the window is %v s, want %v", i, step.after, got, step.window)
		}
	}
}

func TestRefusalsAreSummedUpByReason(t *testing.T) {
	c := newCounters()
	b := NewBoard(c.read)
	begin := time.Now()
	c.reading.Answers = map[Answer]uint64{
		{"GET /rest/v1/{table}", 200, ""}:             1000,
		{"GET /rest/v1/{table}", 404, fault.NoTable}:  7,
		{"POST /rest/v1/{table}", 404, fault.NoTable}: 3,
		{"(refused)", 401, fault.Unauthorized}:        100,
	}
	b.look(begin)
	c.reading.Answers[Answer{"POST /rest/v1/{table}", 404, fault.NoTable}] += 5
	c.reading.Answers[Answer{"GET /rest/v1/{table}", 418, "PT418"}] = 1
	got := b.look(begin.Add(time.Second)).Refused
	if len(got) != 3 {
		t.Fatalf("%+v, want three reasons", got)
	}
	if r := got[0]; r.Code != fault.NoTable || r.Box != "plan" || r.Total != 15 || r.Rate.Rate != 5 || r.Title == "" || r.Do == "" {
		t.Errorf("first is %+v", r)
	}
	if r := got[1]; r.Code != "PT418" || r.Box != "api" || r.Title != "" || r.Rate.Rate != 1 {
		t.Errorf("a database's own code is %+v", r)
	}
	if r := got[2]; r.Box != "auth" || r.Total != 100 || r.Rate.Rate != 0 {
		t.Errorf("last is %+v", r)
	}
}

func TestEveryCodeBelongsToABox(t *testing.T) {
	want := map[fault.Code]string{
		fault.TooLarge: "gate", fault.Unauthorized: "auth", fault.BadQueryString: "api", fault.InvalidText: "api", fault.NoColumn: "plan",
		fault.UniqueViolation: "store", fault.QueryCanceled: "store", fault.DiskFull: "store", fault.Internal: "store", fault.IndexLost: "guard", fault.TooManyRequests: "gate", fault.Overloaded: "gate",
	}
	for code, box := range want {
		if got := boxOf(code); got != box {
			t.Errorf("%s belongs to %s, want %s", code, got, box)
		}
	}
}

func TestShapesStandByWhatTheyCost(t *testing.T) {
	c := newCounters()
	b := NewBoard(c.read)
	begin := time.Now()
	dear, cheap := c.shape("dear"), c.shape("cheap")
	for range 10 {
		dear.Note(nil, 90*time.Millisecond, 2, false)
		cheap.Note(nil, 10*time.Millisecond, 1, false)
	}
	first := b.look(begin).Shapes
	if len(first) != 2 || first[0].Label != "dear" || first[0].Share != .9 || first[0].Rows != 2 || first[0].Fresh || first[0].P50 < 90 || first[0].P50 > 102 {
		t.Errorf("a first look gives %+v", first)
	}
	fresh := c.shape("fresh")
	for range 5 {
		cheap.Note(nil, time.Millisecond, 1, false)
		fresh.Note(nil, 3*time.Millisecond, 1, true)
	}
	st := b.look(begin.Add(time.Second))
	got := map[string]Shape{}
	for _, s := range st.Shapes {
		got[s.Label] = s
	}
	if s := got["dear"]; s.Calls.Rate != 0 || s.Now != 0 || s.Fresh || s.P50 < 90 {
		t.Errorf("what nobody asked is %+v", s)
	}
	if s := got["cheap"]; s.Calls.Rate != 5 || s.Now != .25 || !s.Fresh || s.P99 > 1.2 || s.Calls.Total != 15 {
		t.Errorf("what was asked is %+v", s)
	}
	if s := got["fresh"]; s.Calls.Rate != 5 || s.Now != .75 || s.Errors.Rate != 5 || !s.Fresh {
		t.Errorf("what is new is %+v", s)
	}
	for i := range 5000 {
		s := c.shape(string(rune('a'+i%26)) + string(rune('0'+i)))
		s.Note(nil, time.Duration(i)*time.Millisecond, 1, false)
	}
	st = b.look(begin.Add(2 * time.Second))
	if len(st.Shapes) != ShapesShown || st.ShapesKept < 4000 {
		t.Errorf("%d of %d shapes are shown, want %d", len(st.Shapes), st.ShapesKept, ShapesShown)
	}
}

func TestCacheSlowAndNothing(t *testing.T) {
	c := newCounters()
	b := NewBoard(c.read)
	begin := time.Now()
	if st := b.look(begin); st.Cache != nil || st.Guard != nil || st.Rehearsal != nil {
		t.Errorf("without cache, guard and rehearsal: %+v", st)
	}
	c.reading.Cache, c.reading.CacheBytes = &cache.Stats{Hits: 30, Misses: 10, Epochs: 3, Entries: 4, Bytes: 512}, 1024
	c.reading.Slow = []node.Slow{{At: begin, Took: time.Second, Shape: c.shape("x"), How: string(make([]byte, howBytes+1))}, {Took: 2 * time.Second}}
	for range slowShown {
		c.reading.Slow = append(c.reading.Slow, node.Slow{})
	}
	b.look(begin.Add(time.Second))
	c.reading.Cache = &cache.Stats{Hits: 20, Misses: 14, Epochs: 4} // hits of forgotten plans that aren't counted elsewhere yet
	st := b.look(begin.Add(2 * time.Second))
	if k := st.Cache; k.Hits.Rate != 10 || k.Misses.Rate != 7 || k.Foreign.Total != 3 || k.BytesMax != 1024 {
		t.Errorf("the cache is %+v", k) // over the two seconds since the look without one
	}
	st = b.look(begin.Add(8 * time.Second))
	if k := st.Cache; k.Hits.Rate != 0 {
		t.Errorf("a sum that shrank gives a rate of %v", k.Hits.Rate)
	}
	if len(st.Slow) != slowShown || st.Slow[0].Label != "x" || st.Slow[0].Took != 1000 || len(st.Slow[0].How) > howBytes+4 {
		t.Errorf("slow statements are %+v", st.Slow)
	}
}
