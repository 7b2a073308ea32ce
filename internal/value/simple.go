package value

import (
	"math"
	"strconv"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/schema"
)

// parseBool takes PostgreSQL's words for true and false, and every prefix of them that is not ambiguous.
func parseBool(s string) (any, error) {
	w := trimSpace(s)
	prefix := func(word string) bool { return len(w) <= len(word) && hasPrefixFold(word[:len(w)], lowerString(w)) }
	switch {
	case w == "":
	case w == "1", prefix("true"), prefix("yes"), equalFold(w, "on"):
		return true, nil
	case w == "0", prefix("false"), prefix("no"), equalFold(w, "of"), equalFold(w, "off"):
		return false, nil
	}
	return nil, invalid("boolean", s)
}

// lowerString is ASCII lower case; s itself where it has no upper case.
func lowerString(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				b[j] = lower(b[j])
			}
			return string(b)
		}
	}
	return s
}

// intBits is the size of an integer type.
func intBits(base schema.Base) int {
	switch base {
	case schema.Int2:
		return 16
	case schema.Int4:
		return 32
	}
	return 64
}

// parseInt takes white space, a sign and decimal digits.
func parseInt(base schema.Base, s string) (any, error) {
	bits := intBits(base)
	w := trimSpace(s)
	digits := w
	if w != "" && (w[0] == '+' || w[0] == '-') {
		digits = w[1:]
	}
	if digits == "" {
		return nil, invalid(typeName(schema.Type{Base: base}), s)
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			// PostgreSQL reads from the left, as a negative number: too many digits are noticed before what follows them
			if _, err := strconv.ParseInt("-"+digits[:i], 10, bits); isRange(err) {
				return nil, outOfRange(base, s)
			}
			return nil, invalid(typeName(schema.Type{Base: base}), s)
		}
	}
	n, err := strconv.ParseInt(w, 10, bits)
	if err != nil {
		return nil, outOfRange(base, s)
	}
	return n, nil
}

func isRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}

// outOfRange is the fault of an integer with too many digits.
func outOfRange(base schema.Base, s string) error {
	return fault.Newf(fault.OutOfRange, `value "%s" is out of range for type %s`, s, typeName(schema.Type{Base: base}))
}

// parseFloat takes what strtod does: decimal and hexadecimal numbers, NaN, Infinity.
func parseFloat(base schema.Base, s string) (any, error) {
	bits := 64
	if base == schema.Float4 {
		bits = 32
	}
	w := trimSpace(s)
	sign, rest := 1.0, w
	if rest != "" && (rest[0] == '+' || rest[0] == '-') {
		if rest[0] == '-' {
			sign = -1
		}
		rest = rest[1:]
	}
	switch {
	case equalFold(rest, "inf"), equalFold(rest, "infinity"):
		return math.Inf(int(sign)), nil
	case equalFold(rest, "nan"), isNaNWithTag(rest):
		return math.NaN(), nil
	}
	if !isFloat(rest) {
		// a number that is too large is noticed before what follows it
		if n := floatPrefix(rest); n > 0 {
			number := w[:len(w)-len(rest)+n]
			if _, err := floatOf(number, bits); err != nil && bits == 64 {
				return nil, floatRange(base, number)
			} else if err != nil {
				return nil, floatRange(base, s)
			}
		}
		return nil, invalid(typeName(schema.Type{Base: base}), s)
	}
	f, err := floatOf(w, bits)
	if err != nil && bits == 64 {
		return nil, floatRange(base, w)
	}
	if err != nil {
		return nil, floatRange(base, s)
	}
	return f, nil
}

// isNaNWithTag knows nan(tag), which strtod takes.
func isNaNWithTag(s string) bool {
	if !hasPrefixFold(s, "nan(") || s[len(s)-1] != ')' {
		return false
	}
	for _, c := range []byte(s[4 : len(s)-1]) {
		if c != '_' && !isDigit(c) && !isLetter(c) {
			return false
		}
	}
	return true
}

// isFloat says whether s, without sign, is a number as strtod takes it.
func isFloat(s string) bool { return s != "" && floatPrefix(s) == len(s) }

// floatPrefix is the length of the number at the start of s, which has no sign; 0 for none.
func floatPrefix(s string) int {
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	i, exponent := 0, byte('e')
	if len(s) > 2 && s[0] == '0' && lower(s[1]) == 'x' {
		i, exponent = 2, 'p'
		digit = func(c byte) bool { c = lower(c); return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }
	}
	start, digits := i, 0
	for ; i < len(s) && digit(s[i]); i++ {
		digits++
	}
	if i < len(s) && s[i] == '.' {
		i++
		for ; i < len(s) && digit(s[i]); i++ {
			digits++
		}
	}
	if digits == 0 {
		if start == 2 {
			return 1 // "0x" without digits is the number 0
		}
		return 0
	}
	if i < len(s) && lower(s[i]) == exponent {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && s[j] >= '0' && s[j] <= '9' {
			for i = j; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			}
		}
	}
	return i
}

// floatOf converts a checked number. Over- and underflow are errors.
func floatOf(w string, bits int) (float64, error) {
	text := w
	if body := trimSign(w); len(body) > 1 && lower(body[1]) == 'x' && lastIndexFold(body, 'p') < 0 {
		text += "p0" // Go wants an exponent on hexadecimal numbers
	}
	f, err := strconv.ParseFloat(text, bits)
	if err != nil {
		return 0, err
	}
	if f == 0 && !isZero(w) {
		return 0, strconv.ErrRange
	}
	return f, nil
}

func trimSign(s string) string {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return s[1:]
	}
	return s
}

func lastIndexFold(s string, c byte) int {
	for i := len(s) - 1; i >= 0; i-- {
		if lower(s[i]) == c {
			return i
		}
	}
	return -1
}

// isZero says whether a number has no digit but 0 before its exponent.
func isZero(w string) bool {
	w = trimSign(w)
	hex := len(w) > 1 && lower(w[1]) == 'x'
	if hex {
		w = w[2:]
	}
	for i := range len(w) {
		switch c := lower(w[i]); {
		case c == '0' || c == '.':
		case hex && c == 'p', !hex && c == 'e':
			return true
		default:
			return false
		}
	}
	return true
}

func floatRange(base schema.Base, s string) error {
	return fault.Newf(fault.OutOfRange, `"%s" is out of range for type %s`, s, typeName(schema.Type{Base: base}))
}

// parseUUID takes 32 hexadecimal digits in either case, a hyphen after any group of four, braces around all.
func parseUUID(s string) (any, error) {
	rest := s
	braces := rest != "" && rest[0] == '{'
	if braces {
		rest = rest[1:]
	}
	var out [36]byte
	n := 0
	for i := range 16 {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out[n] = '-'
			n++
		}
		if len(rest) < 2 || !isHex(rest[0]) || !isHex(rest[1]) {
			return nil, invalid("uuid", s)
		}
		out[n], out[n+1] = lower(rest[0]), lower(rest[1])
		n, rest = n+2, rest[2:]
		if i%2 == 1 && i < 15 && rest != "" && rest[0] == '-' {
			rest = rest[1:]
		}
	}
	if braces {
		if rest == "" || rest[0] != '}' {
			return nil, invalid("uuid", s)
		}
		rest = rest[1:]
	}
	if rest != "" {
		return nil, invalid("uuid", s)
	}
	return string(out[:]), nil
}

func isHex(c byte) bool {
	c = lower(c)
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
}

func unhex(c byte) byte {
	if c = lower(c); c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}
