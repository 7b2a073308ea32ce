package guard

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
)

// rebuildName is what an index is called while it is built beside a damaged one.
const rebuildName = "_pintail_rebuild"

// rebuildLite builds a damaged index anew, inside of a transaction. REINDEX does that where the index says something wrong. It fails where
// pages of it can't be read, since it gives them back one by one, and so does DROP INDEX. Then the index is built beside the damaged
// one, whose row in sqlite_schema is given the root page of the new tree: no page of the old one is read or used again. They take room
// until the next VACUUM.
func rebuildLite(c *sqlite3.Conn, name string) error {
	err := c.Exec("REINDEX " + litesql.Ident(name))
	if !errors.Is(err, sqlite3.CORRUPT) || c.GetAutocommit() {
		return err
	}
	for _, word := range []string{"ROLLBACK", "BEGIN IMMEDIATE"} { // nothing else works in a transaction that met damage
		if err := c.Exec(word); err != nil {
			return err
		}
	}
	sql, err := beside(c, name)
	if err != nil {
		return fmt.Errorf("how %s is defined: %w", name, err)
	}
	if err := c.Exec(sql); err != nil {
		return fmt.Errorf("build %s beside the damaged one: %w", name, err)
	}
	version, err := liteNumber(c, "PRAGMA schema_version")
	if err != nil {
		return err
	}
	// The connection defends sqlite_schema, except for this moment.
	if _, err := c.Config(sqlite3.DBCONFIG_DEFENSIVE, false); err != nil {
		return err
	}
	err = adoptTree(c, name, version+1)
	_, again := c.Config(sqlite3.DBCONFIG_DEFENSIVE, true)
	return errors.Join(err, again)
}

// adoptTree gives an index the tree of the one that was built beside it. With another version every connection reads the schema anew, this
// one too.
func adoptTree(c *sqlite3.Conn, name string, version int64) error {
	old, temporary := migrate.Literal(name), migrate.Literal(rebuildName)
	err := c.Exec("PRAGMA writable_schema = ON")
	for _, sql := range []string{
		"UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = " + temporary + ") WHERE type = 'index' AND name = " + old,
		"DELETE FROM sqlite_schema WHERE type = 'index' AND name = " + temporary,
		fmt.Sprintf("PRAGMA schema_version = %d", version),
	} {
		if err == nil {
			err = c.Exec(sql)
		}
	}
	return errors.Join(err, c.Exec("PRAGMA writable_schema = RESET"))
}

// beside gives the statement that builds the same index under another name. A constraint's has no SQL of its own, but the columns and
// collations of its keys.
func beside(c *sqlite3.Conn, name string) (string, error) {
	var table, sql string
	err := liteEach(c, "SELECT tbl_name, coalesce(sql, '') FROM sqlite_schema WHERE type = 'index' AND name = "+migrate.Literal(name), func(st *sqlite3.Stmt) {
		table, sql = st.ColumnText(0), st.ColumnText(1)
	})
	if err != nil {
		return "", err
	}
	if sql != "" {
		m := createLite.FindStringSubmatch(sql)
		if m == nil {
			return "", errors.New("its statement can't be taken apart")
		}
		return m[1] + litesql.Ident(rebuildName) + m[2], nil
	}
	var keys []string
	err = liteEach(c, "SELECT name, coll, \"desc\" FROM pragma_index_xinfo("+migrate.Literal(name)+") WHERE key = 1 ORDER BY seqno", func(st *sqlite3.Stmt) {
		key := litesql.Ident(st.ColumnText(0)) + " COLLATE " + litesql.Ident(st.ColumnText(1))
		if st.ColumnBool(2) {
			key += " DESC"
		}
		keys = append(keys, key)
	})
	if err == nil && len(keys) == 0 {
		err = errors.New("it isn't there")
	}
	return "CREATE UNIQUE INDEX " + litesql.Ident(rebuildName) + " ON " + litesql.Ident(table) + " (" + strings.Join(keys, ", ") + ")", err
}

// createLite takes the name out of CREATE INDEX, as sqlite_schema keeps it.
var createLite = regexp.MustCompile("(?is)^(CREATE\\s+(?:UNIQUE\\s+)?INDEX\\s+)(?:\"(?:[^\"]|\"\")+\"|`(?:[^`]|``)+`|\\[[^\\]]+\\]|'(?:[^']|'')+'|[^\\s\"`\\[']+)(\\s+ON\\b.*)$")
