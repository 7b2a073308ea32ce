package guard

import "time"

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
	Declared  int         `json:"declared"`             // indexes that the schema declares
	Contracts int         `json:"contracts"`            // shapes of which is known what they stand on
	Drift     []Drift     `json:"drift"`                // differences now
	Shed      []ShedShape `json:"shed"`                 // shapes that are refused now
	Refused   int64       `json:"refused"`              // requests refused since the start, by this process
	Canceled  int64       `json:"canceled"`             // statements cancelled since the start
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
