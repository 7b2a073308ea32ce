package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// together makes the writer take all of qs in one group: it is held up by a hook until they wait. It gives their errors.
func (s *shop) together(t *testing.T, ctxs map[int]context.Context, qs ...query.Query) []error {
	return s.togetherThen(t, ctxs, func() {}, qs...)
}

// togetherThen calls then when all of qs wait.
func (s *shop) togetherThen(t *testing.T, ctxs map[int]context.Context, then func(), qs ...query.Query) []error {
	t.Helper()
	var all sync.WaitGroup
	errs := make([]error, len(qs))
	hold := func(ctx context.Context, h store.Handle) error {
		for i, q := range qs {
			tx := s.tx(t, q)
			ctx := ctxs[i]
			if ctx == nil {
				ctx = context.Background()
			}
			all.Go(func() { _, errs[i] = s.Write(ctx, tx) })
			for len(s.writer.queue) <= i {
				time.Sleep(time.Millisecond)
			}
		}
		then()
		return nil
	}
	if _, err := s.write(t, insert("customer", `[]`, "name"), hold); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	return errs
}

func code(err error) fault.Code {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

func wantCodes(t *testing.T, errs []error, want ...fault.Code) {
	t.Helper()
	for i, err := range errs {
		if code(err) != want[i] || (err == nil) != (want[i] == "") {
			t.Errorf("request %d: %v, want %q", i, err, want[i])
		}
	}
}

func TestGroup(t *testing.T) {
	s := openShop(t, Config{})
	wantCodes(t, s.together(t, nil, addItem(1, "null"), addItem(2, "null"), addItem(3, "null")), "", "", "")
	s.wantCount(t, "item", 3)
}

func TestGroupOutlivesMembers(t *testing.T) {
	s := openShop(t, Config{})
	errs := s.together(t, nil,
		addItem(1, "null"),
		addItem(1, "null"),                 // the key is taken
		addItem(2, "7"),                    // no such customer, which a deferred key tells at the end only
		insert("item", `[{"id":9}]`, "id"), // no title
		insert("customer", `[{"name":"Ann"}]`, "name"),
		addItem(3, "null"),
	)
	wantCodes(t, errs, "", fault.UniqueViolation, fault.ForeignKeyViolation, fault.NotNullViolation, "", "")
	s.wantCount(t, "item", 2)
	if got := errs[2].(*fault.Fault); got.Message != `insert or update on table "item" violates foreign key constraint "item_customer_id_fkey"` ||
		got.Details != `Key (customer_id)=(7) is not present in table "customer".` {
		t.Errorf("%+v", got)
	}
}

// A column's ON CONFLICT ROLLBACK rolls the whole transaction back, others' work with it: they are run again.
func TestGroupOutlivesRollback(t *testing.T) {
	s := openShop(t, Config{})
	ann := insert("customer", `[{"name":"Ann"}]`, "name")
	wantCodes(t, s.together(t, nil, addItem(1, "null"), ann, ann, addItem(2, "null"), addItem(2, "null")),
		"", "", fault.UniqueViolation, "", fault.UniqueViolation)
	s.wantCount(t, "item", 2)
	s.wantCount(t, "customer", 1)
}

// slow takes for ever: an update whose filter compares all rows with all rows.
const slowTrigger = `;CREATE TRIGGER slow BEFORE UPDATE ON customer BEGIN
	SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n); END;
	INSERT INTO customer (id, name) VALUES (1, 'x')`

var slowUpdate = &query.Update{Table: query.Name{Name: "customer"}, Columns: []string{"name"}, Row: query.Text(`{"name":"y"}`)}

func TestCancelWrite(t *testing.T) {
	s := openShop(t, Config{}, slowTrigger)
	id := 0
	within(t, 100*time.Millisecond, func() time.Duration {
		ctx, cancel := context.WithCancel(context.Background())
		var at time.Time
		errs := s.togetherThen(t, map[int]context.Context{1: ctx}, func() {
			time.AfterFunc(100*time.Millisecond, func() { at = time.Now(); cancel() })
		}, addItem(id+1, "null"), slowUpdate, addItem(id+2, "null"))
		took := time.Since(at)
		wantCodes(t, errs, "", fault.QueryCanceled, "")
		id += 2
		s.wantCount(t, "item", id)
		return took
	})
}

// within asks that f takes no longer than d, one time in three: the machine may be busy with other things.
func within(t *testing.T, d time.Duration, f func() time.Duration) {
	t.Helper()
	var took time.Duration
	for range 3 {
		if took = f(); took <= d {
			return
		}
	}
	t.Errorf("took %s, not %s", took, d)
}

func TestWriteTimeLimit(t *testing.T) {
	s := openShop(t, Config{Statement: 200 * time.Millisecond}, slowTrigger)
	_, err := s.write(t, slowUpdate)
	if f := fault.From(err); f.Code != fault.QueryCanceled || f.Message != "canceling statement due to statement timeout" {
		t.Error(err)
	}
	if _, err := s.write(t, addItem(1, "null")); err != nil {
		t.Error(err)
	}
}

func TestCancelWhileWaiting(t *testing.T) {
	s := openShop(t, Config{})
	ctx, cancel := context.WithCancel(context.Background())
	errs := s.togetherThen(t, map[int]context.Context{0: ctx}, cancel, addItem(1, "null"), addItem(2, "null"))
	wantCodes(t, errs, fault.QueryCanceled, "")
	s.wantCount(t, "item", 1)
}

func TestHooks(t *testing.T) {
	s := openShop(t, Config{})
	refusal := fault.New(fault.HookRefused, "no")
	refuse := func(ctx context.Context, h store.Handle) error { return refusal }
	use := func(q query.Query) store.Hook {
		p, args := s.plan(t, q)
		return func(ctx context.Context, h store.Handle) error { _, err := h.Write(ctx, p, args); return err }
	}
	if _, err := s.write(t, addItem(1, "null"), use(addItem(2, "null")), refuse); !errors.Is(err, refusal) {
		t.Error(err)
	}
	s.wantCount(t, "item", 0)
	seen := ""
	look := func(ctx context.Context, h store.Handle) error {
		p, args := s.plan(t, &query.Select{From: query.Name{Name: "item"}, Items: output("id")})
		res, err := h.Read(ctx, p, args)
		seen = string(res.Body)
		return err
	}
	if _, err := s.write(t, addItem(1, "null"), use(addItem(2, "null")), look); err != nil || seen != `[{"id":2}]` {
		t.Errorf("got %v, and the hook saw %s; want no error and [{\"id\":2}]", err, seen)
	}
	inside := func(ctx context.Context, h store.Handle) error {
		_, err := s.Write(ctx, s.tx(t, addItem(7, "null")))
		return err
	}
	if _, err := s.write(t, addItem(3, "null"), inside); code(err) != fault.HookRefused || !strings.Contains(err.Error(), "inside a Before hook") {
		t.Error(err)
	}
	if _, err := s.write(t, addItem(3, "null"), func(context.Context, store.Handle) error { panic("oh") }); err == nil || code(err) != "" {
		t.Error(err)
	}
}

// A hook that goes on after its write took the whole transaction with it writes nothing more, and nor does the request.
func TestHookGoesOnWithoutItsTransaction(t *testing.T) {
	s := openShop(t, Config{}, "; INSERT INTO customer VALUES (1, 'Ann')")
	taken, again := s.tx(t, insert("customer", `[{"id":2,"name":"Ann"}]`, "id", "name")), s.tx(t, addItem(2, "null"))
	var errs []error
	hook := func(ctx context.Context, h store.Handle) error {
		for _, tx := range []store.Tx{taken, again} {
			_, err := h.Write(ctx, tx.Plan, tx.Args)
			errs = append(errs, err)
		}
		_, err := h.Read(ctx, s.tx(t, &query.Select{From: query.Name{Name: "item"}, Items: output("id")}).Plan, nil)
		errs = append(errs, err)
		return nil
	}
	if _, err := s.write(t, addItem(1, "null"), hook); code(err) != fault.HookRefused {
		t.Errorf("the request: got %v, want that the hook is to blame", err)
	}
	if len(errs) != 3 || code(errs[0]) != fault.UniqueViolation || code(errs[1]) != fault.HookRefused || code(errs[2]) != fault.HookRefused {
		t.Errorf("inside the hook: got %v, want a unique violation and twice that the hook is to blame", errs)
	}
	s.wantCount(t, "item", 0)
	if _, err := s.write(t, addItem(3, "null")); err != nil {
		t.Errorf("the next request: %v", err)
	}
}

// A hook that never ends is left behind after a second, whatever it waits for.
func TestSlowHook(t *testing.T) {
	s := openShop(t, Config{})
	var kept store.Handle
	late := make(chan error, 1)
	hook := func(ctx context.Context, h store.Handle) error {
		kept = h
		_, err := s.Write(context.Background(), s.tx(t, addItem(7, "null"))) // waits for this very hook
		late <- err
		return err
	}
	start := time.Now()
	_, err := s.write(t, addItem(1, "null"), hook)
	if took := time.Since(start); code(err) != fault.QueryCanceled || took < time.Second || took > 1500*time.Millisecond {
		t.Errorf("got %v after %s, want %s after a second", err, took, fault.QueryCanceled)
	}
	if err := <-late; err != nil {
		t.Error("the write that the hook waited for:", err)
	}
	p, args := s.plan(t, addItem(8, "null"))
	if _, err := kept.Write(context.Background(), p, args); code(err) != fault.HookRefused {
		t.Error("a handle outlived its hook:", err)
	}
	s.wantCount(t, "item", 1)
}

func TestRollbackEnd(t *testing.T) {
	s := openShop(t, Config{})
	q := addItem(1, "null")
	q.End.Rollback, q.Returning = true, &query.Select{Items: output("id")}
	res, err := s.write(t, q)
	if err != nil || !res.RolledBack || string(res.Body) != `[{"id":1}]` {
		t.Errorf("%+v %v", res, err)
	}
	wantCodes(t, s.together(t, nil, q, addItem(2, "null"), q), "", "", "")
	s.wantCount(t, "item", 1)
}

// A disk that is full refuses writes in clear words; reads go on, and writes do when there is room again.
func TestDiskFull(t *testing.T) {
	s := openShop(t, Config{})
	most := func(pages string) {
		hook := func(context.Context, store.Handle) error { return s.writer.c.Exec("PRAGMA max_page_count = " + pages) }
		if _, err := s.write(t, insert("customer", `[]`, "name"), hook); err != nil {
			t.Fatal(err)
		}
	}
	big := insert("item", `[{"title":"`+strings.Repeat("x", 1<<20)+`"}]`, "title")
	most("20")
	wantCodes(t, s.together(t, nil, addItem(1, "null"), big, addItem(2, "null")), "", fault.DiskFull, "")
	s.wantCount(t, "item", 2)
	most("1000000")
	if _, err := s.write(t, big); err != nil {
		t.Error(err)
	}
}

func TestClose(t *testing.T) {
	s := openShop(t, Config{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write(t, addItem(1, "null")); code(err) != fault.Unavailable {
		t.Error(err)
	}
	p, args := s.plan(t, &query.Select{From: query.Name{Name: "item"}, Items: output("id")})
	if _, err := s.Read(context.Background(), p, args); code(err) != fault.Unavailable {
		t.Error(err)
	}
	if err := s.Ready(context.Background()); code(err) != fault.Unavailable {
		t.Error(err)
	}
}

// Rows of one write may refer to each other in any order, alone, in a group and in a hook, and where their table's own keys
// don't wait: such a write is run again, and its neighbours' work stays.
func TestKeysThatDoNotWait(t *testing.T) {
	s := openShop(t, Config{}, `;DROP TABLE item; CREATE TABLE item (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES item,
		title TEXT NOT NULL, price TEXT, kind INTEGER NOT NULL DEFAULT 0, made TEXT) STRICT`)
	both := func(id int) query.Query {
		return insert("item", fmt.Sprintf(`[{"id":%d,"customer_id":%d,"title":"x"},{"id":%d,"customer_id":null,"title":"x"}]`, id, id+1, id+1), "id", "customer_id", "title")
	}
	if _, err := s.write(t, both(1)); err != nil {
		t.Error("alone:", err)
	}
	wantCodes(t, s.together(t, nil, addItem(10, "null"), both(11), addItem(13, "99"), both(14), addItem(16, "14")),
		"", "", fault.ForeignKeyViolation, "", "")
	if _, err := s.write(t, addItem(20, "99")); code(err) != fault.ForeignKeyViolation {
		t.Error("a row that refers to nothing:", err)
	}
	p, args := s.plan(t, both(30))
	hook := func(ctx context.Context, h store.Handle) error { _, err := h.Write(ctx, p, args); return err }
	if _, err := s.write(t, addItem(32, "30"), hook); err != nil {
		t.Error("in a hook:", err)
	}
	s.wantCount(t, "item", 11)
}

// A statement is compiled once, and not again for every transaction.
func TestWritesKeepTheirStatements(t *testing.T) {
	s := openShop(t, Config{})
	tx := s.tx(t, insert("item", `[{"title":"t"}]`, "title"))
	for range 10 {
		if _, err := s.Write(context.Background(), tx); err != nil {
			t.Fatal(err)
		}
	}
	for key, st := range s.writer.c.stmts {
		if n := st.Status(sqlite3.STMTSTATUS_REPREPARE, false); n > 0 {
			t.Errorf("%T was compiled again %d times: %s", key, n, st.SQL())
		}
	}
}
