package guard

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A verdict says of one shape whether it may run in one situation.
type verdict struct {
	of   *situation
	shed *shedding // nil where it may
}

// A shedding is why a shape is refused.
type shedding struct {
	drift   *Drift
	reason  string // for the operator
	since   time.Time
	refused atomic.Int64
	counts  *refusals // because of the same subject; nil where nobody counts
}

// judgeLimit bounds the EXPLAINs of one verdict.
const judgeLimit = 2 * time.Second

// judged gives the verdict on a shape in a situation, made once. Whoever else wants it waits: a few milliseconds at most.
func (g *Guard) judged(ctx context.Context, sit *situation, e *entry, p *plan.Plan, args query.Args) *verdict {
	if v := e.verdict.Load(); v != nil && v.of == sit {
		return v
	}
	e.judging.Lock()
	defer e.judging.Unlock()
	was := e.verdict.Load()
	if was != nil && was.of == sit {
		return was
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), judgeLimit)
	defer cancel()
	v := &verdict{of: sit, shed: g.judge(ctx, sit, e, p, args)}
	if v.shed != nil && was != nil && was.shed != nil && was.shed.drift.Index.ID == v.shed.drift.Index.ID {
		v.shed.since = was.shed.since
		v.shed.refused.Store(was.shed.refused.Load())
	}
	if v.shed != nil {
		v.shed.counts = g.refusalsOf(v.shed.drift.Index.ID, e.label())
	}
	e.verdict.Store(v)
	if v.shed != nil {
		if was == nil || was.shed == nil {
			g.config.Log.Warn("guard: a shape of query is refused", "shape", e.label(), "id", e.id(), "why", v.shed.reason)
		}
		g.cancel(e, v.shed)
	}
	return v
}

// judge holds a shape's contract against what its plans would do now.
func (g *Guard) judge(ctx context.Context, sit *situation, e *entry, p *plan.Plan, args query.Args) *shedding {
	for i := range sit.drift {
		switch d := &sit.drift[i]; {
		case d.opens() && relies(p, &d.Index):
			return &shedding{drift: d, since: time.Now(), reason: d.Details + "; until it is back nothing keeps duplicates out, so that writes which rely on it are refused"}
		case d.late() && upserts(p, &d.Index):
			return &shedding{drift: d, since: time.Now(), reason: d.Details + "; this one does"}
		}
	}
	if s := g.slipsIn(ctx, sit, p); s != nil {
		return s
	}
	c := g.contractOf(ctx, sit, e, p, args)
	if c == nil {
		return nil
	}
	large := g.sizes(ctx)
	for i := range sit.drift {
		d := &sit.drift[i]
		if !d.sheds() {
			continue
		}
		if d.Kind != Statistics && !c.standsOn(d.Index.ID) || d.Kind == Statistics && !c.reads(sit, d.Index.Table) {
			continue
		}
		if why := g.worse(ctx, c, p, d, large); why != "" {
			return &shedding{drift: d, since: time.Now(), reason: d.Details + "; " + why}
		}
	}
	return nil
}

// slipsIn sheds what may put rows or values, by other ways than its own writes, where nothing keeps them apart now. What can't be found out is
// shed too: a row that slips in keeps the index from being built.
func (g *Guard) slipsIn(ctx context.Context, sit *situation, p *plan.Plan) *shedding {
	if p.ReadsOnly() || !slices.ContainsFunc(sit.drift, func(d Drift) bool { return d.opens() }) {
		return nil
	}
	puts, err := g.config.Engine.Puts(ctx, p)
	for i := range sit.drift {
		d := &sit.drift[i]
		if !d.opens() {
			continue
		}
		if err != nil {
			return &shedding{drift: d, since: time.Now(), reason: d.Details + "; nothing keeps duplicates out, and what this query writes can't be found out: " + err.Error()}
		}
		t, ok := g.schema.Load().TableNamed(d.Index.Table)
		for _, put := range puts {
			if put.Table == "" || put.Table == d.Index.Table.String() && (put.Column == "" || !ok || d.Index.keeps(t, put.Column)) {
				return &shedding{drift: d, since: time.Now(), reason: d.Details + "; by " + put.By + " this query may put rows or values into " +
					d.Index.Table.String() + ", where nothing keeps duplicates out now"}
			}
		}
	}
	return nil
}

// contractOf gives a shape's frozen contract. For one that was first seen in an outage it is made on an empty copy of the schema.
func (g *Guard) contractOf(ctx context.Context, sit *situation, e *entry, p *plan.Plan, args query.Args) *contract {
	if c := e.contract.Load(); c != nil && len(c.examples) > 0 {
		return c
	}
	values := e.values(p)
	if len(values) == 0 && args != nil {
		values = []query.Args{args}
	}
	s := g.schema.Load()
	c, err := explain(ctx, p, values, func(ctx context.Context, args query.Args) ([]Standing, error) {
		return g.config.Engine.ExplainDeclared(ctx, s, p, args)
	})
	if err != nil {
		g.config.Log.Warn("guard: what a query stands on can't be found out; it runs", "shape", e.label(), "error", err)
		return nil
	}
	c.declared = true
	e.contract.CompareAndSwap(nil, c)
	return c
}

// reads says whether a contract reads a table, by whatever.
func (c *contract) reads(sit *situation, t schema.Name) bool {
	on := map[string]bool{}
	for i := range sit.catalog.Indexes {
		if x := &sit.catalog.Indexes[i]; x.Table == t {
			on[x.ID] = true
		}
	}
	for _, x := range c.examples {
		for _, s := range x.standings {
			for _, id := range s.Indexes {
				if on[id] {
					return true
				}
			}
		}
	}
	return false
}

// worse says what a shape's plans would do now that they didn't while all was well; empty for nothing that matters.
func (g *Guard) worse(ctx context.Context, c *contract, p *plan.Plan, d *Drift, large func(string) (bool, string)) string {
	for _, x := range c.examples {
		now, err := g.config.Engine.Explain(ctx, p, x.args)
		if err != nil {
			return "" // whoever asks will hear why
		}
		for i := range now {
			if d.Kind == Corrupt {
				for _, id := range now[i].Indexes {
					if id == d.Index.ID {
						return "the answer would be wrong"
					}
				}
			}
			was := x.standings[:]
			if i < len(was) && len(was) == len(now) {
				was = was[i : i+1]
			}
			if why := scans(was, now[i], d.Index.Table.String(), large); why != "" {
				return why
			}
		}
	}
	return ""
}

// scans holds what a plan reads now against the most that any of was read.
func scans(was []Standing, now Standing, lost string, large func(string) (bool, string)) string {
	count := func(s Standing, table string) (n int) {
		for _, x := range s.Scans {
			if x.Table == table {
				n++
			}
		}
		return n
	}
	sorts := 0
	for _, s := range was {
		sorts = max(sorts, s.Sorts)
	}
	for _, x := range now.Scans {
		most := 0
		for _, s := range was {
			most = max(most, count(s, x.Table))
		}
		table := x.Table
		if table == "" { // a named query's own name for one: which one it is can't be told
			table = lost
		}
		more := count(now, x.Table) > most
		if !more && !(now.Sorts > sorts && table == lost) {
			continue
		}
		if ok, rows := large(table); ok && more {
			return "it would read all " + rows + " rows of " + table
		} else if ok {
			return "it would read and sort all " + rows + " rows of " + table
		}
	}
	return ""
}

// sizes says whether a table is large enough to matter, with how many rows it has in words. It asks once a table.
func (g *Guard) sizes(ctx context.Context) func(string) (bool, string) {
	s := g.schema.Load()
	known := map[string]int64{}
	return func(table string) (bool, string) {
		n, ok := known[table]
		if !ok {
			for _, t := range s.Tables {
				if t.Name.String() == table && t.View == nil {
					var err error
					if n, err = g.config.Engine.Rows(ctx, t.Name, g.config.RowsMin+1); err != nil {
						n = g.config.RowsMin + 1 // better safe
					}
				}
			}
			known[table] = n
		}
		words := strconv.FormatInt(n, 10)
		if n > g.config.RowsMin {
			words = "(more than " + strconv.FormatInt(g.config.RowsMin, 10) + ")"
		}
		return n >= g.config.RowsMin, words
	}
}

// anyWrite says whether any write of a plan is such: one of its own, of a step's, or nested in one.
func anyWrite(p *plan.Plan, such func(plan.Op, *plan.Write) bool) bool {
	var in func(plan.Op, *plan.Write) bool
	in = func(op plan.Op, w *plan.Write) bool {
		return such(op, w) || slices.ContainsFunc(w.Nested, func(n plan.Nested) bool { return in(plan.Insert, n.Write) })
	}
	return p.Write != nil && in(p.Op, p.Write) || slices.ContainsFunc(p.Steps, func(step *plan.Plan) bool { return anyWrite(step, such) })
}

// relies says whether a plan itself puts rows or values into a table that a unique index keeps apart.
func relies(p *plan.Plan, x *Index) bool {
	return anyWrite(p, func(op plan.Op, w *plan.Write) bool {
		switch {
		case w.Table.Name != x.Table || op == plan.Delete:
			return false
		case op == plan.Insert:
			return true
		}
		return slices.ContainsFunc(w.Columns, func(c *schema.Column) bool { return x.keeps(w.Table, c.Name) }) ||
			slices.ContainsFunc(w.Alter, func(a plan.Alter) bool { return x.keeps(w.Table, a.Column.Name) })
	})
}

// keeps says whether a unique index may take a row for another one when a column of its table gets another value: one of its keys or of its condition, or
// one that an expression or a generated column may be made of.
func (x *Index) keeps(t *schema.Table, column string) bool {
	if len(x.Columns) == 0 || slices.ContainsFunc(x.Columns, func(name string) bool { return strings.EqualFold(name, column) }) {
		return true
	}
	return slices.ContainsFunc(x.Columns, func(name string) bool {
		c, ok := t.Column(name)
		return ok && c.Generated != nil
	})
}

// upserts says whether a plan has an upsert that goes by a key.
func upserts(p *plan.Plan, x *Index) bool {
	return anyWrite(p, func(_ plan.Op, w *plan.Write) bool {
		c := w.Conflict
		if c == nil || w.Table.Name != x.Table {
			return false
		}
		if len(c.Columns) == 0 { // any key, but for the one that is named
			return c.Constraint == "" || c.Constraint == x.Name
		}
		return len(c.Columns) == len(x.Columns) && !slices.ContainsFunc(c.Columns, func(c *schema.Column) bool { return !slices.Contains(x.Columns, c.Name) })
	})
}

// refuse gives the fault of a plan that may not run now; nil where it may.
func (g *Guard) refuse(ctx context.Context, e *entry, p *plan.Plan, args query.Args) error {
	sit := g.now.Load()
	if sit == nil || len(sit.drift) == 0 || !g.acts() || !sit.loses() {
		return nil
	}
	v := g.judged(ctx, sit, e, p, args)
	if v.shed == nil {
		return nil
	}
	v.shed.count()
	g.refused.Add(1)
	return g.fault(v.shed, p)
}

// fault words a refusal. What is missing is for the admin to know.
func (g *Guard) fault(s *shedding, p *plan.Plan) *fault.Fault {
	message, hint := "this query is held back while an index that it needs is missing or damaged",
		"Ask again after the time in Retry-After; queries that don't need the index are answered meanwhile."
	state := g.state(s.drift)
	if state == Repairing {
		message = "this query is held back while an index that it needs is being rebuilt"
	}
	admin := p.Shape == nil || p.Shape.Role == query.Admin.Role
	switch {
	case admin && state == Stopped:
		hint = "The index was lost again and again, so that its repairs have stopped. Find out who drops it; `pintail guard repair` begins them again."
	case admin && state == Blocked:
		hint = "Rows with the same key keep the index from being built. `pintail guard` lists them; delete those that are wrong, and it is built."
	}
	f := fault.New(fault.IndexLost, message).WithHint(hint)
	if admin {
		f.WithDetails("%s", s.reason)
	}
	f.Headers = [][2]string{{"Retry-After", strconv.Itoa(int(g.wait(s.drift) / time.Second))}}
	return f.WithCause(fmt.Errorf("guard: %s", s.reason))
}

// state is how far the repair of a difference is; empty where it has no incident yet.
func (g *Guard) state(d *Drift) State {
	g.workMu.Lock()
	defer g.workMu.Unlock()
	if w := g.work[d.Index.ID]; w != nil {
		return w.incident.State
	}
	return ""
}

// wait is how long a client should wait before it asks again, in whole seconds.
func (g *Guard) wait(d *Drift) time.Duration {
	wait, version := 5*time.Second, ""
	if sit := g.now.Load(); sit != nil {
		version = sit.catalog.Version
	}
	g.workMu.Lock()
	defer g.workMu.Unlock()
	if w := g.work[d.Index.ID]; w != nil {
		switch i := &w.incident; {
		case i.State == Blocked || i.State == Stopped:
			wait = time.Minute
		case w.dueAt(version).After(time.Now()):
			wait = time.Until(w.dueAt(version)) + 2*time.Second
		case w.progress.Left > 0:
			wait = w.progress.Left
		}
	}
	return min(max(wait.Round(time.Second), time.Second), 2*time.Minute)
}
