package rehearse

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// A Report is what a rehearsal found.
type Report struct {
	Engine    string     `json:"engine"`
	Schema    string     `json:"schema"` // schema.Schema.Version
	Captured  time.Time  `json:"captured"`
	To        float64    `json:"to"`
	Seed      uint64     `json:"seed"`
	Scenarios []Scenario `json:"scenarios"`
	Top       []float64  `json:"top"` // size of the largest shadow, for each scenario
	Verdicts  []*Verdict `json:"verdicts"`
	Notes     []string   `json:"notes,omitempty"`
	Took      float64    `json:"seconds"`
}

// report gathers what was found, the worst first.
func (r *run) report() *Report {
	rep := &Report{Engine: r.Capture.Engine, Schema: r.Schema.Version, Captured: r.Capture.Taken, To: r.To, Seed: r.Seed, Notes: r.notes}
	for _, a := range r.climbs {
		rep.Scenarios = append(rep.Scenarios, a.scenario)
		rep.Top = append(rep.Top, a.xs[len(a.xs)-1])
	}
	for _, sub := range r.shapes {
		rep.Verdicts = append(rep.Verdicts, &sub.verdict)
	}
	slices.SortStableFunc(rep.Verdicts, func(a, b *Verdict) int {
		return cmp.Or(cmp.Compare(b.Class, a.Class), cmp.Compare(b.Exponent, a.Exponent), cmp.Compare(a.Label, b.Label), cmp.Compare(a.ID, b.ID))
	})
	rep.Took = time.Since(r.began).Seconds()
	return rep
}

// Multiples are the sizes, as multiples of today's data, at which people are told what is foretold: ten times, and as far as it goes.
func (r *Report) Multiples() []float64 {
	if r.To <= 10 {
		return []float64{r.To}
	}
	return []float64{10, r.To}
}

// short writes a number with as few digits as tell it.
func short(x float64) string { return strconv.FormatFloat(x, 'g', 4, 64) }
