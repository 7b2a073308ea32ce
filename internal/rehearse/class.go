package rehearse

import (
	"fmt"
	"strings"
)

// A Class says how the work of a query grows with the data.
type Class uint8

const (
	Unknown     Class = iota // it couldn't be told: the reason says why
	Flat                     // as much work however many rows there are, or a few more levels of an index
	Sublinear                // less than in proportion
	Linear                   // in proportion: ten times the rows are ten times the work
	LinearLog                // in proportion, and it sorts what it finds
	Superlinear              // more than in proportion
	Quadratic                // with the square of the rows, or worse
)

var classNames = [...]string{"unknown", "flat", "sublinear", "linear", "linear·log", "superlinear", "quadratic or worse"}

func (c Class) String() string {
	if int(c) >= len(classNames) {
		return classNames[Unknown]
	}
	return classNames[c]
}

// MarshalText and UnmarshalText write and read the name.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText takes what String gives, and the short forms that a command line has.
func (c *Class) UnmarshalText(text []byte) error {
	name := strings.ToLower(string(text))
	switch name {
	case "linear-log", "linearlog", "linear log":
		name = LinearLog.String()
	case "quadratic":
		name = Quadratic.String()
	}
	for i, n := range classNames {
		if n == name {
			*c = Class(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no class of growth: it is one of flat, sublinear, linear, linear-log, superlinear, quadratic", text)
}

// The exponents at which one class ends and the next begins.
const (
	flatBelow        = 0.15
	sublinearBelow   = 0.8
	linearBelow      = 1.2
	superlinearBelow = 1.8
)

// classOf names the growth by the exponent e. sorts says that what grows is sorted, which no counter shows: a comparison is
// neither a step of SQLite's machine nor a row of PostgreSQL's.
func classOf(e float64, sorts bool) Class {
	switch {
	case e < flatBelow:
		return Flat
	case e < sublinearBelow:
		return Sublinear
	case e < linearBelow && sorts:
		return LinearLog
	case e < linearBelow:
		return Linear
	case e < superlinearBelow:
		return Superlinear
	}
	return Quadratic
}
