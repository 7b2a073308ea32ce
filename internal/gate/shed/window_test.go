package shed

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestHistogram: a quantile is that of the sorted values, to an eighth.
func TestHistogram(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		var h histogram
		values := make([]float64, 1+r.IntN(500))
		for i := range values {
			ns := int64(math.Exp(r.Float64() * math.Log(float64(time.Minute))))
			values[i] = float64(ns)
			h.add(ns)
		}
		slices.Sort(values)
		for _, q := range []float64{0.01, 0.5, 0.9, 0.99, 1} {
			want := values[int(math.Ceil(q*float64(len(values))))-1]
			if got := h.quantile(q); math.Abs(got-want) > want/8+1 {
				t.Fatalf("%d values, quantile %v: %v, not %v", len(values), q, got, want)
			}
		}
	}
	var h histogram
	for _, ns := range []int64{math.MinInt64, 0, 1, math.MaxInt64} { // it has a place for everything
		h.add(ns)
	}
	if h.count != 4 {
		t.Error(h.count)
	}
}

// TestCorrelation knows what moves together, what moves apart and what doesn't move.
func TestCorrelation(t *testing.T) {
	for _, c := range []struct {
		name string
		y    func(x float64) float64
		want float64
	}{
		{"together", func(x float64) float64 { return 3*x + 7 }, 1},
		{"apart", func(x float64) float64 { return 100 - 2*x }, -1},
		{"still", func(float64) float64 { return 5 }, 0},
	} {
		var cor correlation
		var got float64
		for i := range 3 * pairsMax {
			x := float64(10 + i%7)
			got, _ = cor.add(x, c.y(x))
			if i < warmup-1 && got != 0 {
				t.Fatalf("%s: %v after %d pairs", c.name, got, i+1)
			}
		}
		if math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, not %v", c.name, got, c.want)
		}
	}
}

// TestMedian leaves out what stands alone.
func TestMedian(t *testing.T) {
	var m median
	var got []float64
	for _, v := range []float64{1, 2, 3, 1000, 2, 3, 1, 2} {
		got = append(got, m.add(v))
	}
	if want := []float64{1, 2, 3, 1000, 2, 3, 3, 2}; !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}
