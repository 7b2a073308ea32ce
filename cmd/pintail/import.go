package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail/internal/load"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

// importing is what the flags of import say.
type importing struct {
	conflict, format, comma, null, rejected string
}

func importCommand(c console, f *flags) *cobra.Command {
	var i importing
	cmd := &cobra.Command{
		Use:   "import TABLE FILE",
		Short: "Read a file of rows into a table: CSV, NDJSON or JSON",
		Long: `Read a file of rows into a table. FILE is CSV with a head line, NDJSON or a JSON array, told by its name; - is standard input.

Columns are found by name, in any order; defaults fill those that the file doesn't have. A row that can't be taken is written to
a file of rejected rows, with the reason, and the import goes on; exit code 3 says that there were some. Rows are committed in
batches: what is said to be taken is there, also when a later part fails.`,
		Example: "  pintail import toast toasts.csv\n  pintail import order orders.ndjson --on-conflict update\n  zcat old.csv.gz | pintail import customer - --format csv",
		Args:    exactly("TABLE", "FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			conf, s, err := f.project(c)
			if err != nil {
				return err
			}
			t, err := tableOf(s, args[0])
			if err != nil {
				return err
			}
			done, err := i.run(cmd.Context(), c, conf, s, t, args[1])
			if err != nil {
				return err
			}
			return printImported(c, f, t, done)
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			_, s, err := f.project(console{err: io.Discard})
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			hard := func(name string) bool { return harmless(name) != name } // the shell writes it to the terminal
			return slices.DeleteFunc(tableNames(s), hard), cobra.ShellCompDirectiveNoFileComp
		},
	}
	set := cmd.Flags()
	set.StringVar(&i.conflict, "on-conflict", "error", "`what` becomes of a row whose key is taken: error rejects it, ignore leaves the old one, update replaces its values")
	set.StringVar(&i.format, "format", "", "csv, ndjson or json (default: by the file's name)")
	set.StringVar(&i.comma, "comma", ",", "what stands between the values of a CSV line; tab for a tab")
	set.StringVar(&i.null, "null", "", "what stands for null in CSV (default: an empty value without quotes)")
	set.StringVar(&i.rejected, "rejected", "", "the `file` for rejected rows (default: beside FILE)")
	return cmd
}

// tableOf finds a table by its name, with its schema or without.
func tableOf(s *schema.Schema, name string) (*schema.Table, error) {
	n := schema.Name{Name: name}
	t, ok := s.TableNamed(n)
	if in, rest, dotted := strings.Cut(name, "."); !ok && dotted {
		t, ok = s.TableNamed(schema.Name{Schema: in, Name: rest})
	}
	if !ok {
		names := tableNames(s)
		if len(names) == 0 {
			return nil, usage("the schema file has no table %q: it has none at all", name)
		}
		return nil, usage("the schema file has no table %q%s", name, meant(name, names))
	}
	if t.View != nil {
		return nil, usage("%s is a view: import into the tables that it reads", name)
	}
	return t, nil
}

func tableNames(s *schema.Schema) []string {
	var names []string
	for _, t := range s.Tables {
		if t.View == nil {
			names = append(names, t.Name.String())
		}
	}
	return names
}

func (i importing) options(file string) (load.ImportOptions, error) {
	o := load.ImportOptions{Conflict: load.Conflict(i.conflict), Format: load.Format(i.format), Null: i.null}
	if !slices.Contains([]load.Conflict{load.Reject, load.Ignore, load.Update}, o.Conflict) {
		return o, usage("--on-conflict %q: it is error, ignore or update", i.conflict)
	}
	if i.format == "" {
		switch ext := strings.ToLower(filepath.Ext(file)); ext {
		case ".csv", ".tsv", ".txt":
			o.Format = load.CSV
			if ext == ".tsv" && i.comma == "," {
				o.Comma = '\t'
			}
		case ".ndjson", ".jsonl":
			o.Format = load.NDJSON
		case ".json":
			o.Format = load.JSON
		default:
			return o, usage("the name %s doesn't say what the file is: add --format csv, ndjson or json", file)
		}
	}
	if !slices.Contains([]load.Format{load.CSV, load.NDJSON, load.JSON}, o.Format) {
		return o, usage("--format %q: it is csv, ndjson or json", i.format)
	}
	switch {
	case i.comma == "tab" || i.comma == `\t`:
		o.Comma = '\t'
	case len(i.comma) == 1 && i.comma != ",":
		o.Comma = i.comma[0]
	case len(i.comma) != 1:
		return o, usage("--comma %q: it is one ASCII character, or tab", i.comma)
	}
	o.Rejected = i.rejected
	if o.Rejected == "" && file == "-" {
		o.Rejected = load.RejectedPath("stdin", o.Format)
	} else if o.Rejected == "" {
		o.Rejected = load.RejectedPath(file, o.Format)
	}
	return o, nil
}

// run imports one file.
func (i importing) run(ctx context.Context, c console, conf *config, s *schema.Schema, t *schema.Table, file string) (done load.Imported, err error) {
	o, err := i.options(file)
	if err != nil {
		return done, err
	}
	in, total := c.in, int64(0)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return done, usage("read the rows: %w", err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			total = info.Size()
		}
		in = f
	}
	if err := noDatabase(conf); err != nil {
		return done, err
	}
	db, err := migrate.Open(ctx, conf.database())
	if err != nil {
		return done, connectError(conf.database(), err)
	}
	defer func() { err = errors.Join(err, db.Close(context.WithoutCancel(ctx))) }()
	bar := c.progress("importing "+t.Name.String(), unitBytes, total)
	o.Progress = func(p load.Progress) { bar.at("", p.Bytes) }
	done, err = load.Import(ctx, db, s, t, in, o)
	bar.end()
	if err != nil {
		return done, fmt.Errorf("import into %s: %w\n%s taken before that", t.Name, err, counted(int(done.Rows), "row was", "rows were"))
	}
	return done, nil
}

func printImported(c console, f *flags, t *schema.Table, done load.Imported) error {
	p := painter(c.err)
	if f.json {
		err := c.print(map[string]any{"table": t.Name.String(), "rows": done.Rows, "ignored": done.Ignored, "rejected": done.Rejected,
			"rejected_file": done.File, "passed_by": list(done.Passed), "seconds": done.Took.Seconds()})
		if err != nil {
			return err
		}
	} else {
		rate := float64(done.Rows) / max(done.Took.Seconds(), 1e-6)
		text := fmt.Sprintf("%s: %s imported in %s (%s rows/s)", t.Name, counted(int(done.Rows), "row", "rows"), done.Took.Round(time.Millisecond), grouped(int64(rate)))
		if done.Ignored > 0 {
			text += ", " + counted(int(done.Ignored), "row was", "rows were") + " there already"
		}
		if err := c.put(text + "\n"); err != nil {
			return err
		}
	}
	if len(done.Passed) > 0 {
		c.say("Passed by, since the database computes them: %s", harmless(strings.Join(done.Passed, ", ")))
	}
	if done.Rejected == 0 {
		return nil
	}
	c.say("%s in %s, with the reason beside each: mend that file and import it", p.red(counted(int(done.Rejected), "row was rejected and stands", "rows were rejected and stand")), done.File)
	return found()
}
