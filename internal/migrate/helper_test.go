package migrate

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/schema"
)

// onBoth runs a test on an empty database of each engine.
func onBoth(t *testing.T, test func(t *testing.T, d *Database)) {
	for _, e := range []Engine{SQLite, Postgres} {
		t.Run(string(e), func(t *testing.T) { test(t, fresh(t, e)) })
	}
}

func fresh(t *testing.T, e Engine) *Database {
	t.Helper()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "x.db")
	if e == Postgres {
		dsn = pgtest.DSN(t)
	}
	d, err := Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return d
}

// parse reads a schema file.
func parse(t *testing.T, text string) *schema.Schema {
	t.Helper()
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: text})
	if len(mistakes) > 0 {
		t.Fatal(schema.Mistakes(mistakes))
	}
	return s
}

// sync brings a database to a schema and checks that it then is in step, and that a second time has nothing to do.
func sync(t *testing.T, d *Database, s *schema.Schema, o RunOptions) []string {
	t.Helper()
	done, err := d.Sync(t.Context(), s, o)
	if err != nil {
		t.Fatalf("sync: %v", err)
	}
	settled(t, d, s)
	return done.Steps
}

func settled(t *testing.T, d *Database, s *schema.Schema) {
	t.Helper()
	problems, err := d.InStep(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("not in step: %s", p)
	}
	again, err := d.Sync(t.Context(), s, RunOptions{})
	if err != nil {
		t.Fatalf("sync again: %v", err)
	}
	if len(again.Steps) > 0 {
		t.Errorf("a second sync still does: %s", strings.Join(again.Steps, "; "))
	}
}

func exec(t *testing.T, d *Database, sql ...string) {
	t.Helper()
	for _, s := range sql {
		if err := d.exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// ask gives a query's rows, columns joined by a bar.
func ask(t *testing.T, d *Database, sql string) []string {
	t.Helper()
	rows, err := d.rows(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	out := []string{}
	for _, r := range rows {
		out = append(out, strings.Join(r, "|"))
	}
	return out
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
