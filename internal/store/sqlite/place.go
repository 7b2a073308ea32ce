package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pintail-dev/pintail/fault"
)

// A place is the name of a database file and the file that had it when the store was opened. SQLite doesn't notice that a file is
// moved, replaced or deleted under its connections (sqlite.org/howtocorrupt.html, section 2.4): it goes on with the file that has no name
// any more, and what is written there is lost with the process.
type place struct {
	path string
	file os.FileInfo
}

// placeOf looks at an open database's file. A database without one has no place, which never changes.
func placeOf(config Config) *place {
	if config.VFS != "" || config.Path == ":memory:" {
		return nil
	}
	path, err := filepath.Abs(config.Path)
	if err != nil {
		return nil
	}
	file, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return &place{path, file}
}

// check gives an error once the name is another file's, or none's.
func (p *place) check() error {
	if p == nil {
		return nil
	}
	is, err := os.Stat(p.path)
	switch {
	case err == nil && os.SameFile(p.file, is):
		return nil
	case err == nil:
		err = errors.New("another file has the database file's name")
	case !errors.Is(err, fs.ErrNotExist):
		return nil // the file that is open may still be it
	}
	return fault.New(fault.Unavailable, "the database file was moved, replaced or deleted while it is served").
		WithHint("restart Pintail, with the right file in its place").WithCause(err)
}
