package value

import (
	"math/big"
	"math/bits"
	"strconv"
	"strings"
)

// A numericSum adds numerics exactly. Its scale is the largest that was added, as PostgreSQL's.
type numericSum struct {
	small            int64    // what was added since it last ran over, times 10^scale
	large            *big.Int // the rest, times 10^scale; nil for none
	scale            int
	nan, plus, minus bool // what was added besides numbers: infinities of either sign
}

// add adds n divided by 10^scale.
func (s *numericSum) add(n int64, scale int) {
	for scale < s.scale {
		hi, lo := bits.Mul64(magnitude(n), 10)
		if hi != 0 || lo > 1<<62 {
			s.addBig(new(big.Int).SetInt64(n), scale)
			return
		}
		n *= 10
		scale++
	}
	if scale > s.scale {
		s.rescale(scale)
	}
	sum := s.small + n
	if (n > 0) != (sum > s.small) && n != 0 {
		s.flush()
		sum = n
	}
	s.small = sum
}

// addText adds a canonical numeric.
func (s *numericSum) addText(text string) {
	digits := trimSign(text)
	if len(digits) <= 18 {
		n, scale, seen := int64(0), 0, false
		for i := range len(digits) {
			switch c := digits[i]; {
			case isDigit(c):
				n = n*10 + int64(c-'0')
				if seen {
					scale++
				}
			case c == '.' && !seen:
				seen = true
			default:
				s.addSpecial(text)
				return
			}
		}
		if text[0] == '-' {
			n = -n
		}
		s.add(n, scale)
		return
	}
	d, ok := parseDecimal(text)
	if !ok {
		s.addSpecial(text)
		return
	}
	n, _ := new(big.Int).SetString("0"+d.digits, 10)
	if d.neg {
		n.Neg(n)
	}
	s.addBig(n, d.scale)
}

func (s *numericSum) addSpecial(text string) {
	switch {
	case text == "NaN":
		s.nan = true
	case text[0] == '-':
		s.minus = true
	default:
		s.plus = true
	}
}

func (s *numericSum) addBig(n *big.Int, scale int) {
	if scale > s.scale {
		s.rescale(scale)
	}
	if scale < s.scale {
		n.Mul(n, pow10(s.scale-scale))
	}
	if s.large == nil {
		s.large = new(big.Int)
	}
	s.large.Add(s.large, n)
}

// flush moves what is in small to large.
func (s *numericSum) flush() {
	if s.small != 0 {
		n := s.small
		s.small = 0
		s.addBig(new(big.Int).SetInt64(n), s.scale)
	}
}

func (s *numericSum) rescale(scale int) {
	by := scale - s.scale
	if s.small != 0 {
		n := s.small
		for range by {
			hi, lo := bits.Mul64(magnitude(n), 10)
			if hi != 0 || lo > 1<<62 {
				s.flush()
				n = 0
				break
			}
			n *= 10
		}
		s.small = n
	}
	if s.large != nil {
		s.large.Mul(s.large, pow10(by))
	}
	s.scale = scale
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// String is the sum in canonical form.
func (s *numericSum) String() string {
	switch {
	case s.nan, s.plus && s.minus:
		return "NaN"
	case s.plus:
		return "Infinity"
	case s.minus:
		return "-Infinity"
	}
	return scaled(s.total(), s.scale)
}

// total is what was added, times 10^scale, where none of it was NaN or infinite.
func (s *numericSum) total() *big.Int {
	total := big.NewInt(s.small)
	if s.large != nil {
		total.Add(total, s.large)
	}
	return total
}

// scaled writes n divided by 10^scale.
func scaled(n *big.Int, scale int) string {
	text := n.String()
	neg := strings.HasPrefix(text, "-")
	digits := strings.TrimLeft(trimSign(text), "0")
	if len(digits) < scale {
		digits = strings.Repeat("0", scale-len(digits)) + digits
	}
	return decimal{neg, digits, scale}.String()
}

// divide divides a canonical numeric by a count as PostgreSQL's numeric_div: at least 16 digits that count.
func divide(text string, by int64) string {
	d, ok := parseDecimal(text)
	if !ok {
		return text
	}
	divisor, _ := parseDecimal(strconv.FormatInt(by, 10))
	scale := divisionScale(d, divisor)
	n, _ := new(big.Int).SetString("0"+d.digits, 10)
	n.Mul(n, pow10(scale+1)) // one more digit than wanted, to round by
	n.Quo(n, new(big.Int).Mul(big.NewInt(by), pow10(d.scale)))
	rounded, rest := new(big.Int).QuoRem(n, big.NewInt(10), new(big.Int))
	if rest.Int64() >= 5 {
		rounded.Add(rounded, big.NewInt(1))
	}
	if d.neg {
		rounded.Neg(rounded)
	}
	return scaled(rounded, scale)
}

// divisionScale is how many digits PostgreSQL's division gives behind the point (select_div_scale, which counts in
// digits of base 10,000).
func divisionScale(a, b decimal) int {
	const significant, most = 16, 1000
	wa, fa := a.leading()
	wb, fb := b.leading()
	weight := wa - wb
	if fa <= fb {
		weight--
	}
	return min(max(significant-weight*4, a.scale, b.scale, 0), most)
}

// leading gives the weight and the value of the first digit of base 10,000 that is not 0.
func (d decimal) leading() (weight, first int) {
	whole := len(d.digits) - d.scale
	at := 0
	for at < len(d.digits) && d.digits[at] == '0' {
		at++
	}
	if at == len(d.digits) {
		return 0, 0
	}
	place := whole - at - 1 // power of ten of the first digit that counts
	weight = int(floorDiv(int64(place), 4))
	for p := place; p >= weight*4; p-- {
		first *= 10
		if i := whole - p - 1; i < len(d.digits) {
			first += int(d.digits[i] - '0')
		}
	}
	return weight, first
}
