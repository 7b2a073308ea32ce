package console

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/guard"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/internal/store/cache"
)

// A Reading is every counter of a server at one moment. Two of them make a State.
type Reading struct {
	At     time.Time
	Server Server

	Answers map[Answer]uint64
	Routes  map[string]shape.Counts
	Sent    uint64
	Stages  [4]shape.Counts // parse, plan, store, answer
	Engine  shape.Counts
	Waiting shape.Counts
	Gate    Gate

	Cache      *cache.Stats
	CacheBytes int64 // the most that it may take
	Guard      *guard.Status

	Shapes    []*shape.Shape
	Slow      []node.Slow
	SlowSeen  uint64
	SlowTime  time.Duration
	Rehearsal json.RawMessage

	shapes map[*shape.Shape]*shapeReading
}

// An Answer is what tells series of answers apart.
type Answer struct {
	Route  string
	Status int
	Code   fault.Code // empty where nothing went wrong
}

// A shapeReading is a shape's counters. Times are kept of the timedMax dearest shapes only: they are 2 kB each.
type shapeReading struct {
	calls, errors, rows, took int64
	times                     *shape.Counts
}

const timedMax = 64

// ShapesShown is how many shapes a State has.
const ShapesShown = 24

// readShapes takes the counters of all shapes, the dearest first.
func (r *Reading) readShapes() {
	r.shapes = make(map[*shape.Shape]*shapeReading, len(r.Shapes))
	for _, s := range r.Shapes {
		r.shapes[s] = &shapeReading{calls: s.Calls.Load(), errors: s.Errors.Load(), rows: s.Rows.Load(), took: s.Took.Load()}
	}
	slices.SortFunc(r.Shapes, func(a, b *shape.Shape) int {
		return cmp.Or(cmp.Compare(r.shapes[b].took, r.shapes[a].took), cmp.Compare(a.ID, b.ID))
	})
	for _, s := range r.Shapes[:min(timedMax, len(r.Shapes))] {
		counts := s.Times()
		r.shapes[s].times = &counts
	}
}

// compare makes a State of a reading and an older one, nil for none.
func compare(older, now *Reading) *State {
	d := difference{now: now, older: older}
	if older == nil {
		d.older = &Reading{At: now.At}
	}
	d.seconds = now.At.Sub(d.older.At).Seconds()
	st := &State{
		At: now.At, Server: now.Server, Window: d.seconds,
		Sent:   d.rate(now.Sent, d.older.Sent),
		Stages: Stages{d.flow(&now.Stages[0], &d.older.Stages[0]), d.flow(&now.Stages[1], &d.older.Stages[1]), d.flow(&now.Stages[2], &d.older.Stages[2]), d.flow(&now.Stages[3], &d.older.Stages[3])},
		Engine: d.flow(&now.Engine, &d.older.Engine), Waiting: d.flow(&now.Waiting, &d.older.Waiting), Gate: now.Gate,
		Cache: d.cache(), Guard: now.Guard,
		Shapes: d.shapes(), ShapesKept: len(now.Shapes),
		Slow: slow(now.Slow), SlowSeen: now.SlowSeen, SlowTime: ms(max(now.SlowTime, 0)), Rehearsal: now.Rehearsal,
		Routes: []Route{}, Refused: d.refused(), Stories: []string{},
	}
	for _, name := range slices.Sorted(maps.Keys(now.Routes)) {
		counts, old := now.Routes[name], d.older.Routes[name]
		st.Routes = append(st.Routes, Route{name, d.flow(&counts, &old)})
	}
	st.Requests = d.routes("")
	st.REST = d.routes("/rest/v1/")
	st.GraphQL = d.routes(node.GraphQLPath)
	st.Headline = st.headline()
	return st
}

// routes is the flow of all routes whose name has a part.
func (d *difference) routes(part string) Flow {
	var now, older shape.Counts
	for name, counts := range d.now.Routes {
		if !strings.Contains(name, part) {
			continue
		}
		old := d.older.Routes[name]
		for i := range counts {
			now[i] += counts[i]
			older[i] += old[i]
		}
	}
	return d.flow(&now, &older)
}

// A difference is two readings and the seconds between them; 0 where there is no older one.
type difference struct {
	older, now *Reading
	seconds    float64
}

func (d *difference) rate(now, older uint64) Rate {
	r := Rate{Total: now}
	if d.seconds > 0 {
		r.Rate = float64(now-older) / d.seconds
	}
	return r
}

func (d *difference) flow(now, older *shape.Counts) Flow {
	f := Flow{Rate: d.rate(now.Sum(), older.Sum())}
	if d.seconds > 0 {
		since := now.Since(older)
		f.P50, f.P99 = ms(since.Quantile(.5)), ms(since.Quantile(.99))
	}
	return f
}

func (d *difference) cache() *Cache {
	now, older := d.now.Cache, d.older.Cache
	if now == nil {
		return nil
	}
	if older == nil {
		older = &cache.Stats{}
	}
	// Forgotten plans take a moment to be counted elsewhere, so that a sum may seem to shrink.
	rate := func(now, older uint64) Rate { return d.rate(now, min(now, older)) }
	return &Cache{
		Hits: rate(now.Hits, older.Hits), Misses: rate(now.Misses, older.Misses), Invalidated: rate(now.Invalidated, older.Invalidated),
		Joined: rate(now.Joined, older.Joined), Passed: rate(now.Passed, older.Passed), Evicted: rate(now.Evicted, older.Evicted),
		Doubts: rate(now.Doubts, older.Doubts), Foreign: rate(max(now.Epochs, 1)-1, max(older.Epochs, 1)-1), Entries: now.Entries, Bytes: now.Bytes, BytesMax: d.now.CacheBytes,
	}
}

// refused sums up the answers that carry a code, the most frequent one first.
func (d *difference) refused() []Refused {
	type why struct {
		code   fault.Code
		status int
	}
	sums := map[why][2]uint64{}
	for a, n := range d.now.Answers {
		if a.Code == "" {
			continue
		}
		w := why{a.Code, a.Status}
		sums[w] = [2]uint64{sums[w][0] + n, sums[w][1] + d.older.Answers[a]}
	}
	list := make([]Refused, 0, len(sums))
	for w, n := range sums {
		e, _ := fault.Explain(w.code)
		list = append(list, Refused{Box: boxOf(w.code), Code: w.code, Status: w.status, Title: e.Title, Do: e.Do, Rate: d.rate(n[0], n[1])})
	}
	slices.SortFunc(list, func(a, b Refused) int {
		return cmp.Or(cmp.Compare(b.Rate.Rate, a.Rate.Rate), cmp.Compare(b.Total, a.Total), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Status, b.Status))
	})
	return list[:min(len(list), refusedShown)]
}

// refusedShown is how many reasons a State has: database functions may raise codes of their own.
const refusedShown = 40

func (d *difference) shapes() []Shape {
	var all, window int64
	for s, r := range d.now.shapes {
		all += r.took
		if old := d.before(s); old != nil {
			window += r.took - old.took
		}
	}
	list := make([]Shape, 0, ShapesShown)
	for _, s := range d.now.Shapes[:min(ShapesShown, len(d.now.Shapes))] {
		list = append(list, d.shape(s, all, window))
	}
	return list
}

// before is what a shape's counters were; nil where that isn't known. A shape that is new had none.
func (d *difference) before(s *shape.Shape) *shapeReading {
	if old, ok := d.older.shapes[s]; ok {
		return old
	}
	if d.seconds > 0 {
		return &shapeReading{times: &shape.Counts{}}
	}
	return nil
}

func (d *difference) shape(s *shape.Shape, all, window int64) Shape {
	now, old := d.now.shapes[s], d.before(s)
	out := Shape{ID: s.ID, Role: s.Role, Label: s.Label, Calls: Rate{Total: uint64(now.calls)}, Errors: Rate{Total: uint64(now.errors)}}
	out.Rows = float64(now.rows) / float64(max(now.calls, 1))
	out.Share = part(now.took, all)
	times := *now.times
	if old != nil {
		out.Calls, out.Errors = d.rate(uint64(now.calls), uint64(old.calls)), d.rate(uint64(now.errors), uint64(old.errors))
		out.Now = part(now.took-old.took, window)
		if old.times != nil {
			if since := times.Since(old.times); since.Sum() > 0 {
				times, out.Fresh = since, true
			}
		}
	}
	out.P50, out.P99 = ms(times.Quantile(.5)), ms(times.Quantile(.99))
	return out
}

func part(n, of int64) float64 {
	if of <= 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// howBytes is how much of an engine's account of a slow statement is shown.
const howBytes = 4 << 10

func slow(from []node.Slow) []Slow {
	list := make([]Slow, 0, len(from))
	for _, s := range from {
		one := Slow{At: s.At, Took: ms(s.Took), How: s.How}
		if len(one.How) > howBytes {
			one.How = one.How[:howBytes] + "…"
		}
		if s.Shape != nil {
			one.Shape, one.Label = s.Shape.ID, s.Shape.Label
		}
		list = append(list, one)
	}
	return list[:min(len(list), slowShown)]
}

const slowShown = 12

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
