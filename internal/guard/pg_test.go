package guard

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// pgShop is what these tests declare: an index of every kind that the guard has to know again.
const pgShop = `
enum order_status { open paid served }

type customer @table {
  id: bigint! @id
  email: String! @unique
  name: String!
}

type order @table
  @index(columns: ["customer_id", "-placed_at"], name: "order_customer")
  @index(columns: ["placed_at"], where: {status: {_eq: "open"}}, name: "order_open")
  @index(columns: ["reference"], unique: true, name: "order_reference") {
  id: bigint! @id
  customer_id: bigint!
  customer: customer! @relation(columns: ["customer_id"], on_delete: CASCADE)
  status: order_status! @default(value: "open")
  reference: String!
  placed_at: timestamptz!
}
`

// A pgWorld is a PostgreSQL database that apply made, with rows, and the guard's half for it.
type pgWorld struct {
	t      *testing.T
	dsn    string
	schema *schema.Schema
	conn   *pgx.Conn // somebody else's
	guard  *Postgres
}

func newPGWorld(t *testing.T, text string, rows int) *pgWorld {
	return pgWorldOn(t, pgtest.DSN(t), text, rows)
}

func pgWorldOn(t *testing.T, dsn, text string, rows int) *pgWorld {
	t.Helper()
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: text})
	if len(mistakes) > 0 {
		t.Fatal(schema.Mistakes(mistakes))
	}
	d, err := migrate.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Sync(t.Context(), s, migrate.RunOptions{})
	d.Close(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	w := &pgWorld{t: t, dsn: dsn, schema: s, conn: conn}
	w.guard = w.open(PostgresConfig{})
	if rows > 0 {
		w.exec(`INSERT INTO customer SELECT i, 'c' || i || '@example.com', 'Customer ' || i FROM generate_series(1, $1::int) i`, rows/10)
		w.exec(`INSERT INTO "order" SELECT i, 1 + i % ($1::int / 10), CASE WHEN i % 100 = 0 THEN 'open' ELSE 'paid' END::order_status, 'r' || i,
			'2026-01-01'::timestamptz + i * interval '1 minute' FROM generate_series(1, $1::int) i`, rows)
		w.exec("ANALYZE")
	}
	return w
}

func (w *pgWorld) open(c PostgresConfig) *Postgres {
	w.t.Helper()
	if c.DSN == "" {
		c.DSN = w.dsn
	}
	c.Default, c.SearchPath = w.schema.Default, append(slices.Clone(w.schema.Exposed), w.schema.SearchPath...)
	g, err := NewPostgres(c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { g.Close() })
	return g
}

func (w *pgWorld) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.conn.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

func (w *pgWorld) text(sql string, args ...any) (out string) {
	w.t.Helper()
	if err := w.conn.QueryRow(w.t.Context(), sql, args...).Scan(&out); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return out
}

// plan resolves a query.
func (w *pgWorld) plan(q query.Query) (*plan.Plan, query.Args) {
	w.t.Helper()
	_, args := query.Parameterize(q, nil)
	p, err := plan.Resolve(q, w.schema, plan.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	return p, args
}

func compare(column string, op query.Op, value string) query.Expr {
	return &query.Compare{Field: query.Field{Column: column}, Op: op, Value: query.Text(value)}
}

// ordersOf asks for a customer's latest orders, which stands on order_customer.
func ordersOf(customer string) *query.Select {
	return &query.Select{
		From: schema.Name{Name: "order"}, Items: []query.Item{&query.Output{Field: query.Field{Column: "id"}}},
		Where: compare("customer_id", query.Eq, customer),
		Order: []query.Order{{Field: query.Field{Column: "placed_at"}, Direction: query.Desc}}, Page: query.Page{Limit: query.Int(20)},
	}
}

func (w *pgWorld) catalog(g *Postgres) *Catalog {
	w.t.Helper()
	c, err := g.Catalog(w.t.Context(), w.schema)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// repair has the guard bring a declared index in order.
func (w *pgWorld) repair(g *Postgres, kind Kind, id string) error {
	w.t.Helper()
	d := Drift{Kind: kind, Index: Index{ID: id}}
	for _, x := range w.declared(g) {
		if x.ID == id {
			d.Index = x
		}
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	return g.Repair(ctx, Repair{Drift: d, Schema: w.schema})
}

func (w *pgWorld) declared(g *Postgres) []Index {
	w.t.Helper()
	list, err := g.Declared(w.t.Context(), w.schema)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// differences says in words how the live catalog differs from what is declared.
func (w *pgWorld) differences(g *Postgres) []string {
	w.t.Helper()
	var out []string
	live := map[string]Index{}
	for _, x := range w.catalog(g).Indexes {
		live[x.ID] = x
	}
	for _, d := range w.declared(g) {
		x, ok := live[d.ID]
		delete(live, d.ID)
		switch {
		case !ok:
			out = append(out, d.Name+" is missing")
		case !d.as(&x):
			out = append(out, fmt.Sprintf("%s is %s, not %s", d.Name, x.Definition, d.Definition))
		case x.Invalid != "":
			out = append(out, d.Name+" is "+x.Invalid)
		}
	}
	for _, x := range live {
		what := " is extra"
		if x.Leftover {
			what = " is left over"
		}
		out = append(out, x.Name+what)
	}
	slices.Sort(out)
	return out
}

func (w *pgWorld) inOrder(g *Postgres) {
	w.t.Helper()
	if d := w.differences(g); len(d) > 0 {
		w.t.Errorf("not in order: %s", strings.Join(d, "; "))
	}
}

// named is a database's address by which a session goes by a name.
func named(dsn, application string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		panic(err)
	}
	q := u.Query()
	q.Set("application_name", application)
	u.RawQuery = q.Encode()
	return u.String()
}

// asRole is a database's address for another role.
func asRole(dsn, role string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		panic(err)
	}
	u.User = url.User(role)
	return u.String()
}

// role makes a role that may read and write the tables, and no more.
func (w *pgWorld) role(name string) string {
	w.t.Helper()
	name += "_" + w.text("SELECT current_database()")
	w.exec("CREATE ROLE " + name + " LOGIN")
	w.t.Cleanup(func() {
		w.conn.Exec(context.Background(), "DROP OWNED BY "+name+"; DROP ROLE "+name, pgx.QueryExecModeSimpleProtocol)
	})
	w.exec("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO " + name)
	return name
}
