package rehearse

import (
	"slices"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/internal/value"
)

// rows makes the JSON of the rows that a write sets: new ones for an insert, whose parents are there.
func (r *replay) rows(w *world, x *plan.Write, want want) []byte {
	st := w.of[x.Table]
	var b []byte
	if st == nil {
		return []byte("[{}]")
	}
	row := int64(want.place * float64(max(st.rows, 1)))
	for _, l := range st.links { // a hot parent gets the new row
		if l.pairs == nil && !l.parent.fixed && want.stratum == shape.Hottest {
			if parent, ok := l.pick(want, -1); ok {
				if child, ok := l.childOf(parent, want.place); ok {
					row = child
				}
			}
			break
		}
	}
	insert := x.Conflict != nil || r.plan.Op == plan.Insert || r.inserts(x)
	b = append(b, '{')
	for i, c := range x.Columns {
		at := row
		if s := &st.columns[c.Position]; insert && s.link == nil {
			at = st.rows + row%spare
		}
		if x.Conflict != nil && want.place < 0.5 { // every second one is there already
			at = row
		}
		if i > 0 {
			b = append(b, ", "...)
		}
		b = value.AppendJSONString(b, c.Name)
		b = append(b, ": "...)
		if v := st.value(c.Position, at); v == nil {
			b = append(b, "null"...)
		} else {
			b = value.AppendJSON(b, c.Type, v, nil)
		}
	}
	b = append(b, '}')
	if insert {
		b = append(append([]byte{'['}, b...), ']')
	}
	return b
}

// upserts says whether rows go in that may be there already.
func (r *replay) upserts() bool {
	return slices.ContainsFunc(append([]*plan.Plan{r.plan}, r.plan.Steps...), func(p *plan.Plan) bool { return p.Write != nil && p.Write.Conflict != nil })
}

// inserts says whether a write is an insert somewhere in the plan.
func (r *replay) inserts(x *plan.Write) bool {
	var within func(w *plan.Write) bool
	within = func(w *plan.Write) bool {
		return w == x || slices.ContainsFunc(w.Nested, func(n plan.Nested) bool { return within(n.Write) })
	}
	for _, step := range append([]*plan.Plan{r.plan}, r.plan.Steps...) {
		if step.Op == plan.Insert && step.Write != nil && within(step.Write) {
			return true
		}
	}
	return false
}
