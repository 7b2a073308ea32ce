package sqlite

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// A sumAggregate is sum and avg of bigint and numeric: exact, in decimal digits.
type sumAggregate struct {
	mean  bool
	n     int64
	units big.Int // the sum, times 10 to the power of scale
	scale int
	odd   string // NaN, Infinity or -Infinity, which swallow all numbers
}

// Step adds a value; null counts for nothing.
func (a *sumAggregate) Step(_ sqlite3.Context, v ...sqlite3.Value) {
	switch v[0].Type() {
	case sqlite3.NULL:
	case sqlite3.INTEGER:
		a.n++
		a.add(big.NewInt(v[0].Int64()), 0)
	case sqlite3.FLOAT:
		a.n++
		a.addText(strconv.FormatFloat(v[0].Float(), 'f', -1, 64))
	default:
		a.n++
		a.addText(v[0].Text())
	}
}

func (a *sumAggregate) addText(s string) {
	digits, scale := s, 0
	if i := strings.IndexByte(s, '.'); i >= 0 {
		digits, scale = s[:i]+s[i+1:], len(s)-i-1
	}
	n, ok := new(big.Int).SetString(digits, 10)
	if ok {
		a.add(n, scale)
		return
	}
	if a.odd != "" && a.odd != s {
		s = "NaN" // Infinity and -Infinity, or NaN with anything
	}
	a.odd = s
}

func (a *sumAggregate) add(n *big.Int, scale int) {
	if scale > a.scale {
		a.units.Mul(&a.units, pow10(scale-a.scale))
		a.scale = scale
	} else if scale < a.scale {
		n = new(big.Int).Mul(n, pow10(a.scale-scale))
	}
	a.units.Add(&a.units, n)
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// Value gives the sum with the largest scale that it met, or the mean; null of no value.
func (a *sumAggregate) Value(x sqlite3.Context) {
	switch {
	case a.n == 0:
	case a.odd != "":
		x.ResultText(a.odd)
	case a.mean:
		x.ResultText(divide(&a.units, a.scale, a.n))
	default:
		x.ResultText(decimal(&a.units, a.scale))
	}
}

// decimal writes units / 10^scale with all its decimals.
func decimal(units *big.Int, scale int) string {
	s := new(big.Int).Abs(units).String()
	if scale > 0 {
		if len(s) <= scale {
			s = strings.Repeat("0", scale-len(s)+1) + s
		}
		s = s[:len(s)-scale] + "." + s[len(s)-scale:]
	}
	if units.Sign() < 0 {
		s = "-" + s
	}
	return s
}

// divide gives units / 10^scale / n with as many decimals as PostgreSQL's numeric division has, rounded half away from zero
// (select_div_scale in src/backend/utils/adt/numeric.c): at least 16 significant digits, counted in groups of four.
func divide(units *big.Int, scale int, n int64) string {
	w1, f1 := group(units, scale)
	w2, f2 := group(big.NewInt(n), 0)
	weight := w1 - w2
	if f1 <= f2 {
		weight--
	}
	out := min(max(16-weight*4, scale, 0), 1000)
	num := new(big.Int).Mul(units, pow10(max(out-scale, 0)))
	den := new(big.Int).Mul(big.NewInt(n), pow10(max(scale-out, 0)))
	q, r := new(big.Int).QuoRem(num, den, new(big.Int))
	if r.Abs(r).Lsh(r, 1).Cmp(den) >= 0 {
		q.Add(q, big.NewInt(int64(num.Sign())))
	}
	return decimal(q, out)
}

// group gives the place of a number's first group of four digits, in powers of 10,000, and the group itself.
func group(units *big.Int, scale int) (weight, first int) {
	if units.Sign() == 0 {
		return 0, 0
	}
	s := new(big.Int).Abs(units).String()
	top := len(s) - scale - 1 // power of ten of the first digit
	weight = top / 4
	if top < 0 {
		weight = -((-top + 3) / 4)
	}
	take := top - weight*4 + 1
	for len(s) < take {
		s += "0"
	}
	first, _ = strconv.Atoi(s[:take])
	return weight, first
}

// A floatAggregate is sum and avg of floats, added in the order of the rows.
type floatAggregate struct {
	mean bool
	n    int64
	sum  float64
}

// Step adds a value; null counts for nothing.
func (a *floatAggregate) Step(_ sqlite3.Context, v ...sqlite3.Value) {
	if v[0].Type() != sqlite3.NULL {
		a.n++
		a.sum += v[0].Float()
	}
}

// Value gives the sum or the mean; null of no value.
func (a *floatAggregate) Value(x sqlite3.Context) {
	switch {
	case a.n == 0:
	case a.mean:
		x.ResultFloat(a.sum / float64(a.n))
	default:
		x.ResultFloat(a.sum)
	}
}
