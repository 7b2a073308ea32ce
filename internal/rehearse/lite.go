package rehearse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/scratch"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A lite makes shadows on SQLite: a file each, in a folder of their own.
type lite struct {
	folder  *scratch.Folder
	schema  *schema.Schema // with production's indexes
	analyze bool           // production's planner has statistics
	limit   time.Duration  // of one run
	made    int
}

// newLite makes the folder: beside the database, or where that can't be written or isn't known, among the temporary files.
func newLite(beside string, s *schema.Schema, analyze bool, limit time.Duration) (*lite, error) {
	e := &lite{schema: s, analyze: analyze, limit: limit}
	err := errors.New("no database")
	if beside != "" {
		e.folder, err = scratch.Make(filepath.Dir(beside), ".pintail-rehearse-")
	}
	if err != nil {
		if e.folder, err = scratch.Make("", "pintail-rehearse-"); err != nil {
			return nil, fmt.Errorf("make a folder for the shadow: %w", err)
		}
	}
	return e, nil
}

func (e *lite) close(context.Context) error { return e.folder.Remove() }

func (e *lite) make(ctx context.Context, w *world, tell func(rows int64)) (database, error) {
	e.made++
	d := &liteShadow{path: filepath.Join(e.folder.Path, strconv.Itoa(e.made)+".db"), lost: map[schema.Name]float64{}}
	if err := e.fill(ctx, d, w, tell); err != nil {
		return nil, errors.Join(err, d.drop(ctx))
	}
	var err error
	if d.meter, err = sqlite.OpenMeter(d.path, e.limit); err != nil {
		return nil, errors.Join(err, d.drop(ctx))
	}
	return d, nil
}

// fill makes the tables, puts the rows in, and makes the indexes.
func (e *lite) fill(ctx context.Context, d *liteShadow, w *world, tell func(rows int64)) (err error) {
	c, err := sqlite.OpenConn(d.path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	c.SetInterrupt(ctx)
	before, after := statements(e.schema, migrate.SQLite)
	// Nothing of it has to outlive a crash, and parents may come after their children.
	for _, sql := range append([]string{"PRAGMA foreign_keys = OFF", "PRAGMA synchronous = OFF", "PRAGMA wal_autocheckpoint = 0", "PRAGMA cache_size = -64000"}, before...) {
		if err := c.Exec(sql); err != nil {
			return fmt.Errorf("make the shadow: %w", err)
		}
	}
	for _, st := range w.tables {
		if st.unknown != "" {
			continue
		}
		if err := e.table(ctx, c, d, st, tell); err != nil {
			return fmt.Errorf("fill %s of the shadow: %w", st.table.Name, full(err))
		}
	}
	for _, sql := range after {
		if err := c.Exec(sql); err != nil && !skippable(sql) {
			return fmt.Errorf("make the shadow's indexes: %w", full(err))
		}
	}
	if e.analyze {
		if err := c.Exec("ANALYZE"); err != nil {
			return fmt.Errorf("analyze the shadow: %w", full(err))
		}
	}
	return c.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
}

// skippable says of a statement that the shadow can do without it: a view that reads what isn't there, a unique index that made-up
// rows don't satisfy.
func skippable(sql string) bool {
	return strings.HasPrefix(sql, "CREATE VIEW") || strings.HasPrefix(sql, "CREATE UNIQUE INDEX") || strings.HasPrefix(sql, "CREATE MATERIALIZED VIEW")
}

// full says of a full disk what to do.
func full(err error) error {
	if errors.Is(err, sqlite3.FULL) {
		return fmt.Errorf("%w: the disk is too small for the shadow; rehearse with fewer rows (--rows), or set TMPDIR to a larger disk", err)
	}
	return err
}

// rowsTogether is after how many rows it is told that they went in.
const rowsTogether = 2000

// table puts the rows of a table in. Rows that its constraints refuse are counted.
func (e *lite) table(ctx context.Context, c *sqlite3.Conn, d *liteShadow, st *shadowTable, tell func(rows int64)) (err error) {
	own, ok := e.schema.TableNamed(st.table.Name)
	if !ok {
		return nil
	}
	columns := st.stored()
	insert, _, err := c.Prepare(insertInto(own, columns, sqlite.Placeholder))
	if err != nil {
		return err
	}
	defer insert.Close()
	if err := c.Exec("BEGIN"); err != nil {
		return err
	}
	var refused int64
	for row := range st.rows {
		for i, col := range columns {
			if err := sqlite.Bind(insert, i+1, st.value(col.Position, row), col); err != nil {
				return err
			}
		}
		insert.Step()
		switch err := insert.Reset(); {
		case err == nil:
		case errors.Is(err, sqlite3.CONSTRAINT):
			refused++
		default:
			return err
		}
		if (row+1)%rowsTogether == 0 {
			tell(rowsTogether)
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	tell(st.rows % rowsTogether)
	if st.rows > 0 {
		d.lost[st.table.Name] = float64(refused) / float64(st.rows)
	}
	return c.Exec("COMMIT")
}

// stored are the columns that an insert sets.
func (st *shadowTable) stored() []*schema.Column {
	var out []*schema.Column
	for _, c := range st.table.Columns {
		if c.Generated == nil {
			out = append(out, c)
		}
	}
	return out
}

// A liteShadow is one shadow on SQLite.
type liteShadow struct {
	path  string
	meter *sqlite.Meter
	lost  map[schema.Name]float64
}

func (d *liteShadow) refused(t *schema.Table) float64 { return d.lost[t.Name] }

func (d *liteShadow) drop(context.Context) error {
	var errs []error
	if d.meter != nil {
		errs = append(errs, d.meter.Close())
		d.meter = nil
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(d.path + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (d *liteShadow) run(ctx context.Context, p *plan.Plan, args query.Args, explain bool) (sample, error) {
	w, res, err := d.meter.Run(ctx, p, args)
	if err != nil {
		return sample{}, err
	}
	s := sample{rows: res.Rows, sort: w.Sorts > 0, auto: w.AutoIndexes > 0, took: w.Took}
	if explain {
		lines, err := d.meter.Plan(p)
		if err != nil {
			return sample{}, err
		}
		s.plan = litePlan(lines)
	}
	if res.Rows == 0 {
		s.rows = int(res.Affected)
	}
	s.work[units], s.work[pages] = float64(w.Steps), float64(w.Pages)
	return s, nil
}

// estimates are what EXPLAIN QUERY PLAN says of numbers.
var estimates = regexp.MustCompile(` \(~?\d+ rows?\)`)

func litePlan(lines []string) string {
	return estimates.ReplaceAllString(strings.Join(lines, "\n"), "")
}

func (d *liteShadow) index(ctx context.Context, x *schema.Index, drop bool) error {
	if drop {
		return d.meter.Exec(ctx, "DROP INDEX "+quoted(x.Name))
	}
	sql, err := createIndex(x, migrate.SQLite, "public")
	if err != nil {
		return err
	}
	return d.meter.Exec(ctx, sql)
}
