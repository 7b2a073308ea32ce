package console

import (
	"encoding/json"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/gate/limit"
	"github.com/pintail-dev/pintail/internal/gate/shed"
	"github.com/pintail-dev/pintail/internal/guard"
)

// A State is one look at a running server: what /state answers, and /events every second. Times are milliseconds, rates are
// a second. It holds names of the schema and addresses of clients, but no value of a request and nothing secret.
type State struct {
	At       time.Time `json:"at"`
	Server   Server    `json:"server"`
	Headline Headline  `json:"headline"`

	// Window is over how many seconds rates and times were taken: some WindowTime, less or more where nobody looked for a
	// while, 0 for a first look, which has totals only.
	Window float64 `json:"window_s"`

	Requests Flow      `json:"requests"`
	Sent     Rate      `json:"sent_bytes"` // bodies of answers
	Routes   []Route   `json:"routes"`     // those that were asked, by name
	REST     Flow      `json:"rest"`       // of Routes, those under /rest/v1
	GraphQL  Flow      `json:"graphql"`    // and those of GraphQL
	Refused  []Refused `json:"refused"`    // what didn't get what it wanted, by why
	Stages   Stages    `json:"stages"`
	Engine   Flow      `json:"engine"`  // what the database was asked, cached answers not among them
	Waiting  Flow      `json:"waiting"` // statements that waited for their turn before the engine, and how long
	Cache    *Cache    `json:"cache"`   // null where there is none

	Gate  Gate          `json:"gate"`
	Guard *guard.Status `json:"guard"` // null where there is none

	Shapes     []Shape         `json:"shapes"`       // by the time that they took in all, the dearest first, at most ShapesShown
	ShapesKept int             `json:"shapes_known"` // how many there are
	Slow       []Slow          `json:"slow"`         // the newest first
	SlowSeen   uint64          `json:"slow_seen"`    // since the start
	SlowTime   float64         `json:"slow_ms"`      // from where on a statement is slow; 0 where none is
	Rehearsal  json.RawMessage `json:"rehearsal"`    // data/rehearsal.json as it is; null for none
	Stories    []string        `json:"stories"`      // that can be told here; empty except in the demo
}

// A Server says who answers.
type Server struct {
	Version  string    `json:"version"`
	Engine   string    `json:"engine"`   // sqlite or postgres
	Database string    `json:"database"` // its address without password
	Tables   int       `json:"tables"`
	Open     bool      `json:"open"` // every caller is an admin
	Began    time.Time `json:"began"`
	Stopping bool      `json:"stopping"`
	Listen   string    `json:"listen"` // where the API is
}

// A Rate is a count since the start, and how fast it grows now.
type Rate struct {
	Total uint64  `json:"total"`
	Rate  float64 `json:"rate"`
}

// A Flow is what passed somewhere: how many since the start, how many a second now, and how long they take now.
type Flow struct {
	Rate
	P50 float64 `json:"p50_ms"` // 0 where none passed in the window
	P99 float64 `json:"p99_ms"`
}

// A Route is one of the API's, as in the metrics: "GET /rest/v1/{table}".
type Route struct {
	Name string `json:"name"`
	Flow
}

// A Refused is one reason for which requests didn't get what they wanted.
type Refused struct {
	Box    string     `json:"box"`  // the part of the picture that said no: gate, auth, api, plan, guard or store
	Code   fault.Code `json:"code"` // of docs/errors.md
	Status int        `json:"status"`
	Title  string     `json:"title"` // what it is, a short phrase; empty for codes that aren't Pintail's
	Do     string     `json:"do"`    // what to do about it
	Rate
}

// Stages are the parts of a request that are timed.
type Stages struct {
	Parse  Flow `json:"parse"` // reading a request, and who asks
	Plan   Flow `json:"plan"`
	Store  Flow `json:"store"` // the cache, the guard and the database
	Answer Flow `json:"answer"`
}

// A Gate is what the gate let in and refused since the start, and what it holds everyone to.
type Gate struct {
	Limit       limit.Stats           `json:"limit"`
	Reads       shed.Stats            `json:"reads"`
	Writes      shed.Stats            `json:"writes"`
	Connections limit.ConnectionStats `json:"connections"`
}

// A Cache is what became of reads.
type Cache struct {
	Hits        Rate   `json:"hits"`
	Misses      Rate   `json:"misses"`
	Invalidated Rate   `json:"invalidated"`
	Joined      Rate   `json:"joined"`
	Passed      Rate   `json:"passed"`
	Evicted     Rate   `json:"evicted"`
	Doubts      Rate   `json:"doubts"`  // of the misses, those because of a commit of which nobody knew yet what it touched
	Foreign     Rate   `json:"foreign"` // times that commits of another process were noticed, or DDL
	Entries     int    `json:"entries"`
	Bytes       uint64 `json:"bytes"`
	BytesMax    int64  `json:"bytes_max"`
}

// A Shape is one shape of query.
type Shape struct {
	ID     string  `json:"id"`
	Role   string  `json:"role"`
	Label  string  `json:"label"`
	Calls  Rate    `json:"calls"`
	Errors Rate    `json:"errors"`
	Rows   float64 `json:"rows"`   // of one call, on average since the start
	Share  float64 `json:"share"`  // of all time in the store since the start, 0 to 1
	Now    float64 `json:"now"`    // the same in the window
	P50    float64 `json:"p50_ms"` // in the window; where nothing was asked in it, since the start
	P99    float64 `json:"p99_ms"`
	Fresh  bool    `json:"fresh"` // the times are those of the window
}

// A Slow is one run of a statement that took long.
type Slow struct {
	At    time.Time `json:"at"`
	Took  float64   `json:"took_ms"`
	Shape string    `json:"shape"` // its ID
	Label string    `json:"label"`
	How   string    `json:"how"` // the engine's plan
}

// Sheds says whether the guard refuses a shape now.
func (s *State) Sheds(shape *Shape) bool {
	if s.Guard == nil {
		return false
	}
	for i := range s.Guard.Shed {
		if s.Guard.Shed[i].ID == shape.ID {
			return true
		}
	}
	return false
}
