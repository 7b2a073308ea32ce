package story

// An Event is one thing that a story tells while it runs. Written as JSON, one a line, events are what `pintail story --json`
// prints, what the demo's page shows live, and what the report is made of. Fields are added, never renamed; a reader skips kinds
// and fields that it doesn't know.
//
// A story is one began, then steps and samples in the order of time, then its figures, then one verdict. A story that
// couldn't be told to its end has no verdict, and an error as its last event.
type Event struct {
	Story       string  `json:"story"`                 // "stale"
	Unprotected bool    `json:"unprotected,omitempty"` // told with the protection off
	Kind        string  `json:"kind"`                  // began, step, sample, figure, verdict or error
	At          float64 `json:"at"`                    // seconds since the story began

	Text string `json:"text,omitempty"` // a sentence for people; of every kind but sample

	// began
	Title  string  `json:"title,omitempty"`
	Seed   uint64  `json:"seed,omitempty"`
	Charts []Chart `json:"charts,omitempty"` // what the samples are drawn as

	// step
	Who  string `json:"who,omitempty"`  // whose doing it is: story, world, pintail or visitor
	Mark string `json:"mark,omitempty"` // a few words for a line in the charts; empty for none

	// sample
	Values map[string]float64 `json:"values,omitempty"` // by the key of the chart's line
	Done   float64            `json:"done,omitempty"`   // how much of the story is over, 0 to 1, as far as that can be told

	// figure
	Figure *Figure `json:"figure,omitempty"`

	// verdict
	Result string `json:"result,omitempty"` // survived, died, or unclear where the story's own conditions weren't met
	Passed bool   `json:"passed,omitempty"` // survived, or died unprotected: what the exit code says
}

// Kinds of events.
const (
	KindBegan   = "began"
	KindStep    = "step"
	KindSample  = "sample"
	KindFigure  = "figure"
	KindVerdict = "verdict"
	KindError   = "error"
)

// Whose doing a step is.
const (
	WhoStory   = "story"   // the story's own: what it starts and asks
	WhoWorld   = "world"   // what happened to the shop
	WhoPintail = "pintail" // what Pintail did about it, of its own accord
	WhoVisitor = "visitor" // what somebody in the shop saw
)

// Results of a story.
const (
	Survived = "survived"
	Died     = "died"
	Unclear  = "unclear"
)

// A Chart is one plot over the time of the story.
type Chart struct {
	Title string `json:"title"`
	Unit  string `json:"unit"`          // "a second", "ms"
	Log   bool   `json:"log,omitempty"` // on a logarithmic scale
	Lines []Line `json:"lines"`
}

// A Line is one line of a chart.
type Line struct {
	Key   string `json:"key"`   // of Event.Values
	Label string `json:"label"` // what people read
	Tone  string `json:"tone"`  // good, plain, warn or bad
}

// A Figure is one thing that was measured, and what it had to be.
type Figure struct {
	Name  string  `json:"name"`  // "stale_answers": the same in every run
	Label string  `json:"label"` // "answers that were out of date"
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"` // "ms", "%"; empty for a count
	Want  string  `json:"want,omitempty"` // "at least 10,000"; empty where it is only told
	OK    bool    `json:"ok"`
	// Ground is for what the story itself must bring about: where it isn't OK, nothing was proven either way.
	Ground bool `json:"ground,omitempty"`
	// Timed is for what depends on how fast the machine is and what else it does.
	Timed bool `json:"timed,omitempty"`
}
