package rehearse

import (
	"slices"
	"strconv"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/query"
)

// A replay makes the arguments with which a shape is asked of the shadow. The capture says where those of production lie in its data;
// the shadow's lie in the same places.
type replay struct {
	shape *Shape
	plan  *plan.Plan
	blank query.Args // as the template has them: which is a list, which is null
	uses  []use
	seed  draw
}

// strata are the kinds of parameters, and how many of each are tried. The hottest is the one with most rows, whether or not it is the one
// that is asked for most.
var strata = []struct {
	kind         string
	tries, cheap int // cheap queries are tried more often
}{{shape.Typical, 7, 32}, {shape.P95, 3, 12}, {shape.Hottest, 3, 8}}

// varied says whether the parameters make a difference: whether the shape has any that meets the data.
func (r *replay) varied() bool {
	return slices.ContainsFunc(r.uses, func(u use) bool { return u.kind != unused && u.kind != limited && u.kind != pathKey })
}

// hot says whether some parameters meet more rows than others: a value that stands in many rows, a row with many children, a page
// far behind.
func (r *replay) hot(w *world) bool {
	for arg, u := range r.uses {
		if r.hotUse(w, arg, u) {
			return true
		}
	}
	return false
}

func (r *replay) hotUse(w *world, arg int, u use) bool {
	switch u.kind {
	case skipped, written, called:
		return true
	case compared:
		if u.column == nil || w.of[u.column.Table] == nil || u.path {
			return false
		}
		st := w.of[u.column.Table]
		s := &st.columns[u.column.Position]
		if r.want(arg, shape.Hottest, 0).stratum != shape.Hottest {
			return false
		}
		return s.link != nil || len(s.sums) > 0 || s.unique && r.children(w, st) != nil
	}
	return false
}

// children is the link of those among the rows that a query touches which refer to a table, where they are most.
func (r *replay) children(w *world, st *shadowTable) *lineage {
	var most *lineage
	for _, t := range slices.Concat(r.plan.Facts.Reads, r.plan.Facts.Writes) {
		if of := w.of[t]; of != nil && of != st {
			for _, l := range of.links {
				if l.parent == st && l.pairs == nil && (most == nil || l.slots.n > most.slots.n) {
					most = l
				}
			}
		}
	}
	return most
}

// args makes the arguments of the nth try of a stratum.
func (r *replay) args(w *world, stratum string, n int) query.Args {
	args := slices.Clone(r.blank)
	anchors := map[int]int64{}
	for i := range args {
		u := &r.uses[i]
		if u.kind != compared || !anchored(u, r.uses) || r.misses(n) {
			continue
		}
		if _, ok := anchors[u.alias]; !ok {
			anchors[u.alias] = w.anchor(r.driver(w, u.alias), r.want(i, stratum, n))
		}
	}
	for i := range args {
		if args[i].Null || args[i].Claim != "" {
			continue
		}
		u, want := &r.uses[i], r.want(i, stratum, n)
		if row, ok := anchors[u.alias]; ok && u.kind == compared && anchored(u, r.uses) {
			st := w.of[u.column.Table]
			args[i].Text = textOf(u.column, st.value(u.column.Position, row))
			continue
		}
		r.fill(w, &args[i], u, want)
	}
	return args
}

// misses says whether the nth try is one of those that find nothing. In production so many of them do, where fewer rows come back than
// there are calls: of values that must be equal in the same row, each may be there, and no row has all.
func (r *replay) misses(n int) bool {
	rows := r.plan.Rows
	if r.shape.Calls == 0 || r.plan.Op == plan.Insert || r.plan.Op == plan.Sequence || rows != nil && (rows.Grouped || rows.Summary) {
		return false
	}
	return r.shape.Rows <= r.seed.unit(uint64(n)<<8|0xff)
}

func (r *replay) want(arg int, stratum string, n int) want {
	w := want{stratum: stratum, place: r.seed.unit(uint64(n)<<8 | uint64(arg))}
	if arg < len(r.shape.Arguments) {
		w.sketch = &r.shape.Arguments[arg]
		if w.sketch.Distinct == 1 && r.shape.Calls >= constantCalls { // nobody asks for the hottest
			w.stratum, stratum = shape.Typical, shape.Typical
		}
		for i := range w.sketch.Examples {
			if e := &w.sketch.Examples[i]; e.Kind == stratum {
				w.example = e
			}
		}
	}
	return w
}

// constantCalls is after how many calls a value that was always the same is taken for a constant of the program that asks.
const constantCalls = 10

// fill makes one argument.
func (r *replay) fill(w *world, v *query.Value, u *use, want want) {
	switch u.kind {
	case compared:
		r.compare(w, v, u, want)
	case limited:
		v.Text = strconv.FormatInt(want.number(defaultPage), 10)
	case skipped:
		v.Text = strconv.FormatInt(r.offset(w, u, want), 10)
	case pathKey:
		v.Text = r.documentKey()
	case written:
		v.Text = string(r.rows(w, u.write, want))
	case placed:
		v.Text = "[0]" // one row goes in, and what is nested belongs to it
	case altered:
		v.Text = "1"
	case called:
		r.argument(w, v, u, want)
	}
}

// deepPages is from how many pages on an offset is one of someone who goes through everything, and so grows with what there is.
const deepPages = 10

func (r *replay) offset(w *world, u *use, want want) int64 {
	n := want.number(0)
	page := int64(defaultPage)
	if u.of.Limit != nil {
		page = max(r.want(*u.of.Limit, shape.Typical, 0).number(page), 1)
	}
	if n < deepPages*page || u.of.Source.Table == nil {
		return n
	}
	st := w.of[u.of.Source.Table]
	if st == nil || st.tableModel.rows == 0 {
		return n
	}
	return int64(float64(n) * float64(st.rows) / float64(st.tableModel.rows))
}
