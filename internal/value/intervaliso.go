package value

import (
	"math"
	"strconv"
	"strings"
)

// decodeISO reads ISO 8601's forms, P1Y2M3DT4H5M6S, P0001-02-03T04:05:06 and P00010203T040506.
func (d *spanDecoder) decodeISO(s string) error {
	if len(s) < 2 || s[0] != 'P' {
		return badFormat
	}
	rest := s[1:]
	inTime, first := false, true
	for rest != "" {
		if rest[0] == 'T' {
			inTime, first = true, true
			rest = rest[1:]
			continue
		}
		n, fraction, width, tail, err := isoNumber(rest)
		if err != nil {
			return err
		}
		rest = tail
		mark := byte(0)
		if rest != "" {
			mark, rest = rest[0], rest[1:]
		}
		if unit := isoUnit(mark, inTime); unit != noUnit {
			if _, err := d.add(n, fraction, unit); err != nil {
				return err
			}
			first = false
			continue
		}
		if inTime {
			return d.isoTime(n, fraction, width, mark, rest, first)
		}
		if mark != 0 && mark != 'T' && mark != '-' || !first {
			return badFormat
		}
		if rest, err = d.isoDate(n, fraction, width, mark, rest); err != nil || rest == "" && mark == 0 {
			return err
		}
		inTime = true
	}
	return nil
}

// isoUnit is the unit that a letter marks.
func isoUnit(mark byte, inTime bool) dateUnit {
	if inTime {
		switch mark {
		case 'H':
			return hourUnit
		case 'M':
			return minuteUnit
		case 'S':
			return secondUnit
		}
		return noUnit
	}
	switch mark {
	case 'Y':
		return yearUnit
	case 'M':
		return monthUnit
	case 'W':
		return weekUnit
	case 'D':
		return dayUnit
	}
	return noUnit
}

// isoDate reads 00010203 or 0001-02-03 up to the T; its first number is read, and the mark behind it.
func (d *spanDecoder) isoDate(n int64, fraction float64, width int, mark byte, rest string) (string, error) {
	if mark != '-' && width == 8 {
		_, err := d.addAll(fraction, dayUnit, n/10000, yearUnit, n/100%100, monthUnit, n%100, dayUnit)
		return rest, err
	}
	if _, err := d.add(n, fraction, yearUnit); err != nil || mark != '-' {
		return rest, err
	}
	for _, unit := range [...]dateUnit{monthUnit, dayUnit} {
		n, fraction, _, tail, err := isoNumber(rest)
		if err != nil {
			return "", err
		}
		if _, err := d.add(n, fraction, unit); err != nil {
			return "", err
		}
		if rest = tail; rest == "" || rest[0] == 'T' {
			return strings.TrimPrefix(rest, "T"), nil
		}
		if rest[0] != '-' || unit == dayUnit {
			return "", badFormat
		}
		rest = rest[1:]
	}
	return "", badFormat
}

// isoTime reads 040506 or 04:05:06 to the end.
func (d *spanDecoder) isoTime(n int64, fraction float64, width int, mark byte, rest string, first bool) error {
	if mark != 0 && mark != ':' || !first {
		return badFormat
	}
	if mark == 0 && width == 6 {
		_, err := d.addAll(fraction, secondUnit, n/10000, hourUnit, n/100%100, minuteUnit, n%100, secondUnit)
		return err
	}
	if _, err := d.add(n, fraction, hourUnit); err != nil || mark == 0 {
		return err
	}
	for _, unit := range [...]dateUnit{minuteUnit, secondUnit} {
		n, fraction, _, tail, err := isoNumber(rest)
		if err != nil {
			return err
		}
		if _, err := d.add(n, fraction, unit); err != nil {
			return err
		}
		if rest = tail; rest == "" {
			return nil
		}
		if rest[0] != ':' || unit == secondUnit {
			return badFormat
		}
		rest = rest[1:]
	}
	return badFormat
}

// addAll adds three numbers of three units, the last with a fraction.
func (d *spanDecoder) addAll(fraction float64, of dateUnit, a int64, ua dateUnit, b int64, ub dateUnit, c int64, uc dateUnit) (partSet, error) {
	for _, p := range [...]struct {
		n    int64
		unit dateUnit
	}{{a, ua}, {b, ub}, {c, uc}} {
		if _, err := d.add(p.n, 0, p.unit); err != nil {
			return 0, err
		}
	}
	return d.add(0, fraction, of)
}

// isoNumber reads a number with a sign and a fraction; width is how many digits stand before the point.
func isoNumber(s string) (n int64, fraction float64, width int, rest string, err error) {
	i := 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	start := i
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	width = i - start
	digits := width
	if i < len(s) && s[i] == '.' {
		i++
		for i < len(s) && isDigit(s[i]) {
			i++
			digits++
		}
	}
	if digits == 0 {
		return 0, 0, 0, "", badFormat
	}
	if i < len(s) && lower(s[i]) == 'e' {
		if _, k := scanExponent(s[i+1:]); k > 0 {
			i += 1 + k
		}
	}
	f, err := strconv.ParseFloat(s[:i], 64)
	if err != nil {
		return 0, 0, 0, "", badFormat
	}
	if math.Abs(f) > 1e15 {
		return 0, 0, 0, "", fieldOverflow
	}
	whole := math.Trunc(f)
	return int64(whole), f - whole, width, s[i:], nil
}
