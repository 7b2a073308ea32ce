package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// How often a bar is drawn, and a line is written where nobody looks at a screen.
const (
	drawEvery = 100 * time.Millisecond
	lineEvery = 10 * time.Second
)

// A progress tells how far long work is: a bar with rate and time left on a terminal, a line every ten seconds elsewhere.
// Its methods are safe for concurrent use.
type progress struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	now      func() time.Time

	what, unit string // "loading order", "rows"
	total      int64  // 0 where it isn't known
	done       int64
	began      time.Time
	told       time.Time // when it last drew or wrote
	width      int       // of what stands on the terminal's line
}

// progress begins telling of work on so many units; total is 0 where that isn't known.
func (c console) progress(what, unit string, total int64) *progress {
	p := &progress{w: c.err, terminal: terminal(c.err) && os.Getenv("TERM") != "dumb", now: time.Now, what: what, unit: unit, total: total}
	p.began = p.now()
	p.told = p.began
	if p.terminal {
		p.draw()
	}
	return p
}

// add says that so many more units are done.
func (p *progress) add(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	p.tell()
}

// at says that so many units of what are done in all; an empty what is the same as before.
func (p *progress) at(what string, done int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if what != "" {
		p.what = what
	}
	p.done = done
	p.tell()
}

// of says that so many units are done of so many in all, where the whole is found out on the way.
func (p *progress) of(what string, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what, p.done, p.total = what, done, total
	p.tell()
}

func (p *progress) tell() {
	every := lineEvery
	if p.terminal {
		every = drawEvery
	}
	if p.now().Sub(p.told) < every {
		return
	}
	p.told = p.now()
	if p.terminal {
		p.draw()
	} else {
		fmt.Fprintln(p.w, p.line())
	}
}

// end takes the bar away. What came of the work is for the caller to say.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal && p.width > 0 {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.width))
		p.width = 0
	}
}

func (p *progress) draw() {
	line := p.bar()
	letters := len([]rune(line))
	fmt.Fprintf(p.w, "\r%s%s", line, strings.Repeat(" ", max(p.width-letters, 0)))
	p.width = letters
}

// bar is the terminal's line, at most 79 letters.
func (p *progress) bar() string {
	const cells = 20
	what := fmt.Sprintf("%-22.22s", harmless(p.what))
	if p.total <= 0 {
		return fmt.Sprintf("%s %s  %s/s", what, p.amount(p.done), p.short(int64(p.rate())))
	}
	part := min(float64(p.done)/float64(p.total), 1)
	full := int(part * cells)
	return fmt.Sprintf("%s %s%s %3.0f %%  %s/s  %s", what, strings.Repeat("━", full), strings.Repeat("╌", cells-full), part*100,
		p.short(int64(p.rate())), p.left())
}

// amount is so many units in words, and short without the unit where it is counted.
func (p *progress) amount(n int64) string {
	if p.unit == unitBytes {
		return size(n)
	}
	return grouped(n) + " " + p.unit
}

func (p *progress) short(n int64) string {
	if p.unit == unitBytes {
		return size(n)
	}
	return grouped(n)
}

// unitBytes is the unit that is written as kB, MB and GB.
const unitBytes = "bytes"

// line is what stands in a log.
func (p *progress) line() string {
	if p.total <= 0 {
		return fmt.Sprintf("%s: %s, %s/s", harmless(p.what), p.amount(p.done), p.short(int64(p.rate())))
	}
	return fmt.Sprintf("%s: %s of %s (%.0f %%), %s/s, %s", harmless(p.what), p.short(p.done), p.amount(p.total),
		100*float64(p.done)/float64(p.total), p.short(int64(p.rate())), p.left())
}

// rate is units a second since the beginning.
func (p *progress) rate() float64 {
	if took := p.now().Sub(p.began).Seconds(); took > 0 {
		return float64(p.done) / took
	}
	return 0
}

// left is the time that is left at the rate so far.
func (p *progress) left() string {
	rate := p.rate()
	if rate == 0 {
		return "-:-- left"
	}
	s := int64(float64(max(p.total-p.done, 0))/rate + 0.5)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d left", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d left", s/60, s%60)
}

// grouped writes a number with commas between thousands.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}
