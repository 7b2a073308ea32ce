package rehearse

import (
	"cmp"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/pintail-dev/pintail/schema"
)

// Limits of what is kept in memory of each column while a table is read.
const (
	differentMax = 4096 // hashes of a sample of the different values
	heavyMax     = 128  // counters of the commonest values
	rowsKept     = 2048 // rows of a uniform sample, for lengths, order and deciles
	headBytes    = 256  // of a text that is read at all
)

// A cell is one value of one row: no more of it than the sketches need.
type cell struct {
	null    bool
	head    string  // the first headBytes bytes of the value as text
	letters int64   // of the whole text
	number  float64 // of a number or a time, else NaN
}

// A pass is one reading of a table's rows, or of a sample of them, in the order on disk.
type pass struct {
	table   *schema.Table
	columns []*tally
	links   []*link
	rows    int64
	block   int64    // of rows that stand beside each other on disk
	due     [2]int64 // rows after which a quarter, and a half, is read
	random  *rand.Rand
}

// A tally gathers what is known of one column.
type tally struct {
	column    *schema.Column
	nulls     int64
	different different
	heavy     heavy
	quarters  [2]counted // after 25 and 50 % of the rows
	sample    []kept
	labels    []int64
	analyzed  *analyzed // PostgreSQL, of a table that was only sampled; else nil
}

// analyzed is what ANALYZE found out about a column.
type analyzed struct {
	nulls    float64
	width    int64 // bytes, on average
	distinct float64
	grows    bool // with the rows
	common   []float64
	order    float64
	ordered  bool
}

// A kept is a value of the row sample with its place among the rows.
type kept struct {
	row int64
	cell
}

// counted is how many rows were seen, how many values differed, in how many blocks these were seen, each value counted by itself,
// and how many were seen in one block only.
type counted struct{ rows, distinct, blocks, once float64 }

// A link counts how often a row follows one of the same parent.
type link struct {
	places    []int // among the pass's columns
	last      uint64
	any       bool
	pairs     int64 // rows with a parent that follow one with a parent
	equal     int64
	different different
}

func newPass(t *schema.Table, expected int64) *pass {
	p := &pass{table: t, due: [2]int64{expected / 4, expected / 2}, random: rand.New(rand.NewPCG(1, 2))} // the same rows give the same capture
	for _, c := range t.Columns {
		k := &tally{column: c, different: different{counts: map[uint64]seenIn{}}, heavy: heavy{places: map[uint64]int{}}}
		if n := labelCount(c); n > 0 {
			k.labels = make([]int64, n)
		}
		p.columns = append(p.columns, k)
	}
	for _, f := range t.Foreign {
		l := &link{different: different{counts: map[uint64]seenIn{}}}
		for _, c := range f.Columns {
			l.places = append(l.places, slices.Index(t.Columns, c))
		}
		p.links = append(p.links, l)
	}
	return p
}

// broke says that the next row doesn't stand beside the last one: another block begins.
func (p *pass) broke() {
	p.block++
	for _, l := range p.links {
		l.any = false
	}
}

// add takes one row.
func (p *pass) add(row []cell) {
	for i, due := range p.due {
		if p.rows == due && due > 0 {
			for _, k := range p.columns {
				k.quarters[i] = k.counted(p.rows)
			}
		}
	}
	slot := p.rows
	if slot >= rowsKept {
		slot = p.random.Int64N(p.rows + 1)
	}
	hashes := make([]uint64, len(row))
	for i := range row {
		c, k := &row[i], p.columns[i]
		if slot < rowsKept {
			if own := (kept{p.rows, *c}); slot < int64(len(k.sample)) {
				k.sample[slot] = own
			} else {
				k.sample = append(k.sample, own)
			}
		}
		if c.null {
			k.nulls++
			continue
		}
		h := xxhash.Sum64String(c.head)
		if c.letters > int64(len(c.head)) { // what is cut off differs at least where its length does
			h ^= uint64(c.letters) * 0x9E3779B97F4A7C15
		}
		hashes[i] = h
		k.different.add(h, p.block)
		k.heavy.add(h, c)
		if k.labels != nil {
			if l := labelOf(k.column, c.head); l >= 0 {
				k.labels[l]++
			}
		}
	}
	for _, l := range p.links {
		l.add(row, hashes, p.block)
	}
	p.rows++
}

func (l *link) add(row []cell, hashes []uint64, block int64) {
	h := uint64(0)
	for _, i := range l.places {
		if row[i].null {
			l.any = false
			return
		}
		h = h*0x9E3779B97F4A7C15 + hashes[i]
	}
	if l.any {
		l.pairs++
		if h == l.last {
			l.equal++
		}
	}
	l.last, l.any = h, true
	l.different.add(h, block)
}

// together is the share of neighbours of one parent among those that there could be.
func (l *link) together() float64 {
	rows, distinct := float64(l.different.rows), l.different.distinct()
	if most := rows - distinct; most >= 1 {
		return round(min(float64(l.equal)/most, 1))
	}
	return 0
}

// different keeps the counts of a sample of the values that differ: those whose hash ends in so many zero bits. Each doubling
// of the values halves the sample (Wegman's adaptive sampling).
type different struct {
	counts map[uint64]seenIn
	level  int
	rows   int64
}

// seenIn says in how many blocks a value was seen, and in which one lately.
type seenIn struct{ blocks, last int64 }

func (d *different) add(h uint64, block int64) {
	d.rows++
	h = spreadBits(h)
	if h&(1<<d.level-1) != 0 {
		return
	}
	at := d.counts[h]
	if at.blocks == 0 || at.last != block {
		d.counts[h] = seenIn{at.blocks + 1, block}
	}
	for len(d.counts) > differentMax {
		d.level++
		for h := range d.counts {
			if h&(1<<d.level-1) != 0 {
				delete(d.counts, h)
			}
		}
	}
}

func (d *different) distinct() float64 { return float64(len(d.counts)) * float64(int64(1)<<d.level) }

func (d *different) counted(rows int64) counted {
	c := counted{rows: float64(rows), distinct: d.distinct()}
	for _, at := range d.counts {
		c.blocks += float64(at.blocks)
		if at.blocks == 1 {
			c.once++
		}
	}
	return c
}

// spreadBits makes every bit depend on all of them: the finalizer of MurmurHash3.
func spreadBits(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// heavy counts the commonest values: Space-Saving, as package shape has it, with the values themselves, by which the
// rows of the commonest parents are counted. They don't leave this package.
type heavy struct {
	list   []heavyValue
	places map[uint64]int // of a hash in list
}

type heavyValue struct {
	hash    uint64
	n, over int64
	cell    cell
}

func (v *heavy) add(h uint64, c *cell) {
	if i, ok := v.places[h]; ok {
		v.list[i].n++
		return
	}
	if len(v.list) < heavyMax {
		v.places[h] = len(v.list)
		v.list = append(v.list, heavyValue{h, 1, 0, *c})
		return
	}
	least := 0
	for i := range v.list {
		if v.list[i].n < v.list[least].n {
			least = i
		}
	}
	delete(v.places, v.list[least].hash)
	v.places[h] = least
	v.list[least] = heavyValue{h, v.list[least].n + 1, v.list[least].n, *c}
}

// ranked gives the values of which more than one was surely seen, the commonest first.
func (v *heavy) ranked() []heavyValue {
	list := slices.DeleteFunc(slices.Clone(v.list), func(x heavyValue) bool { return x.n-x.over < 2 })
	slices.SortFunc(list, func(a, b heavyValue) int {
		return cmp.Or(cmp.Compare(b.n-b.over, a.n-a.over), cmp.Compare(a.hash, b.hash))
	})
	return list
}

func (k *tally) counted(rows int64) counted { return k.different.counted(rows - k.nulls) }

// whole estimates how many values differ in a table of so many rows, of which some were seen: Haas and Stokes' Duj1, as PostgreSQL's
// ANALYZE has it, over blocks instead of rows. Rows that stand beside each other often have the same values: what comes ten
// times in one block and nowhere else is rare.
func (c counted) whole(of float64) float64 {
	if c.rows == 0 || c.distinct == 0 {
		return 0
	}
	if c.rows >= of {
		return c.distinct
	}
	d := c.distinct / (1 - (1-c.rows/of)*c.once/c.blocks)
	return min(max(d, c.distinct), of)
}

// column says what was found out of a column of a table of so many rows.
func (p *pass) column(i int, rows int64) Column {
	k := p.columns[i]
	out := Column{Name: k.column.Name}
	if p.rows == 0 {
		k.fromCatalog(&out)
		return out
	}
	share := func(n int64) float64 { return float64(n) / float64(p.rows) }
	out.Nulls = round(share(k.nulls))
	filled := float64(rows) * (1 - share(k.nulls))
	all := k.counted(p.rows)
	distinct := all.whole(filled)
	if isKey(p.table, k.column) {
		distinct = filled
	}
	out.Distinct = int64(math.Round(distinct))
	for n, part := range []float64{0.25, 0.5} {
		switch q := k.quarters[n]; {
		case isKey(p.table, k.column):
			out.Grows[n] = part
		case q != (counted{}): // else fewer rows came than were expected
			out.Grows[n] = round(min(q.whole(filled*part)/max(distinct, 1), 1))
		}
	}
	if a := k.analyzed; a != nil && a.distinct > 0 {
		distinct = a.distinct
		out.Distinct = int64(math.Round(distinct))
	}
	if distinct >= 1 {
		out.Grows[2] = 1
	}
	switch {
	case isKey(p.table, k.column):
	case k.analyzed != nil && k.analyzed.common != nil:
		for _, s := range k.analyzed.common[:min(len(k.analyzed.common), CommonMax)] {
			out.Common = append(out.Common, round(s))
		}
	default:
		for _, v := range k.heavy.ranked() {
			s := share(v.n - v.over)
			if len(out.Common) == CommonMax || distinct > CommonMax && s < 1.25*(1-share(k.nulls))/distinct {
				break
			}
			out.Common = append(out.Common, round(s))
		}
	}
	for _, n := range k.labels {
		out.Labels = append(out.Labels, round(share(n)))
	}
	k.describe(&out)
	return out
}

// fromCatalog fills in what ANALYZE alone knows, of a table of which no row could be read.
func (k *tally) fromCatalog(out *Column) {
	a := k.analyzed
	if a == nil {
		return
	}
	out.Nulls, out.Distinct = round(a.nulls), int64(math.Round(a.distinct))
	if out.Distinct > 0 {
		out.Grows = [3]float64{1, 1, 1}
	}
	if a.grows {
		out.Grows = [3]float64{0.25, 0.5, 1}
	}
	for _, s := range a.common[:min(len(a.common), CommonMax)] {
		out.Common = append(out.Common, round(s))
	}
	if a.ordered {
		out.Order = round(a.order)
	}
	out.Lengths = &Lengths{a.width, a.width, a.width, a.width}
}

// describe fills in what the sample of rows tells.
func (k *tally) describe(out *Column) {
	filled := slices.DeleteFunc(slices.Clone(k.sample), func(v kept) bool { return v.null })
	if len(filled) == 0 {
		return
	}
	var letters, elements []int64
	var numbers []float64
	for i := range filled {
		v := &filled[i]
		letters = append(letters, v.letters)
		if !math.IsNaN(v.number) {
			numbers = append(numbers, v.number)
		}
		if n := elementsOf(v.head); n >= 0 && v.letters <= headBytes && listed(k.column.Type) {
			elements = append(elements, n)
		}
	}
	out.Lengths, out.Elements = lengthsOf(letters), lengthsOf(elements)
	if len(numbers) == len(filled) && k.labels == nil {
		out.Spread = deciles(numbers)
	}
	out.Order = round(correlation(filled))
	if k.analyzed != nil && k.analyzed.ordered {
		out.Order = round(k.analyzed.order)
	}
}

func listed(t schema.Type) bool { return t.Array || t.Base == schema.JSON || t.Base == schema.JSONB }

// elementsOf counts what stands at the top of a JSON array or object; -1 where it is none.
func elementsOf(text string) int64 {
	switch {
	case strings.HasPrefix(text, "["):
		var list []json.RawMessage
		if json.Unmarshal([]byte(text), &list) == nil {
			return int64(len(list))
		}
	case strings.HasPrefix(text, "{"):
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &object) == nil {
			return int64(len(object))
		}
	}
	return -1
}

func lengthsOf(list []int64) *Lengths {
	if len(list) == 0 {
		return nil
	}
	slices.Sort(list)
	at := func(q float64) int64 { return list[min(int(q*float64(len(list))), len(list)-1)] }
	return &Lengths{Min: list[0], P50: at(0.5), P95: at(0.95), Max: list[len(list)-1]}
}

// deciles says where the nine deciles lie between the least and the greatest number: how values are spread, not which.
func deciles(numbers []float64) []float64 {
	slices.Sort(numbers)
	low, high := numbers[0], numbers[len(numbers)-1]
	if !(high > low) || math.IsInf(high-low, 0) {
		return nil
	}
	var out []float64
	for i := 1; i <= 9; i++ {
		out = append(out, round((numbers[i*(len(numbers)-1)/10]-low)/(high-low)))
	}
	return out
}

// correlation is that of the values' ranks with the rows' places, as in PostgreSQL's pg_stats; equal values keep the rows' order.
func correlation(list []kept) float64 {
	n := float64(len(list))
	if n < 2 {
		return 0
	}
	slices.SortFunc(list, func(a, b kept) int { return cmp.Compare(a.row, b.row) })
	places := make([]int, len(list))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int {
		x, y := &list[a], &list[b]
		if !math.IsNaN(x.number) && !math.IsNaN(y.number) {
			return cmp.Compare(x.number, y.number)
		}
		return cmp.Compare(x.head, y.head)
	})
	if x, y := &list[places[0]], &list[places[len(places)-1]]; x.head == y.head {
		return 0 // all are the same: there is no order
	}
	sum := 0.0
	for rank, place := range places {
		sum += float64(rank) * float64(place)
	}
	mean := (n - 1) / 2
	return (sum/n - mean*mean) / ((n*n - 1) / 12)
}

// isKey says whether no two rows have the same value in the column.
func isKey(t *schema.Table, c *schema.Column) bool {
	alone := func(k *schema.Key) bool { return k != nil && len(k.Columns) == 1 && k.Columns[0] == c }
	return alone(t.Primary) || slices.ContainsFunc(t.Uniques, alone) ||
		slices.ContainsFunc(t.Indexes, func(x *schema.Index) bool {
			return x.Unique && x.Where == nil && len(x.Columns) == 1 && x.Columns[0].Column == c
		})
}

// labelCount is how many labels a column's values have: of an enum or a boolean.
func labelCount(c *schema.Column) int {
	switch {
	case c.Type.Array:
		return 0
	case c.Type.Base == schema.Bool:
		return 2
	case c.Type.Enum != nil:
		return len(c.Type.Enum.Values)
	}
	return 0
}

// labelOf gives a value's place among the labels, -1 where it is none of them.
func labelOf(c *schema.Column, text string) int {
	if c.Type.Base == schema.Bool {
		switch text {
		case "0", "f", "false":
			return 0
		case "1", "t", "true":
			return 1
		}
		return -1
	}
	return slices.IndexFunc(c.Type.Enum.Values, func(v schema.EnumValue) bool { return v.Value == text })
}

// numberOf reads a number or a time as a number, NaN where it is none.
func numberOf(t schema.Type, text string) float64 {
	if t.Array {
		return math.NaN()
	}
	switch t.Base {
	case schema.Int2, schema.Int4, schema.Int8, schema.Float4, schema.Float8, schema.Numeric:
		if n, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(n, 0) {
			return n
		}
	case schema.Date, schema.Timestamp, schema.TimestampTZ, schema.Time:
		for _, layout := range timeLayouts {
			if at, err := time.Parse(layout, text); err == nil {
				return float64(at.UnixMicro()) / 1e6
			}
		}
	}
	return math.NaN()
}

var timeLayouts = []string{time.DateOnly, "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "15:04:05.999999999"}

// round leaves four digits: more would be noise, and a change in every line.
func round(x float64) float64 {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}
