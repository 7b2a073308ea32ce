package guard

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/schema"
)

// check gives what an integrity check finds.
func (w *pgWorld) check(g *Postgres, o CheckOptions) (found []Damage) {
	w.t.Helper()
	if err := g.Check(w.t.Context(), w.schema, o, func(d Damage) { found = append(found, d) }); err != nil {
		w.t.Fatal(err)
	}
	return found
}

// TestPostgresFindsDamage flips one bit in a page of an index and of a table while the server is down.
func TestPostgresFindsDamage(t *testing.T) {
	server := pgtest.Start(t, pgtest.Options{FsyncOff: true})
	w := pgWorldOn(t, server.DSN(), pgShop, 5000)
	if found := w.check(w.guard, CheckOptions{Full: true}); len(found) > 0 {
		t.Fatalf("without amcheck, before anything happened: %+v", found)
	}
	w.exec("CREATE EXTENSION amcheck")
	for _, full := range []bool{false, true} {
		if found := w.check(w.guard, CheckOptions{Full: full}); len(found) > 0 {
			t.Fatalf("before anything happened: %+v", found)
		}
	}
	index, table := w.file("order_reference"), w.file("customer")
	w.exec("CHECKPOINT")
	w.conn.Close(context.Background())
	server.Stop(t)
	// r4999 in a leaf of the index becomes another key; the pointer to a row of the table leads beside it.
	flip(t, index, []byte("r4999"), 4)
	flipAt(t, table, 24)
	server.Start(t)
	conn, err := pgx.Connect(t.Context(), server.DSN())
	if err != nil {
		t.Fatal(err)
	}
	w.conn = conn
	t.Cleanup(func() { conn.Close(context.Background()) })
	w.guard = w.open(PostgresConfig{DSN: server.DSN()})

	var all []string
	done := 0
	found := w.check(w.guard, CheckOptions{Full: true, Progress: func(n, of int, _ string) {
		if n < done || of != 2 {
			t.Errorf("%d of %d tables after %d", n, of, done)
		}
		done = n
	}})
	for _, d := range found {
		all = append(all, d.Table.Name+" "+d.Index+" by "+d.Checks)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if !slices.Contains(all, "order public.order_reference by bt_index_check") || !slices.Contains(all, "customer  by verify_heapam") {
		t.Errorf("found %q", all)
	}
	if slices.ContainsFunc(found, func(d Damage) bool { return d.Table.Name == "customer" && d.Index != "" }) {
		t.Error("an index of a damaged table is to be rebuilt from it")
	}
	if found := w.check(w.guard, CheckOptions{Full: true, Tables: []schema.Name{{Name: "order"}}}); len(found) != 1 {
		t.Errorf("of order alone: %+v", found)
	}
	if err := w.repair(w.guard, Corrupt, "public.order_reference"); err != nil {
		t.Fatal(err)
	}
	if found := w.check(w.guard, CheckOptions{Full: true, Tables: []schema.Name{{Name: "order"}}}); len(found) != 0 {
		t.Errorf("after the repair: %+v", found)
	}
	w.exec("DROP EXTENSION amcheck")
	if found := w.check(w.guard, CheckOptions{}); len(found) != 0 {
		t.Errorf("quickly, without amcheck: %+v", found)
	}
}

// TestPostgresCountsWithoutAmcheck loses rows of an index, which a full check without the extension meets by counting.
func TestPostgresCountsWithoutAmcheck(t *testing.T) {
	w := newPGWorld(t, pgShop, 1000)
	w.exec(`UPDATE pg_index SET indisready = false, indisvalid = false WHERE indexrelid = 'order_customer'::regclass`)
	w.exec(`INSERT INTO "order" VALUES (100000, 1, 'paid', 'lost', now())`)
	w.exec(`UPDATE pg_index SET indisready = true, indisvalid = true WHERE indexrelid = 'order_customer'::regclass`)
	found := w.check(w.guard, CheckOptions{Full: true})
	if len(found) != 1 || found[0].Index != "public.order_customer" || found[0].What != "the index has 1000 rows, the table 1001" {
		t.Errorf("found %+v", found)
	}
}

// file is where a table or index lies, on the disk.
func (w *pgWorld) file(name string) string {
	return filepath.Join(w.text("SELECT current_setting('data_directory')"), w.text("SELECT pg_relation_filepath($1::text::regclass)", name))
}

// flip flips the lowest bit of a byte in the only place where a text stands.
func flip(t *testing.T, file string, text []byte, at int) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		if i+len(text) <= len(data) && string(data[i:i+len(text)]) == string(text) {
			data[i+at] ^= 1
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("nothing to flip in " + file + ": " + strconv.Itoa(len(data)) + " bytes")
}

// flipAt flips the lowest bit of one byte.
func flipAt(t *testing.T, file string, at int) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[at] ^= 1
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
