package rehearse

import (
	"math"
	"testing"
)

// totals is a column of 5,000 totals of 400 kinds, of which most are small: half of the rows lie below a tenth of the range.
func totals(t *testing.T, rows int64) (*shadowTable, *source) {
	t.Helper()
	capture := shopCapture()
	order := &capture.Tables[2]
	order.Columns[3] = Column{Name: "total", Distinct: 400, Grows: [3]float64{1, 1, 1}, Common: []float64{0.1, 0.05},
		Spread: []float64{0.02, 0.04, 0.06, 0.08, 0.1, 0.13, 0.17, 0.22, 0.3}}
	return totalsOf(t, capture, rows)
}

func totalsOf(t *testing.T, c *Capture, rows int64) (*shadowTable, *source) {
	t.Helper()
	m, err := modelOf(c, shopSchema(t))
	if err != nil {
		t.Fatal(err)
	}
	st := m.build(5, More, float64(rows)/4000).named("order")
	return st, &st.columns[3]
}

func TestDensityFollowsDeciles(t *testing.T) {
	st, s := totals(t, 40_000)
	if s.density == nil {
		t.Fatal("nothing is known of how the totals are spread")
	}
	var below [10]float64
	common := map[int64]float64{}
	for row := range st.rows {
		place := s.place(row, st.rows)
		if r := s.density.top; place == r[0] || place == r[1] {
			common[place]++
		}
		for i := range below {
			if float64(place) < s.density.tenths[i+1]*400 {
				below[i]++
			}
		}
	}
	for i, n := range below[:9] {
		if share := n / float64(st.rows); math.Abs(share-float64(i+1)/10) > 0.12 {
			t.Errorf("%.2f of the rows lie below decile %d", share, i+1)
		}
	}
	for r, want := range []float64{0.1, 0.05} {
		if got := common[s.density.top[r]] / float64(st.rows); math.Abs(got-want) > 0.02 {
			t.Errorf("the value of rank %d has %.3f of the rows, want %v", r, got, want)
		}
	}
	largest := 0
	for row := range st.rows {
		if s.place(row, st.rows) >= 395 {
			largest++
		}
	}
	if largest > 20 {
		t.Errorf("the five largest values have %d rows of %d: rows thin out towards the end", largest, st.rows)
	}
}

func TestDensityBelow(t *testing.T) {
	st, s := totals(t, 40_000)
	for _, share := range []float64{0, 0.05, 0.3, 0.5, 0.77, 0.95, 1} {
		border, n := s.density.below(share), 0.0
		for row := range st.rows {
			if s.place(row, st.rows) < border {
				n++
			}
		}
		if got := n / float64(st.rows); math.Abs(got-share) > 0.11 { // the commonest value alone has a tenth
			t.Errorf("%.3f of the rows lie below the border of %v", got, share)
		}
	}
}

func TestThinning(t *testing.T) {
	for _, test := range []struct{ width, before float64 }{{0.1, 0.1}, {0.3, 0.1}, {0.15, 0.1}, {0.05, 0.1}, {0.7, 0.08}, {0, 0.1}} {
		last := -1.0
		for u := 0.0; u <= 1; u += 0.125 {
			x := thinning(u, test.width, test.before)
			if x < last || x < 0 || x > 1 || math.IsNaN(x) {
				t.Errorf("%v: a share of %v is reached at %v, after %v", test, u, x, last)
			}
			last = x
		}
		if a, b := thinning(0, test.width, test.before), thinning(1, test.width, test.before); math.Abs(a) > 1e-9 || math.Abs(b-1) > 1e-9 {
			t.Errorf("%v: it goes from %v to %v", test, a, b)
		}
	}
}

// TestDensityOnlyWhereValuesRepeat leaves columns alone whose values are nearly all different, or that nothing is known of.
func TestDensityOnlyWhereValuesRepeat(t *testing.T) {
	c := shopCapture()
	c.Tables[2].Columns[3].Spread = nil
	if _, s := totalsOf(t, c, 4000); s.density != nil {
		t.Error("a density without deciles")
	}
	c.Tables[2].Columns[3].Spread, c.Tables[2].Columns[3].Distinct = []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}, 3900
	if _, s := totalsOf(t, c, 4000); s.density != nil {
		t.Error("a density of values that hardly repeat")
	}
}
