package story

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// atLeast and atMost fill in what a figure had to be, and whether it is.
func (f Figure) atLeast(least float64) Figure {
	f.Want, f.OK = "at least "+amount(least, f.Unit), f.Value >= least
	return f
}

func (f Figure) atMost(most float64) Figure {
	f.Want, f.OK = "at most "+amount(most, f.Unit), f.Value <= most
	return f
}

// none is atMost(0) in a word.
func (f Figure) none() Figure {
	f.Want, f.OK = "none", f.Value == 0
	return f
}

// told is a figure that nothing hangs on.
func (f Figure) told() Figure {
	f.OK = true
	return f
}

// must is a figure that is yes or no, and has to be yes.
func (f Figure) must(yes bool) Figure {
	f.Unit, f.Want, f.OK = unitYes, "yes", yes
	if yes {
		f.Value = 1
	}
	return f
}

// unitYes is the unit of what is yes, 1, or no, 0.
const unitYes = "yes"

// sentence is the figure for people.
func (f Figure) sentence() string {
	text := f.Label + ": " + f.Measured()
	if f.Want != "" {
		text += " (must be " + f.Want + ")"
	}
	return text
}

// Measured is the value with its unit.
func (f Figure) Measured() string { return amount(f.Value, f.Unit) }

// amount writes a number for people: counts whole, times and parts with three digits at most.
func amount(v float64, unit string) string {
	text := ""
	switch {
	case unit == unitYes && v == 0:
		return "no"
	case unit == unitYes:
		return "yes"
	case unit == "" || math.Abs(v) >= 100:
		text = grouped(int64(math.Round(v)))
	case math.Abs(v) >= 10:
		text = trimmed(v, 1)
	default:
		text = trimmed(v, 2)
	}
	if unit != "" {
		text += " " + unit
	}
	return text
}

func trimmed(v float64, digits int) string {
	text := strconv.FormatFloat(v, 'f', digits, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// grouped writes a number with commas between thousands.
func grouped(n int64) string {
	if n < 0 {
		return "-" + grouped(-n)
	}
	if n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}

// ms is a time in milliseconds.
func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// span writes a time for people: "3 ms", "1.2 s".
func span(d time.Duration) string {
	if d < time.Second {
		return amount(ms(d), "ms")
	}
	return amount(d.Seconds(), "s")
}
