package value

// A wordKind is what a word in a date means.
type wordKind uint8

const (
	reservedWord wordKind = iota // a whole value: now, epoch
	monthWord
	weekdayWord
	unitWord    // the label of the number that follows, as in y2001m02d04
	meridian    // am, pm
	eraWord     // ad, bc
	isoTimeWord // t
	dstWord     // dst behind a zone
	ignoredWord
)

// A dateWord is a word with its meaning.
type dateWord struct {
	kind wordKind
	n    int
}

// The whole values.
const (
	nowValue = iota
	todayValue
	tomorrowValue
	yesterdayValue
	midnightUTC // allballs
	epochValue
	lateValue
	earlyValue
)

// A dateUnit is a part of a date or a time span.
type dateUnit uint8

const (
	noUnit dateUnit = iota
	microsecondUnit
	millisecondUnit
	secondUnit
	minuteUnit
	hourUnit
	dayUnit
	weekUnit
	monthUnit
	quarterUnit
	yearUnit
	decadeUnit
	centuryUnit
	millenniumUnit
	julianUnit
	timeUnit
	otherUnit // a word that PostgreSQL knows and takes in no value
)

const (
	am = iota
	pm
)

// dateWords are the words of dates (PostgreSQL manual, appendix B.3, and the words of 8.5.1).
var dateWords = map[string]dateWord{
	"infinity": {reservedWord, lateValue}, "-infinity": {reservedWord, earlyValue},
	"now": {reservedWord, nowValue}, "today": {reservedWord, todayValue}, "tomorrow": {reservedWord, tomorrowValue},
	"yesterday": {reservedWord, yesterdayValue}, "allballs": {reservedWord, midnightUTC}, "epoch": {reservedWord, epochValue},

	"jan": {monthWord, 1}, "january": {monthWord, 1}, "feb": {monthWord, 2}, "february": {monthWord, 2},
	"mar": {monthWord, 3}, "march": {monthWord, 3}, "apr": {monthWord, 4}, "april": {monthWord, 4}, "may": {monthWord, 5},
	"jun": {monthWord, 6}, "june": {monthWord, 6}, "jul": {monthWord, 7}, "july": {monthWord, 7},
	"aug": {monthWord, 8}, "august": {monthWord, 8}, "sep": {monthWord, 9}, "sept": {monthWord, 9}, "september": {monthWord, 9},
	"oct": {monthWord, 10}, "october": {monthWord, 10}, "nov": {monthWord, 11}, "november": {monthWord, 11},
	"dec": {monthWord, 12}, "december": {monthWord, 12},

	"sun": {weekdayWord, 0}, "sunday": {weekdayWord, 0}, "mon": {weekdayWord, 1}, "monday": {weekdayWord, 1},
	"tue": {weekdayWord, 2}, "tues": {weekdayWord, 2}, "tuesday": {weekdayWord, 2},
	"wed": {weekdayWord, 3}, "weds": {weekdayWord, 3}, "wednesday": {weekdayWord, 3},
	"thu": {weekdayWord, 4}, "thur": {weekdayWord, 4}, "thurs": {weekdayWord, 4}, "thursday": {weekdayWord, 4},
	"fri": {weekdayWord, 5}, "friday": {weekdayWord, 5}, "sat": {weekdayWord, 6}, "saturday": {weekdayWord, 6},

	"y": {unitWord, int(yearUnit)}, "m": {unitWord, int(monthUnit)}, "d": {unitWord, int(dayUnit)}, "h": {unitWord, int(hourUnit)},
	"mm": {unitWord, int(minuteUnit)}, "s": {unitWord, int(secondUnit)}, "j": {unitWord, int(julianUnit)},
	"jd": {unitWord, int(julianUnit)}, "julian": {unitWord, int(julianUnit)}, "dow": {unitWord, int(otherUnit)},
	"doy": {unitWord, int(otherUnit)}, "isodow": {unitWord, int(otherUnit)}, "isoyear": {unitWord, int(otherUnit)},

	"am": {meridian, am}, "pm": {meridian, pm}, "ad": {eraWord, 0}, "bc": {eraWord, 1}, "t": {isoTimeWord, 0},
	"dst": {dstWord, 3600}, "at": {ignoredWord, 0}, "on": {ignoredWord, 0},
}

// spanWords are the words of intervals. Words of ten letters stand for all that start so.
var spanWords = map[string]dateUnit{
	"c": centuryUnit, "cent": centuryUnit, "centuries": centuryUnit, "century": centuryUnit,
	"d": dayUnit, "day": dayUnit, "days": dayUnit,
	"dec": decadeUnit, "decade": decadeUnit, "decades": decadeUnit, "decs": decadeUnit,
	"h": hourUnit, "hour": hourUnit, "hours": hourUnit, "hr": hourUnit, "hrs": hourUnit,
	"m": minuteUnit, "min": minuteUnit, "mins": minuteUnit, "minute": minuteUnit, "minutes": minuteUnit,
	"microsecon": microsecondUnit, "us": microsecondUnit, "usec": microsecondUnit, "usecond": microsecondUnit,
	"useconds": microsecondUnit, "usecs": microsecondUnit,
	"mil": millenniumUnit, "mils": millenniumUnit, "millennia": millenniumUnit, "millennium": millenniumUnit,
	"millisecon": millisecondUnit, "ms": millisecondUnit, "msec": millisecondUnit, "msecond": millisecondUnit,
	"mseconds": millisecondUnit, "msecs": millisecondUnit,
	"mon": monthUnit, "mons": monthUnit, "month": monthUnit, "months": monthUnit,
	"qtr": quarterUnit, "quarter": quarterUnit,
	"s": secondUnit, "sec": secondUnit, "second": secondUnit, "seconds": secondUnit, "secs": secondUnit,
	"timezone": otherUnit, "timezone_h": otherUnit, "timezone_m": otherUnit,
	"w": weekUnit, "week": weekUnit, "weeks": weekUnit,
	"y": yearUnit, "year": yearUnit, "years": yearUnit, "yr": yearUnit, "yrs": yearUnit,
}

// wordBytesMax is how many letters of a word PostgreSQL looks at.
const wordBytesMax = 10

// spanWord finds a word of intervals.
func spanWord(word string) (dateUnit, bool) {
	if len(word) > wordBytesMax {
		word = word[:wordBytesMax]
	}
	unit, ok := spanWords[word]
	return unit, ok
}
