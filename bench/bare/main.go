// Command bare is the yardstick: a hand-written handler on the same driver that runs one prepared statement of the same SQL
// as Pintail and writes the same bytes, with nothing else around it, on net/http or on fasthttp.
//
//	bare sqlite FILE ADDR LIBRARY      bare postgres DSN ADDR LIBRARY      bare nested FILE ADDR      bare static URL ADDR LIBRARY
//
// static answers everything with what URL answered when it started: the same bytes and headers, without any work. The others
// serve /rest/v1/item?id=eq.N and /rest/v1/item?n=gte.N&order=n&limit=20.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/ncruces/go-sqlite3"
	"github.com/valyala/fasthttp"
)

// An engine appends the answer to a question to b: the row of a key, or 20 rows by the index.
type engine func(ctx context.Context, list bool, value int64, b []byte) ([]byte, error)

func main() {
	if len(os.Args) == 5 && os.Args[1] == "nested-postgres" {
		h, err := nestedPostgres(os.Args[2], os.Args[4])
		if err != nil {
			log.Fatal(err)
		}
		log.Fatal(http.ListenAndServe(os.Args[3], h))
	}
	if len(os.Args) == 4 && os.Args[1] == "nested" {
		h, err := nested(os.Args[2])
		if err != nil {
			log.Fatal(err)
		}
		log.Fatal(http.ListenAndServe(os.Args[3], h))
	}
	if len(os.Args) != 5 {
		log.Fatal("usage: bare sqlite FILE ADDR LIBRARY | bare postgres DSN ADDR LIBRARY | bare nested FILE ADDR | bare static URL ADDR LIBRARY")
	}
	if os.Args[1] == "static" {
		log.Fatal(static(os.Args[2], os.Args[3], os.Args[4]))
	}
	var e engine
	var err error
	switch os.Args[1] {
	case "sqlite":
		e, err = sqlite(os.Args[2])
	case "postgres":
		e, err = postgres(os.Args[2])
	default:
		err = fmt.Errorf("no engine %q", os.Args[1])
	}
	if err != nil {
		log.Fatal(err)
	}
	switch os.Args[4] {
	case "net/http":
		log.Fatal(http.ListenAndServe(os.Args[3], standard(e)))
	case "fasthttp":
		log.Fatal(fasthttp.ListenAndServe(os.Args[3], fast(e)))
	}
	log.Fatalf("no library %q", os.Args[4])
}

func standard(e engine) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		list, value := question(q.Get("id"), q.Get("n"))
		b, err := e(r.Context(), list, value, make([]byte, 0, 512))
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		w.Header()["Content-Type"] = []string{"application/json; charset=utf-8"}
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(b))}
		w.Write(b)
	}
}

func fast(e engine) fasthttp.RequestHandler {
	return func(c *fasthttp.RequestCtx) {
		q := c.QueryArgs()
		list, value := question(string(q.Peek("id")), string(q.Peek("n")))
		b, err := e(c, list, value, c.Response.Body()[:0])
		if err != nil {
			c.Error(err.Error(), 500)
			return
		}
		c.Response.Header.SetContentType("application/json; charset=utf-8")
		c.Response.SetBodyRaw(b)
	}
}

const (
	byKey   = `SELECT "id", "n", "name", "price", "active" FROM "item" WHERE "id" = ?1`
	byIndex = `SELECT "id", "n", "name", "price", "active" FROM "item" WHERE "n" >= ?1 ORDER BY "n", "id" LIMIT 20`
)

// question gives the SQL's number and its value.
func question(id, n string) (list bool, value int64) {
	if id != "" {
		value, _ = strconv.ParseInt(strings.TrimPrefix(id, "eq."), 10, 64)
		return false, value
	}
	value, _ = strconv.ParseInt(strings.TrimPrefix(n, "gte."), 10, 64)
	return true, value
}

type conn struct {
	db        *sqlite3.Conn
	key, list *sqlite3.Stmt
}

func sqlite(path string) (engine, error) {
	const connections = 4
	pool := make(chan *conn, connections)
	for range connections {
		db, err := sqlite3.Open(path)
		if err != nil {
			return nil, err
		}
		if err := db.BusyTimeout(5 * time.Second); err != nil {
			return nil, err
		}
		c := &conn{db: db}
		if c.key, _, err = db.PrepareFlags(byKey, sqlite3.PREPARE_PERSISTENT); err != nil {
			return nil, err
		}
		if c.list, _, err = db.PrepareFlags(byIndex, sqlite3.PREPARE_PERSISTENT); err != nil {
			return nil, err
		}
		pool <- c
	}
	return func(_ context.Context, list bool, value int64, b []byte) ([]byte, error) {
		c := <-pool
		defer func() { pool <- c }()
		stmt := c.key
		if list {
			stmt = c.list
		}
		if err := stmt.BindInt64(1, value); err != nil {
			return nil, err
		}
		b = append(b, '[')
		for n := 0; stmt.Step(); n++ {
			if n > 0 {
				b = append(b, ", \n "...)
			}
			b = append(b, `{"id":`...)
			b = strconv.AppendInt(b, stmt.ColumnInt64(0), 10)
			b = append(b, `,"n":`...)
			b = strconv.AppendInt(b, stmt.ColumnInt64(1), 10)
			b = append(b, `,"name":"`...)
			b = append(b, stmt.ColumnRawText(2)...)
			b = append(b, `","price":`...)
			b = append(b, stmt.ColumnRawText(3)...)
			b = append(b, `,"active":`...)
			b = strconv.AppendBool(b, stmt.ColumnInt64(4) != 0)
			b = append(b, '}')
		}
		return append(b, ']'), stmt.Reset()
	}, nil
}

func postgres(dsn string) (engine, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 8
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, err
	}
	const row = `SELECT row_to_json(t)::text FROM (SELECT "id", "n", "name", "price", "active" FROM "item" `
	return func(ctx context.Context, list bool, value int64, b []byte) ([]byte, error) {
		sql := row + `WHERE "id" = $1) t`
		if list {
			sql = row + `WHERE "n" >= $1 ORDER BY "n", "id" LIMIT 20) t`
		}
		rows, err := pool.Query(ctx, sql, value)
		if err != nil {
			return nil, err
		}
		b = append(b, '[')
		for n := 0; rows.Next(); n++ {
			if n > 0 {
				b = append(b, ", \n "...)
			}
			b = append(b, rows.RawValues()[0]...)
		}
		return append(b, ']'), rows.Err()
	}, nil
}
