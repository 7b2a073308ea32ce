package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// chaosSchema is the shop to which things happen.
const chaosSchema = `
type customer @table {
  id: bigint! @id
  email: String! @unique
  name: String!
  items: [item!]! @inverse(of: "customer")
}

type item @table
  @index(columns: ["kind"], name: "item_kind")
  @index(columns: ["customer_id"], name: "item_customer")
  @index(columns: ["sku"], unique: true, name: "item_sku")
  @index(columns: ["grade", "made"], name: "item_grade_made") {
  id: bigint! @id
  customer_id: bigint!
  customer: customer! @relation(columns: ["customer_id"])
  sku: String!
  kind: bigint!
  grade: bigint!
  made: bigint!
  note: String
}
`

// chaosRows is how many items there are, and chaosLarge from how many on a table is large enough to matter.
const (
	chaosRows  = 2000
	chaosLarge = 1000
)

// fillSQL makes the rows; both engines read it.
var fillSQL = []string{
	`INSERT INTO customer (id, email, name) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i, 'c' || i || '@example.com', 'Customer ' || i FROM n`,
	fmt.Sprintf(`INSERT INTO item (id, customer_id, sku, kind, grade, made) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i, 1 + i %% 500, 'sku-' || i, i %% 200, i %% 3, i FROM n`, chaosRows),
}

// A chaos is a guarded database that is in use, with a way to do harm to it from outside.
type chaos struct {
	t      testing.TB
	schema *schema.Schema
	inner  store.Store
	store  store.Store
	guard  *Guard
	book   *shape.Book
	shapes map[string]query.Query
	plans  map[string]*plan.Plan
	harm   func(sql string) // runs SQL as another process would

	stop func()
}

func column(name string) query.Field { return query.Field{Column: name} }

func outputs(names ...string) (items []query.Item) {
	for _, n := range names {
		items = append(items, &query.Output{Field: column(n)})
	}
	return items
}

func equal(name, value string) query.Expr {
	return &query.Compare{Field: column(name), Op: query.Eq, Value: query.Text(value)}
}

// chaosShapes are the queries that are asked all the time.
func chaosShapes() map[string]query.Query {
	items := func(where query.Expr, order ...query.Order) *query.Select {
		return &query.Select{From: query.Name{Name: "item"}, Items: outputs("id", "sku"), Where: where, Order: order, Page: query.Page{Limit: query.Int(20)}}
	}
	return map[string]query.Query{
		"by id":       items(equal("id", "7")),
		"by kind":     items(equal("kind", "7")),
		"by sku":      items(equal("sku", "sku-7")),
		"by customer": items(equal("customer_id", "7")),
		"in order":    items(nil, query.Order{Field: column("kind")}),
		"count":       &query.Select{From: query.Name{Name: "item"}, Items: []query.Item{&query.Output{Aggregate: query.Count}}},
		"customers":   &query.Select{From: query.Name{Name: "customer"}, Items: outputs("id", "name"), Where: equal("email", "c7@example.com")},
		"with items": &query.Select{From: query.Name{Name: "customer"}, Where: equal("id", "9"), Items: append(outputs("id"),
			&query.Embed{Target: "items", Select: &query.Select{Items: outputs("sku"), Page: query.Page{Limit: query.Int(5)}}})},
		"rename": &query.Update{Table: query.Name{Name: "item"}, Columns: []string{"note"}, Row: query.Text(`{"note":"x"}`), Where: equal("id", "3")},
		"resku":  &query.Update{Table: query.Name{Name: "item"}, Columns: []string{"sku"}, Row: query.Text(`{"sku":"sku-3"}`), Where: equal("id", "3")},
		"upsert": &query.Insert{Into: query.Name{Name: "item"}, Columns: []string{"id", "customer_id", "sku", "kind", "grade", "made"},
			Rows: query.Text(`[{"id":5,"customer_id":6,"sku":"sku-5","kind":5,"grade":2,"made":5}]`), Conflict: &query.Conflict{Columns: []string{"sku"}}},
		"remove": &query.Delete{From: query.Name{Name: "item"}, Where: equal("id", "999999")},
		"join up": &query.Insert{Into: query.Name{Name: "customer"}, Columns: []string{"id", "email", "name"},
			Rows: query.Text(`[{"id":1,"email":"c1@example.com","name":"Customer 1"}]`), Conflict: &query.Conflict{Columns: []string{"id"}}},
	}
}

// liteChaos serves a SQLite file under guard.
func liteChaos(t testing.TB, change ...func(*Config)) *chaos {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.db")
	liteFile(t, path)
	return liteChaosOn(t, path, change...)
}

// liteFile makes the shop in a new file, as `apply` would.
func liteFile(t testing.TB, path string) {
	t.Helper()
	ctx := context.Background()
	db, err := migrate.Open(ctx, "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Sync(ctx, parsed(t, chaosSchema), migrate.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, sql := range append(fillSQL, "ANALYZE") {
		if err := db.Lite.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// liteChaosOn serves a file that is there.
func liteChaosOn(t testing.TB, path string, change ...func(*Config)) *chaos {
	t.Helper()
	s := parsed(t, chaosSchema)
	st, err := sqlite.Open(sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewLite(LiteConfig{Path: path, Store: st})
	if err != nil {
		t.Fatal(err)
	}
	c := newChaos(t, s, st, l, change...)
	c.t.Helper()
	WatchLite(st, c.guard, l)
	c.harm = func(sql string) {
		t.Helper()
		liteHarm(t, path, sql)
	}
	c.run()
	return c
}

func parsed(t testing.TB, text string) *schema.Schema {
	t.Helper()
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: text})
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	return s
}

// newChaos puts a guard around a store.
func newChaos(t testing.TB, s *schema.Schema, st store.Store, e Engine, change ...func(*Config)) *chaos {
	t.Helper()
	config := Config{Engine: e, Schema: s, RowsMin: chaosLarge, Every: 100 * time.Millisecond, Log: slog.New(slog.NewTextHandler(logged{t}, nil))}
	for _, f := range change {
		f(&config)
	}
	g, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return &chaos{t: t, schema: s, inner: st, store: Wrap(st, g), guard: g, book: shape.NewBook(0), shapes: chaosShapes(), plans: map[string]*plan.Plan{}}
}

// run starts the guard, which ends with the test.
func (c *chaos) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.guard.Run(ctx) }()
	ended := false
	c.stop = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		if err := <-done; err != nil {
			c.t.Error(err)
		}
		if err := errors.Join(c.guard.config.Engine.Close(), c.store.Close()); err != nil {
			c.t.Error(err)
		}
	}
	c.t.Cleanup(c.stop)
}

// logged writes a guard's log into the test's.
type logged struct{ t testing.TB }

func (l logged) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// ask runs one of the shapes.
func (c *chaos) ask(name string) error {
	q, ok := c.shapes[name]
	if !ok {
		c.t.Fatalf("there is no shape %q", name)
	}
	bytes, args := query.Parameterize(q, nil)
	p := c.plans[name]
	if p == nil {
		var err error
		if p, err = plan.Resolve(q, c.schema, plan.Options{Aggregates: true}); err != nil {
			c.t.Fatalf("%s: %v", name, err)
		}
		p.Shape = c.book.Of("admin", bytes, func() shape.About { return shape.About{Label: name} })
		c.plans[name] = p
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if p.ReadsOnly() {
		_, err := c.store.Read(ctx, p, args)
		return err
	}
	_, err := c.store.Write(ctx, store.Tx{Plan: p, Args: args})
	return err
}

// warm asks every shape, and waits until each has its contract.
func (c *chaos) warm() {
	c.t.Helper()
	for name := range c.shapes {
		if err := c.ask(name); err != nil {
			c.t.Fatalf("%s: %v", name, err)
		}
	}
	c.eventually("contracts", func() bool { return c.guard.Status().Contracts == len(c.shapes) })
}

// shed asks every shape, and wants just these to be refused.
func (c *chaos) shed(names ...string) {
	c.t.Helper()
	for name := range c.shapes {
		want := false
		for _, n := range names {
			want = want || n == name
		}
		err := c.ask(name)
		if is := lost(err); is != want || err != nil && !is {
			c.t.Errorf("%s: %v; refused should be %v", name, err, want)
		}
	}
}

// lost says whether an error is the guard's refusal.
func lost(err error) bool {
	var f *fault.Fault
	return errors.As(err, &f) && f.Code == fault.IndexLost
}

// eventually waits for something to come true.
func (c *chaos) eventually(what string, f func() bool) {
	c.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if f() {
			return
		}
	}
	c.t.Fatalf("it never came to this: %s\n%+v", what, c.guard.Status())
}

// healed waits until nothing is lost any more, and nothing refused.
func (c *chaos) healed() Incident {
	c.t.Helper()
	var last Incident
	c.eventually("healed", func() bool {
		st := c.guard.Status()
		for _, d := range st.Drift {
			if d.Kind.lost() {
				return false
			}
		}
		if len(st.Incidents) == 0 || !st.Incidents[0].State.Ended() {
			return false
		}
		last = st.Incidents[0]
		return true
	})
	c.shed()
	return last
}
