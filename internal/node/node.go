// Package node answers requests: the one place where the stages meet. A request is read by its dialect, known by its actor,
// planned (or found planned), run by the store, and written by its dialect again:
//
//	api.Request ─ rest.Parse ─ auth.Who ─ plan.Resolve ─ store.Read or Write ─ Ask.Answer ─ api.Response
//
// GraphQL goes the same way, by graphql.Parse and Dialect.Prepare to Batch.Respond.
//
// A Node holds one schema at a time and swaps it whole: a request sees the old one or the new one, never both.
package node

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/internal/api/graphql"
	"github.com/pintail-dev/pintail/internal/api/rest"
	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A Request and a Response are the node's own, so that net/http, a faster front and tests carry the same core.
type (
	Request  = api.Request
	Response = api.Response
)

// DefaultSlowTime is Options.SlowTime where nothing is said.
const DefaultSlowTime = 500 * time.Millisecond

// A Node answers requests on one schema and one store. It is safe for concurrent use.
type Node struct {
	store  store.Store
	keeper *auth.Keeper
	o      Options
	now    atomic.Pointer[generation]
	slow   *slowLog
	book   *shape.Book

	persisted *graphql.Persisted
}

// Options are a node's settings.
type Options struct {
	REST        RESTOptions
	GraphQL     GraphQLOptions
	PlanBytes   int           // of the plan cache; 0 means 32 MiB
	AnswerTime  time.Duration // for a whole request; 0 means 30 s
	SlowTime    time.Duration // statements that take longer are logged; 0 means 500 ms, below 0 none
	HookTime    time.Duration // for each hook; 0 means 1 s
	Log         *slog.Logger  // nil logs nothing
	Hooks       Hooks
	Admission   Admission
	ChargeRows  bool   // Admission.Charge wants to know the rows
	Unrecorded  bool   // keep no book of shapes: what recording costs is measured against this
	ServerTimes bool   // answer with Server-Timing
	Functions   bool   // the engine runs functions of the database's own, which read the request and write media types: PostgreSQL
	Version     string // of the program, for the API's description
}

// RESTOptions are the keys under rest of pintail.yaml, with PostgREST's meaning.
type RESTOptions struct {
	TxEnd      string // commit, commit-allow-override, rollback, rollback-allow-override
	MaxRows    int64  // 0 means no limit
	Aggregates bool
	Plan       bool // answer application/vnd.pgrst.plan
}

// GraphQLOptions are the keys under graphql of pintail.yaml.
type GraphQLOptions struct {
	StringifyNumeric bool           // bigint, numeric and float8 are answered as strings
	Limits           graphql.Limits // CostMax is graphql.cost
}

// Hooks gives the hooks that run around a write to a table. The zero Hooks has none.
type Hooks struct {
	// Before gives what runs inside the write's transaction.
	Before func(ctx context.Context, who query.Actor, p *plan.Plan, args query.Args) []store.Hook
	// After runs once the write is committed.
	After func(ctx context.Context, who query.Actor, p *plan.Plan, args query.Args, r store.Result)
}

// A generation is what belongs to one schema: everything that a reload replaces.
type generation struct {
	schema *schema.Schema
	plans  *plan.Cache
	docs   *docs
	graph  *graph
	media  rest.Handlers
}

func newGeneration(s *schema.Schema, o *Options) *generation {
	g := &generation{schema: s, plans: plan.NewCache(o.PlanBytes), docs: new(docs), graph: newGraph(s)}
	if o.Functions {
		g.media = handlers(s)
	}
	return g
}

// New returns a node that answers on s through st.
func New(s *schema.Schema, st store.Store, keeper *auth.Keeper, o Options) *Node {
	if o.PlanBytes == 0 {
		o.PlanBytes = 32 << 20
	}
	if o.AnswerTime == 0 {
		o.AnswerTime = 30 * time.Second
	}
	if o.SlowTime == 0 {
		o.SlowTime = DefaultSlowTime
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	n := &Node{store: st, keeper: keeper, o: o, persisted: graphql.NewPersisted(o.GraphQL.Limits.PersistedBytes)}
	n.slow = newSlowLog(n)
	n.book = shape.NewBook(0)
	n.Reload(s)
	return n
}

// Shapes are the shapes of all queries that the node has run.
func (n *Node) Shapes() *shape.Book { return n.book }

// Reload answers on s from the next request on. Requests that run keep the schema that they began with.
func (n *Node) Reload(s *schema.Schema) {
	n.now.Store(newGeneration(s, &n.o))
}

// Schema is what the node answers on now.
func (n *Node) Schema() *schema.Schema { return n.now.Load().schema }

// Ready says whether the store answers.
func (n *Node) Ready(ctx context.Context) error { return n.store.Ready(ctx) }

// Do runs one query for an actor: the door that every dialect, hook and Go program goes through.
func (n *Node) Do(ctx context.Context, who query.Actor, q query.Query) (store.Result, error) {
	var times Times
	_, r, err := n.run(ctx, n.now.Load(), who, q, nil, &times)
	return r, err
}

// Times are how long each stage of a request took.
type Times struct {
	Parse, Plan, Store, Answer time.Duration
}

// run plans q and gives it to the store. r is the request that asks, nil for none.
func (n *Node) run(ctx context.Context, g *generation, who query.Actor, q query.Query, r *api.Request, times *Times) (*plan.Plan, store.Result, error) {
	begin := time.Now()
	p, args, err := n.plan(g, who, q)
	times.Plan = time.Since(begin)
	if err != nil {
		return nil, store.Result{}, err
	}
	result, err := n.timed(ctx, g, who, p, args, r, times)
	return p, result, err
}

// timed gives a plan to the store, and logs it where that takes long.
func (n *Node) timed(ctx context.Context, g *generation, who query.Actor, p *plan.Plan, args query.Args, r *api.Request, times *Times) (store.Result, error) {
	if r != nil && n.o.Functions && p.RunsFunctions() {
		ctx = store.WithSettings(ctx, settings(r, who))
	}
	begin := time.Now()
	result, err := n.execute(ctx, g, who, p, args)
	took := time.Since(begin)
	times.Store += took
	if turnedAway(err) {
		return result, err
	}
	note(p, args, result, err, took)
	if n.o.SlowTime > 0 && took > n.o.SlowTime {
		n.slow.note(ctx, p, args, took)
	}
	return result, err
}

// plan finds the plan of q's shape, or makes it.
func (n *Node) plan(g *generation, who query.Actor, q query.Query) (*plan.Plan, query.Args, error) {
	buf := shapes.Get().(*[]byte)
	defer func() { shapes.Put(buf) }()
	shape, args := query.Parameterize(q, (*buf)[:0])
	*buf = shape
	p, err := n.planned(g, who, q, shape)
	if err == nil && p.Call != nil {
		err = p.Call.Check(args)
	}
	return p, args, err
}

// planned is plan for a query that went through query.Parameterize.
func (n *Node) planned(g *generation, who query.Actor, q query.Query, key []byte) (*plan.Plan, error) {
	if p, ok := g.plans.Get(g.schema.Version, who.Role, key); ok {
		return p, nil
	}
	p, err := plan.Resolve(q, g.schema, plan.Options{Aggregates: n.o.REST.Aggregates, EmbedDepthMax: max(embedDepthMax, n.o.GraphQL.Limits.Document.Depth)})
	if err != nil {
		return nil, err
	}
	if !n.o.Unrecorded {
		p.Shape = n.book.Of(who.Role, key, func() shape.About { return plan.About(p, q) })
	}
	g.plans.Put(g.schema.Version, who.Role, key, p)
	return p, nil
}

// embedDepthMax is how deep embeds nest where graphql.depth doesn't say more. REST has a lower limit of its own.
const embedDepthMax = 12

func (n *Node) execute(ctx context.Context, g *generation, who query.Actor, p *plan.Plan, args query.Args) (store.Result, error) {
	if err := n.charge(ctx, p, args); err != nil {
		return store.Result{}, err
	}
	if p.Op == plan.Read || p.Op == plan.Sequence && p.ReadsOnly() {
		return n.store.Read(ctx, p, args)
	}
	defer g.graph.wrote(p)
	tx := store.Tx{Plan: p, Args: args}
	if n.o.Hooks.Before != nil {
		tx.Before = n.o.Hooks.Before(ctx, who, p, args)
	}
	r, err := n.store.Write(ctx, tx)
	if err == nil && n.o.Hooks.After != nil && !r.RolledBack {
		n.o.Hooks.After(ctx, who, p, args, r)
	}
	return r, err
}

// DoIn is Do inside a running transaction, for hooks.
func (n *Node) DoIn(ctx context.Context, h store.Handle, who query.Actor, q query.Query) (store.Result, error) {
	p, args, err := n.plan(n.now.Load(), who, q)
	if err != nil {
		return store.Result{}, err
	}
	begin := time.Now()
	var r store.Result
	if p.ReadsOnly() && p.Op != plan.Call {
		r, err = h.Read(ctx, p, args)
	} else {
		r, err = h.Write(ctx, p, args)
	}
	note(p, args, r, err, time.Since(begin))
	return r, err
}

// note counts a run of a plan in its shape.
func note(p *plan.Plan, args query.Args, r store.Result, err error, took time.Duration) {
	p.Shape.Note(args, took, max(int64(r.Rows), r.Affected), err != nil && fault.From(err).HTTPStatus() >= 500)
}
