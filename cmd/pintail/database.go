package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/guard"
	"github.com/pintail-dev/pintail/internal/hasura"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

// importSchema reads the schema of a live database, and writes it as a file's text. Where source isn't nil, Hasura's metadata is
// laid over it.
func importSchema(ctx context.Context, conf *config, source *hasura.Source) (text string, s *schema.Schema, reports []migrate.Report, err error) {
	db, err := openExisting(ctx, conf)
	if err != nil {
		return "", nil, nil, err
	}
	defer func() { err = errors.Join(err, db.Close(context.WithoutCancel(ctx))) }()
	options := migrate.Options{Schemas: conf.Schemas, SearchPath: conf.SearchPath}
	if source != nil {
		options.Schemas, options.MayMiss = source.Schemas(), true
	}
	s, reports, err = db.Inspect(ctx, options)
	if err != nil {
		return "", nil, nil, fmt.Errorf("read what %s holds: %w", shown(conf.database()), err)
	}
	if source != nil {
		var more []migrate.Report
		if s, more, err = source.Lay(s); err != nil {
			return "", nil, nil, err
		}
		reports = append(reports, more...)
	}
	return schema.Print(s), s, reports, nil
}

// openExisting connects to a database that must be there.
func openExisting(ctx context.Context, conf *config) (*migrate.Database, error) {
	if path := sqliteFile(conf.database()); path != "" {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no file %s; name the database with --database sqlite:PATH or postgres://…", path)
		}
	}
	db, err := migrate.OpenExisting(ctx, conf.database())
	if err != nil {
		return nil, connectError(conf.database(), err)
	}
	return db, nil
}

// connectError says what to look at where a database can't be opened.
func connectError(address string, err error) error {
	if path := sqliteFile(address); path != "" {
		return liteError(path, err)
	}
	why, do := refusal(err)
	return &reworded{fmt.Sprintf("%s %s\nWhat to do: %s (`pintail doctor` looks further)", shown(address), why, do), err}
}

// A reworded error says in other words what an error says.
type reworded struct {
	text string
	err  error
}

func (r *reworded) Error() string { return r.text }

func (r *reworded) Unwrap() error { return r.err }

// liteError says what is the matter with a SQLite file that can't be opened.
func liteError(path string, err error) error {
	info, missing := os.Stat(path)
	switch {
	case missing == nil && info.IsDir():
		return &reworded{path + " is a folder: name a file in it with --database sqlite:PATH", err}
	case errors.Is(err, sqlite3.NOTADB):
		return &reworded{path + " is no SQLite database, or an encrypted one: name the right file with --database sqlite:PATH", err}
	case errors.Is(err, sqlite3.CORRUPT):
		return &reworded{path + " is damaged or cut short: restore a backup, or save what is left with SQLite's own shell (.recover)", err}
	case errors.Is(err, sqlite3.BUSY):
		return &reworded{path + " is locked by another process: try again when that has ended", err}
	case errors.Is(err, sqlite3.READONLY), errors.Is(err, fs.ErrPermission):
		return &reworded{"this user may not write " + path + " and its folder: SQLite keeps a log beside the file", err}
	}
	return diskFull(path, fmt.Errorf("open %s: %w", path, err))
}

// fullBelow is with how little free space what goes wrong with a file is put down to a full disk.
const fullBelow = 1 << 20

// diskFull says that the disk is full where that is why SQLite couldn't write, which may call it a disk I/O error; else the error stays.
func diskFull(path string, err error) error {
	if !errors.Is(err, sqlite3.IOERR) && !errors.Is(err, sqlite3.FULL) {
		return err
	}
	if free, e := freeBytes(filepath.Dir(path)); e != nil || free >= fullBelow {
		return err
	}
	return &reworded{"the disk is full at " + path + ": make room there, or choose another folder", err}
}

// refusal says why PostgreSQL can't be asked, and what to do. The driver tells of every way that it tried.
func refusal(err error) (why, do string) {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		why = fmt.Sprintf("refuses: %s (%s)", server.Message, server.Code)
		switch server.Code {
		case "3D000":
			return why, "make it with createdb, or name another one"
		case "53300":
			return why, "let other clients end, raise max_connections, or put a pooler in front"
		case "57P03":
			return why, "it is starting or stopping: try again in a moment"
		}
		return why, "look whether the role is right, its password in PGPASSWORD, ~/.pgpass or PINTAIL_DATABASE_URL, and whether it may connect (pg_hba.conf)"
	}
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	why = strings.TrimSpace(lines[len(lines)-1])
	var network *net.OpError
	if errors.As(err, &network) {
		why = network.Error()
	}
	return "can't be reached: " + why, "look whether the server runs, and whether the address is right"
}

// createDatabase makes a schema in a database that isn't there yet.
func createDatabase(ctx context.Context, address string, s *schema.Schema) (err error) {
	db, err := migrate.Open(ctx, address)
	if err != nil {
		return connectError(address, err)
	}
	defer func() { err = errors.Join(err, db.Close(context.WithoutCancel(ctx))) }()
	_, err = db.Sync(ctx, s, migrate.RunOptions{})
	return err
}

// inStep says by what answers would be wrong if the database were served with the schema.
func inStep(ctx context.Context, conf *config, s *schema.Schema) (problems []migrate.Problem, err error) {
	db, err := openExisting(ctx, conf)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close(context.WithoutCancel(ctx))) }()
	return db.InStep(ctx, s)
}

// problemsMax is how many problems are shown: after so many it is the wrong database.
const problemsMax = 20

// checkInStep refuses a database in which answers would be wrong.
func checkInStep(ctx context.Context, c console, conf *config, s *schema.Schema) error {
	problems, err := inStep(ctx, conf, s)
	if err != nil || len(problems) == 0 {
		return err
	}
	acts, err := guardActs(ctx, conf)
	if err != nil {
		return err
	}
	p := painter(c.err)
	if acts { // it refuses the writes that rely on a lost unique key, and repairs it: no reason for everything else to be down
		problems = slices.DeleteFunc(problems, func(problem migrate.Problem) bool {
			if problem.Unique {
				c.say("%s %s: the guard refuses what relies on it, and builds it", p.yellow(harmless(problem.Object)+":"), harmless(problem.What))
			}
			return problem.Unique
		})
		if len(problems) == 0 {
			return nil
		}
	}
	c.say("%s is not in step with %s; answers would be wrong:", shown(conf.database()), conf.schemaPath())
	for _, problem := range problems[:min(len(problems), problemsMax)] {
		c.say("  %s %s", p.bold(harmless(problem.Object)+":"), harmless(problem.What))
	}
	if n := len(problems) - problemsMax; n > 0 {
		c.say("  and %s", counted(n, "other problem", "other problems"))
	}
	c.say("Bring the database to the file with `pintail schema apply` (--dry-run shows how),\nor write the file anew from the database with `pintail schema import --out %s`.", conf.schemaPath())
	return found()
}

// guardActs says whether a server's guard will refuse and repair.
func guardActs(ctx context.Context, conf *config) (acts bool, err error) {
	switch guard.Mode(conf.Guard) {
	case guard.Act:
		return true, nil
	case guard.Auto:
	default:
		return false, nil
	}
	db, err := openExisting(ctx, conf)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, db.Close(context.WithoutCancel(ctx))) }()
	return db.Brought(ctx)
}

// tellError says an error as the program's last line would.
func tellError(c console, err error) {
	var mistakes schema.Mistakes
	if errors.As(err, &mistakes) {
		tellMistakes(c, mistakes)
		return
	}
	c.say("%s %v", painter(c.err).red("pintail:"), err)
}
