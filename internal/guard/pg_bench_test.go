package guard

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/schema"
)

// BenchmarkPostgresCatalog looks at a catalog of 400 indexes in 200 tables: cheaply, as every second, and wholly.
func BenchmarkPostgresCatalog(b *testing.B) {
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "type t%d @table @index(columns: [\"kind\"]) { id: bigint! @id kind: bigint! note: String }\n", i)
	}
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: text.String()})
	if len(mistakes) > 0 {
		b.Fatal(schema.Mistakes(mistakes))
	}
	dsn := pgtest.DSN(b)
	d, err := migrate.Open(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close(context.Background())
	if _, err := d.Sync(b.Context(), s, migrate.RunOptions{}); err != nil {
		b.Fatal(err)
	}
	g, err := NewPostgres(PostgresConfig{DSN: dsn, Default: s.Default, SearchPath: s.Exposed})
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	look := func(b *testing.B) {
		if _, err := g.Catalog(b.Context(), s); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("start", func(b *testing.B) {
		for b.Loop() {
			g.mu.Lock()
			clear(g.declared)
			g.last = nil
			g.mu.Unlock()
			look(b)
		}
	})
	b.Run("cheap", func(b *testing.B) {
		for b.Loop() {
			look(b)
		}
	})
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			g.doubt()
			look(b)
		}
	})
}
