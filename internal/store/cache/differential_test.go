package cache

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/change"
	"github.com/pintail-dev/pintail/internal/store"
)

// casesOf is how many things happen in one world.
const casesOf = 500

// TestDifferential lets random things happen to random databases, and asks after each the same questions of the cache and of the
// database: an answer that changed without a tag being raised would be given out once more. Beside that, the record of
// commits is played into a copy of every table, which must come out the same.
func TestDifferential(t *testing.T) {
	worlds := 40
	if os.Getenv("PINTAIL_PROVE") != "" {
		worlds = 20_000
	}
	if testing.Short() {
		worlds = 2
	}
	var total tally
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				seed := next.Add(1) - 1
				if seed >= int64(worlds) || t.Failed() {
					return
				}
				t.Run(fmt.Sprint(seed), func(t *testing.T) { runWorld(t, uint64(seed), &total) })
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	asked, hits := total.asked.Load(), total.hits.Load()
	t.Logf("%d cases, %d questions, %d answered from memory, %d invalidated, of these %d though nothing had changed",
		total.cases.Load(), asked, hits, total.invalidated.Load(), total.needless.Load())
	if hits < asked/4 {
		t.Errorf("only %d of %d questions were answered from memory: that proves little", hits, asked)
	}
}

type tally struct{ cases, asked, hits, invalidated, needless atomic.Int64 }

func runWorld(t *testing.T, seed uint64, total *tally) {
	w := newWorld(t, seed, -1)
	defer w.close()
	copied := seed%2 == 0
	r := &replica{tags: w.cached.tags, rows: map[string]map[string]bool{}}
	if copied {
		w.cached.feed.Listen(r)
	}
	var pool []*question
	was := map[*question]string{}
	for len(pool) < 24 {
		pool = append(pool, w.question())
		if w.some(30) {
			pool = append(pool, w.again(pool[len(pool)-1]))
		}
	}
	ask := func(what string) {
		for i, a := range pool {
			ctx := store.WithZone(context.Background(), a.zone)
			before := w.cached.Stats()
			got := outcome(w.cached.Read(ctx, a.plan, a.args))
			after := w.cached.Stats()
			hit := after.Hits > before.Hits
			want := outcome(w.direct.Read(ctx, a.plan, a.args))
			if got != want {
				t.Fatalf("world %d: after\n%s\nquestion %d\n%s\nthe cache (hit: %v) answers\n%s\nthe database\n%s", seed, what, i, a, hit, got, want)
			}
			total.asked.Add(1)
			if hit {
				total.hits.Add(1)
			}
			if after.Invalidated > before.Invalidated {
				total.invalidated.Add(1)
				if was[a] == want {
					total.needless.Add(1)
				}
			}
			was[a] = want
		}
	}
	ask("nothing")
	ask("nothing")
	for range casesOf {
		var before map[string]map[string]bool
		if copied && !r.known {
			r.start(t, w)
		}
		r.epochs = 0
		what := w.happen()
		if copied {
			before = tables(t, w)
			r.settle(t, w, what, before)
		}
		ask(what)
		total.cases.Add(1)
		if w.some(20) {
			i := w.IntN(len(pool))
			delete(was, pool[i])
			pool[i] = w.question()
			if w.some(60) {
				pool[i] = w.again(pool[w.IntN(len(pool))])
			}
		}
	}
}

func outcome(r store.Result, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	out := fmt.Sprintf("%d rows of %d: %s", r.Rows, r.Total, r.Body)
	for _, step := range r.Steps {
		out += "\n" + outcome(step, nil)
	}
	return out
}

// A replica is a copy of every table that commits are played into, one by one. It stands in front of the tags.
type replica struct {
	*tags
	known  bool // rows is what the database holds
	wrong  string
	epochs int
	rows   map[string]map[string]bool // by table's key: rows as text, without their rowid
}

func (r *replica) Columns(t *change.Table) []bool {
	all := make([]bool, len(t.Columns))
	for i := range all {
		all[i] = true
	}
	return all
}

func (r *replica) Commit(c *change.Commit) {
	for i := range c.Rows {
		row := &c.Rows[i]
		key := row.Table.Key
		if row.Old != nil {
			was := image(row.Table, row.Old)
			if r.known && !r.rows[key][was] && r.wrong == "" {
				r.wrong = fmt.Sprintf("a row of %s is said to have been %s, which was nowhere", key, was)
			}
			delete(r.rows[key], was)
		}
		if row.New != nil && r.rows[key] != nil {
			is := image(row.Table, row.New)
			if r.known && r.rows[key][is] && r.wrong == "" {
				r.wrong = fmt.Sprintf("a row of %s is said to be %s, which is there already", key, is)
			}
			r.rows[key][is] = true
		}
	}
	r.tags.Commit(c)
}

// start takes the tables as they are.
func (r *replica) start(t *testing.T, w *world) {
	r.rows, r.known = tables(t, w), true
}

// settle holds the copy against the database. What another connection did isn't in the record.
func (r *replica) settle(t *testing.T, w *world, what string, is map[string]map[string]bool) {
	if strings.HasPrefix(what, "elsewhere") || strings.Contains(what, "ALTER TABLE") {
		r.known, r.wrong = false, ""
		return
	}
	if r.wrong != "" {
		t.Fatalf("after\n%s\n%s", what, r.wrong)
	}
	for key, rows := range is {
		for row := range rows {
			if !r.rows[key][row] {
				t.Fatalf("after\n%s\nthe row of %s %s isn't in the record", what, key, row)
			}
		}
		for row := range r.rows[key] {
			if !rows[row] {
				t.Fatalf("after\n%s\nthe record has a row of %s %s that isn't there", what, key, row)
			}
		}
	}
}

// image writes a row as text: the same for a value from the hook and one from a query.
func image(t *change.Table, row []change.Value) string {
	var b strings.Builder
	for i, v := range row {
		if t.Columns[i].Virtual {
			continue
		}
		switch v.Kind {
		case change.Unknown:
			fmt.Fprint(&b, "? ")
		case change.Null:
			fmt.Fprint(&b, "null ")
		case change.Integer:
			fmt.Fprintf(&b, "%d ", v.Int)
		case change.Float:
			fmt.Fprintf(&b, "%v ", v.Real+0)
		case change.Text:
			fmt.Fprintf(&b, "%q ", v.Data)
		case change.Blob:
			fmt.Fprintf(&b, "%x ", v.Data)
		}
	}
	return b.String()
}

// tables reads every table.
func tables(t *testing.T, w *world) map[string]map[string]bool {
	catalog, err := change.ReadCatalog(w.other)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]bool{}
	for _, st := range w.schema.Tables {
		ct, ok := catalog.Table(st.Name.Name)
		if !ok {
			t.Fatal("no table", st.Name.Name)
		}
		q, _, err := w.other.Prepare("SELECT * FROM " + ct.Name)
		if err != nil {
			t.Fatal(err)
		}
		rows := map[string]bool{}
		for q.Step() {
			row := make([]change.Value, len(ct.Columns))
			for i := range row {
				v := q.ColumnValue(i)
				switch v.Type() {
				case sqlite3.NULL:
					row[i] = change.Value{Kind: change.Null}
				case sqlite3.INTEGER:
					row[i] = change.Value{Kind: change.Integer, Int: v.Int64()}
				case sqlite3.FLOAT:
					row[i] = change.Value{Kind: change.Float, Real: v.Float()}
				case sqlite3.TEXT:
					row[i] = change.Value{Kind: change.Text, Data: v.Text()}
				case sqlite3.BLOB:
					row[i] = change.Value{Kind: change.Blob, Data: string(v.RawBlob())}
				}
			}
			rows[image(ct, row)] = true
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
		out[ct.Key] = rows
	}
	return out
}
