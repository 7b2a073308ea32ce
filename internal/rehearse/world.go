package rehearse

import (
	"math"
	"slices"

	"github.com/pintail-dev/pintail/schema"
)

// A world is the shadow at one size: how many rows each table has, and what stands in each of them. A value is a pure function of
// the seed, the table and the row, so that rows can be made in any order and a query's parameters can be made without looking.
type world struct {
	scenario Scenario
	x        float64 // size, as a multiple of production's
	tables   []*shadowTable
	of       map[*schema.Table]*shadowTable
}

// A shadowTable is one table at one size.
type shadowTable struct {
	*tableModel
	rows    int64
	columns []source // by position
	links   []*lineage
}

// A source is where a column's values come from: exactly one of the first three is set where there are any.
type source struct {
	column *schema.Column
	link   *lineage // the value of the parent's column at
	at     *schema.Column
	within *lineage // it numbers the children of a parent
	unique bool     // one value a row

	model   columnModel
	domain  domain
	ranks   permutation // place by frequency to place in order
	rest    permutation // rows to the values that are none of the commonest
	sums    []float64   // of model.top
	key     draw
	density *density // how rows lie over the values in order; nil where each has about as many
	labeled bool     // model.top are the shares of the labels in their order, rather than falling
	none    bool     // always null, or left to the database: generated
	texts   []string // of some rows, once they were looked at
}

// build makes the world of a scenario at x times production.
func (m *model) build(seed uint64, s Scenario, x float64) *world {
	w := &world{scenario: s, x: x, of: map[*schema.Table]*shadowTable{}}
	for _, t := range m.tables {
		st := &shadowTable{tableModel: t, rows: t.sized(s, x)}
		w.tables = append(w.tables, st)
		w.of[t.table] = st
	}
	for _, st := range m.ordered(w) {
		st.deal(w, seed)
		st.fill(w, seed)
	}
	return w
}

// ordered gives the tables so that those that are referred to stand before those that refer; cycles are cut anywhere, as
// only the number of a parent's rows counts.
func (m *model) ordered(w *world) []*shadowTable {
	var out []*shadowTable
	seen := map[*shadowTable]bool{}
	var visit func(st *shadowTable)
	visit = func(st *shadowTable) {
		if seen[st] {
			return
		}
		seen[st] = true
		for _, l := range st.tableModel.links {
			visit(w.of[l.key.To])
		}
		out = append(out, st)
	}
	for _, st := range w.tables {
		visit(st)
	}
	return out
}

// deal gives the rows of each foreign key their parents. Where a key allows fewer rows than there would be, there are fewer.
func (st *shadowTable) deal(w *world, seed uint64) {
	name := st.table.Name.String()
	for _, lm := range st.tableModel.links {
		l := &lineage{linkModel: lm, parent: w.of[lm.key.To], sorted: math.Abs(lm.order) >= 0.9}
		st.links = append(st.links, l)
	}
	for _, l := range st.links {
		l.distinct = st.isUnique(l.key.Columns)
		for _, other := range st.links {
			if other != l && other.pairs == nil && !l.distinct && l.degrees.skew() <= other.degrees.skew() && st.isUnique(slices.Concat(other.key.Columns, l.key.Columns)) {
				l.pairs = other
				break
			}
		}
	}
	for _, l := range st.links {
		most := st.rows
		switch {
		case l.distinct:
			st.rows = min(st.rows, l.parent.rows)
			most = 1
		case l.pairs == nil:
			for _, other := range st.links {
				if other.pairs == l {
					most = other.parent.rows
				}
			}
		}
		l.sums = l.degrees.deal(l.parent.rows, st.filled(l), st.grown(l), most)
		if reached := l.sums[len(l.sums)-1]; l.nulls == 0 && l.pairs == nil {
			st.rows = min(st.rows, reached)
		}
	}
	for _, l := range st.links { // by the number of rows that is left
		id := l.key.Columns[0].Name
		l.ranks = permutationOf(drawOf(seed, name, id, "rank"), l.parent.rows)
		l.ranks.parts, l.ranks.back = partsOf(l.ranks.key, l.parts, l.parent.rows, l.first < 0), l.first < 0
		l.slots = permutationOf(drawOf(seed, name, id, "slot"), st.rows)
		if l.pairs == nil && st.laid(l) {
			l.layout = st.laidOut(l, drawOf(seed, name, id, "layout"))
		}
		if l.sorted {
			l.byRow = make([]int64, len(l.sums))
			for p := range l.parent.rows {
				l.byRow[p+1] = l.byRow[p] + l.children(l.ranks.of(p))
			}
		}
	}
}

// partsOf makes parts of so many rows that end at shares of all of them, and at the last; with back set, counted from the last row.
func partsOf(key draw, ends []float64, rows int64, back bool) []part {
	var parts []part
	start := int64(0)
	for i := range ends {
		end := ends[i]
		if back {
			end = 1 - ends[len(ends)-1-i]
		}
		if at := int64(math.Round(end * float64(rows))); at > start && at < rows {
			parts = append(parts, partOf(key, start, at))
			start = at
		}
	}
	return append(parts, partOf(key, start, max(rows, start+1)))
}

// filled is how many rows refer to a parent.
func (st *shadowTable) filled(l *lineage) int64 {
	return int64(math.Round(float64(st.rows) * (1 - l.nulls)))
}

// grown is by how much the children of one parent became more.
func (st *shadowTable) grown(l *lineage) float64 {
	if st.tableModel.rows == 0 || l.parent.rows == 0 || l.parent.tableModel.rows == 0 {
		return 1
	}
	return float64(st.rows) / float64(st.tableModel.rows) * float64(l.parent.tableModel.rows) / float64(l.parent.rows)
}

// isUnique says whether a table has a key of just these columns.
func (st *shadowTable) isUnique(columns []*schema.Column) bool {
	same := func(key []*schema.Column) bool {
		return len(key) == len(columns) && !slices.ContainsFunc(key, func(c *schema.Column) bool { return !slices.Contains(columns, c) })
	}
	return slices.ContainsFunc(st.keys(), same)
}

// keys are the columns of everything unique.
func (st *shadowTable) keys() [][]*schema.Column {
	var out [][]*schema.Column
	if st.table.Primary != nil {
		out = append(out, st.table.Primary.Columns)
	}
	for _, k := range st.table.Uniques {
		out = append(out, k.Columns)
	}
	for _, x := range st.table.Indexes {
		if !x.Unique || x.Where != nil || len(x.Columns) == 0 {
			continue
		}
		var columns []*schema.Column
		for _, c := range x.Columns {
			columns = append(columns, c.Column)
		}
		out = append(out, columns)
	}
	return out
}
