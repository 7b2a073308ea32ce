package cache

import (
	"path/filepath"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/internal/store/storetest"
	"github.com/pintail-dev/pintail/query"
)

// The store suite passes around the cache.
func TestStore(t *testing.T) {
	var s *Store
	open := func(t testing.TB, f storetest.Fixture) store.Store {
		path := filepath.Join(t.TempDir(), "store.db")
		c, err := sqlite.OpenConn(path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Exec(f.SQLite); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		inner, err := sqlite.Open(sqlite.Config{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		s = Wrap(inner, Config{Rest: -1}).(*Store)
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	}
	storetest.Run(t, open)
	again(t, s)
}

// again asks what reads once of the database and three times of the cache, with one plan: the last answers come from memory.
func again(t *testing.T, s *Store) {
	f := storetest.New()
	reads := 0
	for _, c := range storetest.Cases() {
		_, args := query.Parameterize(c.Ask, nil)
		p, err := plan.Resolve(c.Ask, f.Schema, plan.Options{Aggregates: true})
		if err != nil || p.Op != plan.Read && p.Op != plan.Sequence || !p.ReadsOnly() {
			continue
		}
		ctx := store.WithZone(t.Context(), c.Zone)
		want := outcome(s.inner.Read(ctx, p, args))
		for range 3 {
			if got := outcome(s.Read(ctx, p, args)); got != want {
				t.Errorf("%s: the cache answers\n%s\nthe database\n%s", c.Name, got, want)
			}
		}
		reads++
	}
	if st := s.Stats(); st.Hits < uint64(reads) {
		t.Errorf("%d questions, but only %d answers from memory", reads, st.Hits)
	}
}
