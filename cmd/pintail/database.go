package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

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
	if sqliteFile(address) != "" {
		return fmt.Errorf("open %s: %w", shown(address), err)
	}
	return fmt.Errorf("%s can't be reached: %w\nIs the server running, is the address right, and is the password in PGPASSWORD, ~/.pgpass or PINTAIL_DATABASE_URL? `pintail doctor` looks further", shown(address), err)
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
