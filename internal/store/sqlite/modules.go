package sqlite

import (
	"fmt"

	"github.com/ncruces/go-sqlite3/ext/fts5"
	"github.com/ncruces/go-sqlite3/ext/rtree"
)

// registerModules brings in FTS5 and R*Tree where the file has tables of theirs, which triggers of ordinary tables keep up. It takes
// milliseconds a connection, so that other files go without. Whatever else is wrong with a file, its first statement says.
func (c *conn) registerModules() error {
	text, place, err := c.moduleTables()
	if err != nil || !text && !place {
		return nil
	}
	if text {
		if err := fts5.Register(c.Conn); err != nil {
			return fmt.Errorf("register FTS5: %w", err)
		}
	}
	if place {
		if err := rtree.Register(c.Conn); err != nil {
			return fmt.Errorf("register R*Tree: %w", err)
		}
	}
	return c.Exec("PRAGMA writable_schema = RESET") // it is read anew, now with the modules that say which tables are theirs
}

// moduleTables says whether the file has tables of FTS5, and of R*Tree.
func (c *conn) moduleTables() (text, place bool, err error) {
	st, _, err := c.Prepare(`SELECT coalesce(max(sql LIKE '%using%fts5%'), 0), coalesce(max(sql LIKE '%using%rtree%' OR sql LIKE '%using%geopoly%'), 0)
		FROM sqlite_schema WHERE type = 'table' AND rootpage = 0`)
	if err != nil {
		return false, false, err
	}
	defer st.Close()
	if st.Step() {
		text, place = st.ColumnBool(0), st.ColumnBool(1)
	}
	return text, place, st.Err()
}
