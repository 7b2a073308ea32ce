package node

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/internal/api/graphql"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// GraphQLPath is the endpoint, Hasura's. /graphql/v1 is the same.
const GraphQLPath = "/v1/graphql"

// instead says what to do for each of Hasura's other endpoints, which have no counterpart here.
var instead = map[string]string{
	"/v1/metadata":        "the schema file is the metadata: change it, then run `pintail schema apply`",
	"/v1/query":           "the schema file is the metadata, and SQL goes to the database itself or into queries/*.sql",
	"/v2/query":           "the schema file is the metadata, and SQL goes to the database itself or into queries/*.sql",
	"/v1/graphql/explain": "ask the same rows of /rest/v1 with Accept: application/vnd.pgrst.plan, or look at the slow log",
	"/v1beta1/relay":      "ask " + GraphQLPath + " with limit and offset, or with where on the last key that you saw",
}

// servesGraphQL says whether a path is the GraphQL endpoint's, or one that clients of Hasura ask besides.
func servesGraphQL(path string) bool {
	switch path {
	case GraphQLPath, "/graphql/v1", "/healthz", "/v1/version":
		return true
	}
	return instead[path] != ""
}

// graphql answers the endpoint and what stands around it.
func (n *Node) graphql(ctx context.Context, r *api.Request, times *Times) (out api.Response) {
	switch r.Path {
	case "/healthz":
		return n.healthy(ctx)
	case "/v1/version":
		return n.version()
	}
	defer func() {
		out.Route = "(refused)"
		if methods[r.Method] != "" {
			out.Route = methods[r.Method] + " " + GraphQLPath
		}
		if n.o.ServerTimes {
			out.Set("Server-Timing", times.header())
		}
	}()
	begin := time.Now()
	who, err := n.keeper.Who(r)
	switch {
	case r.Method == http.MethodOptions:
		out = api.Response{Status: http.StatusNoContent}
		out.Set("Allow", "GET, POST, OPTIONS")
		return out
	case err != nil:
		return n.denied(r, err)
	case instead[r.Path] != "":
		return graphql.Refuse(r, fault.New(fault.BadPath, r.Path+" is not served: "+instead[r.Path]))
	case strings.EqualFold(r.Header("Upgrade"), "websocket"):
		return graphql.Refuse(r, fault.New(fault.NotSupported, "subscriptions and WebSockets are not served: ask the query again when its rows may have changed").
			WithStatus(http.StatusBadRequest))
	}
	g := n.now.Load()
	batch, err := graphql.Parse(r, n.o.GraphQL.Limits)
	times.Parse = time.Since(begin)
	if err != nil {
		return graphql.Refuse(r, err)
	}
	results := make([]graphql.Result, len(batch.Requests))
	for i, one := range batch.Requests {
		results[i] = n.operate(ctx, g, who, r, one, times)
		if errors.Is(results[i].Err, errMutationByGET) {
			return graphql.Refuse(r, mutationByGET())
		}
	}
	begin = time.Now()
	out = batch.Respond(results)
	times.Answer += time.Since(begin)
	return out
}

var errMutationByGET = errors.New("a mutation by GET")

func mutationByGET() error {
	f := fault.New(fault.BadMethod, "a GET never changes anything: POST the mutation")
	f.Headers = append(f.Headers, [2]string{"Allow", "POST"})
	return f
}

// denied answers a caller who isn't let in. As in Hasura that is an answer like any other to a client that takes
// application/json.
func (n *Node) denied(r *api.Request, err error) api.Response {
	modern, _ := graphql.Accepts(r) // what it takes neither of, it gets as JSON
	return (&graphql.Batch{Modern: modern}).Respond([]graphql.Result{{Err: graphql.ErrorAt("$", err)}})
}

// operate answers one request of a batch.
func (n *Node) operate(ctx context.Context, g *generation, who query.Actor, r *api.Request, req *graphql.Request, times *Times) graphql.Result {
	begin := time.Now()
	op, err := n.prepare(ctx, g, who, req)
	times.Parse += time.Since(begin)
	if err != nil {
		return graphql.Result{Err: err}
	}
	if op.Writes && req.ReadOnly {
		return graphql.Result{Err: errMutationByGET}
	}
	if op.Query == nil {
		return graphql.Result{Answer: op.Answer, Cost: costOf(req, 0)}
	}
	begin = time.Now()
	p, err := n.planned(g, who, op.Query, op.Shape)
	times.Plan += time.Since(begin)
	if err != nil {
		return graphql.Result{Err: graphql.ErrorAt(op.Answer.Path(0), err)}
	}
	cost, err := n.afford(who, p, op.Args, req)
	if err != nil {
		return graphql.Result{Err: err, Cost: cost}
	}
	res, err := n.timed(ctx, g, who, p, op.Args, r, times)
	if err != nil {
		member := 0
		var step *store.StepError
		if errors.As(err, &step) {
			member = step.Step
		}
		return graphql.Result{Err: graphql.ErrorAt(op.Answer.Path(member), err), Cost: cost}
	}
	result := graphql.Result{Answer: op.Answer, Outcomes: outcomes(p, res), Cost: cost}
	if cost != nil {
		cost.Refused, cost.Rows = false, graphql.Rows(op.Query, result.Outcomes)
	}
	return result
}

// prepare makes a request ready to run, with the document that its hash stands for.
func (n *Node) prepare(ctx context.Context, g *generation, who query.Actor, req *graphql.Request) (*graphql.Operation, error) {
	if err := n.persisted.Find(req); err != nil {
		return nil, err
	}
	op, err := n.dialect(ctx, g).Prepare(req, who.Role)
	if err == nil {
		n.persisted.Keep(req)
	}
	return op, err
}

// costOf is what extensions say of a request, where it asks for that.
func costOf(req *graphql.Request, bound int64) *graphql.Cost {
	if !req.Cost {
		return nil
	}
	return &graphql.Cost{Bound: bound}
}

// afford bounds the rows that a request touches, and refuses one that is too costly for whoever asks. The admin may ask
// for everything.
func (n *Node) afford(who query.Actor, p *plan.Plan, args query.Args, req *graphql.Request) (*graphql.Cost, error) {
	admin := who.Role == query.Admin.Role
	if admin && !req.Cost {
		return nil, nil
	}
	bound, bounded := p.Cost(args)
	if !bounded {
		bound = -1
	}
	cost := costOf(req, bound)
	if cost != nil {
		cost.Refused = true
	}
	most := n.o.GraphQL.Limits.CostMax
	if most == 0 {
		most = graphql.CostMax
	}
	switch {
	case admin || bounded && bound <= most:
		return cost, nil
	case !bounded:
		return cost, graphql.ErrorAt("$", fault.Newf(fault.TooCostly, "nothing bounds the rows that the request touches; at most %d are answered", most).
			WithHint("give every list a limit, or ask by key"))
	}
	return cost, graphql.ErrorAt("$", fault.Newf(fault.TooCostly, "the request may touch %d rows; at most %d are answered", bound, most).
		WithHint("give lists a lower limit, or ask for fewer lists inside of others"))
}

// outcomes hands the store's results to the dialect.
func outcomes(p *plan.Plan, r store.Result) []graphql.Outcome {
	of := []store.Result{r}
	if p.Op == plan.Sequence {
		of = r.Steps
	}
	list := make([]graphql.Outcome, len(of))
	for i, r := range of {
		list[i] = graphql.Outcome{Body: r.Body, Rows: r.Rows, Affected: r.Affected}
	}
	return list
}

// GraphQL answers one GraphQL request of an actor as JSON, {"data": …} or {"errors": […]}: what a client would read.
// variables is a JSON object, or empty.
func (n *Node) GraphQL(ctx context.Context, who query.Actor, document, operation string, variables []byte) ([]byte, error) {
	req, err := graphql.NewRequest(document, operation, string(variables), n.o.GraphQL.Limits)
	if err != nil {
		return nil, err
	}
	var times Times
	in := &api.Request{Method: http.MethodPost, Path: GraphQLPath, Header: func(string) string { return "" }}
	result := n.operate(ctx, n.now.Load(), who, in, req, &times)
	out := (&graphql.Batch{}).Respond([]graphql.Result{result})
	return out.Body, nil
}

// healthy answers as Hasura's /healthz does.
func (n *Node) healthy(ctx context.Context) api.Response {
	out := api.Response{Status: http.StatusOK, Body: []byte("OK"), Route: "GET /healthz"}
	if err := n.Ready(ctx); err != nil {
		out.Status, out.Body, out.Err = http.StatusInternalServerError, []byte("ERROR"), err
	}
	out.Set("Content-Type", "text/plain; charset=utf-8")
	return out
}

// version answers as Hasura's /v1/version does.
func (n *Node) version() api.Response {
	text, err := json.Marshal(map[string]string{"server_type": "pintail", "version": n.o.Version})
	if err != nil {
		panic("node: a map of strings that is no JSON: " + err.Error())
	}
	out := api.Response{Status: http.StatusOK, Body: text, Route: "GET /v1/version"}
	out.Set("Content-Type", "application/json; charset=utf-8")
	return out
}
