package value

import (
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/schema"
)

// parseDateTime reads dates, times and timestamps.
func parseDateTime(t schema.Type, s string, zone *time.Location) (any, error) {
	bad := fault.Newf(fault.BadDatetime, `invalid input syntax for type %s: "%s"`, typeName(t), s)
	w := trimSpace(s)
	switch t.Base {
	case schema.Date:
		d, ok := readDate(w)
		if !ok {
			return nil, bad
		}
		return string(appendDate(nil, civilOf(d*day))), nil
	case schema.Time:
		m, n, ok := readClock(w)
		if !ok || n != len(w) {
			return nil, bad
		}
		return string(appendClock(nil, m)), nil
	case schema.TimeTZ:
		m, n, ok := readClock(w)
		if !ok {
			return nil, bad
		}
		o, ok := readOffset(w[n:])
		if !ok {
			return nil, bad
		}
		return string(appendOffset(appendClock(nil, m), o, false)), nil
	}
	if n := len(w); n > 0 && w[n-1] == 'Z' {
		w = w[:n-1]
	}
	ts, ok := readTimestamp(w)
	if !ok {
		return nil, bad
	}
	return timestampText(ts, t.Base == schema.TimestampTZ), nil
}

func parseInterval(s, mod string) (any, error) { return s, nil }
