package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/ncruces/go-sqlite3"
)

// nestedSQL gives a customer with orders, items and toasts as one JSON document, built by SQLite's own functions.
const nestedSQL = `SELECT json_object('id', c.id, 'name', c.name, 'orders', (
  SELECT json_group_array(json_object('id', o.id, 'placed_at', o.placed_at, 'items', (
    SELECT json_group_array(json_object('quantity', i.quantity, 'toast', json_object('name', t.name, 'price', t.price)))
    FROM order_item AS i JOIN toast AS t ON t.id = i.toast_id WHERE i.order_id = o.id ORDER BY i.line)))
  FROM "order" AS o WHERE o.customer_id = c.id ORDER BY o.id)) FROM customer AS c WHERE c.id = ?1`

// nestedPostgres answers the same by the statement that Pintail runs on PostgreSQL.
func nestedPostgres(dsn, sql string) (http.HandlerFunc, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 8
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, err
	}
	return func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Variables struct{ ID int64 } }
		body, err := io.ReadAll(r.Body)
		if err == nil && len(body) > 0 {
			err = json.Unmarshal(body, &asked)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		b := []byte(`{"data":{"customer_by_pk":`)
		rows, err := pool.Query(r.Context(), sql, asked.Variables.ID)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		for rows.Next() {
			b = append(b, rows.RawValues()[0]...)
		}
		if rows.Close(); rows.Err() != nil {
			http.Error(w, rows.Err().Error(), http.StatusInternalServerError)
			return
		}
		b = append(b, "}}"...)
		w.Header()["Content-Type"] = []string{"application/json; charset=utf-8"}
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(b))}
		w.Write(b)
	}, nil
}

// nested answers POST /v1/graphql with one variable id by that statement.
func nested(path string) (http.HandlerFunc, error) {
	type one struct {
		db *sqlite3.Conn
		st *sqlite3.Stmt
	}
	const connections = 4
	pool := make(chan one, connections)
	for range connections {
		db, err := sqlite3.Open(path)
		if err != nil {
			return nil, err
		}
		st, _, err := db.PrepareFlags(nestedSQL, sqlite3.PREPARE_PERSISTENT)
		if err != nil {
			return nil, err
		}
		pool <- one{db, st}
	}
	return func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Variables struct{ ID int64 } }
		body, err := io.ReadAll(r.Body)
		if err == nil && len(body) > 0 {
			err = json.Unmarshal(body, &asked)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		c := <-pool
		defer func() { pool <- c }()
		b := []byte(`{"data":{"customer_by_pk":`)
		if err := c.st.BindInt64(1, asked.Variables.ID); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if c.st.Step() {
			b = append(b, c.st.ColumnRawText(0)...)
		} else {
			b = append(b, "null"...)
		}
		b = append(b, "}}"...)
		if err := c.st.Reset(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header()["Content-Type"] = []string{"application/json; charset=utf-8"}
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(b))}
		w.Write(b)
	}, nil
}
