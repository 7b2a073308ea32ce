package rehearse

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// A plot has both axes in logarithms: a straight line is a power, and its slope the exponent.
const (
	plotWide, plotHigh  = 640, 260
	plotLeft, plotRight = 58, 170
	plotTop, plotBottom = 12, 34
	linesMost           = 6
)

// plot draws what was measured of a verdict, and what is foretold up to so many times today's data; empty where there is nothing
// to draw. unit is what work is counted in.
func (v *Verdict) plot(to float64, unit string) string {
	p := &plotter{unit: unit}
	for _, c := range v.lines() {
		p.cases = append(p.cases, c)
		p.see(c, to)
	}
	if len(p.cases) == 0 || p.lowX >= p.highX {
		return ""
	}
	p.lowY, p.highY = math.Pow(10, math.Floor(math.Log10(p.lowY))), math.Pow(10, math.Ceil(math.Log10(p.highY)+1e-9))
	if p.highY <= p.lowY {
		p.highY = 10 * p.lowY
	}
	return p.draw(v, to)
}

// lines are the cases that are drawn: that which decides first, then those that differ from the ones before.
func (v *Verdict) lines() []*Case {
	var out []*Case
	add := func(c *Case) {
		if len(c.Rungs) < 2 || c.Class == Unknown && c.Work.Model == "" || len(out) == linesMost || slices.Contains(out, c) {
			return
		}
		for _, o := range out {
			if alike(o, c) {
				return
			}
		}
		out = append(out, c)
	}
	if c := v.Decides(); c != nil {
		add(c)
	}
	for _, c := range v.Cases {
		add(c)
	}
	return out
}

// alike says whether two lines would lie upon each other.
func alike(a, b *Case) bool {
	if len(a.Rungs) != len(b.Rungs) {
		return false
	}
	for i := range a.Rungs {
		if r := (a.Rungs[i].Work + 1) / (b.Rungs[i].Work + 1); r > 1.1 || r < 0.9 || a.Rungs[i].X != b.Rungs[i].X {
			return false
		}
	}
	return true
}

// A plotter is one plot under way.
type plotter struct {
	unit                     string
	cases                    []*Case
	lowX, highX, lowY, highY float64
	b                        strings.Builder
}

func (p *plotter) see(c *Case, to float64) {
	if p.highX == 0 {
		p.lowX, p.lowY = math.Inf(1), math.Inf(1)
	}
	y := func(v float64) {
		p.lowY, p.highY = min(p.lowY, max(v, 1)), max(p.highY, max(v, 1))
	}
	for _, r := range c.Rungs {
		p.lowX, p.highX = min(p.lowX, r.X), max(p.highX, r.X)
		y(r.Work)
	}
	p.lowX, p.highX = min(p.lowX, 1), max(p.highX, to)
	y(c.Work.at(to))
}

func (p *plotter) x(v float64) float64 {
	return plotLeft + (plotWide-plotLeft-plotRight)*math.Log(v/p.lowX)/math.Log(p.highX/p.lowX)
}

func (p *plotter) y(v float64) float64 {
	return plotHigh - plotBottom - (plotHigh-plotTop-plotBottom)*math.Log(max(v, p.lowY)/p.lowY)/math.Log(p.highY/p.lowY)
}

func (p *plotter) f(format string, args ...any) { fmt.Fprintf(&p.b, format, args...) }

func (p *plotter) draw(v *Verdict, to float64) string {
	id := "plot-" + anchor(v)
	p.f(`<figure tabindex="0" role="group" aria-labelledby="%s-title"><svg viewBox="0 0 %d %d" role="img" aria-labelledby="%s"><title id="%s">%s</title>`, anchor(v), plotWide, plotHigh, id, id, html.EscapeString(p.title(to)))
	p.axes(to)
	for i, c := range p.cases {
		p.line(i, c, to)
	}
	p.f("</svg></figure>")
	return p.b.String()
}

// title says in words what the plot shows.
func (p *plotter) title(to float64) string {
	c := p.cases[0]
	top := c.Rungs[len(c.Rungs)-1]
	return fmt.Sprintf("Work against size, both in logarithms. %s: %s measured at %s times today's data, %s foretold at %s times.",
		c.name(), amount(top.Work), short(top.X), amount(c.Work.at(to)), short(to))
}

func (c *Case) name() string { return string(c.Scenario) + ", " + c.Stratum }

func (p *plotter) axes(to float64) {
	left, bottom := float64(plotLeft), float64(plotHigh-plotBottom)
	p.f(`<path class="axis" d="M%.1f %.1fV%.1fH%.1f"/>`, left, float64(plotTop), bottom, float64(plotWide-plotRight))
	decades := int(math.Round(math.Log10(p.highY / p.lowY)))
	for d := 0; d <= decades; d += max(1, decades/5) {
		v := p.lowY * math.Pow(10, float64(d))
		p.f(`<path class="axis" d="M%.1f %.1fH%.1f"/><text x="%.1f" y="%.1f" text-anchor="end">%s</text>`, left, p.y(v), float64(plotWide-plotRight), left-6, p.y(v)+4, amount(v))
	}
	ticks := []float64{1, 10, 100, 1000, 10_000, 100_000}
	if !slices.Contains(ticks, to) {
		ticks = append(ticks, to)
	}
	for _, v := range append(ticks, 0.1, 0.01, 0.001) {
		if v < p.lowX*0.99 || v > p.highX*1.01 {
			continue
		}
		class := "axis"
		if v == 1 {
			class = "axis today"
		}
		p.f(`<path class="%s" d="M%.1f %.1fV%.1f"/><text x="%.1f" y="%.1f" text-anchor="middle">%s×</text>`, class, p.x(v), bottom, float64(plotTop), p.x(v), bottom+15, short(v))
	}
	p.f(`<text x="%.1f" y="%.1f">%s</text>`, left+6, float64(plotTop+9), html.EscapeString(p.unit))
	p.f(`<text x="%.1f" y="%.1f" text-anchor="middle">today’s data ×</text>`, (left+float64(plotWide-plotRight))/2, float64(plotHigh-4))
}

// line draws one case: dots where it was measured, a dashed line where it is foretold.
func (p *plotter) line(i int, c *Case, to float64) {
	var path strings.Builder
	for j, r := range c.Rungs {
		word := "L"
		if j == 0 {
			word = "M"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", word, p.x(r.X), p.y(r.Work))
		p.f(`<circle class="p%d" cx="%.1f" cy="%.1f" r="3"/>`, i, p.x(r.X), p.y(r.Work))
	}
	p.f(`<path class="line s%d" d="%s"/>`, i, path.String())
	top := c.Rungs[len(c.Rungs)-1]
	if to > top.X && c.Work.Model != "" {
		path.Reset()
		fmt.Fprintf(&path, "M%.1f %.1f", p.x(top.X), p.y(c.Work.at(top.X)))
		const steps = 24
		for k := 1; k <= steps; k++ {
			x := top.X * math.Pow(to/top.X, float64(k)/steps)
			fmt.Fprintf(&path, "L%.1f %.1f", p.x(x), p.y(c.Work.at(x)))
		}
		p.f(`<path class="line told s%d" d="%s"/>`, i, path.String())
	}
	y := plotTop + 14 + 17*float64(i)
	p.f(`<circle class="p%d" cx="%d" cy="%.1f" r="4"/><text x="%d" y="%.1f" class="k%d">%s</text>`, i, plotWide-plotRight+16, y-4, plotWide-plotRight+26, y, i, html.EscapeString(c.name()))
}

// amount writes a number of work: 1,234 or 1.2 M.
func amount(v float64) string {
	switch {
	case v >= 1e12:
		return fmt.Sprintf("%.3g T", v/1e12)
	case v >= 1e9:
		return fmt.Sprintf("%.3g G", v/1e9)
	case v >= 1e6:
		return fmt.Sprintf("%.3g M", v/1e6)
	case v >= 10_000:
		return fmt.Sprintf("%.3g k", v/1e3)
	}
	return fmt.Sprintf("%.0f", v)
}
