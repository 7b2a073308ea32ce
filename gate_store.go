package pintail

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"time"

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
