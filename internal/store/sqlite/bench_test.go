package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

const manyItems = `INSERT INTO item SELECT value, NULL, 'title of ' || value, (value % 1000) || '.50', value % 500, '2024-01-02T03:04:05+00:00' FROM generate_numbers`

func openBench(b *testing.B) *shop {
	return openShop(b, Config{}, `;CREATE TEMP TABLE generate_numbers AS WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 100000) SELECT value FROM n`, manyItems)
}

var itemColumns = output("id", "title", "price", "kind", "made")

func BenchmarkReadKey(b *testing.B) {
	s := openBench(b)
	p, args := s.plan(b, &query.Select{From: query.Name{Name: "item"}, Items: itemColumns,
		Where: &query.Compare{Field: query.Field{Column: "id"}, Op: query.Eq, Value: query.Text("1")}})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		mine := append(query.Args{}, args...)
		for pb.Next() {
			mine[0].Text = strconv.Itoa(1 + rand.IntN(100000))
			res, err := s.Read(context.Background(), p, mine)
			if err != nil || res.Rows != 1 {
				b.Fatal(res.Rows, err)
			}
		}
	})
}

func BenchmarkRead20(b *testing.B) {
	s := openBench(b)
	p, args := s.plan(b, &query.Select{From: query.Name{Name: "item"}, Items: itemColumns, Page: query.Page{Limit: query.Int(20)},
		Where: &query.Compare{Field: query.Field{Column: "kind"}, Op: query.Eq, Value: query.Text("1")}, Order: []query.Order{{Field: query.Field{Column: "id"}}}})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		mine := append(query.Args{}, args...)
		for pb.Next() {
			mine[0].Text = strconv.Itoa(rand.IntN(500))
			res, err := s.Read(context.Background(), p, mine)
			if err != nil || res.Rows != 20 {
				b.Fatal(res.Rows, err)
			}
		}
	})
}

// BenchmarkBareKey is what BenchmarkReadKey is held against: one prepared statement, the same bytes, nothing else.
func BenchmarkBareKey(b *testing.B) {
	bare(b, `SELECT id, title, price, kind, made FROM item WHERE id = ?`, 100000)
}

func BenchmarkBare20(b *testing.B) {
	bare(b, `SELECT id, title, price, kind, made FROM item WHERE kind = ? ORDER BY id LIMIT 20`, 500)
}

func bare(b *testing.B, sql string, most int) {
	s := openBench(b)
	pool := make(chan *sqlite3.Stmt, 4)
	for range 4 {
		c, err := OpenConn(s.path, sqlite3.OPEN_READWRITE)
		if err != nil {
			b.Fatal(err)
		}
		st, _, err := c.Prepare(sql)
		if err != nil {
			b.Fatal(err)
		}
		pool <- st
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			st := <-pool
			st.BindInt(1, 1+rand.IntN(most-1))
			buf := make([]byte, 0, 512)
			buf = append(buf, '[')
			for st.Step() {
				buf = append(buf, `{"id":`...)
				buf = strconv.AppendInt(buf, st.ColumnInt64(0), 10)
				buf = append(buf, `,"title":`...)
				buf = strconv.AppendQuote(buf, st.ColumnText(1))
				buf = append(buf, `,"price":`...)
				buf = append(buf, st.ColumnRawText(2)...)
				buf = append(buf, `,"kind":`...)
				buf = strconv.AppendInt(buf, st.ColumnInt64(3), 10)
				buf = append(buf, `,"made":"`...)
				buf = append(buf, st.ColumnRawText(4)...)
				buf = append(buf, "\"}"...)
			}
			if st.Reset() != nil || len(buf) < 20 {
				b.Fatal("no row")
			}
			pool <- st
		}
	})
}

func BenchmarkInsertGroup(b *testing.B) {
	s := openShop(b, Config{})
	var id atomic.Int64
	q := insert("item", `[]`, "title", "price", "kind")
	p, args := s.plan(b, q)
	b.SetParallelism(16) // 32 clients on two processors
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		mine := append(query.Args{}, args...)
		for pb.Next() {
			mine[p.Write.Rows].Text = fmt.Sprintf(`[{"title":"t%d","price":"1.50","kind":1}]`, id.Add(1))
			tx := s.tx(b, q)
			tx.Plan, tx.Args = p, mine
			if res, err := s.Write(context.Background(), tx); err != nil || res.Affected != 1 {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "inserts/s")
}

// BenchmarkReadPage sorts 10,000 rows and gives the 20 latest of them but 40, each with rows of rows.
func BenchmarkReadPage(b *testing.B) {
	benchPage(b, query.Order{Field: query.Field{Column: "made"}, Direction: query.Desc})
}

// BenchmarkReadPageByKey is the same in an order that an index has.
func BenchmarkReadPageByKey(b *testing.B) {
	benchPage(b, query.Order{Field: query.Field{Column: "id"}})
}

func benchPage(b *testing.B, by query.Order) {
	s := openShop(b, Config{}, `;WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 1000)
			INSERT INTO customer SELECT v, 'customer ' || v FROM n`,
		`WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 10000)
			INSERT INTO item SELECT v, 1 + v % 1000, 'title ' || v, NULL, 0, format('2024-01-02T03:04:05.%06d+00:00', v) FROM n`,
		`CREATE INDEX item_customer ON item (customer_id)`)
	many := &query.Embed{Target: "item", Select: &query.Select{Items: output("id", "title")}}
	one := &query.Embed{Target: "customer", Select: &query.Select{Items: append(output("name"), many)}}
	p, args := s.plan(b, &query.Select{From: query.Name{Name: "item"}, Items: append(output("id", "title"), one),
		Order: []query.Order{by}, Page: query.Page{Limit: query.Int(20), Offset: query.Int(40)}})
	for b.Loop() {
		if res, err := s.Read(context.Background(), p, args); err != nil || res.Rows != 20 {
			b.Fatal(res.Rows, err)
		}
	}
}

// menuSQL is customers with orders of items of toasts.
const menuSQL = `
CREATE TABLE toast (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price TEXT COLLATE pt_numeric NOT NULL) STRICT;
CREATE TABLE "order" (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer, status TEXT NOT NULL) STRICT;
CREATE INDEX order_customer ON "order" (customer_id);
CREATE TABLE line (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES "order", toast_id INTEGER NOT NULL REFERENCES toast, quantity INTEGER NOT NULL) STRICT;
CREATE INDEX line_order ON line (order_id);
CREATE TEMP TABLE n AS WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 30000) SELECT v FROM n;
INSERT INTO customer SELECT v, 'customer ' || v FROM n WHERE v <= 1000;
INSERT INTO toast SELECT v, 'toast ' || v, v || '.50' FROM n WHERE v <= 20;
INSERT INTO "order" SELECT v, 1 + v % 1000, 'paid' FROM n WHERE v <= 10000;
INSERT INTO line SELECT v, 1 + v % 10000, 1 + v % 20, 1 + v % 3 FROM n;`

func openMenu(b *testing.B) *shop {
	s := openShop(b, Config{}, ";"+menuSQL)
	whole := schema.Type{Base: schema.Int8, Name: "bigint"}
	table := func(name string, columns ...*schema.Column) *schema.Table {
		t := &schema.Table{Name: schema.Name{Name: name}, Columns: append([]*schema.Column{{Name: "id", Type: whole, NotNull: true}}, columns...)}
		t.Primary = &schema.Key{Name: name + "_pkey", Columns: t.Columns[:1]}
		s.schema.Tables = append(s.schema.Tables, t)
		return t
	}
	refer := func(t *schema.Table, column int, to *schema.Table) {
		t.Foreign = append(t.Foreign, &schema.ForeignKey{Name: t.Name.Name + to.Name.Name, Table: t, Columns: t.Columns[column : column+1], To: to, References: to.Columns[:1]})
	}
	toast := table("toast", &schema.Column{Name: "name", Type: text, NotNull: true}, &schema.Column{Name: "price", Type: schema.Type{Base: schema.Numeric, Name: "numeric"}, NotNull: true})
	order := table("order", &schema.Column{Name: "customer_id", Type: whole, NotNull: true}, &schema.Column{Name: "status", Type: text, NotNull: true})
	refer(order, 1, s.schema.Tables[0])
	line := table("line", &schema.Column{Name: "order_id", Type: whole, NotNull: true}, &schema.Column{Name: "toast_id", Type: whole, NotNull: true}, &schema.Column{Name: "quantity", Type: whole, NotNull: true})
	refer(line, 1, order)
	refer(line, 2, toast)
	s.schema = &schema.Schema{Default: "public", Exposed: []string{"public"}, Tables: s.schema.Tables}
	s.schema.Link()
	return s
}

// menu asks for one customer with orders, their lines and toasts, as GraphQL does, with an order and a __typename.
func menu(typenames bool) *query.Select {
	with := func(name string, items ...query.Item) []query.Item {
		if typenames {
			items = append(items, &query.Literal{Key: "__typename", Text: name})
		}
		return items
	}
	toast := &query.Embed{Target: "toast", Select: &query.Select{Items: with("toast", output("name", "price")...)}}
	lines := &query.Embed{Target: "line", Alias: "items", Select: &query.Select{Items: with("line", append(output("quantity"), toast)...)}}
	orders := &query.Embed{Target: "order", Alias: "orders", Select: &query.Select{Items: with("order", append(output("id", "status"), lines)...)}}
	return &query.Select{From: query.Name{Name: "customer"}, Items: with("customer", append(output("id", "name"), orders)...),
		Where: &query.Compare{Field: query.Field{Column: "id"}, Op: query.Eq, Value: query.Text("1")}}
}

func BenchmarkReadNested(b *testing.B) {
	s := openMenu(b)
	for _, c := range []struct {
		name string
		ask  query.Query
	}{{"plain", menu(false)}, {"typenames", menu(true)}, {"sequence", sequence(menu(true))}} {
		b.Run(c.name, func(b *testing.B) {
			p, args := s.plan(b, c.ask)
			b.ReportAllocs()
			for b.Loop() {
				args[0].Text = strconv.Itoa(1 + rand.IntN(1000))
				if res, err := s.Read(context.Background(), p, args); err != nil || res.Rows != 1 {
					b.Fatal(res.Rows, err)
				}
			}
		})
	}
}

// BenchmarkBareNested is what BenchmarkReadNested is held against: the same question in SQLite's own JSON functions.
func BenchmarkBareNested(b *testing.B) {
	s := openMenu(b)
	c, err := OpenConn(s.path, sqlite3.OPEN_READWRITE)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	st, _, err := c.Prepare(`SELECT json_object('id', c.id, 'name', c.name, 'orders', (SELECT json_group_array(json_object('id', o.id, 'status', o.status, 'items',
		(SELECT json_group_array(json_object('quantity', l.quantity, 'toast', json_object('name', t.name, 'price', t.price)) ORDER BY l.id)
			FROM line AS l JOIN toast AS t ON t.id = l.toast_id WHERE l.order_id = o.id)) ORDER BY o.id)
		FROM "order" AS o WHERE o.customer_id = c.id)) FROM customer AS c WHERE c.id = ?`)
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	b.ReportAllocs()
	for b.Loop() {
		st.BindInt(1, 1+rand.IntN(1000))
		body := []byte("[")
		for st.Step() {
			body = append(body, st.ColumnRawText(0)...)
		}
		if st.Reset() != nil || len(body) < 100 {
			b.Fatal(string(body))
		}
	}
}
