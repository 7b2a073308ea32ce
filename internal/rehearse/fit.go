package rehearse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
)

// The form of a model of growth: work = a + b·f(x), x being the size of the data as a multiple of production's. These are of
// Extra-P's (https://www.vi-hps.org/tools/extra-p.html), and last a free power, b·x^e. They stand from simple to rich. n log n is not
// among them: a sort's comparisons are counted nowhere, so that it shows as n.
type form uint8

const (
	constant form = iota
	logarithm
	root
	linear
	threeHalves
	square
	cube
	power
	forms
)

// A curve is one form fitted.
type curve struct {
	form  form
	a, b  float64
	e     float64 // of power
	scale float64 // rows at x = 1, so that logarithms are of rows
}

// basis is what b is multiplied with.
func (m *curve) basis(x float64) float64 {
	switch m.form {
	case logarithm:
		return math.Log2(max(2, x*m.scale))
	case root:
		return math.Sqrt(x)
	case linear:
		return x
	case threeHalves:
		return x * math.Sqrt(x)
	case square:
		return x * x
	case cube:
		return x * x * x
	case power:
		return math.Pow(x, m.e)
	}
	return 0
}

// at is the work at so many times production's data.
func (m *curve) at(x float64) float64 { return m.a + m.b*m.basis(x) }

// exponent is the slope of the curve, in logarithms, between two sizes.
func (m *curve) exponent(from, to float64) float64 {
	lo, hi := m.at(from), m.at(to)
	if lo <= 0 || hi <= 0 {
		return 0
	}
	return math.Log(hi/lo) / math.Log(to/from)
}

// proportional says whether a part of the work grows in proportion to the data, or faster.
func (m *curve) proportional() bool {
	return m.form >= linear && (m.form != power || m.e >= sublinearBelow)
}

func (m *curve) String() string {
	if m.form == constant {
		return four(m.a)
	}
	f := [...]string{"", "log n", "√n", "n", "n√n", "n²", "n³", fmt.Sprintf("n^%.2f", m.e)}[m.form]
	if m.a < 1e-3*m.b*m.basis(1) {
		return four(m.b) + "·" + f
	}
	return four(m.a) + " + " + four(m.b) + "·" + f
}

// four writes a number with four digits, and large ones without an exponent.
func four(v float64) string {
	if v >= 1000 && v < 1e15 {
		digits := math.Pow10(int(math.Log10(v)) - 3)
		return strconv.FormatFloat(math.Round(v/digits)*digits, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// fitForm fits one form by least squares of the relative errors, with a and b not negative: work has no negative part.
// False where there are too few points or the form doesn't rise with the work.
func fitForm(f form, xs, ys []float64, scale float64) (curve, bool) {
	m := curve{form: f, scale: scale}
	if len(xs) == 0 {
		return m, false
	}
	switch f {
	case constant:
		var sum, weight float64
		for _, y := range ys {
			w := 1 / (y * y)
			sum, weight = sum+w*y, weight+w
		}
		m.a = sum / weight
		return m, true
	case power:
		return fitPower(m, xs, ys)
	}
	if len(xs) < 2 {
		return m, false
	}
	var sw, sg, sy, sgg, sgy float64
	for i, x := range xs {
		w, g := 1/(ys[i]*ys[i]), m.basis(x)
		sw, sg, sy, sgg, sgy = sw+w, sg+w*g, sy+w*ys[i], sgg+w*g*g, sgy+w*g*ys[i]
	}
	det := sw*sgg - sg*sg
	if det <= 0 {
		return m, false
	}
	m.b = (sw*sgy - sg*sy) / det
	m.a = (sy - m.b*sg) / sw
	if m.a < 0 {
		m.a, m.b = 0, sgy/sgg
	}
	return m, m.b > 0
}

// fitPower fits a straight line to the logarithms.
func fitPower(m curve, xs, ys []float64) (curve, bool) {
	if len(xs) < 2 {
		return m, false
	}
	var sx, sy, sxx, sxy float64
	n := float64(len(xs))
	for i := range xs {
		x, y := math.Log(xs[i]), math.Log(ys[i])
		sx, sy, sxx, sxy = sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	det := n*sxx - sx*sx
	if det <= 0 {
		return m, false
	}
	m.e = (n*sxy - sx*sy) / det
	m.b = math.Exp((sy - m.e*sx) / n)
	return m, m.e > 0
}

// miss is by how much a form, fitted to all rungs but the top ones, misses those: the mean of the relative errors at the
// top rung, and with enough rungs at the two top ones of a fit without both.
func miss(f form, xs, ys []float64, scale float64) (float64, bool) {
	n := len(xs)
	m, ok := fitForm(f, xs[:n-1], ys[:n-1], scale)
	if !ok {
		return 0, false
	}
	err := math.Abs(m.at(xs[n-1])/ys[n-1] - 1)
	if n < 6 {
		return err, true
	}
	if m, ok = fitForm(f, xs[:n-2], ys[:n-2], scale); !ok {
		return 0, false
	}
	return (err + math.Abs(m.at(xs[n-2])/ys[n-2]-1) + math.Abs(m.at(xs[n-1])/ys[n-1]-1)) / 3, true
}

const (
	// growthLeast is by how much the work has to grow over the whole ladder to be called growth at all.
	growthLeast = 0.1
	// plateauMost is by how much it may still change over the last doubling but one and be at its end: it grew by a level of an index, or until a page was
	// full. The last doubling may add another level, which makes stepMost of it at most: what grows had grown before.
	plateauMost = 0.02
	stepMost    = 1.5
	// missTolerance is how much worse a simpler form may miss the rungs held out and still be taken.
	missTolerance = 0.02
	// missFactor is how many times worse the line may miss them than a richer form, and still be taken: where even the best one misses by
	// much, numbers are noisy, and a richer form follows the noise.
	missFactor = 2
	// missMost is the relative error at the rungs held out above which nothing is said of the growth.
	missMost = 0.5
)

// partLeast is the part of the work at the top that has to grow by a form, so that it is believed: a steep curve under a much
// larger constant is drawn through noise.
var partLeast = [forms]float64{root: growthLeast, linear: growthLeast, threeHalves: 0.8, square: 0.8, cube: 0.8}

// choose finds the simplest form that foretells the rungs held out about as well as the best one does, and fits it to all. noise is the
// relative error of a number: less growth than that is none.
func choose(xs, ys []float64, scale, noise float64) (m curve, missed float64) {
	n := len(xs)
	top := constantAt(xs, ys, scale)
	least := max(growthLeast, 3*noise)
	if n < 3 || max(ys[n-1], ys[n-2]) < (1+least)*min(ys[0], ys[1]) || ys[n-1] <= ys[0] {
		return top, math.Abs(ys[n-1]/top.a - 1)
	}
	if n > rungsLeast && math.Abs(ys[n-2]/ys[n-3]-1) <= plateauMost && ys[n-1] >= (1-plateauMost)*ys[n-2] && ys[n-1] <= stepMost*ys[n-2] {
		return top, math.Abs(ys[n-1]/top.a - 1)
	}
	var misses [forms]float64
	best := math.Inf(1)
	for f := range forms {
		e, ok := miss(f, xs, ys, scale)
		if all, fits := fitForm(f, xs, ys, scale); !ok || !fits || f != constant && all.b*all.basis(xs[n-1]) < max(partLeast[f], min(3*noise, 0.9))*ys[n-1] {
			e = math.Inf(1)
		}
		misses[f] = e
		best = min(best, e)
	}
	for f := range forms {
		if misses[f] > best+missTolerance {
			continue
		}
		if f > linear && misses[linear] <= missFactor*best+missTolerance+scatter(xs, ys)+noise {
			f = linear
		}
		if f == root && misses[logarithm] <= missFactor*best+missTolerance { // one more level of an index is a step
			f = logarithm
		}
		if m, ok := fitForm(f, xs, ys, scale); ok {
			return m, misses[f]
		}
	}
	return top, best
}

// scatter is by how much the numbers, as logarithms, lie beside a smooth curve: the mean of how far each one lies from the line between
// its neighbours. Where the hottest value is but one, no other parameter shows how much of it is chance.
func scatter(xs, ys []float64) float64 {
	n := len(xs)
	if n < 3 {
		return 0
	}
	var sum float64
	for i := 1; i < n-1; i++ {
		t := math.Log(xs[i]/xs[i-1]) / math.Log(xs[i+1]/xs[i-1])
		sum += math.Abs(math.Log(ys[i]) - (1-t)*math.Log(ys[i-1]) - t*math.Log(ys[i+1]))
	}
	return sum / float64(n-2)
}

// constantAt is the constant of the two top rungs: what the lower ones say is of smaller trees. Where the work still falls, it is
// that of the top one.
func constantAt(xs, ys []float64, scale float64) curve {
	from := max(0, len(ys)-2)
	if n := len(ys); n > 1 && ys[n-1] < ys[n-2] {
		from = n - 1
	}
	m, _ := fitForm(constant, xs[from:], ys[from:], scale)
	return m
}

// A Growth is how a number grows with the data.
type Growth struct {
	Exponent float64 `json:"exponent"` // between ten and a hundred times production's data, by the model
	Low      float64 `json:"low"`      // 95 % of what other parameters of the same kind would give lies between these
	High     float64 `json:"high"`
	Local    float64 `json:"local"`  // over the ladder's last two doublings, as measured
	Model    string  `json:"model"`  // "12 + 3.4·n", n being the data as a multiple of production's
	Missed   float64 `json:"missed"` // relative error at the rungs that were held out of the fit
	Now      float64 `json:"now"`    // by the model, at production's size
	At10     float64 `json:"at10"`
	At100    float64 `json:"at100"`

	curve curve
	most  float64 // the model ends there; 0 where it doesn't
}

// at is the number at x times production's data.
func (g *Growth) at(x float64) float64 {
	y := g.curve.at(x)
	if g.most > 0 {
		y = min(y, g.most)
	}
	return y
}

// end bounds the model.
func (g *Growth) end(most float64) {
	g.most = most
	g.Now, g.At10, g.At100 = g.at(1), g.at(10), g.at(100)
	g.Exponent = math.Log10(g.At100 / g.At10)
	g.Low, g.High = min(g.Low, g.Exponent), g.Exponent
}

// scale multiplies the number by a factor.
func (g *Growth) scale(factor float64) {
	g.curve.a, g.curve.b, g.most = factor*g.curve.a, factor*g.curve.b, factor*g.most
	g.Model = g.curve.String()
	g.Now, g.At10, g.At100 = g.at(1), g.at(10), g.at(100)
}

// resamples is how often the parameters are drawn anew for the interval.
const resamples = 200

// grow fits the growth of samples: samples[i] are the numbers at xs[i], one for each parameter in the same order, every one
// above 0. scale is the number of rows at x = 1. seed makes the interval repeatable.
func grow(xs []float64, samples [][]float64, scale float64, seed uint64) Growth {
	ys := make([]float64, len(xs))
	for i, s := range samples {
		ys[i] = mean(s)
	}
	var g Growth
	g.curve, g.Missed = choose(xs, ys, scale, noise(samples))
	g.Model = g.curve.String()
	g.Exponent = g.curve.exponent(10, 100)
	g.Now, g.At10, g.At100 = g.curve.at(1), g.curve.at(10), g.curve.at(100)
	g.Local = local(xs, ys)
	g.Low, g.High = interval(xs, samples, g.curve, g.Exponent, seed)
	return g
}

// noise is the relative error of the means, by how much the parameters differ.
func noise(samples [][]float64) float64 {
	var all float64
	for _, s := range samples {
		m, sum := mean(s), 0.0
		for _, v := range s {
			sum += (v - m) * (v - m)
		}
		if len(s) > 1 && m > 0 {
			all += math.Sqrt(sum/float64(len(s)-1)/float64(len(s))) / m
		}
	}
	return all / float64(len(samples))
}

// local is the exponent over the last two doublings.
func local(xs, ys []float64) float64 {
	n := len(xs)
	from := max(0, n-3)
	if n < 2 || ys[from] <= 0 || xs[from] == xs[n-1] {
		return 0
	}
	return math.Log(ys[n-1]/ys[from]) / math.Log(xs[n-1]/xs[from])
}

// interval draws the parameters anew, again and again, and gives the middle 95 % of the exponents.
func interval(xs []float64, samples [][]float64, m curve, e float64, seed uint64) (low, high float64) {
	if len(samples[0]) < 2 {
		return e, e
	}
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	list := make([]float64, 0, resamples)
	ys := make([]float64, len(xs))
	drawn := make([]int, len(samples[0]))
	some := make([]float64, len(drawn))
	for range resamples {
		for k := range drawn {
			drawn[k] = r.IntN(len(drawn))
		}
		for i := range ys {
			for k, at := range drawn {
				some[k] = samples[i][at]
			}
			ys[i] = mean(some)
		}
		again, ok := fitForm(m.form, xs, ys, m.scale)
		if !ok {
			again = constantAt(xs, ys, m.scale)
		}
		list = append(list, again.exponent(10, 100))
	}
	slices.Sort(list)
	return min(e, list[resamples*25/1000]), max(e, list[resamples*975/1000-1])
}

// median is the number in the middle, or between the two that are.
func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	n := len(list)
	return (list[(n-1)/2] + list[n/2]) / 2
}

func mean(list []float64) float64 {
	var sum float64
	for _, v := range list {
		sum += v
	}
	return sum / float64(len(list))
}
