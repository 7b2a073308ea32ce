package value

import (
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/fault"
)

// Limits of PostgreSQL's numeric: digits before and after the point.
const (
	integerDigitsMax  = 131072
	fractionDigitsMax = 16383
)

// zerosMax is how many zeros an exponent may stand for. PostgreSQL, which doesn't keep them, takes as many as the digits
// above; as text, ten bytes of a request would become 131,072. It is enough for every float.
const zerosMax = 400

// parseNumeric reads a number, rounds it as the modifier says and writes it as PostgreSQL does.
func parseNumeric(s, mod string) (any, error) {
	if isCanonical(s) && (mod == "" || fitsNumeric(s, mod)) {
		return s, nil
	}
	out, err := numericText(s, mod)
	if err != nil {
		return nil, err
	}
	return applyNumeric(out, mod)
}

// fitsNumeric says whether a canonical number has just the digits behind the point that a modifier asks for, and not too
// many before it.
func fitsNumeric(s, mod string) bool {
	precision, scale, ok := numericModifier(mod)
	whole, fraction := trimSign(s), 0
	if point := strings.IndexByte(whole, '.'); point >= 0 {
		whole, fraction = whole[:point], len(whole)-point-1
	}
	return ok && fraction == scale && (len(whole) <= precision-scale || whole == "0" && precision >= scale)
}

// isCanonical says whether s is a number that PostgreSQL prints letter for letter, and of ordinary size.
func isCanonical(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if len(digits) == 0 || len(digits) > 1000 {
		return false
	}
	point, zero := -1, true
	for i := range len(digits) {
		switch c := digits[i]; {
		case c >= '1' && c <= '9':
			zero = false
		case c == '0':
		case c == '.' && point < 0:
			point = i
		default:
			return false
		}
	}
	whole := len(digits)
	if point >= 0 {
		whole = point
	}
	if whole == 0 || point == len(digits)-1 || digits[0] == '0' && whole > 1 {
		return false
	}
	return !zero || len(digits) == len(s) // there is no -0
}

// numericText reads any text of a number and gives PostgreSQL's. Digits that a modifier will round away may be too many.
func numericText(s, mod string) (string, error) {
	w := trimSpace(s)
	neg := strings.HasPrefix(w, "-")
	body := trimSign(w)
	switch {
	case equalFold(w, "nan"):
		return "NaN", nil
	case equalFold(body, "inf"), equalFold(body, "infinity"):
		if neg {
			return "-Infinity", nil
		}
		return "Infinity", nil
	}
	digits, scale, problem := scanNumber(body)
	switch problem {
	case notNumber:
		return "", invalid("numeric", s)
	case tooLarge:
		return "", numericOverflow()
	}
	precision, wanted, limited := numericModifier(mod)
	if limited && scale > zerosMax {
		digits, scale = shorten(digits, scale, wanted)
	}
	digits = strings.TrimLeft(digits, "0")
	zeros := scale - len(digits)
	if digits != "" {
		zeros = max(zeros, -scale)
	}
	d, ok := decimal{}, false
	if zeros <= zerosMax {
		d, ok = newDecimal(neg, digits, scale)
	}
	switch {
	case !ok && limited && scale < 0:
		return "", fieldTooLarge(precision, wanted)
	case !ok:
		return "", numericOverflow()
	}
	return d.String(), nil
}

// shorten cuts digits that are far behind those that rounding to a scale looks at.
func shorten(digits string, scale, wanted int) (string, int) {
	drop := min(scale-max(wanted, 0)-2, len(digits))
	if drop <= 0 {
		return digits, scale
	}
	if digits = digits[:len(digits)-drop]; digits == "" {
		return "", max(wanted, 0)
	}
	return digits, scale - drop
}

// numericModifier reads (precision,scale).
func numericModifier(mod string) (precision, scale int, ok bool) {
	if len(mod) < 3 {
		return 0, 0, false
	}
	head, tail, two := strings.Cut(mod[1:len(mod)-1], ",")
	precision, err := strconv.Atoi(strings.TrimSpace(head))
	if err != nil {
		return 0, 0, false
	}
	if two {
		if scale, err = strconv.Atoi(strings.TrimSpace(tail)); err != nil {
			return 0, 0, false
		}
	}
	return precision, scale, true
}

func numericOverflow() error { return fault.New(fault.OutOfRange, "value overflows numeric format") }

// A numberProblem says why digits are no number.
type numberProblem uint8

const (
	noProblem numberProblem = iota
	notNumber
	tooLarge // an absurd exponent
)

// scanNumber reads digits, point and exponent: the digits without point, and how many of them stand behind it, which
// is negative for an exponent beyond them.
func scanNumber(s string) (digits string, scale int, problem numberProblem) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	digits = s[:i]
	if i < len(s) && s[i] == '.' {
		j := i + 1
		for j < len(s) && isDigit(s[j]) {
			j++
		}
		scale = j - i - 1
		digits += s[i+1 : j]
		i = j
	}
	if digits == "" {
		return "", 0, notNumber
	}
	if i < len(s) && lower(s[i]) == 'e' {
		for i++; i < len(s) && space(s[i]); i++ { // strtol skips it
		}
		exponent, n := scanExponent(s[i:])
		if n == 0 {
			return "", 0, notNumber
		}
		const limit = 1<<30 - 1 // PostgreSQL's INT_MAX/2
		if exponent >= limit || exponent <= -limit {
			return "", 0, tooLarge
		}
		i += n
		scale -= exponent
	}
	if i < len(s) {
		return "", 0, notNumber
	}
	return digits, scale, noProblem
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// scanExponent reads a signed number, cut off where it gets absurd, and how many bytes it has; 0 for none.
func scanExponent(s string) (exponent, n int) {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	start := i
	for ; i < len(s) && isDigit(s[i]); i++ {
		if exponent < 1<<40 {
			exponent = exponent*10 + int(s[i]-'0')
		}
	}
	if i == start {
		return 0, 0
	}
	if s[0] == '-' {
		exponent = -exponent
	}
	return exponent, i
}

// A decimal is a finite number as text: digits with scale of them behind the point. There are no leading zeros in front
// of the point; digits has at least scale digits, and zero is digits "" with any scale of zeros.
type decimal struct {
	neg    bool
	digits string // of the whole number, without leading zeros; then scale digits
	scale  int
}

// newDecimal makes a decimal of digits, scale of which stand behind the point. It fails on what numeric can't hold.
func newDecimal(neg bool, digits string, scale int) (decimal, bool) {
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		if scale < 0 {
			scale = 0
		}
		if scale > fractionDigitsMax {
			return decimal{}, false
		}
		return decimal{digits: strings.Repeat("0", scale), scale: scale}, true
	}
	if len(digits)-scale > integerDigitsMax || scale > fractionDigitsMax {
		return decimal{}, false
	}
	switch {
	case scale < 0:
		digits, scale = digits+strings.Repeat("0", -scale), 0
	case scale > len(digits):
		digits = strings.Repeat("0", scale-len(digits)) + digits
	}
	return decimal{neg, digits, scale}, true
}

// parseDecimal takes apart what numericText gave; false for NaN and infinities.
func parseDecimal(s string) (decimal, bool) {
	neg := strings.HasPrefix(s, "-")
	digits, scale, problem := scanNumber(trimSign(s))
	if problem != noProblem {
		return decimal{}, false
	}
	return newDecimal(neg, digits, scale)
}

// String writes the number as PostgreSQL does.
func (d decimal) String() string {
	whole := d.digits[:len(d.digits)-d.scale]
	b := make([]byte, 0, len(d.digits)+3)
	if d.neg && !d.zero() {
		b = append(b, '-')
	}
	if whole == "" {
		b = append(b, '0')
	}
	b = append(b, whole...)
	if d.scale > 0 {
		b = append(b, '.')
		b = append(b, d.digits[len(whole):]...)
	}
	return string(b)
}

func (d decimal) zero() bool { return strings.Trim(d.digits, "0") == "" }

// round gives d with scale digits behind the point, halves away from zero; with a negative scale, whole tens, hundreds, ….
func (d decimal) round(scale int) decimal {
	shown := max(scale, 0)
	if scale >= d.scale {
		d.digits += strings.Repeat("0", scale-d.scale)
		d.scale = scale
		return d
	}
	keep := len(d.digits) - (d.scale - scale)
	if keep < 0 {
		return decimal{digits: strings.Repeat("0", shown), scale: shown}
	}
	up := d.digits[keep] >= '5'
	kept := []byte(d.digits[:keep])
	if up {
		i := keep - 1
		for ; i >= 0 && kept[i] == '9'; i-- {
			kept[i] = '0'
		}
		if i >= 0 {
			kept[i]++
		} else {
			kept = append([]byte{'1'}, kept...)
		}
	}
	for range shown - scale {
		kept = append(kept, '0')
	}
	out := decimal{d.neg, string(kept), shown}
	whole := strings.TrimLeft(out.digits[:len(out.digits)-shown], "0")
	out.digits = whole + out.digits[len(out.digits)-shown:]
	return out
}

// applyNumeric rounds PostgreSQL's text of a number to numeric(precision, scale) and refuses what doesn't fit.
func applyNumeric(s, mod string) (any, error) {
	precision, scale, ok := numericModifier(mod)
	if !ok || s == "NaN" {
		return s, nil
	}
	d, ok := parseDecimal(s)
	if !ok {
		return nil, fault.New(fault.OutOfRange, "numeric field overflow").
			WithDetails("A field with precision %d, scale %d cannot hold an infinite value.", precision, scale)
	}
	d = d.round(scale)
	if whole := len(strings.TrimLeft(d.digits, "0")) - d.scale; !d.zero() && whole > precision-scale {
		return nil, fieldTooLarge(precision, scale)
	}
	return d.String(), nil
}

// fieldTooLarge is the fault of a number with too many digits before the point.
func fieldTooLarge(precision, scale int) error {
	bound := "1"
	if precision != scale {
		bound = "10^" + strconv.Itoa(precision-scale)
	}
	return fault.New(fault.OutOfRange, "numeric field overflow").
		WithDetails("A field with precision %d, scale %d must round to an absolute value less than %s.", precision, scale, bound)
}

// CompareNumeric orders two canonical numerics: -1, 0 or 1. NaN equals itself and is above all others. It allocates
// nothing; leading zeros and a plus sign do no harm.
func CompareNumeric(a, b string) int {
	ra, rb := rank(a), rank(b)
	if ra != rb || ra != 0 {
		return sign(ra - rb)
	}
	na, nb := a != "" && a[0] == '-', b != "" && b[0] == '-'
	wa, fa := parts(a)
	wb, fb := parts(b)
	c := compareParts(wa, fa, wb, fb)
	switch {
	case na && nb:
		return -c
	case na == nb:
		return c
	case wa == "" && fa == "" && wb == "" && fb == "": // -0 and 0
		return 0
	case na:
		return -1
	}
	return 1
}

// rank orders the numbers that have no digits around those that have.
func rank(s string) int {
	if s == "" {
		return 0
	}
	switch s[len(s)-1] {
	case 'N', 'n': // NaN
		return 2
	case 'y', 'f': // Infinity, inf
		if s[0] == '-' {
			return -1
		}
		return 1
	}
	return 0
}

// parts gives the digits before and behind the point, without the zeros that don't count.
func parts(s string) (whole, fraction string) {
	s = trimSign(s)
	for s != "" && s[0] == '0' {
		s = s[1:]
	}
	whole = s
	for i := range len(s) {
		if s[i] == '.' {
			whole, fraction = s[:i], s[i+1:]
			break
		}
	}
	for fraction != "" && fraction[len(fraction)-1] == '0' {
		fraction = fraction[:len(fraction)-1]
	}
	return whole, fraction
}

func compareParts(wa, fa, wb, fb string) int {
	if len(wa) != len(wb) {
		return sign(len(wa) - len(wb))
	}
	if c := strings.Compare(wa, wb); c != 0 {
		return c
	}
	return strings.Compare(fa, fb)
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// AppendNumericKey appends a text that two numbers have in common exactly where CompareNumeric takes them for equal.
func AppendNumericKey(b []byte, s string) []byte {
	switch rank(s) {
	case 2:
		return append(b, "NaN"...)
	case 1:
		return append(b, "Infinity"...)
	case -1:
		return append(b, "-Infinity"...)
	}
	whole, fraction := parts(s)
	if s != "" && s[0] == '-' && whole+fraction != "" {
		b = append(b, '-')
	}
	return append(append(append(b, whole...), '.'), fraction...)
}
