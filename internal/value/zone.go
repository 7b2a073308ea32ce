package value

import (
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the same zones wherever Pintail runs
)

// ZoneNamed finds a time zone as PostgreSQL does in SET TIME ZONE: an IANA name in any case, or a POSIX one without
// daylight saving time (UTC+3, which lies west).
func ZoneNamed(name string) (*time.Location, bool) {
	if iana, ok := zoneTable()[lowerString(name)]; ok {
		zone, err := time.LoadLocation(iana)
		return zone, err == nil
	}
	return posixZone(name)
}

// zoneTable finds an IANA name by its lower case.
var zoneTable = sync.OnceValue(func() map[string]string {
	names := strings.Fields(zoneNames)
	table := make(map[string]string, len(names))
	for _, name := range names {
		table[strings.ToLower(name)] = name
	}
	return table
})

// loaded keeps the zones that were asked for: there are at most as many as zoneNames has.
var loaded sync.Map

// zoneCached is ZoneNamed without reading a zone's file each time.
func zoneCached(name string) (*time.Location, bool) {
	if zone, ok := loaded.Load(name); ok {
		return zone.(*time.Location), true
	}
	zone, ok := ZoneNamed(name)
	if _, iana := zoneTable()[name]; ok && iana {
		loaded.Store(name, zone)
	}
	return zone, ok
}

// posixZone reads FOO+3 or FOO-3:30: an abbreviation of at least three letters and hours west of Greenwich.
func posixZone(name string) (*time.Location, bool) {
	i := 0
	for i < len(name) && lower(name[i]) >= 'a' && lower(name[i]) <= 'z' {
		i++
	}
	rest := name[i:]
	if i < 3 || rest == "" {
		return nil, false
	}
	east := 1
	switch rest[0] {
	case '-':
		rest = rest[1:]
	case '+':
		east, rest = -1, rest[1:]
	default:
		east = -1
	}
	offset, unit := 0, 3600
	for part := range strings.SplitSeq(rest, ":") {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil || unit == 0 || len(part) > 3 || unit < 3600 && n > 59 || unit == 3600 && n > 167 {
			return nil, false
		}
		offset += int(n) * unit
		unit /= 60
	}
	return time.FixedZone(strings.ToUpper(name[:i]), east*offset), true
}

// An abbreviation is what a time zone's short name means.
type abbreviation struct {
	offset int    // seconds east of UTC
	dst    bool   // daylight saving time
	zone   string // instead: the zone in which the short name is looked up
}

// abbreviationTable finds an abbreviation by its lower case.
var abbreviationTable = sync.OnceValue(func() map[string]abbreviation {
	table := make(map[string]abbreviation, 200)
	for item := range strings.SplitSeq(abbreviations, ";") {
		name, value, ok := strings.Cut(strings.TrimSpace(item), " ")
		if !ok {
			continue
		}
		number, dst := strings.CutSuffix(value, "d")
		if n, err := strconv.Atoi(number); err == nil {
			table[name] = abbreviation{offset: n, dst: dst}
		} else {
			table[name] = abbreviation{zone: value}
		}
	}
	return table
})

// offsetAt is a zone's offset east of UTC, in seconds, at a moment in microseconds.
func offsetAt(zone *time.Location, t int64) int {
	_, offset := time.UnixMicro(t).In(zone).Zone()
	return offset
}

// offsetFor is the offset of a local time in a zone. Where clocks were turned and the local time exists twice or not at
// all, PostgreSQL takes the offset from before where they were put forward, and that from after where they were put back.
func offsetFor(zone *time.Location, local int64) int {
	if zone == nil || zone == time.UTC {
		return 0
	}
	yesterday := time.UnixMicro(local - day).In(zone)
	_, before := yesterday.Zone()
	_, change := yesterday.ZoneBounds()
	if change.IsZero() {
		return before
	}
	_, after := change.Zone()
	turn := change.UnixMicro()
	ifBefore, ifAfter := local-int64(before)*second, local-int64(after)*second
	switch {
	case ifBefore < turn && ifAfter < turn:
		return before
	case ifBefore > turn && ifAfter >= turn:
		return after
	case ifBefore > ifAfter:
		return before
	}
	return after
}

// offsetOfAbbreviation is the offset that an abbreviation had in a zone when a local time was last called by it, or else
// will next be; the zone's own offset where it never is.
func offsetOfAbbreviation(zone *time.Location, name string, local int64) int {
	const changesMax = 1000 // no zone has as many
	own := offsetFor(zone, local)
	at := time.UnixMicro(local - int64(own)*second).In(zone)
	past := at
	for range changesMax {
		short, offset := past.Zone()
		if equalFold(short, name) {
			return offset
		}
		start, _ := past.ZoneBounds()
		if start.IsZero() {
			break
		}
		past = start.Add(-1)
	}
	for range changesMax {
		_, end := at.ZoneBounds()
		if end.IsZero() || end.Year() > 2100 {
			break
		}
		at = end
		if short, offset := at.Zone(); equalFold(short, name) {
			return offset
		}
	}
	return own
}
