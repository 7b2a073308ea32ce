package plantedtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/rehearse"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/schema"
)

// A Captured is a world at 1x that was asked the planted queries, as a rehearsal sees it: nothing but its capture, and the
// schema.
type Captured struct {
	World   *World
	Engine  string
	Schema  *schema.Schema
	Capture *rehearse.Capture
	DSN     string         // beside which the shadow is made
	Live    *schema.Schema // for its indexes

	names map[string]string // queries by the ID of their shape
}

// Capture asks a world's queries on an engine and takes a capture, through the file that would be kept of it. dsn is of the database.
func (w *World) Capture(ctx context.Context, engine, dsn string, queries []Query) (c *Captured, err error) {
	c = &Captured{World: w, Engine: engine, DSN: dsn}
	var st store.Store
	if engine == "sqlite" {
		c.Schema, st, err = w.OpenSQLite()
	} else {
		c.Schema, st, err = w.OpenPostgreSQL(ctx, dsn)
	}
	if err != nil {
		return nil, err
	}
	defer st.Close()
	book, names, err := w.Load(c.Schema, st, queries)
	if err != nil {
		return nil, err
	}
	c.names = names
	taken := &rehearse.Capture{Format: rehearse.Format, Engine: engine, Schema: c.Schema.Version, Taken: time.Now().UTC().Truncate(time.Second)}
	taken.Shapes, taken.Notes = rehearse.TakeShapes(ctx, book, c.Schema, st)
	db, err := migrate.OpenExisting(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer db.Close(ctx)
	var notes []string
	if taken.Tables, notes, err = rehearse.TakeTables(ctx, db, c.Schema, rehearse.TableOptions{}); err != nil {
		return nil, err
	}
	taken.Notes = append(taken.Notes, notes...)
	if c.Live, _, err = db.Inspect(ctx, migrate.Options{}); err != nil {
		return nil, err
	}
	file, err := rehearse.Write(taken)
	if err != nil {
		return nil, err
	}
	c.Capture, err = rehearse.Read(bytes.NewReader(file))
	return c, err
}

// Rehearse runs a rehearsal and gives its verdicts by query. o has what differs from the defaults.
func (c *Captured) Rehearse(ctx context.Context, o rehearse.Options) (map[string]Verdict, *rehearse.Report, error) {
	o.Schema, o.Capture, o.Database, o.Live, o.Plan = c.Schema, c.Capture, c.DSN, c.Live, plan.Options{Aggregates: true}
	rep, err := rehearse.Run(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	out := map[string]Verdict{}
	for _, v := range rep.Verdicts {
		name, ok := c.names[v.ID]
		if !ok {
			return nil, nil, fmt.Errorf("a verdict on shape %s (%s), which nobody planted", v.ID, v.Label)
		}
		out[name] = verdictOf(name, v)
	}
	for _, name := range c.names {
		if _, ok := out[name]; !ok {
			return nil, nil, fmt.Errorf("no verdict on %s", name)
		}
	}
	return out, rep, nil
}

// verdictOf takes from a verdict what can be held against the truth. The worlds grow as in the scenario more, but for what Values.Grows
// says.
func verdictOf(name string, v *rehearse.Verdict) Verdict {
	out := Verdict{
		Query: name, Class: v.Class.String(), Worse: v.Class >= rehearse.Linear, Unknown: v.Class == rehearse.Unknown, Why: v.Reason, Exponent: v.Exponent,
	}
	for _, c := range v.Cases {
		switch {
		case c.Class == rehearse.Unknown:
		case c.Stratum == shape.Typical && c.Scenario == rehearse.More:
			out.Typical10 = c.Work.At10
		case c.Stratum == shape.Hottest && c.Scenario == rehearse.More:
			out.Hottest10 = c.Work.At10
		case c.Stratum == shape.Hottest && c.Scenario == rehearse.Bigger:
			out.Bigger10 = c.Work.At10
		}
	}
	for _, a := range v.Advice {
		out.Advice = append(out.Advice, Advice{Table: a.Table, Line: a.Line, Better: a.Class < v.Class && a.Class != rehearse.Unknown, Flat: a.Class < rehearse.Linear})
	}
	return out
}

// columnsOf finds the columns of an advised index.
var columnsOf = regexp.MustCompile(`^@index\(columns: (\[[^\]]*\])\)$`)

// Apply makes an advised index in a world's SQLite file. False is an index of another kind than of plain columns.
func (w *World) Apply(a Advice) (bool, error) {
	found := columnsOf.FindStringSubmatch(a.Line)
	if found == nil {
		return false, nil
	}
	var columns []string
	if err := json.Unmarshal([]byte(found[1]), &columns); err != nil {
		return false, err
	}
	for i, c := range columns {
		name, down := strings.CutPrefix(c, "-")
		columns[i] = litesql.Ident(name)
		if down {
			columns[i] += " DESC"
		}
	}
	list := strings.Join(columns, ", ")
	return true, execSQLite(w.Path, "CREATE INDEX IF NOT EXISTS "+litesql.Ident("advised "+a.Table+list)+" ON "+litesql.Ident(a.Table)+" ("+list+")")
}
