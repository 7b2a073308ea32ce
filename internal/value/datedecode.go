package value

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/fault"
)

// A partSet is a set of parts of a date and time. Each may be given once.
type partSet uint32

const (
	yearPart partSet = 1 << iota
	monthPart
	dayPart
	hourPart
	minutePart
	secondPart
	fractionPart // of seconds
	zonePart
	dstPart // a zone that is daylight saving time
	dstWordPart
	yearDayPart
	weekdayPart
	eraPart
	meridianPart
	wholePart
	weekPart
	millisecondPart
	microsecondPart
	decadePart
	centuryPart
	millenniumPart

	dateParts   = yearPart | monthPart | dayPart
	secondParts = secondPart | fractionPart | millisecondPart | microsecondPart
	timeParts   = hourPart | minutePart | secondParts
)

// A dateDecoder finds out what the pieces of a date's text mean, from left to right, as the manual's appendix B.1 says.
type dateDecoder struct {
	fields  []dateText
	session *time.Location

	year, month, day, yearDay int
	hour, minute, second      int
	fraction                  int64 // microseconds
	offset                    int   // seconds east of UTC
	zone                      *time.Location
	short                     string // an abbreviation to look up in zone
	whole                     int    // -1, or one of epochValue, lateValue, earlyValue

	seen      partSet
	label     dateUnit // of the next number
	meridian  int      // -1, am, pm
	bc        bool
	julian    bool
	twoDigits bool // the year was written with two digits
	textMonth bool
	timeOnly  bool
}

func (d *dateDecoder) clock() int64 {
	return int64(d.hour)*hour + int64(d.minute)*minute + int64(d.second)*second + d.fraction
}

// known is seen, with a date where only a time is wanted, so that numbers are read as times.
func (d *dateDecoder) known() partSet {
	if d.timeOnly {
		return d.seen | dateParts
	}
	return d.seen
}

// decodeDateTime decodes a date with or without time.
func (d *dateDecoder) decodeDateTime() error {
	d.whole, d.meridian = -1, -1
	if err := d.all(); err != nil {
		return err
	}
	if err := d.check(); err != nil {
		return err
	}
	if d.whole >= 0 {
		return nil
	}
	if d.seen&dateParts != dateParts {
		return badFormat
	}
	return d.findOffset(civil{d.year, d.month, d.day, d.clock()}.stamp())
}

// decodeTime decodes a time of day, with a date only where that helps to know a zone's offset.
func (d *dateDecoder) decodeTime() error {
	d.whole, d.meridian, d.timeOnly = -1, -1, true
	if err := d.all(); err != nil {
		return err
	}
	if err := d.check(); err != nil {
		return err
	}
	if d.overflows() {
		return fieldOverflow
	}
	if d.seen&timeParts != timeParts {
		return badFormat
	}
	if d.zone != nil && d.short == "" && d.seen&dateParts != dateParts && !constant(d.zone) {
		return badFormat // which offset that is depends on the date
	}
	at := civilOf(d.now())
	if d.seen&dateParts != 0 {
		at = civil{d.year, d.month, d.day, 0}
	}
	at.micros = d.clock()
	return d.findOffset(at.stamp())
}

// constant says whether a zone never had another offset.
func constant(zone *time.Location) bool {
	if zone.String() == "" { // a POSIX rule
		return offsetAt(zone, civil{2020, 1, 15, 0}.stamp()) == offsetAt(zone, civil{2020, 7, 15, 0}.stamp())
	}
	start, end := time.Unix(0, 0).In(zone).ZoneBounds()
	return start.IsZero() && end.IsZero()
}

// now is the moment as local time of the session.
func (d *dateDecoder) now() int64 {
	t := time.Now().UnixMicro()
	return t + int64(d.sessionOffset(t))*second
}

func (d *dateDecoder) sessionOffset(t int64) int {
	if d.session == nil {
		return 0
	}
	return offsetAt(d.session, t)
}

// findOffset finds out the offset of a zone that was named, or else the session's.
func (d *dateDecoder) findOffset(local int64) error {
	switch {
	case d.zone != nil:
		if d.seen&dstWordPart != 0 {
			return badFormat
		}
		if d.short != "" {
			d.offset = offsetOfAbbreviation(d.zone, d.short, local)
		} else {
			d.offset = offsetFor(d.zone, local)
		}
	case d.seen&zonePart == 0:
		if d.seen&dstWordPart != 0 {
			return badFormat
		}
		if date := d.seen & dateParts; d.timeOnly && date != 0 && date != dateParts {
			return badFormat
		}
		d.offset = offsetFor(d.session, local)
	}
	return nil
}

// all reads every field.
func (d *dateDecoder) all() error {
	for i := range d.fields {
		found, err := d.field(i)
		if err != nil {
			return err
		}
		if found&d.seen != 0 {
			return badFormat
		}
		d.seen |= found
	}
	return nil
}

// field reads one field and says which parts it gave.
func (d *dateDecoder) field(i int) (partSet, error) {
	f := d.fields[i]
	switch f.kind {
	case dateField:
		return d.date(i, f.text)
	case timeField:
		if d.timeOnly {
			return timeParts, d.time(f.text)
		}
		if d.label != noUnit && d.label != timeUnit {
			return 0, badFormat
		}
		d.label = noUnit
		if err := d.time(f.text); err != nil {
			return 0, err
		}
		if d.overflows() {
			return 0, fieldOverflow
		}
		return timeParts, nil
	case zoneField:
		return zonePart, d.numericOffset(f.text)
	case numberField:
		if d.label != noUnit {
			return d.labelled(f.text)
		}
		return d.number(i, f.text)
	}
	return d.word(i, f.text)
}

// overflows says whether the time of day is none.
func (d *dateDecoder) overflows() bool {
	return d.hour < 0 || d.hour > 24 || d.minute < 0 || d.minute > 59 || d.second < 0 || d.second > 60 ||
		d.fraction < 0 || d.fraction > second || d.clock() > day
}

// date reads a field with separators in it: a date, a zone's name or a time run together with its zone.
func (d *dateDecoder) date(i int, text string) (partSet, error) {
	if d.timeOnly {
		isDate := i == 0 && len(d.fields) >= 2 && (d.fields[len(d.fields)-1].kind == dateField || d.fields[1].kind == timeField)
		if isDate {
			return d.separated(text)
		}
		if isDigit(text[0]) {
			return d.runTogether(text)
		}
		return d.namedZone(text)
	}
	if d.label == julianUnit {
		return d.julianWithZone(text)
	}
	if d.label == noUnit && d.seen&(monthPart|dayPart) != monthPart|dayPart {
		return d.separated(text)
	}
	if !isDigit(text[0]) && d.label == noUnit {
		return d.namedZone(text)
	}
	if d.label != noUnit && d.label != timeUnit {
		return 0, badFormat
	}
	d.label = noUnit
	return d.runTogether(text)
}

// runTogether reads 040506.789-07.
func (d *dateDecoder) runTogether(text string) (partSet, error) {
	if d.seen&timeParts == timeParts {
		return 0, badFormat
	}
	cut := strings.IndexByte(text, '-')
	if cut < 0 {
		return 0, badFormat
	}
	if err := d.numericOffset(text[cut:]); err != nil {
		return 0, err
	}
	found, err := d.digits(text[:cut], d.known())
	return found | zonePart, err
}

func (d *dateDecoder) julianWithZone(text string) (partSet, error) {
	n, rest, fits := leadingInt(text)
	if !fits || n < 0 {
		return 0, fieldOverflow
	}
	d.setJulian(n)
	d.label = noUnit
	return dateParts | timeParts | zonePart, d.numericOffset(rest)
}

// setJulian sets the date to a Julian day.
func (d *dateDecoder) setJulian(n int) {
	const unixEpoch = 2440588 // 1970-01-01
	d.year, d.month, d.day = dateOf(int64(n) - unixEpoch)
	d.julian = true
}

// namedZone reads America/New_York.
func (d *dateDecoder) namedZone(text string) (partSet, error) {
	zone, ok := zoneCached(text)
	if !ok {
		return 0, fault.Newf(invalidParameter, `time zone "%s" not recognized`, text)
	}
	d.zone = zone
	return zonePart, nil
}

// separated reads 1999-01-08, 1/8/1999, 8-jan-99, 1999.008.
func (d *dateDecoder) separated(text string) (found partSet, err error) {
	var numbers []string
	textMonth := false
	for n := 0; text != "" && n < dateFieldsMax; n++ {
		text = strings.TrimLeftFunc(text, func(r rune) bool { return r > 0x7f || !isDigit(byte(r)) && !isLetter(byte(r)) })
		if text == "" {
			return 0, badFormat
		}
		of := isLetter
		if isDigit(text[0]) {
			of = isDigit
		}
		end := 0
		for end < len(text) && of(text[end]) {
			end++
		}
		piece := text[:end]
		if end < len(text) {
			end++ // whatever separates
		}
		text = text[end:]
		if isDigit(piece[0]) {
			numbers = append(numbers, piece)
			continue
		}
		w, ok := dateWords[piece]
		if _, zone := abbreviationTable()[piece]; ok && !zone && w.kind == ignoredWord {
			continue
		}
		if !ok || w.kind != monthWord || (d.seen|found)&monthPart != 0 {
			return 0, badFormat
		}
		d.month = w.n
		textMonth = true
		found |= monthPart
	}
	for _, piece := range numbers {
		got, err := d.plain(piece, textMonth, d.seen|found)
		if err != nil {
			return 0, err
		}
		if got&(d.seen|found) != 0 {
			return 0, badFormat
		}
		found |= got
	}
	if (d.seen|found)&^(yearDayPart|zonePart) != dateParts {
		return 0, badFormat
	}
	return found, nil
}

// check validates what only the whole date can tell, and brings year and hour to their final form.
func (d *dateDecoder) check() error {
	if d.seen&yearPart != 0 && !d.julian {
		switch {
		case d.bc && d.year <= 0:
			return fieldOverflow
		case d.bc:
			d.year = 1 - d.year
		case d.twoDigits && d.year < 0:
			return fieldOverflow
		case d.twoDigits && d.year < 70:
			d.year += 2000
		case d.twoDigits && d.year < 100:
			d.year += 1900
		case d.twoDigits:
		case d.year <= 0:
			return fieldOverflow
		}
	}
	if d.seen&yearDayPart != 0 {
		d.year, d.month, d.day = dateOf(daysOf(d.year, 1, 1) + int64(d.yearDay) - 1)
	}
	if d.seen&monthPart != 0 && (d.month < 1 || d.month > 12) {
		return monthDayOverflow
	}
	if d.seen&dayPart != 0 && (d.day < 1 || d.day > 31) {
		return monthDayOverflow
	}
	if d.seen&dateParts == dateParts && d.day > daysIn(d.year, d.month) {
		return fieldOverflow
	}
	switch {
	case d.meridian >= 0 && d.hour > 12:
		return fieldOverflow
	case d.meridian == am && d.hour == 12:
		d.hour = 0
	case d.meridian == pm && d.hour != 12:
		d.hour += 12
	}
	return nil
}

// fractionOf reads .789 to the end of the text, in microseconds.
func fractionOf(s string) (int64, error) {
	f, err := decimalFraction(s)
	if err != nil {
		return 0, err
	}
	return int64(math.RoundToEven(f * 1000000)), nil
}

// decimalFraction reads .789 to the end of the text.
func decimalFraction(s string) (float64, error) {
	if s == "." {
		return 0, nil
	}
	for i := 1; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, badFormat
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, badFormat
	}
	return f, nil
}
