package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store/sqlite"
)

// A full disk stops writes: below this many free bytes the doctor warns, below a tenth of them it fails.
const freeBytesMin = 1 << 30

// lookAtSQLite says whether the file could be opened.
func (d *doctor) lookAtSQLite(path string) bool {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.fail("database", "`pintail schema apply` makes it from the schema file, `pintail dev` makes it and serves", "there is no file %s", path)
		return false
	case err != nil:
		d.fail("database", "make it reachable for this user", "%v", err)
		return false
	case info.IsDir():
		d.fail("database", "name a file in it", "%s is a folder", path)
		return false
	}
	db, err := sqlite.OpenConn(path, sqlite3.OPEN_READONLY)
	if err != nil {
		d.lookAtPermissions(path, info)
		d.fail("database", "look whether it is a SQLite database, and whether this user may write it", "%v", liteError(path, err))
		return false
	}
	defer db.Close()
	d.ok("database", "%s, %s, SQLite %s", path, size(info.Size()), pragma(db, "SELECT sqlite_version()"))
	if mode := pragma(db, "PRAGMA journal_mode"); mode == "wal" {
		d.ok("journal", "write-ahead log; Pintail writes it with synchronous=FULL: what was acknowledged is on disk")
	} else {
		d.ok("journal", "journal_mode is %s; `serve` turns the write-ahead log on", mode)
	}
	d.lookAtIntegrity(db)
	d.lookAtPermissions(path, info)
	d.lookAtSpace(filepath.Dir(path))
	return true
}

func (d *doctor) lookAtPermissions(path string, info fs.FileInfo) {
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		d.warn("permissions", "chmod 600 "+path, "other users of this machine may write %s (%s)", path, mode)
	} else if f, err := os.OpenFile(path, os.O_RDWR, 0); err != nil {
		d.fail("permissions", "give this user the right to write it", "%v", err)
	} else {
		f.Close()
		d.ok("permissions", "%s, and this user may write it", mode)
	}
	// SQLite puts its write-ahead log beside the file.
	probe, err := os.CreateTemp(filepath.Dir(path), ".pintail-doctor-*")
	if err != nil {
		d.fail("folder", "give this user the right to write into the folder: SQLite keeps its log beside the file", "%v", err)
		return
	}
	probe.Close()
	if err := os.Remove(probe.Name()); err != nil {
		d.warn("folder", "remove "+probe.Name(), "%v", err)
	}
}

func (d *doctor) lookAtSpace(dir string) {
	free, err := freeBytes(dir)
	switch {
	case err != nil:
		d.warn("disk space", "look yourself", "it can't be seen: %v", err)
	case free < freeBytesMin/10:
		d.fail("disk space", "make room: on a full disk every write is refused", "%s are free in %s", size(free), dir)
	case free < freeBytesMin:
		d.warn("disk space", "make room before it is used up", "%s are free in %s", size(free), dir)
	default:
		d.ok("disk space", "%s are free", size(free))
	}
}

func (d *doctor) lookAtIntegrity(db *sqlite3.Conn) {
	lost, said := 0, ""
	for line := range strings.Lines(integrity(db)) {
		switch line = strings.TrimSpace(line); {
		case strings.HasSuffix(line, ": never used"): // a page of an index that was too damaged for REINDEX
			lost++
		case said == "" && line != "ok" && !strings.HasPrefix(line, "*** "):
			said = line
		}
	}
	if lost > 0 {
		d.warn("integrity", "VACUUM in the sqlite3 shell gives it back", "%s; that isn't damage", counted(lost, "page of the file is lost room", "pages of the file are lost room"))
	}
	if said != "" {
		d.fail("integrity", "restore a backup, or save what can be read with `sqlite3 FILE .recover`", "the file is damaged: %s", said)
		return
	}
	switch table, err := asked(db, "PRAGMA foreign_key_check"); {
	case err != nil:
		d.fail("foreign keys", "let each refer to a primary key, or to columns with a unique index of their own", "they can't be looked at: %v", err)
		return
	case table != "":
		d.fail("foreign keys", "PRAGMA foreign_key_check in the sqlite3 shell lists them", "table %s has rows that refer to rows which aren't there", table)
		return
	}
	d.ok("integrity", "every page and index, and every foreign key")
}

// integrity gives everything that PRAGMA integrity_check says, or where it can't go on, the error's text as the last line.
func integrity(db *sqlite3.Conn) string {
	s, _, err := db.Prepare("PRAGMA integrity_check(1000000)")
	if err != nil {
		return err.Error()
	}
	defer s.Close()
	var b strings.Builder
	for s.Step() {
		b.WriteString(s.ColumnText(0) + "\n")
	}
	if err := s.Err(); err != nil {
		b.WriteString(err.Error())
	}
	return b.String()
}

// pragma gives the first column of the first row, or the error's text: a doctor reports what it sees.
func pragma(db *sqlite3.Conn, sql string) string {
	text, err := asked(db, sql)
	if err != nil {
		return err.Error()
	}
	return text
}

// asked gives the first value of a statement's answer; "" where it has none.
func asked(db *sqlite3.Conn, sql string) (string, error) {
	s, _, err := db.Prepare(sql)
	if err != nil {
		return "", err
	}
	defer s.Close()
	if s.Step() {
		return s.ColumnText(0), nil
	}
	return "", s.Err()
}
