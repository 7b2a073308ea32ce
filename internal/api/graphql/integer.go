package graphql

import (
	"math"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// exactMax is the greatest integer up to which a float64 has every integer.
const exactMax = 1 << 53

// integer gives the digits of a number that is an integer of at most so many bits, however it is written: JSON knows no
// integers, and a client may write 1 as 1.0 or 1e0.
func integer(text string, bits int) (digits string, ok bool) {
	if n, err := strconv.ParseInt(text, 10, bits); err == nil {
		return strconv.FormatInt(n, 10), true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !strings.ContainsAny(text, ".eE") || f != math.Trunc(f) || math.Abs(f) > exactMax {
		return "", false
	}
	digits = strconv.FormatInt(int64(f), 10)
	if _, err := strconv.ParseInt(digits, 10, bits); err != nil {
		return "", false
	}
	return digits, true
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
