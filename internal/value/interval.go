package value

import (
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/fault"
)

const daysPerMonth = 30 // where a span must be ordered or divided

// A span is an interval: months, days and microseconds, which don't carry into each other.
type span struct {
	months, days int32
	micros       int64
}

// parseInterval reads PostgreSQL's, the SQL standard's and ISO 8601's forms.
func parseInterval(s, mod string) (any, error) {
	sp, err := readInterval(s)
	if problem, ok := err.(dateProblem); ok {
		if problem == fieldOverflow {
			problem = spanOverflow
		}
		return nil, problem.fault("interval", s)
	}
	if err != nil {
		return nil, err
	}
	return sp.round(mod).String(), nil
}

// readInterval reads an interval's text, canonical or not.
func readInterval(s string) (span, error) {
	fields, ok := splitDate(s, intervalBytesMax)
	var d spanDecoder
	err := error(badFormat)
	if ok {
		err = d.decode(fields)
	}
	if err == error(badFormat) {
		d = spanDecoder{}
		err = d.decodeISO(s)
	}
	if err != nil {
		return span{}, err
	}
	sp, ok := d.span()
	if !ok {
		return span{}, fault.New(fault.DatetimeOverflow, "interval out of range")
	}
	return sp, nil
}

// round rounds the seconds to a modifier's digits.
func (sp span) round(mod string) span {
	if mod == "" {
		return sp
	}
	if sp.micros >= 0 {
		sp.micros = roundMicros(sp.micros, mod)
	} else {
		sp.micros = -roundMicros(-sp.micros, mod)
	}
	return sp
}

// String writes the interval as PostgreSQL does with IntervalStyle postgres.
func (sp span) String() string {
	b := make([]byte, 0, 48)
	negative := false // of the part before
	part := func(n int32, unit string) {
		if n == 0 {
			return
		}
		if len(b) > 0 {
			b = append(b, ' ')
		}
		if negative && n > 0 {
			b = append(b, '+')
		}
		b = strconv.AppendInt(b, int64(n), 10)
		b = append(b, ' ')
		b = append(b, unit...)
		if n != 1 {
			b = append(b, 's')
		}
		negative = n < 0
	}
	part(sp.months/12, "year")
	part(sp.months%12, "mon")
	part(sp.days, "day")
	if len(b) > 0 && sp.micros == 0 {
		return string(b)
	}
	if len(b) > 0 {
		b = append(b, ' ')
	}
	micros := uint64(sp.micros)
	switch {
	case sp.micros < 0:
		b = append(b, '-')
		micros = -micros
	case negative:
		b = append(b, '+')
	}
	b = appendDigits(b, int(micros/uint64(hour)), 2)
	b = append(b, ':')
	rest := int64(micros % uint64(hour))
	b = appendDigits(b, int(rest/minute), 2)
	b = append(b, ':')
	return string(appendSeconds(b, rest%minute))
}

// compare orders spans as PostgreSQL does: a month has 30 days, a day 24 hours.
func (sp span) compare(o span) int {
	whole := func(s span) (days, micros int64) {
		carry := floorDiv(s.micros, day)
		return int64(s.months)*daysPerMonth + int64(s.days) + carry, s.micros - carry*day
	}
	da, ma := whole(sp)
	db, mb := whole(o)
	switch {
	case da != db && da < db, da == db && ma < mb:
		return -1
	case da == db && ma == mb:
		return 0
	}
	return 1
}

// A spanDecoder adds up the parts of an interval.
type spanDecoder struct {
	years, months, days int32
	micros              int64
}

// span carries years into months.
func (d *spanDecoder) span() (span, bool) {
	total := int64(d.years)*12 + int64(d.months)
	return span{int32(total), d.days, d.micros}, total == int64(int32(total))
}

// decode reads fields from right to left, so that a number's unit is known before it.
func (d *spanDecoder) decode(fields []dateText) error {
	var seen partSet
	unit, ago := noUnit, false
	for _, f := range slices.Backward(fields) {
		var found partSet
		var err error
		switch {
		case f.kind != wordField && f.kind != specialField:
			found, unit, err = d.amount(f, unit)
		case f.text == "ago":
			ago, unit = true, otherUnit
		default:
			var ok bool
			if unit, ok = spanWord(f.text); !ok {
				err = badFormat
			}
		}
		if err != nil {
			return err
		}
		if found&seen != 0 {
			return badFormat
		}
		seen |= found
	}
	if seen == 0 {
		return badFormat
	}
	if ago {
		return d.negate()
	}
	return nil
}

// amount adds a time, or a number of the unit behind it, and says which parts it is of and which unit a number before it has.
func (d *spanDecoder) amount(f dateText, unit dateUnit) (partSet, dateUnit, error) {
	if f.kind == timeField {
		c, err := readSpanClock(f.text)
		if err != nil {
			return 0, unit, err
		}
		return timeParts, dayUnit, d.clock(c, 1)
	}
	if f.kind == zoneField && strings.IndexByte(f.text, ':') >= 0 { // a time with a sign
		if c, err := readSpanClock(f.text[1:]); err == nil {
			sign := int64(1)
			if f.text[0] == '-' {
				sign = -1
			}
			return timeParts, dayUnit, d.clock(c, sign)
		}
	}
	if unit == noUnit {
		unit = secondUnit
	}
	return d.number(f.text, unit)
}

func (d *spanDecoder) negate() error {
	if d.years == math.MinInt32 || d.months == math.MinInt32 || d.days == math.MinInt32 || d.micros == math.MinInt64 {
		return fieldOverflow
	}
	d.years, d.months, d.days, d.micros = -d.years, -d.months, -d.days, -d.micros
	return nil
}

// clock sets the time, whatever fractions of other parts have added to it.
func (d *spanDecoder) clock(c spanClock, sign int64) error {
	hi, lo := bits.Mul64(uint64(c.hour), uint64(hour))
	rest := int64(c.minute)*minute + int64(c.second)*second + c.fraction
	if hi != 0 || lo > math.MaxInt64-uint64(rest) {
		return fieldOverflow
	}
	d.micros = sign * (int64(lo) + rest)
	return nil
}

// number adds a number of a unit, 1, -1.5, or 2-3 for years and months. It gives the unit of a number before it, too.
func (d *spanDecoder) number(text string, unit dateUnit) (found partSet, next dateUnit, err error) {
	n, rest, fits := leadingInt64(text)
	if !fits {
		return 0, 0, fieldOverflow
	}
	fraction := 0.0
	switch {
	case strings.HasPrefix(rest, "-"):
		m, tail, fits := leadingInt(rest[1:])
		if !fits || m < 0 || m >= 12 {
			return 0, 0, fieldOverflow
		}
		if tail != "" {
			return 0, 0, badFormat
		}
		if text[0] == '-' {
			m = -m
		}
		if n > math.MaxInt64/12-12 || n < math.MinInt64/12+12 {
			return 0, 0, fieldOverflow
		}
		n, unit = n*12+int64(m), monthUnit
	case strings.HasPrefix(rest, "."):
		if fraction, err = decimalFraction(rest); err != nil {
			return 0, 0, err
		}
		if text[0] == '-' {
			fraction = -fraction
		}
	case rest != "":
		return 0, 0, badFormat
	}
	found, err = d.add(n, fraction, unit)
	if unit == hourUnit {
		unit = dayUnit
	}
	return found, unit, err
}

// add adds n and a fraction of a unit.
func (d *spanDecoder) add(n int64, fraction float64, unit dateUnit) (partSet, error) {
	ok := false
	var found partSet
	switch unit {
	case microsecondUnit:
		ok, found = d.addMicros(n, fraction, 1), microsecondPart
	case millisecondUnit:
		ok, found = d.addMicros(n, fraction, 1000), millisecondPart
	case secondUnit:
		ok, found = d.addMicros(n, fraction, second), secondPart
		if fraction != 0 {
			found = secondParts
		}
	case minuteUnit:
		ok, found = d.addMicros(n, fraction, minute), minutePart
	case hourUnit:
		ok, found = d.addMicros(n, fraction, hour), hourPart
	case dayUnit:
		ok, found = addTo(&d.days, n, 1) && d.addFraction(fraction, day), dayPart
	case weekUnit:
		ok, found = addTo(&d.days, n, 7) && d.addDays(fraction, 7), weekPart
	case monthUnit:
		ok, found = addTo(&d.months, n, 1) && d.addDays(fraction, daysPerMonth), monthPart
	case yearUnit:
		ok, found = addTo(&d.years, n, 1) && d.addMonths(fraction, 1), yearPart
	case decadeUnit:
		ok, found = addTo(&d.years, n, 10) && d.addMonths(fraction, 10), decadePart
	case centuryUnit:
		ok, found = addTo(&d.years, n, 100) && d.addMonths(fraction, 100), centuryPart
	case millenniumUnit:
		ok, found = addTo(&d.years, n, 1000) && d.addMonths(fraction, 1000), millenniumPart
	default:
		return 0, badFormat
	}
	if !ok {
		return 0, fieldOverflow
	}
	return found, nil
}

// addTo adds n times scale to a part; false beyond int32.
func addTo(part *int32, n, scale int64) bool {
	if n != int64(int32(n)) {
		return false
	}
	sum := int64(*part) + n*scale
	*part = int32(sum)
	return sum == int64(*part) && n*scale == int64(int32(n*scale))
}

// addMicros adds n and a fraction of a unit of so many microseconds.
func (d *spanDecoder) addMicros(n int64, fraction float64, unit int64) bool {
	hi, lo := bits.Mul64(magnitude(n), uint64(unit))
	if hi != 0 || lo > 1<<63 || lo == 1<<63 && n > 0 {
		return false
	}
	add := int64(lo)
	if n < 0 {
		add = -add
	}
	sum := d.micros + add
	if (add > 0) != (sum > d.micros) && add != 0 {
		return false
	}
	d.micros = sum
	return d.addFraction(fraction, unit)
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// addFraction adds a fraction of a unit of so many microseconds, halves toward zero.
func (d *spanDecoder) addFraction(fraction float64, unit int64) bool {
	if fraction == 0 {
		return true
	}
	fraction *= float64(unit)
	add := int64(fraction)
	switch fraction -= float64(add); {
	case fraction > 0.5:
		add++
	case fraction < -0.5:
		add--
	}
	sum := d.micros + add
	if (add > 0) != (sum > d.micros) && add != 0 {
		return false
	}
	d.micros = sum
	return true
}

// addDays adds a fraction of a unit of so many days.
func (d *spanDecoder) addDays(fraction float64, unit int64) bool {
	if fraction == 0 {
		return true
	}
	fraction *= float64(unit)
	whole := int64(fraction)
	return addTo(&d.days, whole, 1) && d.addFraction(fraction-float64(whole), day)
}

// addMonths adds a fraction of a unit of so many years.
func (d *spanDecoder) addMonths(fraction float64, unit int64) bool {
	return addTo(&d.months, int64(math.RoundToEven(fraction*float64(unit)*12)), 1)
}
