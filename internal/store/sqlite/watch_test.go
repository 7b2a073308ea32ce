package sqlite

import (
	"context"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
)

type calm struct{}

func (calm) SchemaChanged(context.Context, int64, *plan.Plan, query.Args) error { return nil }
func (calm) Waits() bool                                                        { return false }

// A noting watcher keeps the versions that it was told of.
type noting struct{ versions []int64 }

func (w *noting) SchemaChanged(_ context.Context, version int64, _ *plan.Plan, _ query.Args) error {
	w.versions = append(w.versions, version)
	return nil
}

func (*noting) Waits() bool { return false }

// The watcher is told of another version by the next statement, a read or a write, until it knows it; commits that leave the schema alone are
// nothing to it.
func TestTheNextStatementIsWatched(t *testing.T) {
	s := openShop(t, Config{Readers: 1})
	other, err := OpenConn(s.path, sqlite3.OPEN_READWRITE)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	w := &noting{}
	s.Watch(w)
	read := func() { s.read(t, items("id")) }
	write := func() {
		if _, err := s.write(t, insert("item", `[{"title":"x"}]`, "title")); err != nil {
			t.Fatal(err)
		}
	}
	told := func(what string, calls int) {
		t.Helper()
		if len(w.versions) != calls {
			t.Fatalf("%s: told %v", what, w.versions)
		}
		if calls > 0 {
			s.Known(w.versions[calls-1])
		}
	}
	read()
	told("at first", 1)
	read()
	if s.feed != nil && s.watch.Load().seen.Load() == nil {
		t.Error("every statement asks for the version")
	}
	read()
	write()
	read()
	if err := other.Exec("UPDATE item SET title = 'y'"); err != nil {
		t.Fatal(err)
	}
	read()
	write()
	told("of commits", 1)
	for i, ask := range []func(){read, write} {
		if err := other.Exec([]string{"DROP INDEX item_kind", "CREATE INDEX item_kind ON item (kind, id)"}[i]); err != nil {
			t.Fatal(err)
		}
		ask()
		ask()
		told("of DDL, twice since nobody knew it the first time", 3+2*i)
		read()
		write()
		told("of what is known", 3+2*i)
	}
	if v := w.versions; v[1] != v[0]+1 || v[2] != v[1] || v[3] != v[0]+2 || v[4] != v[3] {
		t.Errorf("got the versions %v, want the third the second one again, and the fifth the fourth", v)
	}
}

// A second watcher refuses what is asked about for the second time.
type second struct{ asked int }

func (w *second) SchemaChanged(context.Context, int64, *plan.Plan, query.Args) error {
	if w.asked++; w.asked > 1 {
		return fault.New(fault.IndexLost, "it was dropped between the two")
	}
	return nil
}

func (*second) Waits() bool { return false }

// A write that is begun anew, so that its foreign keys may wait, gives the lock away for a moment: the schema is looked at again.
func TestTransactionsBegunAnewAreWatched(t *testing.T) {
	s := openShop(t, Config{}, `CREATE TABLE note (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer) STRICT;
		CREATE TRIGGER noted AFTER INSERT ON customer BEGIN INSERT INTO note (customer_id) VALUES (new.id + 1); END`)
	w := &second{}
	s.Watch(w)
	_, err := s.Write(context.Background(), s.tx(t, insert("customer", `[{"name":"Ann"}]`, "name")))
	wantCodes(t, []error{err}, fault.IndexLost)
	if w.asked != 2 {
		t.Errorf("asked %d times", w.asked)
	}
	w.asked = -10
	_, err = s.write(t, addItem(1, "null"))
	wantCodes(t, []error{err}, "")
}

// BenchmarkReadKeyWatched is BenchmarkReadKey where somebody watches the schema: the difference is what that costs.
func BenchmarkReadKeyWatched(b *testing.B) {
	s := openBench(b)
	s.Watch(calm{})
	v := int64(0)
	if err := s.writer.c.exec("SELECT 1"); err != nil {
		b.Fatal(err)
	}
	st, err := s.writer.c.text("PRAGMA schema_version")
	if err != nil {
		b.Fatal(err)
	}
	st.Step()
	v = st.ColumnInt64(0)
	st.Reset()
	s.Known(v)
	p, args := s.plan(b, &query.Select{From: query.Name{Name: "item"}, Items: itemColumns,
		Where: &query.Compare{Field: query.Field{Column: "id"}, Op: query.Eq, Value: query.Text("1")}})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		mine := append(query.Args{}, args...)
		for pb.Next() {
			mine[0].Text = strconv.Itoa(1 + rand.IntN(100000))
			res, err := s.Read(context.Background(), p, mine)
			if err != nil || res.Rows != 1 {
				b.Fatal(res.Rows, err)
			}
		}
	})
}
