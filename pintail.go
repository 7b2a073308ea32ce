// Package pintail turns one schema file, or a PostgreSQL or SQLite database that is already there, into REST and GraphQL.
//
// This package is the wiring, and the face for Go programs: New opens a database and a schema file, Handler serves them
// under any net/http server, Run listens by itself, Do asks a query as any client would, Before and After put Go code
// around writes, Handle adds routes.
//
//	app, err := pintail.New(ctx, pintail.Config{Schema: "schema.graphql", Database: "sqlite:data/pintail.db", Open: true})
//	if err != nil {
//		log.Fatal(err)
//	}
//	app.Before(pintail.Insert, "order", checkStock)
//	log.Fatal(app.Run(ctx))
package pintail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/console"
	"github.com/pintail-dev/pintail/internal/guard"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/cache"
	"github.com/pintail-dev/pintail/internal/store/postgres"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// DefaultCacheBytes is Config.CacheBytes where nothing is said.
const DefaultCacheBytes = 64 << 20

// AdminSecretLeast is how many bytes an admin secret has where others than this machine may guess at it.
const AdminSecretLeast = 16

// Config says what to serve and how. The zero value serves schema.graphql on sqlite:data/pintail.db to whoever knows the
// admin secret, which is nobody until AdminSecret is set.
type Config struct {
	Schema   string         // path of the schema file or of a directory of *.graphql, with queries/ beside it; default "schema.graphql"
	Parsed   *schema.Schema // instead of Schema: one that is already read
	Database string         // "sqlite:PATH" or "postgres://…"; default "sqlite:data/pintail.db"
	Public   string         // directory of static files served at /; default "public" beside the schema file, if it is there

	Listen      string   // default "127.0.0.1:8080"
	Admin       string   // admin address for the console, /livez, /readyz and /metrics; default "127.0.0.1:8081", "off" for none
	AdminHosts  []string // Host headers that the admin address answers besides loopback ones
	AdminSecret string   // opens everything to whoever sends it; at least AdminSecretLeast bytes where Listen is no loopback address
	Open        bool     // every caller on this machine is an admin; Listen must be a loopback address

	REST    node.RESTOptions
	GraphQL node.GraphQLOptions
	Origins []string // of pages that may call across origins; "*" for all; not in open mode
	Limits  node.Limits
	Gate    GateConfig

	Guard         string // what is done about lost indexes: "repair", "observe", "off"; default repair where `pintail schema apply` made the tables, else observe
	NotifyWebhook string // URL to which the guard posts its incidents as JSON; empty for none

	GuardHold time.Duration // between the notice of a loss and its repair, for whoever wants to watch what happens meanwhile; default 0

	CacheBytes int64 // of answers that are kept in memory, on SQLite; default DefaultCacheBytes, negative for none

	ConnectionsMax     int           // to the database; 0 for the engine's default
	TransactionPooling bool          // PostgreSQL behind PgBouncer in transaction mode: no named prepared statements
	StatementTime      time.Duration // for one SQL statement; default 5 s
	AnswerTime         time.Duration // for a whole request; default 30 s
	AnswerBytesMax     int64         // default 32 MiB
	SlowTime           time.Duration // statements that take longer are logged with their plan; default 500 ms
	NetHTTP            bool          // Run serves everything by net/http, plain requests for the API too
	DrainTime          time.Duration // between /readyz turning false and the listener closing, on stop; default 0
	ServerTimes        bool          // answer with Server-Timing

	Version string // of the program, for the API's description and /v1/version; may be empty

	Stories Stories // that the console's page can tell; the demo has some

	Log *slog.Logger // default: nothing is logged
}

func (c Config) withDefaults() Config {
	if c.Schema == "" {
		c.Schema = "schema.graphql"
	}
	if c.Database == "" {
		c.Database = "sqlite:data/pintail.db"
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	if c.Admin == "" {
		c.Admin = "127.0.0.1:8081"
	}
	if c.StatementTime == 0 {
		c.StatementTime = 5 * time.Second
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = DefaultCacheBytes
	}
	if c.AnswerBytesMax == 0 {
		c.AnswerBytesMax = 32 << 20
	}
	if c.REST.TxEnd == "" {
		c.REST.TxEnd = "commit"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// An App is one served database. Its methods are safe for concurrent use; Before, After and Handle are for the time
// before the first request.
type App struct {
	config Config
	node   *node.Node
	front  *node.Front
	store  store.Store
	bare   store.Store    // the engine alone, of what store stands around
	files  http.Handler   // the static files; nil for none
	routes *http.ServeMux // of Handle
	shades bool           // one of routes may be for a path of the API
	hooks  hooks
	gauge  *gauges
	gate   *gate
	log    *slog.Logger

	began       time.Time
	console     *console.Console
	rehearsal   *rehearsal
	address     atomic.Pointer[string] // where RunOn listens
	guard       *guard.Guard           // nil where it is off
	guardEngine guard.Engine           // its own connections
	webhook     *guard.Webhook         // is told of its incidents; nil for nobody

	draining sync.Once
	drained  chan struct{} // closed once the app is stopping
}

// New opens the database and reads the schema. The error of a schema file with mistakes is a schema.Mistakes. It starts
// nothing: Run listens, or Handler goes under a server of the caller's. Close gives the database back.
func New(ctx context.Context, c Config) (*App, error) {
	c = c.withDefaults()
	if c.Open && len(c.Origins) > 0 {
		return nil, errors.New("open mode allows no other origin: leave Origins empty, or set an admin secret instead of Open")
	}
	s := c.Parsed
	if s == nil {
		var err error
		if s, err = schema.Load(c.Schema); err != nil {
			return nil, err
		}
	}
	var hook *guard.Webhook
	var told func(context.Context, guard.Incident)
	if c.NotifyWebhook != "" {
		var err error
		if hook, err = guard.NewWebhook(c.NotifyWebhook, c.Log); err != nil {
			return nil, fmt.Errorf("the address to notify: %w", err)
		}
		told = hook.Tell
	}
	keeper := auth.Locked(c.AdminSecret)
	if c.Open {
		keeper = auth.Open()
	}
	reads, writes := runBounds(c)
	gate, err := newGate(c.Gate, keeper, c.Log, reads, writes)
	if err != nil {
		return nil, err
	}
	bare, err := openStore(c, s)
	if err != nil {
		return nil, err
	}
	st, watcher, engine, err := guarded(c, s, bare, told)
	if err != nil {
		return nil, err
	}
	st = &admitted{Store: st, gate: gate, byShape: watcher != nil}
	if c.CacheBytes > 0 {
		st = cache.Wrap(st, cache.Config{Bytes: c.CacheBytes})
	}
	a := &App{
		config: c, store: st, bare: bare, guard: watcher, guardEngine: engine, webhook: hook, gate: gate, log: c.Log, routes: http.NewServeMux(), gauge: newGauges(),
		drained: make(chan struct{}),
	}
	if kept, ok := st.(*cache.Store); ok {
		a.gauge.registry.MustRegister(cacheMoment(kept))
	}
	if a.guard != nil {
		a.gauge.registry.MustRegister(guardMoment(a.guard))
	}
	a.gauge.registry.MustRegister(gateMoment(gate))
	a.node = node.New(s, st, keeper, node.Options{
		REST: c.REST, GraphQL: c.GraphQL, AnswerTime: c.AnswerTime, SlowTime: c.SlowTime, Log: c.Log, ServerTimes: c.ServerTimes, Version: c.Version,
		Functions: !strings.HasPrefix(c.Database, "sqlite:"),
		Hooks:     node.Hooks{Before: a.before, After: a.after}, Admission: gate.admission(), ChargeRows: gate.limiter.Policy().Rows,
	})
	a.front = node.NewFront(a.node, c.Limits, c.Origins, a.seen)
	if dir := c.public(); dir != "" {
		a.files = static(dir)
	}
	a.began, a.rehearsal = time.Now(), newRehearsal(c)
	a.console = console.New(console.Config{Read: a.counters, Stopping: a.drained, Stories: c.Stories, Log: c.Log})
	return a, nil
}

// openStore opens the engine that the DSN names.
func openStore(c Config, s *schema.Schema) (store.Store, error) {
	if path, ok := strings.CutPrefix(c.Database, "sqlite:"); ok {
		return sqlite.Open(sqlite.Config{
			Path: path, Readers: c.ConnectionsMax, Statement: c.StatementTime, AnswerBytes: int(c.AnswerBytesMax),
			CountRows: c.REST.MaxRows,
		})
	}
	if strings.HasPrefix(c.Database, "postgres://") || strings.HasPrefix(c.Database, "postgresql://") {
		return postgres.Open(postgres.Config{
			DSN: c.Database, Default: s.Default, SearchPath: append(slices.Clone(s.Exposed), s.SearchPath...), ConnsMax: c.ConnectionsMax,
			Pooled: c.TransactionPooling, StatementTimeout: c.StatementTime, BodyBytesMax: int(c.AnswerBytesMax), EstimateMax: c.REST.MaxRows,
		})
	}
	return nil, fmt.Errorf("the database address %q begins with neither sqlite: nor postgres://", redact(c.Database))
}

// Handler serves the API, the custom routes and the static files.
func (a *App) Handler() http.Handler {
	routes, files := a.front.Admit(a.routes), a.front.Admit(a.files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serves := node.Serves(r.URL.Path)
		if a.shades || !serves {
			if _, pattern := a.routes.Handler(r); pattern != "" {
				routes.ServeHTTP(w, r)
				return
			}
		}
		if a.files != nil && !serves {
			files.ServeHTTP(w, r)
			return
		}
		a.front.ServeHTTP(w, r)
	})
}

// Handle adds a route in net/http's pattern form, before the API's own.
func (a *App) Handle(pattern string, h http.Handler) {
	a.routes.Handle(pattern, h)
	if _, path, _ := strings.Cut(pattern, "/"); node.Serves("/"+path) || path == "" || path[0] == '{' || strings.HasPrefix(path, "rest/{") {
		a.shades = true
	}
}

// Do asks one query as an actor: it takes the way that every client's request takes.
func (a *App) Do(ctx context.Context, who query.Actor, q query.Query) (Result, error) {
	return a.node.Do(ctx, who, q)
}

// GraphQL answers a GraphQL request of an actor as a client would read it: {"data": …} or {"errors": […]}. operation names the
// one of several in the document that is meant, and may be empty; variables is a JSON object, and may be nil. The error is of
// what is no request at all.
func (a *App) GraphQL(ctx context.Context, who query.Actor, document, operation string, variables []byte) ([]byte, error) {
	return a.node.GraphQL(ctx, who, document, operation, variables)
}

// Result is what a query answers.
type Result = store.Result

// Schema is what the app serves now.
func (a *App) Schema() *schema.Schema { return a.node.Schema() }

// Reload serves another schema from the next request on, without dropping one. The database must be in step with it.
func (a *App) Reload(s *schema.Schema) {
	a.node.Reload(s)
	if a.guard != nil {
		a.guard.Reload(s)
	}
}

// Close waits for what runs and gives the database back.
func (a *App) Close() error {
	a.console.Close()
	err := a.store.Close()
	if a.guardEngine != nil {
		err = errors.Join(err, a.guardEngine.Close())
	}
	return err
}

// Listen is the address that Run serves.
func (a *App) Listen() string { return a.config.Listen }

// listens is the address that is served, with its port.
func (a *App) listens() string {
	if at := a.address.Load(); at != nil {
		return *at
	}
	return a.config.Listen
}
