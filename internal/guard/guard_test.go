package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Two texts that mean one index are spelled alike, and others aren't.
func TestLiteSpelling(t *testing.T) {
	for _, same := range [][]string{
		{`("Kind")`, "(kind)", "( [kind] )", "(`kind`)", "(\n\tkind\n)"},
		{`(lower("a"))  WHERE  b > 'X Y'`, "(LOWER(a)) where b>'X Y'"},
		{"(a) WHERE b IS NOT NULL", `( "a" )WHERE"b"IS  NOT NULL;`},
	} {
		for _, text := range same[1:] {
			if spelled(text) != spelled(same[0]) {
				t.Errorf("%q and %q", spelled(text), spelled(same[0]))
			}
		}
	}
	for _, other := range [][2]string{{"(a) WHERE b = 'X'", "(a) WHERE b = 'x'"}, {"(a b)", "(ab)"}, {"(a)", "(b)"}, {"(a) WHERE b = 'it''s'", "(a) WHERE b = 'its'"}} {
		if spelled(other[0]) == spelled(other[1]) {
			t.Errorf("%q is %q", other[0], other[1])
		}
	}
}

func TestLiteKeys(t *testing.T) {
	for create, want := range map[string][]string{
		`CREATE UNIQUE INDEX "x" ON "t" ("a", "b" DESC)`:                                   {`"a"`, `"b"`},
		`CREATE UNIQUE INDEX "a (b" ON "t(" (lower("a"), coalesce("b", ',)')) WHERE c > 1`: {`lower("a")`, `coalesce("b", ',)')`, "where c > 1"},
		`CREATE INDEX x ON t (a COLLATE NOCASE ASC)`:                                       {"a COLLATE NOCASE"},
		`CREATE INDEX`: nil,
	} {
		keys, where := keysOf(create)
		if where != "" {
			keys = append(keys, "where "+where)
		}
		if !reflect.DeepEqual(keys, want) {
			t.Errorf("%s: %q, want %q", create, keys, want)
		}
	}
}

// What a plan reads now is held against what it read: more of a large table, or a sort of it that an index's order made needless.
func TestScans(t *testing.T) {
	large := func(table string) (bool, string) { return table != "small", "many" }
	of := func(sorts int, tables ...string) (s Standing) {
		s.Sorts = sorts
		for _, t := range tables {
			s.Scans = append(s.Scans, Scan{Table: t})
		}
		return s
	}
	for name, c := range map[string]struct {
		was  []Standing
		now  Standing
		want bool
	}{
		"a search that is a scan now":      {[]Standing{of(0)}, of(0, "t"), true},
		"of a small table":                 {[]Standing{of(0)}, of(0, "small"), false},
		"a scan before and now":            {[]Standing{of(0, "t")}, of(0, "t"), false},
		"twice now":                        {[]Standing{of(0, "t")}, of(0, "t", "t"), true},
		"in order before, sorted now":      {[]Standing{of(0, "t")}, of(1, "t"), true},
		"another one is sorted":            {[]Standing{of(0, "u")}, of(1, "u"), false},
		"a sort as before":                 {[]Standing{of(1)}, of(1), false},
		"of two plans one scanned":         {[]Standing{of(0), of(0, "t")}, of(0, "t"), false},
		"a name that nobody knows":         {[]Standing{of(0)}, of(0, ""), true},
		"a search by another index":        {[]Standing{of(0)}, of(0), false},
		"another order, of fewer sorts":    {[]Standing{of(2, "t")}, of(1, "t"), false},
		"a small one beside, and a search": {[]Standing{of(0, "t")}, of(0, "t", "small"), false},
	} {
		if got := scans(c.was, c.now, "t", large) != ""; got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Shapes that nobody made room for, and arguments that are too large, aren't kept.
func TestWhatIsKeptIsBounded(t *testing.T) {
	c := liteChaos(t)
	kept := func(args query.Args) bool {
		e := &entry{}
		c.guard.keepFirst(e, args)
		return e.first.Load() != nil
	}
	text := strings.Repeat("x", sampleBytesMax)
	if !kept(query.Args{{Text: text[64:]}}) || !kept(query.Args{{List: []string{text[64+16+16+1:], "y"}, IsList: true}}) {
		t.Error("arguments at the limit aren't kept")
	}
	if kept(query.Args{{Text: text[63:]}}) || kept(query.Args{{List: []string{text[64+16+16:], "y"}, IsList: true}}) {
		t.Error("arguments over the limit are kept")
	}
	large, e := query.Args{{Text: strings.Repeat("x", 1<<20)}}, &entry{}
	if n := testing.AllocsPerRun(10, func() { c.guard.keepFirst(e, large) }); n > 0 {
		t.Errorf("arguments over the limit are copied each time they come: %v", n)
	}
	for c.guard.samples.Load() < samplesBytesMax {
		c.guard.entry(&plan.Plan{Shape: &shape.Shape{ID: fmt.Sprint("large ", c.guard.samples.Load())}}, query.Args{{Text: text[64:]}})
	}
	if kept(query.Args{{}}) || c.guard.samples.Load() != samplesBytesMax {
		t.Errorf("%d bytes of arguments are kept", c.guard.samples.Load())
	}
	for i := range entriesMax + 100 {
		c.guard.entry(&plan.Plan{Shape: &shape.Shape{ID: fmt.Sprint(i)}}, nil)
	}
	n := 0
	c.guard.entries.Range(func(any, any) bool { n++; return true })
	if n > entriesMax || n < entriesMax-100 || int64(n) != c.guard.entryCount.Load() {
		t.Errorf("%d entries, %d counted", n, c.guard.entryCount.Load())
	}
	held := int64(2 * sampleBytesMax) // of the two that aren't in the book
	c.guard.entries.Range(func(_, v any) bool {
		if first := v.(*entry).first.Load(); first != nil {
			held += bytesOf(*first)
		}
		return true
	})
	if held != c.guard.samples.Load() {
		t.Errorf("entries keep %d bytes of arguments, and %d are counted", held, c.guard.samples.Load())
	}
}

func TestRetryAfter(t *testing.T) {
	c := liteChaos(t)
	d := &Drift{Index: Index{ID: "x"}}
	for name, w := range map[string]struct {
		work *work
		want time.Duration
	}{
		"nothing is known": {nil, 5 * time.Second},
		"a build":          {&work{incident: Incident{State: Repairing}, progress: Progress{Left: 40 * time.Second}}, 40 * time.Second},
		"a long one":       {&work{incident: Incident{State: Repairing}, progress: Progress{Left: time.Hour}}, 2 * time.Minute},
		"a short one":      {&work{incident: Incident{State: Repairing}, progress: Progress{Left: time.Millisecond}}, time.Second},
		"held back":        {&work{incident: Incident{State: Held, NotBefore: time.Now().Add(8 * time.Second)}}, 10 * time.Second},
		"for a person":     {&work{incident: Incident{State: Blocked}}, time.Minute},
		"stopped":          {&work{incident: Incident{State: Stopped}}, time.Minute},
	} {
		c.guard.workMu.Lock()
		delete(c.guard.work, "x")
		if w.work != nil {
			c.guard.work["x"] = w.work
		}
		c.guard.workMu.Unlock()
		if got := c.guard.wait(d); got != w.want {
			t.Errorf("%s: %v, want %v", name, got, w.want)
		}
	}
	c.guard.workMu.Lock()
	delete(c.guard.work, "x")
	c.guard.workMu.Unlock()
}

// What a client reads of a refusal says nothing of indexes unless the client is the admin.
func TestWhoReadsTheReason(t *testing.T) {
	c := liteChaos(t)
	s := &shedding{drift: &Drift{Index: Index{ID: "x"}}, reason: "the index x is missing"}
	for role, want := range map[string]string{"admin": s.reason, "user": ""} {
		f := c.guard.fault(s, &plan.Plan{Shape: &shape.Shape{Role: role}})
		if f.Details != want || f.Code != fault.IndexLost || f.HTTPStatus() != 503 || len(f.Headers) != 1 || f.Headers[0] != [2]string{"Retry-After", "5"} {
			t.Errorf("%s: %+v", role, f)
		}
		if strings.Contains(f.Message+f.Hint, "x is missing") {
			t.Errorf("%+v", f)
		}
	}
}

// A refusal says that an index is being rebuilt only while it is, and tells the admin what to do where nothing comes of waiting.
func TestRefusalsAreWordedByState(t *testing.T) {
	c := liteChaos(t)
	s := &shedding{drift: &Drift{Index: Index{ID: "x"}}, reason: "the index x is missing"}
	const usual = "Ask again after the time in Retry-After"
	for state, want := range map[State]struct{ message, hint string }{
		"": {"missing or damaged", usual}, Open: {"missing or damaged", usual}, Held: {"missing or damaged", usual}, Waiting: {"missing or damaged", usual},
		Repairing: {"being rebuilt", usual}, Stopped: {"missing or damaged", "`pintail guard repair` begins them again"}, Blocked: {"missing or damaged", "delete those that are wrong"},
	} {
		c.guard.workMu.Lock()
		delete(c.guard.work, "x")
		if state != "" {
			c.guard.work["x"] = &work{mine: true, incident: Incident{Subject: "x", State: state}}
		}
		c.guard.workMu.Unlock()
		for _, role := range []string{"admin", "user"} {
			hint := want.hint
			if role != "admin" {
				hint = usual
			}
			f := c.guard.fault(s, &plan.Plan{Shape: &shape.Shape{Role: role}})
			if f.Code != fault.IndexLost || !strings.HasSuffix(f.Message, "is "+want.message) || !strings.Contains(f.Hint, hint) {
				t.Errorf("%q, %s: %s; %s", state, role, f.Message, f.Hint)
			}
		}
	}
	c.guard.workMu.Lock()
	delete(c.guard.work, "x")
	c.guard.workMu.Unlock()
}

// A pictured engine has a catalog without indexes, of some version.
type pictured struct {
	Engine
	version string
	err     error
}

func (e *pictured) Catalog(context.Context, *schema.Schema) (*Catalog, error) {
	return &Catalog{Version: e.version}, e.err
}

func (e *pictured) Declared(context.Context, *schema.Schema) ([]Index, error) { return nil, nil }

// What failed waits, but not once the catalog has changed.
func TestAnotherCatalogEndsThePause(t *testing.T) {
	now := time.Now()
	far := now.Add(time.Hour)
	w := &work{incident: Incident{NotBefore: far}, failedOn: "1", retryAt: now}
	for state, hurried := range map[State]bool{Waiting: true, Blocked: true, Open: false, Held: false, Repairing: false, Stopped: false} {
		w.incident.State = state
		if !w.dueAt("1").Equal(far) || w.dueAt("2").Equal(now) != hurried {
			t.Errorf("%s: %v, %v", state, w.dueAt("1"), w.dueAt("2"))
		}
	}
	w.incident.State, w.retryAt = Waiting, far.Add(time.Hour) // after a long try
	if !w.dueAt("2").Equal(far) {
		t.Error("another catalog makes it wait longer")
	}
	if w.incident.State, w.failedOn, w.retryAt = Waiting, "", now; !w.dueAt("2").Equal(far) {
		t.Error("what another process tried is hurried")
	}
}

// What a failing repair itself changes in the catalog hurries nobody.
func TestAFailedRepairFreesNothing(t *testing.T) {
	e := &pictured{version: "before"}
	g, err := New(Config{Engine: e, Schema: &schema.Schema{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	waiting := func(failedOn string) *work { return &work{incident: Incident{State: Waiting}, failedOn: failedOn} }
	earlier, freed, last := waiting("before"), waiting("long before"), waiting("")
	g.work = map[string]*work{"a": earlier, "b": freed, "c": last}
	e.version = "after"
	g.remember(t.Context(), last, "before", time.Minute)
	if earlier.freed("after") || !freed.freed("after") || last.freed("after") || time.Until(last.retryAt) < 50*time.Second {
		t.Errorf("%+v, %+v, %+v", earlier, freed, last)
	}
	e.err = errors.New("away") // nobody knows what is there: the next look says whether it is another one
	g.remember(t.Context(), last, "after", 0)
	if last.freed("after") || !last.freed("later") || time.Until(last.retryAt) < retryFirst/2 {
		t.Errorf("%+v", last)
	}
}

// A status can be read back from its JSON, as `pintail guard` does.
func TestStatusJSON(t *testing.T) {
	is := Status{Mode: Act, Drift: []Drift{{Kind: Missing, Index: Index{ID: "s.x", Name: "x", Table: schema.Name{Schema: "s", Name: "t"}}}}, Checked: &Checked{Found: []Damage{{Table: schema.Name{Name: "t"}, What: "?"}}}}
	text, err := json.Marshal(is)
	if err != nil || !strings.Contains(string(text), `"table":"s.t"`) {
		t.Fatal(string(text), err)
	}
	var back Status
	if err := json.Unmarshal(text, &back); err != nil || back.Drift[0].Index.Table != is.Drift[0].Index.Table || back.Checked.Found[0].Table.Name != "t" || back.Lost() != 1 {
		t.Errorf("%+v %v", back, err)
	}
}

// What a hook reads and writes inside a transaction is shed too.
func TestLiteHooksAreShed(t *testing.T) {
	c := liteChaos(t, held(time.Second))
	c.warm()
	p, q := c.plans["by kind"], c.plans["upsert"]
	_, pArgs := query.Parameterize(c.shapes["by kind"], nil)
	_, qArgs := query.Parameterize(c.shapes["upsert"], nil)
	var read, wrote error
	hook := func(ctx context.Context, h store.Handle) error {
		_, read = h.Read(ctx, p, pArgs)
		_, wrote = h.Write(ctx, q, qArgs)
		return nil
	}
	write := func() error {
		_, args := query.Parameterize(c.shapes["rename"], nil)
		_, err := c.store.Write(context.Background(), store.Tx{Plan: c.plans["rename"], Args: args, Before: []store.Hook{hook}})
		return err
	}
	if err := write(); err != nil || read != nil || wrote != nil {
		t.Fatal(err, read, wrote)
	}
	c.harm("DROP INDEX item_kind; DROP INDEX item_sku")
	if err := write(); err != nil || !lost(read) || !lost(wrote) {
		t.Error(err, read, wrote)
	}
	c.eventually("back", func() bool { return c.guard.Status().Lost() == 0 })
	if err := write(); err != nil || read != nil || wrote != nil {
		t.Error(err, read, wrote)
	}
}

// A misled engine's plans read the whole of item, and its statistics can't be made.
type misled struct {
	Engine
	mislead atomic.Bool
}

func (e *misled) Explain(ctx context.Context, p *plan.Plan, args query.Args) ([]Standing, error) {
	if e.mislead.Load() {
		return []Standing{{Scans: []Scan{{Table: "item"}}, Sorts: 1}}, nil
	}
	return e.Engine.Explain(ctx, p, args)
}

func (e *misled) Repair(ctx context.Context, r Repair) error {
	if r.Drift.Kind == Unused && e.mislead.Load() {
		return &RetryError{Err: errors.New("not yet")}
	}
	return e.Engine.Repair(ctx, r)
}

// An index is built again, and the planner goes another way: what stood on it stays shed until there are new statistics.
func TestLiteUnusedAfterItsRepair(t *testing.T) {
	c := liteChaos(t, func(c *Config) { c.Engine = &misled{Engine: c.Engine} })
	c.warm()
	e := c.guard.config.Engine.(*misled)
	e.mislead.Store(true)
	c.harm("DROP INDEX item_kind")
	c.eventually("unused", func() bool {
		st := c.guard.Status()
		return len(st.Drift) == 1 && st.Drift[0].Kind == Unused && len(st.Shed) > 0
	})
	e.mislead.Store(false)
	c.healed()
}

// An asking is an engine that says that no plan stands on anything.
type asking struct{ pictured }

func (*asking) Capacity() int { return 4 }

func (*asking) Explain(context.Context, *plan.Plan, query.Args) ([]Standing, error) { return nil, nil }

// The loop may find a shape in the very moment in which it is first seen.
func TestNewShapesAreFoundWhole(t *testing.T) {
	g, err := New(Config{Engine: &asking{pictured{version: "1"}}, Schema: &schema.Schema{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20000 {
			g.entry(&plan.Plan{}, nil)
		}
	}()
	for looking := true; looking; {
		select {
		case <-done:
			looking = false
		default:
		}
		g.renew(t.Context())
	}
}
