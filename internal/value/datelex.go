package value

// A fieldKind is what a piece of a date's text looks like.
type fieldKind uint8

const (
	numberField  fieldKind = iota // 2020, 040506.789
	dateField                     // 2020-01-02, jan-8-1999, america/new_york
	timeField                     // 04:05:06.789
	wordField                     // jan, today, pst
	zoneField                     // +02:30; an interval's signed number too
	specialField                  // -infinity
)

// A dateText is one piece.
type dateText struct {
	kind fieldKind
	text string // in lower case
}

// Limits of PostgreSQL's (MAXDATEFIELDS and the sizes of its buffers).
const (
	dateFieldsMax    = 25
	dateBytesMax     = 129
	stampBytesMax    = 153
	intervalBytesMax = 256
)

// splitDate cuts a text into the pieces that dates, times and intervals are made of. It is false where no such text looks so.
func splitDate(s string, bytesMax int) ([]dateText, bool) {
	l := dateLexer{in: s, room: bytesMax}
	fields := make([]dateText, 0, 8)
	for {
		for l.pos < len(s) && space(s[l.pos]) {
			l.pos++
		}
		if l.pos >= len(s) {
			return fields, true
		}
		if len(fields) == dateFieldsMax {
			return nil, false
		}
		if c := s[l.pos]; isPunct(c) && c != '+' && c != '-' && c != '.' {
			l.pos++ // all other punctuation only separates
			continue
		}
		l.out = l.out[:0]
		kind, ok := l.field()
		if l.room -= len(l.out) + 1; !ok || l.room < 0 {
			return nil, false
		}
		fields = append(fields, dateText{kind, string(l.out)})
	}
}

func isPunct(c byte) bool {
	return c > ' ' && c < 0x7f && !isDigit(c) && !isLetter(c)
}

func isLetter(c byte) bool { c = lower(c); return c >= 'a' && c <= 'z' }

type dateLexer struct {
	in   string
	pos  int
	out  []byte
	room int // bytes that fields may yet take
}

// peek is the next byte, 0 at the end.
func (l *dateLexer) peek() byte {
	if l.pos < len(l.in) {
		return l.in[l.pos]
	}
	return 0
}

// take moves bytes to the output as long as they are wanted.
func (l *dateLexer) take(wanted func(byte) bool) {
	for l.pos < len(l.in) && wanted(l.in[l.pos]) {
		l.one()
	}
}

func (l *dateLexer) one() {
	l.out = append(l.out, lower(l.in[l.pos]))
	l.pos++
}

// field reads one piece, of which there is at least one byte.
func (l *dateLexer) field() (fieldKind, bool) {
	switch c := l.peek(); {
	case isDigit(c):
		return l.digits(), true
	case c == '.':
		l.one()
		l.take(isDigit)
		return numberField, true
	case isLetter(c):
		return l.word(), true
	case c == '+' || c == '-':
		return l.signed()
	}
	return 0, false
}

// digits reads a time, a date or a number.
func (l *dateLexer) digits() fieldKind {
	l.take(isDigit)
	switch delimiter := l.peek(); delimiter {
	case ':':
		l.take(func(c byte) bool { return isDigit(c) || c == ':' || c == '.' })
		return timeField
	case '-', '/', '.':
		l.one()
		if !isDigit(l.peek()) {
			l.take(func(c byte) bool { return isDigit(c) || isLetter(c) || c == delimiter })
			return dateField
		}
		l.take(isDigit)
		if l.peek() == delimiter {
			l.take(func(c byte) bool { return isDigit(c) || c == delimiter })
			return dateField
		}
		if delimiter == '.' {
			return numberField
		}
		return dateField
	}
	return numberField
}

// word reads letters, and what belongs to a date or to a zone's name with them.
func (l *dateLexer) word() fieldKind {
	l.take(isLetter)
	whole := false
	switch c := l.peek(); {
	case c == '-' || c == '/' || c == '.':
		whole = true
	case c == '+' || isDigit(c):
		_, known := dateWords[string(l.out)]
		whole = !known
	}
	if !whole {
		return wordField
	}
	l.take(func(c byte) bool {
		return isDigit(c) || isLetter(c) || c == '+' || c == '-' || c == '/' || c == '_' || c == '.' || c == ':'
	})
	return dateField
}

// signed reads an offset, a signed number or -infinity.
func (l *dateLexer) signed() (fieldKind, bool) {
	l.one()
	for l.pos < len(l.in) && space(l.in[l.pos]) {
		l.pos++
	}
	switch c := l.peek(); {
	case isDigit(c):
		l.take(func(c byte) bool { return isDigit(c) || c == ':' || c == '.' || c == '-' })
		return zoneField, true
	case isLetter(c):
		l.take(isLetter)
		return specialField, true
	}
	return 0, false
}

// leadingInt reads an int32 as C's strtol does: sign and digits, 0 where there are none. fits is false beyond int32.
func leadingInt(s string) (n int, rest string, fits bool) {
	n64, rest, ok := leadingInt64(s)
	return int(int32(n64)), rest, ok && n64 == int64(int32(n64))
}

// leadingInt64 is leadingInt for int64.
func leadingInt64(s string) (n int64, rest string, fits bool) {
	i, neg := 0, false
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		neg = s[i] == '-'
		i++
	}
	start := i
	fits = true
	for ; i < len(s) && isDigit(s[i]); i++ {
		d := int64(s[i] - '0')
		if n < (-1<<63+d)/10 { // counted downward, where there is room for one more
			fits = false
			continue
		}
		n = n*10 - d
	}
	if i == start {
		return 0, s, true
	}
	switch {
	case !fits && neg:
		n = -1 << 63
	case !fits || !neg && n == -1<<63:
		n, fits = 1<<63-1, false
	case !neg:
		n = -n
	}
	return n, s[i:], fits
}
