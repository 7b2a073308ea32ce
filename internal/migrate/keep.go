package migrate

import (
	"fmt"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// A keeper holds on to what DROP TABLE takes along when a table is made anew: triggers, and indexes that the schema file
// doesn't know. They come back once the new table has its name.
type keeper struct {
	db    *sqlite3.Conn
	table string
	kept  [][]string // name, sql
}

// before remembers what belongs to a table that is about to be dropped while its successor stands ready.
func (k *keeper) before(sql string) error {
	name, ok := droppedTable(sql)
	if !ok {
		return nil
	}
	ready, err := liteRows(k.db, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1", rebuiltPrefix+name)
	if err != nil || len(ready) == 0 {
		return err
	}
	k.table = name
	k.kept, err = liteRows(k.db, `
		SELECT name, sql FROM sqlite_schema
		WHERE type IN ('index', 'trigger') AND tbl_name = ?1 COLLATE NOCASE AND sql IS NOT NULL ORDER BY type, rowid`, name)
	return err
}

// after puts back what isn't there, once the new table took the name of the old.
func (k *keeper) after(sql string) error {
	if k.table == "" || !strings.HasPrefix(sql, "ALTER TABLE "+identifier(rebuiltPrefix+k.table)+" RENAME TO ") {
		return nil
	}
	for _, o := range k.kept {
		there, err := liteRows(k.db, "SELECT 1 FROM sqlite_schema WHERE name = ?1", o[0])
		if err != nil {
			return err
		}
		if len(there) > 0 {
			continue
		}
		if err := k.db.Exec(o[1]); err != nil {
			return fmt.Errorf("table %s was made anew, and %q of the database, which the schema file doesn't know, can't stand on it any more: %w; drop or change it first", k.table, o[0], err)
		}
	}
	k.table, k.kept = "", nil
	return nil
}

// droppedTable reads DROP TABLE "name".
func droppedTable(sql string) (string, bool) {
	toks := tokens(sql)
	if len(toks) != 3 || !strings.EqualFold(toks[0].text, "DROP") || !strings.EqualFold(toks[1].text, "TABLE") {
		return "", false
	}
	return toks[2].text, true
}
