package postgres

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// grown is the shop with 20,000 customers and 100,000 orders.
func grown(b *testing.B) (*Store, *shop) {
	b.Helper()
	s, shop := open(b, Config{ConnsMax: 8})
	execute(b, s.config.DSN, `
		INSERT INTO customer SELECT n, 'customer ' || n, '{"a": 1}', now() FROM generate_series(1000, 20999) n;
		INSERT INTO "order" (customer_id, total) SELECT 1000 + n % 20000, n FROM generate_series(1, 100000) n;
		ANALYZE`)
	return s, shop
}

func keyed(id string) *query.Select {
	q := from("customer", "id", "name", "note", "joined")
	q.Where = is("id", query.Eq, id)
	return q
}

// BenchmarkKeyed is one row by its key through the store; BenchmarkKeyedBare the same SQL by pgx alone.
func BenchmarkKeyed(b *testing.B) {
	s, shop := grown(b)
	p, args := shop.resolve(b, keyed("1500"))
	b.ReportAllocs()
	b.ResetTimer()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		for pb.Next() {
			if r, err := s.Read(ctx, p, args); err != nil || r.Rows != 1 {
				b.Fatal(r, err)
			}
		}
	})
}

func BenchmarkKeyedBare(b *testing.B) {
	s, shop := grown(b)
	p, _ := shop.resolve(b, keyed("1500"))
	c, err := s.compiled(b.Context(), p)
	if err != nil {
		b.Fatal(err)
	}
	pool := make(chan *pgx.Conn, 8)
	for range cap(pool) {
		conn, err := pgx.Connect(b.Context(), s.config.DSN)
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close(context.Background())
		pool <- conn
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		for pb.Next() {
			var body []byte
			conn := <-pool
			err := conn.QueryRow(ctx, c.SQL, 1500).Scan(&body)
			pool <- conn
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkNested(b *testing.B) {
	s, shop := grown(b)
	q := from("customer", "id", "name")
	orders := from("", "id", "total")
	orders.Items = append(orders.Items, &query.Embed{Target: "customer", Select: from("", "name")})
	q.Items = append(q.Items, &query.Embed{Target: "order", Select: orders})
	q.Where, q.Page.Limit = is("id", query.Gt, "5000"), query.Int(20)
	p, args := shop.resolve(b, q)
	b.ReportAllocs()
	b.ResetTimer()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if r, err := s.Read(context.Background(), p, args); err != nil || r.Rows != 20 {
				b.Fatal(r, err)
			}
		}
	})
}

func BenchmarkInsert(b *testing.B) {
	s, shop := grown(b)
	p, args := shop.resolve(b, &query.Insert{Into: order, Columns: []string{"customer_id"}, Rows: query.Text(`[{"customer_id":1500}]`), Returning: returning("id")})
	b.ReportAllocs()
	b.ResetTimer()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if r, err := s.Write(context.Background(), store.Tx{Plan: p, Args: args}); err != nil || r.Affected != 1 {
				b.Fatal(r, err)
			}
		}
	})
}

// BenchmarkInsertAsked is BenchmarkInsert with what triggers may read of the request.
func BenchmarkInsertAsked(b *testing.B) {
	s, shop := grown(b)
	p, args := shop.resolve(b, &query.Insert{Into: order, Columns: []string{"customer_id"}, Rows: query.Text(`[{"customer_id":1500}]`), Returning: returning("id")})
	ctx := store.WithSettings(context.Background(), &store.Settings{
		Method: "POST", Path: "/order", Headers: []byte(`{"host":"127.0.0.1:8080","accept":"*/*","content-type":"application/json"}`), Cookies: []byte(`{}`), Claims: []byte(`{"role":"admin"}`),
	})
	b.ReportAllocs()
	b.ResetTimer()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if r, err := s.Write(ctx, store.Tx{Plan: p, Args: args}); err != nil || r.Affected != 1 {
				b.Fatal(r, err)
			}
		}
	})
}
