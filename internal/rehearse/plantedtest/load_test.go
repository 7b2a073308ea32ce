package plantedtest

import (
	"context"
	"os"
	"testing"

	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/schema"
)

// TestLoad asks every planted query: each has a shape of its own, which is asked as often as the load asks. On
// PostgreSQL it does so in make prove alone.
func TestLoad(t *testing.T) {
	skipShort(t)
	for _, world := range Worlds() {
		t.Run(world, func(t *testing.T) {
			w := Build(t, world, 1, t.TempDir())
			for engine, open := range map[string]func() (*schema.Schema, store.Store, error){
				"sqlite": w.OpenSQLite,
				"postgres": func() (*schema.Schema, store.Store, error) {
					return w.OpenPostgreSQL(context.Background(), w.PostgreSQL(t))
				},
			} {
				if engine == "postgres" && os.Getenv("PINTAIL_PROVE") == "" {
					continue
				}
				s, st, err := open()
				if err != nil {
					t.Fatal(err)
				}
				defer st.Close()
				book, names, err := w.Load(s, st, Of(world))
				if err != nil {
					t.Fatalf("%s: %v", engine, err)
				}
				if len(names) != len(Of(world)) {
					t.Errorf("%s: %d queries have %d shapes", engine, len(Of(world)), len(names))
				}
				for _, s := range book.All() {
					if n := s.Calls.Load(); n != asked {
						t.Errorf("%s: %s (%s) was asked %d times, want %d", engine, s.Label, names[s.ID], n, asked)
					}
				}
			}
		})
	}
}
