package rehearse

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/query"
)

// A Case is one shape in one scenario with one kind of parameters.
type Case struct {
	Scenario Scenario `json:"scenario"`
	Stratum  string   `json:"parameters"` // shape.Typical, shape.P95 or shape.Hottest
	Class    Class    `json:"class"`
	Growth            // of the number that decides
	Metric   string   `json:"metric"` // what was counted: steps, rows, pages
	Work     Growth   `json:"work"`   // of steps on SQLite, of rows touched on PostgreSQL

	Returned  float64 `json:"returned"`          // exponent of the rows that come back
	PerRow    float64 `json:"per_row"`           // exponent of the work for each of them
	Rungs     []Rung  `json:"rungs"`             // as measured
	Reason    string  `json:"reason,omitempty"`  // of unknown
	Plan      string  `json:"plan"`              // the engine's, at the top
	Changed   bool    `json:"changed,omitempty"` // the plan was another one on lower rungs, which were left out
	Time10    float64 `json:"ms_at10"`           // foretold, by this machine's time for a unit of work
	Time100   float64 `json:"ms_at100"`
	TimeNow   float64 `json:"ms_now"`
	AutoIndex bool    `json:"auto_index,omitempty"` // SQLite makes an index for each single run
	Sorts     bool    `json:"sorts,omitempty"`

	unit   float64 // milliseconds of one unit of work
	failed string
	over   bool // nothing larger is asked
}

// A Rung is what was measured at one size.
type Rung struct {
	X        float64 `json:"x"`    // of today's data
	Rows     int64   `json:"rows"` // of the largest growing table that the query touches
	Work     float64 `json:"work"` // mean of the parameters; of typical ones, which may be few large ones and many small ones, that of the middle; of all parents, where the shadow has some
	Returned float64 `json:"returned"`

	samples []sample
}

func (r *Rung) mean(m metric) float64 {
	var sum float64
	for i := range r.samples {
		sum += r.samples[i].work[m]
	}
	return sum / float64(max(len(r.samples), 1))
}

func (r *Rung) returned() float64 {
	var sum float64
	for i := range r.samples {
		sum += float64(r.samples[i].rows)
	}
	return sum / float64(max(len(r.samples), 1))
}

// fingerprint is the plans that the engine chose, without those of parameters that came in vain.
func (r *Rung) fingerprint() string {
	var all []string
	for i := range r.samples {
		if p := r.samples[i].plan; p != "" && !slices.Contains(all, p) {
			all = append(all, r.samples[i].plan)
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n\n")
}

// A Verdict is what a rehearsal says of one shape: the worst of its cases.
type Verdict struct {
	ID        string   `json:"shape"`
	Role      string   `json:"role"`
	Label     string   `json:"label"`
	Rate      float64  `json:"rate"` // calls a second in production
	Class     Class    `json:"class"`
	Exponent  float64  `json:"exponent"`
	Low       float64  `json:"low"`
	High      float64  `json:"high"`
	Worst     int      `json:"worst"`               // which of Cases decides
	Reason    string   `json:"reason,omitempty"`    // of unknown
	Unbounded bool     `json:"unbounded,omitempty"` // it answers all there is: it needs a page rather than an index
	Cases     []*Case  `json:"cases,omitempty"`
	Notes     []string `json:"notes,omitempty"`
	Advice    []Advice `json:"advice,omitempty"`
}

// judge gives every shape its verdict.
func (r *run) judge() {
	for _, sub := range r.shapes {
		v := &sub.verdict
		*v = Verdict{ID: sub.shape.ID, Role: sub.shape.Role, Label: sub.shape.Label, Rate: sub.shape.Rate, Cases: sub.cases, Reason: sub.unknown, Worst: -1}
		if sub.unknown != "" {
			continue
		}
		for i, c := range sub.cases {
			r.judgeCase(sub, c)
			if r.thinned && c.Scenario == Bigger {
				r.level(sub, c)
			}
			if c.Class == Unknown && v.Reason == "" {
				v.Reason = c.Reason
			}
			if v.Worst < 0 || worse(c, sub.cases[v.Worst]) {
				v.Worst = i
			}
		}
		if v.Worst < 0 {
			v.Reason = "no scenario grows anything"
			continue
		}
		c := sub.cases[v.Worst]
		v.Class, v.Exponent, v.Low, v.High = c.Class, c.Exponent, c.Low, c.High
		switch {
		case v.Class >= Linear: // bad enough, whatever the rest is
			v.Reason = ""
		case v.Reason != "":
			v.Class = Unknown
		}
		v.Unbounded = c.Class >= Linear && c.Returned >= sublinearBelow && c.PerRow < flatBelow
		r.faithful(sub)
	}
}

// level brings the work of a case of the scenario bigger, whose shadow has but some of the parents, to that of the whole: today's data is the
// same in both scenarios.
func (r *run) level(sub *subject, c *Case) {
	for _, of := range sub.cases {
		if of.Scenario != More || of.Stratum != c.Stratum || of.Class == Unknown || c.Class == Unknown || c.Work.Now <= 0 {
			continue
		}
		factor := of.Work.Now / c.Work.Now
		switch unit := unitsNamed[r.Capture.Engine][units]; c.Metric {
		case unit:
			c.Growth.scale(factor)
		case of.Metric:
			c.Growth.scale(of.Growth.Now / c.Growth.Now)
		}
		c.Work.scale(factor)
		for i := range c.Rungs {
			c.Rungs[i].Work *= factor
		}
		c.TimeNow, c.Time10, c.Time100 = c.TimeAt(1), c.TimeAt(10), c.TimeAt(100)
	}
}

func worse(a, b *Case) bool {
	if a.Class != b.Class {
		return a.Class > b.Class
	}
	return a.Exponent > b.Exponent
}

// pagesLeast is from how many pages on their growth counts beside that of the steps: fewer are an index's levels.
const pagesLeast = 64

// judgeCase fits one case.
func (r *run) judgeCase(sub *subject, c *Case) {
	if len(c.Rungs) < regimeLeast {
		c.Reason = fmt.Sprintf("it was measured at %d sizes, which is too few", len(c.Rungs))
		if c.failed != "" {
			c.Reason = "it failed on the shadow: " + c.failed
		}
		return
	}
	rungs := c.regime()
	samples := samplesFor(rungs, units)
	level := 1.0
	if c.Stratum == shape.Typical && !sub.replay.upserts() { // how many of an upsert's rows are there already is but a guess
		level = levelOf(samples)
	}
	for i := range c.Rungs {
		c.Rungs[i].Work, c.Rungs[i].Returned = level*c.Rungs[i].mean(units), c.Rungs[i].returned()
	}
	top := &rungs[len(rungs)-1]
	c.Plan = top.samples[0].plan
	for i := range top.samples {
		c.Sorts = c.Sorts || top.samples[i].sort
		c.AutoIndex = c.AutoIndex || top.samples[i].auto
	}
	xs := make([]float64, len(rungs))
	returned := make([]float64, len(rungs))
	perRow := make([]float64, len(rungs))
	for i := range rungs {
		xs[i], returned[i] = rungs[i].X, rungs[i].Returned+1
		perRow[i] = rungs[i].Work / returned[i]
	}
	c.Returned, c.PerRow = local(xs, returned), local(xs, perRow)
	scale := float64(top.Rows) / top.X
	c.Work = grow(xs, samples, scale, r.Seed)
	c.Work.scale(level)
	c.Growth, c.Metric = c.Work, unitsNamed[r.Capture.Engine][units]
	for _, m := range []metric{pages, temp} {
		if classOf(c.Exponent, false) >= Linear || top.mean(m) < pagesLeast {
			continue
		}
		if g := grow(xs, samplesFor(rungs, m), scale, r.Seed); g.curve.proportional() && classOf(g.Exponent, false) > classOf(c.Exponent, false) && g.Missed <= missMost {
			c.Growth, c.Metric = g, unitsNamed[r.Capture.Engine][m]
		}
	}
	if c.Missed > missMost {
		c.Reason = fmt.Sprintf("no curve fits: the best one misses the largest shadows by %.0f %%", 100*c.Missed)
		return
	}
	sub.bound(c, rungs)
	c.Class = classOf(c.Exponent, c.Sorts)
	c.times(top)
}

// regimeLeast is on how many rungs the engine has to run the same plan for its growth to be seen.
const regimeLeast = 3

// regime is the rungs on which the engine ran the same plan as at the top; where that is too few, the top three.
func (c *Case) regime() []Rung {
	from := c.lastChange()
	c.Changed = from > 0
	return c.Rungs[min(from, len(c.Rungs)-regimeLeast):]
}

// lastChange is the lowest rung from which on the engine ran the same plan as at the top.
func (c *Case) lastChange() int {
	from := len(c.Rungs) - 1
	last := c.Rungs[from].fingerprint()
	for from > 0 && c.Rungs[from-1].fingerprint() == last {
		from--
	}
	return from
}

// at is the rung of a size; nil where it wasn't asked there.
func (c *Case) at(x float64) *Rung {
	for i := range c.Rungs {
		if c.Rungs[i].X == x {
			return &c.Rungs[i]
		}
	}
	return nil
}

// samplesFor are the numbers of one metric, one more each so that none is 0, for the parameters that were tried on every rung.
func samplesFor(rungs []Rung, m metric) [][]float64 {
	tries := len(rungs[0].samples)
	for i := range rungs {
		tries = min(tries, len(rungs[i].samples))
	}
	out := make([][]float64, len(rungs))
	for i := range rungs {
		for _, s := range rungs[i].samples[:tries] {
			out[i] = append(out[i], max(s.work[m], 1))
		}
	}
	return out
}

// levelOf is what the work of the middle parameter is of the mean's, on the rung in the middle. How work grows is seen best in the mean, as
// it moves evenly; how much it is for most who ask, in the middle.
func levelOf(samples [][]float64) float64 {
	var levels []float64
	for _, s := range samples {
		levels = append(levels, median(s)/mean(s))
	}
	return median(levels)
}

// bound takes into account that a page ends: where the work for each row stays the same, and the query says how many rows it wants
// at most, the work grows until there are as many, and no further.
func (sub *subject) bound(c *Case, rungs []Rung) {
	p := sub.replay.plan
	if p.Op != plan.Read || p.Rows == nil || p.Rows.Limit == nil || p.Facts.RowsMax.Unbounded || c.Metric == "pages" || c.PerRow >= flatBelow {
		return
	}
	limit := float64(max(sub.replay.want(*p.Rows.Limit, c.Stratum, 0).number(defaultPage), 1))
	top := &rungs[len(rungs)-1]
	if top.Returned < 1 || top.Returned > limit {
		return
	}
	most := top.Work / top.Returned * limit
	c.Growth.end(most)
	c.Work.end(most)
}

// times foretells milliseconds, by what a unit of work took at the top.
func (c *Case) times(top *Rung) {
	var took []time.Duration
	for i := range top.samples {
		took = append(took, top.samples[i].took)
	}
	slices.Sort(took)
	c.unit = float64(took[len(took)/2]) / float64(time.Millisecond) / max(top.Work, 1)
	c.TimeNow, c.Time10, c.Time100 = c.TimeAt(1), c.TimeAt(10), c.TimeAt(100)
}

// TimeAt foretells milliseconds at x times today's data. Of a case that was read from JSON nothing can be foretold any more.
func (c *Case) TimeAt(x float64) float64 { return c.unit * c.Work.at(x) }

// unfaithful is by which factor the rows that come back may differ from production's.
const unfaithful = 4

// faithful holds the rows that came back against production's. Where there are far fewer, the shadow isn't like it, and nothing that was
// counted on it is to be believed; where there are far more, production may be better off than the shadow.
func (r *run) faithful(sub *subject) {
	v := &sub.verdict
	least, most := math.Inf(1), 0.0
	for _, c := range sub.cases {
		if c.Class == Unknown {
			continue
		}
		now := nearest(c.Rungs)
		least, most = min(least, now), max(most, now)
	}
	want := sub.shape.Rows
	if sub.shape.Calls == 0 || math.IsInf(least, 1) {
		return
	}
	switch {
	case (most+1)*unfaithful < want+1 && v.Class >= Linear && sub.searches():
		v.Notes = append(v.Notes, fmt.Sprintf("its pattern matches fewer rows of the shadow than of production: at most %.4g come back, there %.4g; the work is that of looking for them", most, want))
	case (most+1)*unfaithful < want+1:
		v.Class = Unknown
		v.Reason = fmt.Sprintf("the shadow isn't like production: at most %.4g rows come back, in production %.4g", most, want)
	case (want+1)*unfaithful < least+1:
		v.Notes = append(v.Notes, fmt.Sprintf("of the shadow at least %.4g rows come back, in production %.4g: there it may be better than this", least, want))
	}
}

// searches says whether a shape looks for texts by a pattern and takes all that it finds: looking is as much work whatever it finds.
func (sub *subject) searches() bool {
	rows := sub.replay.plan.Rows
	return rows != nil && rows.Limit == nil && slices.ContainsFunc(sub.replay.uses, func(u use) bool {
		return u.kind == compared && (u.op == query.Like || u.op == query.ILike || u.op == query.Similar || u.op == query.Match || u.op == query.IMatch)
	})
}

// nearest is how many rows came back at the size next to production's.
func nearest(rungs []Rung) float64 {
	best := 0
	for i := range rungs {
		if math.Abs(math.Log(rungs[i].X)) < math.Abs(math.Log(rungs[best].X)) {
			best = i
		}
	}
	return rungs[best].Returned
}
