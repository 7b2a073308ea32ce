package change

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// A Catalog is what the database file says of its tables, at one schema version. It is immutable.
type Catalog struct {
	Version int64 // PRAGMA schema_version
	tables  map[string]*Table
}

// A Table is one ordinary table of the file.
type Table struct {
	Name    string // as it was created
	Key     string // folded as SQLite folds names: what it is looked up by
	Columns []Column
}

// A Column is one column of a table, in the place that the pre-update hook knows it by.
type Column struct {
	Name      string // folded
	Affinity  Affinity
	Collation string // folded
	Virtual   bool   // a generated column that isn't stored: the hook can't read it
}

// Affinity is a column's type affinity (sqlite.org/datatype3.html, section 3.1).
type Affinity string

const (
	AffinityInteger Affinity = "INTEGER"
	AffinityText    Affinity = "TEXT"
	AffinityBlob    Affinity = "BLOB"
	AffinityReal    Affinity = "REAL"
	AffinityNumeric Affinity = "NUMERIC"
)

// Table finds a table by its name in any case.
func (c *Catalog) Table(name string) (*Table, bool) {
	t, ok := c.tables[Fold(name)]
	return t, ok
}

// Column gives a column's place.
func (t *Table) Column(name string) (int, bool) {
	name = Fold(name)
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	return i, i >= 0
}

// Fold makes one of the names that are one to SQLite, which ignores the case of ASCII letters alone.
func Fold(name string) string {
	for i := range len(name) {
		if c := name[i]; 'A' <= c && c <= 'Z' {
			b := []byte(name)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return name
}

// affinityOf follows the rules of section 3.1 in their order.
func affinityOf(declared string) Affinity {
	d := strings.ToUpper(declared)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(d, w) })
	}
	switch {
	case has("INT"):
		return AffinityInteger
	case has("CHAR", "CLOB", "TEXT"):
		return AffinityText
	case d == "" || has("BLOB") || d == "ANY":
		return AffinityBlob
	case has("REAL", "FLOA", "DOUB"):
		return AffinityReal
	}
	return AffinityNumeric
}

// Hidden is 2 for a generated column that is computed when it is read, 3 for one that is stored, 1 for a virtual table's.
const hiddenVirtual = 2

// ReadCatalog reads the tables of the main database.
func ReadCatalog(c *sqlite3.Conn) (*Catalog, error) {
	out := &Catalog{tables: map[string]*Table{}}
	var err error
	if out.Version, err = pragma(c, "PRAGMA schema_version"); err != nil {
		return nil, err
	}
	const list = `SELECT l.name, x.name, x.type, x.hidden FROM pragma_table_list AS l, pragma_table_xinfo(l.name, 'main') AS x
		WHERE l.schema = 'main' AND l.type IN ('table', 'shadow') ORDER BY l.name, x.cid`
	st, _, err := c.Prepare(list)
	if err != nil {
		return nil, fmt.Errorf("read the tables: %w", err)
	}
	defer st.Close()
	for st.Step() {
		name := st.ColumnText(0)
		t := out.tables[Fold(name)]
		if t == nil {
			t = &Table{Name: name, Key: Fold(name)}
			out.tables[t.Key] = t
		}
		_, collation, _, _, _, err := c.TableColumnMetadata("main", name, st.ColumnText(1))
		if err != nil {
			return nil, fmt.Errorf("read the columns of %q: %w", name, err)
		}
		t.Columns = append(t.Columns, Column{
			Name: Fold(st.ColumnText(1)), Affinity: affinityOf(st.ColumnText(2)), Collation: Fold(collation),
			Virtual: st.ColumnInt(3) == hiddenVirtual,
		})
	}
	if err := st.Err(); err != nil {
		return nil, fmt.Errorf("read the tables: %w", err)
	}
	return out, nil
}

// pragma asks for one number.
func pragma(c *sqlite3.Conn, sql string) (int64, error) {
	st, _, err := c.Prepare(sql)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", sql, err)
	}
	defer st.Close()
	if !st.Step() {
		return 0, fmt.Errorf("%s: no answer: %w", sql, st.Err())
	}
	return st.ColumnInt64(0), nil
}
