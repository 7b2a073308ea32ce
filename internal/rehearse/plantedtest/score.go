package plantedtest

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// A Verdict is what a rehearsal says of one planted query.
type Verdict struct {
	Query    string
	Class    string
	Worse    bool    // than sublinear
	Unknown  bool    // it says that it can't tell: counted as not found where the query is worse
	Why      string  // where it can't tell
	Exponent float64 // of the worst case

	// The work that it foretells at 10x; 0 where it foretells none. Bigger10 is of the hottest values, as they grow in the scenario bigger.
	Typical10, Hottest10, Bigger10 float64

	Advice []Advice
}

// Advice is an index that a rehearsal proposes and has tried.
type Advice struct {
	Table, Line string
	Better      bool // the class is better with it; else the work alone
	Flat        bool // the class is better than linear
}

// A Score is how a rehearsal of one engine does.
type Score struct {
	Of                          string // whatever the table calls it
	Queries, Worse              int
	Found, Missed, False, Right int // worse and flagged, worse and not, flat and flagged, flat and not
	Unknown                     int // of Queries
	Foretold, Near              int // works at 10x, and of them within 25 % of those that were counted
	Spread                      int // queries whose exponent differs by more than 0.05 from seed to seed
	Widest                      float64
	Advised                     int // of Worse, those with an index that is proven to give a better class
	Lighter                     int // and those with one that gives less work of the same class
}

// Recall is the share of the worse queries that were found.
func (s Score) Recall() float64 { return share(s.Found, s.Worse) }

// Precision is the share of worse queries among those that were flagged.
func (s Score) Precision() float64 { return share(s.Found, s.Found+s.False) }

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// near is how far a foretold work may be off.
const near = 0.25

// spreadMost is how far exponents may differ from seed to seed.
const spreadMost = 0.05

// A foretold is one work at 10x that a rehearsal said, and what was counted.
type foretold struct {
	of            string
	said, counted float64
}

func (f foretold) near() bool { return math.Abs(f.said/f.counted-1) <= near }

// foretells lists the works at 10x: of typical values, and of the hottest where there are any. What is unknown isn't foretold.
func foretells(q Query, v Verdict, t Truth) []foretold {
	var list []foretold
	if v.Typical10 > 0 {
		list = append(list, foretold{"typical", v.Typical10, float64(max(t.Typical[1].Units, 1))})
	}
	said := v.Hottest10
	if q.grows(values[q.World]) {
		said = v.Bigger10
	}
	if said > 0 && q.Hot(values[q.World]) {
		list = append(list, foretold{"hottest", said, float64(max(t.Hottest[1].Units, 1))})
	}
	return list
}

// Judge holds the verdicts of several seeds on some queries against the truth. The first seed's give recall, precision, work and advice; all of them
// the spread of exponents.
func Judge(engine string, queries []Query, seeds []map[string]Verdict, truths map[string]Truth) Score {
	s := Score{Of: engine}
	for _, q := range queries {
		v, ok := seeds[0][q.Name]
		if !ok {
			continue
		}
		name, t := q.Name, truths[engine+" "+q.Name]
		s.Queries++
		flagged := v.Worse && !v.Unknown
		switch {
		case t.Worse() && flagged:
			s.Found++
		case t.Worse():
			s.Missed++
		case flagged:
			s.False++
		default:
			s.Right++
		}
		if t.Worse() {
			s.Worse++
			switch {
			case slices.ContainsFunc(v.Advice, func(a Advice) bool { return a.Better }):
				s.Advised++
			case len(v.Advice) > 0:
				s.Lighter++
			}
		}
		if v.Unknown {
			s.Unknown++
		}
		for _, f := range foretells(q, v, t) {
			s.Foretold++
			if f.near() {
				s.Near++
			}
		}
		low, high := math.Inf(1), math.Inf(-1)
		for _, seed := range seeds {
			if other, ok := seed[name]; ok && !other.Unknown {
				low, high = min(low, other.Exponent), max(high, other.Exponent)
			}
		}
		if high-low > spreadMost {
			s.Spread++
		}
		if high >= low {
			s.Widest = max(s.Widest, high-low)
		}
	}
	return s
}

// Print writes a line for each query that a rehearsal errs in, and with all set for the others too.
func Print(w io.Writer, engine string, seeds []map[string]Verdict, truths map[string]Truth, all bool) {
	for _, q := range Queries() {
		v, ok := seeds[0][q.Name]
		if !ok {
			continue
		}
		t := truths[engine+" "+q.Name]
		var wrong []string
		switch {
		case v.Unknown:
			wrong = append(wrong, "unknown: "+v.Why)
		case t.Worse() && !v.Worse:
			wrong = append(wrong, "missed")
		case v.Worse && !t.Worse():
			wrong = append(wrong, "false alarm")
		}
		for _, f := range foretells(q, v, t) {
			if !f.near() {
				wrong = append(wrong, fmt.Sprintf("%s at 10x %.0f, counted %.0f", f.of, f.said, f.counted))
			}
		}
		var list []float64
		for _, seed := range seeds {
			list = append(list, seed[q.Name].Exponent)
		}
		if spread := slices.Max(list) - slices.Min(list); spread > spreadMost {
			wrong = append(wrong, fmt.Sprintf("exponents from %.2f to %.2f", slices.Min(list), slices.Max(list)))
		}
		if all {
			for _, a := range v.Advice {
				wrong = append(wrong, "type "+a.Table+" "+a.Line)
			}
		}
		if len(wrong) > 0 || all {
			fmt.Fprintf(w, "%-9s %-28s %-5s %5.2f | %-12s %5.2f | %s\n", engine, q.Name, t.Label(), t.Exponent(), v.Class, v.Exponent, strings.Join(wrong, "; "))
		}
	}
}

// Table writes the scores, as docs/rehearse.md has them.
func Table(w io.Writer, scores []Score) {
	fmt.Fprintln(w, "| | queries | worse | recall | precision | unknown | work at 10x within 25 % | exponents over seeds within 0.05 | an index makes the class better | or the work less |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|")
	for _, s := range scores {
		fmt.Fprintf(w, "| %s | %d | %d | %.3f | %.3f | %d | %d of %d (%.0f %%) | %d of %d, widest %.2f | %d | %d |\n", s.Of, s.Queries, s.Worse,
			s.Recall(), s.Precision(), s.Unknown, s.Near, s.Foretold, 100*share(s.Near, s.Foretold), s.Queries-s.Spread, s.Queries, s.Widest, s.Advised, s.Lighter)
	}
}
