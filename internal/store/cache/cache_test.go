package cache

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A shop is a store with a cache: item (id, kind, name, note).
type shop struct {
	t      testing.TB
	path   string
	schema *schema.Schema
	inner  *sqlite.Store
	*Store
	mu    sync.Mutex
	plans map[string]*plan.Plan
}

func newShop(t testing.TB, rows int, config Config) *shop {
	t.Helper()
	s := uncached(t, rows)
	s.Store = Wrap(s.inner, config).(*Store)
	s.wait()
	return s
}

// uncached is a shop before there is a cache.
func uncached(t testing.TB, rows int) *shop {
	t.Helper()
	s := &shop{t: t, path: filepath.Join(t.TempDir(), "shop.db"), plans: map[string]*plan.Plan{}}
	item := &schema.Table{Name: schema.Name{Name: "item"}, Columns: []*schema.Column{
		{Name: "id", Type: bigint, NotNull: true}, {Name: "kind", Type: bigint}, {Name: "name", Type: txt}, {Name: "note", Type: txt},
		{Name: "c4", Type: bigint}, {Name: "c5", Type: bigint}, {Name: "c6", Type: bigint}}}
	item.Primary = &schema.Key{Name: "item_pkey", Columns: item.Columns[:1]}
	s.schema = &schema.Schema{Default: "public", Exposed: []string{"public"}, Tables: []*schema.Table{item}}
	s.schema.Link()
	c, err := sqlite.OpenConn(s.path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	err = c.Exec(fmt.Sprintf(`CREATE TABLE item (id INTEGER PRIMARY KEY, kind INTEGER, name TEXT, note TEXT, c4 INTEGER, c5 INTEGER, c6 INTEGER) STRICT;
		CREATE INDEX item_kind ON item (kind);
		INSERT INTO item WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i, i / 10, 'name ' || i, 'a note of some length, as people write them', 0, 0, 0 FROM n`, rows))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if s.inner, err = sqlite.Open(sqlite.Config{Path: s.path}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.inner.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// update sets one item's note.
func (s *shop) update(id int) (*plan.Plan, query.Args) {
	q := &query.Update{Table: query.Name{Name: "item"}, Columns: []string{"note"}, Row: query.Text(`{"note":"another note"}`),
		Where: &query.Compare{Field: query.Field{Column: "id"}, Op: query.Eq, Value: query.Text(strconv.Itoa(id))}}
	_, args := query.Parameterize(q, nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.plans["update"]
	if p == nil {
		var err error
		if p, err = plan.Resolve(q, s.schema, plan.Options{}); err != nil {
			s.t.Fatal(err)
		}
		s.plans["update"] = p
	}
	return p, args
}

// wait waits until the writer has looked around.
func (s *shop) wait() {
	for begin := time.Now(); time.Since(begin) < 10*time.Second; time.Sleep(time.Millisecond) {
		if _, ok := s.feed.Fresh(); ok {
			return
		}
	}
	s.t.Fatal("the order of commits isn't known")
}

// ask reads the items for which columns equal values: "kind=1", "id=1,2,3" for a list.
func (s *shop) ask(conditions ...string) (*plan.Plan, query.Args) {
	q := &query.Select{From: query.Name{Name: "item"}, Items: []query.Item{&query.Output{Star: true}}}
	and := &query.And{}
	shape := ""
	for _, c := range conditions {
		column, value, _ := strings.Cut(c, "=")
		e := &query.Compare{Field: query.Field{Column: column}, Op: query.Eq, Value: query.Text(value)}
		if strings.Contains(value, ",") {
			e.Op, e.Value = query.In, query.Value{IsList: true, List: strings.Split(value, ",")}
		}
		and.Of = append(and.Of, e)
		shape += column + string(e.Op) + " "
	}
	if len(and.Of) > 0 {
		q.Where = and
	}
	_, args := query.Parameterize(q, nil)
	p := s.plans[shape]
	if p == nil {
		var err error
		if p, err = plan.Resolve(q, s.schema, plan.Options{}); err != nil {
			s.t.Fatal(err)
		}
		s.plans[shape] = p
	}
	return p, args
}

func (s *shop) read(conditions ...string) string {
	s.t.Helper()
	p, args := s.ask(conditions...)
	r, err := s.Store.Read(context.Background(), p, args)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(r.Body)
}

// hit says whether a read is answered from memory.
func (s *shop) hit(conditions ...string) bool {
	s.t.Helper()
	before := s.Stats().Hits
	s.read(conditions...)
	return s.Stats().Hits > before
}

func (s *shop) write(sql string) {
	s.t.Helper()
	if _, err := s.Store.Write(context.Background(), store.Tx{Plan: call(sql)}); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

func (s *shop) expect(want bool, what string, conditions ...string) {
	s.t.Helper()
	if got := s.hit(conditions...); got != want {
		s.t.Errorf("%s: %v answered from memory: %v", what, conditions, got)
	}
}

// A write to another key leaves what is keyed.
func TestPrecision(t *testing.T) {
	const keys = 2000
	s := newShop(t, 10*keys, Config{Rest: -1})
	ids := func(i int) string { return fmt.Sprint("id=", 10*i+5) }
	for i := range keys {
		s.read(ids(i))
		s.read(fmt.Sprint("kind=", i))
	}
	for i := range 100 {
		s.write(fmt.Sprintf("UPDATE item SET note = 'new' WHERE id = %d", 10*(keys-1-i)+6)) // of another id, and of a kind
	}
	byID, byKind := 0, 0
	for i := range keys {
		if s.hit(ids(i)) {
			byID++
		}
		if s.hit(fmt.Sprint("kind=", i)) {
			byKind++
		}
	}
	t.Logf("%d of %d by id, %d of %d by kind, of which 100 were written to", byID, keys, byKind, keys)
	if byID < keys*99/100 || byKind < (keys-100)*99/100 || byKind > keys-100 {
		t.Errorf("%d of %d by id and %d of %d by kind are still answered from memory", byID, keys, byKind, keys)
	}
}

func TestWhatAWriteTouches(t *testing.T) {
	s := newShop(t, 100, Config{Rest: -1})
	all := func() {
		for _, c := range []string{"id=1", "id=2", "kind=0", "kind=1", "name=name 1", "id=1,2", ""} {
			s.read(strings.Fields(strings.ReplaceAll(c, "name 1", "name_1"))...)
		}
		s.read("name=name 1")
	}
	all()
	s.expect(true, "again", "id=1")
	s.expect(true, "again", "id=1,2")
	s.expect(true, "again", "kind=0")
	s.expect(true, "again")
	s.write("UPDATE item SET kind = 1 WHERE id = 1")
	s.expect(false, "its own row", "id=1")
	s.expect(true, "another", "id=2")
	s.expect(false, "a list with it", "id=1,2")
	s.expect(false, "what it was", "kind=0")
	s.expect(false, "what it is", "kind=1")
	s.expect(false, "its name", "name=name 1")
	s.expect(true, "another name", "name=name_1")
	s.expect(false, "all rows")
	all()
	s.write("INSERT INTO item (id, kind) VALUES (1000, 7)")
	s.expect(true, "a new row", "id=1")
	s.expect(true, "a new row", "kind=1")
	s.expect(false, "a new row")
	all()
	p := call("UPDATE item SET note = 'x'")
	p.End.Rollback = true
	if _, err := s.Store.Write(t.Context(), store.Tx{Plan: p}); err != nil {
		t.Fatal(err)
	}
	s.expect(true, "rolled back", "id=1")
	s.expect(true, "rolled back")
	s.write("INSERT INTO item (kind) WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001) SELECT 77 FROM n")
	s.expect(false, "10,001 other rows", "id=1")
}

func TestLimits(t *testing.T) {
	s := newShop(t, 100, Config{Rest: -1})
	list := func(n int) string {
		out := "id=1"
		for i := 2; i <= n; i++ {
			out += fmt.Sprint(",", i)
		}
		return out
	}
	s.read(list(valuesMax))
	s.read(list(valuesMax + 1))
	s.write("UPDATE item SET note = 'x' WHERE id = 99")
	s.expect(true, "as many values as are told apart", list(valuesMax))
	s.expect(false, "one more", list(valuesMax+1))

	sets := [][]string{{"id=1"}, {"kind=0"}, {"name=x"}, {"c4=0", "id=1"}, {"c5=0", "id=1"}, {"c6=0", "id=1"}, {"c4=0", "c5=0", "id=1"}, {"c4=0", "c5=0", "c6=0", "id=1"}}
	for _, c := range sets {
		s.read(c...)
	}
	s.read("c6=1")                    // the ninth set, of which no other one is a part
	s.read("note=", "c6=1", "name=y") // one that has the third in it
	s.write("UPDATE item SET note = 'y' WHERE id = 99")
	for _, c := range sets {
		s.expect(true, "eight sets", c...)
	}
	s.expect(false, "a ninth", "c6=1")
	s.expect(true, "a part of it", "note=", "c6=1", "name=y")

	room := newShop(t, 5000, Config{Rest: -1, Bytes: 1 << 20})
	body := len(room.read("id=1")) + 10 // of one row
	n := 1 << 20 / shareMax / body
	room.write(fmt.Sprintf("UPDATE item SET kind = -1 WHERE id <= %d", n*9/10))
	room.read("kind=-1")
	room.expect(true, "an answer of less than a sixteenth", "kind=-1")
	room.write(fmt.Sprintf("UPDATE item SET kind = -2 WHERE id <= %d", n*11/10))
	room.read("kind=-2")
	room.expect(false, "an answer of more", "kind=-2")
	for i := range 5000 {
		room.read(fmt.Sprint("id=", i))
	}
	if st := room.Stats(); st.Bytes > 1<<20 || st.Evicted == 0 || st.Entries == 0 {
		t.Errorf("%d bytes in %d entries, %d evicted", st.Bytes, st.Entries, st.Evicted)
	}

	for range plansMax + 10 {
		q := &query.Select{From: query.Name{Name: "item"}, Items: []query.Item{&query.Output{Star: true}}}
		query.Parameterize(q, nil)
		p, err := plan.Resolve(q, s.schema, plan.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.look(p)
	}
	if n := len(s.Store.plans); n != plansMax {
		t.Errorf("%d plans are known", n)
	}
	if st := s.Stats(); st.Hits == 0 {
		t.Error("hits were forgotten with their plans")
	}
}

// A plan that is invalidated more than it hits rests, and is tried again.
func TestRest(t *testing.T) {
	s := newShop(t, 10, Config{Rest: 50 * time.Millisecond})
	p, _ := s.ask()
	s.read()
	for i := 0; !s.resting(s.Store.plans[p]); i++ {
		s.read()
		s.write("UPDATE item SET note = 'x'")
		if i > 3*trial {
			t.Fatal("it never rests")
		}
	}
	before := s.Stats()
	s.read()
	if after := s.Stats(); after.Passed != before.Passed+1 {
		t.Error("a plan that rests was looked for")
	}
	s.read("id=1")
	s.expect(true, "another plan", "id=1")
	time.Sleep(60 * time.Millisecond)
	s.read()
	s.expect(true, "after its rest")
	for range 2 * trial { // one that is worth it doesn't rest
		s.read()
	}
	if s.resting(s.Store.plans[p]) {
		t.Error("a plan that hits rests")
	}
}

// Many who ask the same at once ask the database once. Who asks after a write that touches it doesn't wait for an answer from before.
func TestFlights(t *testing.T) {
	s := newShop(t, 10, Config{Rest: -1})
	slow := &slowStore{Store: s.inner, wait: make(chan struct{}), began: make(chan struct{}, 100)}
	s.Store.inner = slow
	p, args := s.ask("id=1")
	s.Store.look(p)
	ask := func(ctx context.Context) <-chan string {
		out := make(chan string, 1)
		go func() {
			r, err := s.Store.Read(ctx, p, args)
			if err != nil {
				out <- err.Error()
				return
			}
			out <- string(r.Body)
		}()
		return out
	}
	first, cancel := context.WithCancel(t.Context())
	defer cancel()
	olds := []<-chan string{ask(first)}
	<-slow.began
	for range 9 {
		olds = append(olds, ask(t.Context()))
	}
	time.Sleep(20 * time.Millisecond)
	s.write("UPDATE item SET note = 'new' WHERE id = 1")
	s.wait()
	late := ask(t.Context())
	<-slow.began
	if n := len(slow.began); n != 0 {
		t.Errorf("%d of those who asked the same asked the database", n)
	}
	close(slow.wait)
	for _, o := range olds {
		if got := <-o; !strings.Contains(got, "a note of") {
			t.Errorf("one of those who asked before the write is told %s", got)
		}
	}
	if got := <-late; !strings.Contains(got, `"new"`) {
		t.Errorf("who asked after the write is told %s", got)
	}
	if st := s.Stats(); st.Joined != 9 {
		t.Errorf("%d joined", st.Joined)
	}
	s.expect(true, "the later answer was kept", "id=1")

	// Whoever waits for one who goes away asks himself.
	slow.wait = make(chan struct{})
	s.write("UPDATE item SET note = 'newer' WHERE id = 1")
	s.wait()
	gone := ask(first)
	<-slow.began
	waits := ask(t.Context())
	time.Sleep(20 * time.Millisecond)
	cancel()
	close(slow.wait)
	if got := <-gone; got != context.Canceled.Error() {
		t.Errorf("who went away is told %s", got)
	}
	if got := <-waits; !strings.Contains(got, `"newer"`) {
		t.Errorf("who waited is told %s", got)
	}
}

// A slowStore holds reads back.
type slowStore struct {
	store.Store
	wait  chan struct{}
	began chan struct{}
}

func (s *slowStore) Read(ctx context.Context, p *plan.Plan, args query.Args) (store.Result, error) {
	s.began <- struct{}{}
	r, err := s.Store.Read(ctx, p, args)
	<-s.wait
	if ctx.Err() != nil {
		return store.Result{}, ctx.Err()
	}
	return r, err
}

// A store whose commits can't be followed is given back as it is.
func TestNoFeedNoCache(t *testing.T) {
	st, err := sqlite.Open(sqlite.Config{Path: ":memory:", Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if got := Wrap(st, Config{}); got != store.Store(st) {
		t.Errorf("%T", got)
	}
	other := struct{ store.Store }{st}
	if got := Wrap(other, Config{}); got != store.Store(other) {
		t.Errorf("%T", got)
	}
}

// Close doesn't pull the index away from under those who still read.
func TestCloseUnderReads(t *testing.T) {
	for range 20 {
		s := newShop(t, 10, Config{})
		p, args := s.ask("id=1")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					if _, err := s.Store.Read(context.Background(), p, args); err != nil {
						return
					}
				}
			})
		}
		time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	}
}

// What a hook reads inside its transaction is nobody else's: it is neither kept nor answered from memory.
func TestHooksReadTheirOwnTransaction(t *testing.T) {
	s := newShop(t, 10, Config{Rest: -1})
	s.read("id=1")
	p, args := s.ask("id=1")
	refused := fmt.Errorf("no")
	hook := func(ctx context.Context, h store.Handle) error {
		if _, err := h.Write(ctx, call("UPDATE item SET note = 'unseen' WHERE id = 1"), nil); err != nil {
			return err
		}
		r, err := h.Read(ctx, p, args)
		if err != nil {
			return err
		}
		if !strings.Contains(string(r.Body), "unseen") {
			t.Errorf("the hook is told %s", r.Body)
		}
		if out := s.read("id=1"); strings.Contains(out, "unseen") {
			t.Errorf("somebody else is told %s before the commit", out)
		}
		return refused
	}
	if _, err := s.Store.Write(t.Context(), store.Tx{Plan: call("SELECT 1"), Before: []store.Hook{hook}}); err == nil {
		t.Fatal("the hook's refusal was ignored")
	}
	if out := s.read("id=1"); strings.Contains(out, "unseen") {
		t.Errorf("what was rolled back is told: %s", out)
	}
	s.expect(true, "rolled back by its hook", "id=1")
}
