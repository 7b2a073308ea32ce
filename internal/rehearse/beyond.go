package rehearse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pintail-dev/pintail/schema"
)

// beyondMost is how many sizes above the ladder's are tried at most.
const beyondMost = 3

// beyond asks the shapes whose plan changed near the top of the ladder at larger sizes too, until there are enough with the last plan to see
// how it grows. The whole shadow may have no more rows than it has; one with just the tables of these shapes may.
func (r *run) beyond(ctx context.Context, a *ascent) error {
	top := a.xs[len(a.xs)-1]
	over := map[*Case]bool{} // on the ladder
	for _, sub := range r.shapes {
		for _, c := range sub.cases {
			over[c] = c.over
		}
	}
	defer func() {
		for _, sub := range r.shapes {
			sub.cases = slices.DeleteFunc(sub.cases, func(c *Case) bool { _, was := over[c]; return !was })
			for _, c := range sub.cases {
				if c.Scenario == a.scenario && !over[c] {
					c.settle(top)
				}
			}
		}
	}()
	x := top
	for range beyondMost {
		x *= 2
		late := slices.DeleteFunc(slices.Clone(r.shapes), func(sub *subject) bool { return !sub.changedLate(a.scenario) })
		for len(late) > 0 && time.Since(r.began) <= r.Time && x <= scaleHighest {
			some, left, tables := r.together(late, a.scenario, x)
			if len(some) == 0 {
				break
			}
			if err := r.askAlone(ctx, some, r.model.only(tables), a.scenario, x); err != nil {
				return err
			}
			late = left
		}
	}
	return nil
}

// settle takes the sizes above the ladder's top out again where they don't show how the last plan grows: what chooses another one here and there, as
// PostgreSQL by the sample that ANALYZE draws, shows less the longer one looks.
func (c *Case) settle(top float64) {
	n := len(c.Rungs)
	if c.over || n > 0 && c.lastChange() > n-regimeLeast {
		c.Rungs = slices.DeleteFunc(c.Rungs, func(r Rung) bool { return r.X > top })
	}
	c.over, c.failed = false, ""
}

// changedLate says whether the engine came to a plan of a shape so near the top that its growth can't be seen.
func (sub *subject) changedLate(s Scenario) bool {
	return sub.unknown == "" && slices.ContainsFunc(sub.cases, func(c *Case) bool {
		return c.Scenario == s && !c.over && len(c.Rungs) >= regimeLeast && c.lastChange() > len(c.Rungs)-regimeLeast
	})
}

// together chooses as many of the shapes as fit into one shadow of a size, by the tables that they need. Those that need too many rows alone
// are neither among these nor left.
func (r *run) together(list []*subject, s Scenario, x float64) (some, left []*subject, tables map[*schema.Table]bool) {
	tables = map[*schema.Table]bool{}
	for _, sub := range list {
		alone := r.needs(sub)
		both := map[*schema.Table]bool{}
		for _, of := range []map[*schema.Table]bool{tables, alone} {
			for t := range of {
				both[t] = true
			}
		}
		switch {
		case r.model.only(both).total(s, x) <= r.Rows:
			some, tables = append(some, sub), both
		case r.model.only(alone).total(s, x) <= r.Rows:
			left = append(left, sub)
		}
	}
	return some, left, tables
}

// needs are the tables without which a shape can't be asked: those that its plan touches, those whose rows keep theirs from being deleted or
// changed, and all to which these refer.
func (r *run) needs(sub *subject) map[*schema.Table]bool {
	out := map[*schema.Table]bool{}
	var need func(t *schema.Table)
	need = func(t *schema.Table) {
		if tm := r.model.of[t]; tm != nil && !out[t] {
			out[t] = true
			for _, l := range tm.links {
				need(l.key.To)
			}
		}
	}
	facts := &sub.replay.plan.Facts
	for _, t := range slices.Concat(facts.Reads, facts.Writes) {
		if t.View != nil { // it may read anything
			return r.model.all()
		}
		need(t)
	}
	for _, tm := range r.model.tables {
		if slices.ContainsFunc(tm.links, func(l linkModel) bool { return slices.Contains(facts.Writes, l.key.To) }) {
			need(tm.table)
		}
	}
	return out
}

// all are all its tables.
func (m *model) all() map[*schema.Table]bool {
	out := map[*schema.Table]bool{}
	for _, t := range m.tables {
		out[t.table] = true
	}
	return out
}

// only is the model with some of its tables.
func (m *model) only(tables map[*schema.Table]bool) *model {
	some := &model{schema: m.schema, of: map[*schema.Table]*tableModel{}}
	for _, t := range m.tables {
		if tables[t.table] {
			some.tables, some.of[t.table] = append(some.tables, t), t
		}
	}
	return some
}

// askAlone asks shapes of a shadow of their own.
func (r *run) askAlone(ctx context.Context, some []*subject, m *model, s Scenario, x float64) (err error) {
	r.total += m.total(s, x)
	w := m.build(r.Seed, s, x)
	db, err := r.engine.make(ctx, w, func(rows int64) { r.tell(fmt.Sprintf("growing to %sx, for a late plan", short(x)), rows) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.drop(context.WithoutCancel(ctx))) }()
	for _, sub := range some {
		if err := r.ask(ctx, sub, w, db); err != nil {
			return err
		}
	}
	return nil
}
