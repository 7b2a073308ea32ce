package sqlite

import (
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/schema"
)

// estimate gives how many rows ANALYZE found in a table, and false where it never looked.
func (c *conn) estimate(t *schema.Table) (int64, bool, error) {
	there, err := c.text("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'")
	if err != nil {
		return 0, false, err
	}
	defer there.Reset()
	if !there.Step() {
		return 0, false, there.Err()
	}
	st, err := c.text("SELECT stat FROM sqlite_stat1 WHERE tbl = ?1 ORDER BY CAST(stat AS INTEGER) DESC LIMIT 1")
	if err != nil {
		return 0, false, err
	}
	defer st.Reset()
	if err := st.BindText(1, litesql.StoredName(t.Name)); err != nil {
		return 0, false, err
	}
	if !st.Step() {
		return 0, false, st.Err()
	}
	first, _, _ := strings.Cut(st.ColumnText(0), " ")
	n, err := strconv.ParseInt(first, 10, 64)
	return n, err == nil, nil
}
