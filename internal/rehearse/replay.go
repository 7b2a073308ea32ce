package rehearse

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
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

// A want is what an argument shall be like.
type want struct {
	stratum string
	place   float64 // 0 ≤ place < 1: which of the values that do
	example *ExampleValue
	sketch  *Argument
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

// anchored says whether an argument is one of several, of different columns, that must be equal in the same row: they are taken from
// one. Where one column must be equal to two values, a row needs only one of them.
func anchored(u *use, all []use) bool {
	if !equality(u) {
		return false
	}
	others := false
	for i := range all {
		if o := &all[i]; o != u && equality(o) && o.alias == u.alias && o.column.Table == u.column.Table {
			if o.column == u.column {
				return false
			}
			others = true
		}
	}
	return others
}

func equality(u *use) bool {
	return u.kind == compared && u.column != nil && u.column.Table != nil && u.column.Table.View == nil && !u.path && !u.any && u.op == query.Eq
}

// driver is the column by which the row of an occurrence is chosen: a foreign key, else one whose values are few.
func (r *replay) driver(w *world, alias int) *source {
	var best *source
	for i := range r.uses {
		u := &r.uses[i]
		if !equality(u) || u.alias != alias || w.of[u.column.Table] == nil {
			continue
		}
		s := &w.of[u.column.Table].columns[u.column.Position]
		if best == nil || s.link != nil && best.link == nil {
			best = s
		}
	}
	return best
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

// matches is how many of production's rows the example's comparison holds for; -1 where that isn't known.
func (w want) matches() int64 {
	if w.example == nil || w.example.Matches == nil {
		return -1
	}
	return *w.example.Matches
}

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
		v.Text = documentKey
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

// number is what an argument that is a number was in production.
func (w want) number(otherwise int64) int64 {
	switch {
	case w.sketch != nil && w.sketch.Sizes != nil && w.stratum == shape.Hottest:
		return w.sketch.Sizes.Max
	case w.sketch != nil && w.sketch.Sizes != nil && w.stratum == shape.P95:
		return w.sketch.Sizes.P95
	case w.sketch != nil && w.sketch.Sizes != nil: // and not that of the example, which is in the middle by how often it is asked for
		return w.sketch.Sizes.P50
	case w.example != nil && w.example.Size > 0:
		return w.example.Size
	}
	return otherwise
}

// defaultPage is the limit of a shape of which no limit was seen.
const defaultPage = 20

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

// compare makes the argument of a comparison with a column.
func (r *replay) compare(w *world, v *query.Value, u *use, want want) {
	st := (*shadowTable)(nil)
	if u.column != nil {
		st = w.of[u.column.Table]
	}
	if st == nil { // of a view's column, an aggregate or a function's result: nothing is known of its values
		v.Text = strconv.FormatInt(want.number(1), 10)
		if v.IsList {
			v.List = []string{v.Text}
		}
		return
	}
	s := &st.columns[u.column.Position]
	if u.path {
		v.Text = st.pathValue(u.column, want)
		return
	}
	switch {
	case v.IsList && (u.op == query.In || u.op == query.Eq):
		items := int64(3)
		if want.sketch != nil && want.sketch.Sizes != nil {
			items = max(1, min(want.number(3), 1000))
		}
		v.List = v.List[:0:0]
		for k := range items {
			one := want
			one.place = r.seed.unit(uint64(math.Float64bits(want.place)) + uint64(k))
			if k > 0 && one.stratum == shape.Hottest { // one hot value among others
				one.stratum = shape.Typical
			}
			v.List = append(v.List, textOf(u.column, r.equal(w, st, s, one, max(1, want.matches()/max(items, 1)))))
		}
	case v.IsList:
		v.List = []string{st.pattern(s, want, r.guess(st))}
	case u.op == query.Gt || u.op == query.Gte || u.op == query.Lt || u.op == query.Lte:
		v.Text = textOf(u.column, st.border(s, u.op, want, r.guess(st)))
	case u.op == query.Like || u.op == query.ILike || u.op == query.Similar:
		v.Text = st.pattern(s, want, r.guess(st))
	case u.op == query.Match || u.op == query.IMatch:
		v.Text = strings.Trim(st.pattern(s, want, r.guess(st)), "%")
	case u.op == query.FTS || u.op == query.PLFTS || u.op == query.PHFTS || u.op == query.WFTS:
		v.Text = "lorem"
	default:
		v.Text = textOf(u.column, r.equal(w, st, s, want, want.matches()))
	}
}

// textOf is a value as a client would write it.
func textOf(c *schema.Column, v any) string {
	if v == nil {
		return ""
	}
	return string(value.AppendText(nil, c.Type, v, nil))
}

// equal is a value that so many of production's rows have; matches is -1 where that isn't known.
func (r *replay) equal(w *world, st *shadowTable, s *source, want want, matches int64) any {
	switch {
	case r.inVain(want) && !s.none:
		return s.nothing(st)
	case s.link != nil:
		if parent, ok := s.link.pick(want, matches); ok {
			return s.link.parent.value(s.at.Position, parent)
		}
		return nil
	case s.none:
		return nil
	case s.unique && r.deletes(st):
		row, _ := w.childless(st, want.place)
		return st.value(s.column.Position, row)
	case s.unique && want.stratum != shape.Typical && r.children(w, st) != nil:
		parent, _ := r.children(w, st).pick(want, -1)
		return st.value(s.column.Position, parent)
	case s.unique, s.within != nil:
		return st.value(s.column.Position, int64(want.place*float64(st.rows)))
	case r.absent(st, s, want):
		return absentText(want.place)
	}
	return s.domain.at(s.rankPlace(want, matches, st.tableModel.rows))
}

// absent says whether production asks for texts that aren't there: of which nobody counted the rows, and any text that is there would
// give far more of them than come back.
func (r *replay) absent(st *shadowTable, s *source, want want) bool {
	if want.matches() >= 0 || s.labeled || baseOf(s.column.Type) != schema.Text {
		return false
	}
	usual := (1 - s.model.nulls) / float64(s.model.distinct)
	return r.guess(st) < usual/unfaithful
}

// deletes says whether a plan deletes rows of a table.
func (r *replay) deletes(st *shadowTable) bool {
	return slices.ContainsFunc(append([]*plan.Plan{r.plan}, r.plan.Steps...), func(p *plan.Plan) bool {
		return p.Op == plan.Delete && p.Write.Table == st.table
	})
}

// childlessTries is how many rows are looked at for one that may be deleted.
const childlessTries = 50_000

// childless is a row that no foreign key keeps from being deleted; any row where none was found.
func (w *world) childless(st *shadowTable, place float64) (row int64, ok bool) {
	var keep []*lineage
	for _, of := range w.tables {
		for _, l := range of.links {
			if l.parent == st && (l.key.OnDelete == "" || l.key.OnDelete == "NO ACTION" || l.key.OnDelete == "RESTRICT") {
				keep = append(keep, l)
			}
		}
	}
	from := int64(place * float64(st.rows))
	for k := range min(st.rows, childlessTries) {
		row := (from + k) % st.rows
		if !slices.ContainsFunc(keep, func(l *lineage) bool { return l.pairs != nil || l.children(l.ranks.of(row)) > 0 }) {
			return row, true
		}
	}
	return from, false
}

// inVain says whether what production asks for isn't there: the example matched nothing, or hardly any call ever found a row.
func (r *replay) inVain(want want) bool {
	if m := want.matches(); m >= 0 {
		return m == 0
	}
	rows := r.plan.Rows
	return r.plan.Op == plan.Read && rows != nil && !rows.Grouped && !rows.Summary && r.shape.Calls >= constantCalls && r.shape.Rows < 0.05
}

// nothing is a value of a column that no row has; where the type has none to spare, any.
func (s *source) nothing(st *shadowTable) any {
	switch {
	case s.link != nil:
		return s.link.parent.value(s.at.Position, s.link.parent.rows+spare/2)
	case s.unique, s.within != nil:
		return st.value(s.column.Position, st.rows+spare/2)
	case s.labeled:
		for i, share := range s.model.top {
			if share == 0 {
				return s.domain.at(int64(i))
			}
		}
	case s.domain.labels == nil && !s.column.Type.Array:
		switch baseOf(s.column.Type) {
		case schema.Text:
			return "~"
		case schema.Int4, schema.Int8, schema.Float4, schema.Float8:
			more := s.domain
			more.size = math.MaxInt32
			return more.at(s.domain.size + 7)
		}
	}
	return s.domain.at(0)
}

// rankPlace is the place in order of the value that a try asks for.
func (s *source) rankPlace(want want, matches, production int64) int64 {
	top := int64(len(s.sums))
	left := s.domain.size - top
	if s.common() > 0.99 { // hardly any row has another value
		left = 0
	}
	switch {
	case want.stratum == shape.Hottest && s.labeled:
		return int64(slices.Index(s.model.top, slices.Max(s.model.top)))
	case want.stratum == shape.Hottest:
		return s.ranks.of(0)
	case want.example != nil && want.example.Label != nil && int64(*want.example.Label) < s.domain.size && *want.example.Label >= 0 && (s.labeled || matches < 0):
		return int64(*want.example.Label)
	case top > 0 && (matches > 0 || left <= 0):
		share, best := float64(matches)/float64(max(production, 1)), int64(0)
		if matches < 0 {
			return s.ranked(int64(want.place * float64(min(top, s.domain.size))))
		}
		for r := range top {
			if math.Abs(s.model.top[r]-share) < math.Abs(s.model.top[best]-share) {
				best = r
			}
		}
		rest := (1 - s.model.nulls) * (1 - s.common()) / float64(max(left, 1))
		if left <= 0 || math.Abs(s.model.top[best]-share) <= math.Abs(rest-share) {
			return s.ranked(best)
		}
	}
	return s.ranked(top + min(int64(want.place*float64(max(left, 1))), max(left-1, 0)))
}

// pick chooses the row of a parent with so many children in production.
func (l *lineage) pick(want want, matches int64) (parent int64, ok bool) {
	n := l.parent.rows
	if n == 0 {
		return 0, false
	}
	if l.pairs != nil { // its children are dealt evenly
		return int64(want.place * float64(n)), true
	}
	rank := int64(0)
	if want.stratum != shape.Hottest {
		from, to := l.degrees.band(matches, want.stratum == shape.P95)
		rank = int64((from + want.place*(to-from)) * float64(n))
	}
	return l.ranks.from(min(max(rank, 0), n-1)), true
}

// band is the part of the parents, ordered by their children, that have about so many: from and to, as shares of all. Where
// matches is -1 it is that of the middle, or of the upper twentieth, of those that have any.
func (d degrees) band(matches int64, upper bool) (from, to float64) {
	parents, _ := d.total()
	if parents == 0 {
		return 0, 1
	}
	if matches < 0 {
		with := 1.0
		if d[len(d)-1].children == 0 {
			with -= float64(d[len(d)-1].parents) / float64(parents)
		}
		if upper {
			return 0.04 * with, 0.06 * with
		}
		return 0.4 * with, 0.6 * with
	}
	best, passed := 0, int64(0)
	for i := range d {
		if abs(d[i].children-matches) < abs(d[best].children-matches) {
			best = i
		}
	}
	for i := range best {
		passed += d[i].parents
	}
	return float64(passed) / float64(parents), float64(passed+d[best].parents) / float64(parents)
}

func abs(n int64) int64 { return max(n, -n) }

// border is the value above or below which the comparison leaves as much of the rows as in production.
func (st *shadowTable) border(s *source, op query.Op, want want, guess float64) any {
	share := st.share(s, op, want, guess)
	share *= 0.97 + 0.06*want.place
	from := min(max(share, 0), 1) // share of the rows below the border
	if op == query.Gt || op == query.Gte {
		from = 1 - from
	}
	switch {
	case s.link != nil:
		return s.link.parent.value(s.at.Position, min(int64(from*float64(s.link.parent.rows)), s.link.parent.rows-1))
	case s.none:
		return nil
	case s.unique:
		return s.domain.at(int64(from * float64(st.rows)))
	case s.within != nil:
		return s.domain.at(int64(from * float64(s.domain.size-spare)))
	}
	return s.domain.at(int64(from * float64(s.domain.size)))
}

// guess is the share of a table's rows for which a comparison holds of which nothing was found out: where the rows that come back are
// not cut off or aggregated, their number tells.
func (r *replay) guess(st *shadowTable) float64 {
	const otherwise = 0.3
	rows := r.plan.Rows
	if r.plan.Op != plan.Read || rows == nil || rows.Grouped || rows.Summary || r.shape.Calls == 0 {
		return otherwise
	}
	if rows.Limit != nil && r.shape.Rows > 0.8*float64(r.want(*rows.Limit, shape.Typical, 0).number(defaultPage)) {
		return otherwise
	}
	return min((r.shape.Rows+0.5)/float64(max(st.tableModel.rows, 1)), otherwise)
}

// share is the share of the rows for which a comparison with a border holds.
func (st *shadowTable) share(s *source, op query.Op, want want, guess float64) float64 {
	rows := float64(max(st.tableModel.rows, 1))
	m := want.matches()
	if m >= 0 {
		return float64(m) / rows
	}
	if want.example == nil || want.example.Position == nil {
		return guess
	}
	below := quantileOf(s.model.spread, *want.example.Position)
	if op == query.Gt || op == query.Gte {
		return 1 - below
	}
	return below
}

// quantileOf is the share of the values below a place between the least and the greatest, by the deciles.
func quantileOf(spread []float64, place float64) float64 {
	if len(spread) == 0 {
		return place
	}
	at := append(append([]float64{0}, spread...), 1)
	for i := 1; i < len(at); i++ {
		if place <= at[i] {
			inside := 0.5
			if at[i] > at[i-1] {
				inside = (place - at[i-1]) / (at[i] - at[i-1])
			}
			return (float64(i-1) + inside) / float64(len(at)-1)
		}
	}
	return 1
}

// pattern is one of LIKE that is about as choosy as production's.
func (st *shadowTable) pattern(s *source, want want, guess float64) string {
	if s.none || s.domain.size == 0 {
		return "%x%"
	}
	text, _ := s.domain.at(int64(want.place * float64(min(s.domain.size, max(st.rows, 1))))).(string)
	if text == "" {
		return "%x%"
	}
	share, rows := guess, float64(max(st.tableModel.rows, 1))
	if m := want.matches(); m >= 0 {
		share = float64(m) / rows
	}
	wild := want.sketch == nil || want.sketch.Wild >= 0.5
	// So many letters at the head leave about as many of the values.
	head := s.domain.headLetters()
	letters := head
	for letters > 1 && math.Pow(26, float64(head-letters+1))/float64(min(s.domain.size, max(st.rows, 1))) <= share {
		letters--
	}
	switch {
	case share*rows < 0.75:
		text = absentText(want.place)
	case share*rows <= 2: // somebody looks for one thing, of which there won't be more
		letters = head
	case wild && share > 0.2:
		return "%lorem%"
	}
	// Inside a text the words that fill it may have the letters of a head too: all of it is but one value's.
	if letters < head {
		text = text[:min(letters, len(text))]
	}
	if wild {
		return "%" + text + "%"
	}
	return text + "%"
}

// absentText is a text that no row has.
func absentText(place float64) string { return fmt.Sprintf("absent %.9f", place) }

// pathValue is a value inside the JSON of a column.
func (st *shadowTable) pathValue(c *schema.Column, want want) string {
	row := int64(want.place * float64(max(st.rows, 1)))
	text, _ := st.value(c.Position, row).(string)
	var doc map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &doc) != nil || doc[documentKey] == nil {
		return "1"
	}
	return string(doc[documentKey])
}

// anchor is the row from which several arguments are taken.
func (w *world) anchor(s *source, want want) int64 {
	if s == nil {
		return 0
	}
	st := w.of[s.column.Table]
	any := int64(want.place * float64(max(st.rows, 1)))
	if s.link == nil || s.link.pairs != nil {
		if s.unique || s.within != nil || s.none || s.link != nil {
			return any
		}
		target := s.rankPlace(want, want.matches(), st.tableModel.rows)
		for k := range min(st.rows, 20_000) { // some row that has the value
			if row := (any + k) % st.rows; s.place(row, st.rows) == target {
				return row
			}
		}
		return any
	}
	parent, ok := s.link.pick(want, want.matches())
	if !ok {
		return any
	}
	if row, ok := s.link.childOf(parent, want.place); ok {
		return row
	}
	return any
}

// childOf is a row of a parent.
func (l *lineage) childOf(parent int64, place float64) (row int64, ok bool) {
	rank := l.ranks.of(parent)
	n := l.children(rank)
	if n == 0 {
		return 0, false
	}
	k := int64(place * float64(n))
	if l.sorted {
		return l.byRow[parent] + k, true
	}
	return l.slots.from(l.sums[rank] + k), true
}

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

// argument makes one of a function or a named query: by a column that has its name, or that its name refers to.
func (r *replay) argument(w *world, v *query.Value, u *use, want want) {
	if u.arg == nil {
		v.Text = string(r.body(w, u.call, want))
		return
	}
	v.Text = r.named(w, u.arg, want)
}

// named is a value for a parameter of a function.
func (r *replay) named(w *world, a *schema.Arg, want want) string {
	for _, st := range w.tables {
		for i := range st.columns {
			c := st.columns[i].column
			if c.Name == a.Name && c.Type.Base == a.Type.Base || st.table.Name.Name+"_"+c.Name == a.Name || st.table.Name.Name == a.Name && st.table.Primary != nil && len(st.table.Primary.Columns) == 1 && st.table.Primary.Columns[0] == c {
				return textOf(c, r.equal(w, st, &st.columns[i], want, want.matches()))
			}
		}
	}
	if a.Default != nil {
		return *a.Default
	}
	switch baseOf(a.Type) {
	case schema.Int2, schema.Int4, schema.Int8, schema.Numeric, schema.Float4, schema.Float8:
		n := int64(10)
		if want.example != nil && want.example.Size > 0 && want.example.Size < 4 { // digits
			n = int64(math.Pow10(int(want.example.Size) - 1))
		}
		return strconv.FormatInt(n, 10)
	}
	d, reason := domainOf(&schema.Column{Table: &schema.Table{}, Name: a.Name, Type: a.Type}, 1000, lengths{}, r.seed)
	if reason != "" {
		return ""
	}
	return textOf(&schema.Column{Type: a.Type}, d.at(int64(want.place*1000)))
}

// body is the JSON object of a call's arguments.
func (r *replay) body(w *world, call *plan.Invocation, want want) []byte {
	b := []byte{'{'}
	for i, a := range call.Args {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = value.AppendJSONString(b, a.Param.Name)
		b = append(b, ": "...)
		b = value.AppendJSONString(b, r.named(w, a.Param, want))
	}
	return append(b, '}')
}
