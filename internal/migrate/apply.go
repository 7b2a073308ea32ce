package migrate

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// Applied says what Apply or Sync did.
type Applied struct {
	Files  []string // migrations that ran, by their paths
	Noted  []string // migrations that were not run, since the database has what they make: they are in its history now
	Steps  []string // what was done, a phrase each
	Losses []Loss   // what the engine can't keep
}

// A Refusal is the error of a change that would destroy data unasked.
type Refusal struct {
	Lost []Lost
}

// Lost is one thing that would be lost.
type Lost struct {
	What string // "the values of order.note"
	Rows int64  // that have it; -1 where that can't be counted
}

func (r *Refusal) Error() string {
	var b strings.Builder
	b.WriteString("this would destroy data, and nothing was changed:")
	for _, l := range r.Lost {
		b.WriteString("\n  " + l.String())
	}
	b.WriteString("\nallow it with --allow-destructive, after a backup")
	return b.String()
}

func (l Lost) String() string {
	switch {
	case l.Rows < 0:
		return l.What
	case l.Rows == 1:
		return l.What + " (1 row)"
	}
	return l.What + " (" + strconv.FormatInt(l.Rows, 10) + " rows)"
}

// Apply runs the migrations in dir that a database has not had yet. s is the schema file, for its search path. An applied
// file that was edited since is an error, and so is one that is missing or older than the newest applied one. Those that make what the
// database has already are noted and not run: see baseline.
func (d *Database) Apply(ctx context.Context, dir string, s *schema.Schema, o RunOptions) (*Applied, error) {
	o = o.withDefaults()
	d.defaultSchema = s.Default
	files, err := Files(dir, d.Engine)
	if err != nil {
		return nil, err
	}
	out := &Applied{}
	err = d.locked(ctx, o, func() error {
		if err := d.session(ctx, o, searchPath(s)); err != nil {
			return err
		}
		history, err := d.History(ctx)
		if err != nil {
			return err
		}
		noted, pending, err := d.baseline(ctx, dir, files, history, o)
		if err != nil || len(noted)+len(pending) == 0 {
			return err
		}
		if err := d.refuseFiles(ctx, pending, o); err != nil {
			return err
		}
		if err := d.makeHistory(ctx); err != nil {
			return err
		}
		for _, f := range noted {
			if err := d.mark(ctx, f, len(f.Statements)); err != nil {
				return err
			}
			out.Noted = append(out.Noted, f.Path)
		}
		reached, err := ReadSnapshot(dir)
		if err != nil {
			return err
		}
		unknown := ""
		if len(history)+len(noted) == 0 { // before the first migration makes tables itself
			unknown = d.anyTable(ctx, reached)
		}
		for i, p := range pending {
			o.Progress(p.file.Path)
			if err := d.run(ctx, p.file.Statements, p.done, o, func(done int) error { return d.mark(ctx, p.file, done) }); err != nil {
				err = fmt.Errorf("%s: %w", p.file.Path, err)
				if unknown != "" && i == 0 {
					err = &UnknownTables{Table: unknown, File: p.file, Err: err}
				}
				return err
			}
			out.Files = append(out.Files, p.file.Path)
			out.Steps = append(out.Steps, p.file.Version+" "+p.file.Name)
		}
		return d.keepSchema(ctx, schema.Print(reached))
	})
	return out, err
}

// Pending gives the migrations in dir that Apply would note, and those that it would run.
func (d *Database) Pending(ctx context.Context, dir string, s *schema.Schema, o RunOptions) (noted, run []*File, err error) {
	d.defaultSchema = s.Default
	files, err := Files(dir, d.Engine)
	if err != nil {
		return nil, nil, err
	}
	history, err := d.History(ctx)
	if err != nil {
		return nil, nil, err
	}
	noted, pending, err := d.baseline(ctx, dir, files, history, o)
	for _, p := range pending {
		run = append(run, p.file)
	}
	return noted, run, err
}

type pendingFile struct {
	file *File
	done int // statements that ran before it was cut short
}

// pendingFiles holds the files against the history.
func pendingFiles(files []*File, history []Record) ([]pendingFile, error) {
	byVersion := map[string]*File{}
	for _, f := range files {
		byVersion[f.Version] = f
	}
	had := map[string]Record{}
	newest := ""
	for _, r := range history {
		f := byVersion[r.Version]
		if f == nil {
			return nil, fmt.Errorf("migration %s %s was applied to this database, but its file is gone: bring it back, or take another database", r.Version, r.Name)
		}
		if f.Checksum != r.Checksum {
			return nil, fmt.Errorf("%s was edited after it was applied to this database: undo the edit and put the change into a new migration", f.Path)
		}
		had[r.Version] = r
		newest = max(newest, r.Version)
	}
	var out []pendingFile
	for _, f := range files {
		r, ok := had[f.Version]
		switch {
		case ok && r.Finished:
		case !ok && f.Version < newest:
			return nil, fmt.Errorf("%s was never applied, but %s, which comes after it, was: give it the next number", f.Path, newest)
		default:
			out = append(out, pendingFile{f, r.Done})
		}
	}
	return out, nil
}

func (d *Database) refuseFiles(ctx context.Context, pending []pendingFile, o RunOptions) error {
	var doomed []Doomed
	var what []string
	for _, p := range pending {
		doomed, what = append(doomed, p.file.Doomed...), append(what, p.file.Destroys...)
	}
	return d.refuse(ctx, doomed, what, o)
}

// refuse counts what would be destroyed, and refuses unless that is allowed. What holds no rows is no loss.
func (d *Database) refuse(ctx context.Context, doomed []Doomed, what []string, o RunOptions) error {
	r := &Refusal{}
	for i, x := range doomed {
		n := d.count(ctx, x)
		if n != 0 {
			r.Lost = append(r.Lost, Lost{What: what[i], Rows: n})
		}
	}
	switch {
	case len(r.Lost) == 0:
		return nil
	case !o.AllowDestructive:
		return r
	case o.Backup != nil:
		return o.Backup()
	}
	return nil
}

// count counts the rows that have something; -1 where they can't be counted. A table that isn't there has none.
func (d *Database) count(ctx context.Context, x Doomed) int64 {
	if x.Table.Name == "" {
		return -1
	}
	sql := "SELECT CAST(count(*) AS text) FROM " + d.tableName(x.Table)
	if x.Column != "" {
		sql += " WHERE " + identifier(x.Column) + " IS NOT NULL"
	}
	rows, err := d.rows(ctx, sql)
	if err != nil {
		if there, missing := d.has(ctx, x.Table); missing == nil && !there {
			return 0
		}
		return -1
	}
	n, _ := strconv.ParseInt(rows[0][0], 10, 64)
	return n
}

func (d *Database) has(ctx context.Context, t schema.Name) (bool, error) {
	if d.Engine == SQLite {
		rows, err := liteRows(d.Lite, "SELECT 1 FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE", t.Name)
		return len(rows) > 0, err
	}
	rows, err := d.rows(ctx, "SELECT coalesce(to_regclass($1)::text, '')", d.tableName(t))
	return err == nil && rows[0][0] != "", err
}

// searchPath is what unqualified names in definitions are looked up by.
func searchPath(s *schema.Schema) []string {
	out := []string{s.Default}
	if s.Default == "" {
		out[0] = "public"
	}
	return append(out, s.SearchPath...)
}
