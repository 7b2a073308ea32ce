package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// newProgress tells of 1,000 rows on a clock that the test moves.
func newProgress(onTerminal bool) (p *progress, out *bytes.Buffer, wait func(time.Duration)) {
	now := time.Unix(0, 0)
	out = &bytes.Buffer{}
	p = &progress{w: out, terminal: onTerminal, now: func() time.Time { return now }, what: "loading order", unit: "rows", total: 1000, began: now, told: now}
	return p, out, func(d time.Duration) { now = now.Add(d) }
}

func TestProgressWritesALineEveryTenSeconds(t *testing.T) {
	p, out, wait := newProgress(false)
	for range 25 {
		wait(time.Second)
		p.add(10)
	}
	p.end()
	want := "loading order: 100 of 1,000 rows (10 %), 10/s, 1:30 left\n" +
		"loading order: 200 of 1,000 rows (20 %), 10/s, 1:20 left\n"
	if out.String() != want {
		t.Errorf("wrote\n%s\nwant\n%s", out, want)
	}
}

func TestProgressDrawsABar(t *testing.T) {
	p, out, wait := newProgress(true)
	wait(time.Second)
	p.add(250)
	drawn := out.String()
	for _, want := range []string{"\rloading order", "━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌", " 25 %", "250/s", "0:03 left"} {
		if !strings.Contains(drawn, want) {
			t.Errorf("%q is not in %q", want, drawn)
		}
	}
	if n := len([]rune(strings.TrimPrefix(drawn, "\r"))); n > 79 {
		t.Errorf("the bar has %d letters, and a terminal may have 80", n)
	}
	p.add(1)
	if out.String() != drawn {
		t.Error("it draws more often than ten times a second")
	}
	p.end()
	if !strings.HasSuffix(out.String(), " \r") {
		t.Errorf("the end leaves the bar: %q", out)
	}
}

func TestProgressCountsBytesInMegabytes(t *testing.T) {
	p, out, wait := newProgress(false)
	p.unit, p.total = unitBytes, 40_000_000
	wait(10 * time.Second)
	p.add(20_000_000)
	if want := "loading order: 20.0 MB of 40.0 MB (50 %), 2.0 MB/s, 0:10 left\n"; out.String() != want {
		t.Errorf("wrote %q, want %q", out, want)
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 123456: "123,456"} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) is %q, want %q", n, got, want)
		}
	}
}

func TestTableAlignsByLetters(t *testing.T) {
	got := table(false, [][]string{{"table", ">rows"}, {"größe", "7"}, {"order", "50,000"}, {"a\nb\x1b[2J", "1"}})
	if want := "table      rows\ngröße         7\norder    50,000\na·b·[2J       1\n"; got != want {
		t.Errorf("it is\n%s\nwant\n%s", got, want)
	}
}

func TestPatienceTellsWhatTakesLong(t *testing.T) {
	var said sharedBuffer
	p := console{err: &said}.patience(time.Millisecond)
	time.Sleep(5 * time.Millisecond)
	if said.String() != "" {
		t.Errorf("before the first step it says %q", said.String())
	}
	p.at("create index toast_name_idx")
	for begin := time.Now(); said.String() == "" && time.Since(begin) < 5*time.Second; time.Sleep(time.Millisecond) {
	}
	p.end()
	if !strings.HasPrefix(said.String(), "  … create index toast_name_idx, for 0s\n") {
		t.Errorf("it says %q", said.String())
	}
}
