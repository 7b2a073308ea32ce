package sqlite

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"
	_ "github.com/ncruces/go-sqlite3/vfs" // the operating system's files
)

// versionMin is the oldest SQLite library that Pintail runs on.
const versionMin = "3.53.4"

// busyTimeout is how long a connection waits for a lock that another process holds.
const busyTimeout = 5 * time.Second

// OpenConn opens a database file with everything that Pintail's SQL needs: its functions and collations, and the settings by which
// a write is durable. flags are sqlite3's, for example sqlite3.OPEN_READONLY. A VFS can be named after them.
func OpenConn(path string, flags sqlite3.OpenFlag, vfs ...string) (*sqlite3.Conn, error) {
	c, err := open(path, flags, strings.Join(vfs, ""))
	if err != nil {
		return nil, err
	}
	return c.Conn, nil
}

// open opens a connection with its state.
func open(path string, flags sqlite3.OpenFlag, vfs string) (*conn, error) {
	db, err := sqlite3.OpenFlags(fileURI(path, vfs), flags|sqlite3.OPEN_URI)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	c := &conn{Conn: db, stmts: make(map[any]*stmt), zone: time.UTC, room: anyRoom}
	if err := c.configure(flags&sqlite3.OPEN_READONLY != 0); err != nil {
		db.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return c, nil
}

// fileURI names a file so that no character of its path means anything else.
func fileURI(path, vfs string) string {
	if path == ":memory:" && vfs == "" {
		return path
	}
	u := "file:" + strings.ReplaceAll(url.PathEscape(path), "%2F", "/")
	if vfs != "" {
		u += "?vfs=" + url.QueryEscape(vfs)
	}
	return u
}

func (c *conn) configure(readOnly bool) error {
	if err := c.BusyTimeout(busyTimeout); err != nil {
		return err
	}
	pragmas := []string{
		"PRAGMA foreign_keys = ON",
		"PRAGMA trusted_schema = OFF", // functions in a foreign file's schema must be harmless ones
		"PRAGMA cell_size_check = ON",
		"PRAGMA temp_store = MEMORY",
		"PRAGMA cache_size = -8000",
	}
	if !readOnly {
		pragmas = append(pragmas, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA journal_size_limit = 67108864")
	} else {
		pragmas = append(pragmas, "PRAGMA query_only = ON")
	}
	for _, p := range pragmas {
		if err := c.Exec(p); err != nil {
			return err
		}
	}
	for _, o := range []struct {
		op sqlite3.DBConfig
		on bool
	}{
		{sqlite3.DBCONFIG_DQS_DML, false}, // "x" is a name, never a string
		{sqlite3.DBCONFIG_DQS_DDL, false},
		{sqlite3.DBCONFIG_DEFENSIVE, true},
	} {
		if _, err := c.Config(o.op, o.on); err != nil {
			return fmt.Errorf("configure: %w", err)
		}
	}
	if err := c.checkVersion(); err != nil {
		return err
	}
	if err := c.registerModules(); err != nil {
		return err
	}
	return c.register()
}

func (c *conn) checkVersion() error {
	s, _, err := c.Prepare("SELECT sqlite_version()")
	if err != nil {
		return err
	}
	defer s.Close()
	if !s.Step() {
		return s.Err()
	}
	if v := s.ColumnText(0); older(v, versionMin) {
		return fmt.Errorf("the SQLite library is %s, Pintail needs %s or later", v, versionMin)
	}
	return nil
}

// older compares dotted numbers.
func older(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		x, _ := strconv.Atoi(as[i])
		y, _ := strconv.Atoi(bs[i])
		if x != y {
			return x < y
		}
	}
	return len(as) < len(bs)
}
