package value

import (
	"math"
	"math/bits"
	"strconv"
)

// AppendFloat appends a float as PostgreSQL prints it: the shortest digits that mean it, 1e+20 from 15 digits on (6 for
// real), NaN and Infinity. bits is 64 or 32.
func AppendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case f == 0:
		if math.Signbit(f) {
			dst = append(dst, '-')
		}
		return append(dst, '0')
	}
	precision, plain := -1, 15
	if bits == 32 {
		plain = 6
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	// Go's digits may stand exactly between two floats and mean the even one. PostgreSQL prints digits that lie nearer to
	// this float than to any other, so it needs more of them then.
	for onBoundary(dst[start:], bits) {
		if precision < 0 {
			precision = digitsIn(dst[start:]) - 1
		}
		precision++
		dst = strconv.AppendFloat(dst[:start], f, 'e', precision, bits)
	}
	if e := exponentIn(dst[start:]); e >= -4 && e < plain {
		return withoutExponent(dst, start, e)
	}
	return dst
}

// withoutExponent turns the d.ddde+dd that stands in dst from start on into plain digits.
func withoutExponent(dst []byte, start, e int) []byte {
	var b [24]byte
	digits := b[:0]
	neg := dst[start] == '-'
	for _, c := range dst[start:] {
		if c == 'e' {
			break
		}
		if isDigit(c) {
			digits = append(digits, c)
		}
	}
	dst = dst[:start]
	if neg {
		dst = append(dst, '-')
	}
	if e < 0 {
		dst = append(dst, "0.0000"[:1-e]...)
		return append(dst, digits...)
	}
	for len(digits) <= e {
		digits = append(digits, '0')
	}
	dst = append(dst, digits[:e+1]...)
	if len(digits) > e+1 {
		dst = append(dst, '.')
		dst = append(dst, digits[e+1:]...)
	}
	return dst
}

// onBoundary says whether a number of the form d.ddde+dd lies exactly between two floats.
func onBoundary(b []byte, bitsOf int) bool {
	mantissa, powerMax := 54, 23 // bits of a number between two floats; 5^24 has more
	if bitsOf == 32 {
		mantissa, powerMax = 25, 10
	}
	e := exponentIn(b)
	if e < 6 {
		return false
	}
	var n uint64
	digits := -1
	for _, c := range b {
		if c == 'e' {
			break
		}
		if c >= '0' && c <= '9' {
			n = n*10 + uint64(c-'0')
			digits++
		}
	}
	e -= digits
	if e < 0 || e > powerMax {
		return false // a fraction, or not a multiple of so high a power of 5
	}
	n >>= bits.TrailingZeros64(n)
	for range e {
		hi, lo := bits.Mul64(n, 5)
		if hi != 0 || lo>>mantissa != 0 {
			return false
		}
		n = lo
	}
	return bits.Len64(n) == mantissa
}

func digitsIn(b []byte) int {
	n := 0
	for _, c := range b {
		if c == 'e' {
			break
		}
		if c >= '0' && c <= '9' {
			n++
		}
	}
	return n
}

// exponentIn reads the exponent of d.ddde+dd.
func exponentIn(b []byte) int {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] == 'e' {
			e := 0
			for _, c := range b[i+2:] {
				e = e*10 + int(c-'0')
			}
			if b[i+1] == '-' {
				return -e
			}
			return e
		}
	}
	return 0
}
