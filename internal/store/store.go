// Package store is the seam between plans and databases: everything that runs plans is one Store. The cache will be a
// Store around a Store, and so is fault injection in tests.
//
// A read is one SQL statement on one snapshot and comes back as finished bytes; several in a Sequence share the snapshot, on
// SQLite with a statement each. An acknowledged write is on disk.
// Cancelling the context stops the SQL within 100 ms. Both engines answer the same bytes for the same data and plan;
// docs/quirks.md has the exceptions.
package store

import (
	"context"
	"strconv"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
)

// A Store runs plans. Errors that a client may read are *fault.Fault; all others are internal.
type Store interface {
	// Read runs a plan that only reads (plan.Plan.ReadsOnly), a Sequence too: on one snapshot.
	Read(ctx context.Context, p *plan.Plan, args query.Args) (Result, error)
	// Write runs a transaction: all of it or none of it.
	Write(ctx context.Context, tx Tx) (Result, error)
	// Ready says whether the engine answers.
	Ready(ctx context.Context) error
	// Close waits for what runs and gives everything back.
	Close() error
}

// A Tx is one write, with what runs around it inside its transaction.
type Tx struct {
	Plan   *plan.Plan
	Args   query.Args
	Before []Hook // run in order before the write; an error rolls everything back. A Tx with hooks commits alone
}

// A Hook runs inside a transaction before its write. It has one second.
type Hook func(ctx context.Context, h Handle) error

// A Handle reads and writes inside a running transaction.
type Handle interface {
	Read(ctx context.Context, p *plan.Plan, args query.Args) (Result, error)
	Write(ctx context.Context, p *plan.Plan, args query.Args) (Result, error)
}

// Settings are what PostgreSQL's functions, triggers, defaults and views may read of the request: PostgREST's transaction-scoped
// settings (docs: "Transactions") request.method, request.path, request.headers, request.cookies and request.jwt.claims.
type Settings struct {
	Method, Path             string
	Headers, Cookies, Claims []byte // JSON objects
	Role                     string
}

type settingsKey struct{}

// WithSettings lets what runs read the request.
func WithSettings(ctx context.Context, s *Settings) context.Context {
	return context.WithValue(ctx, settingsKey{}, s)
}

// RequestSettings are those of WithSettings; nil for none.
func RequestSettings(ctx context.Context) *Settings {
	s, _ := ctx.Value(settingsKey{}).(*Settings)
	return s
}

// A Result is a finished answer.
type Result struct {
	Body       []byte      // JSON: an array of rows, `[]` for none; a bare value for a scalar call; CSV where the plan says so; nil for nothing
	Rows       int         // rows in Body
	Total      int64       // what Select.Count found; -1 where it wasn't asked
	Affected   int64       // rows inserted, updated or deleted
	Inserted   int64       // of Affected, those that were not there before
	Key        []KeyValue  // primary key of the first affected row, where End.Keys
	Status     int         // what PostgreSQL's functions set as response.status; 0 for none
	Headers    [][2]string // and as response.headers
	RolledBack bool
	Steps      []Result // of a plan.Sequence: its members', in order; Body is nil then, the numbers are sums
}

// A StepError says which member of a plan.Sequence failed. Every error of one that a member brought about is such a one, a
// fault inside it; what befell the whole (a time limit while it waits, a commit that fails) is not.
type StepError struct {
	Step int // place in Plan.Steps
	Err  error
}

func (e *StepError) Error() string { return "step " + strconv.Itoa(e.Step) + ": " + e.Err.Error() }
func (e *StepError) Unwrap() error { return e.Err }

// A KeyValue is one column of a primary key, as text.
type KeyValue struct {
	Column, Value string
	Null          bool // of a view, whose key is another table's
}

// An Explainer tells how it would run a plan (PostgREST's application/vnd.pgrst.plan; the slow log).
type Explainer interface {
	Explain(ctx context.Context, p *plan.Plan, args query.Args, o ExplainOptions) ([]byte, error)
}

// ExplainOptions are those of PostgreSQL's EXPLAIN.
type ExplainOptions struct {
	JSON                                     bool // rather than text
	Analyze, Verbose, Settings, Buffers, WAL bool

	Generic bool // the plan for any values, which shows none of them
}

type zoneKey struct{}

// WithZone asks for timestamptz values in an IANA time zone rather than UTC (Prefer: timezone).
func WithZone(ctx context.Context, zone string) context.Context {
	if zone == "" {
		return ctx
	}
	return context.WithValue(ctx, zoneKey{}, zone)
}

// Zone is what WithZone asked for; empty is UTC.
func Zone(ctx context.Context) string {
	z, _ := ctx.Value(zoneKey{}).(string)
	return z
}
