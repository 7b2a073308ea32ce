package cache

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/change"
	"github.com/pintail-dev/pintail/internal/store"
)

// casesOf is how many things happen in one world.
const casesOf = 500

// batchOf is how many worlds share a subtest, and so a folder.
const batchOf = 50

// TestDifferential lets random things happen to random databases, and asks after each the same questions of the cache and of the
// database: an answer that changed without a tag being raised would be given out once more. Beside that, the record of
// commits is played into a copy of every table, which must come out the same.
//
// A world is made from its number alone. PINTAIL_WORLDS=37 runs one of them, PINTAIL_WORLDS=2000-3999 as many as that: the ten million
// cases of worlds 0 to 19999 may be run in parts.
func TestDifferential(t *testing.T) {
	first, last := 0, 39
	if os.Getenv("PINTAIL_PROVE") != "" {
		last = 19_999
	}
	if testing.Short() {
		last = 1
	}
	if wanted := os.Getenv("PINTAIL_WORLDS"); wanted != "" {
		from, to, ranged := strings.Cut(wanted, "-")
		if !ranged {
			to = from
		}
		var err error
		if first, err = strconv.Atoi(from); err == nil {
			last, err = strconv.Atoi(to)
		}
		if err != nil || first < 0 || last < first {
			t.Fatalf("PINTAIL_WORLDS is %q: want a world's number, or two such as 2000-3999", wanted)
		}
	}
	var total tally
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() { report(t, &total, done) })
	for at := first; at <= last && !t.Failed(); at += batchOf {
		to := min(at+batchOf-1, last)
		t.Run(fmt.Sprintf("%d-%d", at, to), func(t *testing.T) { runWorlds(t, at, to, &total) })
	}
	close(done)
	wg.Wait()
	if t.Failed() {
		return
	}
	asked, hits := total.asked.Load(), total.hits.Load()
	t.Logf("worlds %d to %d: %v", first, last, &total)
	if hits < asked/4 {
		t.Errorf("only %d of %d questions were answered from memory: that proves little", hits, asked)
	}
}

// runWorlds runs some worlds, more at a time than there are processors: each waits now and then, for another process to have its turn.
func runWorlds(t *testing.T, first, last int, total *tally) {
	var next atomic.Int64
	next.Store(int64(first))
	var wg sync.WaitGroup
	for i := range 2 * runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				for {
					seed := next.Add(1) - 1
					if seed > int64(last) {
						return
					}
					runWorld(t, uint64(seed), total)
					total.worlds.Add(1)
				}
			})
		})
	}
	wg.Wait()
}

type tally struct{ worlds, cases, asked, hits, invalidated, needless atomic.Int64 }

func (n *tally) String() string {
	return fmt.Sprintf("%d worlds, %d cases, %d questions, %d answered from memory, %d invalidated, of these %d though nothing had changed",
		n.worlds.Load(), n.cases.Load(), n.asked.Load(), n.hits.Load(), n.invalidated.Load(), n.needless.Load())
}

// report tells how far it has come, for whoever waits for hours.
func report(t *testing.T, total *tally, done <-chan struct{}) {
	begin := time.Now()
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			t.Logf("%v: %v, %.0f cases a second", time.Since(begin).Round(time.Second), total, float64(total.cases.Load())/time.Since(begin).Seconds())
		}
	}
}

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
	var state change.State // as of the last questions
	ask := func(what string) {
		same := state == w.cached.feed.State()
		state = w.cached.feed.State()
		for i, a := range pool {
			ctx := store.WithZone(context.Background(), a.zone)
			before := w.counts(a)
			got := outcome(w.cached.Read(ctx, a.plan, a.args))
			after := w.counts(a)
			total.asked.Add(1)
			if after.hits == before.hits { // then it was the database that answered
				if after.stale > before.stale {
					total.invalidated.Add(1)
					if was[a] == got {
						total.needless.Add(1)
					}
				}
				was[a] = got
				continue
			}
			total.hits.Add(1)
			want, asked := was[a]
			if !same || !asked {
				want = outcome(w.direct.Read(ctx, a.plan, a.args))
			}
			was[a] = want
			if got != want {
				t.Fatalf("world %d: after\n%s\nquestion %d\n%s\nthe cache (hit: true) answers\n%s\nthe database\n%s", seed, what, i, a, got, want)
			}
		}
	}
	ask("nothing")
	ask("nothing")
	for range casesOf {
		if copied && !r.known {
			r.start(t, w)
		}
		what := w.happen()
		if copied {
			r.settle(t, w, what)
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

// counts are what became of a question so far: of its plan, which no other question is asked of meanwhile.
func (w *world) counts(a *question) (n struct{ hits, stale uint64 }) {
	w.cached.mu.RLock()
	defer w.cached.mu.RUnlock()
	if pr := w.cached.plans[a.plan]; pr != nil {
		n.hits, n.stale = pr.hits.Load(), pr.stale.Load()
	}
	return n
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
	known bool // rows is what the database holds
	wrong string
	rows  map[string]map[string]bool // by table's key: rows as text, without their rowid
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
func (r *replica) settle(t *testing.T, w *world, what string) {
	if strings.HasPrefix(what, "elsewhere") || strings.Contains(what, "ALTER TABLE") {
		r.known, r.wrong = false, ""
		return
	}
	if r.wrong != "" {
		t.Fatalf("after\n%s\n%s", what, r.wrong)
	}
	for key, rows := range tables(t, w) {
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
	catalog := w.readCatalog()
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
