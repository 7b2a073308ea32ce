package pintail_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/load"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/schema"
)

// TestRecordShop takes a SQLite database that Pintail did not make through import, copy to PostgreSQL and back, and asks
// the same questions over REST and in SQL.
func TestRecordShop(t *testing.T) {
	text, err := os.ReadFile("testdata/records/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "records.db")
	db, err := sqlite3.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Exec(string(text)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	roundTrip(t, path)
}

// TestChinook does so with the Chinook sample database, which is not part of this repository.
func TestChinook(t *testing.T) {
	path := os.Getenv("PINTAIL_CHINOOK")
	if path == "" {
		path = filepath.Join("..", "shared", "data", "chinook.sqlite")
		if _, err := os.Stat(path); err != nil {
			t.Skip("no Chinook database here: set PINTAIL_CHINOOK to the path of chinook.sqlite; TestRecordShop asks the same of a smaller one")
		}
	}
	roundTrip(t, path)
}

func roundTrip(t *testing.T, path string) {
	ctx := context.Background()
	original, pg := "sqlite:"+path, pgtest.DSN(t)
	back := "sqlite:" + filepath.Join(t.TempDir(), "back.db")
	s := imported(t, original)
	there, err := load.Copy(ctx, original, pg, load.CopyOptions{Schema: s})
	if err != nil {
		t.Fatal(err)
	}
	again, err := load.Copy(ctx, pg, back, load.CopyOptions{Schema: s})
	if err != nil {
		t.Fatal(err)
	}
	rows := int64(0)
	for i, table := range there.Tables {
		rows += table.Rows
		if table != again.Tables[i] {
			t.Errorf("%+v came back as %+v", table, again.Tables[i])
		}
	}
	t.Logf("%d tables, %d rows", len(there.Tables), rows)
	if a, b := schema.Print(s), schema.Print(imported(t, back)); a != b {
		t.Errorf("the schema file came back changed: %s", difference(a, b))
	}
	for _, table := range s.Tables {
		name := `"` + table.Name.Name + `"`
		if a, b := sqliteRows(t, path, "SELECT * FROM "+name+" ORDER BY 1, 2"), sqliteRows(t, strings.TrimPrefix(back, "sqlite:"), "SELECT * FROM "+name+" ORDER BY 1, 2"); a != b {
			t.Errorf("table %s came back changed: %s", name, difference(a, b))
		}
	}
	t.Run("SQLite", func(t *testing.T) {
		askRecords(t, original, s, func(sql string) string { return sqliteRows(t, path, sql) })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		askRecords(t, pg, imported(t, pg), func(sql string) string { return postgresRows(t, pg, sql) })
	})
}

// imported is the schema file of a live database, read again.
func imported(t *testing.T, dsn string) *schema.Schema {
	t.Helper()
	ctx := context.Background()
	db, err := migrate.Open(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(ctx)
	found, _, err := db.Inspect(ctx, migrate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: schema.Print(found)})
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	return s
}

func askRecords(t *testing.T, dsn string, s *schema.Schema, sql func(string) string) {
	app, err := pintail.New(t.Context(), pintail.Config{Parsed: s, Database: dsn, Open: true, REST: node.RESTOptions{Aggregates: true}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(app.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := app.Close(); err != nil {
			t.Error(err)
		}
	})
	for i, q := range recordQuestions {
		path, query, _ := strings.Cut(q.rest, "?")
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/rest/v1/"+path+"?"+values.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if q.header != "" {
			name, value, _ := strings.Cut(q.header, ": ")
			r.Header.Set(name, value)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode/100 != 2 {
			t.Errorf("question %d, %s: %s %s", i+1, q.rest, answer.Status, body)
			continue
		}
		var got string
		if strings.HasPrefix(q.header, "Prefer: count") {
			_, total, _ := strings.Cut(answer.Header.Get("Content-Range"), "/")
			got = total + "\n"
		} else {
			got = flat(t, body)
		}
		want := sql(q.sql)
		if want == "" {
			t.Errorf("question %d, %s, has no answer: it proves nothing", i+1, q.rest)
		}
		if got != want {
			t.Errorf("question %d, %s: %s", i+1, q.rest, difference(want, got))
		}
	}
}

// flat writes a JSON answer as the rows of the join that gives it: an object's own values beside each row of what is
// embedded in it.
func flat(t *testing.T, body []byte) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var out strings.Builder
	for _, row := range flatNext(t, d) {
		out.WriteString(strings.Join(row, "|") + "\n")
	}
	return out.String()
}

func flatNext(t *testing.T, d *json.Decoder) [][]string {
	t.Helper()
	token, err := d.Token()
	if err != nil {
		t.Fatal(err)
	}
	switch token {
	case json.Delim('['):
		var rows [][]string
		for d.More() {
			rows = append(rows, flatNext(t, d)...)
		}
		_, _ = d.Token() // the closing bracket: More saw it
		return rows
	case json.Delim('{'):
		rows := [][]string{nil}
		for d.More() {
			_, _ = d.Token() // the key
			var product [][]string
			within := flatNext(t, d)
			if len(within) == 0 {
				within = [][]string{{"NULL"}} // nothing embedded, as an outer join of one column shows it
			}
			for _, row := range rows {
				for _, more := range within {
					product = append(product, append(row[:len(row):len(row)], more...))
				}
			}
			rows = product
		}
		_, _ = d.Token()
		return rows
	case nil:
		return [][]string{{"NULL"}}
	}
	return [][]string{{plainText(fmt.Sprint(token))}}
}

// plainText writes numbers to six places and times alike, however an engine spells them.
func plainText(text string) string {
	if len(text) == len("2021-01-01 00:00:00") && text[10] == ' ' && text[13] == ':' {
		return text[:10] + "T" + text[11:]
	}
	if n, ok := new(big.Rat).SetString(text); ok && strings.Trim(text, "0123456789.-e+") == "" {
		if n.IsInt() {
			return n.Num().String()
		}
		return strings.TrimSuffix(strings.TrimRight(n.FloatString(6), "0"), ".")
	}
	return text
}

func sqliteRows(t *testing.T, path, sql string) string {
	t.Helper()
	db, err := sqlite3.OpenFlags(path, sqlite3.OPEN_READONLY)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	stmt, _, err := db.Prepare(sql)
	if err != nil {
		t.Fatalf("%v: %s", err, sql)
	}
	defer stmt.Close()
	var out strings.Builder
	for stmt.Step() {
		row := make([]string, stmt.ColumnCount())
		for i := range row {
			row[i] = "NULL"
			if stmt.ColumnType(i) != sqlite3.NULL {
				row[i] = plainText(stmt.ColumnText(i))
			}
		}
		out.WriteString(strings.Join(row, "|") + "\n")
	}
	if err := stmt.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func postgresRows(t *testing.T, dsn, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%v: %s", err, sql)
	}
	var out strings.Builder
	for _, values := range results[0].Rows {
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = "NULL"
			if v != nil {
				row[i] = plainText(string(v))
			}
		}
		out.WriteString(strings.Join(row, "|") + "\n")
	}
	return out.String()
}
