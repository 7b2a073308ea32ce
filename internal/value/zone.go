package value

import (
	"fmt"
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

// IsZone says whether name is an IANA time zone's, letter for letter.
func IsZone(name string) bool { return zoneTable()[strings.ToLower(name)] == name && name != "" }

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

// posixZone reads a POSIX name as freely as PostgreSQL does: FOO+3, x-3:30, EST5EDT, EST5EDT,M3.2.0,M11.1.0. The numbers
// are hours west of Greenwich; daylight saving time without a rule follows that of the United States.
func posixZone(name string) (*time.Location, bool) {
	if len(name) > zoneBytesMax {
		return nil, false
	}
	rest := afterZoneName(name)
	standard, rest, ok := posixOffset(rest)
	if !ok {
		return nil, false
	}
	if rest == "" {
		return time.FixedZone("", -standard), true
	}
	behind := afterZoneName(rest)
	if len(behind) == len(rest) {
		return nil, false
	}
	saving, rule := standard-3600, behind
	if rule != "" && rule[0] != ',' && rule[0] != ';' {
		if saving, rule, ok = posixOffset(rule); !ok {
			return nil, false
		}
	}
	if rule == "" {
		rule = ",M3.2.0,M11.1.0"
	}
	return ruledZone(fmt.Sprintf("AAA%sBBB%s,%s", posixClock(standard), posixClock(saving), rule[1:]))
}

const zoneBytesMax = 255

// afterZoneName is what stands behind the letters of a POSIX name.
func afterZoneName(s string) string {
	if strings.HasPrefix(s, "<") {
		if _, rest, ok := strings.Cut(s[1:], ">"); ok {
			return rest
		}
	}
	for i := range len(s) {
		if c := s[i]; isDigit(c) || c == ',' || c == '-' || c == '+' {
			return s[i:]
		}
	}
	return ""
}

// posixOffset reads [+-]hh[:mm[:ss]]: seconds west.
func posixOffset(s string) (offset int, rest string, ok bool) {
	west := 1
	if s != "" && (s[0] == '+' || s[0] == '-') {
		if s[0] == '-' {
			west = -1
		}
		s = s[1:]
	}
	unit, most := 3600, 167
	for {
		if s == "" || !isDigit(s[0]) {
			return 0, "", false
		}
		n, tail, fits := leadingInt(s)
		if !fits || n > most {
			return 0, "", false
		}
		offset += n * unit
		s = tail
		if unit == 1 || s == "" || s[0] != ':' {
			return west * offset, s, true
		}
		unit /= 60
		s, most = s[1:], 60-unit/60 // 59 minutes, 60 seconds
	}
}

func posixClock(offset int) string {
	sign := ""
	if offset < 0 {
		sign, offset = "-", -offset
	}
	return fmt.Sprintf("%s%d:%02d:%02d", sign, offset/3600, offset/60%60, offset%60)
}

// ruledZone makes a zone of a POSIX rule, by writing a time zone file (RFC 8536) that has nothing but the rule.
func ruledZone(rule string) (*time.Location, bool) {
	const empty = "\x00\x00\x00\x00"
	head := "TZif2" + strings.Repeat("\x00", 15)
	counts := empty + empty + empty + "\x00\x00\x00\x01" + "\x00\x00\x00\x01" + "\x00\x00\x00\x04" // a transition, a type, four letters
	first := head + empty + empty + empty + empty + "\x00\x00\x00\x01" + "\x00\x00\x00\x04" + empty + "\x00\x00" + "CCC\x00"
	second := head + counts + "\xf8" + strings.Repeat("\x00", 7) + "\x00" + empty + "\x00\x00" + "CCC\x00"
	zone, err := time.LoadLocationFromTZData("", []byte(first+second+"\n"+rule+"\n"))
	if err != nil {
		return nil, false
	}
	short, _ := time.Unix(0, 0).In(zone).Zone()
	return zone, short != "CCC" // Go takes no notice of a rule that it can't read
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
