package limit

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Mode is what becomes of requests over a limit.
type Mode uint8

const (
	Off    Mode = iota // nothing is counted
	On                 // they are refused
	Report             // they are let through, and shown
)

// A Policy says how much one client may ask for: Units each Per, and Burst at once after a pause.
type Policy struct {
	Mode  Mode
	Units int64
	Per   time.Duration // a second, a minute or an hour
	Burst int64
	Rows  bool // a unit is a row that a request may touch, by its plan's bound; else it is a request
}

// Default is what holds where nothing is said.
var Default = Policy{Mode: On, Units: 100, Per: time.Second, Burst: 200}

const (
	unitsMax = 100_000_000 // each Per
	// fillMax bounds how long an empty burst takes to fill, so that no sum of times overflows.
	fillMax = 1000 * time.Hour
)

// pers are the units of time that a policy may be written in.
var pers = []struct {
	name string
	of   time.Duration
}{{"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}}

// Parse reads a policy as it is configured:
//
//	100/s burst 200          requests a second, and as many at once
//	6000/m                   a minute (m) or an hour (h); the burst is what two seconds bring, at least one
//	10000 rows/s burst 20000 each request counts the rows that it may touch, at most the burst
//	report 100/s burst 200   refuses nothing, and shows who would be refused; report alone is that of the default
//	off
//
// The error says what is wrong and what is meant instead.
func Parse(text string) (Policy, error) {
	words := strings.Fields(text)
	if len(words) == 1 && words[0] == "off" {
		return Policy{}, nil
	}
	p := Policy{Mode: On}
	if len(words) > 0 && words[0] == "report" {
		p.Mode = Report
		if words = words[1:]; len(words) == 0 {
			p = Default
			p.Mode = Report
			return p, nil
		}
	}
	if len(words) > 1 && strings.HasPrefix(words[1], "rows/") {
		p.Rows = true
		words = append([]string{words[0] + strings.TrimPrefix(words[1], "rows")}, words[2:]...)
	}
	if len(words) != 1 && (len(words) != 3 || words[1] != "burst") {
		return Policy{}, wrong(text)
	}
	if err := p.rate(text, words[0]); err != nil {
		return Policy{}, err
	}
	p.Burst = max(1, int64(2*time.Second/p.each()))
	if len(words) == 3 {
		n, err := strconv.ParseInt(words[2], 10, 64)
		if err != nil || n < 1 {
			return Policy{}, fmt.Errorf("%q: the burst %q is not a whole number from 1 on", text, words[2])
		}
		p.Burst = n
	}
	if p.Burst > int64(fillMax/p.each()) {
		return Policy{}, fmt.Errorf("%q: a burst of %d would take more than %d hours to come back; give a smaller one or a higher rate", text, p.Burst, fillMax/time.Hour)
	}
	return p, nil
}

// rate reads 100/s.
func (p *Policy) rate(text, word string) error {
	units, per, _ := strings.Cut(word, "/")
	for _, one := range pers {
		if one.name == per {
			p.Per = one.of
		}
	}
	n, err := strconv.ParseInt(units, 10, 64)
	if err != nil || p.Per == 0 {
		return wrong(text)
	}
	if n < 1 || n > unitsMax {
		return fmt.Errorf("%q: %d is not a rate; it is from 1 to %d, and off for no limit", text, n, unitsMax)
	}
	p.Units = n
	return nil
}

func wrong(text string) error {
	return fmt.Errorf("%q is not a limit: write 100/s burst 200, 6000/m, 10000 rows/s burst 20000, any of them after report, or off", text)
}

// each is the time in which one unit comes back.
func (p Policy) each() time.Duration { return max(1, p.Per/time.Duration(cmp.Or(p.Units, 1))) }

// String writes a policy as Parse reads it.
func (p Policy) String() string {
	if p.Mode == Off {
		return "off"
	}
	var b strings.Builder
	if p.Mode == Report {
		b.WriteString("report ")
	}
	b.WriteString(strconv.FormatInt(p.Units, 10))
	if p.Rows {
		b.WriteString(" rows")
	}
	for _, one := range pers {
		if one.of == p.Per {
			b.WriteString("/" + one.name)
		}
	}
	b.WriteString(" burst " + strconv.FormatInt(p.Burst, 10))
	return b.String()
}

// unit names what is counted, in the words of the RateLimit fields.
func (p Policy) unit() string {
	if p.Rows {
		return "rows"
	}
	return "requests"
}

// period names Per for people.
func (p Policy) period() string {
	switch p.Per {
	case time.Minute:
		return "minute"
	case time.Hour:
		return "hour"
	}
	return "second"
}
