package value

import (
	"math"
	"strconv"
	"strings"
)

// time reads 04:05, 04:05:06.789; with a point after the second number, minutes and seconds.
func (d *dateDecoder) time(text string) error {
	c, err := readSpanClock(text)
	if err != nil {
		return err
	}
	if c.hour > math.MaxInt32 {
		return fieldOverflow
	}
	d.hour, d.minute, d.second, d.fraction = int(c.hour), c.minute, c.second, c.fraction
	return nil
}

// A spanClock is a time of day, or of a time span, which may have many hours.
type spanClock struct {
	hour           int64
	minute, second int
	fraction       int64
}

// readSpanClock reads a time with colons.
func readSpanClock(text string) (c spanClock, err error) {
	var rest string
	var fits bool
	if c.hour, rest, fits = leadingInt64(text); !fits {
		return c, fieldOverflow
	}
	if rest == "" || rest[0] != ':' {
		return c, badFormat
	}
	if c.minute, rest, fits = leadingInt(rest[1:]); !fits {
		return c, fieldOverflow
	}
	switch {
	case rest == "":
	case rest[0] == '.':
		if c.fraction, err = fractionOf(rest); err != nil {
			return c, err
		}
		if c.hour != int64(int32(c.hour)) {
			return c, fieldOverflow
		}
		c.hour, c.minute, c.second = 0, int(c.hour), c.minute
	case rest[0] == ':':
		if c.second, rest, fits = leadingInt(rest[1:]); !fits {
			return c, fieldOverflow
		}
		if rest != "" && rest[0] != '.' {
			return c, badFormat
		}
		if rest != "" {
			if c.fraction, err = fractionOf(rest); err != nil {
				return c, err
			}
		}
	default:
		return c, badFormat
	}
	if c.hour < 0 || c.minute < 0 || c.minute > 59 || c.second < 0 || c.second > 60 || c.fraction < 0 || c.fraction > second {
		return c, fieldOverflow
	}
	return c, nil
}

// numericOffset reads +05:30, -0800, +01:02:03.
func (d *dateDecoder) numericOffset(text string) error {
	const hoursMax = 15
	if text == "" || text[0] != '+' && text[0] != '-' {
		return badFormat
	}
	h, rest, fits := leadingInt(text[1:])
	if !fits {
		return offsetOverflow
	}
	m, s := 0, 0
	switch {
	case strings.HasPrefix(rest, ":"):
		if m, rest, fits = leadingInt(rest[1:]); !fits {
			return offsetOverflow
		}
		if strings.HasPrefix(rest, ":") {
			if s, rest, fits = leadingInt(rest[1:]); !fits {
				return offsetOverflow
			}
		}
	case rest == "" && len(text) > 3:
		h, m = h/100, h%100
	}
	if h < 0 || h > hoursMax || m < 0 || m > 59 || s < 0 || s > 59 {
		return offsetOverflow
	}
	d.offset = h*3600 + m*60 + s
	if text[0] == '-' {
		d.offset = -d.offset
	}
	if rest != "" {
		return badFormat
	}
	return nil
}

// labelled reads a number behind a unit, as in y2001m02d04.
func (d *dateDecoder) labelled(text string) (found partSet, err error) {
	unit := d.label
	d.label, d.whole = noUnit, -1
	n, rest, fits := leadingInt(text)
	if !fits {
		return 0, fieldOverflow
	}
	if strings.HasPrefix(rest, ".") {
		if unit != julianUnit && unit != timeUnit && unit != secondUnit {
			return 0, badFormat
		}
	} else if rest != "" {
		return 0, badFormat
	}
	switch unit {
	case yearUnit:
		d.year, found = n, yearPart
	case monthUnit:
		// behind a month and an hour it means minutes
		if d.seen&monthPart != 0 && d.seen&hourPart != 0 {
			d.minute, found = n, minutePart
		} else {
			d.month, found = n, monthPart
		}
	case dayUnit:
		d.day, found = n, dayPart
	case hourUnit:
		d.hour, found = n, hourPart
	case minuteUnit:
		d.minute, found = n, minutePart
	case secondUnit:
		d.second, found = n, secondPart
		if rest != "" {
			if d.fraction, err = fractionOf(rest); err != nil {
				return 0, err
			}
			found = secondParts
		}
	case julianUnit:
		if n < 0 {
			return 0, fieldOverflow
		}
		d.setJulian(n)
		found = dateParts
		if rest != "" {
			f, err := decimalFraction(rest)
			if err != nil {
				return 0, err
			}
			t := int64(f * float64(day))
			d.hour, d.minute = int(t/hour), int(t/minute%60)
			d.second, d.fraction = int(t/second%60), t%second
			found |= timeParts
		}
	case timeUnit:
		if found, err = d.digits(text, d.seen|dateParts); err != nil {
			return 0, err
		}
		if found != timeParts {
			return 0, badFormat
		}
	default:
		return 0, badFormat
	}
	return found, nil
}

// number reads a number without label.
func (d *dateDecoder) number(i int, text string) (partSet, error) {
	point := strings.IndexByte(text, '.')
	switch {
	case point >= 0 && d.timeOnly && i == 0 && len(d.fields) >= 2 && d.fields[len(d.fields)-1].kind == dateField:
		return d.separated(text)
	case point >= 0 && d.timeOnly && point <= 2:
		return 0, badFormat
	case point >= 0 && !d.timeOnly && d.seen&dateParts == 0:
		return d.separated(text)
	case point > 2, d.timeOnly && len(text) > 4:
		return d.digits(text, d.known())
	case len(text) >= 6 && (d.seen&dateParts == 0 || d.seen&timeParts == 0): // five digits are a year
		return d.digits(text, d.known())
	}
	return d.plain(text, d.textMonth, d.known())
}

// digits reads a date or time run together: 20200102, 200102, 040506.789, 0405.
func (d *dateDecoder) digits(text string, seen partSet) (partSet, error) {
	if point := strings.IndexByte(text, '.'); point >= 0 {
		tail := text[point:]
		end := 1
		for end < len(tail) && isDigit(tail[end]) {
			end++
		}
		if end > 1 {
			f, _ := strconv.ParseFloat(tail[:end], 64)
			d.fraction = int64(math.RoundToEven(f * 1000000))
		} else {
			d.fraction = 0
		}
		text = text[:point]
	} else if seen&dateParts != dateParts && len(text) >= 6 {
		// the last two are the day, the two before them the month, the rest the year
		n := len(text)
		d.day, d.month, d.year = atoi(text[n-2:]), atoi(text[n-4:n-2]), atoi(text[:n-4])
		if n == 6 {
			d.twoDigits = true
		}
		return dateParts, nil
	}
	if seen&timeParts != timeParts {
		switch len(text) {
		case 6:
			d.hour, d.minute, d.second = atoi(text[:2]), atoi(text[2:4]), atoi(text[4:])
			return timeParts, nil
		case 4:
			d.hour, d.minute, d.second = atoi(text[:2]), atoi(text[2:]), 0
			return timeParts, nil
		}
	}
	return 0, badFormat
}

// atoi reads digits into an int32, as C's does: too many of them wrap round.
func atoi(s string) int {
	n, _, _ := leadingInt(s)
	return n
}

// plain reads a short number by what is known so far (DateOrder MDY).
func (d *dateDecoder) plain(text string, textMonth bool, seen partSet) (partSet, error) {
	n, rest, fits := leadingInt(text)
	if !fits {
		return 0, fieldOverflow
	}
	if len(rest) == len(text) {
		return 0, badFormat
	}
	if strings.HasPrefix(rest, ".") {
		if len(text)-len(rest) > 2 {
			return d.digits(text, seen|dateParts)
		}
		var err error
		if d.fraction, err = fractionOf(rest); err != nil {
			return 0, err
		}
	} else if rest != "" {
		return 0, badFormat
	}
	if len(text) == 3 && seen&dateParts == yearPart && n >= 1 && n <= 366 {
		d.yearDay = n
		return yearDayPart | monthPart | dayPart, nil
	}
	var found partSet
	switch have := seen & dateParts; {
	case have == 0 && len(text) >= 3:
		found = yearPart
	case have == 0:
		found = monthPart
	case have == yearPart:
		found = monthPart
	case have == monthPart && textMonth && len(text) >= 3:
		found = yearPart
	case have == monthPart:
		found = dayPart
	case have == yearPart|monthPart && textMonth && len(text) >= 3 && d.twoDigits:
		// what looked like the year was the day
		d.day, d.year, d.twoDigits = d.year, n, false
		return dayPart, nil
	case have == yearPart|monthPart:
		found = dayPart
	case have == dayPart:
		found = monthPart
	case have == monthPart|dayPart:
		found = yearPart
	case have == dateParts:
		return d.digits(text, seen)
	default:
		return 0, badFormat
	}
	switch found {
	case yearPart:
		d.year, d.twoDigits = n, len(text) <= 2
	case monthPart:
		d.month = n
	case dayPart:
		d.day = n
	}
	return found, nil
}
