package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail/internal/load"
	"github.com/pintail-dev/pintail/internal/migrate"
)

func copyCommand(c console, f *flags) *cobra.Command {
	var source, target string
	cmd := &cobra.Command{
		Use:   "copy --from ADDRESS --to ADDRESS",
		Short: "Make a second database of a first one, of either engine",
		Long: `Make a second database of a first one: schema, rows, and the state of what numbers rows. It goes either way between the engines:
the way up when a project outgrows one machine, and the way down to look at production on a laptop.

The source is read in one snapshot and not changed. The target must not hold the tables yet; it gets everything or nothing. Rows
are counted and summed up on both sides before anything is kept; exit code 3 says that they differ.

With --schema the new database is made by that file; without it, by what the source holds.`,
		Example: "  pintail copy --from sqlite:data/pintail.db --to postgres://me@localhost/shop\n  pintail copy --from postgres://me@localhost/shop --to sqlite:copy.db --schema schema.graphql",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if source == "" || target == "" {
				return usage("copy wants both ends: --from ADDRESS and --to ADDRESS")
			}
			for _, end := range [][2]string{{"--from", source}, {"--to", target}} {
				if hasPassword(end[1]) {
					return usage("%s holds a password, which every user of this machine can see in the list of processes; put it into PGPASSWORD or ~/.pgpass instead", end[0])
				}
				if _, err := engineOf(end[1]); err != nil {
					return err
				}
			}
			conf, err := f.load(c)
			if err != nil {
				return err
			}
			return copyDatabase(cmd.Context(), c, f, conf, source, target)
		},
	}
	cmd.Flags().StringVar(&source, "from", "", "the `address` of the database that is there: sqlite:PATH or postgres://…")
	cmd.Flags().StringVar(&target, "to", "", "the `address` of the database to fill: sqlite:PATH or postgres://…")
	return cmd
}

func copyDatabase(ctx context.Context, c console, f *flags, conf *config, source, target string) error {
	if path := sqliteFile(source); path != "" {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return usage("there is no file %s to copy", path)
		}
	}
	o := load.CopyOptions{Inspect: migrate.Options{Schemas: conf.Schemas, SearchPath: conf.SearchPath}}
	if f.schema != "" {
		s, err := loadSchema(conf)
		if err != nil {
			return err
		}
		o.Schema = s
	}
	var bar *progress
	comparing := false
	o.Progress = func(p load.CopyProgress) {
		if bar == nil || p.Comparing != comparing {
			if bar != nil {
				bar.end()
			}
			comparing = p.Comparing
			bar = c.progress("copying", "rows", p.Total)
		}
		what := "copying "
		if comparing {
			what = "comparing "
		}
		bar.at(what+p.Table, p.Rows)
	}
	done, err := load.Copy(ctx, source, target, o)
	if bar != nil {
		bar.end()
	}
	var differs *load.Differs
	switch {
	case errors.As(err, &differs):
		c.say("%s %v", painter(c.err).red("pintail:"), err)
		return found()
	case err != nil:
		return fmt.Errorf("copy %s to %s: %w", shown(source), shown(target), err)
	}
	return printCopied(c, f, source, target, done)
}

func printCopied(c console, f *flags, source, target string, done *load.Copied) error {
	var rows int64
	for _, t := range done.Tables {
		rows += t.Rows
	}
	engine, err := engineOf(target)
	if err != nil {
		return err
	}
	if f.json {
		type tableJSON struct {
			Table    string `json:"table"`
			Rows     int64  `json:"rows"`
			Checksum string `json:"checksum"`
		}
		tables := make([]tableJSON, 0, len(done.Tables))
		for _, t := range done.Tables {
			tables = append(tables, tableJSON{t.Name, t.Rows, t.Sum})
		}
		if err := c.print(map[string]any{"tables": tables, "rows": rows, "losses": lossTexts(done.Losses), "seconds": done.Took.Seconds()}); err != nil {
			return err
		}
	} else {
		lines := [][]string{{"table", ">rows", "checksum"}}
		for _, t := range done.Tables {
			lines = append(lines, []string{t.Name, grouped(t.Rows), t.Sum})
		}
		if err := c.put(table(painter(c.out), lines)); err != nil {
			return err
		}
		c.say("%s", painter(c.err).bold(fmt.Sprintf("Copied %s to %s: %s, the same on both sides, in %s", shown(source), shown(target),
			counted(int(rows), "row", "rows"), done.Took.Round(time.Millisecond))))
	}
	tellLosses(c, engine, done.Losses)
	tellReports(c, done.Reports)
	if !f.json {
		c.say("\nServe it: pintail serve --database %s", shown(target))
	}
	return nil
}
