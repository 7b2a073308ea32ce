package guard

import (
	"cmp"
	"slices"
	"time"
)

// A Mode says what the guard does about what it finds.
type Mode string

const (
	Auto    Mode = ""        // RepairMode where `apply` made the tables, else Observe
	Act     Mode = "repair"  // sheds and repairs
	Observe Mode = "observe" // tells only: it neither sheds nor repairs
	Off     Mode = "off"     // there is no guard
)

// A Status is a plain snapshot for people and pages.
type Status struct {
	Mode      Mode        `json:"mode"`
	Why       string      `json:"mode_because"`         // "guard: repair", "apply made these tables"
	Looked    time.Time   `json:"looked"`               // when the catalog was last read
	LastError string      `json:"last_error,omitempty"` // of the last look, where it failed
	Declared  int         `json:"declared"`             // indexes that the schema declares, foreign keys aside
	Contracts int         `json:"contracts"`            // shapes of which is known what they stand on
	Drift     []Drift     `json:"drift"`                // differences now
	Shed      []ShedShape `json:"shed"`                 // shapes that are refused now
	Refused   int64       `json:"refused"`              // requests refused since the start, by this process
	Canceled  int64       `json:"canceled"`             // statements cancelled since the start
	Repaired  int64       `json:"repaired"`             // repairs that succeeded since the start, by this process
	Failed    int64       `json:"failed"`               // repairs that failed and are tried again
	Repairs   []Repairs   `json:"repairs"`              // under way, in this process or another
	Incidents []Incident  `json:"incidents"`            // the newest first, at most 20
	Records   string      `json:"records"`              // where incidents are kept
	Checked   *Checked    `json:"integrity,omitempty"`  // the last integrity check; nil for none yet
}

// A ShedShape is one that is refused, and why.
type ShedShape struct {
	ID      string        `json:"id"`
	Label   string        `json:"label"`
	Reason  string        `json:"reason"` // for the operator: which index is gone and what the plan would do now
	Index   string        `json:"index"`  // Index.ID
	Since   time.Time     `json:"since"`
	Refused int64         `json:"refused"` // requests since then
	Left    time.Duration `json:"left_ns"` // what Retry-After says
}

// Repairs is a repair under way.
type Repairs struct {
	Incident string    `json:"incident"` // its ID
	Index    string    `json:"index"`
	By       string    `json:"by"` // the process
	Since    time.Time `json:"since"`
	State    State     `json:"state"`
	Progress Progress  `json:"progress"`
}

// Checked is how an integrity check went.
type Checked struct {
	Began  time.Time     `json:"began"`
	Took   time.Duration `json:"took_ns"`
	Full   bool          `json:"full"`
	Found  []Damage      `json:"found"` // at most 100
	Error  string        `json:"error,omitempty"`
	Tables int           `json:"tables"`
}

// Lost is how many differences are written down and repaired: lost indexes, foreign keys, statistics.
func (s Status) Lost() (n int) {
	for i := range s.Drift {
		if s.Drift[i].Kind.lost() {
			n++
		}
	}
	return n
}

// Extra is how many indexes no file declares.
func (s Status) Extra() (n int) {
	for i := range s.Drift {
		if s.Drift[i].Kind == Extra {
			n++
		}
	}
	return n
}

// incidentsTold is how many incidents a Status has.
const incidentsTold = 20

// Status is what the guard knows now.
func (g *Guard) Status() Status {
	st := Status{
		Mode: Observe, Why: "nothing was looked at yet", Declared: int(g.declaredCount.Load()), Refused: g.refused.Load(), Canceled: g.canceled.Load(), Repaired: g.repaired.Load(), Failed: g.failures.Load(), Records: g.config.Engine.Records().Where(),
		Drift: []Drift{}, Shed: []ShedShape{}, Repairs: []Repairs{}, Incidents: []Incident{},
	}
	if d := g.mode.Load(); d != nil {
		st.Mode, st.Why = d.mode, d.why
	}
	if at := g.looked.Load(); at > 0 {
		st.Looked = time.Unix(0, at)
	}
	if err := g.lookError.Load(); err != nil {
		st.LastError = (*err).Error()
	}
	g.entries.Range(func(_, v any) bool {
		if v.(*entry).contract.Load() != nil {
			st.Contracts++
		}
		return true
	})
	if sit := g.now.Load(); sit != nil {
		st.Drift = append(st.Drift, sit.drift...)
		st.Shed = append(st.Shed, g.shedShapes(sit)...)
	}
	g.damageMu.Lock()
	st.Checked = g.checked
	g.damageMu.Unlock()
	g.workMu.Lock()
	defer g.workMu.Unlock()
	seen := map[string]bool{}
	for _, w := range g.work {
		i := w.incident
		seen[i.ID] = true
		st.Incidents = append(st.Incidents, i)
		if i.State == Repairing || i.State == Held || i.State == Waiting {
			st.Repairs = append(st.Repairs, Repairs{Incident: i.ID, Index: i.Subject, By: cmp.Or(i.Repairer, i.Noticed), Since: i.Began, State: i.State, Progress: w.progress})
		}
	}
	for _, i := range g.incidents {
		if !seen[i.ID] {
			st.Incidents = append(st.Incidents, i)
		}
	}
	slices.SortFunc(st.Incidents, func(a, b Incident) int { return cmp.Compare(b.ID, a.ID) })
	slices.SortFunc(st.Repairs, func(a, b Repairs) int { return cmp.Compare(a.Incident, b.Incident) })
	st.Incidents = st.Incidents[:min(len(st.Incidents), incidentsTold)]
	return st
}

// shedShapes are the shapes that are refused in a situation, those that were asked for most first.
func (g *Guard) shedShapes(sit *situation) []ShedShape {
	var out []ShedShape
	if !sit.loses() {
		return nil
	}
	g.entries.Range(func(_, v any) bool {
		e := v.(*entry)
		if v := e.verdict.Load(); v != nil && v.of == sit && v.shed != nil {
			out = append(out, ShedShape{ID: e.id(), Label: e.label(), Reason: v.shed.reason, Index: v.shed.drift.Index.ID, Since: v.shed.since,
				Refused: v.shed.refused.Load(), Left: g.wait(v.shed.drift)})
		}
		return true
	})
	slices.SortFunc(out, func(a, b ShedShape) int { return cmp.Or(cmp.Compare(b.Refused, a.Refused), cmp.Compare(a.ID, b.ID)) })
	return out
}
