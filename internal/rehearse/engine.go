package rehearse

import (
	"context"
	"time"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// An engine makes shadow databases.
type engine interface {
	// make makes an empty database and fills it as w says, table by table, with the indexes that production has, and tells the planner
	// about it. It tells how many rows went in.
	make(ctx context.Context, w *world, tell func(rows int64)) (database, error)
	// close takes away what is left.
	close(ctx context.Context) error
}

// A database is the shadow at one size.
type database interface {
	// run runs a plan and counts. A write is rolled back. Only where it is asked for, the sample says by which plan.
	run(ctx context.Context, p *plan.Plan, args query.Args, explain bool) (sample, error)
	// index makes an index, or drops it.
	index(ctx context.Context, x *schema.Index, drop bool) error
	// refused is the share of a table's rows that its own constraints refused.
	refused(t *schema.Table) float64
	// drop takes the database away.
	drop(ctx context.Context) error
}

// A sample is one run of a plan.
type sample struct {
	work [metrics]float64
	rows int // answered or written
	sort bool
	auto bool   // an index was made for this one run
	plan string // the plan's shape: which tables by which indexes in which order, without numbers
	took time.Duration
}

// A metric is a way to count work. The worst one decides.
type metric uint8

const (
	units metric = iota // SQLite: steps of its virtual machine; PostgreSQL: rows that the plan's nodes touched
	pages               // pages looked at
	temp                // PostgreSQL: blocks of temporary files
	metrics
)

// unitsNamed are what units are called on an engine.
var unitsNamed = map[string][metrics]string{
	"sqlite":   {"steps", "pages", ""},
	"postgres": {"rows", "pages", "temporary blocks"},
}
