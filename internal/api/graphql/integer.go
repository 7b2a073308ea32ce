package graphql

import (
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// integer gives the digits of a number that is an integer of at most so many bits, however it is written: JSON knows no
// integers, and a client may write 1 as 1.0 or 1e0.
func integer(text string, bits int) (digits string, ok bool) {
	if strings.ContainsAny(text, ".eE") {
		if text, ok = plainDigits(text); !ok {
			return "", false
		}
	}
	n, err := strconv.ParseInt(text, 10, bits)
	if err != nil {
		return "", false
	}
	return strconv.FormatInt(n, 10), true
}

// digitsMax is more digits than an integer of 64 bits has.
const digitsMax = 20

// plainDigits writes a number without its point and exponent; false where it is no integer, or one of too many digits.
func plainDigits(text string) (string, bool) {
	mantissa, exponent, power := text, "", 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent = text[:i], text[i+1:]
	}
	sign := ""
	if rest, ok := strings.CutPrefix(mantissa, "-"); ok {
		sign, mantissa = "-", rest
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := strings.TrimLeft(whole+fraction, "0")
	digits := strings.TrimRight(all, "0")
	if digits == "" {
		return "0", true
	}
	if exponent != "" {
		var err error
		if power, err = strconv.Atoi(exponent); err != nil { // one that no int holds
			return "", false
		}
	}
	// The zeros behind the last other digit, which are fewer than none where that is behind the point.
	zeros := len(all) - len(digits) - len(fraction) + power
	if zeros < 0 || len(digits)+zeros > digitsMax {
		return "", false
	}
	return sign + digits + strings.Repeat("0", zeros), true
}

// outside refuses a number that is no integer of its type's bits, in Hasura's words (schema-parsers, Scalars.hs,
// scientificToInteger).
func outside(text string) string {
	return "The value " + text + " lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?"
}

// intLiteral checks a literal that stands for an Int. A column's may be written as a number of another form, or as a text, which
// its type reads; an offset has 64 bits, and may be a text of digits.
func (v *validation) intLiteral(x *ast.Value, at *ast.Position, f *Field, column bool) (fits bool) {
	number := x.Kind == ast.IntValue || column && x.Kind == ast.FloatValue
	bits := 32
	if f.Is == ArgOffset {
		bits = 64
		number = number || x.Kind == ast.StringValue && onlyDigits(x.Raw)
	}
	if !number {
		return false
	}
	if _, ok := integer(x.Raw, bits); !ok {
		v.found = append(v.found, mistake{at: at, code: ParseFailed, message: outside(cutShort(x.Raw))})
	}
	return true
}

func onlyDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
