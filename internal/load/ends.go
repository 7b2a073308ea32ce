package load

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pintail-dev/pintail/internal/migrate"
)

// problemsMax is how many of a source's problems an error lists.
const problemsMax = 10

// A source is a database that is copied, held still by a transaction.
type source struct {
	db *migrate.Database
}

func openSource(ctx context.Context, dsn string) (*source, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no file %s", path)
		}
	}
	db, err := migrate.OpenExisting(ctx, dsn)
	if err != nil {
		return nil, err
	}
	s := &source{db}
	if err := s.hold(ctx); err != nil {
		return nil, errors.Join(err, db.Close(ctx))
	}
	return s, nil
}

// hold begins the transaction whose snapshot is copied.
func (s *source) hold(ctx context.Context) error {
	if s.db.Engine == migrate.SQLite {
		if err := s.db.Lite.Exec("BEGIN"); err != nil {
			return err
		}
		return s.db.Lite.Exec("SELECT count(*) FROM sqlite_schema") // the snapshot is that of the first read
	}
	p := &pgSide{s.db.PG.PgConn()}
	// Without row_security PostgreSQL fails where it would else show this role only some of a table's rows.
	return p.exec(ctx, pgForms+"; SET row_security = off; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
}

func (s *source) engine() side { return sideOf(s.db) }

func sideOf(db *migrate.Database) side {
	if db.Engine == migrate.SQLite {
		return &liteSide{db.Lite}
	}
	return &pgSide{db.PG.PgConn()}
}

// describe finds the schema: what the options say, which the source must have, or what the source holds.
func (s *source) describe(ctx context.Context, o CopyOptions, out *Copied) (err error) {
	if o.Schema == nil {
		out.Schema, out.Reports, err = s.db.Inspect(ctx, o.Inspect)
		return err
	}
	problems, err := s.db.InStep(ctx, o.Schema)
	if err != nil || len(problems) == 0 {
		return err
	}
	var lines []string
	for _, p := range problems[:min(len(problems), problemsMax)] {
		lines = append(lines, "  "+p.String())
	}
	if n := len(problems) - problemsMax; n > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", n))
	}
	return fmt.Errorf("it is not in step with the schema file:\n%s", strings.Join(lines, "\n"))
}

func (s *source) close(ctx context.Context) error { return s.db.Close(context.WithoutCancel(ctx)) }

// A target is a database that is made.
type target struct {
	db   *migrate.Database
	path string // SQLite: where the file will stand
	temp string // and where it is made
}

func openTarget(ctx context.Context, dsn string) (*target, error) {
	path, lite := strings.CutPrefix(dsn, "sqlite:")
	if !lite {
		db, err := migrate.Open(ctx, dsn)
		if err != nil {
			return nil, err
		}
		t := &target{db: db}
		if err := (&pgSide{db.PG.PgConn()}).exec(ctx, pgForms); err != nil {
			return nil, errors.Join(err, db.Close(ctx))
		}
		return t, nil
	}
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("there is a file %s already; copy makes a new one", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	t := &target{path: path, temp: path + ".copying-" + rand.Text()[:8]}
	var err error
	if t.db, err = migrate.Open(ctx, "sqlite:"+t.temp); err != nil {
		return nil, errors.Join(err, t.sweep())
	}
	// Nobody reads this file before it is whole, and synced once at the end.
	for _, sql := range []string{"PRAGMA journal_mode = MEMORY", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -64000"} {
		if err := t.db.Lite.Exec(sql); err != nil {
			return nil, errors.Join(err, t.db.Close(ctx), t.sweep())
		}
	}
	return t, nil
}

func (t *target) engine() side { return sideOf(t.db) }

// end closes the database, and puts a whole file into its place; after an error nothing is left.
func (t *target) end(ctx context.Context, err error) error {
	if t.db.Engine == migrate.Postgres {
		return errors.Join(err, t.db.Close(context.WithoutCancel(ctx)))
	}
	err = errors.Join(err, t.db.Close(ctx))
	if err == nil {
		err = t.place()
	}
	return errors.Join(err, t.sweep())
}

// place gives the file its name, unless something came to stand there meanwhile.
func (t *target) place() error {
	if err := syncPath(t.temp); err != nil {
		return err
	}
	if err := os.Link(t.temp, t.path); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("there is a file %s already; copy makes a new one", t.path)
	} else if err != nil { // a file system without links
		if err := os.Rename(t.temp, t.path); err != nil {
			return err
		}
	}
	return syncPath(filepath.Dir(t.path))
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// sweep removes the file under its first name, and what SQLite put beside it.
func (t *target) sweep() error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(t.temp + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
