package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pintail-dev/pintail/internal/guard"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

func guardCommand(c console, f *flags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "guard",
		Short: "See which indexes are lost, look for damage, repair",
		Long: `See what the guard of a running server knows: which indexes are lost, which queries it holds back for that, how far the repair is,
and what happened before. ` + "`guard check`" + ` looks into the database itself, ` + "`guard repair`" + ` builds what is lost.

Exit code 3 says that something is lost, damaged or held back. docs/guard.md explains what the guard does.`,
		Example: "  pintail guard\n  pintail guard check --full\n  pintail guard repair",
		Args:    aVerb,
	}
	status := guardStatus(c, f)
	cmd.RunE = status.RunE
	for _, asks := range []*cobra.Command{cmd, status} {
		asks.Flags().StringVar(&f.admin, "admin", "", "the admin `address` of the running server (default 127.0.0.1:8081)")
	}
	cmd.AddCommand(status, guardCheck(c, f), guardRepair(c, f))
	return cmd
}

func guardStatus(c console, f *flags) *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Short:   "Ask the running server's guard what it knows",
		Long:    `Ask the running server's guard, at its admin address, what it knows. Without a verb, ` + "`pintail guard`" + ` does this.`,
		Example: "  pintail guard status\n  pintail guard status --json --admin 127.0.0.1:9001",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			conf, err := f.load(c)
			if err != nil {
				return err
			}
			st, err := askGuard(cmd.Context(), conf)
			if err != nil {
				return err
			}
			if f.json {
				err = c.print(st)
			} else {
				err = tellGuard(c, st)
			}
			if err == nil && (amiss(st) || len(st.Shed) > 0) {
				return found()
			}
			return err
		},
	}
}

const (
	// adminTime bounds the question, and adminBytesMax the answer.
	adminTime     = 10 * time.Second
	adminBytesMax = 16 << 20
)

// askGuard asks a running server's guard what it knows.
func askGuard(ctx context.Context, conf *config) (*guard.Status, error) {
	const without = "`pintail guard check` looks into the database without a server"
	address, err := adminAddress(conf)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, adminTime)
	defer cancel()
	answer, err := askAdmin(ctx, address, "/guard", adminTime)
	if err != nil {
		return nil, fmt.Errorf("no server answers at the admin address %s: %w\nStart it, or name another address with --admin; %s", address, err, without)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, adminBytesMax))
	if err != nil {
		return nil, fmt.Errorf("read what the guard at %s knows: %w", address, err)
	}
	st := &guard.Status{}
	if answer.StatusCode != http.StatusOK || json.Unmarshal(text, st) != nil || st.Looked.IsZero() && st.Why == "" {
		return nil, fmt.Errorf("what answers at %s (%s) is not the admin address of a Pintail with a guard: is it the address of the API? --admin wants the other one; %s", address, answer.Status, without)
	}
	return st, nil
}

// tellGuard prints a status for people.
func tellGuard(c console, st *guard.Status) error {
	p := painter(c.out)
	var b strings.Builder
	line := liner(&b, p)
	switch st.Mode {
	case guard.Off:
		line("The guard is off (%s): lost indexes are neither noticed nor repaired.", st.Why)
		return c.put(b.String())
	case guard.Observe:
		line("The guard %s: it refuses and repairs nothing, because %s.", p.yellow("only observes"), st.Why)
	default:
		line("The guard is on: it holds back what lost its index, and repairs (%s).", st.Why)
	}
	line("%s declared, %s known by their plans, looked %s.", counted(st.Declared, "index", "indexes"), counted(st.Contracts, "shape of query", "shapes of query"), ago(st.Looked))
	if st.LastError != "" {
		line("%s %s", p.red("It can't look:"), st.LastError)
	}
	if c := st.Checked; c != nil {
		line("Integrity checked %s, %s: %s.", ago(c.Began), map[bool]string{true: "wholly", false: "quickly"}[c.Full], counted(len(c.Found), "fault", "faults"))
	}
	tellDrift(line, p, st.Drift)
	if len(st.Shed) > 0 {
		line("\n%s", p.bold("Held back now:"))
		for _, s := range st.Shed {
			line("  %s  %s refused, for %s", s.Label, counted(int(s.Refused), "request", "requests"), time.Since(s.Since).Round(time.Second))
			line("    %s", p.dim(s.Reason))
		}
	}
	if len(st.Repairs) > 0 {
		line("\n%s", p.bold("Repairs:"))
		for _, r := range st.Repairs {
			line("  %s  %s", r.Index, repairState(r))
		}
	}
	if len(st.Incidents) > 0 {
		line("\n%s", p.bold("Incidents, the newest first:"))
		for _, i := range st.Incidents {
			tellIncident(line, p, &i)
		}
		line("%s", p.dim("  kept in "+st.Records))
	}
	return c.put(b.String())
}

// liner gives what writes line after line, empty ones before it as its format says. What it is given keeps to its line.
func liner(b *strings.Builder, p paint) func(format string, args ...any) {
	return func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		line := strings.TrimLeft(text, "\n")
		b.WriteString(text[:len(text)-len(line)] + onOneLine(line, p) + "\n")
	}
}

// amiss says whether an index or a foreign key is lost, or a table.
func amiss(st *guard.Status) bool {
	return st.Lost() > 0 || slices.ContainsFunc(st.Drift, func(d guard.Drift) bool { return d.Kind == guard.TableGone })
}

func tellDrift(line func(string, ...any), p paint, drift []guard.Drift) {
	lost, other := 0, 0
	for _, d := range drift {
		if d.Kind == guard.Extra || d.Kind == guard.Pending {
			other++
			continue
		}
		if lost++; lost == 1 {
			line("\n%s", p.bold("Not as declared:"))
		}
		line("  %s  %s", p.red(string(d.Kind)), d.Details)
	}
	if lost == 0 {
		line("%s", p.green("Every declared index and foreign key is there."))
	}
	if other > 0 {
		line("\n%s", p.bold("To know:"))
		for _, d := range drift {
			if d.Kind == guard.Extra || d.Kind == guard.Pending {
				line("  %s  %s", string(d.Kind), d.Details)
			}
		}
	}
}

// repairState words how far a repair is.
func repairState(r guard.Repairs) string {
	out := string(r.State) + " by " + r.By
	if r.State == guard.Repairing {
		if r.Progress.Phase != "" { // which only the process that repairs knows
			out = r.Progress.Phase + ", by " + r.By
		}
		if r.Progress.Done >= 0 && r.Progress.Phase != "" {
			out += fmt.Sprintf(", %.0f %%", 100*r.Progress.Done)
		}
		if r.Progress.Left > 0 {
			out += ", about " + r.Progress.Left.Round(time.Second).String() + " left"
		}
		if r.Progress.Block != "" {
			out += ", waits for " + r.Progress.Block
		}
	}
	return out
}

func tellIncident(line func(string, ...any), p paint, i *guard.Incident) {
	state := string(i.State)
	if i.State.Ended() {
		state = p.green(state)
	} else {
		state = p.red(state)
	}
	lasted := i.Lasted().Round(10 * time.Millisecond).String()
	if i.State.Ended() { // who repairs counts what was refused
		lasted = "lasted " + lasted + ", " + counted(int(i.Shed), "request", "requests") + " refused"
	} else {
		lasted = "for " + lasted + " until now"
	}
	line("  %s  %s  %s, %s", i.Began.Local().Format("2006-01-02 15:04:05"), i.Name, state, lasted)
	line("    %s", p.dim(i.What+"; who: "+i.Who))
	switch {
	case i.Why != "":
		line("    %s", i.Why)
	case i.LastError != "":
		line("    the last try failed: %s", i.LastError)
	}
	if i.State == guard.Stopped {
		line("    it was lost %d times within an hour and is not repaired any more: find out who does it, then run `pintail guard repair`", i.Drops)
	}
	tellRows(line, i.Duplicates, "decide which rows are right and delete the others",
		func(d guard.Duplicate) string { return grouped(d.Rows) + " rows have " + d.Key })
	tellRows(line, i.Orphans, "add what they refer to, change them, or delete them",
		func(d guard.Duplicate) string {
			return d.Key + " refers to nothing, in " + counted(int(d.Rows), "row", "rows")
		})
}

// tellRows lists the first groups of rows that an incident lists.
func tellRows(line func(string, ...any), list []guard.Duplicate, do string, say func(guard.Duplicate) string) {
	const most = 5
	for _, d := range list[:min(len(list), most)] {
		line("    %s", say(d))
	}
	if n := len(list) - most; n > 0 {
		line("    and %s more such keys; --json lists up to %d", grouped(int64(n)), guard.DuplicatesMax)
	}
	if len(list) > 0 {
		line("    %s", do)
	}
}

// ago words a time that has passed.
func ago(at time.Time) string {
	if at.IsZero() {
		return "not yet"
	}
	return time.Since(at).Round(100*time.Millisecond).String() + " ago"
}

func guardCheck(c console, f *flags) *cobra.Command {
	var full bool
	var tables []string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Look into the database: are all indexes there, is anything damaged",
		Long: `Hold the database's indexes and foreign keys against the schema file, and look for damage. It needs no running server; where one runs, it hears of a
damaged index within seconds, stops using it and rebuilds it. Else nothing is changed.

Without --full it looks at what is cheap to see. With it, every row is held against every index, table by table: the one way to find
a damaged index on SQLite. On PostgreSQL the extension amcheck is used where it is installed.`,
		Example: "  pintail guard check\n  pintail guard check --full --table order --table order_item",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			g, s, end, err := openGuard(cmd.Context(), c, f)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, end()) }()
			o := guard.CheckOptions{Full: full}
			for _, name := range tables {
				t, err := plainTable(s, name)
				if err != nil {
					return err
				}
				o.Tables = append(o.Tables, t)
			}
			if err := g.Look(cmd.Context()); err != nil {
				return err
			}
			bar := c.progress("checking", "tables", int64(len(s.Tables)))
			o.Progress = func(done, _ int, what string) { bar.at("checking "+what, int64(done)) }
			checked := g.Check(cmd.Context(), o)
			bar.end()
			if err := g.Look(cmd.Context()); err != nil { // what is damaged is lost
				return err
			}
			if err := g.Record(cmd.Context()); err != nil {
				return fmt.Errorf("write down what is damaged: %w", err)
			}
			st := g.Status()
			if f.json {
				err = c.print(map[string]any{"drift": st.Drift, "integrity": checked})
			} else {
				err = tellCheck(c, &st, &checked)
			}
			if err == nil && checked.Error != "" {
				err = errors.New("the check didn't get to its end: " + checked.Error)
			}
			if err == nil && (amiss(&st) || len(checked.Found) > 0) {
				return found()
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&full, "full", false, "hold every row against every index")
	cmd.Flags().StringArrayVar(&tables, "table", nil, "check this `table` only; may be given several times")
	return cmd
}

func plainTable(s *schema.Schema, name string) (schema.Name, error) {
	var names []string
	for _, t := range s.Tables {
		if t.View != nil {
			continue
		}
		if t.Name.String() == name {
			return t.Name, nil
		}
		names = append(names, t.Name.String())
	}
	if len(names) == 0 {
		return schema.Name{}, usage("the schema file declares no table")
	}
	return schema.Name{}, usage("the schema file declares no table %q%s", name, meant(name, names))
}

func tellCheck(c console, st *guard.Status, checked *guard.Checked) error {
	p := painter(c.out)
	var b strings.Builder
	line := liner(&b, p)
	tellDrift(line, p, st.Drift)
	how := "a quick look"
	if checked.Full {
		how = "every row against every index"
	}
	line("%s checked (%s) in %s: %s.", counted(checked.Tables, "table", "tables"), how, checked.Took.Round(time.Millisecond), counted(len(checked.Found), "fault", "faults"))
	for _, d := range checked.Found {
		what := "table " + d.Table.String()
		if d.Index != "" {
			what = "index " + d.Index + " of " + d.Table.String()
		}
		line("  %s  %s: %s (%s)", p.red("damaged"), what, d.What, d.Checks)
	}
	switch {
	case slices.ContainsFunc(checked.Found, func(d guard.Damage) bool { return d.Index == "" }):
		line("A damaged table is not repaired by the guard: stop writing to it, and restore a backup.")
	case st.Lost() > 0:
		line("`pintail guard repair` builds what is lost; a running server does by itself where the guard is on.")
	}
	return c.put(b.String())
}

func guardRepair(c console, f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "repair",
		Short: "Build what is lost, now",
		Long: `Look, and build every index that is lost, changed or invalid, also one that a running server has stopped repairing because it was lost
too often; on PostgreSQL foreign keys too. Rows are never deleted: where some have the same key in a unique index, or refer to nothing, they are listed.

A running server sees by itself that an index is there again.`,
		Example: "  pintail guard repair",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			g, _, end, err := openGuard(cmd.Context(), c, f)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, end()) }()
			told := c.patience(lineEvery)
			told.at("repairing")
			left, err := g.RepairNow(cmd.Context())
			told.end()
			if err != nil {
				return err
			}
			st := g.Status()
			if f.json {
				err = c.print(map[string]any{"repaired": st.Repaired, "left": append([]guard.Drift{}, left...), "incidents": st.Incidents})
			} else {
				err = tellRepaired(c, &st, left)
			}
			if err == nil && len(left) > 0 {
				return found()
			}
			return err
		},
	}
}

func tellRepaired(c console, st *guard.Status, left []guard.Drift) error {
	p := painter(c.out)
	var b strings.Builder
	line := liner(&b, p)
	if st.Repaired > 0 {
		line("%s", p.green(counted(int(st.Repaired), "thing", "things")+" repaired."))
	}
	for _, d := range left {
		line("%s  %s", p.red(string(d.Kind)), d.Details)
		for _, i := range st.Incidents {
			if i.Subject == d.Index.ID && !i.State.Ended() {
				tellIncident(line, p, &i)
			}
		}
	}
	if st.Repaired == 0 && len(left) == 0 {
		line("Every declared index and foreign key is there: nothing to do.")
	}
	return c.put(b.String())
}

// openGuard makes a guard of a database without a server.
func openGuard(ctx context.Context, c console, f *flags) (*guard.Guard, *schema.Schema, func() error, error) {
	conf, s, err := f.project(c)
	if err != nil {
		return nil, nil, nil, err
	}
	engine, err := guardEngine(ctx, conf, s)
	if err != nil {
		return nil, nil, nil, err
	}
	g, err := guard.New(guard.Config{Engine: engine, Schema: s, Mode: guard.Act})
	if err != nil {
		return nil, nil, nil, errors.Join(err, engine.Close())
	}
	return g, s, engine.Close, nil
}

func guardEngine(ctx context.Context, conf *config, s *schema.Schema) (guard.Engine, error) {
	if err := noDatabase(conf); err != nil {
		return nil, err
	}
	if path := sqliteFile(conf.database()); path != "" {
		l, err := guard.NewLite(guard.LiteConfig{Path: path})
		if err != nil {
			return nil, connectError(conf.database(), err)
		}
		return l, nil
	}
	db, err := migrate.OpenExisting(ctx, conf.database()) // for the words of what is wrong with an address
	if err != nil {
		return nil, connectError(conf.database(), err)
	}
	if err := db.Close(ctx); err != nil {
		return nil, err
	}
	return guard.NewPostgres(guard.PostgresConfig{
		DSN: conf.database(), Pooled: conf.TransactionPooling, Default: s.Default, SearchPath: append(slices.Clone(s.Exposed), s.SearchPath...), ConnsMax: conf.ConnectionsMax,
	})
}
