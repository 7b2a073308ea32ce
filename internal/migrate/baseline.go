package migrate

import (
	"context"
	"fmt"

	"github.com/pintail-dev/pintail/schema"
)

// baseline parts the pending migrations: those that are noted as applied without being run, and those to run. Noted are the ones up to
// o.Baseline. Without that it is the first one of a database without history, where the database holds all that the migrations lead to,
// and diff wrote this one as it stands from nothing to just that: tables that were imported, or made by Sync before there were migrations.
func (d *Database) baseline(ctx context.Context, dir string, files []*File, history []Record, o RunOptions) (noted []*File, run []pendingFile, err error) {
	run, err = pendingFiles(files, history)
	if err != nil || len(run) == 0 && o.Baseline == "" {
		return nil, run, err
	}
	if o.Baseline == "" {
		if len(history) > 0 {
			return nil, run, nil
		}
		there, err := d.holdsFirst(ctx, dir, run[0].file)
		if err != nil || !there {
			return nil, run, err
		}
		return []*File{run[0].file}, run[1:], nil
	}
	known := false
	for _, f := range files {
		known = known || f.Version == o.Baseline
	}
	switch {
	case !known:
		return nil, nil, fmt.Errorf("there is no migration %s in %s that could be noted as applied", o.Baseline, dir)
	case len(run) == 0 || run[0].file.Version > o.Baseline:
		return nil, nil, fmt.Errorf("the database's history has migration %s already: leave the baseline out", o.Baseline)
	}
	for len(run) > 0 && run[0].file.Version <= o.Baseline {
		noted, run = append(noted, run[0].file), run[1:]
	}
	return noted, run, nil
}

// holdsFirst says whether a migration is the one that diff writes from nothing to the snapshot, and the database in step with that.
func (d *Database) holdsFirst(ctx context.Context, dir string, f *File) (bool, error) {
	to, err := ReadSnapshot(dir)
	if err != nil {
		return false, err
	}
	from := &schema.Schema{Default: "public", Exposed: []string{"public"}}
	from.Link()
	steps, losses, err := Plan(from, to, schema.Diff(from, to), d.Engine)
	if err != nil || checksum([]byte(Write(steps, losses, d.Engine))) != f.Checksum {
		return false, err
	}
	missing, _, _, err := d.steps(ctx, to)
	return err == nil && len(missing) == 0, err
}

// An UnknownTables is the error of a first migration that fails on a database which has tables already.
type UnknownTables struct {
	Table string // one of them
	File  *File
	Err   error
}

func (e *UnknownTables) Error() string { return e.Err.Error() }

func (e *UnknownTables) Unwrap() error { return e.Err }

// anyTable gives a table of a schema that the database has; "" where it has none.
func (d *Database) anyTable(ctx context.Context, s *schema.Schema) string {
	for _, t := range s.Tables {
		if there, err := d.has(ctx, t.Name); err == nil && there && isPlain(t) {
			return t.Name.String()
		}
	}
	return ""
}
