package guard

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store/sqlite"
)

// TestLiteTellsDamageOfIndexesFromDamageOfTables overwrites a leaf of one tree, half of it or all, and looks whom it is laid to: an index
// is rebuilt, a table takes a backup.
func TestLiteTellsDamageOfIndexesFromDamageOfTables(t *testing.T) {
	for _, c := range []struct{ object, index, table string }{
		{"item_kind", "item_kind", "item"},
		{"sqlite_autoindex_customer_1", "customer(email)", "customer"},
		{"item", "", "item"},
	} {
		for _, from := range []int{0, 2048} {
			path := filepath.Join(t.TempDir(), "shop.db")
			liteFile(t, path)
			overwriteLeaf(t, path, c.object, from)
			l, err := NewLite(LiteConfig{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			s := parsed(t, chaosSchema)
			if _, err := l.Catalog(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			for _, full := range []bool{false, true} {
				var found []Damage
				if err := l.Check(t.Context(), s, CheckOptions{Full: full}, func(d Damage) { found = append(found, d) }); err != nil {
					t.Errorf("%s from %d: %v", c.object, from, err)
				}
				if len(found) == 0 || len(found) > damageTold {
					t.Errorf("%s from %d: %d messages", c.object, from, len(found))
				}
				for _, d := range found {
					if d.Index != c.index || d.Table.Name != c.table {
						t.Errorf("%s from %d, full %v: %+v", c.object, from, full, d)
					}
				}
			}
			if c.index != "" {
				repairLite(t, l, c.index)
				if err := l.Check(t.Context(), s, CheckOptions{Full: true}, func(d Damage) { t.Errorf("%s from %d, after the repair: %+v", c.object, from, d) }); err != nil {
					t.Error(err)
				}
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// repairLite has a damaged index rebuilt.
func repairLite(t *testing.T, l *Lite, id string) {
	t.Helper()
	s := parsed(t, chaosSchema)
	list, err := l.Declared(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if x.ID == id {
			if err := l.Repair(t.Context(), Repair{Drift: Drift{Kind: Corrupt, Index: x}, Schema: s}); err != nil {
				t.Errorf("repair %s: %v", id, err)
			}
			return
		}
	}
	t.Errorf("there is no index %s", id)
}

// overwriteLeaf fills the last leaf of a tree with ones, from a place in it on.
func overwriteLeaf(t *testing.T, path, object string, from int) {
	t.Helper()
	conn, err := sqlite.OpenConn(path, sqlite3.OPEN_READWRITE)
	if err != nil {
		t.Fatal(err)
	}
	root, err := liteNumber(conn, "SELECT rootpage FROM sqlite_schema WHERE name = '"+object+"'")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(conn.Exec("PRAGMA wal_checkpoint(TRUNCATE)"), conn.Close()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := int(data[16])<<8 | int(data[17])
	at := (int(root) - 1) * size
	for data[at] == 2 || data[at] == 5 { // inner pages: down to their last child (sqlite.org/fileformat2.html, section 1.6)
		child := int(data[at+8])<<24 | int(data[at+9])<<16 | int(data[at+10])<<8 | int(data[at+11])
		at = (child - 1) * size
	}
	for i := at + from; i < at+size; i++ {
		data[i] = 0xff
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
