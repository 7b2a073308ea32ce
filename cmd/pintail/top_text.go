package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	page "github.com/pintail-dev/pintail/internal/console"
	"github.com/pintail-dev/pintail/internal/guard"
)

// How many lines each list gets on a terminal.
const (
	topShapes    = 10
	topRefused   = 4
	topSlow      = 3
	topIncidents = 3
)

// topText is a state as lines of at most so many letters.
func topText(p paint, st *page.State, width int) []string {
	t := &topPage{paint: p, width: max(width, 40)}
	t.head(st)
	t.parts(st)
	t.shapes(st)
	t.refused(st)
	t.slow(st)
	t.incidents(st)
	return t.lines
}

type topPage struct {
	paint
	width int
	lines []string
}

// line adds a line, cut to the width before it is painted.
func (t *topPage) line(paint func(string) string, text string) {
	text = strings.TrimRight(cut(harmless(text), t.width), " ")
	if paint != nil {
		text = paint(text)
	}
	t.lines = append(t.lines, text)
}

func (t *topPage) head(st *page.State) {
	s := st.Server
	left := "Pintail " + s.Version
	right := fmt.Sprintf("%s   up %s", s.Database, page.Span(st.At.Sub(s.Began)))
	t.line(t.dim, pad(left, max(t.width-utf8.RuneCountInString(right), utf8.RuneCountInString(left)+2))+right)
	paint := map[string]func(string) string{"well": t.green, "warn": t.yellow, "bad": t.red, "calm": t.bold}[st.Headline.Tone]
	t.line(paint, st.Headline.Title)
	for _, l := range wrappedTo(harmless(st.Headline.More), t.width) {
		t.line(nil, l)
	}
	t.line(nil, "")
}

// A part is a line of the picture.
type part struct {
	name     string
	rate     string
	flow     page.Flow
	notes    []string
	refusing float64
}

func (t *topPage) parts(st *page.State) {
	refused := map[string]float64{}
	for _, r := range st.Refused {
		refused[r.Box] += r.Rate.Rate
	}
	engine := "SQLite"
	if st.Server.Engine == "postgres" {
		engine = "PostgreSQL"
	}
	access := "admin secret"
	if st.Server.Open {
		access = "open"
	}
	all := page.Flow{Rate: st.Requests.Rate}
	list := []part{
		{name: "callers", flow: st.Requests, notes: []string{size(int64(st.Sent.Rate)) + "/s sent"}},
		t.gate(st, refused["gate"]),
		{name: "auth", flow: all, refusing: refused["auth"], notes: []string{access}},
		{name: "api", flow: page.Flow{Rate: page.Rate{Rate: st.REST.Rate.Rate + st.GraphQL.Rate.Rate}, P50: st.Stages.Parse.P50, P99: st.Stages.Parse.P99}, refusing: refused["api"],
			notes: []string{"REST " + page.Short(st.REST.Rate.Rate), "GraphQL " + page.Short(st.GraphQL.Rate.Rate)}},
		{name: "plan", flow: st.Stages.Plan, refusing: refused["plan"]},
		t.cache(st), t.guard(st, refused["guard"]),
		{name: engine, flow: st.Engine, refusing: refused["store"]},
	}
	t.line(t.dim, fmt.Sprintf("%-11s %9s %9s %9s  %s", "", "a second", "p50", "p99", "now"))
	for _, part := range list {
		rate := part.rate
		if rate == "" {
			rate = page.Short(part.flow.Rate.Rate)
		}
		notes := part.notes
		if part.refusing > 0 {
			notes = append([]string{page.Short(part.refusing) + "/s refused"}, notes...)
		}
		var paint func(string) string
		if part.refusing > 0 {
			paint = t.yellow
		}
		t.line(paint, fmt.Sprintf("%-11s %9s %9s %9s  %s", part.name, rate, quantile(part.flow.P50), quantile(part.flow.P99), strings.Join(notes, ", ")))
	}
	t.line(nil, "")
}

func (t *topPage) gate(st *page.State, refusing float64) part {
	g := st.Gate
	notes := []string{page.Counted(uint64(g.Connections.Open), "connection", "connections")}
	if n := g.Reads.Queued + g.Writes.Queued; n > 0 {
		notes = append([]string{page.Grouped(uint64(n)) + " wait"}, notes...)
	}
	if len(g.Limit.Most) > 0 && refusing > 0 {
		notes = append([]string{"most: " + g.Limit.Most[0].Client}, notes...)
	}
	return part{name: "gate", flow: page.Flow{Rate: st.Requests.Rate, P50: st.Waiting.P50, P99: st.Waiting.P99}, refusing: refusing, notes: notes}
}

func (t *topPage) cache(st *page.State) part {
	c := st.Cache
	if c == nil {
		return part{name: "cache", rate: "off"}
	}
	hits := c.Hits.Rate + c.Joined.Rate
	asked := hits + c.Misses.Rate + c.Passed.Rate
	notes := []string{fmt.Sprintf("%s/s hit", page.Short(hits)), fmt.Sprintf("%s/s missed", page.Short(c.Misses.Rate))}
	if asked > 0 {
		notes = append([]string{fmt.Sprintf("%.0f %% hits", 100*hits/asked)}, notes...)
	}
	return part{name: "cache", flow: page.Flow{Rate: page.Rate{Rate: asked}, P50: st.Stages.Store.P50, P99: st.Stages.Store.P99}, notes: notes}
}

func (t *topPage) guard(st *page.State, refusing float64) part {
	g := st.Guard
	if g == nil || g.Mode == guard.Off {
		return part{name: "guard", rate: "off"}
	}
	note := page.Counted(uint64(g.Declared), "index", "indexes") + " watched"
	if n := len(g.Shed); n > 0 {
		note = page.Counted(uint64(n), "query", "queries") + " shed"
	}
	notes := []string{note}
	for _, r := range g.Repairs {
		what := "repairing"
		if r.Progress.Done > 0 {
			what += fmt.Sprintf(" %.0f %%", 100*r.Progress.Done)
		}
		notes = append(notes, what)
	}
	return part{name: "guard", rate: "-", refusing: refusing, notes: notes}
}

func quantile(ms float64) string {
	if ms <= 0 {
		return "-"
	}
	return page.Millis(ms)
}

func (t *topPage) shapes(st *page.State) {
	if len(st.Shapes) == 0 {
		return
	}
	const figures = " %6s %7s %9s %9s"
	room := t.width - 35
	t.line(t.dim, pad("queries by cost", room)+fmt.Sprintf(figures, "of all", "/s", "p50", "p99"))
	for _, s := range st.Shapes[:min(topShapes, len(st.Shapes))] {
		label := cut(harmless(s.Label), room)
		share := fmt.Sprintf("%.0f %%", 100*s.Share)
		if s.Share > 0 && s.Share < .01 {
			share = "<1 %"
		}
		var paint func(string) string
		switch {
		case st.Sheds(&s):
			paint = t.red
		case !s.Fresh:
			paint = t.dim
		}
		t.line(paint, pad(label, room)+fmt.Sprintf(figures, share, page.Short(s.Calls.Rate), page.Millis(s.P50), page.Millis(s.P99)))
	}
	t.line(nil, "")
}

func (t *topPage) refused(st *page.State) {
	first := true
	for _, r := range st.Refused[:min(topRefused, len(st.Refused))] {
		if r.Rate.Rate <= 0 {
			break // the most frequent stand first
		}
		if first {
			t.line(t.dim, "refused now")
			first = false
		}
		title := r.Title
		if title == "" {
			title = "a code of the database's own"
		}
		t.line(nil, fmt.Sprintf("%9s/s  %d %s  %s", page.Short(r.Rate.Rate), r.Status, r.Code, title))
	}
	if !first {
		t.line(nil, "")
	}
}

func (t *topPage) slow(st *page.State) {
	if len(st.Slow) == 0 {
		return
	}
	t.line(t.dim, "slow statements")
	for _, s := range st.Slow[:min(topSlow, len(st.Slow))] {
		t.line(nil, fmt.Sprintf("%s %9s  %s", s.At.Local().Format("15:04:05"), page.Millis(s.Took), s.Label))
	}
	t.line(nil, "")
}

func (t *topPage) incidents(st *page.State) {
	if st.Guard == nil || len(st.Guard.Incidents) == 0 {
		return
	}
	t.line(t.dim, "incidents")
	for _, i := range st.Guard.Incidents[:min(topIncidents, len(st.Guard.Incidents))] {
		what := i.What
		if what == "" {
			what = string(i.Kind) + ": " + i.Name
		}
		var paint func(string) string
		if !i.State.Ended() {
			paint = t.red
		}
		t.line(paint, fmt.Sprintf("%s  %s, %s: %s", i.Began.Local().Format("15:04:05"), i.State, page.Span(i.Lasted()), what))
	}
	t.line(nil, "")
}

// cut shortens a text to so many letters.
func cut(s string, letters int) string {
	if utf8.RuneCountInString(s) <= letters {
		return s
	}
	return string([]rune(s)[:max(letters-1, 0)]) + "…"
}

// pad fills a text up to so many letters.
func pad(s string, letters int) string {
	return s + strings.Repeat(" ", max(letters-utf8.RuneCountInString(s), 0))
}

// wrappedTo breaks a text into lines of so many letters, between words.
func wrappedTo(s string, letters int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > letters {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
