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
