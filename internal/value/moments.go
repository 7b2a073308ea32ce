package value

import (
	"math"
	"math/big"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Moments are how far the canonical numbers of one type spread, as PostgreSQL's variance and stddev tell it: of floats by
// Youngs and Cramer's method (float.c, float8_accum), of all others exactly (numeric.c, numeric_stddev_internal). Nulls
// don't count. NewMoments makes one.
type Moments struct {
	t     schema.Type
	count int64
	err   error

	sum, squares numericSum

	sx, sxx float64
}

// NewMoments returns empty Moments for values of a type, or AggregateType's fault.
func NewMoments(t schema.Type) (*Moments, error) {
	if _, err := AggregateType(query.Variance, t); err != nil {
		return nil, err
	}
	return &Moments{t: t}, nil
}

// Add counts a value in.
func (m *Moments) Add(v any) {
	if v == nil {
		return
	}
	m.count++
	switch v := v.(type) {
	case int64:
		m.sum.add(v, 0)
		if int64(int32(v)) == v {
			m.squares.add(v*v, 0)
		} else {
			m.squares.addBig(new(big.Int).Mul(big.NewInt(v), big.NewInt(v)), 0)
		}
	case float64:
		m.addFloat(v)
	case string:
		m.addText(v)
	}
}

func (m *Moments) addText(text string) {
	d, ok := parseDecimal(text)
	if !ok {
		m.sum.addSpecial(text)
		return
	}
	n, _ := new(big.Int).SetString("0"+d.digits, 10)
	m.squares.addBig(new(big.Int).Mul(n, n), 2*d.scale)
	if d.neg {
		n.Neg(n)
	}
	m.sum.addBig(n, d.scale)
}

// addFloat is float8_accum. Each product is rounded by itself, as there.
func (m *Moments) addFloat(f float64) {
	before := m.sx
	m.sx += f
	if m.count == 1 {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			m.sxx = math.NaN()
		}
		return
	}
	n := float64(m.count)
	apart := float64(f*n) - m.sx
	m.sxx += float64(apart*apart) / float64(n*(n-1))
	if math.IsInf(m.sx, 0) || math.IsInf(m.sxx, 0) {
		if !math.IsInf(before, 0) && !math.IsInf(f, 0) && m.err == nil {
			m.err = fault.New(fault.OutOfRange, "value out of range: overflow")
		}
		m.sxx = math.NaN()
	}
}

// Value gives one of the variances and standard deviations, of the type that AggregateType says; nil where there are too few values.
func (m *Moments) Value(a query.Aggregate) (any, error) {
	population := a == query.VarPop || a == query.StddevPop
	if m.err != nil || m.count == 0 || !population && m.count == 1 {
		return nil, m.err
	}
	root := a == query.Stddev || a == query.StddevPop || a == query.StddevSamp
	by := m.count - 1
	if population {
		by = m.count
	}
	if m.t.Base == schema.Float4 || m.t.Base == schema.Float8 {
		v := m.sxx / float64(by)
		if root {
			v = math.Sqrt(v)
		}
		return v, nil
	}
	return m.exact(by, root), nil
}

// exact is (n·Σx² − (Σx)²) / (n·by), or the root of that, to as many digits as PostgreSQL gives.
func (m *Moments) exact(by int64, root bool) string {
	if s := &m.sum; s.nan || s.plus || s.minus {
		return "NaN"
	}
	sum, squares := m.sum.total(), m.squares.total()
	above := squares.Mul(squares, big.NewInt(m.count))
	above.Sub(above, sum.Mul(sum, sum))
	if above.Sign() <= 0 {
		return "0"
	}
	below := new(big.Int).Mul(big.NewInt(m.count), big.NewInt(by))
	whole, _ := newDecimal(false, above.String(), m.squares.scale)
	divisor, _ := newDecimal(false, below.String(), 0)
	scale := divisionScale(whole, divisor)
	v := roundedQuotient(above.Mul(above, pow10(scale)), below.Mul(below, pow10(m.squares.scale)))
	if root { // of v·10^scale, with one more digit to round by
		v.Sqrt(v.Mul(v, pow10(scale+2)))
		v = roundedQuotient(v, big.NewInt(10))
	}
	return scaled(v, scale)
}

// roundedQuotient is a/b of positive numbers, halves rounded up.
func roundedQuotient(a, b *big.Int) *big.Int {
	out, rest := new(big.Int).QuoRem(a, b, new(big.Int))
	if rest.Lsh(rest, 1).Cmp(b) >= 0 {
		out.Add(out, big.NewInt(1))
	}
	return out
}
