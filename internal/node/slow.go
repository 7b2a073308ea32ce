package node

import (
	"context"
	"sync"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// A slowLog writes down statements that took long: their plan, which holds no value of the request, and how the engine
// runs it. One plan is explained at most once a minute, so that a slow database isn't asked to explain itself to death. The
// last slowMax of them stay in memory, for whoever looks.
type slowLog struct {
	node *Node
	mu   sync.Mutex
	last map[*plan.Plan]explained
	ring [slowMax]Slow
	seen uint64 // how many there were
}

// explained is when and how the engine was last asked about a plan.
type explained struct {
	at  time.Time
	how string
}

const (
	slowEvery    = time.Minute
	slowPlansMax = 1000
	slowMax      = 50
	explainTime  = 2 * time.Second
)

// A Slow is one run of a statement that took longer than Options.SlowTime. It holds no value of the request.
type Slow struct {
	At    time.Time
	Took  time.Duration
	Shape *shape.Shape
	How   string // the engine's own account of how it runs the statement, up to a minute old; may be empty
}

// Slow gives the last slow statements, the newest first, and how many there were since the start.
func (n *Node) Slow() ([]Slow, uint64) {
	l := n.slow
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []Slow
	for i := range min(l.seen, slowMax) {
		list = append(list, l.ring[(l.seen-1-i)%slowMax])
	}
	return list, l.seen
}

func newSlowLog(n *Node) *slowLog { return &slowLog{node: n, last: map[*plan.Plan]explained{}} }

func (l *slowLog) note(ctx context.Context, p *plan.Plan, args query.Args, took time.Duration) {
	at := time.Now()
	if l.due(p) {
		how := l.explain(context.WithoutCancel(ctx), p, args)
		l.node.o.Log.Warn("slow statement", "took", took, "plan", plan.Dump(p), "how", how)
		l.mu.Lock()
		l.last[p] = explained{at, how}
		l.mu.Unlock()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring[l.seen%slowMax] = Slow{At: at, Took: took, Shape: p.Shape, How: l.last[p].how}
	l.seen++
}

func (l *slowLog) due(p *plan.Plan) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.last[p].at) < slowEvery {
		return false
	}
	if len(l.last) >= slowPlansMax {
		clear(l.last)
	}
	l.last[p] = explained{time.Now(), l.last[p].how}
	return true
}

func (l *slowLog) explain(ctx context.Context, p *plan.Plan, args query.Args) string {
	e, ok := l.node.store.(store.Explainer)
	if !ok {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, explainTime)
	defer cancel()
	how, err := e.Explain(ctx, p, args, store.ExplainOptions{Generic: true})
	if err != nil {
		return "not known: " + string(fault.From(err).Code) // its text may hold values
	}
	return string(how)
}
