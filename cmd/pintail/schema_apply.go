package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

// migrationsDir is the folder of migrations, whether it is there or not.
func (c *config) migrationsDir() string {
	if c.Migrations != "" {
		return c.Migrations
	}
	return filepath.Join(filepath.Dir(c.schemaPath()), "migrations")
}

func schemaDiff(c console, f *flags) *cobra.Command {
	name := "change"
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "Write a migration from the last one to the schema file",
		Long: `Compare the schema file with the snapshot in migrations/, and write what leads from one to the other: a migration for each engine
(NNNN_name.sqlite.sql, NNNN_name.postgres.sql) and a new snapshot. Read them, change them where you know better, commit them;
` + "`pintail schema apply`" + ` runs them. It needs no database.

A project without migrations/ needs no diff: ` + "`apply`" + ` brings its database to the file directly.`,
		Example: "  pintail schema diff --name add_ratings",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			conf, s, err := f.project(c)
			if err != nil {
				return err
			}
			made, err := migrate.Make(conf.migrationsDir(), name, s)
			if err != nil {
				return fmt.Errorf("write the migration: %w", err)
			}
			return printMade(c, f, conf, made)
		},
	}
	cmd.Flags().StringVar(&name, "name", name, "what the migration is called")
	return cmd
}

// printMade prints what diff wrote.
func printMade(c console, f *flags, conf *config, made *migrate.Made) error {
	if f.json {
		steps := map[migrate.Engine][]stepJSON{}
		losses := map[migrate.Engine][]string{}
		for e := range made.Steps {
			steps[e], losses[e] = stepsJSON(made.Steps[e]), lossTexts(made.Losses[e])
		}
		return c.print(map[string]any{"files": list(made.Files), "steps": steps, "losses": losses, "destroys": list(made.Destroys)})
	}
	if len(made.Files) == 0 {
		return c.put(fmt.Sprintf("nothing to do: %s is what %s leads to\n", conf.schemaPath(), conf.migrationsDir()))
	}
	for _, file := range made.Files {
		if err := c.data(file + "\n"); err != nil {
			return err
		}
	}
	for _, s := range made.Steps[migrate.SQLite] {
		c.say("  %s", harmless(s.Does))
	}
	p := painter(c.err)
	for _, lost := range made.Destroys {
		c.say("  %s %s", p.red("destroys"), harmless(lost))
	}
	for _, e := range []migrate.Engine{migrate.SQLite, migrate.Postgres} {
		tellLosses(c, e, made.Losses[e])
	}
	c.say("\nRead the SQL, commit it with the schema file, then: pintail schema apply")
	return nil
}

type stepJSON struct {
	Does     string   `json:"does"`
	Destroys string   `json:"destroys,omitempty"`
	SQL      []string `json:"sql,omitempty"`
}

func stepsJSON(steps []migrate.Step) []stepJSON {
	out := make([]stepJSON, 0, len(steps))
	for _, s := range steps {
		j := stepJSON{Does: s.Does, Destroys: s.Destroys}
		for _, st := range s.Statements {
			j.SQL = append(j.SQL, st.SQL)
		}
		out = append(out, j)
	}
	return out
}

// list is a list that JSON writes as [] where it is empty.
func list(texts []string) []string { return append([]string{}, texts...) }

func schemaApply(c console, f *flags) *cobra.Command {
	var o applyOptions
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Bring the database to the schema file",
		Long: `Bring the database to the schema file. Where there are migrations, those that the database has not had yet are run, with a lock
and a history; where there are none, the database is brought to the file directly. A SQLite file that isn't there is made.

What would destroy data is refused, and what would be lost is said; --allow-destructive does it. What is in the database and not in
the file is left alone.

A first migration that makes just what the database has already, imported or made before there were migrations, is noted in its
history and not run; --baseline says so of one that ` + "`diff`" + ` didn't write as it stands, and of those before it.`,
		Example: "  pintail schema apply --dry-run\n  pintail schema apply --database postgres://me@localhost/shop",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, s, err := f.project(c)
			if err != nil {
				return err
			}
			done, err := apply(cmd.Context(), c, conf, s, o)
			if err != nil {
				return err
			}
			return printApplied(c, f, conf, done, o)
		},
	}
	cmd.Flags().BoolVar(&o.destroy, "allow-destructive", false, "do what destroys data too")
	cmd.Flags().StringVar(&o.baseline, "baseline", "", "the `number` of a migration, such as 0001: the database has what it and those before it make; note that, and don't run them")
	cmd.Flags().BoolVar(&o.dry, "dry-run", false, "say what would be done, and do nothing")
	return cmd
}

type applyOptions struct {
	destroy, dry bool
	baseline     string
}

// applied is what was done, or with a dry run would be.
type applied struct {
	files      []string // migrations that ran
	noted      []string // migrations that didn't, since the database has what they make
	steps      []string
	statements []stepJSON // of a dry run
	destroys   []string   // of a dry run
	losses     []migrate.Loss
	direct     bool // without migrations
	ahead      bool // the schema file says more than the migrations lead to
}

// apply brings a database to the schema: by the migrations, where there are some, directly otherwise.
func apply(ctx context.Context, c console, conf *config, s *schema.Schema, o applyOptions) (done applied, err error) {
	if o.dry {
		return dryRun(ctx, conf, s, o)
	}
	engine, err := engineOf(conf.database())
	if err != nil {
		return done, err
	}
	files, err := migrate.Files(conf.migrationsDir(), engine)
	if err != nil {
		return done, err
	}
	if len(files) == 0 && o.baseline != "" {
		return done, noBaseline(conf)
	}
	if path := sqliteFile(conf.database()); path != "" {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return done, err
		}
	}
	db, err := migrate.Open(ctx, conf.database())
	if err != nil {
		return done, connectError(conf.database(), err)
	}
	defer func() { err = errors.Join(err, db.Close(context.WithoutCancel(ctx))) }()
	told := c.patience(lineEvery)
	defer told.end()
	run := migrate.RunOptions{AllowDestructive: o.destroy, Baseline: o.baseline}
	var r *migrate.Applied
	if len(files) > 0 {
		run.Progress = told.at
		r, err = db.Apply(ctx, conf.migrationsDir(), s, run)
	} else {
		told.at("bringing the database to the file") // its steps share transactions
		r, err = db.Sync(ctx, s, run)
	}
	if err != nil {
		return done, applyError(conf, err)
	}
	done = applied{files: r.Files, noted: r.Noted, steps: r.Steps, losses: r.Losses, direct: len(files) == 0}
	if !done.direct {
		done.ahead, err = aheadOfMigrations(conf, s)
	}
	return done, err
}

// aheadOfMigrations says whether the schema file says something that no migration does yet.
func aheadOfMigrations(conf *config, s *schema.Schema) (bool, error) {
	snapshot, err := migrate.ReadSnapshot(conf.migrationsDir())
	if err != nil {
		return false, err
	}
	return len(schema.Diff(snapshot, s)) > 0, nil
}

// dryRun says what apply would do.
func dryRun(ctx context.Context, conf *config, s *schema.Schema, o applyOptions) (done applied, err error) {
	db, engine, err := openForDryRun(ctx, conf)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, db.Close(context.WithoutCancel(ctx))) }()
	files, err := migrate.Files(conf.migrationsDir(), engine)
	if err != nil {
		return done, err
	}
	if len(files) == 0 && o.baseline != "" {
		return done, noBaseline(conf)
	}
	if len(files) > 0 {
		noted, pending, err := db.Pending(ctx, conf.migrationsDir(), s, migrate.RunOptions{Baseline: o.baseline})
		for _, f := range noted {
			done.noted = append(done.noted, f.Path)
		}
		for _, f := range pending {
			step := stepJSON{Does: f.Version + " " + f.Name}
			for _, st := range f.Statements {
				step.SQL = append(step.SQL, st.SQL)
			}
			done.files, done.steps = append(done.files, f.Path), append(done.steps, step.Does)
			done.statements, done.destroys = append(done.statements, step), append(done.destroys, f.Destroys...)
		}
		return done, err
	}
	steps, losses, err := db.Steps(ctx, s)
	done.direct, done.losses, done.statements = true, losses, stepsJSON(steps)
	for _, step := range steps {
		done.steps = append(done.steps, step.Does)
		if step.Destroys != "" {
			done.destroys = append(done.destroys, step.Destroys)
		}
	}
	return done, err
}

// openForDryRun opens a database without writing to it; for a SQLite file that isn't there, an empty one in memory.
func openForDryRun(ctx context.Context, conf *config) (*migrate.Database, migrate.Engine, error) {
	address := conf.database()
	engine, err := engineOf(address)
	if err != nil {
		return nil, engine, err
	}
	open := migrate.OpenExisting
	if path := sqliteFile(address); path != "" {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			address, open = "sqlite::memory:", migrate.Open
		}
	}
	db, err := open(ctx, address)
	if err != nil {
		return nil, engine, connectError(address, err)
	}
	return db, engine, nil
}

func noBaseline(conf *config) error {
	return usage("--baseline names a migration, and there are none in %s: leave it out", conf.migrationsDir())
}

// applyError says how to go on where a change was refused.
func applyError(conf *config, err error) error {
	var unknown *migrate.UnknownTables
	if errors.As(err, &unknown) {
		return fmt.Errorf(`apply the schema: %w
The database has the table %s, though no migration made it. If it has all that %s makes,
  pintail schema apply --baseline %s
notes that in its history without running it. If the schema file says more by now: remove %s, then
  pintail schema apply     brings the database to the file, and
  pintail schema diff      writes a first migration of what is there`, err, unknown.Table, filepath.Base(unknown.File.Path), unknown.File.Version, conf.migrationsDir())
	}
	var refused *migrate.Refusal
	if !errors.As(err, &refused) {
		return fmt.Errorf("apply the schema: %w", err)
	}
	text := "this would destroy data, so nothing was changed. It would lose:"
	for _, lost := range refused.Lost {
		text += "\n  " + harmless(lost.String())
	}
	return fmt.Errorf("%s\nIf that is meant, after a backup: pintail schema apply --allow-destructive\nIf something was renamed, say so in the file: @renamed(from: \"old_name\")", text)
}

// printApplied prints what apply did.
func printApplied(c console, f *flags, conf *config, done applied, o applyOptions) error {
	if f.json {
		out := map[string]any{"files": list(done.files), "noted": list(done.noted), "steps": list(done.steps), "losses": lossTexts(done.losses), "dry_run": o.dry}
		if o.dry {
			out["statements"], out["destroys"] = append([]stepJSON{}, done.statements...), list(done.destroys)
		}
		return c.print(out)
	}
	p := painter(c.err)
	engine, err := engineOf(conf.database())
	if err != nil {
		return err
	}
	where := shown(conf.database())
	for _, path := range done.noted {
		if o.dry {
			c.say("%s would be noted in the history and not run: the database has what it makes", path)
		} else {
			c.say("%s is noted in the history and was not run: the database has what it makes", path)
		}
	}
	switch {
	case len(done.steps) == 0 && len(done.noted) > 0:
	case len(done.steps) == 0:
		c.say("%s is in step already: nothing to do", where)
	case o.dry:
		c.say("This would be done to %s:", where)
	case !o.dry:
		c.say("%s", p.bold("Applied to "+where))
	}
	if o.dry {
		var b strings.Builder
		for _, step := range done.statements {
			fmt.Fprintf(&b, "-- %s\n", harmless(step.Does)) // a name must not end the comment
			for _, sql := range step.SQL {
				b.WriteString(sql + ";\n")
			}
		}
		if err := c.data(b.String()); err != nil {
			return err
		}
		for _, lost := range done.destroys {
			c.say("  %s %s", p.red("destroys"), harmless(lost))
		}
	} else {
		tellSteps(c, done.steps)
	}
	tellLosses(c, engine, done.losses)
	if done.ahead {
		c.say("%s %s says more than %s does: `pintail schema diff --name WHAT` writes the migration", p.yellow("But"), conf.schemaPath(), conf.migrationsDir())
	}
	return nil
}
