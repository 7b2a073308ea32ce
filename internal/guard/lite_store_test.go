package guard

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/internal/store/storetest"
)

// The store suite passes under guard: where nothing is lost, nobody notices it.
func TestLiteStore(t *testing.T) {
	var g *Guard
	storetest.Run(t, func(t testing.TB, f storetest.Fixture) store.Store {
		path := filepath.Join(t.TempDir(), "store.db")
		c, err := sqlite.OpenConn(path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.Exec(f.SQLite), c.Close()); err != nil {
			t.Fatal(err)
		}
		st, err := sqlite.Open(sqlite.Config{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		l, err := NewLite(LiteConfig{Path: path, Store: st})
		if err != nil {
			t.Fatal(err)
		}
		if g, err = New(Config{Engine: l, Schema: f.Schema, Mode: Act}); err != nil {
			t.Fatal(err)
		}
		WatchLite(st, g, l)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- g.Run(ctx) }()
		t.Cleanup(func() {
			cancel()
			if err := errors.Join(<-done, st.Close(), l.Close()); err != nil {
				t.Error(err)
			}
		})
		return Wrap(st, g)
	})
	if n := g.Status().Refused; n > 0 {
		t.Errorf("%d were refused: %+v", n, g.Status().Drift)
	}
}

// While nobody can tell whether the table of incidents is there, none is written into the file beside the database, where nobody would look for it.
func TestLiteRecordsAreKeptInOnePlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	liteFile(t, path)
	l, err := NewLite(LiteConfig{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Records().Open(ctx, Incident{ID: "1", Subject: "x", State: Open}); err == nil {
		t.Error("it was kept somewhere")
	}
	if _, err := os.Stat(path + recordsEnd); err == nil {
		t.Error("a file beside the database was made")
	}
}
