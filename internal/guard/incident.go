package guard

import "time"

// A State says how far an incident is.
type State string

const (
	Open      State = "open"      // noticed; nothing is being done yet
	Held      State = "held"      // the repair is held back on purpose until NotBefore
	Repairing State = "repairing" // one process builds
	Waiting   State = "waiting"   // the last try failed; LastError says why, NotBefore when the next one is
	Blocked   State = "blocked"   // rows are in the way, duplicates or those that refer to nothing: a person has to decide which are right
	Stopped   State = "stopped"   // it was lost too often: somebody drops it on purpose, and a person has to find out who
	Repaired  State = "repaired"  // closed: built again and verified
	Gone      State = "gone"      // closed: it is in order again, and not by a repair of ours
)

// Ended says whether nothing more happens.
func (s State) Ended() bool { return s == Repaired || s == Gone }

// An Incident is one loss from the moment it was noticed: what, when, how long, who.
type Incident struct {
	ID      string    `json:"id"`      // unique; sorts by time
	Subject string    `json:"subject"` // Drift.Index.ID
	Kind    Kind      `json:"kind"`
	Table   string    `json:"table"`
	Name    string    `json:"name"` // the index's
	Unique  bool      `json:"unique,omitempty"`
	What    string    `json:"what"` // a sentence for people
	State   State     `json:"state"`
	Began   time.Time `json:"began"` // when it was noticed
	Ended   time.Time `json:"ended,omitzero"`
	Who     string    `json:"who"` // "unknown" where nobody could tell

	Touched    time.Time     `json:"touched"`                 // when it was last written
	Noticed    string        `json:"noticed_by"`              // the process: host and pid
	Repairer   string        `json:"repaired_by,omitempty"`   // the process that repairs or did
	NotBefore  time.Time     `json:"not_before,omitzero"`     // of Held and Waiting
	Why        string        `json:"held_because,omitempty"`  // of Held
	Tries      int           `json:"tries"`                   // repairs that began
	BuildTime  time.Duration `json:"build_ns,omitempty"`      // of the repair that succeeded
	LastError  string        `json:"last_error,omitempty"`    // of the last one that failed
	Duplicates []Duplicate   `json:"duplicates,omitempty"`    // of Blocked, at most DuplicatesMax
	Orphans    []Duplicate   `json:"orphans,omitempty"`       // of Blocked, at most DuplicatesMax: what a foreign key's rows refer to that isn't there
	Shed       int64         `json:"shed"`                    // requests refused, by all processes that have said so: within seconds
	Shapes     []string      `json:"shapes,omitempty"`        // labels of the shapes that were shed, at most shapesTold
	Drops      int           `json:"drops_in_hour,omitempty"` // losses of this subject within an hour, this one among them
}

// tells says whether an incident on record is of the loss that another process has noticed and is about to write down: it is open, or ended
// after that one was noticed. An end that hasn't come yet is another clock's.
func (i *Incident) tells(of *Incident) bool {
	return !i.State.Ended() || i.Ended.After(of.Began) && !i.Ended.After(time.Now())
}

// Lasted is how long it lasted, or has until now.
func (i *Incident) Lasted() time.Duration {
	if i.Ended.IsZero() {
		return time.Since(i.Began)
	}
	return i.Ended.Sub(i.Began)
}

const (
	// DuplicatesMax is how many groups of rows an incident lists: with the same key, or that refer to the same nothing.
	DuplicatesMax = 100

	// recordsMax is how many incidents are kept; all that are open, whatever their number.
	recordsMax = 1000

	// shapesTold is how many labels of shed shapes an incident keeps.
	shapesTold = 20

	// DropsMax is how many losses of one index within an hour are repaired; at this one the guard stops.
	DropsMax = 3
)
