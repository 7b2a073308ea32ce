package rehearse

import (
	"math"
	"math/rand/v2"
	"testing"
)

var sixRungs = []float64{1. / 32, 1. / 16, 1. / 8, 1. / 4, 1. / 2, 1}

// samplesOf makes the samples of a function with a relative noise.
func samplesOf(xs []float64, params int, noise float64, seed uint64, f func(x float64) float64) [][]float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([][]float64, len(xs))
	for i, x := range xs {
		for range params {
			out[i] = append(out[i], f(x)*(1+noise*(2*r.Float64()-1)))
		}
	}
	return out
}

func TestGrow(t *testing.T) {
	const rows = 50_000
	tests := []struct {
		name string
		f    func(n float64) float64
		want Class
	}{
		{"a row by its key", func(n float64) float64 { return 42 }, Flat},
		{"a key and one more level of the index", func(n float64) float64 { return 42 + math.Floor(math.Log(n)/5) }, Flat},
		{"a scan", func(n float64) float64 { return 30 + 7*n }, Linear},
		{"a scan behind a costly head", func(n float64) float64 { return 9000 + 7*n }, Linear},
		{"a sort", func(n float64) float64 { return 20 + 3*n*math.Log2(n) }, Linear},
		{"a root", func(n float64) float64 { return 10 + 9*math.Sqrt(n) }, Sublinear},
		{"a join without an index", func(n float64) float64 { return 100 + 5*n + 2*n*n/1000 }, Quadratic},
		{"three halves", func(n float64) float64 { return 100 + n*math.Sqrt(n) }, Superlinear},
		{"faster the more there is", func(n float64) float64 { return 100 + 1e6/n }, Flat},
	}
	for _, test := range tests {
		for _, noise := range []float64{0, 0.05} {
			g := grow(sixRungs, samplesOf(sixRungs, 8, noise, 3, func(x float64) float64 { return test.f(x * rows) }), rows, 1)
			if got := classOf(g.Exponent, false); got != test.want {
				t.Errorf("%s, noise %.2f: %s, exponent %.3f (%s), want %s", test.name, noise, got, g.Exponent, g.Model, test.want)
			}
			if g.Low > g.Exponent || g.High < g.Exponent {
				t.Errorf("%s: exponent %.3f lies outside of its interval %.3f to %.3f", test.name, g.Exponent, g.Low, g.High)
			}
			if want := test.f(10 * rows); noise == 0 && test.want != Quadratic && math.Abs(g.At10/want-1) > 0.25 {
				t.Errorf("%s: %.0f foretold at ten times, want %.0f (%s)", test.name, g.At10, want, g.Model)
			}
		}
	}
}

func TestClassNames(t *testing.T) {
	for c := Unknown; c <= Quadratic; c++ {
		text, _ := c.MarshalText()
		var back Class
		if err := back.UnmarshalText(text); err != nil || back != c {
			t.Errorf("%s is read as %s, %v", text, back, err)
		}
	}
	var c Class
	if err := c.UnmarshalText([]byte("linear-log")); err != nil || c != LinearLog {
		t.Errorf("linear-log is %s, %v", c, err)
	}
	if err := c.UnmarshalText([]byte("fast")); err == nil {
		t.Error("fast is taken for a class")
	}
}

func TestClassEdges(t *testing.T) {
	for _, test := range []struct {
		e    float64
		want Class
	}{{0, Flat}, {0.149, Flat}, {0.15, Sublinear}, {0.799, Sublinear}, {0.8, Linear}, {1.199, Linear}, {1.2, Superlinear}, {1.799, Superlinear}, {1.8, Quadratic}} {
		if got := classOf(test.e, false); got != test.want {
			t.Errorf("%v is %s, want %s", test.e, got, test.want)
		}
	}
	if classOf(1, true) != LinearLog || classOf(2, true) != Quadratic {
		t.Error("a sort makes linear growth linear·log, and nothing else")
	}
}

// TestChooseKeepsNoiseFlat takes works of a page, which differ by what its filter happens to meet: no form of growth fits, and the
// constant is still one.
func TestChooseKeepsNoiseFlat(t *testing.T) {
	m, missed := choose([]float64{0.5, 1, 2, 4, 8, 16}, []float64{90, 105, 92, 110, 88, 101}, 5000, 0.03)
	if m.form != constant || missed > missMost {
		t.Errorf("the model is %s, and misses by %v", &m, missed)
	}
}

// TestChooseKeepsChanceLinear takes works of the hottest value, of which there is but one, so that nothing but the rungs themselves shows how
// much of them is chance.
func TestChooseKeepsChanceLinear(t *testing.T) {
	xs := []float64{0.5, 1, 2, 4, 8, 16}
	if m, _ := choose(xs, []float64{317, 109, 1451, 725, 3224, 9195}, 5000, 0); m.form > linear {
		t.Errorf("works that go up and down are fitted by %s", &m)
	}
	if m, _ := choose(xs, []float64{110, 140, 260, 740, 2660, 10340}, 5000, 0); m.form != square {
		t.Errorf("works that grow by the square are fitted by %s", &m)
	}
}

func TestLevel(t *testing.T) {
	few := []float64{50, 50, 50, 50, 50, 73, 73, 500}
	if got, want := levelOf([][]float64{few, few, {9}}), 50/mean(few); got != want {
		t.Errorf("the middle is %v of the mean, want %v", got, want)
	}
	g := grow([]float64{1, 2, 4, 8}, [][]float64{few, few, few, few}, 100, 1)
	e := g.Exponent
	if g.scale(levelOf([][]float64{few})); g.At10 != 50 || g.At100 != 50 || g.Exponent != e || g.Model != "50" {
		t.Errorf("foretold are %v and %v by %s, want 50", g.At10, g.At100, g.Model)
	}
}

// TestChooseSeesAnEnd takes pages that grew by a level of an index, and works that grew until a page was full.
func TestChooseSeesAnEnd(t *testing.T) {
	for _, ys := range [][]float64{{45, 44, 43, 66, 65, 66}, {15, 25, 45, 85, 85, 85}, {98, 102, 103, 105, 104, 131}} {
		if m, missed := choose([]float64{0.5, 1, 2, 4, 8, 16}, ys, 5000, 0); m.form != constant || missed > 0.2 {
			t.Errorf("%v is fitted by %s, which misses by %v", ys, &m, missed)
		}
	}
	for name, ys := range map[string][]float64{
		"a line":   {100.9, 101.7, 103.4, 106.8, 113.5, 127},
		"a square": {100.03, 100.1, 100.4, 101.7, 106.7, 127},
	} {
		if m, _ := choose([]float64{0.5, 1, 2, 4, 8, 16}, ys, 5000, 0); m.form == constant {
			t.Errorf("%s behind a head is fitted by %s", name, &m)
		}
	}
}
