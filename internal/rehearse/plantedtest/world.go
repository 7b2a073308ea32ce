package plantedtest

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/demo"
	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/load"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Orders is how many orders the shop has at 1x. The demo itself has ten times as many; at 100x that would be five million.
const Orders = 5000

//go:embed testdata
var files embed.FS

// Worlds are their names, in the order of the truth.
func Worlds() []string { return []string{Shop, Bare, Chinook} }

// The worlds.
const (
	Shop    = "shop"    // the demo
	Bare    = "bare"    // the demo, with fewer and other indexes, and a JSON column on its orders
	Chinook = "chinook" // the sample database
)

// A World is one database at one scale, as a SQLite file.
type World struct {
	Name   string
	Scale  int
	Schema *schema.Schema
	Path   string

	values map[string][]string
}

// Build makes a world in a folder. Chinook is taken from the file that ChinookPath names.
func Build(t testing.TB, name string, scale int, dir string) *World {
	t.Helper()
	w := &World{Name: name, Scale: scale, Path: filepath.Join(dir, fmt.Sprintf("%s-%d.db", name, scale)), values: map[string][]string{}}
	var err error
	if name == Chinook {
		err = w.growChinook(ChinookPath(t))
	} else {
		err = w.seed()
	}
	if err != nil {
		t.Fatalf("make %s at %dx: %v", name, scale, err)
	}
	return w
}

// ChinookPath is the sample database's file. A test that needs it is skipped where there is none.
func ChinookPath(t testing.TB) string {
	t.Helper()
	path := os.Getenv("PINTAIL_CHINOOK")
	if path == "" {
		_, here, _, _ := runtime.Caller(0)
		root := filepath.Join(filepath.Dir(here), "..", "..", "..")
		for _, at := range []string{filepath.Join(root, "..", "shared"), filepath.Join(root, "..", "..", "shared")} {
			if path = filepath.Join(at, "data", "chinook.sqlite"); exists(path) {
				return path
			}
		}
		t.Skip("no Chinook database here: set PINTAIL_CHINOOK to the path of chinook.sqlite; the worlds of the demo's shop ask most of the same")
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Exec runs statements on a file.
func execSQLite(path string, statements ...string) error {
	c, err := sqlite.OpenConn(path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
	if err != nil {
		return err
	}
	for _, sql := range statements {
		if err := c.Exec(sql); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", sql, err), c.Close())
		}
	}
	return c.Close()
}

// seed fills a shop with the demo's own rows.
func (w *World) seed() error {
	text, err := demo.Files.ReadFile("schema.graphql")
	if err != nil {
		return err
	}
	if w.Name == Bare {
		if text, err = files.ReadFile("testdata/bare.graphql"); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp(filepath.Dir(w.Path), "schema-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, demo.Files); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "schema.graphql"), text, 0o600); err != nil {
		return err
	}
	if w.Schema, err = schema.Load(filepath.Join(dir, "schema.graphql")); err != nil {
		return err
	}
	list, losses := migrate.Create(w.Schema, migrate.SQLite)
	if len(losses) > 0 {
		return fmt.Errorf("the schema can't be expressed on SQLite: %v", losses)
	}
	var make []string
	for _, s := range list {
		make = append(make, s.SQL)
	}
	if err := execSQLite(w.Path, make...); err != nil {
		return err
	}
	st, err := sqlite.Open(sqlite.Config{Path: w.Path, Statement: time.Hour})
	if err != nil {
		return err
	}
	n := node.New(w.Schema, st, auth.Open(), node.Options{AnswerTime: time.Hour})
	for _, table := range demo.Seed(Orders * w.Scale) {
		if err := w.fill(n, table); err != nil {
			return errors.Join(fmt.Errorf("fill %s: %w", table.Name, err), st.Close())
		}
	}
	return st.Close()
}

// fill inserts a table's rows through the front door.
func (w *World) fill(n *node.Node, table demo.Table) error {
	const together = 5000
	columns := table.Columns
	extras := w.Name == Bare && table.Name == "order"
	if extras {
		columns = append(slices.Clone(columns), "extras")
	}
	var batch []map[string]any
	insert := func() error {
		text, err := json.Marshal(batch)
		if err != nil || len(batch) == 0 {
			return err
		}
		batch = batch[:0]
		_, err = n.Do(context.Background(), query.Admin, &query.Insert{Into: query.Name{Name: table.Name}, Columns: columns, Rows: query.Text(string(text))})
		return err
	}
	for row := range table.Rows {
		m := map[string]any{}
		for i, c := range table.Columns {
			m[c] = row[i]
		}
		if v, ok := m["notes"].(string); ok {
			m["notes"] = json.RawMessage(v)
		}
		if extras {
			id := row[0].(int64)
			m["extras"] = map[string]any{"table": id % 40, "voucher": fmt.Sprintf("V%d", id)}
		}
		if batch = append(batch, m); len(batch) == together {
			if err := insert(); err != nil {
				return err
			}
		}
	}
	return insert()
}

// growChinook copies the sample database, and its rows so often that it has scale times as many: artists with their albums, albums with
// their tracks, tracks in as many playlists, customers with their invoices. Genres, media types, employees and playlists stay as
// they are.
func (w *World) growChinook(from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(w.Path, data, 0o600); err != nil {
		return err
	}
	grow := []string{"PRAGMA foreign_keys = OFF", "PRAGMA synchronous = OFF", "BEGIN"}
	if w.Scale > 1 {
		grow = append(grow, fmt.Sprintf(`CREATE TEMP TABLE copy AS WITH RECURSIVE c (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM c WHERE k < %d) SELECT k FROM c`, w.Scale-1))
		for _, t := range chinookCopies {
			grow = append(grow, fmt.Sprintf(`INSERT INTO %[1]s SELECT %[2]s FROM (SELECT * FROM %[1]s) AS t, copy ORDER BY k, t.rowid_`, t.table, t.columns))
		}
	}
	for i, sql := range grow {
		grow[i] = strings.Replace(sql, "(SELECT * FROM", "(SELECT *, rowid AS rowid_ FROM", 1)
	}
	grow = append(grow, "COMMIT", "PRAGMA wal_checkpoint(TRUNCATE)")
	if err := execSQLite(w.Path, grow...); err != nil {
		return err
	}
	w.Schema, err = imported("sqlite:" + w.Path)
	return err
}

var chinookCopies = []struct{ table, columns string }{
	{"Artist", `ArtistId + k * 275, Name || ' ' || k`},
	{"Album", `AlbumId + k * 347, Title || ' ' || k, ArtistId + k * 275`},
	{"Track", `TrackId + k * 3503, Name || ' ' || k, AlbumId + k * 347, MediaTypeId, GenreId, Composer, Milliseconds, Bytes, UnitPrice`},
	{"Customer", `CustomerId + k * 59, FirstName, LastName, Company, Address, City, State, Country, PostalCode, Phone, Fax, k || '.' || Email, SupportRepId`},
	{"Invoice", `InvoiceId + k * 412, CustomerId + k * 59, InvoiceDate, BillingAddress, BillingCity, BillingState, BillingCountry, BillingPostalCode, Total`},
	{"InvoiceLine", `InvoiceLineId + k * 2240, InvoiceId + k * 412, TrackId + k * 3503, UnitPrice, Quantity`},
	{"PlaylistTrack", `PlaylistId, TrackId + k * 3503`},
}

// imported is the schema file of a live database, read again.
func imported(dsn string) (*schema.Schema, error) {
	ctx := context.Background()
	db, err := migrate.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	found, _, err := db.Inspect(ctx, migrate.Options{})
	if err := errors.Join(err, db.Close(ctx)); err != nil {
		return nil, err
	}
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: schema.Print(found)})
	if len(mistakes) > 0 {
		return nil, schema.Mistakes(mistakes)
	}
	return s, nil
}

// PostgreSQL makes the same world in a new PostgreSQL database, as its autovacuum would leave it, and gives its address.
func (w *World) PostgreSQL(t testing.TB) string {
	t.Helper()
	ctx := context.Background()
	dsn := pgtest.DSN(t)
	if _, err := load.Copy(ctx, "sqlite:"+w.Path, dsn, load.CopyOptions{Schema: w.Schema}); err != nil {
		t.Fatal(err)
	}
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, "VACUUM (ANALYZE)"); err != nil {
		t.Fatal(err)
	}
	return dsn
}

// Values gives the values that a statement of Values finds, in its order.
func (w *World) list(sql string) ([]string, error) {
	if list, ok := w.values[sql]; ok {
		return list, nil
	}
	c, err := sqlite.OpenConn(w.Path, sqlite3.OPEN_READONLY)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	s, _, err := c.Prepare(sql)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sql, err)
	}
	defer s.Close()
	var list []string
	for s.Step() {
		list = append(list, s.ColumnText(0))
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", sql, err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: finds no value", sql)
	}
	w.values[sql] = list
	return list, nil
}
