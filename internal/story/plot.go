package story

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// Plot draws the charts of the tellings in events, one below the other, as an SVG file of its own, for light and dark pages.
func Plot(events []Event) ([]byte, error) {
	told := tellings(events)
	if len(told) == 0 {
		return nil, errors.New("no story began")
	}
	var inner bytes.Buffer
	at := 0
	for _, t := range told {
		for i := range t.began.Charts {
			fmt.Fprintf(&inner, "<g transform=\"translate(0 %d)\">\n", at)
			t.draw(&inner, i)
			inner.WriteString("</g>\n")
			at += plotHigh
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n<title>%s</title>\n<style>%s</style>\n<rect class=\"page\" width=\"100%%\" height=\"100%%\"/>\n",
		plotWide, at, plotWide, at, html.EscapeString(told[0].began.Title), plotStyle)
	out.Write(inner.Bytes())
	out.WriteString("</svg>\n")
	return out.Bytes(), nil
}

// plotStyle is of every chart. Lines differ by their strokes too, not by colour alone.
const plotStyle = `
:root{--page:#fff;--ink:#1c2321;--faint:#5f6b66;--rule:#dfe5e2;--good:#0b7a4b;--plain:#2563a8;--warn:#a15c00;--bad:#c02626}
@media (prefers-color-scheme:dark){:root{--page:#131816;--ink:#e6ece9;--faint:#9aa7a1;--rule:#2c3431;--good:#4cc38a;--plain:#74b1f2;--warn:#e5a13c;--bad:#ff7b72}}
.page{fill:var(--page)}
.plot text,text{font:12px system-ui,sans-serif;fill:var(--ink)}
text.faint{fill:var(--faint)}
text.head{font-weight:600}
.rule{stroke:var(--rule);stroke-width:1}
.mark{stroke:var(--faint);stroke-width:1;stroke-dasharray:2 4}
.line{fill:none;stroke-linejoin:round;stroke-width:2}
.dot{stroke-width:0}
.line.good{stroke:var(--good)}.dot.good{fill:var(--good)}
.line.plain{stroke:var(--plain);stroke-dasharray:7 3}.dot.plain{fill:var(--plain)}
.line.warn{stroke:var(--warn);stroke-dasharray:2 3}.dot.warn{fill:var(--warn)}
.line.bad{stroke:var(--bad);stroke-width:3}.dot.bad{fill:var(--bad)}
`

// Sizes of a chart, in pixels.
const (
	plotWide   = 760
	plotHigh   = 244
	plotLeft   = 64
	plotRight  = 16
	plotTop    = 76
	plotBottom = 30
	plotRows   = 2   // of marks
	plotLetter = 6.5 // the width of one
)

// A telling is the events of one story, told once.
type telling struct {
	began   Event
	steps   []Event
	samples []Event
	figures []Figure
	last    Event // the verdict, or the error
}

// tellings sorts events by their story.
func tellings(events []Event) []*telling {
	var all []*telling
	for _, e := range events {
		if e.Kind == KindBegan {
			all = append(all, &telling{began: e})
		}
		if len(all) == 0 {
			continue
		}
		t := all[len(all)-1]
		switch e.Kind {
		case KindStep:
			t.steps = append(t.steps, e)
		case KindSample:
			t.samples = append(t.samples, e)
		case KindFigure:
			if e.Figure != nil {
				t.figures = append(t.figures, *e.Figure)
			}
		case KindVerdict, KindError:
			t.last = e
		}
	}
	return all
}

// draw draws one chart with its upper left corner at 0, 0.
func (t *telling) draw(out *bytes.Buffer, which int) {
	c := t.began.Charts[which]
	x, y := t.scales(c)
	text := func(x, y float64, class, anchor, s string) {
		fmt.Fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" text-anchor=\"%s\">%s</text>\n", x, y, class, anchor, html.EscapeString(s))
	}
	line := func(class string, x1, y1, x2, y2 float64) {
		fmt.Fprintf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class, x1, y1, x2, y2)
	}
	title := c.Title
	if t.began.Unprotected {
		title += " (unprotected)"
	}
	text(plotLeft, 16, "head", "start", title+", "+c.Unit)
	for _, tick := range y.ticks() {
		line("rule", plotLeft, y.at(tick), plotWide-plotRight, y.at(tick))
		text(plotLeft-8, y.at(tick)+4, "faint", "end", amount(tick, ""))
	}
	for _, tick := range x.ticks() {
		text(x.at(tick), plotHigh-plotBottom+18, "faint", "middle", amount(tick, "")+" s")
	}
	t.drawMarks(x, line, text)
	at := float64(plotLeft)
	for _, l := range c.Lines {
		class := tone(l.Tone)
		line("line "+class, at, 30, at+24, 30)
		text(at+30, 34, "", "start", l.Label)
		at += 30 + 7*float64(len([]rune(l.Label))) + 24
		t.drawLine(out, l, class, x, y)
	}
}

// drawMarks draws a line where something happened, with a few words above it, in two rows: where both are taken, the line has to do.
func (t *telling) drawMarks(x scale, line func(string, float64, float64, float64, float64), text func(float64, float64, string, string, string)) {
	taken := [plotRows]float64{} // up to where
	for _, s := range t.steps {
		if s.Mark == "" {
			continue
		}
		at := x.at(s.At)
		line("mark", at, plotTop-6, at, plotHigh-plotBottom)
		wide := plotLetter * float64(len([]rune(s.Mark)))
		from := min(at, plotWide-plotRight-wide)
		for row := range taken {
			if from >= taken[row] {
				text(from, plotTop-9-14*float64(row), "faint", "start", s.Mark)
				taken[row] = from + wide + plotLetter
				break
			}
		}
	}
}

func (t *telling) drawLine(out *bytes.Buffer, l Line, class string, x, y scale) {
	var parts [][]string
	fresh := true
	for _, s := range t.samples {
		v, ok := s.Values[l.Key]
		if !ok {
			fresh = true
			continue
		}
		if fresh {
			parts, fresh = append(parts, nil), false
		}
		n := len(parts) - 1
		parts[n] = append(parts[n], fmt.Sprintf("%.1f,%.1f", x.at(s.At), y.at(v)))
	}
	for _, points := range parts {
		if len(points) == 1 {
			cx, cy, _ := strings.Cut(points[0], ",")
			fmt.Fprintf(out, "<circle class=\"dot %s\" cx=\"%s\" cy=\"%s\" r=\"2.5\"/>\n", class, cx, cy)
			continue
		}
		fmt.Fprintf(out, "<polyline class=\"line %s\" points=\"%s\"/>\n", class, strings.Join(points, " "))
	}
}

// tone is a class of the style: nothing that an event says becomes one.
func tone(name string) string {
	if slices.Contains([]string{"good", "plain", "warn", "bad"}, name) {
		return name
	}
	return "plain"
}

// scales gives those of a chart. One on which nothing happened goes to 5, so that its ticks are whole numbers.
func (t *telling) scales(c Chart) (x, y scale) {
	begin, end := math.Inf(1), 0.0
	top, low := 0.0, math.Inf(1)
	for _, s := range t.samples {
		begin, end = min(begin, s.At), max(end, s.At)
		for _, l := range c.Lines {
			if v, ok := s.Values[l.Key]; ok {
				top = max(top, v)
				if v > 0 {
					low = min(low, v)
				}
			}
		}
	}
	if end <= begin {
		begin, end = 0, max(end, 1)
	}
	x = scale{from: begin, to: end, low: plotLeft, high: plotWide - plotRight}
	y = scale{to: max(top*1.08, 5), low: plotHigh - plotBottom, high: plotTop}
	if c.Log && top > 0 {
		y.log = true
		y.from = math.Pow(10, math.Floor(math.Log10(max(low, top/1e6))))
		y.to = max(top*1.2, y.from*10)
	}
	return x, y
}

// A scale takes values to pixels.
type scale struct {
	from, to  float64 // values
	low, high float64 // pixels
	log       bool
}

func (s scale) at(v float64) float64 {
	part := (v - s.from) / (s.to - s.from)
	if s.log {
		part = math.Log(max(v, s.from)/s.from) / math.Log(s.to/s.from)
	}
	return s.low + min(max(part, 0), 1)*(s.high-s.low)
}

// ticks gives round values within the scale.
func (s scale) ticks() []float64 {
	var all []float64
	if s.log {
		for v := s.from; v <= s.to*1.0001; v *= 10 {
			all = append(all, v)
		}
		return all
	}
	const most = 6
	step := math.Pow(10, math.Floor(math.Log10((s.to-s.from)/most)))
	for _, by := range []float64{1, 2, 5, 10} {
		if (s.to-s.from)/(step*by) <= most {
			step *= by
			break
		}
	}
	for v := math.Ceil(s.from/step) * step; v <= s.to*1.0001; v += step {
		all = append(all, v)
	}
	return all
}
