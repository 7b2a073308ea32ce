// Command bare is the yardstick: a hand-written net/http handler on the same driver that runs one prepared statement of
// the same SQL as Pintail and writes the same bytes, with nothing else around it.
//
//	bare sqlite FILE ADDR      bare postgres DSN ADDR      bare nested FILE ADDR
//
// It serves /rest/v1/item?id=eq.N and /rest/v1/item?n=gte.N&order=n&limit=20.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/ncruces/go-sqlite3"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: bare sqlite FILE ADDR | bare postgres DSN ADDR | bare nested FILE ADDR")
	}
	var h http.HandlerFunc
	var err error
	switch os.Args[1] {
	case "sqlite":
		h, err = sqlite(os.Args[2])
	case "postgres":
		h, err = postgres(os.Args[2])
	case "nested":
		h, err = nested(os.Args[2])
	default:
		err = fmt.Errorf("no engine %q", os.Args[1])
	}
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(os.Args[3], h))
}

const (
	byKey   = `SELECT "id", "n", "name", "price", "active" FROM "item" WHERE "id" = ?1`
	byIndex = `SELECT "id", "n", "name", "price", "active" FROM "item" WHERE "n" >= ?1 ORDER BY "n", "id" LIMIT 20`
)

// question gives the SQL's number and its value.
func question(r *http.Request) (list bool, value int64) {
	q := r.URL.Query()
	if id := q.Get("id"); id != "" {
		value, _ = strconv.ParseInt(strings.TrimPrefix(id, "eq."), 10, 64)
		return false, value
	}
	value, _ = strconv.ParseInt(strings.TrimPrefix(q.Get("n"), "gte."), 10, 64)
	return true, value
}

type conn struct {
	db        *sqlite3.Conn
	key, list *sqlite3.Stmt
	buf       []byte
}

func sqlite(path string) (http.HandlerFunc, error) {
	const connections = 4
	pool := make(chan *conn, connections)
	for range connections {
		db, err := sqlite3.Open(path)
		if err != nil {
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
	return func(w http.ResponseWriter, r *http.Request) {
		list, value := question(r)
		c := <-pool
		defer func() { pool <- c }()
		stmt := c.key
		if list {
			stmt = c.list
		}
		if err := stmt.BindInt64(1, value); err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		b := append(c.buf[:0], '[')
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
		b = append(b, ']')
		c.buf = b
		if err := stmt.Reset(); err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		w.Header()["Content-Type"] = []string{"application/json; charset=utf-8"}
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(b))}
		w.Write(b)
	}, nil
}

func postgres(dsn string) (http.HandlerFunc, error) {
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
	return func(w http.ResponseWriter, r *http.Request) {
		list, value := question(r)
		sql := row + `WHERE "id" = $1) t`
		if list {
			sql = row + `WHERE "n" >= $1 ORDER BY "n", "id" LIMIT 20) t`
		}
		rows, err := pool.Query(r.Context(), sql, value)
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		b := []byte{'['}
		for n := 0; rows.Next(); n++ {
			if n > 0 {
				b = append(b, ", \n "...)
			}
			b = append(b, rows.RawValues()[0]...)
		}
		b = append(b, ']')
		if err := rows.Err(); err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		w.Header()["Content-Type"] = []string{"application/json; charset=utf-8"}
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(b))}
		w.Write(b)
	}, nil
}
