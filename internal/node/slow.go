package node

import (
	"context"
	"sync"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// A slowLog writes down statements that took long: their plan, which holds no value of the request, and how the engine
// runs it. One plan is explained at most once a minute, so that a slow database isn't asked to explain itself to death.
type slowLog struct {
	node *Node
	mu   sync.Mutex
	last map[*plan.Plan]time.Time
}

const (
	slowEvery    = time.Minute
	slowPlansMax = 1000
	explainTime  = 2 * time.Second
)

func newSlowLog(n *Node) *slowLog { return &slowLog{node: n, last: map[*plan.Plan]time.Time{}} }

func (l *slowLog) note(ctx context.Context, p *plan.Plan, args query.Args, took time.Duration) {
	if !l.due(p) {
		return
	}
	l.node.o.Log.Warn("slow statement", "took", took, "plan", plan.Dump(p), "how", l.explain(context.WithoutCancel(ctx), p, args))
}

func (l *slowLog) due(p *plan.Plan) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.last[p]) < slowEvery {
		return false
	}
	if len(l.last) >= slowPlansMax {
		clear(l.last)
	}
	l.last[p] = time.Now()
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
