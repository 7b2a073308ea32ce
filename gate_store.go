package pintail

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/internal/change"
	"github.com/pintail-dev/pintail/internal/gate/shed"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// An admitted store is an engine before which requests wait for their turn. It stands inside the cache: what is answered from memory waits
// for nobody. The guard stands inside of it: a shape may have half of the connections there, and has no more of these turns either, or those
// who wait for its half would keep the others from theirs.
type admitted struct {
	store.Store
	gate    *gate
	byShape bool
}

var _ store.Explainer = (*admitted)(nil)

// Read waits for a reader.
func (s *admitted) Read(ctx context.Context, p *plan.Plan, args query.Args) (res store.Result, err error) {
	err = s.gate.run(ctx, s.gate.reads, s.group(p), func() error {
		res, err = s.Store.Read(ctx, p, args)
		return err
	})
	return res, err
}

// Write waits for the writer, or for a reader where it writes nothing.
func (s *admitted) Write(ctx context.Context, tx store.Tx) (res store.Result, err error) {
	queue, group := s.gate.writes, any(nil)
	if tx.Plan.ReadsOnly() {
		queue, group = s.gate.reads, s.group(tx.Plan)
	}
	err = s.gate.run(ctx, queue, group, func() error {
		res, err = s.Store.Write(ctx, tx)
		return err
	})
	return res, err
}

// Explain waits for a reader, since it may run what it explains.
func (s *admitted) Explain(ctx context.Context, p *plan.Plan, args query.Args, o store.ExplainOptions) (text []byte, err error) {
	e, ok := s.Store.(store.Explainer)
	if !ok {
		return nil, errors.New("the store doesn't explain itself")
	}
	err = s.gate.run(ctx, s.gate.reads, s.group(p), func() error {
		text, err = e.Explain(ctx, p, args, o)
		return err
	})
	return text, err
}

func (s *admitted) group(p *plan.Plan) any {
	if !s.byShape || p.Shape == nil {
		return nil
	}
	return p.Shape
}

// Feed is the engine's.
func (s *admitted) Feed() *change.Feed {
	if of, ok := s.Store.(interface{ Feed() *change.Feed }); ok {
		return of.Feed()
	}
	return nil
}

// run admits one statement to a Shedder, and runs it. What the program itself asks, and what is a part of a statement that runs, is not
// held up: the first has nobody to tell, and the second would wait for itself.
func (g *gate) run(ctx context.Context, s *shed.Shedder, group any, do func() error) error {
	v := api.VisitOf(ctx)
	if v == nil {
		begin := time.Now()
		defer func() { g.ran.Add(time.Since(begin)) }()
		return do()
	}
	defer v.End()
	if !v.Begin() {
		return do()
	}
	p, err := s.Enter(ctx, shed.Who{Client: v.Client, Class: v.Class, Group: group})
	if err != nil {
		if ctx.Err() != nil {
			return canceled(ctx)
		}
		return g.overload(err, time.Now())
	}
	g.waited.Add(p.Waited())
	err = errUnfinished
	defer func() { g.ran.Add(s.Leave(p, outcome(err))) }()
	err = do()
	return err
}

// errUnfinished is what became of a statement that panicked.
var errUnfinished = errors.New("the statement didn't finish")

// canceled is the fault of a request that ended while it waited to run.
func canceled(ctx context.Context) error {
	f := fault.New(fault.QueryCanceled, "canceling statement due to user request")
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		f = fault.New(fault.QueryCanceled, "canceling statement due to statement timeout").
			WithHint("The request waited for others until its time was up. Ask again later.")
	}
	return f.WithCause(ctx.Err())
}

// outcome says whether a statement was cut off before it was done, because it took too long or since the database was too busy, or wasn't
// run at all.
func outcome(err error) shed.Outcome {
	if err == nil || errors.Is(err, context.Canceled) { // the client left
		return shed.Done
	}
	switch fault.From(err).Code {
	case fault.QueryCanceled, fault.PoolTimeout, fault.TooManyConnections, fault.LockNotAvailable:
		return shed.Cut
	case fault.IndexLost:
		return shed.Nothing
	}
	return shed.Done
}

// runBounds are how many reads and writes may run at once on an engine: no more reads than it has connections, so that they wait where their
// turn is fair. SQLite's one writer takes up to 256 requests into one commit, and all of them wait until the last one has run: so many
// as are done within a quarter of a second.
func runBounds(c Config) (reads, writes shed.Bounds) {
	procs := runtime.GOMAXPROCS(0)
	if strings.HasPrefix(c.Database, "sqlite:") {
		reads.Max = c.ConnectionsMax
		if reads.Max == 0 {
			reads.Max = max(4, 2*procs)
		}
		return reads, shed.Bounds{Start: 256, Max: 1024, Within: 250 * time.Millisecond}
	}
	reads.Max = c.ConnectionsMax
	if reads.Max == 0 {
		reads.Max = max(10, 4*procs)
	}
	return reads, reads
}
