package node

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/internal/api/graphql"
	"github.com/pintail-dev/pintail/internal/api/openapi"
	"github.com/pintail-dev/pintail/internal/api/rest"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

const restPrefix = "/rest/v1"

// Serves says whether a path is the node's own, rather than a static file's or a custom route's.
func Serves(path string) bool {
	return path == restPrefix || strings.HasPrefix(path, restPrefix+"/") || path == "/openapi.json" || servesGraphQL(path)
}

// answer answers one request.
func (n *Node) answer(ctx context.Context, r *api.Request, times *Times) api.Response {
	switch {
	case r.Path == "/openapi.json":
		return n.describe(r)
	case servesGraphQL(r.Path):
		return n.graphql(ctx, r, times)
	case Serves(r.Path):
		return n.rest(ctx, r, times)
	}
	return n.fail(r, fault.New(fault.BadPath, "Invalid path specified in request URL").
		WithDetails("nothing is served at %q", r.Path).
		WithHint("tables are under %s/, their description at /openapi.json; GraphQL is at %s", restPrefix, GraphQLPath))
}

// rest answers a request in PostgREST's dialect.
func (n *Node) rest(ctx context.Context, r *api.Request, times *Times) api.Response {
	begin := time.Now()
	g := n.now.Load()
	who, err := n.keeper.Who(r)
	if err != nil && !preflight(r) {
		return n.fail(r, err)
	}
	r.Path = strings.TrimPrefix(r.Path, restPrefix)
	ask, err := rest.Parse(r, n.restOptions(g))
	times.Parse = time.Since(begin)
	if err != nil {
		return n.fail(r, err)
	}
	out, err := n.ask(ctx, g, who, r, ask, times)
	if err != nil {
		out = n.fail(r, err)
	}
	out.Route = route(r.Method, ask)
	if n.o.ServerTimes {
		out.Set("Server-Timing", times.header())
	}
	return out
}

// preflight says whether r is a browser's question before the real one, which carries no key.
func preflight(r *api.Request) bool {
	return r.Method == http.MethodOptions && r.Header("Access-Control-Request-Method") != ""
}

func (n *Node) ask(ctx context.Context, g *generation, who query.Actor, r *api.Request, ask *rest.Ask, times *Times) (api.Response, error) {
	switch ask.Kind {
	case rest.Describe:
		return n.options(g, r, ask)
	case rest.Root:
		text, err := n.document(g, r.Header("Accept-Profile"))
		if err != nil {
			return api.Response{}, err
		}
		return ask.Document(text), nil
	}
	ctx = store.WithZone(ctx, ask.Zone)
	if ask.Explain != nil {
		return n.explain(ctx, g, who, ask)
	}
	p, res, err := n.run(ctx, g, who, ask.Query, r, times)
	if err != nil {
		return api.Response{}, err
	}
	begin := time.Now()
	out, err := ask.Answer(outcome(p, res))
	times.Answer = time.Since(begin)
	return out, err
}

// fail writes an error in the dialect of the path that was asked.
func (n *Node) fail(r *api.Request, err error) api.Response {
	out := rest.Fault(r, err)
	if servesGraphQL(r.Path) {
		out = graphql.Refuse(r, err)
	}
	out.Err = err
	out.Route = r.Method + " (refused)"
	if methods[r.Method] == "" {
		out.Route = "(refused)"
	}
	return out
}

// methods are those that a metric may be named by: a client's own words are no label.
var methods = map[string]string{"GET": "GET", "HEAD": "HEAD", "POST": "POST", "PATCH": "PATCH", "PUT": "PUT", "DELETE": "DELETE", "OPTIONS": "OPTIONS"}

// routes are a method's names for the metrics.
type routes struct{ root, table, function string }

var routeNames = func() map[string]routes {
	names := map[string]routes{}
	for m := range methods {
		names[m] = routes{m + " /rest/v1/", m + " /rest/v1/{table}", m + " /rest/v1/rpc/{function}"}
	}
	return names
}()

func route(method string, ask *rest.Ask) string {
	names := routeNames[method]
	switch {
	case ask.RPC:
		return names.function
	case ask.Name.Name == "":
		return names.root
	}
	return names.table
}

// related tells REST which keys of a row are rows of another table.
func (g *generation) related(table query.Name, key string) (rest.Related, bool) {
	t, ok := g.schema.TableNamed(table)
	if !ok {
		return rest.Related{}, false
	}
	if _, ok := t.Column(key); ok {
		return rest.Related{}, false
	}
	for _, r := range t.Relations {
		if r.Name == key {
			return rest.Related{To: r.To.Name, Many: r.Many}, true
		}
	}
	return rest.Related{}, false
}

func (n *Node) restOptions(g *generation) rest.Options {
	return rest.Options{
		Prefix: restPrefix, Default: g.schema.Default, Exposed: g.schema.Exposed,
		TxEnd: n.o.REST.TxEnd, MaxRows: n.o.REST.MaxRows, PlanEnabled: n.o.REST.Plan, Handlers: g.media, Related: g.related,
	}
}

// outcome hands the store's result to the dialect.
func outcome(p *plan.Plan, r store.Result) rest.Outcome {
	o := rest.Outcome{
		Body: r.Body, Rows: r.Rows, Total: r.Total, Affected: r.Affected, Inserted: r.Inserted,
		Status: r.Status, Headers: r.Headers,
	}
	for _, kv := range r.Key {
		o.Key = append(o.Key, rest.KeyValue{Column: kv.Column, Value: kv.Value, Null: kv.Null})
	}
	if p.Write != nil {
		o.Keyed = p.Write.Table.Primary != nil
	}
	if p.Call != nil {
		o.Bare = !p.Call.Function.Returns.SetOf
		o.Void = p.Call.Function.Returns.Void
	}
	return o
}

// explain answers how the store would run the query.
func (n *Node) explain(ctx context.Context, g *generation, who query.Actor, ask *rest.Ask) (api.Response, error) {
	p, args, err := n.plan(g, who, ask.Query)
	if err != nil {
		return api.Response{}, err
	}
	e, ok := n.store.(store.Explainer)
	if !ok {
		return api.Response{}, fault.New(fault.NotOnSQLite, "plans are not answered on this engine yet")
	}
	x := ask.Explain
	text, err := e.Explain(ctx, p, args, store.ExplainOptions{
		JSON: x.JSON, Analyze: x.Analyze, Verbose: x.Verbose, Settings: x.Settings, Buffers: x.Buffers, WAL: x.WAL,
	})
	if err != nil {
		return api.Response{}, err
	}
	return ask.Answer(rest.Outcome{Body: text, Total: -1})
}

// options says which methods a table or function takes.
func (n *Node) options(g *generation, r *api.Request, ask *rest.Ask) (api.Response, error) {
	can, err := ability(g.schema, ask)
	if err != nil && !preflight(r) {
		return api.Response{}, err
	}
	return ask.Allow(can), nil
}

// describe answers /openapi.json.
func (n *Node) describe(r *api.Request) api.Response {
	if _, err := n.keeper.Who(r); err != nil {
		return n.fail(r, err)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return n.fail(r, fault.New(fault.BadMethod, "Unsupported HTTP method: "+r.Method))
	}
	text, err := n.document(n.now.Load(), r.Header("Accept-Profile"))
	if err != nil {
		return n.fail(r, err)
	}
	out := api.Response{Status: http.StatusOK, Body: text, Route: "GET /openapi.json"}
	out.Set("Content-Type", "application/openapi+json; charset=utf-8")
	return out
}

// document is the OpenAPI document of an exposed schema, the first one where profile is empty.
func (n *Node) document(g *generation, profile string) ([]byte, error) {
	if profile != "" && !slices.Contains(g.schema.Exposed, profile) {
		return nil, fault.New(fault.UnknownProfile, "Invalid schema: "+profile).
			WithHint("%s", "Only the following schemas are exposed: "+strings.Join(g.schema.Exposed, ", "))
	}
	if profile == "" && len(g.schema.Exposed) > 0 {
		profile = g.schema.Exposed[0]
	}
	return g.docs.get(g, openapi.Options{Schema: profile, Server: restPrefix, Version: n.o.Version, Secured: !n.keeper.IsOpen()})
}

// docs are one generation's descriptions, made when they are first asked for.
type docs struct {
	mu   sync.Mutex
	made map[string][]byte // by PostgreSQL schema
}

func (d *docs) get(g *generation, o openapi.Options) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if text, ok := d.made[o.Schema]; ok {
		return text, nil
	}
	text, err := openapi.Write(g.schema, o)
	if err != nil {
		return nil, err
	}
	if d.made == nil {
		d.made = map[string][]byte{}
	}
	d.made[o.Schema] = text
	return text, nil
}

// Serve answers one request without any HTTP library.
func (n *Node) Serve(ctx context.Context, r *Request) Response {
	var times Times
	return n.answer(ctx, r, &times)
}
