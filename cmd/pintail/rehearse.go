package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/rehearse"
	"github.com/pintail-dev/pintail/schema"
)

func rehearseCommand(c console, f *flags) *cobra.Command {
	var capture string
	r := rehearsing{console: c}
	cmd := &cobra.Command{
		Use:   "rehearse",
		Short: "Find the queries that will be slow when the data has grown",
		Long: `Find the queries that will be slow when the data has grown.

A shadow of the database is grown beside it, in its shape but with made-up rows, and asked what a running server was asked. The work is
counted at four to six sizes; its growth gives each query a class: flat, sublinear, linear, linear·log, superlinear, quadratic or worse,
or unknown with the reason. Where an index helps, it is built on the shadow and tried, and the line for the schema file is printed. What
production looks like is taken from the database and the running server, or with --from from a capture. The database itself is only read.

--max-class makes it a gate: exit code 1 says that a query is worse, or that of one nothing can be said (--allow-unknown lets those pass).

With --capture it takes away what production looks like, a few kilobytes that are fit for Git: the queries that a running server
was asked, from its admin address, and how the rows of each table are spread, from the database. No row leaves it: of every value
only its rank, its length and its place in the order.`,
		Example: "  pintail rehearse --report growth.html\n  pintail rehearse --from production.json --max-class linear\n  pintail rehearse --capture production.json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := f.load(c)
			if err != nil {
				return err
			}
			if capture != "" {
				for _, name := range []string{"from", "to", "scenario", "report", "max-class", "allow-unknown", "rows", "seed", "time"} {
					if cmd.Flags().Changed(name) {
						return usage("--capture takes a capture and rehearses nothing: leave --%s out", name)
					}
				}
				return capturing{c, conf, f.json}.run(cmd.Context(), capture)
			}
			r.json, r.named = f.json, f.database != "" || conf.Database != ""
			return r.run(cmd.Context(), conf)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&capture, "capture", "", "write what production looks like to a `file`, - for standard output, and rehearse nothing")
	flags.StringVar(&f.admin, "admin", "", "the admin `address` of the running server; with --capture, off does without its queries (default 127.0.0.1:8081)")
	flags.StringVar(&r.from, "from", "", "rehearse what a capture's `file` says, - for standard input")
	flags.Float64Var(&r.options.To, "to", rehearse.ToDefault, "foretell growth up to this `multiple` of today's data")
	flags.StringVar(&r.scenario, "scenario", "both", "the `scenario` in which the data grows: more parents (more), parents with more children (bigger), or both in turn")
	flags.StringVar(&r.report, "report", "", "write the report, with a plot for each query, to an HTML `file`")
	flags.StringVar(&r.most, "max-class", "", "exit with 1 where a query is worse than this `class`")
	flags.BoolVar(&r.unknown, "allow-unknown", false, "with --max-class: let queries pass of which nothing can be said")
	flags.Int64Var(&r.options.Rows, "rows", rehearse.RowsDefault, "the `number` of rows of the largest shadow")
	flags.DurationVar(&r.options.Time, "time", rehearse.TimeDefault, "begin no larger shadow after this `duration`")
	seedFlag(flags, &r.options.Seed, "a `number` from which everything is drawn that is left to chance")
	return cmd
}

// A rehearsing is one rehearsal on a console.
type rehearsing struct {
	console
	options  rehearse.Options
	json     bool
	named    bool // the database is named, rather than the default one
	from     string
	scenario string
	report   string
	most     string
	unknown  bool
}

func (r *rehearsing) run(ctx context.Context, conf *config) (err error) {
	most, err := r.check()
	if err != nil {
		return err
	}
	s, err := loadSchema(conf)
	if err != nil {
		return err
	}
	o := &r.options
	o.Schema, o.Plan = s, plan.Options{Aggregates: true}
	if o.Capture, err = r.capture(ctx, conf, s); err != nil {
		return err
	}
	if gone := o.Capture.Missing(s); len(gone) > 0 {
		r.say("%s the schema file doesn't have what the capture knows: %s. Nothing can be said of queries that need it.", painter(r.err).yellow("note:"), joined(gone, goneTold))
	}
	if err := r.database(ctx, conf); err != nil {
		return err
	}
	if err := r.room(); err != nil {
		return err
	}
	bar := r.progress("rehearsing", "rows", 0)
	o.Progress = bar.of
	rep, err := rehearse.Run(ctx, *o)
	bar.end()
	if err != nil {
		return err
	}
	if r.json {
		err = r.print(rep)
	} else {
		err = r.tell(rep)
	}
	// Whatever becomes of one way to say what took minutes to find, the other is tried.
	if err := errors.Join(err, r.keep(conf, rep)); err != nil {
		return err
	}
	return r.gate(rep, most)
}

// goneTold is how much of what the schema file doesn't have is named.
const goneTold = 6

// check reads the flags that are words.
func (r *rehearsing) check() (most rehearse.Class, err error) {
	switch r.scenario {
	case "both":
		r.options.Scenarios = []rehearse.Scenario{rehearse.More, rehearse.Bigger}
	case string(rehearse.More), string(rehearse.Bigger):
		r.options.Scenarios = []rehearse.Scenario{rehearse.Scenario(r.scenario)}
	default:
		return 0, usage("there is no scenario %q; it is more, bigger or both", r.scenario)
	}
	if r.most != "" {
		if err := most.UnmarshalText([]byte(r.most)); err != nil || most == rehearse.Unknown {
			return 0, usage("--max-class %s: it is one of flat, sublinear, linear, linear-log, superlinear, quadratic", r.most)
		}
	} else if r.unknown {
		return 0, usage("--allow-unknown is for --max-class, which isn't given")
	}
	if o := r.options; o.To < 2 || o.To > rehearse.ToMost || o.To != o.To {
		return 0, usage("--to %v: it is a multiple of today's data, from 2 to %d", o.To, rehearse.ToMost)
	} else if o.Rows < rehearse.RowsLeast || o.Rows > rehearse.RowsMost {
		return 0, usage("--rows %d: it is from %d to %d", o.Rows, rehearse.RowsLeast, rehearse.RowsMost)
	} else if o.Time <= 0 {
		return 0, usage("--time %v: it is a duration, such as 2m", o.Time)
	}
	if r.report != "" {
		if err := reportOutput().check(r.report); err != nil {
			return 0, err
		}
	}
	return most, nil
}

// capture reads one, or takes one.
func (r *rehearsing) capture(ctx context.Context, conf *config, s *schema.Schema) (*rehearse.Capture, error) {
	if r.from == "" {
		if conf.Admin == "off" {
			return nil, usage("the queries to rehearse are those that a running server was asked: name its admin address with --admin HOST:PORT, or rehearse what a capture says: --from FILE")
		}
		t := capturing{r.console, conf, false}
		capture, err := t.shapes(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("%w\nOr rehearse what a capture says: --from FILE", err)
		}
		if len(capture.Shapes) == 0 {
			return nil, errors.New("there is no query to rehearse: the server was asked nothing yet. Let its clients work first, or take another capture with --from")
		}
		return capture, t.tables(ctx, s, capture)
	}
	in := r.in
	if r.from != "-" {
		file, err := os.Open(r.from)
		if err != nil {
			return nil, usage("--from: %w", err)
		}
		defer file.Close()
		in = io.Reader(file)
	}
	capture, err := rehearse.Read(in)
	if err != nil {
		return nil, usage("--from %s: %w", r.from, err)
	}
	if len(capture.Shapes) == 0 {
		return nil, usage("--from %s: the capture has no queries: it was taken with --admin off, or of a server that was asked nothing", r.from)
	}
	return capture, nil
}

// database looks where the shadow goes, and which indexes production has.
func (r *rehearsing) database(ctx context.Context, conf *config) (err error) {
	o := &r.options
	engine, err := engineOf(conf.database())
	if err != nil {
		return err
	}
	path := sqliteFile(conf.database())
	switch {
	case r.from != "" && string(engine) != o.Capture.Engine && !r.named && o.Capture.Engine == string(migrate.Postgres):
		return usage("the capture is of PostgreSQL: name a server for the shadow with --database postgres://…, whose role may make databases")
	case string(engine) != o.Capture.Engine && (r.named || r.from == ""):
		return usage("the capture is of %s, and %s is another engine", o.Capture.Engine, shown(conf.database()))
	}
	if path != "" {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			if r.named || r.from == "" {
				return fmt.Errorf("there is no file %s", path)
			}
			return nil // a capture alone: the shadow has the indexes of the schema file
		}
	}
	o.Database = conf.database()
	db, err := openExisting(ctx, conf)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close(context.WithoutCancel(ctx))) }()
	o.Live, _, err = db.Inspect(ctx, migrate.Options{Schemas: o.Schema.Exposed, SearchPath: o.Schema.SearchPath, MayMiss: true})
	if err != nil {
		return fmt.Errorf("read what %s holds: %w", shown(conf.database()), err)
	}
	if db.Engine == migrate.SQLite {
		o.Analyzed = pragma(db.Lite, "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'") != "0"
	}
	return nil
}

// room refuses a rehearsal for which the disk is too small.
func (r *rehearsing) room() error {
	path := sqliteFile(r.options.Database)
	if r.options.Capture.Engine != string(migrate.SQLite) {
		return nil // the server's disk can't be asked
	}
	dir := os.TempDir()
	if path != "" {
		dir = filepath.Dir(path)
	}
	free, err := freeBytes(dir)
	if need := r.options.Bytes(); err == nil && free < need {
		return fmt.Errorf("the shadow takes up to %s, and in %s there are %s: make room, or rehearse with fewer rows (--rows)", size(need), dir, size(free))
	}
	return nil
}

// keep writes the report, and the summary for the console.
func (r *rehearsing) keep(conf *config, rep *rehearse.Report) error {
	now := time.Now()
	if r.report != "" {
		text, err := rep.HTML(now)
		if err != nil {
			return err
		}
		if err := reportOutput().write(r.report, text); err != nil {
			return err
		}
		r.say("the report is in %s", r.report)
	}
	text, err := rep.Summary(now)
	if err != nil {
		return err
	}
	dir := filepath.Join(filepath.Dir(conf.schemaPath()), "data")
	if path := sqliteFile(conf.database()); path != "" {
		dir = filepath.Dir(path)
	}
	err = os.MkdirAll(dir, 0o755)
	if err == nil {
		err = replaceFile(filepath.Join(dir, "rehearsal.json"), ".pintail-rehearsal-*", text)
	}
	if err != nil { // the console goes without; what was found is told all the same
		r.say("%s the summary for the console can't be kept: %v", painter(r.err).yellow("note:"), err)
	}
	return nil
}

// tell prints what was found: of queries that are flat only how many there are.
func (r *rehearsing) tell(rep *rehearse.Report) error {
	var b strings.Builder
	p := painter(r.out)
	flat := 0
	for _, v := range rep.Verdicts {
		if v.Class == rehearse.Flat {
			flat++
			continue
		}
		class := v.Class.String()
		switch {
		case v.Class == rehearse.Unknown:
			class = p.dim(class)
		case v.Class >= rehearse.Superlinear:
			class = p.red(class)
		case v.Class >= rehearse.Linear:
			class = p.yellow(class)
		}
		fmt.Fprintf(&b, "%s  %s\n", p.bold(v.Label), class)
		if c := v.Decides(); c != nil && v.Class != rehearse.Unknown {
			fmt.Fprintf(&b, "    exponent %.2f (%.2f to %.2f), %s parameters, scenario %s; today %s", v.Exponent, v.Low, v.High, c.Stratum, c.Scenario, rehearse.Milliseconds(c.TimeNow))
			for _, x := range rep.Multiples() {
				fmt.Fprintf(&b, ", at %vx %s", x, rehearse.Milliseconds(c.TimeAt(x)))
			}
			b.WriteByte('\n')
		}
		if v.Reason != "" {
			fmt.Fprintf(&b, "    %s\n", indented(v.Reason))
		}
		for _, a := range v.Advice {
			fmt.Fprintf(&b, "    type %s %s\n", a.Type, p.green(a.Line))
			fmt.Fprintf(&b, "    makes it %s: tried on the shadow, %s of the work is left\n", a.Class, share(a.After, a.Before))
		}
		for _, n := range v.Notes {
			fmt.Fprintf(&b, "    %s\n", indented(n))
		}
	}
	for _, n := range rep.Notes {
		fmt.Fprintf(&b, "%s %s\n", p.yellow("note:"), n)
	}
	fmt.Fprintf(&b, "%s of %s %s flat.\n", grouped(int64(flat)), counted(len(rep.Verdicts), "query", "queries"), isAre(flat))
	return r.put(b.String())
}

// indented is a sentence below a query.
func indented(text string) string { return strings.ReplaceAll(wrap(text, 110), "\n", "\n    ") }

// share is a part of a whole, in words.
func share(part, whole float64) string {
	if part*1000 < whole {
		return "less than a thousandth"
	}
	return fmt.Sprintf("%.2g %%", 100*part/whole)
}

// gate fails where a query is worse than it may be.
func (r *rehearsing) gate(rep *rehearse.Report, most rehearse.Class) error {
	if most == rehearse.Unknown {
		return nil
	}
	over, unknown := rep.Over(most)
	if r.unknown {
		unknown = nil
	}
	if len(over)+len(unknown) == 0 {
		return nil
	}
	var parts []string
	if len(over) > 0 {
		parts = append(parts, fmt.Sprintf("%s %s worse than %s", counted(len(over), "query", "queries"), isAre(len(over)), most))
	}
	if len(unknown) > 0 {
		parts = append(parts, fmt.Sprintf("of %s nothing can be said (--allow-unknown lets that pass)", counted(len(unknown), "query", "queries")))
	}
	return &exitError{code: 1, err: errors.New(strings.Join(parts, ", "))}
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
