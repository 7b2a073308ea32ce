package guard

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/pintail-dev/pintail/schema"
)

// A situation is how the database differs from the schema file at some time. It never changes; another one takes its place.
type situation struct {
	catalog *Catalog
	drift   []Drift
	since   time.Time
}

// lost are the differences that are written down and repaired.
func (k Kind) lost() bool {
	switch k {
	case Missing, Invalid, Changed, Corrupt, Unused, Statistics:
		return true
	}
	return false
}

// sheds says whether a difference makes queries slow, or wrong, or lets duplicates in. Without a foreign key nothing of that happens: rows
// that refer to nothing get in until it is made again, on PostgreSQL a moment later, and are listed then.
func (d *Drift) sheds() bool { return d.Kind.lost() && d.Index.Refers == "" }

// loses says whether a situation has any such difference.
func (s *situation) loses() bool {
	return slices.ContainsFunc(s.drift, func(d Drift) bool { return d.sheds() })
}

// amiss says whether there is anything to be written down or repaired.
func (s *situation) amiss() bool {
	return slices.ContainsFunc(s.drift, func(d Drift) bool { return d.Kind.lost() })
}

// same says whether two lists of differences say the same.
func same(a, b []Drift) bool {
	return slices.EqualFunc(a, b, func(x, y Drift) bool {
		return x.Kind == y.Kind && x.Index.ID == y.Index.ID && x.Index.Definition == y.Index.Definition && x.Details == y.Details &&
			(x.Live == nil) == (y.Live == nil) && (x.Live == nil || x.Live.Definition == y.Live.Definition)
	})
}

// lookLimit bounds one look at the catalog.
const lookLimit = 5 * time.Second

// look reads the catalog and holds it against the schema. Where nothing has changed since the last look it is cheap; again says that
// something else has, and to compare in any case.
func (g *Guard) look(ctx context.Context, again bool) error {
	g.looking.Lock()
	defer g.looking.Unlock()
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	again = g.dirty.Swap(false) || again
	if err := g.lookInside(ctx, again); err != nil {
		if again {
			g.dirty.Store(true) // it is still to be compared
		}
		g.lookError.Store(&err)
		return err
	}
	g.lookError.Store(nil)
	g.looked.Store(time.Now().UnixNano())
	return nil
}

// lookInside is look under its lock.
func (g *Guard) lookInside(ctx context.Context, again bool) error {
	s := g.schema.Load()
	began := time.Now() // before the catalog is read: what another process repairs after it ends after it too
	cat, err := g.config.Engine.Catalog(ctx, s)
	if err != nil {
		return fmt.Errorf("read the catalog: %w", err)
	}
	was := g.now.Load()
	if was != nil && was.catalog.Version == cat.Version && was.catalog.Busy == cat.Busy && !again {
		return nil
	}
	drift, err := g.compare(ctx, s, cat)
	if err != nil {
		return err
	}
	drift = append(drift, g.unverified(ctx, was, drift)...)
	next := &situation{catalog: cat, drift: drift, since: began}
	if afresh := g.afresh.Swap(false); was != nil && same(was.drift, drift) && !afresh {
		if was.catalog.Version == cat.Version && was.catalog.Busy == cat.Busy {
			return nil
		}
		next.since = was.since
	}
	g.settleMode(cat)
	g.now.Store(next)
	g.tell(was, next)
	g.wake()
	return nil
}

// compare gives the differences between what is declared and what is there, in the order of their subjects.
func (g *Guard) compare(ctx context.Context, s *schema.Schema, cat *Catalog) ([]Drift, error) {
	declared, err := g.declaredOf(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("what the schema declares: %w", err)
	}
	applied, err := g.appliedOf(ctx, cat.Applied)
	if err != nil {
		return nil, fmt.Errorf("what was applied: %w", err)
	}
	live := map[string]*Index{}
	for i := range cat.Indexes {
		live[cat.Indexes[i].ID] = &cat.Indexes[i]
	}
	away := map[string]bool{}
	var out []Drift
	for _, t := range cat.Missing {
		away[t.String()] = true
		out = append(out, Drift{Kind: TableGone, Index: Index{ID: "table " + t.String(), Name: t.Name, Table: t},
			Details: "the table " + t.String() + " isn't there"})
	}
	known := map[string]bool{}
	lost := map[string]bool{} // by table
	for _, d := range declared {
		known[d.ID] = true
		if away[d.Table.String()] || away[d.Refers] {
			continue
		}
		if x := g.difference(d, live[d.ID], applied); x != nil {
			lost[d.Table.String()] = lost[d.Table.String()] || x.sheds()
			out = append(out, *x)
		}
	}
	for _, x := range cat.Indexes {
		switch {
		case known[x.ID], x.Refers != "": // a foreign key that no file declares slows nothing down
		case x.Leftover:
			out = append(out, Drift{Kind: Invalid, Index: x, Live: &x, Rebuilds: true, Details: x.Name + " was left over by a rebuild that was cut short"})
		default:
			out = append(out, Drift{Kind: Extra, Index: x, Details: fmt.Sprintf("the index %s on %s is in no schema file", x.Name, x.Table)})
		}
	}
	for _, t := range s.Tables {
		name := t.Name.String()
		if t.View == nil && g.analyzed[name] && !cat.Analyzed[name] && !lost[name] && !away[name] {
			out = append(out, Drift{Kind: Statistics, Index: Index{ID: "statistics of " + name, Name: "the statistics of " + name, Table: t.Name}, Rebuilds: true,
				Details: "the planner's statistics of " + name + " are gone"})
		}
	}
	for name := range cat.Analyzed {
		g.analyzed[name] = true
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Index.ID < out[j].Index.ID })
	return out, nil
}

// unverified gives the indexes that are in order again, but which the plans that stood on them don't use: these stay shed until the
// planner has new statistics. If that doesn't help either, the plans of now are as good as any.
func (g *Guard) unverified(ctx context.Context, was *situation, drift []Drift) []Drift {
	if was == nil || !g.acts() {
		return nil
	}
	var out []Drift
	for i := range was.drift {
		d := &was.drift[i]
		if !d.sheds() || slices.ContainsFunc(drift, func(x Drift) bool { return x.Kind.lost() && x.Index.ID == d.Index.ID }) {
			continue
		}
		why, shapes := "", []*entry(nil)
		g.entries.Range(func(_, v any) bool {
			e := v.(*entry)
			j, c, p := e.verdict.Load(), e.contract.Load(), e.plan.Load()
			if j == nil || j.of != was || j.shed == nil || j.shed.drift.Index.ID != d.Index.ID || c == nil || p == nil || !c.standsOn(d.Index.ID) {
				return true
			}
			if w := g.worse(ctx, c, p, &Drift{Kind: Unused, Index: d.Index}, g.sizes(ctx)); w != "" {
				why, shapes = w, append(shapes, e)
			}
			return true
		})
		switch {
		case why == "":
			delete(g.unused, d.Index.ID)
		case g.unused[d.Index.ID] > 0:
			delete(g.unused, d.Index.ID)
			g.config.Log.Warn("guard: the index "+d.Index.Name+" is in order, but the planner goes another way though it has statistics; what it does now is taken for right", "table", d.Index.Table.String(), "what", why)
			for _, e := range shapes {
				e.contract.Store(nil)
			}
		default:
			out = append(out, Drift{Kind: Unused, Index: d.Index, Rebuilds: true, Details: "the index " + d.Index.Name + " on " + d.Index.Table.String() + " is there, but the planner doesn't use it"})
		}
	}
	return out
}

// difference says how one declared index differs from what is there; nil for not at all. applied are those that `apply` made as far as
// is known, nil where it never ran: what it has not made yet is no loss.
func (g *Guard) difference(d Index, live *Index, applied map[string]string) *Drift {
	is, known := applied[d.ID]
	made := applied == nil || known && alike(is, d.Definition)
	out := &Drift{Index: d, Live: live, Rebuilds: true}
	switch {
	case live == nil && !made, live != nil && !d.as(live) && !made:
		out.Kind, out.Rebuilds, out.Details = Pending, false, d.noun()+" is declared, but this database was last brought to a schema that has it otherwise"
	case live == nil:
		out.Kind, out.Details = Missing, d.noun()+" is missing"
	case !d.as(live):
		out.Kind, out.Details = Changed, d.noun()+" is deferrable, which isn't declared, and no upsert goes by such a key"
		if !out.late() {
			out.Details = fmt.Sprintf("%s is another one: %s, declared is %s", d.noun(), live.spelled(), d.spelled())
		}
	case live.Invalid != "":
		out.Kind, out.Details = Invalid, d.noun()+" is there, but "+live.Invalid
	case d.Refers == "":
		return g.damagedAs(out)
	default:
		return nil
	}
	if d.Refers != "" && out.Kind.lost() {
		out.unreferring()
	}
	return out
}

// spelled is what an index is, for people.
func (x *Index) spelled() string {
	if x.Deferrable {
		return x.Definition + " DEFERRABLE"
	}
	return x.Definition
}

// late says whether a key differs in nothing but that it is deferrable. It keeps rows apart all the same.
func (d *Drift) late() bool {
	return d.Kind == Changed && d.Live != nil && d.Live.Unique == d.Index.Unique && alike(d.Live.Definition, d.Index.Definition) && d.Live.Deferrable
}

// opens says whether nothing keeps duplicates out any more of what a unique index kept apart.
func (d *Drift) opens() bool {
	switch d.Kind {
	case Missing, Invalid, Changed, Corrupt:
		return d.Index.Unique && !d.Index.Leftover && !d.late()
	}
	return false
}

// unreferring says what the loss of a foreign key means, and who is to repair it: one with other columns or actions somebody made on purpose.
func (d *Drift) unreferring() {
	if d.Kind == Missing {
		d.Details += ", so that nothing refuses rows that refer to nothing"
	}
	if d.Rebuilds = d.Index.Create != "" && d.Kind != Changed; !d.Rebuilds {
		d.Details += "; `pintail schema apply` makes it as declared"
	}
}

// damagedAs makes the difference of an index in order otherwise of which an integrity check said that it is damaged; nil where none did.
func (g *Guard) damagedAs(out *Drift) *Drift {
	g.damageMu.Lock()
	defer g.damageMu.Unlock()
	x := g.damage[out.Index.ID]
	if x == nil {
		return nil
	}
	out.Kind, out.Details = Corrupt, out.Index.noun()+" is damaged: "+x.what
	return out
}

// alike says whether two definitions are one. A definition that nobody could find out, which is empty, passes for any.
func alike(a, b string) bool { return a == b || a == "" || b == "" }

// as says whether a live index is as declared.
func (x *Index) as(live *Index) bool {
	return x.Unique == live.Unique && alike(x.Definition, live.Definition) && x.Deferrable == live.Deferrable
}

// declaredOf is what the engine would have of a schema, kept for the one that is served.
func (g *Guard) declaredOf(ctx context.Context, s *schema.Schema) ([]Index, error) {
	if g.declaredFor == s {
		return g.declared, nil
	}
	list, err := g.config.Engine.Declared(ctx, s)
	if err != nil {
		return nil, err
	}
	g.declaredFor, g.declared = s, list
	indexes := 0
	for i := range list {
		if list[i].Refers == "" {
			indexes++
		}
	}
	g.declaredCount.Store(int64(indexes))
	return list, nil
}

// appliedOf gives the definitions of what `apply` made; nil where it never ran.
func (g *Guard) appliedOf(ctx context.Context, s *schema.Schema) (map[string]string, error) {
	if s == nil {
		return nil, nil
	}
	if g.appliedFor == s {
		return g.applied, nil
	}
	list, err := g.config.Engine.Declared(ctx, s)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, x := range list {
		out[x.ID] = x.Definition
	}
	g.appliedFor, g.applied = s, out
	return out, nil
}

// settleMode decides what Auto means.
func (g *Guard) settleMode(cat *Catalog) {
	m, why := g.config.Mode, "guard: "+string(g.config.Mode)
	if m == Auto {
		m, why = Observe, "`pintail schema apply` has not made these tables; `guard: repair` lets the guard act on them"
		switch {
		case cat.Hidden:
			why = "the role that serves may not read _pintail, and so can't tell whether `pintail schema apply` made these tables; make it a member of the role that owns them, " +
				"or let the guard act by `guard: repair`"
		case cat.Applied != nil:
			m, why = Act, "`pintail schema apply` made these tables"
		}
	}
	g.mode.Store(&decided{m, why})
}

// A decided mode, with the reason.
type decided struct {
	mode Mode
	why  string
}

// acts says whether the guard refuses and repairs: not before Run, since nobody would repair what is refused.
func (g *Guard) acts() bool {
	d := g.mode.Load()
	return d != nil && d.mode == Act && g.ran.Load()
}

// tell logs what is new in a situation.
func (g *Guard) tell(was, now *situation) {
	had := map[string]Kind{}
	if was != nil {
		for _, d := range was.drift {
			had[d.Index.ID] = d.Kind
		}
	}
	for _, d := range now.drift {
		if had[d.Index.ID] == d.Kind {
			continue
		}
		args := []any{"what", d.Details, "kind", string(d.Kind), "table", d.Index.Table.String()}
		switch {
		case d.Kind == Extra || d.Kind == Pending:
			g.config.Log.Info("guard: the database isn't what the schema file says; it is no loss", args...)
		case !g.acts():
			g.config.Log.Warn("guard: the database isn't what the schema file says; nothing is done about it, since the guard only observes", args...)
		case d.Kind == TableGone:
			g.config.Log.Error("guard: a table is gone; restore a backup, the guard doesn't make tables", args...)
		case d.Index.Refers != "" && d.Rebuilds:
			g.config.Log.Error("guard: a foreign key is lost; it is made again at once, and rows that refer to nothing are listed", args...)
		case d.Index.Refers != "":
			g.config.Log.Error("guard: a foreign key is lost; it takes a person", args...)
		default:
			g.config.Log.Error("guard: an index that queries stand on is lost; they are refused until it is repaired", args...)
		}
	}
}
