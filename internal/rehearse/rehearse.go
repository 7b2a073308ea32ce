package rehearse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Options say what to rehearse. The zero value of every field but Schema and Capture is a default.
type Options struct {
	Schema  *schema.Schema
	Capture *Capture

	// Database is the address of the database beside which the shadow is made: on SQLite in a file in the same folder, on PostgreSQL
	// in a database of its own on the same server. On SQLite it may be empty: the shadow is a temporary file.
	Database string
	// Live is the database as it was found. Its indexes are those of the shadow; nil takes those that Schema declares.
	Live *schema.Schema
	// Analyzed says of SQLite that production's planner has statistics: somebody ran ANALYZE. The shadow is analyzed then too, or else a
	// planner would choose that knows more.
	Analyzed bool

	Scenarios []Scenario    // default both
	To        float64       // how far growth is foretold, as a multiple of today's data; default 100
	Seed      uint64        // of everything that is drawn; default 1
	Rows      int64         // of the largest shadow at most; default 250,000
	Time      time.Duration // after which no larger shadow is begun; default 10 minutes
	Statement time.Duration // the longest that one statement may take; default 5 s
	Plan      plan.Options  // as the server's
	NoAdvice  bool          // propose no indexes

	// Progress is told what is being done, and how much of all work that is; nil for nobody.
	Progress func(what string, done, total int64)
}

// Limits of the options.
const (
	ToDefault        = 100
	ToMost           = 100_000
	TimeDefault      = 10 * time.Minute
	statementDefault = 5 * time.Second
)

func (o Options) withDefaults() Options {
	if len(o.Scenarios) == 0 {
		o.Scenarios = []Scenario{More, Bigger}
	}
	o.To = cmp.Or(o.To, ToDefault)
	o.Seed = cmp.Or(o.Seed, 1)
	o.Rows = cmp.Or(o.Rows, RowsDefault)
	o.Time = cmp.Or(o.Time, TimeDefault)
	o.Statement = cmp.Or(o.Statement, statementDefault)
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	return o
}

// Bytes is about how much room on the disk the rehearsal takes at most.
func (o Options) Bytes() int64 {
	o = o.withDefaults()
	const least, index = 100, 2.5 // bytes of a row; and what it takes with its indexes and the log
	var rows, bytes int64
	for _, t := range o.Capture.Tables {
		rows, bytes = rows+t.Rows, bytes+t.Bytes
	}
	row := max(float64(bytes)/float64(max(rows, 1)), least)
	most := o.Rows
	if m, err := modelOf(o.Capture, o.Schema); err == nil { // else Run says what is wrong
		m.thin(o.Rows)
		for _, s := range o.Scenarios {
			if still := m.still(s); still <= RowsMost {
				most = max(most, still)
			}
		}
	}
	return int64(min(row*index*1.5*float64(most)*float64(len(o.Scenarios)), 1<<62))
}

// check refuses options that make no sense.
func (o *Options) check() error {
	switch {
	case o.Schema == nil || o.Capture == nil:
		return errors.New("a rehearsal needs a schema and a capture")
	case o.To < 2 || o.To > ToMost:
		return fmt.Errorf("growth is foretold for 2 to %d times today's data, not for %v", ToMost, o.To)
	case o.Rows < RowsLeast || o.Rows > RowsMost:
		return fmt.Errorf("the shadow has %d to %d rows, not %d", RowsLeast, RowsMost, o.Rows)
	case len(o.Capture.Tables) == 0:
		return errors.New("the capture has no tables: nothing is known of the data; take another with `pintail rehearse --capture FILE`")
	}
	for _, s := range o.Scenarios {
		if s != More && s != Bigger {
			return fmt.Errorf("there is no scenario %q: it is more or bigger", s)
		}
	}
	return nil
}

// Run rehearses: it grows a shadow, asks it what production is asked, and says how the work grows. Nothing of the database itself is
// written; what was made beside it is gone when Run returns, whatever it returns.
func Run(ctx context.Context, o Options) (rep *Report, err error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	m, err := modelOf(o.Capture, o.Schema)
	if err != nil {
		return nil, err
	}
	r := &run{Options: o, model: m, began: time.Now()}
	if r.shadow, err = shadowSchema(o.Schema, o.Live); err != nil {
		return nil, err
	}
	if r.engine, err = openEngine(ctx, o, r.shadow); err != nil {
		return nil, err
	}
	defer func() {
		if e := r.engine.close(context.WithoutCancel(ctx)); err == nil && e != nil {
			rep, err = nil, fmt.Errorf("take the shadow away: %w", e)
		}
	}()
	r.plans()
	defer func() { err = errors.Join(err, r.drop(context.WithoutCancel(ctx))) }()
	for _, s := range o.Scenarios {
		if err := r.climb(ctx, s); err != nil {
			return nil, err
		}
	}
	r.judge()
	if !o.NoAdvice {
		if err := r.advise(ctx); err != nil {
			return nil, err
		}
	}
	return r.report(), nil
}

// A run is one rehearsal under way.
type run struct {
	Options
	model   *model
	shadow  *schema.Schema // with the indexes that the shadow has
	engine  engine
	began   time.Time
	shapes  []*subject
	climbs  []*ascent
	notes   []string
	thinned bool // the scenario bigger has but some of the parents
	done    int64
	total   int64
}

// A subject is one shape.
type subject struct {
	shape   *Shape
	replay  *replay
	unknown string // why nothing can be said of it
	cases   []*Case
	verdict Verdict
}

// plans resolves every shape of the capture against the schema.
func (r *run) plans() {
	for i := range r.Capture.Shapes {
		sh := &r.Capture.Shapes[i]
		s := &subject{shape: sh}
		r.shapes = append(r.shapes, s)
		q, err := query.Decode(sh.Query)
		if err != nil {
			s.unknown = "it can't be replayed: " + err.Error()
			if len(sh.Query) == 0 {
				s.unknown = "the capture has no template of it"
			}
			continue
		}
		_, args := query.Parameterize(q, nil)
		p, err := plan.Resolve(q, r.Schema, r.Plan)
		if err != nil {
			s.unknown = "the schema has no answer to it: " + told(err)
			continue
		}
		s.replay = &replay{shape: sh, plan: p, blank: args, uses: usesOf(p), seed: drawOf(r.Seed, sh.ID, sh.Label)}
		s.unknown = r.model.cannot(p)
	}
}

// told is an error in a sentence.
func told(err error) string {
	var f *fault.Fault
	if errors.As(err, &f) {
		return strings.TrimSuffix(f.Message, ".")
	}
	return err.Error()
}

// cannot says why a plan can't be rehearsed; empty where it can.
func (m *model) cannot(p *plan.Plan) string {
	for _, t := range slices.Concat(p.Facts.Reads, p.Facts.Writes) {
		tm := m.of[t]
		switch {
		case tm == nil: // a view: its tables are there
		case tm.unknown != "":
			return "no rows of " + t.Name.String() + " can be made up: " + tm.unknown
		case tm.rows == 0 && !slices.Contains(p.Facts.Writes, t):
			return "table " + t.Name.String() + " is empty in production"
		}
	}
	return ""
}

// An ascent is one scenario's ladder.
type ascent struct {
	scenario Scenario
	xs       []float64
	worlds   []*world
	tops     [2]database // the second largest, and the largest
}

// triesWork is the work from which on fewer parameters are tried: it is far too much already.
const triesWork = 200_000

// cheapWork is the work up to which more are tried: how many rows one happens to meet makes much of it.
const cheapWork = 5_000

// noisyWork is the work up to which more are tried where they differ, and noisyLeast by how much their mean has to be in doubt for that.
const (
	noisyWork  = 50_000
	noisyLeast = 0.05
)

// wantsMore says whether more parameters are to be tried on a rung, after those below.
func (r *Rung) wantsMore(below []Rung) bool {
	work := r.mean(units)
	if work <= cheapWork {
		return true
	}
	doubt := noise(samplesFor([]Rung{*r}, units)) // of few that happen to be alike it says little
	if len(below) > 0 {
		doubt = max(doubt, noise(samplesFor(below[len(below)-1:], units)))
	}
	return work <= noisyWork && doubt > noisyLeast
}

// climb makes the shadow larger and larger, and asks every shape of each.
func (r *run) climb(ctx context.Context, s Scenario) error {
	a := &ascent{scenario: s}
	if s == Bigger {
		r.thin()
	}
	xs := r.model.ladder(s, r.Rows)
	if xs == nil {
		r.notes = append(r.notes, fmt.Sprintf("scenario %s: no table grows in it", s))
		return nil
	}
	if still := r.model.still(s); still > RowsMost {
		r.notes = append(r.notes, fmt.Sprintf("scenario %s is left out: the tables that don't grow in it have %d rows, more than a shadow may have (%d)", s, still, RowsMost))
		return nil
	} else if still > r.Rows {
		r.notes = append(r.notes, fmt.Sprintf("scenario %s: the tables that don't grow in it have %d rows, and so has every shadow, though --rows is %d", s, still, r.Rows))
	}
	r.climbs = append(r.climbs, a)
	r.expect(s, xs)
	for i, x := range xs {
		if i >= rungsLeast && time.Since(r.began) > r.Time {
			r.notes = append(r.notes, fmt.Sprintf("scenario %s: the time was up at %s times today's data", s, short(xs[i-1])))
			break
		}
		w := r.model.build(r.Seed, s, x)
		db, err := r.engine.make(ctx, w, func(rows int64) { r.tell(fmt.Sprintf("growing to %sx", short(x)), rows) })
		if err != nil {
			return err
		}
		if a.tops[0] != nil {
			if err := a.tops[0].drop(ctx); err != nil {
				return errors.Join(err, db.drop(ctx))
			}
		}
		a.tops[0], a.tops[1] = a.tops[1], db
		a.xs, a.worlds = append(a.xs, x), append(a.worlds, w)
		for _, sub := range r.shapes {
			if err := r.ask(ctx, sub, w, db); err != nil {
				return err
			}
		}
	}
	return r.beyond(ctx, a)
}

// thin makes room for the children of the scenario bigger.
func (r *run) thin() {
	parents, kept := r.model.thin(r.Rows)
	if kept == parents {
		return
	}
	r.thinned = true
	text := fmt.Sprintf("scenario bigger: a shadow of %d rows has no room for all %d parents with their children: it has %d of them", r.Rows, parents, kept)
	if !slices.Contains(r.Scenarios, More) {
		text += ", so that the work of what reads whole tables is as much less; --scenario both foretells it, or --rows makes more room"
	}
	r.notes = append(r.notes, text)
}

// expect adds the work of a ladder to what is told of.
func (r *run) expect(s Scenario, xs []float64) {
	for _, x := range xs {
		r.total += r.model.total(s, x)
	}
}

func (r *run) tell(what string, rows int64) {
	r.done += rows
	r.Progress(what, r.done, max(r.total, r.done))
}

// lostMost is the share of a table's rows that its own constraints may refuse.
const lostMost = 0.1

// ask asks one rung one shape, with all kinds of parameters.
func (r *run) ask(ctx context.Context, sub *subject, w *world, db database) error {
	if sub.unknown != "" {
		return nil
	}
	p := sub.replay.plan
	for _, t := range slices.Concat(p.Facts.Reads, p.Facts.Writes) {
		if st := w.of[t]; st != nil && st.unknown != "" {
			sub.unknown = "no rows of " + t.Name.String() + " can be made up: " + st.unknown
			return nil
		}
		if db.refused(t) > lostMost {
			sub.unknown = fmt.Sprintf("the constraints of %s refuse %.0f %% of the rows made up for it", t.Name, 100*db.refused(t))
			return nil
		}
	}
	for _, stratum := range strata {
		c := sub.caseOf(w, stratum.kind)
		if c == nil || c.over {
			continue
		}
		rung := Rung{X: w.x, Rows: w.drivingRows(p)}
		for n := range stratum.cheap {
			if n > 0 && !sub.replay.varied() || n >= 2 && rung.mean(units) > triesWork || n >= stratum.tries && !rung.wantsMore(c.Rungs) {
				break
			}
			s, err := sub.try(ctx, w, db, stratum.kind, n)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				c.failed, c.over = told(err), true
				break
			}
			rung.samples = append(rung.samples, s)
		}
		if len(rung.samples) > 0 && !c.over {
			c.Rungs = append(c.Rungs, rung)
		}
	}
	return nil
}

// try asks with the nth parameters of a kind. A write that a constraint refuses is tried with others: nobody deletes a customer
// who has orders.
func (sub *subject) try(ctx context.Context, w *world, db database, kind string, n int) (s sample, err error) {
	for again := range refusedTries {
		s, err = db.run(ctx, sub.replay.plan, sub.replay.args(w, kind, n+again*otherTry), n < explained)
		var f *fault.Fault
		if err == nil || !errors.As(err, &f) || !strings.HasPrefix(string(f.Code), "23") {
			break
		}
	}
	return s, err
}

const (
	refusedTries = 24  // others that are tried where a constraint refuses
	otherTry     = 100 // how far their numbers lie apart
	explained    = 3   // of the tries, those whose plan is asked for
)

// caseOf is the case of a scenario and stratum; nil where it would be the same as another.
func (sub *subject) caseOf(w *world, kind string) *Case {
	if kind != strata[0].kind && !sub.replay.hot(w) {
		return nil
	}
	for _, c := range sub.cases {
		if c.Scenario == w.scenario && c.Stratum == kind {
			return c
		}
	}
	c := &Case{Scenario: w.scenario, Stratum: kind}
	sub.cases = append(sub.cases, c)
	return c
}

// drivingRows is the number of rows of the largest table that grows among those that a plan touches; where none does, of the largest.
func (w *world) drivingRows(p *plan.Plan) int64 {
	var grows, all int64
	for _, t := range slices.Concat(p.Facts.Reads, p.Facts.Writes) {
		if st := w.of[t]; st != nil {
			all = max(all, st.rows)
			if !st.fixed {
				grows = max(grows, st.rows)
			}
		}
	}
	return cmp.Or(grows, all)
}

// drop takes away the databases that are left.
func (r *run) drop(ctx context.Context) error {
	var errs []error
	for _, a := range r.climbs {
		for _, db := range a.tops {
			if db != nil {
				errs = append(errs, db.drop(ctx))
			}
		}
	}
	return errors.Join(errs...)
}

// openEngine is the engine of the capture.
func openEngine(ctx context.Context, o Options, s *schema.Schema) (engine, error) {
	path, isLite := strings.CutPrefix(o.Database, "sqlite:")
	switch {
	case o.Capture.Engine == "sqlite" && (isLite || o.Database == ""):
		return newLite(path, s, o.Analyzed, o.Statement)
	case o.Capture.Engine == "postgres" && !isLite && o.Database != "":
		return newPG(ctx, o.Database, s, o.Statement)
	case o.Capture.Engine == "postgres" && o.Database == "":
		return nil, errors.New("the capture is of PostgreSQL: name a server for the shadow with --database postgres://…, whose role may make databases")
	}
	return nil, fmt.Errorf("the capture is of %s, and the database is not: name one of the same engine with --database", engineName(o.Capture.Engine))
}

func engineName(engine string) string {
	switch engine {
	case "sqlite":
		return "SQLite"
	case "postgres":
		return "PostgreSQL"
	}
	return fmt.Sprintf("an engine %q that is not known here", engine)
}
