package rehearse

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// modelOf holds a capture against the schema that is rehearsed. A table that the capture doesn't know is new: it is empty.
func modelOf(c *Capture, s *schema.Schema) (*model, error) {
	m := &model{schema: s, of: map[*schema.Table]*tableModel{}}
	known := map[string]*Table{}
	for i := range c.Tables {
		known[c.Tables[i].Name] = &c.Tables[i]
	}
	found := 0
	for _, t := range s.Tables {
		if t.View != nil {
			continue
		}
		tm := &tableModel{table: t, kept: 1, columns: make([]columnModel, len(t.Columns))}
		m.tables, m.of[t] = append(m.tables, tm), tm
		of := known[t.Name.String()]
		if of == nil {
			of = &Table{Name: t.Name.String()}
		} else {
			found++
		}
		tm.rows = of.Rows
		for i, col := range t.Columns {
			tm.columns[i] = columnOf(of, col)
		}
		tm.numbers()
	}
	if found == 0 && len(c.Tables) > 0 {
		return nil, fmt.Errorf("the capture is of another schema: it knows %s, and none of its tables is in the schema file", tableNames(c))
	}
	for _, tm := range m.tables {
		for _, key := range tm.table.Foreign {
			if l, ok := linkOf(known[tm.table.Name.String()], tm, key); ok && m.of[key.To] != nil {
				l.first, l.parts = m.first(tm, &l)
				tm.links = append(tm.links, l)
			}
		}
	}
	m.searched(c)
	m.settle()
	return m, nil
}

// searched marks the columns whose texts production looks for by how they begin.
func (m *model) searched(c *Capture) {
	for i := range c.Shapes {
		for _, a := range c.Shapes[i].Arguments {
			if a.Op != string(query.Like) && a.Op != string(query.ILike) || a.Wild >= 0.5 {
				continue
			}
			for _, t := range m.tables {
				for k, col := range t.table.Columns {
					if a.Column == tableName(m.schema, t.table)+"."+col.Name {
						t.columns[k].begun = true
					}
				}
			}
		}
	}
}

// tableNames lists a few of a capture's tables for a message.
func tableNames(c *Capture) string {
	var names []string
	for _, t := range c.Tables[:min(3, len(c.Tables))] {
		names = append(names, t.Name)
	}
	list := strings.Join(names, ", ")
	if n := len(c.Tables) - len(names); n > 0 {
		list += fmt.Sprintf(" and %d more", n)
	}
	return list
}

// columnOf takes over what a capture says of a column.
func columnOf(t *Table, col *schema.Column) columnModel {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == col.Name })
	if i < 0 { // a new column: all alike
		return columnModel{distinct: 1, length: lengths{8, 8, 8}}
	}
	c := &t.Columns[i]
	m := columnModel{nulls: min(max(c.Nulls, 0), 1), distinct: max(c.Distinct, 1), growing: growing(c, t.Rows), top: c.Common, spread: c.Spread, order: c.Order}
	if n := labelsOf(col); n > 0 && len(c.Labels) == n {
		m.labels, m.growing = c.Labels, 0
	}
	if l := c.Lengths; l != nil {
		m.length = lengths{least: int(l.Min), mean: int(l.P50), most: int(l.P95)}
	}
	// A commonest value that has hardly more rows than any other is none.
	if usual := (1 - m.nulls) / float64(m.distinct); len(m.top) > 0 && m.distinct > int64(len(m.top)) {
		at := 0
		for at < len(m.top) && m.top[at] > 2*usual {
			at++
		}
		m.top = m.top[:at]
	}
	return m
}

// labelsOf is how many labels a column's type has, false and true being those of a boolean; 0 for other types.
func labelsOf(c *schema.Column) int {
	switch e := c.Type.WithoutDomains().Enum; {
	case c.Type.Array:
	case e != nil:
		return len(e.Values)
	case c.Type.Kind() == schema.Bool:
		return 2
	}
	return 0
}

// growing is the exponent by which the distinct values of a column grow with the rows: from the first half of the rows to all of them.
// Nearly as many values as rows grow with them. A few values with many rows each are a fixed set, also where one came late.
func growing(c *Column, rows int64) float64 {
	filled := float64(rows) * (1 - c.Nulls)
	if filled > 0 && float64(c.Distinct) >= 0.9*filled {
		return 1
	}
	if c.Distinct <= CommonMax && filled >= float64(c.Distinct)*CommonMax {
		return 0
	}
	if c.Grows[1] <= 0 || c.Grows[2] <= 0 {
		return 0
	}
	e := math.Log2(c.Grows[2] / c.Grows[1])
	if e < 0.1 {
		return 0
	}
	return min(e, 1)
}

// numbers says of columns that number themselves what no capture needs to say.
func (t *tableModel) numbers() {
	for i, c := range t.table.Columns {
		if c.Identity != schema.NoIdentity {
			t.columns[i].order, t.columns[i].nulls = 1, 0
		}
	}
}

// linkOf takes over what a capture says of a foreign key. A key that shares columns with one before it isn't kept in the shadow:
// its rows couldn't be made up without looking.
func linkOf(t *Table, tm *tableModel, key *schema.ForeignKey) (linkModel, bool) {
	for _, l := range tm.links {
		if slices.ContainsFunc(l.key.Columns, func(c *schema.Column) bool { return slices.Contains(key.Columns, c) }) {
			return linkModel{}, false
		}
	}
	l := linkModel{key: key}
	if c := key.Columns[0]; !c.NotNull {
		l.nulls = tm.columns[c.Position].nulls
	}
	l.order = tm.columns[key.Columns[0].Position].order
	if t == nil {
		return l, true
	}
	for i := range t.FanOuts {
		f := &t.FanOuts[i]
		if slices.EqualFunc(f.Columns, key.Columns, func(name string, c *schema.Column) bool { return name == c.Name }) {
			l.together = f.Together
			l.degrees = degreesOf(f, int64(math.Round(float64(t.Rows)*(1-l.nulls))))
		}
	}
	return l, true
}

// first says whether those parents have most children that came first (1), or last (-1), as regulars are a shop's old customers. The deciles of
// the foreign key tell: they say how many of the parents, in their order, have a tenth of the children, two tenths, and so on; those of half a
// tenth have about as many each. 0 is where it's neither, or isn't known.
func (m *model) first(tm *tableModel, l *linkModel) (first int, parts []float64) {
	if len(l.key.Columns) != 1 {
		return 0, nil
	}
	key := &m.of[l.key.To].columns[l.key.References[0].Position]
	own := tm.columns[l.key.Columns[0].Position].spread
	most := l.degrees.half()
	if len(own) != 9 || len(key.spread) != 9 || key.order < 0.9 || most > firstMost {
		return 0, nil
	}
	at := tenths{10: 1}
	for i, place := range own {
		at[i+1] = quantileOf(key.spread, place)
	}
	for i := 1; i < 20; i++ {
		parts = append(parts, at.value(float64(i)/20))
	}
	switch half, chance := at[5], math.Abs(at[5]-0.5); {
	case math.Abs(half-most) < chance:
		return 1, parts
	case math.Abs(half-(1-most)) < chance:
		return -1, parts
	}
	return 0, nil
}

// firstMost is the share of the parents up to which it makes a difference which of them have half of the children.
const firstMost = 0.4

// degreesOf makes a histogram of a fan-out with so many children: the parents that have most stand in it one by one, the others by
// their bar.
func degreesOf(f *FanOut, children int64) degrees {
	with := float64(f.Parents) * (1 - f.Childless)
	d := degrees{{0, f.Parents - int64(math.Round(with))}}
	if f.Unknown != "" || with < 1 || len(f.Degrees) == 0 {
		return nil
	}
	top := slices.Clone(f.Top)
	for _, n := range top {
		d = append(d, bar{n, 1})
	}
	before := int64(0)
	for _, of := range f.Degrees {
		parents, in := of.Parents*with, of.Children*float64(children)
		least := before
		before = of.Most
		for len(top) > 0 && top[len(top)-1] > least && top[len(top)-1] <= of.Most { // these are dealt with
			parents, in = parents-1, in-float64(top[len(top)-1])
			top = top[:len(top)-1]
		}
		n := int64(math.Round(parents))
		if n <= 0 {
			continue
		}
		// Two neighbouring degrees give the bar its mean.
		mean := min(max(in/float64(n), float64(least+1)), float64(of.Most))
		low := int64(math.Floor(mean))
		high := int64(math.Round((mean - float64(low)) * float64(n)))
		d = append(d, bar{low, n - high}, bar{low + 1, high})
	}
	return d.normal()
}
