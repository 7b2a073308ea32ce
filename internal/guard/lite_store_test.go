package guard

import (
	"context"
	"errors"
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
