package value

// Units of time, in microseconds, which is what PostgreSQL counts in.
const (
	microsecond int64 = 1
	second            = 1_000_000 * microsecond
	minute            = 60 * second
	hour              = 60 * minute
	day               = 24 * hour
)

const (
	infinity      = "infinity"
	minusInfinity = "-infinity"
	yearMax       = 9999
)

// A civil is a date and a time of day, in no zone.
type civil struct {
	year, month, day int
	micros           int64 // since midnight
}

// daysOf counts the days from 1970-01-01 to a date of the proleptic Gregorian calendar. Any month and day will do.
func daysOf(year, month, d int) int64 {
	// Years start in March, so that the leap day is the last one (Howard Hinnant, "chrono-compatible low-level date algorithms").
	year += (month - 1) / 12
	month = (month-1)%12 + 1
	y := int64(year)
	if month <= 2 {
		y--
	}
	era := floorDiv(y, 400)
	yoe := y - era*400
	doy := int64((153*((month+9)%12)+2)/5 + d - 1)
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}

// dateOf is the date that lies days after 1970-01-01.
func dateOf(days int64) (year, month, d int) {
	days += 719468
	era := floorDiv(days, 146097)
	doe := days - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = int(doy - (153*mp+2)/5 + 1)
	month = int(mp) + 3
	if month > 12 {
		month -= 12
	}
	year = int(yoe + era*400)
	if month <= 2 {
		year++
	}
	return year, month, d
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// stamp counts the microseconds from 1970-01-01 00:00 to c.
func (c civil) stamp() int64 { return daysOf(c.year, c.month, c.day)*day + c.micros }

// civilOf is the date and time that lie t microseconds after 1970-01-01 00:00.
func civilOf(t int64) civil {
	days := floorDiv(t, day)
	y, m, d := dateOf(days)
	return civil{y, m, d, t - days*day}
}

// inYears says whether a time is one that Pintail holds: years 1 to 9999.
func inYears(t int64) bool { return t >= stampMin && t <= stampMax }

var (
	stampMin = civil{1, 1, 1, 0}.stamp()
	stampMax = civil{yearMax, 12, 31, day - 1}.stamp()
)

// daysIn is the length of a month.
func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// appendDigits appends n in at least width digits.
func appendDigits(dst []byte, n, width int) []byte {
	var b [20]byte
	i := len(b)
	for ; n > 0 || len(b)-i < width; n /= 10 {
		i--
		b[i] = byte('0' + n%10)
	}
	return append(dst, b[i:]...)
}

// appendDate appends 2020-01-02.
func appendDate(dst []byte, c civil) []byte {
	dst = appendDigits(dst, c.year, 4)
	dst = append(dst, '-')
	dst = appendDigits(dst, c.month, 2)
	dst = append(dst, '-')
	return appendDigits(dst, c.day, 2)
}

// appendClock appends 03:04:05.123456, without the zeros at the end.
func appendClock(dst []byte, micros int64) []byte {
	dst = appendDigits(dst, int(micros/hour), 2)
	dst = append(dst, ':')
	dst = appendDigits(dst, int(micros/minute%60), 2)
	dst = append(dst, ':')
	return appendSeconds(dst, micros%minute)
}

// appendSeconds appends 05.123456, without the zeros at the end.
func appendSeconds(dst []byte, micros int64) []byte {
	dst = appendDigits(dst, int(micros/second), 2)
	fraction := int(micros % second)
	if fraction == 0 {
		return dst
	}
	dst = append(dst, '.')
	width := 6
	for fraction%10 == 0 {
		fraction /= 10
		width--
	}
	return appendDigits(dst, fraction, width)
}

// appendOffset appends +02, +05:30 or +01:02:03 for seconds east of UTC; with full, minutes stand even where they are 0.
func appendOffset(dst []byte, offset int, full bool) []byte {
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	dst = appendDigits(append(dst, sign), offset/3600, 2)
	minutes, seconds := offset/60%60, offset%60
	if full || minutes != 0 || seconds != 0 {
		dst = appendDigits(append(dst, ':'), minutes, 2)
	}
	if seconds != 0 {
		dst = appendDigits(append(dst, ':'), seconds, 2)
	}
	return dst
}

// timestampText is the canonical text of a timestamp, with +00:00 for one with time zone.
func timestampText(t int64, zoned bool) string {
	var b [40]byte
	out := appendTimestamp(b[:0], t, 'T')
	if zoned {
		out = append(out, "+00:00"...)
	}
	return string(out)
}

// appendTimestamp appends date and time with a byte between them.
func appendTimestamp(dst []byte, t int64, between byte) []byte {
	c := civilOf(t)
	dst = appendDate(dst, c)
	return appendClock(append(dst, between), c.micros)
}

// readTimestamp takes apart a canonical timestamp, with or without time zone, T or a blank in its middle. It is false
// for infinities and whatever is not canonical. An offset is applied.
func readTimestamp[S ~string | ~[]byte](s S) (t int64, ok bool) {
	days, ok := readDate(s)
	if !ok {
		return 0, false
	}
	t = days * day
	if len(s) == 10 {
		return t, true
	}
	if s[10] != 'T' && s[10] != ' ' {
		return 0, false
	}
	micros, n, ok := readClock(s[11:])
	if !ok {
		return 0, false
	}
	offset, ok := readOffset(s[11+n:])
	return t + micros - int64(offset)*second, ok
}

// readDate reads 2020-01-02 at the start of s: days since 1970-01-01.
func readDate[S ~string | ~[]byte](s S) (int64, bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	y1, ok1 := two(s[0], s[1])
	y2, ok2 := two(s[2], s[3])
	m, ok3 := two(s[5], s[6])
	d, ok4 := two(s[8], s[9])
	if !ok1 || !ok2 || !ok3 || !ok4 || m < 1 || m > 12 || d < 1 || d > daysIn(y1*100+y2, m) {
		return 0, false
	}
	return daysOf(y1*100+y2, m, d), true
}

// readClock reads 03:04:05.123456 at the start of s, and says how long it is.
func readClock[S ~string | ~[]byte](s S) (micros int64, n int, ok bool) {
	if len(s) < 8 || s[2] != ':' || s[5] != ':' {
		return 0, 0, false
	}
	h, ok1 := two(s[0], s[1])
	m, ok2 := two(s[3], s[4])
	sec, ok3 := two(s[6], s[7])
	if !ok1 || !ok2 || !ok3 {
		return 0, 0, false
	}
	micros = int64(h)*hour + int64(m)*minute + int64(sec)*second
	n = 8
	if len(s) > 8 && s[8] == '.' {
		unit := second
		for n = 9; n < len(s) && s[n] >= '0' && s[n] <= '9' && unit > 1; n++ {
			unit /= 10
			micros += int64(s[n]-'0') * unit
		}
	}
	return micros, n, true
}

// readOffset reads all of s as +02, +05:30 or +01:02:03: seconds east of UTC. Nothing is 0.
func readOffset[S ~string | ~[]byte](s S) (offset int, ok bool) {
	if len(s) == 0 {
		return 0, true
	}
	if s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	unit := 3600
	for i := 1; i < len(s); i += 3 {
		if i+2 > len(s) || unit == 0 {
			return 0, false
		}
		n, ok := two(s[i], s[i+1])
		if !ok || i+2 < len(s) && s[i+2] != ':' {
			return 0, false
		}
		offset += n * unit
		unit /= 60
	}
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}

func two(a, b byte) (int, bool) {
	a -= '0'
	b -= '0'
	return int(a)*10 + int(b), a < 10 && b < 10
}
