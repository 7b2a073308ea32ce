package rehearse

import "math"

// Bounds of a ladder.
const (
	rungsLeast   = 4
	rungsMost    = 6
	bottomRows   = 2_000 // of the largest growing table on the lowest rung
	RowsDefault  = 250_000
	RowsLeast    = 20_000
	RowsMost     = 100_000_000
	scaleHighest = 1 << 20
)

// ladder gives the sizes of the rungs, as multiples of production's, from the lowest to the top: each twice the one before. The top is
// the largest power of two at which the shadow has at most so many rows. There are six, or as many as have enough rows in the largest table
// that grows; but never less than four, for which a small database is grown beyond production's size. Nothing where nothing grows.
func (m *model) ladder(s Scenario, rowsMost int64) []float64 {
	top := 1.0
	for m.total(s, top) > rowsMost && m.driving(s, top/2) >= bottomRows<<(rungsLeast-1) {
		top /= 2
	}
	for m.total(s, 2*top) <= rowsMost && top < scaleHighest {
		top *= 2
	}
	if m.driving(s, top) == m.driving(s, top/64) {
		return nil
	}
	for m.driving(s, top) < bottomRows<<(rungsLeast-1) && top < scaleHighest {
		top *= 2
	}
	n := rungsMost
	for n > rungsLeast && m.driving(s, top/float64(int(1)<<(n-1))) < bottomRows {
		n--
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = top * math.Pow(2, float64(i-n+1))
	}
	return out
}

// total is the number of rows of all tables.
func (m *model) total(s Scenario, x float64) (n int64) {
	for _, t := range m.tables {
		n += t.sized(s, x)
	}
	return n
}

// still is the number of rows of the tables that don't grow in a scenario: every shadow has them all.
func (m *model) still(s Scenario) (n int64) {
	for _, t := range m.tables {
		if t.fixed || s == Bigger && t.root {
			n += t.sized(s, 1)
		}
	}
	return n
}

// driving is the number of rows of the largest table that grows in a scenario.
func (m *model) driving(s Scenario, x float64) (n int64) {
	for _, t := range m.tables {
		if !t.fixed && !(s == Bigger && t.root) {
			n = max(n, t.sized(s, x))
		}
	}
	return n
}
