package rehearse

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Advice is an index that makes a query better: it was built on the two largest shadows, and the query was asked again.
type Advice struct {
	Table  string  `json:"table"`
	Type   string  `json:"type"`   // the table's, in the schema file
	Index  string  `json:"index"`  // its name
	Line   string  `json:"line"`   // for the schema file, at the table's type
	Class  Class   `json:"class"`  // with it
	Before float64 `json:"before"` // work on the largest shadow
	After  float64 `json:"after"`
}

// What an index must do to be advised, and may not.
const (
	fallsLeast  = 5.0 // the work becomes this many times less, or the class falls
	tryLeast    = 1.5 // less than that on the largest shadow isn't looked at further
	harmMost    = 1.1 // no other query's work grows more than that,
	harmUnits   = 20  // apart from so many units,
	harmWrites  = 60  // or so many of a write, which keeps one index more: some twenty for each row
	proofTries  = 4   // parameters of each query that are tried again
	proofsMost  = 3   // candidates that are tried for one query, until one helps and harms nobody
	indexesMost = 60  // candidates that are built
)

// A candidate is an index that might help some queries.
type candidate struct {
	index    *schema.Index
	subjects []*subject
	work     map[*subject]float64 // on the largest shadow, with the index
	kept     bool
}

// advise looks for indexes that make queries better whose work grows in proportion to the data or worse.
func (r *run) advise(ctx context.Context) error {
	list := r.candidates()
	r.total += int64(len(list)) * adviceTold
	for _, c := range list {
		if err := r.probe(ctx, c); err != nil {
			return err
		}
		r.tell("trying indexes", adviceTold)
	}
	for _, sub := range r.bad() {
		left := slices.Clone(list)
		for range proofsMost { // one that harms another query may have a wider one beside it that doesn't
			best := bestFor(sub, left)
			if best == nil || len(sub.verdict.Advice) > 0 {
				break
			}
			if err := r.prove(ctx, sub, best); err != nil {
				return err
			}
			left = slices.DeleteFunc(left, func(c *candidate) bool { return c == best })
		}
	}
	for _, sub := range r.bad() {
		sub.verdict.Notes = append(sub.verdict.Notes, sub.remarks()...)
	}
	return nil
}

// adviceTold is how many rows' work a candidate counts as in what is told of progress.
const adviceTold = 20_000

// bad are the subjects that are in need of advice, the worst first.
func (r *run) bad() []*subject {
	var out []*subject
	for _, sub := range r.shapes {
		if sub.verdict.Class >= Linear {
			out = append(out, sub)
		}
	}
	slices.SortStableFunc(out, func(a, b *subject) int {
		return cmp.Or(cmp.Compare(b.verdict.Class, a.verdict.Class), cmp.Compare(a.shape.ID, b.shape.ID))
	})
	return out
}

// candidates are those of all subjects that need any, each index once.
func (r *run) candidates() []*candidate {
	var out []*candidate
	for _, sub := range r.bad() {
		for _, x := range candidates(sub.replay.plan, r.shadow) {
			var c *candidate
			for _, known := range out {
				if known.index.Table == x.Table && len(known.index.Columns) == len(x.Columns) && leads(known.index.Columns, x.Columns) {
					c = known
				}
			}
			if c == nil {
				if len(out) == indexesMost {
					r.notes = append(r.notes, fmt.Sprintf("more than %d indexes might help: only so many were tried", indexesMost))
					return out
				}
				c = &candidate{index: x, work: map[*subject]float64{}}
				out = append(out, c)
			}
			c.subjects = append(c.subjects, sub)
		}
	}
	r.widen(out)
	for i, c := range out {
		among := func(d *candidate) bool { return d.index.Name == c.index.Name }
		for n := 1; r.taken(c.index) || slices.ContainsFunc(out[:i], among); n++ {
			c.index.Name = fmt.Sprintf("%s%d", c.index.DefaultName(), n)
		}
	}
	return out
}

// widen lets an index that begins as another one does be tried for the other's subjects too.
func (r *run) widen(list []*candidate) {
	own := map[*candidate][]*subject{}
	for _, c := range list {
		own[c] = c.subjects
	}
	for _, wide := range list {
		for _, c := range list {
			if c.index.Table != wide.index.Table || len(c.index.Columns) >= len(wide.index.Columns) || !leads(wide.index.Columns, c.index.Columns) {
				continue
			}
			for _, sub := range own[c] {
				if !slices.Contains(wide.subjects, sub) {
					wide.subjects = append(wide.subjects[:len(wide.subjects):len(wide.subjects)], sub)
				}
			}
		}
	}
}

func (r *run) taken(x *schema.Index) bool {
	for _, t := range r.shadow.Tables {
		if slices.ContainsFunc(t.Indexes, func(y *schema.Index) bool { return y.Name == x.Name }) || t.Name.Name == x.Name {
			return true
		}
	}
	return false
}

// worst is the case that decides a subject's class, and its ladder.
func (r *run) worst(sub *subject) (*Case, *ascent) {
	c := sub.cases[sub.verdict.Worst]
	for _, a := range r.climbs {
		if a.scenario == c.Scenario {
			return c, a
		}
	}
	return nil, nil
}

// probe builds a candidate on the largest shadows, and asks those whom it might help.
func (r *run) probe(ctx context.Context, c *candidate) error {
	for _, a := range r.climbs {
		concerned := slices.DeleteFunc(slices.Clone(c.subjects), func(sub *subject) bool { _, of := r.worst(sub); return of != a })
		db, w := a.tops[1], a.worlds[len(a.worlds)-1]
		if len(concerned) == 0 || db == nil {
			continue
		}
		if err := db.index(ctx, c.index, false); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			c.subjects = nil // of a type that can't be indexed, or too long for it
			return nil
		}
		for _, sub := range concerned {
			if work, ok, err := r.hardest(ctx, sub, w, db); err != nil {
				return err
			} else if ok {
				c.work[sub] = work
			}
		}
		if err := db.index(ctx, c.index, true); err != nil {
			return fmt.Errorf("drop index %s of the shadow: %w", c.index.Name, err)
		}
	}
	return nil
}

// hardest asks a subject again with all kinds of parameters, and gives the work of those that it is most for: an index that is good for
// most customers may still be bad for the largest.
func (r *run) hardest(ctx context.Context, sub *subject, w *world, db database) (most float64, ok bool, err error) {
	for _, c := range sub.cases {
		if c.Scenario != w.scenario || c.over {
			continue
		}
		work, fine, err := r.again(ctx, sub, c.Stratum, w, db)
		if err != nil || !fine {
			return 0, false, err
		}
		most, ok = max(most, work), true
	}
	return most, ok, nil
}

// had is the same at a size, as it was before there was an index.
func (sub *subject) had(s Scenario, x float64) (most float64) {
	for _, c := range sub.cases {
		if rung := c.at(x); c.Scenario == s && !c.over && rung != nil {
			most = max(most, rung.first(proofTries))
		}
	}
	return most
}

// again asks a subject some of the parameters that it was asked before, and gives the mean work; false where it failed.
func (r *run) again(ctx context.Context, sub *subject, stratum string, w *world, db database) (float64, bool, error) {
	var rung Rung
	for n := range proofTries {
		if n > 0 && !sub.replay.varied() {
			break
		}
		s, err := sub.try(ctx, w, db, stratum, n)
		if ctx.Err() != nil {
			return 0, false, ctx.Err()
		}
		if err != nil {
			return 0, false, nil
		}
		rung.samples = append(rung.samples, s)
	}
	return max(rung.mean(units), 1), true, nil
}

// bestFor is the candidate with which a subject has least work. One with fewer columns is better unless its work is clearly more, and
// of two alike the one that is kept for another query already.
func bestFor(sub *subject, list []*candidate) *candidate {
	var best *candidate
	for _, c := range list {
		work, ok := c.work[sub]
		if !ok {
			continue
		}
		if best == nil {
			best = c
			continue
		}
		had, wider := best.work[sub], len(c.index.Columns)-len(best.index.Columns)
		switch {
		case wider < 0 && work <= clearly*had+clearlyLess, wider > 0 && had > clearly*work+clearlyLess:
			best = c
		case wider != 0:
		case work < had*0.9, work <= had*1.1 && c.kept && !best.kept:
			best = c
		}
	}
	return best
}

// How much more work clearly more is.
const (
	clearly     = 4
	clearlyLess = 200
)

// prove builds an index on the two largest shadows of every scenario and asks the subject again, and all others. It stays there
// if it helps and harms nobody.
func (r *run) prove(ctx context.Context, sub *subject, c *candidate) error {
	of, a := r.worst(sub)
	if a.tops[0] == nil || len(of.Rungs) < 2 {
		return nil
	}
	n := len(a.worlds)
	var before, after [2]float64
	if c.work[sub]*tryLeast > sub.had(a.scenario, a.xs[n-1]) {
		return nil
	}
	if !c.kept {
		if err := r.each(ctx, func(db database) error { return db.index(ctx, c.index, false) }); err != nil {
			return fmt.Errorf("make index %s of the shadow: %w", c.index.Name, err)
		}
	}
	helps := true
	for i := range after {
		work, ok, err := r.hardest(ctx, sub, a.worlds[n-2+i], a.tops[i])
		if err != nil {
			return err
		}
		helps = helps && ok
		before[i], after[i] = sub.had(a.scenario, a.xs[n-2+i]), work
	}
	class := Unknown
	if helps {
		class = classOf(risen(after), of.Sorts)
		helps = class < of.Class || before[1] >= fallsLeast*after[1]
	}
	if helps && !c.kept {
		harmless, err := r.harmless(ctx, sub, c.index)
		if err != nil {
			return err
		}
		helps = harmless
	}
	if !helps {
		if !c.kept {
			return r.each(ctx, func(db database) error { return db.index(ctx, c.index, true) })
		}
		return nil
	}
	c.kept = true
	sub.verdict.Advice = append(sub.verdict.Advice, Advice{
		Table: c.index.Table.Name.String(), Type: c.index.Table.Type, Index: c.index.Name, Line: c.index.Line(), Class: class, Before: before[1], After: after[1],
	})
	return nil
}

// risen is the exponent between the works on two sizes, of which one is twice the other. What grows by little doesn't.
func risen(work [2]float64) float64 {
	if work[1] < (1+growthLeast)*work[0] || work[1] < work[0]+harmUnits {
		return 0
	}
	return math.Log2(work[1] / work[0])
}

// first is the mean work of the first few parameters.
func (r *Rung) first(n int) float64 {
	few := Rung{samples: r.samples[:min(n, len(r.samples))]}
	return max(few.mean(units), 1)
}

// each does something to all databases that are left.
func (r *run) each(ctx context.Context, do func(database) error) error {
	for _, a := range r.climbs {
		for _, db := range a.tops {
			if db == nil {
				continue
			}
			if err := do(db); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// harmless asks all others who touch the index's table, and says whether none of them has much more work.
func (r *run) harmless(ctx context.Context, but *subject, x *schema.Index) (bool, error) {
	for _, sub := range r.shapes {
		if sub == but || sub.unknown != "" || sub.verdict.Worst < 0 || !touches(sub.replay.plan, x.Table) {
			continue
		}
		for _, c := range sub.cases {
			for _, a := range r.climbs {
				top := c.at(a.xs[len(a.xs)-1])
				if a.scenario != c.Scenario || c.over || top == nil {
					continue
				}
				now, ok, err := r.again(ctx, sub, c.Stratum, a.worlds[len(a.worlds)-1], a.tops[1])
				if err != nil {
					return false, err
				}
				slack := float64(harmUnits)
				if !sub.replay.plan.ReadsOnly() {
					slack = harmWrites
				}
				if was := top.first(proofTries); !ok || now > harmMost*was && now > was+slack {
					return false, nil
				}
			}
		}
	}
	return true, nil
}

func touches(p *plan.Plan, t *schema.Table) bool {
	return slices.ContainsFunc(slices.Concat(p.Facts.Reads, p.Facts.Writes), func(of *schema.Table) bool { return of.Name == t.Name })
}

// after is a filter for the rows behind the last one of a page, in brackets; empty where they are ordered by no column.
func after(s *plan.Select) string {
	if len(s.Order) == 0 || s.Order[0].Value.Column == nil || s.Order[0].Embed != nil || len(s.Order[0].Via) > 0 {
		return ""
	}
	op := "gt"
	if s.Order[0].Direction == query.Desc {
		op = "lt"
	}
	return " (" + s.Order[0].Value.Column.Name + "=" + op + ".…)"
}

// remarks say what else than an index would help.
func (sub *subject) remarks() []string {
	var out []string
	p := sub.replay.plan
	if sub.verdict.Unbounded {
		out = append(out, "it answers all rows that there are: give it a limit, and let clients page")
	}
	said := map[string]bool{}
	say := func(text string) {
		if !said[text] {
			said[text] = true
			out = append(out, text)
		}
	}
	for i := range sub.replay.uses {
		u := &sub.replay.uses[i]
		want := sub.replay.want(i, "", 0)
		switch {
		case u.kind == skipped && want.sketch != nil && want.sketch.Sizes != nil && want.sketch.Sizes.Max >= deepPages*defaultPage:
			say("an offset reads all rows before the page: page by the last row's values instead" + after(u.of))
		case u.kind == compared && (u.op == query.Like || u.op == query.ILike) && want.sketch != nil && want.sketch.Wild > 0:
			say("a pattern that begins with % or * finds its rows only by looking at all of them")
		case u.kind == pathKey:
			say("a place inside JSON is a value of the query here, so that no index can lead to it: keep what is asked for in a column of its own")
		}
	}
	if p.Rows != nil && p.Rows.Count == query.ExactCount {
		say("an exact count counts all rows: count=estimated is exact up to a bound, and cheap beyond")
	}
	return out
}
