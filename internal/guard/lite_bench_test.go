package guard

import (
	"path/filepath"
	"testing"

	"github.com/pintail-dev/pintail/internal/store/sqlite"
)

// BenchmarkLiteRepair builds a lost index of a table of 50,000 rows: one of numbers, and a unique one of texts.
func BenchmarkLiteRepair(b *testing.B) {
	path := filepath.Join(b.TempDir(), "shop.db")
	liteFile(b, path)
	liteHarm(b, path, `INSERT INTO item (id, customer_id, sku, kind, grade, made) WITH RECURSIVE n(i) AS (SELECT 2001 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
		SELECT i, 1 + i % 500, 'sku-' || i, i % 200, i % 3, i FROM n`)
	st, err := sqlite.Open(sqlite.Config{Path: path})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	l, err := NewLite(LiteConfig{Path: path, Store: st})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	s := parsed(b, chaosSchema)
	declared, err := l.Declared(b.Context(), s)
	if err != nil {
		b.Fatal(err)
	}
	for _, index := range declared {
		if index.Name != "item_kind" && index.Name != "item_sku" {
			continue
		}
		b.Run(index.Name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				liteHarm(b, path, "DROP INDEX "+index.Name)
				b.StartTimer()
				if err := l.Repair(b.Context(), Repair{Drift: Drift{Index: index, Kind: Missing}, Schema: s}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
