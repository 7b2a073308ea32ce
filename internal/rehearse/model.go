package rehearse

import (
	"math"
	"slices"

	"github.com/pintail-dev/pintail/schema"
)

// A model is what the shadow is made by: the tables of the schema with production's statistics.
type model struct {
	schema *schema.Schema
	tables []*tableModel // in the order of the schema
	of     map[*schema.Table]*tableModel
}

// A tableModel is one table.
type tableModel struct {
	table   *schema.Table
	rows    int64 // production's
	columns []columnModel
	links   []linkModel // one for each foreign key that the shadow has
	fixed   bool        // a look-up table: as large whatever the rest grows to
	root    bool        // it grows, and refers to none that does
	kept    float64     // share of the rows that are there in the scenario bigger, at today's size
	unknown string      // why no rows can be made up; empty where they can
}

// A columnModel is what is known of a column's values.
type columnModel struct {
	nulls    float64   // share of rows
	distinct int64     // values in production
	growing  float64   // exponent by which distinct values grow with the rows: 0 for a fixed set, 1 in proportion
	top      []float64 // share of the rows that have the commonest values, the commonest first
	labels   []float64 // enums and booleans: the share of the rows that each label has, in the order of the declaration; nil for others
	length   lengths
	spread   []float64 // where the deciles lie between the least and the greatest value
	order    float64   // correlation of the value with the row's place, -1 to 1
	begun    bool      // production looks for its texts by how they begin
}

// A linkModel is what is known of a foreign key.
type linkModel struct {
	key      *schema.ForeignKey
	degrees  degrees
	nulls    float64
	order    float64
	together float64   // how often a row follows one of the same parent
	first    int       // 1 where the first parents have most children, -1 where the last have, 0 where it's neither
	parts    []float64 // where it is: the shares of the parents, in their order, that have a twentieth of the children, two, and so on
}

// Rules by which a table is taken for a look-up table.
const (
	lookupFanOut = 100   // children of the mean parent
	lookupTiny   = 20    // rows
	lookupFew    = 50    // rows, with a fan-out of at least
	fewFanOut    = 10    // this
	lookupRows   = 200   // or so many rows,
	lookupSmall  = 0.05  // but not more than this share of the largest table's
	lookupShare  = 0.01  // or that share of it,
	lookupMost   = 1_000 // but not more rows than that
)

// settle decides which tables grow: all but look-up tables. One is a table whose rows have very many children each, or that has very few
// rows beside others; a small one whose children, if it has any, are look-up tables too; and one whose key pairs rows of such.
func (m *model) settle() {
	var largest int64
	for _, t := range m.tables {
		largest = max(largest, t.rows)
	}
	small := min(max(int64(lookupShare*float64(largest)), min(lookupRows, int64(lookupSmall*float64(largest)))), lookupMost)
	children := map[*tableModel][]*tableModel{}
	for _, t := range m.tables {
		for _, l := range t.links {
			if to := m.of[l.key.To]; to != t {
				children[to] = append(children[to], t)
			}
		}
	}
	for _, t := range m.tables {
		t.fixed = t.rows < largest && (t.rows <= lookupTiny && t.rows < small || slices.ContainsFunc(children[t], func(c *tableModel) bool {
			return t.rows > 0 && (c.rows/t.rows >= lookupFanOut || t.rows <= lookupFew && c.rows/t.rows >= fewFanOut)
		}))
	}
	for changed := true; changed; {
		changed = false
		for _, t := range m.tables {
			if t.fixed || t.rows >= largest {
				continue
			}
			if t.rows <= small && !slices.ContainsFunc(children[t], func(c *tableModel) bool { return !c.fixed }) || m.pairsFixed(t) {
				t.fixed, changed = true, true
			}
		}
	}
	for _, t := range m.tables {
		t.root = !t.fixed && !slices.ContainsFunc(t.links, func(l linkModel) bool {
			to := m.of[l.key.To]
			return to != t && !to.fixed
		})
	}
}

// pairsFixed says whether a table's primary key is made of keys of look-up tables alone.
func (m *model) pairsFixed(t *tableModel) bool {
	if t.table.Primary == nil || len(t.links) == 0 {
		return false
	}
	for _, c := range t.table.Primary.Columns {
		if !slices.ContainsFunc(t.links, func(l linkModel) bool {
			return slices.Contains(l.key.Columns, c) && m.of[l.key.To].fixed && l.key.To != t.table
		}) {
			return false
		}
	}
	return true
}

// A Scenario is a way to grow.
type Scenario string

const (
	More   Scenario = "more"   // more of everything: ten times the customers, each with as many orders
	Bigger Scenario = "bigger" // everything is bigger: as many customers, each with ten times the orders, the hottest too
)

// sized is how many rows a table has in a scenario at x times production.
func (t *tableModel) sized(s Scenario, x float64) int64 {
	switch {
	case t.fixed:
		return t.rows
	case s == Bigger && t.root:
		x = t.kept
	case s == Bigger:
		x *= t.kept
	}
	return int64(math.Round(float64(t.rows) * x))
}

// thinLeast is how many rows of the largest table without parents are kept at least.
const thinLeast = 1_000

// thin keeps so few of the parents of the scenario bigger, each with all of its children, that a shadow of at most so many rows may have twice
// these children: one whose parents had hardly any wouldn't be like production at any size. It gives how many parents there are, and how
// many of them are kept.
func (m *model) thin(rowsMost int64) (parents, kept int64) {
	share := 1.0
	m.keep(share)
	parents = m.largestRoot()
	if m.total(Bigger, 1) <= rowsMost || m.still(More) > rowsMost { // look-up tables aren't thinned
		return parents, parents
	}
	for m.total(Bigger, 2) > rowsMost && m.largestRoot() >= 2*thinLeast {
		share /= 2
		m.keep(share)
	}
	return parents, m.largestRoot()
}

func (m *model) keep(share float64) {
	for _, t := range m.tables {
		t.kept = share
	}
}

// largestRoot is the number of rows of the largest table that grows and refers to none that does.
func (m *model) largestRoot() (n int64) {
	for _, t := range m.tables {
		if t.root {
			n = max(n, t.sized(Bigger, 1))
		}
	}
	return n
}

// distinctAt is how many values a column has in a table of so many rows.
func (c *columnModel) distinctAt(rows, production int64) int64 {
	if production == 0 || rows == 0 {
		return max(c.distinct, 1)
	}
	d := float64(c.distinct) * math.Pow(float64(rows)/float64(production), c.growing)
	return min(max(int64(math.Round(d)), 1), max(rows, 1))
}
