package rehearse

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
)

//go:embed report.html
var reportPage string

//go:embed report.css
var reportStyle string

// A sheet is what the report's template is filled with.
type sheet struct {
	Style           template.CSS
	StyleHash       string
	At, Captured    string
	EngineName, Top string
	Unit, Took      string
	Seed            uint64
	Multiples       []string
	Counts          []sheetCount
	Notes           []string
	Queries         []sheetQuery
}

type sheetCount struct {
	Class, Tone string
	Number      int
}

type sheetQuery struct {
	Anchor, Label, Class, Tone string
	Exponent, Now, Says        string
	At                         []string // at the sheet's Multiples
	Reason, Plan               string
	Advice                     []sheetAdvice
	Notes                      []string
	Plot                       template.HTML
}

type sheetAdvice struct{ Type, Line, Class, Before, After string }

// HTML is the report as one page: nothing in it comes from elsewhere, and no script.
func (r *Report) HTML(at time.Time) ([]byte, error) {
	sum := sha256.Sum256([]byte(reportStyle))
	p := sheet{
		Style: template.CSS(reportStyle), StyleHash: "sha256-" + base64.StdEncoding.EncodeToString(sum[:]),
		At: at.UTC().Format("2006-01-02 15:04 UTC"), EngineName: engineName(r.Engine), Unit: unitsNamed[r.Engine][units],
		Seed: r.Seed, Took: fmt.Sprintf("%.0f s", r.Took), Notes: r.Notes,
	}
	if !r.Captured.IsZero() {
		p.Captured = r.Captured.UTC().Format("2006-01-02")
	}
	var tops []string
	for _, x := range r.Top {
		if s := short(x); len(tops) == 0 || tops[len(tops)-1] != s {
			tops = append(tops, s)
		}
	}
	p.Top = strings.Join(tops, " and ")
	for _, x := range r.Multiples() {
		p.Multiples = append(p.Multiples, short(x))
	}
	counts := r.Classes()
	for c := Quadratic; ; c-- {
		if n := counts[c.String()]; n > 0 {
			p.Counts = append(p.Counts, sheetCount{c.String(), tone(c), n})
		}
		if c == Unknown {
			break
		}
	}
	for _, v := range r.Verdicts {
		p.Queries = append(p.Queries, r.query(v))
	}
	t, err := template.New("report").Parse(reportPage)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (r *Report) query(v *Verdict) sheetQuery {
	q := sheetQuery{Anchor: anchor(v), Label: v.Label, Class: v.Class.String(), Tone: tone(v.Class), Reason: v.Reason, Notes: v.Notes}
	if c := v.Decides(); c != nil && c.Work.Model != "" {
		q.Exponent = fmt.Sprintf("%.2f", v.Exponent)
		q.Now = c.told(1)
		for _, x := range r.Multiples() {
			q.At = append(q.At, c.told(x))
		}
		q.Says = r.says(v, c)
		q.Plan = c.Plan
		q.Plot = template.HTML(v.plot(r.To, unitsNamed[r.Engine][units])) // plot escapes what it is given
	}
	for _, a := range v.Advice {
		q.Advice = append(q.Advice, sheetAdvice{a.Type, a.Line, a.Class.String(), amount(a.Before), amount(a.After)})
	}
	return q
}

// told is the work at x times today's data, with the time that it takes.
func (c *Case) told(x float64) string {
	return amount(c.Work.at(x)) + " (" + Milliseconds(c.TimeAt(x)) + ")"
}

// says puts the deciding case into a sentence.
func (r *Report) says(v *Verdict, c *Case) string {
	s := fmt.Sprintf("with %s parameters, in the scenario %s: %s = %s, exponent %.2f (%.2f to %.2f), measured over the last two doublings %.2f.",
		c.Stratum, c.Scenario, c.Metric, c.Model, c.Exponent, c.Low, c.High, c.Local)
	if c.AutoIndex {
		s += " SQLite makes an index for every single run."
	}
	if c.Changed {
		s += " On smaller shadows the engine chose another plan: those were left out."
	}
	if v.Unbounded {
		s += " It answers more the more there is."
	}
	return s
}

// tone is how a class is coloured.
func tone(c Class) string {
	switch {
	case c == Unknown:
		return "dull"
	case c == Flat:
		return "good"
	case c == Sublinear:
		return "fair"
	case c <= LinearLog:
		return "warn"
	}
	return "bad"
}

// anchor is a verdict's name in the page.
func anchor(v *Verdict) string {
	return "q-" + strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, v.ID)
}

// Milliseconds writes a time that is foretold, with two digits.
func Milliseconds(ms float64) string {
	two := func(v float64) string {
		if v >= 10 {
			digits := math.Pow10(int(math.Log10(v)) - 1)
			return strconv.FormatFloat(math.Round(v/digits)*digits, 'f', 0, 64)
		}
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	switch {
	case ms >= 3_600_000:
		return two(ms/3_600_000) + " h"
	case ms >= 60_000:
		return two(ms/60_000) + " min"
	case ms >= 1000:
		return two(ms/1000) + " s"
	case ms >= 0.05:
		return two(ms) + " ms"
	}
	return "<0.1 ms"
}
