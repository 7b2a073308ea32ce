package rehearse

import (
	"encoding/json"
	"time"
)

// A Summary is what is kept of a rehearsal beside the database, for the console: data/rehearsal.json.
type Summary struct {
	At       time.Time      `json:"at"`
	Engine   string         `json:"engine"`
	Schema   string         `json:"schema"`
	To       float64        `json:"to"`
	Classes  map[string]int `json:"classes"`        // how many queries are of each
	Queries  []Summarized   `json:"queries"`        // the worst first
	Left     int            `json:"left,omitempty"` // queries that are not among them
	Captured time.Time      `json:"captured"`
}

// Summarized is one query of a summary.
type Summarized struct {
	Shape    string   `json:"shape"`
	Label    string   `json:"label"`
	Class    Class    `json:"class"`
	Exponent float64  `json:"exponent"`
	Now      float64  `json:"ms_now"`
	At10     float64  `json:"ms_at10"`
	At100    float64  `json:"ms_at100"`
	Reason   string   `json:"reason,omitempty"`
	Advice   []string `json:"advice,omitempty"` // "order: @index(…)"
}

// summaryMost is how many queries a summary lists: those that are flat are the last.
const summaryMost = 200

// Summary is what is kept of a report.
func (r *Report) Summary(at time.Time) ([]byte, error) {
	s := Summary{At: at.UTC().Truncate(time.Second), Engine: r.Engine, Schema: r.Schema, To: r.To, Classes: r.Classes(), Queries: []Summarized{}, Captured: r.Captured}
	for _, v := range r.Verdicts {
		if len(s.Queries) == summaryMost {
			s.Left = len(r.Verdicts) - summaryMost
			break
		}
		q := Summarized{Shape: v.ID, Label: v.Label, Class: v.Class, Exponent: v.Exponent, Reason: v.Reason}
		if c := v.Decides(); c != nil {
			q.Now, q.At10, q.At100 = c.TimeNow, c.Time10, c.Time100
		}
		for _, a := range v.Advice {
			q.Advice = append(q.Advice, a.Table+": "+a.Line)
		}
		s.Queries = append(s.Queries, q)
	}
	text, err := json.MarshalIndent(s, "", " ")
	return append(text, '\n'), err
}

// Classes counts the verdicts by their class.
func (r *Report) Classes() map[string]int {
	out := map[string]int{}
	for _, v := range r.Verdicts {
		out[v.Class.String()]++
	}
	return out
}

// Over are the verdicts that are worse than a class, and those of which nothing could be said.
func (r *Report) Over(most Class) (over, unknown []*Verdict) {
	for _, v := range r.Verdicts {
		switch {
		case v.Class == Unknown:
			unknown = append(unknown, v)
		case v.Class > most:
			over = append(over, v)
		}
	}
	return over, unknown
}

// Decides is the case that decides a verdict; nil where there is none.
func (v *Verdict) Decides() *Case {
	if v.Worst < 0 || v.Worst >= len(v.Cases) {
		return nil
	}
	return v.Cases[v.Worst]
}
