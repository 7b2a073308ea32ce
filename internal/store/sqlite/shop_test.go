package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// shopSQL makes the tables that these tests write to.
const shopSQL = `
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE ON CONFLICT ROLLBACK) STRICT;
CREATE TABLE item (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer DEFERRABLE INITIALLY DEFERRED,
	title TEXT NOT NULL, price TEXT COLLATE pt_numeric, kind INTEGER NOT NULL DEFAULT 0, made TEXT) STRICT;
CREATE INDEX item_kind ON item (kind, id);
`

var (
	bigint = schema.Type{Base: schema.Int8, Name: "bigint"}
	text   = schema.Type{Base: schema.Text, Name: "text"}
)

func shopSchema() *schema.Schema {
	customer := &schema.Table{Name: schema.Name{Name: "customer"}, Columns: []*schema.Column{
		{Name: "id", Type: bigint, NotNull: true, Identity: schema.ByDefault}, {Name: "name", Type: text, NotNull: true}}}
	customer.Primary = &schema.Key{Name: "customer_pkey", Columns: customer.Columns[:1]}
	customer.Uniques = []*schema.Key{{Name: "customer_name_key", Columns: customer.Columns[1:2]}}
	zero := "0"
	item := &schema.Table{Name: schema.Name{Name: "item"}, Columns: []*schema.Column{
		{Name: "id", Type: bigint, NotNull: true, Identity: schema.ByDefault}, {Name: "customer_id", Type: bigint}, {Name: "title", Type: text, NotNull: true},
		{Name: "price", Type: schema.Type{Base: schema.Numeric, Name: "numeric"}},
		{Name: "kind", Type: bigint, NotNull: true, Default: &schema.Default{Value: &zero}},
		{Name: "made", Type: schema.Type{Base: schema.TimestampTZ, Name: "timestamp with time zone"}, Default: &schema.Default{Now: true}},
	}}
	item.Primary = &schema.Key{Name: "item_pkey", Columns: item.Columns[:1]}
	item.Foreign = []*schema.ForeignKey{{Name: "item_customer_id_fkey", Table: item, Columns: item.Columns[1:2], To: customer, References: customer.Columns[:1]}}
	s := &schema.Schema{Default: "public", Exposed: []string{"public"}, Tables: []*schema.Table{customer, item}}
	s.Link()
	return s
}

// A shop is a store on shopSQL with its schema.
type shop struct {
	*Store
	schema *schema.Schema
	path   string
}

// makeShop makes a file with shopSQL and more in it, on a file system of SQLite's; "" is the usual one.
func makeShop(t testing.TB, path, vfs string, sql ...string) {
	t.Helper()
	c, err := OpenConn(path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE, vfs)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Exec(shopSQL + strings.Join(sql, ";")); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func openShop(t testing.TB, config Config, sql ...string) *shop {
	t.Helper()
	if config.Path == "" {
		config.Path = filepath.Join(t.TempDir(), "shop.db")
	}
	makeShop(t, config.Path, config.VFS, sql...)
	s, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &shop{Store: s, schema: shopSchema(), path: config.Path}
}

func (s *shop) plan(t testing.TB, q query.Query) (*plan.Plan, query.Args) {
	t.Helper()
	_, args := query.Parameterize(q, nil)
	p, err := plan.Resolve(q, s.schema, plan.Options{Aggregates: true})
	if err != nil {
		t.Fatal(err)
	}
	return p, args
}

func (s *shop) read(t testing.TB, q query.Query) string {
	t.Helper()
	p, args := s.plan(t, q)
	res, err := s.Read(context.Background(), p, args)
	if err != nil {
		t.Fatal(err)
	}
	return string(res.Body)
}

// tx plans a write.
func (s *shop) tx(t testing.TB, q query.Query, before ...store.Hook) store.Tx {
	t.Helper()
	p, args := s.plan(t, q)
	return store.Tx{Plan: p, Args: args, Before: before}
}

func (s *shop) write(t testing.TB, q query.Query, before ...store.Hook) (store.Result, error) {
	t.Helper()
	return s.Write(context.Background(), s.tx(t, q, before...))
}

func output(names ...string) (items []query.Item) {
	for _, n := range names {
		items = append(items, &query.Output{Field: query.Field{Column: n}})
	}
	return items
}

func insert(table string, rows string, columns ...string) *query.Insert {
	return &query.Insert{Into: query.Name{Name: table}, Columns: columns, Rows: query.Text(rows), Default: true}
}

func addItem(id int, customer string) *query.Insert {
	return insert("item", fmt.Sprintf(`[{"id":%d,"customer_id":%s,"title":"t%d"}]`, id, customer, id), "id", "customer_id", "title")
}

func (s *shop) count(t testing.TB, table string) string {
	t.Helper()
	return s.read(t, &query.Select{From: query.Name{Name: table}, Items: []query.Item{&query.Output{Aggregate: query.Count}}})
}

// wantCount says where a table has another number of rows.
func (s *shop) wantCount(t testing.TB, table string, want int) {
	t.Helper()
	if got := s.count(t, table); got != fmt.Sprintf(`[{"count":%d}]`, want) {
		t.Errorf("table %s: got %s, want a count of %d", table, got, want)
	}
}
