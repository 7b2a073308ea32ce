package node

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pintail-dev/pintail/internal/api/graphql"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A graph is the GraphQL side of a generation. Enum tables are read live: their rows are types, so that when they change
// there is a new dialect.
type graph struct {
	tables []*schema.Table // whose rows are enums

	now   atomic.Pointer[dialect]
	stale atomic.Bool // a table was written through this node
	mu    sync.Mutex  // whoever reads the tables holds it
}

// A dialect is what requests are read with for as long as the values of enums are the same.
type dialect struct {
	*graphql.Dialect
	values map[*schema.Table][]graphql.EnumValue
	read   time.Time
}

// enumsFor is how long values of enum tables are taken for true; another program may write them.
const enumsFor = time.Second

// enumValuesMax is how many values an enum may have.
const enumValuesMax = 1000

func newGraph(s *schema.Schema) *graph {
	g := &graph{}
	for _, t := range s.Tables {
		if t.Enum && t.FitsEnum() {
			g.tables = append(g.tables, t)
		}
	}
	return g
}

// wrote notes a write to an enum table.
func (g *graph) wrote(p *plan.Plan) {
	if len(g.tables) > 0 && (p.Facts.Opaque || slices.ContainsFunc(p.Facts.Writes, func(t *schema.Table) bool { return t.Enum })) {
		g.stale.Store(true)
	}
}

// dialect gives what reads GraphQL on a generation, with the values of enum tables as they are, or were a second ago.
func (n *Node) dialect(ctx context.Context, g *generation) *dialect {
	d := g.graph.now.Load()
	if d != nil && (len(g.graph.tables) == 0 || time.Since(d.read) < enumsFor && !g.graph.stale.Load()) {
		return d
	}
	if d == nil || g.graph.stale.Load() {
		g.graph.mu.Lock() // the values are wrong: wait for the right ones
	} else if !g.graph.mu.TryLock() {
		return d // somebody reads them now
	}
	defer g.graph.mu.Unlock()
	if now := g.graph.now.Load(); now != d && !g.graph.stale.Load() {
		return now
	}
	g.graph.stale.Store(false)
	values := n.enumValues(ctx, g)
	next := &dialect{values: values, read: time.Now()}
	if d != nil && sameValues(d.values, values) {
		next.Dialect = d.Dialect
	} else {
		types := graphql.NewTypes(g.schema, graphql.TypesOptions{EnumValues: func(t *schema.Table) []graphql.EnumValue { return values[t] }})
		next.Dialect = graphql.NewDialect(types, graphql.Options{
			StringifyNumeric: n.o.GraphQL.StringifyNumeric, Rollback: strings.HasPrefix(n.o.REST.TxEnd, "rollback"), Limits: n.o.GraphQL.Limits,
		})
	}
	g.graph.now.Store(next)
	return next
}

func sameValues(a, b map[*schema.Table][]graphql.EnumValue) bool {
	if len(a) != len(b) {
		return false
	}
	for t, values := range a {
		if !slices.Equal(values, b[t]) {
			return false
		}
	}
	return true
}

// enumValues reads every enum table, in one statement. A table that can't be read has no values: its columns are texts then.
func (n *Node) enumValues(ctx context.Context, g *generation) map[*schema.Table][]graphql.EnumValue {
	if len(g.graph.tables) == 0 {
		return nil
	}
	seq := &query.Sequence{}
	for _, t := range g.graph.tables {
		key := t.Primary.Columns[0].Name
		s := &query.Select{
			From: t.Name, Items: []query.Item{&query.Output{Field: query.Field{Column: key}, Alias: "v"}},
			Order: []query.Order{{Field: query.Field{Column: key}}}, Page: query.Page{Limit: query.Int(enumValuesMax)},
		}
		for _, c := range t.Columns {
			if c.Name != key {
				s.Items = append(s.Items, &query.Output{Field: query.Field{Column: c.Name}, Alias: "c"})
			}
		}
		seq.Of = append(seq.Of, s)
	}
	var times Times
	_, r, err := n.run(ctx, g, query.Admin, seq, nil, &times)
	if err != nil {
		n.o.Log.Warn("enum tables can't be read", "reason", err)
		return nil
	}
	all := make(map[*schema.Table][]graphql.EnumValue, len(g.graph.tables))
	for i, t := range g.graph.tables {
		var rows []struct {
			V string `json:"v"`
			C string `json:"c"`
		}
		if err := json.Unmarshal(r.Steps[i].Body, &rows); err != nil {
			n.o.Log.Warn("an enum table can't be read", "table", t.Name.String(), "reason", err)
			continue
		}
		for _, row := range rows {
			all[t] = append(all[t], graphql.EnumValue{Name: row.V, Value: row.V, Description: row.C})
		}
	}
	return all
}
