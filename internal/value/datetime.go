package value

import (
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/schema"
)

// parseDateTime reads dates, times and timestamps as PostgreSQL does with DateStyle ISO, MDY.
func parseDateTime(t schema.Type, s string, zone *time.Location) (any, error) {
	if v, ok := parseISO(t, s, zone); ok {
		return v, nil
	}
	name := typeName(t)
	bytesMax := dateBytesMax
	switch t.Base {
	case schema.Time:
		name = "time"
	case schema.Timestamp:
		name, bytesMax = "timestamp", stampBytesMax
	case schema.TimestampTZ:
		bytesMax = stampBytesMax
	}
	fields, ok := splitDate(s, bytesMax)
	if !ok {
		return nil, badFormat.fault(name, s)
	}
	d := dateDecoder{fields: fields, session: zone}
	var err error
	if t.Base == schema.Time || t.Base == schema.TimeTZ {
		err = d.decodeTime()
	} else {
		err = d.decodeDateTime()
	}
	if problem, ok := err.(dateProblem); ok {
		return nil, problem.fault(name, s)
	}
	if err != nil {
		return nil, err
	}
	return d.value(t, s)
}

// value gives what was decoded in canonical form.
func (d *dateDecoder) value(t schema.Type, s string) (any, error) {
	switch t.Base {
	case schema.Time:
		return string(appendClock(nil, roundMicros(d.clock(), t.Modifier))), nil
	case schema.TimeTZ:
		out := appendClock(make([]byte, 0, 24), roundMicros(d.clock(), t.Modifier))
		return string(appendOffset(out, d.offset, false)), nil
	}
	var stamp int64
	switch d.whole {
	case lateValue:
		return infinity, nil
	case earlyValue:
		return minusInfinity, nil
	case epochValue:
	default:
		if d.year < 1 || d.year > yearMax {
			return nil, rangeFault(t, s)
		}
		stamp = civil{d.year, d.month, d.day, d.clock()}.stamp()
		if t.Base == schema.Date {
			stamp = civil{d.year, d.month, d.day, 0}.stamp()
		}
		if t.Base == schema.TimestampTZ {
			stamp -= int64(d.offset) * second
		}
	}
	return stampValue(t, stamp, s)
}

// stampValue gives a moment in the canonical form of a date or timestamp.
func stampValue(t schema.Type, stamp int64, s string) (any, error) {
	if t.Base != schema.Date {
		stamp = roundStamp(stamp, t.Modifier)
	}
	if !inYears(stamp) {
		return nil, rangeFault(t, s)
	}
	if t.Base == schema.Date {
		return string(appendDate(make([]byte, 0, 10), civilOf(stamp))), nil
	}
	return timestampText(stamp, t.Base == schema.TimestampTZ), nil
}

// rangeFault is the fault of a date outside the years that a type holds.
func rangeFault(t schema.Type, s string) error {
	name := "timestamp"
	if t.Base == schema.Date {
		name = "date"
	}
	return fault.Newf(fault.DatetimeOverflow, `%s out of range: "%s"`, name, s)
}

// parseISO reads the form that nearly every client sends, 2020-01-02T03:04:05.123456Z; false for all others, good or bad.
func parseISO(t schema.Type, s string, zone *time.Location) (any, bool) {
	if t.Modifier != "" || len(s) < 10 || t.Base == schema.Time || t.Base == schema.TimeTZ {
		return nil, false
	}
	days, ok := readDate(s)
	if !ok || s[:4] == "0000" {
		return nil, false
	}
	if t.Base == schema.Date {
		return s, len(s) == 10
	}
	local, rest := days*day, ""
	if len(s) > 10 {
		if s[10] != 'T' && s[10] != ' ' {
			return nil, false
		}
		micros, n, ok := readClock(s[11:])
		if !ok || micros >= day || !plainClock(s[11:11+n]) || len(s) > 11+n && isDigit(s[11+n]) {
			return nil, false
		}
		local, rest = local+micros, s[11+n:]
	}
	zoned := t.Base == schema.TimestampTZ
	offset := 0
	switch {
	case rest == "" && zoned:
		offset = offsetFor(zone, local)
	case rest == "", rest == "Z":
	case len(rest) == 3 || len(rest) == 6:
		if offset, ok = readOffset(rest); !ok || rest[1] > '0' && rest[1:3] > "15" || len(rest) == 6 && rest[4] > '5' {
			return nil, false
		}
	default:
		return nil, false
	}
	if zoned {
		local -= int64(offset) * second
	}
	if !inYears(local) {
		return nil, false
	}
	return timestampText(local, zoned), true
}

// plainClock says whether minutes and seconds are below 60.
func plainClock(s string) bool { return s[3] < '6' && s[6] < '6' }

// roundMicros rounds a time of day to a modifier's digits.
func roundMicros(t int64, mod string) int64 {
	if digits := modifier(mod); digits >= 0 && digits < 6 {
		unit := int64(1)
		for range 6 - digits {
			unit *= 10
		}
		return (t + unit/2) / unit * unit
	}
	return t
}

// stampEpoch is where PostgreSQL counts from, 2000-01-01: halves are rounded away from it.
var stampEpoch = civil{2000, 1, 1, 0}.stamp()

// roundStamp rounds a moment to a modifier's digits.
func roundStamp(t int64, mod string) int64 {
	if mod == "" {
		return t
	}
	if t >= stampEpoch {
		return stampEpoch + roundMicros(t-stampEpoch, mod)
	}
	return stampEpoch - roundMicros(stampEpoch-t, mod)
}

// A dateProblem is what is wrong with a date's text.
type dateProblem uint8

const (
	badFormat dateProblem = iota
	fieldOverflow
	monthDayOverflow
	spanOverflow
	offsetOverflow
)

func (p dateProblem) Error() string { return "value: date" }

// fault is PostgreSQL's error for a text of a type.
func (p dateProblem) fault(typ, s string) error {
	switch p {
	case fieldOverflow:
		return fault.Newf(fault.DatetimeOverflow, `date/time field value out of range: "%s"`, s)
	case monthDayOverflow:
		return fault.Newf(fault.DatetimeOverflow, `date/time field value out of range: "%s"`, s).
			WithHint(`Perhaps you need a different "datestyle" setting.`)
	case spanOverflow:
		return fault.Newf(intervalOverflow, `interval field value out of range: "%s"`, s)
	case offsetOverflow:
		return fault.Newf(badOffset, `time zone displacement out of range: "%s"`, s)
	}
	return fault.Newf(fault.BadDatetime, `invalid input syntax for type %s: "%s"`, typ, s)
}
