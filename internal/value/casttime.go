package value

import (
	"time"

	"github.com/pintail-dev/pintail/schema"
)

// castTime converts between dates, times, timestamps and intervals.
func castTime(from, to schema.Type, s string, zone *time.Location) (any, error) {
	if from.Base == to.Base && to.Modifier == "" {
		return s, nil
	}
	switch from.Base {
	case schema.Interval:
		sp, err := readInterval(s)
		if err != nil {
			return nil, err
		}
		if to.Base == schema.Interval {
			return sp.round(to.Modifier).String(), nil
		}
		sp.micros -= floorDiv(sp.micros, day) * day
		return clockText(to, sp.micros, 0), nil
	case schema.Time, schema.TimeTZ:
		micros, offset := readTimeTZ(s)
		switch {
		case to.Base == schema.Interval:
			return span{micros: micros}.round(to.Modifier).String(), nil
		case from.Base == schema.Time && to.Base == schema.TimeTZ:
			d := dateDecoder{session: zone}
			today := civilOf(d.now())
			today.micros = micros
			offset = offsetFor(zone, today.stamp())
		}
		return clockText(to, micros, offset), nil
	}
	toClock := to.Base == schema.Time || to.Base == schema.TimeTZ
	t, ok := readTimestamp(s)
	if !ok { // infinite
		if toClock {
			return nil, nil
		}
		return s, nil
	}
	offset := 0
	if from.Base == schema.TimestampTZ && zone != nil {
		offset = offsetAt(zone, t)
	}
	local := t + int64(offset)*second
	switch {
	case toClock:
		return clockText(to, local-floorDiv(local, day)*day, offset), nil
	case to.Base == schema.TimestampTZ && from.Base != schema.TimestampTZ:
		return stampValue(to, t-int64(offsetFor(zone, t))*second, s)
	case to.Base == schema.TimestampTZ:
		return stampValue(to, t, s)
	}
	return stampValue(to, local, s)
}

// clockText is the canonical text of a time of day, rounded to the type's digits.
func clockText(t schema.Type, micros int64, offset int) string {
	out := appendClock(make([]byte, 0, 24), roundMicros(micros, t.Modifier))
	if t.Base == schema.TimeTZ {
		out = appendOffset(out, offset, false)
	}
	return string(out)
}
