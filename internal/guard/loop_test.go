package guard

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A bare engine's database has no index, though the schema declares one.
type bare struct {
	Engine
	records  Records
	declares error // why nobody can say what is declared
	looks    atomic.Int64
	explains chan struct{} // each EXPLAIN waits for one, where not nil
	damage   []Damage      // that a check finds
	indexes  []Index       // that are there
}

func newBare(t *testing.T) (*bare, *Guard) {
	t.Helper()
	e := &bare{records: newMemory()}
	g, err := New(Config{Engine: e, Schema: &schema.Schema{}, Mode: Act, Every: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return e, g
}

func (e *bare) Catalog(context.Context, *schema.Schema) (*Catalog, error) {
	e.looks.Add(1)
	return &Catalog{Version: "1", Indexes: e.indexes}, nil
}

func (e *bare) Declared(_ context.Context, s *schema.Schema) ([]Index, error) {
	if len(s.Default) == 0 {
		return nil, e.declares
	}
	return []Index{{ID: "x", Name: "x", Table: schema.Name{Name: "t"}, Definition: "(a)"}}, e.declares
}

func (e *bare) Explain(ctx context.Context, _ *plan.Plan, _ query.Args) ([]Standing, error) {
	select {
	case <-e.explains:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (e *bare) Capacity() int                        { return 4 }
func (e *bare) Records() Records                     { return e.records }
func (e *bare) Who(context.Context, Drift) string    { return "" }
func (e *bare) Repair(context.Context, Repair) error { return errors.New("it can't be built") }

func (e *bare) Check(_ context.Context, _ *schema.Schema, _ CheckOptions, found func(Damage)) error {
	for _, d := range e.damage {
		found(d)
	}
	return nil
}

// declaring is a schema of which a bare engine says that it declares an index.
func declaring() *schema.Schema { return &schema.Schema{Default: "public"} }

// A look that fails half-way is made again in full, and until then the status says why nothing is known.
func TestLooksThatFailAreMadeAgain(t *testing.T) {
	e, g := newBare(t)
	if err := g.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.Reload(declaring())
	e.declares = errors.New("nobody knows")
	if err := g.Look(t.Context()); err == nil || g.Status().LastError == "" {
		t.Fatalf("%v, %q", err, g.Status().LastError)
	}
	e.declares = nil
	if err := g.Look(t.Context()); err != nil || g.Status().Lost() != 1 || g.Status().LastError != "" {
		t.Fatalf("%v: %+v", err, g.Status())
	}
}

// EXPLAINs that take their time keep nobody from noticing a loss.
func TestLooksGoOnBesideExplains(t *testing.T) {
	e, g := newBare(t)
	e.explains = make(chan struct{}) // and never one
	g.entry(&plan.Plan{}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	for end := time.Now().Add(20 * time.Second); e.looks.Load() < 10; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d looks", e.looks.Load())
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if !g.acts() {
		t.Error("while the program stops, requests are let through that rely on what is lost")
	}
}

// What is lost again after an incident that another process has ended, before this one looked, is an incident of its own.
func TestLostAgainBehindOnesBack(t *testing.T) {
	e, g := newBare(t)
	g.ran.Store(true)
	g.Reload(declaring())
	ctx := t.Context()
	if err := g.Look(ctx); err != nil {
		t.Fatal(err)
	}
	theirs := Incident{ID: "0", Subject: "x", Kind: Missing, State: Repaired, Began: time.Now().Add(-time.Second), Ended: time.Now()}
	if err := e.records.Save(ctx, theirs); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := g.once(ctx, false); err != nil {
			t.Fatal(err)
		}
		if err := g.Look(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := e.records.List(ctx, 10); err != nil || len(list) != 2 || list[0].State != Waiting {
		t.Errorf("%+v, %v", list, err)
	}
}

// A puts engine knows where a plan puts rows, or doesn't.
type putting struct {
	*bare
	puts []Put
	err  error
}

func (e *putting) Puts(context.Context, *plan.Plan) ([]Put, error) { return e.puts, e.err }

func (e *putting) ExplainDeclared(context.Context, *schema.Schema, *plan.Plan, query.Args) ([]Standing, error) {
	return nil, nil
}

// Without a unique index those are refused too who may put rows or values into its table by other ways than their own writes, and those of
// whom nobody can tell.
func TestOthersThatPutRows(t *testing.T) {
	s := parsed(t, `type t @table { id: bigint! @id, a: String, b: String }`)
	sit := &situation{catalog: &Catalog{}, drift: []Drift{{Kind: Missing, Index: Index{ID: "x", Name: "x", Table: s.Tables[0].Name, Unique: true, Columns: []string{"a"}}, Details: "it is missing"}}}
	writes := &plan.Plan{Op: plan.Delete, Write: &plan.Write{Table: s.Tables[0]}}
	for name, c := range map[string]struct {
		puts []Put
		err  error
		plan *plan.Plan
		want string
	}{
		"rows into it":              {[]Put{{Table: "t", By: "the trigger x"}}, nil, writes, "by the trigger x this query may put"},
		"rows into another":         {[]Put{{Table: "u"}}, nil, writes, ""},
		"rows into any":             {[]Put{{By: "the function f"}}, nil, writes, "by the function f"},
		"a value that it keeps":     {[]Put{{Table: "t", Column: "A"}}, nil, writes, "may put"},
		"another value":             {[]Put{{Table: "t", Column: "b"}}, nil, writes, ""},
		"nobody knows":              {nil, errors.New("it doesn't compile"), writes, "can't be found out: it doesn't compile"},
		"a read, of which nobody":   {nil, errors.New("never asked"), &plan.Plan{Op: plan.Read}, ""},
		"its own writes, no others": {nil, nil, writes, ""},
	} {
		g, err := New(Config{Engine: &putting{&bare{records: newMemory()}, c.puts, c.err}, Schema: s, Mode: Act})
		if err != nil {
			t.Fatal(err)
		}
		shed := g.judge(t.Context(), sit, g.entry(c.plan, nil), c.plan, nil)
		if (shed != nil) != (c.want != "") || shed != nil && !strings.Contains(shed.reason, c.want) {
			t.Errorf("%s: %+v", name, shed)
		}
	}
}

// Damage of an index that is neither there nor declared any more is over.
func TestDamageOfWhatIsGone(t *testing.T) {
	e, g := newBare(t)
	g.ran.Store(true)
	ctx := t.Context()
	if _, err := e.records.Open(ctx, Incident{ID: "0", Subject: "z", Kind: Corrupt, State: Waiting, Began: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := g.Look(ctx); err != nil {
		t.Fatal(err)
	}
	if err := g.once(ctx, false); err != nil {
		t.Fatal(err)
	}
	if list, err := e.records.List(ctx, 10); err != nil || len(list) != 1 || list[0].State != Gone {
		t.Errorf("%+v, %v", list, err)
	}
}

// What a check of everything finds whole again is no damage any more, where nobody has it on record.
func TestDamageThatSomebodyRepaired(t *testing.T) {
	e, g := newBare(t)
	g.Reload(declaring())
	e.indexes = []Index{{ID: "x", Name: "x", Table: schema.Name{Name: "t"}, Definition: "(a)"}}
	ctx := t.Context()
	lost := func() int {
		t.Helper()
		if err := g.Look(ctx); err != nil {
			t.Fatal(err)
		}
		return g.Status().Lost()
	}
	e.damage = []Damage{{Table: schema.Name{Name: "t"}, Index: "x", What: "rows are missing"}}
	g.Check(ctx, CheckOptions{Full: true})
	if lost() != 1 {
		t.Error("damage isn't known")
	}
	e.damage = nil
	for i, o := range []CheckOptions{{}, {Full: true, Tables: []schema.Name{{Name: "u"}}}, {Full: true}} {
		g.Check(ctx, o)
		if n := lost(); (n == 0) != (i == 2) {
			t.Errorf("%+v: %d", o, n)
		}
	}
}

// Which record is of the loss that somebody is about to write down.
func TestIncidentsTellOfOneLoss(t *testing.T) {
	now := time.Now()
	mine := &Incident{Began: now.Add(-time.Minute)}
	for name, c := range map[string]struct {
		state State
		ended time.Duration // from now
		want  bool
	}{
		"open":                   {Waiting, 0, true},
		"ended before":           {Repaired, -2 * time.Minute, false},
		"ended since":            {Gone, -time.Second, true},
		"ended by another clock": {Repaired, time.Hour, false},
	} {
		theirs := &Incident{State: c.state, Ended: now.Add(c.ended)}
		if got := theirs.tells(mine); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// Another process's claim is believed as long as it is heard of, and not by a clock that is wrong.
func TestClaimsAreBelieved(t *testing.T) {
	_, g := newBare(t)
	for name, c := range map[string]struct {
		touched, notBefore time.Duration // from now
		want               bool
	}{
		"just now":                    {-time.Second, 0, true},
		"long ago":                    {-time.Minute, 0, false},
		"waits":                       {-time.Minute, 30 * time.Second, true},
		"by a clock that is ahead":    {time.Hour, 0, false},
		"by one that is nearly right": {time.Second, 0, true},
	} {
		i := &Incident{Noticed: "another", Touched: time.Now().Add(c.touched)}
		if c.notBefore != 0 {
			i.NotBefore = time.Now().Add(c.notBefore)
		}
		if got := g.others(i); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// What is open is never forgotten, however much came after it.
func TestOpenIncidentsAreListed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	liteFile(t, path)
	l, err := NewLite(LiteConfig{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx := t.Context()
	for where, records := range map[string]Records{"memory": newMemory(), l.Records().Where(): l.Records()} {
		open := Incident{ID: "0", Subject: "x", Kind: Corrupt, State: Blocked, Began: time.Now()}
		if _, err := records.Open(ctx, open); err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			at := time.Now().Add(-time.Hour)
			if err := records.Save(ctx, Incident{ID: fmt.Sprint(i + 1), Subject: "y", State: Gone, Began: at, Ended: at}); err != nil {
				t.Fatal(err)
			}
		}
		list, err := records.List(ctx, 2)
		if err != nil || len(list) != 3 || list[0].ID != "5" || list[1].ID != "4" || list[2].ID != "0" {
			t.Errorf("%s: %+v, %v", where, list, err)
		}
	}
}

// Which writes rely on a unique index that is lost: whatever puts rows in, or values by which it would tell rows apart.
func TestWhatReliesOnAUniqueIndex(t *testing.T) {
	s := parsed(t, `type t @table { id: bigint! @id, a: String!, b: String!, low: String @column(generated: {sqlite: "lower(a)", postgres: "lower(a)"}) }`)
	table := s.Tables[0]
	column := func(name string) *schema.Column {
		c, ok := table.Column(name)
		if !ok {
			t.Fatal(name)
		}
		return c
	}
	update := func(name string) *plan.Plan {
		return &plan.Plan{Op: plan.Update, Write: &plan.Write{Table: table, Columns: []*schema.Column{column(name)}}}
	}
	on := func(columns ...string) *Index {
		return &Index{Name: "x", Table: table.Name, Unique: true, Columns: columns}
	}
	for name, c := range map[string]struct {
		plan *plan.Plan
		x    *Index
		want bool
	}{
		"an insert":                       {&plan.Plan{Op: plan.Insert, Write: &plan.Write{Table: table}}, on("a"), true},
		"a delete":                        {&plan.Plan{Op: plan.Delete, Write: &plan.Write{Table: table}}, on("a"), false},
		"an update of its column":         {update("a"), on("a"), true},
		"of another one":                  {update("b"), on("a"), false},
		"of an expression's, maybe":       {update("b"), on(), true},
		"of what a column is made of":     {update("a"), on("low"), true},
		"a step of several":               {&plan.Plan{Op: plan.Sequence, Steps: []*plan.Plan{update("b"), update("a")}}, on("a"), true},
		"an alteration":                   {&plan.Plan{Op: plan.Update, Write: &plan.Write{Table: table, Alter: []plan.Alter{{Column: column("a")}}}}, on("a"), true},
		"nested rows":                     {&plan.Plan{Op: plan.Insert, Write: &plan.Write{Table: &schema.Table{}, Nested: []plan.Nested{{Write: &plan.Write{Table: table}}}}}, on("a"), true},
		"nested rows of some other table": {&plan.Plan{Op: plan.Insert, Write: &plan.Write{Table: &schema.Table{}, Nested: []plan.Nested{{Write: &plan.Write{Table: &schema.Table{}}}}}}, on("a"), false},
	} {
		if got := relies(c.plan, c.x); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for kind, want := range map[Kind]bool{Missing: true, Invalid: true, Changed: true, Corrupt: true, Unused: false, Statistics: false, Extra: false, Pending: false} {
		if d := (&Drift{Kind: kind, Index: *on("a")}); d.opens() != want {
			t.Errorf("%s: %v", kind, d.opens())
		}
	}
}

// What several processes refuse because of one loss is counted together, by whoever ended it and by those who hear of it later; what comes after
// belongs to it too, and nothing to the next one.
func TestAllProcessesCountWhatTheyRefuse(t *testing.T) {
	for name, records := range keepers(t) {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			subject := Drift{Kind: Missing, Rebuilds: true, Index: Index{ID: "x", Name: "x", Table: schema.Name{Name: "t"}}}
			var guards []*Guard
			for _, who := range []string{"one", "two", "three"} {
				e := &bare{records: records}
				g, err := New(Config{Engine: e, Schema: declaring(), Mode: Act, Name: who, TakeOver: time.Hour})
				if err != nil {
					t.Fatal(err)
				}
				g.ran.Store(true)
				if err := g.Look(ctx); err != nil || g.Status().Lost() != 1 {
					t.Fatal(err, g.Status())
				}
				if err := g.open(ctx, records, &subject, func() []Incident { return nil }); err != nil {
					t.Fatal(err)
				}
				guards = append(guards, g)
			}
			refuse := func(g *Guard, n int, shape string) {
				s := &shedding{counts: g.refusalsOf("x", shape)}
				for range n {
					s.count()
				}
			}
			var wg sync.WaitGroup
			for i, g := range guards {
				wg.Go(func() {
					for range 100 {
						refuse(g, 10, []string{"a", "b", "a"}[i])
						if err := g.pay(ctx, records, true); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			newest := func(n int) Incident {
				t.Helper()
				list, err := records.List(ctx, 10)
				if err != nil || len(list) != n {
					t.Fatalf("%+v, %v", list, err)
				}
				return list[0]
			}
			if i := newest(1); i.Shed != 3000 || !slices.Equal(slices.Sorted(slices.Values(i.Shapes)), []string{"a", "b"}) {
				t.Errorf("while it lasts: %d by %v", i.Shed, i.Shapes)
			}
			for i, g := range guards {
				refuse(g, 1+i, "c")
			}
			w := guards[0].work["x"]
			if err := guards[0].close(ctx, records, w, guards[0].current(w), Repaired); err != nil {
				t.Fatal(err)
			}
			late := guards[1].work["x"] // has not heard that it is over
			late.incident.LastError = "an older state"
			if err := guards[1].close(ctx, records, late, guards[1].current(late), Gone); err != nil {
				t.Fatal(err)
			}
			if i := newest(1); i.State != Repaired || i.LastError != "" {
				t.Errorf("what had ended was written over: %+v", i)
			}
			for _, g := range guards { // the index is back
				g.config.Engine.(*bare).indexes = []Index{{ID: "x", Name: "x", Table: schema.Name{Name: "t"}, Definition: "(a)"}}
				if err := g.look(ctx, true); err != nil {
					t.Fatal(err)
				}
				g.readAt = time.Now()
				if err := g.once(ctx, false); err != nil {
					t.Fatal(err)
				}
			}
			if i := newest(1); i.Shed != 3006 || i.State != Repaired {
				t.Errorf("over for all: %d, %s", i.Shed, i.State)
			}
			refuse(guards[2], 5, "d") // let go of late
			ctx, stop := context.WithCancel(ctx)
			stop()
			guards[2].mend(ctx)
			ctx = t.Context()
			if i := newest(1); i.Shed != 3011 {
				t.Errorf("what came last: %d", i.Shed)
			}
			next := Incident{ID: "9", Subject: "x", State: Open, Began: time.Now().Add(time.Minute)}
			if _, err := records.Open(ctx, next); err != nil {
				t.Fatal(err)
			}
			if i := newest(2); i.Shed != 0 || len(i.Shapes) > 0 {
				t.Errorf("the next one begins with %d by %v", i.Shed, i.Shapes)
			}
			if i, err := records.Add(ctx, "nobody knows it", 5, nil); err != nil || i.ID != "" {
				t.Errorf("%+v, %v", i, err)
			}
		})
	}
}

// keepers gives the three ways in which incidents are kept.
func keepers(t *testing.T) map[string]Records {
	path := filepath.Join(t.TempDir(), "shop.db")
	liteFile(t, path)
	l, err := NewLite(LiteConfig{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w := newPGWorld(t, pgShop, 0)
	return map[string]Records{"memory": newMemory(), "SQLite": l.Records(), "PostgreSQL": w.guard.Records()}
}

// counted has two processes refuse requests because of one loss, and wants its record to have all of them.
func counted(t *testing.T, a, b *chaos) {
	t.Helper()
	a.warm()
	b.warm()
	a.harm("DROP INDEX item_kind")
	refused := 0
	for n, c := range []*chaos{a, b, b} {
		c.eventually("noticed", func() bool { return c.guard.Status().Lost() == 1 })
		for range 3 + n {
			if !lost(c.ask("by kind")) {
				t.Error("it isn't refused")
			}
			refused++
		}
	}
	a.healed()
	b.healed()
	a.eventually("all are counted", func() bool {
		list, err := a.guard.config.Engine.Records().List(t.Context(), 1)
		return err == nil && len(list) == 1 && list[0].State == Repaired && list[0].Shed == int64(refused)
	})
	if n := a.guard.Status().Refused + b.guard.Status().Refused; n != int64(refused) {
		t.Errorf("%d are counted by the processes, %d were refused", n, refused)
	}
}

func TestLiteTwoProcessesCount(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	liteFile(t, path)
	as := func(name string) func(*Config) { return func(c *Config) { c.Name, c.HoldBack = name, time.Second } }
	counted(t, liteChaosOn(t, path, as("one")), liteChaosOn(t, path, as("two")))
}

func TestPostgresTwoProcessesCount(t *testing.T) {
	dsn := pgtest.DSN(t)
	pgShopOn(t, dsn)
	as := func(name string) func(*Config) { return func(c *Config) { c.Name, c.HoldBack = name, time.Second } }
	counted(t, pgChaosOn(t, dsn, PostgresConfig{}, as("one")), pgChaosOn(t, dsn, PostgresConfig{}, as("two")))
}
