package guard

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/query"
)

const (
	// contractAge is how long a contract holds before the plan is looked at again: data and statistics change.
	contractAge = time.Minute

	// contractsAtOnce bounds the shapes that are explained in one round of the loop.
	contractsAtOnce = 64

	// entriesMax bounds the shapes that are known, twice what a shape.Book keeps. Past it, any goes: one in use comes back at once.
	entriesMax = 2 * shape.ShapesMax

	// sampleBytesMax bounds the arguments that an entry keeps for EXPLAIN.
	sampleBytesMax = 16 << 10

	// samplesBytesMax bounds those of all entries together. Shapes that come later and have no examples are explained without values.
	samplesBytesMax = 16 << 20
)

// An entry is what the guard knows of one shape.
type entry struct {
	shape *shape.Shape // nil for plans that are counted nowhere
	plan  atomic.Pointer[plan.Plan]
	used  atomic.Int64 // as Guard.seconds
	first atomic.Pointer[query.Args]

	lane     chan struct{} // one place for each statement of this shape that may run at once
	contract atomic.Pointer[contract]
	verdict  atomic.Pointer[verdict]
	judging  sync.Mutex

	mu      sync.Mutex
	running *run // the latest of a list of those that run
}

// A contract is what a shape's plans stand on while all is well.
type contract struct {
	plan     *plan.Plan
	examples []example
	at       time.Time
	declared bool // found on an empty copy of the schema, since the shape was first seen in an outage
}

// An example is one set of values with what its plans stand on.
type example struct {
	args      query.Args
	standings []Standing
}

// standsOn says whether any of a contract's plans reads by an index.
func (c *contract) standsOn(id string) bool {
	for _, x := range c.examples {
		for i := range x.standings {
			if _, ok := slices.BinarySearch(x.standings[i].Indexes, id); ok {
				return true
			}
		}
	}
	return false
}

func (e *entry) label() string {
	if e.shape != nil && e.shape.Label != "" {
		return e.shape.Label
	}
	if p := e.plan.Load(); p != nil {
		return plan.Label(p)
	}
	return "(a query)"
}

func (e *entry) id() string {
	if e.shape == nil {
		return ""
	}
	return e.shape.ID
}

// entry gives what is known of a plan's shape. Plans that found no room in the book, or that no node made, are each for themselves.
func (g *Guard) entry(p *plan.Plan, args query.Args) *entry {
	var key any = p
	if p.Shape != nil && p.Shape.ID != "" {
		key = p.Shape
	}
	v, ok := g.entries.Load(key)
	if !ok {
		if g.entryCount.Add(1) > entriesMax {
			g.entries.Range(func(k, _ any) bool {
				if v, was := g.entries.LoadAndDelete(k); was {
					g.entryCount.Add(-1)
					g.forgetFirst(v.(*entry))
				}
				return false
			})
		}
		fresh := &entry{shape: p.Shape, lane: make(chan struct{}, max(1, g.config.Engine.Capacity()/2))}
		fresh.plan.Store(p) // before the loop can find the entry
		if v, ok = g.entries.LoadOrStore(key, fresh); ok {
			g.entryCount.Add(-1)
		}
	}
	e := v.(*entry)
	if e.plan.Load() != p {
		e.plan.Store(p)
	}
	if now := g.seconds.Load(); e.used.Load() != now {
		e.used.Store(now)
	}
	if e.first.Load() == nil {
		g.keepFirst(e, args)
	}
	return e
}

// keepFirst keeps the arguments of a shape's first call, where there is room.
func (g *Guard) keepFirst(e *entry, args query.Args) {
	size := bytesOf(args)
	if size > sampleBytesMax {
		return
	}
	if g.samples.Add(size) <= samplesBytesMax {
		if kept := clone(args); e.first.CompareAndSwap(nil, &kept) {
			return
		}
	}
	g.samples.Add(-size)
}

// forgetFirst makes room for those of other shapes, for good.
func (g *Guard) forgetFirst(e *entry) {
	if kept := e.first.Swap(&query.Args{}); kept != nil {
		g.samples.Add(-bytesOf(*kept))
	}
}

// bytesOf is about how much memory arguments take.
func bytesOf(args query.Args) (n int64) {
	const each, text = 64, 16
	for i := range args {
		n += each + int64(len(args[i].Text))
		for _, s := range args[i].List {
			n += text + int64(len(s))
		}
	}
	return n
}

// clone copies arguments, whose texts may stand in a request's buffer.
func clone(args query.Args) query.Args {
	out := make(query.Args, len(args))
	for i, a := range args {
		a.Text = strings.Clone(a.Text)
		a.List = slices.Clone(a.List)
		for k := range a.List {
			a.List[k] = strings.Clone(a.List[k])
		}
		out[i] = a
	}
	return out
}

// values gives the sets of values that a shape's contract is made of: typical and hottest ones, and where nobody kept these, the first
// that came.
func (e *entry) values(p *plan.Plan) []query.Args {
	var all []query.Args
	if e.shape != nil && e.shape.ID != "" {
		for _, x := range e.shape.Examples() {
			if len(x.Args) == len(p.Params) {
				all = append(all, x.Args)
			}
		}
	}
	if len(all) > 0 {
		return all
	}
	if first := e.first.Load(); first != nil && len(*first) == len(p.Params) {
		all = append(all, *first)
	}
	return all
}

// explain makes a contract of what an engine says of each set of values. Without any it asks for the plan alone.
func explain(ctx context.Context, p *plan.Plan, values []query.Args, ask func(context.Context, query.Args) ([]Standing, error)) (*contract, error) {
	if len(values) == 0 {
		values = []query.Args{make(query.Args, len(p.Params))}
	}
	c := &contract{plan: p, at: time.Now()}
	for _, args := range values {
		s, err := ask(ctx, args)
		if err != nil {
			return nil, err
		}
		c.examples = append(c.examples, example{args: args, standings: s})
	}
	return c, nil
}

// renew makes the contracts of shapes that have none yet or an old one. While an index is away it does nothing: contracts are frozen.
func (g *Guard) renew(ctx context.Context) {
	sit := g.now.Load()
	if sit == nil || sit.loses() {
		return
	}
	made := map[*entry]*contract{}
	g.entries.Range(func(_, v any) bool {
		e := v.(*entry)
		if c := e.contract.Load(); c != nil && (time.Since(c.at) < contractAge || e.used.Load() < g.since(c.at)) && c.plan == e.plan.Load() {
			return true
		}
		p := e.plan.Load()
		c, err := explain(ctx, p, e.values(p), func(ctx context.Context, args query.Args) ([]Standing, error) {
			return g.config.Engine.Explain(ctx, p, args)
		})
		if err != nil { // it can't run now either, and says so to whoever asks
			c = &contract{plan: p, at: time.Now()}
		}
		made[e] = c
		return len(made) < contractsAtOnce && ctx.Err() == nil && g.now.Load() == sit
	})
	if len(made) == 0 {
		return
	}
	// What was explained counts only if the catalog was in order all the time.
	if err := g.look(ctx, true); err != nil || g.now.Load() != sit {
		return
	}
	for e, c := range made {
		e.contract.Store(c)
	}
}
