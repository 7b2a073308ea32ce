// Package guard keeps a database's indexes and foreign keys to what the schema file declares, and the service up while an index is away.
//
// Walk through one incident. Every shape of query in use has a contract (contract.go): the indexes that its plans stand on,
// found by EXPLAIN with typical and with the hottest parameters. At 3 AM somebody drops an index.
//
//  1. Notice (look.go). The catalog is held against the schema file every second; on SQLite also by the next statement, which
//     sees in its own read transaction that the schema has another version. Until then no shape holds more than half of the
//     connections (lanes.go), so that the slow ones can't take the others down.
//  2. Shed (verdict.go, wrap.go). Contracts are frozen now. Of the shapes whose contract names the index, those whose plan would
//     scan a table that is large enough to matter are refused with a 503 that says when to ask again; those of them that run are
//     cancelled. Writes that rely on a lost unique index are refused in any case, and so is whatever else may put rows or values into what it
//     kept apart (pg_puts.go; SQLite's authorizer). For a lost foreign key nothing is refused. Nothing else is touched.
//  3. Record (incident.go). What, when and who is written down where every process sees it, before anything is repaired.
//  4. Repair (repair.go). One process looks again, builds the index, and holds the contracts' plans against it.
//  5. Shed no more. The record is closed with how long it took, and every process adds what it refused (refusals.go).
//
// What knows one kind of database is behind the Engine interface (engine.go): lite_*.go for SQLite, pg_*.go for PostgreSQL.
// The loop, the verdicts and the records are the same for both.
//
//	g, err := guard.New(guard.Config{Engine: engine, Schema: s, …})
//	st = guard.Wrap(st, g)
//	go g.Run(ctx)     // until ctx ends
//	g.Status()        // a plain snapshot
package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pintail-dev/pintail/schema"
)

// RowsMin is from how many rows on a table is large enough for the guard to refuse what would read the whole of it.
const RowsMin = 10_000

// Config says what to guard. The zero value of every field but Engine and Schema is a default.
type Config struct {
	Engine Engine
	Schema *schema.Schema
	Mode   Mode
	Name   string // of this process, in records; default "HOST, process PID"

	RowsMin  int64         // default RowsMin
	Every    time.Duration // between looks at the catalog; default 1 s
	TakeOver time.Duration // how long another process's claim to repair is believed; default 10 s. Whoever takes over looks again under the database's own lock, so that two at once do no harm
	HoldBack time.Duration // between the record of a loss and its repair, for whoever wants to watch; default 0

	// WritesShare says that writes take the same connections as reads, so that they are shared out by shape too.
	WritesShare bool

	// Told, where not nil, is told of every incident that began, ended, or turned out to take a person, from the loop: repairs wait for it.
	Told func(context.Context, Incident)

	Log *slog.Logger // default: nothing is logged
}

func (c Config) withDefaults() Config {
	if c.Name == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "this machine"
		}
		c.Name = fmt.Sprintf("%s, process %d", host, os.Getpid())
	}
	if c.RowsMin == 0 {
		c.RowsMin = RowsMin
	}
	if c.Every == 0 {
		c.Every = time.Second
	}
	if c.TakeOver == 0 {
		c.TakeOver = 10 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// A Guard watches one database. Its methods are safe for concurrent use.
type Guard struct {
	config Config
	schema atomic.Pointer[schema.Schema]
	mode   atomic.Pointer[decided] // nil before the first look
	now    atomic.Pointer[situation]

	ran atomic.Bool // Run was called

	entries    sync.Map // *shape.Shape or *plan.Plan → *entry
	entryCount atomic.Int64
	began      time.Time
	seconds    atomic.Int64 // since it began, roughly
	samples    atomic.Int64 // bytes of the arguments that entries keep

	looking       sync.Mutex // held by whoever looks; guards what follows
	declaredFor   *schema.Schema
	declared      []Index
	appliedFor    *schema.Schema
	applied       map[string]string
	analyzed      map[string]bool // tables that the planner ever had statistics of
	unused        map[string]int  // repairs of indexes that are there but not used, by Index.ID
	declaredCount atomic.Int64
	looked        atomic.Int64
	lookError     atomic.Pointer[error]
	dirty         atomic.Bool // something other than the catalog has changed
	afresh        atomic.Bool // the next look begins another situation, if it finds the same

	damageMu sync.Mutex
	damage   map[string]*damaged // what integrity checks found, by Index.ID
	checked  *Checked
	suspects chan struct{}

	mending   sync.Mutex // held by whoever keeps records and repairs
	workMu    sync.Mutex
	work      map[string]*work // open incidents, by subject
	incidents []Incident       // the newest first, as last read
	readAt    time.Time        // when

	counts sync.Map  // subject → *refusals
	paidAt time.Time // when these were last written down

	refused, canceled, repaired, failures atomic.Int64
	woken, changed, lossy                 chan struct{} // tell who looks, who judges and who repairs that there is something to do
}

// New makes a guard. It looks at nothing before Run, Look or the first change that the store tells of.
func New(c Config) (*Guard, error) {
	if c.Engine == nil || c.Schema == nil {
		return nil, errors.New("guard: an engine and a schema are needed")
	}
	switch c.Mode {
	case Auto, Act, Observe:
	default:
		return nil, fmt.Errorf("guard: there is no mode %q; write repair, observe or off", c.Mode)
	}
	g := &Guard{
		config: c.withDefaults(), began: time.Now(), analyzed: map[string]bool{}, unused: map[string]int{}, damage: map[string]*damaged{}, work: map[string]*work{},
		woken: make(chan struct{}, 1), changed: make(chan struct{}, 1), lossy: make(chan struct{}, 1), suspects: make(chan struct{}, 1),
	}
	g.schema.Store(c.Schema)
	return g, nil
}

// since is a moment in seconds since the guard began, by a clock that nobody sets.
func (g *Guard) since(at time.Time) int64 { return int64(at.Sub(g.began) / time.Second) }

// Reload guards another schema from now on. What shapes stand on is found out anew.
func (g *Guard) Reload(s *schema.Schema) {
	g.schema.Store(s)
	g.entries.Range(func(_, v any) bool {
		v.(*entry).contract.Store(nil)
		return true
	})
	g.dirty.Store(true)
	g.wake()
}

// Look looks at the catalog now.
func (g *Guard) Look(ctx context.Context) error { return g.look(ctx, false) }

// wake tells the loops that there is something to do.
func (g *Guard) wake() {
	for _, c := range [...]chan struct{}{g.woken, g.changed, g.lossy} {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
