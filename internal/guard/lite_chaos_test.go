package guard

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/query"
)

// held keeps repairs back, so that what is refused can be looked at.
func held(d time.Duration) func(*Config) { return func(c *Config) { c.HoldBack = d } }

// prove skips what only the long form tries.
func prove(t *testing.T) {
	if os.Getenv("PINTAIL_PROVE") == "" {
		t.Skip("the long form, `make prove`, tries this")
	}
}

func TestLiteIndexDropped(t *testing.T) {
	c := liteChaos(t, held(500*time.Millisecond))
	c.warm()
	c.harm("DROP INDEX item_kind")
	c.shed("by kind", "in order")
	st := c.guard.Status()
	if len(st.Shed) != 2 || st.Lost() != 1 || st.Shed[0].Reason == "" || st.Shed[0].Refused == 0 {
		t.Errorf("%+v", st)
	}
	i := c.healed()
	if i.Kind != Missing || i.Name != "item_kind" || i.State != Repaired || i.Shed != 2 || i.BuildTime <= 0 || i.Who == "" || len(i.Shapes) != 2 || i.Lasted() < 500*time.Millisecond {
		t.Errorf("%+v", i)
	}
	if st := c.guard.Status(); st.Repaired != 1 || st.Refused != 2 || st.Failed != 0 {
		t.Errorf("%+v", st)
	}
}

func TestLiteOtherIndexUnderTheName(t *testing.T) {
	c := liteChaos(t, held(300*time.Millisecond))
	c.warm()
	c.harm("DROP INDEX item_kind; CREATE INDEX item_kind ON item (note)")
	c.shed("by kind", "in order")
	i := c.healed()
	if i.Kind != Changed || i.State != Repaired || !strings.Contains(i.What, "(note)") {
		t.Errorf("%+v", i)
	}
	c.same("item_kind", `CREATE INDEX "item_kind" ON "item" ("kind")`)
}

// incident wants one that is like this.
func (c *chaos) incident(like func(Incident) bool) {
	c.t.Helper()
	if list := c.guard.Status().Incidents; !slices.ContainsFunc(list, like) {
		c.t.Errorf("no such incident: %+v", list)
	}
}

// same wants an index to be made by this statement.
func (c *chaos) same(name, sql string) {
	c.t.Helper()
	l := c.guard.config.Engine.(*Lite)
	var is string
	err := l.live.Do(context.Background(), time.Second, func(conn *sqlite3.Conn) error {
		return liteBound(conn, "SELECT sql FROM sqlite_schema WHERE name = ?1", []string{name}, func(st *sqlite3.Stmt) { is = st.ColumnText(0) })
	})
	if err != nil || is != sql {
		c.t.Errorf("%s is %s, want %s: %v", name, is, sql, err)
	}
}

func TestLiteUniqueDropped(t *testing.T) {
	c := liteChaos(t, held(300*time.Millisecond))
	c.warm()
	c.harm("DROP INDEX item_sku")
	// A write that can't bring two rows together goes on: of other columns, of other tables, a delete.
	c.shed("by sku", "resku", "upsert")
	if i := c.healed(); !i.Unique || i.State != Repaired {
		t.Errorf("%+v", i)
	}
}

func TestLiteUniqueDroppedAndDuplicatesEntered(t *testing.T) {
	c := liteChaos(t)
	c.warm()
	c.harm("DROP INDEX item_sku; UPDATE item SET sku = 'sku-' || (id / 2) WHERE id <= 10")
	var blocked Incident
	c.eventually("blocked", func() bool {
		st := c.guard.Status()
		if len(st.Incidents) == 0 {
			return false
		}
		blocked = st.Incidents[0]
		return blocked.State == Blocked
	})
	if len(blocked.Duplicates) != 4 || blocked.Duplicates[0].Rows < 2 || !strings.HasPrefix(blocked.Duplicates[0].Key, "(sku)=(sku-") {
		t.Errorf("%+v", blocked.Duplicates)
	}
	c.shed("by sku", "resku", "upsert")
	c.harm("UPDATE item SET sku = 'sku-' || id WHERE id <= 10") // a person decides which rows are right
	c.guard.workMu.Lock()
	c.guard.work["item_sku"].incident.NotBefore = time.Now() // rather than ten seconds later
	c.guard.workMu.Unlock()
	c.guard.wake()
	if i := c.healed(); i.State != Repaired || i.Tries < 2 {
		t.Errorf("%+v", i)
	}
}

func TestLiteConstraintLostWithItsTable(t *testing.T) {
	c := liteChaos(t, held(300*time.Millisecond))
	c.warm()
	c.harm(`PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE other (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL, name TEXT NOT NULL) STRICT;
		INSERT INTO other SELECT * FROM customer; DROP TABLE customer; ALTER TABLE other RENAME TO customer; COMMIT`)
	// Customers are few, so that reading all of them is let pass; what relies on the key isn't.
	c.shed("join up")
	c.healed()
	c.incident(func(i Incident) bool { return i.Subject == "customer(email)" && i.State == Repaired })
	c.same("customer_email_key", `CREATE UNIQUE INDEX "customer_email_key" ON "customer" ("email")`)
}

// A bit flips in a page of an index: a full check finds it, what reads by the index is refused, since the answers would be wrong, and
// the index is built anew from the table.
func TestLiteBitFlip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	liteFile(t, path)
	flipLite(t, path, "item_kind")
	c := liteChaosOn(t, path, held(300*time.Millisecond))
	c.warm()
	checked := c.guard.Check(context.Background(), CheckOptions{Full: true})
	if len(checked.Found) == 0 || checked.Error != "" {
		t.Fatalf("%+v", checked)
	}
	for _, d := range checked.Found {
		if d.Index != "item_kind" {
			t.Errorf("%+v", d)
		}
	}
	c.eventually("noticed", func() bool { return c.guard.Status().Lost() == 1 })
	c.shed("by kind", "in order")
	if i := c.healed(); i.Kind != Corrupt || i.State != Repaired {
		t.Errorf("%+v", i)
	}
	if again := c.guard.Check(context.Background(), CheckOptions{Full: true}); len(again.Found) > 0 || again.Error != "" {
		t.Errorf("%+v", again)
	}
}

// flipLite changes a bit of a key in a leaf of an index, in a file that nobody has open.
func flipLite(t *testing.T, path, index string) {
	t.Helper()
	conn, err := sqlite.OpenConn(path, sqlite3.OPEN_READWRITE)
	if err != nil {
		t.Fatal(err)
	}
	size, err := liteNumber(conn, "PRAGMA page_size")
	if err != nil {
		t.Fatal(err)
	}
	root, err := liteNumber(conn, "SELECT rootpage FROM sqlite_schema WHERE name = '"+index+"'")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(conn.Exec("PRAGMA wal_checkpoint(TRUNCATE)"), conn.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, size)
	if _, err := f.ReadAt(page, (root-1)*size); err != nil {
		t.Fatal(err)
	}
	leaf := root
	if page[0] == 2 { // an inner page: down to its last child (sqlite.org/fileformat2.html, section 1.6)
		leaf = int64(page[8])<<24 | int64(page[9])<<16 | int64(page[10])<<8 | int64(page[11])
		if _, err := f.ReadAt(page, (leaf-1)*size); err != nil {
			t.Fatal(err)
		}
	}
	cell := int(page[8])<<8 | int(page[9]) // the first cell of a leaf: its length, the record's header, kind and rowid
	page[cell+4] ^= 1
	if _, err := f.WriteAt(page, (leaf-1)*size); err != nil {
		t.Fatal(err)
	}
}

// A process that rebuilds is killed in the middle: the next one finds the file whole and the incident open, and repairs.
func TestLiteKilledWhileItRebuilds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	liteFile(t, path)
	child := exec.Command(os.Args[0], "-test.run", "^TestChildRebuildsForever$")
	child.Env = append(os.Environ(), "PINTAIL_TEST_GUARD_CHILD="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	building := false
	for lines := bufio.NewScanner(out); !building && lines.Scan(); {
		building = strings.Contains(lines.Text(), "BUILDING")
	}
	if err := child.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = child.Wait()
	if !building {
		t.Fatal("the child never built anything")
	}
	c := liteChaosOn(t, path, func(c *Config) { c.TakeOver = 300 * time.Millisecond })
	c.eventually("the record of the one that was killed", func() bool { return len(c.guard.Status().Incidents) == 1 })
	for name := range c.shapes {
		if err := c.ask(name); err != nil && !lost(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	i := c.healed()
	if i.State != Repaired || i.Tries < 2 || i.Noticed == i.Repairer {
		t.Errorf("%+v", i)
	}
}

// TestChildRebuildsForever is the process that is killed: it stops in the middle of the build, with the lock in its hands.
func TestChildRebuildsForever(t *testing.T) {
	path := os.Getenv("PINTAIL_TEST_GUARD_CHILD")
	if path == "" {
		t.Skip("it is started by TestLiteKilledWhileItRebuilds")
	}
	c := liteChaosOn(t, path, func(c *Config) { c.Engine = &stalling{c.Engine}; c.Name = "the one that is killed" })
	c.warm()
	c.harm("DROP INDEX item_kind")
	time.Sleep(time.Minute)
}

// A stalling engine never comes to the end of a build.
type stalling struct{ Engine }

func (e *stalling) Repair(ctx context.Context, r Repair) error {
	tell := r.Progress
	r.Progress = func(p Progress) {
		tell(p)
		if p.Phase == "building" {
			fmt.Println("BUILDING")
			time.Sleep(time.Minute)
		}
	}
	return e.Engine.Repair(ctx, r)
}

// Statements that run when the loss is noticed are cancelled, those of other shapes go on.
func TestLiteRunningStatementsAreCanceled(t *testing.T) {
	c := liteChaos(t, held(300*time.Millisecond))
	c.warm()
	e := c.guard.entry(c.plans["by kind"], nil)
	other := c.guard.entry(c.plans["by sku"], nil)
	waited, asking := e.begin(context.Background()), e.begin(context.Background())
	defer waited.end()
	defer asking.end()
	calm := other.begin(context.Background())
	defer calm.end()
	waiting := waited.Done() // the one waits for its end, the other only asks
	c.harm("DROP INDEX item_kind")
	select {
	case <-waiting:
	case <-time.After(2 * time.Second):
		t.Error("a statement of a shape that lost its index runs on")
	}
	for _, r := range []*run{waited, asking} {
		if r.Err() != context.Canceled {
			t.Error("it runs on:", r.Err())
		}
	}
	select {
	case <-asking.Done():
	default:
		t.Error("who begins to wait once it is ended waits on")
	}
	err := c.guard.failed(waited, c.plans["by kind"], nil, fault.New(fault.QueryCanceled, "canceling statement due to user request"))
	if !lost(err) {
		t.Error(err)
	}
	if calm.Err() != nil {
		t.Error("a statement of another shape was cancelled")
	}
	c.healed()
}

// A shape that comes for the first time while an index is away is held against what the schema declares.
func TestLiteFirstSeenInAnOutage(t *testing.T) {
	c := liteChaos(t, held(time.Second))
	if err := c.ask("by id"); err != nil {
		t.Fatal(err)
	}
	c.harm("DROP INDEX item_kind")
	c.shed("by kind", "in order")
	c.healed()
}

// A server that starts while an index is away does the same, and repairs it.
func TestLiteLostBeforeTheStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	liteFile(t, path)
	liteHarm(t, path, "DROP INDEX item_kind")
	c := liteChaosOn(t, path, held(500*time.Millisecond))
	c.eventually("noticed", func() bool { return c.guard.Status().Lost() == 1 })
	c.shed("by kind", "in order")
	c.healed()
}

// liteHarm runs statements as another process would, in one transaction where they don't have one of their own.
func liteHarm(t testing.TB, path, sql string) {
	t.Helper()
	conn, err := sqlite.OpenConn(path, sqlite3.OPEN_READWRITE)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(sql, "BEGIN") {
		sql = "BEGIN IMMEDIATE; " + sql + "; COMMIT"
	}
	if err := errors.Join(conn.Exec(sql), conn.Close()); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// On a table with fewer rows than matter nothing is refused; with as many it is.
func TestLiteSmallTablesDoNotMatter(t *testing.T) {
	for rows, want := range map[int64]bool{chaosRows + 1: false, chaosRows: true} {
		c := liteChaos(t, held(300*time.Millisecond), func(c *Config) { c.RowsMin = rows })
		c.warm()
		c.harm("DROP INDEX item_kind")
		if want {
			c.shed("by kind", "in order")
		} else {
			c.shed()
		}
		c.healed()
		c.stop()
	}
	if got := (Config{}).withDefaults().RowsMin; got != 10_000 {
		t.Errorf("the default is %d", got)
	}
}

// An observing guard tells, and neither refuses nor repairs.
func TestLiteObserves(t *testing.T) {
	c := liteChaos(t, func(c *Config) { c.Mode = Observe })
	c.warm()
	c.harm("DROP INDEX item_kind; DROP INDEX item_sku")
	c.eventually("noticed", func() bool { return c.guard.Status().Lost() == 2 })
	for name := range c.shapes {
		if err := c.ask(name); lost(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	time.Sleep(500 * time.Millisecond)
	if st := c.guard.Status(); st.Lost() != 2 || st.Repaired+st.Refused > 0 || len(st.Incidents) > 0 || st.Mode != Observe {
		t.Errorf("%+v", st)
	}
}

// A database that `apply` didn't make is only observed unless the operator says otherwise; then records lie in a file beside it.
func TestLiteImported(t *testing.T) {
	for mode, want := range map[Mode]Mode{Auto: Observe, Act: Act} {
		path := filepath.Join(t.TempDir(), "shop.db")
		liteFile(t, path)
		liteHarm(t, path, "DROP TABLE _pintail_state; DROP TABLE _pintail_incident")
		c := liteChaosOn(t, path, func(c *Config) { c.Mode = mode })
		c.warm()
		c.harm("DROP INDEX item_kind")
		c.eventually("noticed", func() bool {
			return c.guard.Status().Mode == want && len(c.guard.Status().Incidents)+c.guard.Status().Lost() > 0
		})
		_, err := os.Stat(path + recordsEnd)
		if mode == Act {
			c.healed()
			if _, err = os.Stat(path + recordsEnd); err != nil || !strings.Contains(c.guard.Status().Records, recordsEnd) {
				t.Errorf("%v, %s", err, c.guard.Status().Records)
			}
		} else if err == nil {
			t.Error("an observing guard wrote a file")
		}
		c.stop()
	}
}

// What the database was never brought to is no loss: a schema file that is ahead of it, or behind.
func TestLiteAheadOfTheDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	liteFile(t, path)
	c := liteChaosOn(t, path)
	c.warm()
	ahead := parsed(t, strings.Replace(chaosSchema, `type item @table`, `type item @table @index(columns: ["note"], name: "item_note")`, 1))
	c.guard.Reload(ahead)
	c.eventually("pending", func() bool {
		return slices.ContainsFunc(c.guard.Status().Drift, func(d Drift) bool { return d.Kind == Pending && d.Index.Name == "item_note" })
	})
	c.schema, c.plans = ahead, map[string]*plan.Plan{}
	c.shed()
	if st := c.guard.Status(); st.Lost() > 0 || len(st.Incidents) > 0 {
		t.Errorf("%+v", st)
	}
}

// An index that no file declares is told of, and left alone.
func TestLiteExtraIndex(t *testing.T) {
	c := liteChaos(t)
	c.warm()
	c.harm("CREATE INDEX somebodys ON item (note)")
	c.eventually("told", func() bool { return c.guard.Status().Extra() == 1 })
	c.shed()
	if st := c.guard.Status(); st.Lost() > 0 || len(st.Incidents) > 0 {
		t.Errorf("%+v", st)
	}
	c.same("somebodys", "CREATE INDEX somebodys ON item (note)")
}

func TestLiteThreeDropsInAnHour(t *testing.T) {
	prove(t)
	c := liteChaos(t)
	c.warm()
	for n := range DropsMax - 1 {
		c.harm("DROP INDEX item_kind")
		c.eventually("noticed", func() bool { return len(c.guard.Status().Incidents) == n+1 })
		c.healed()
	}
	c.harm("DROP INDEX item_kind")
	c.eventually("stopped", func() bool {
		st := c.guard.Status()
		return len(st.Incidents) > 0 && st.Incidents[0].State == Stopped && st.Incidents[0].Drops == DropsMax
	})
	time.Sleep(time.Second)
	if st := c.guard.Status(); st.Lost() != 1 || st.Repaired != DropsMax-1 {
		t.Errorf("%+v", st)
	}
	c.shed("by kind", "in order")
	left, err := c.guard.RepairNow(context.Background()) // a person found out who it was
	if err != nil || len(left) > 0 {
		t.Error(left, err)
	}
	c.healed()
}

// Two processes notice one loss: there is one record, and one of them builds.
func TestLiteTwoRepairAtOnce(t *testing.T) {
	prove(t)
	path := filepath.Join(t.TempDir(), "shop.db")
	liteFile(t, path)
	a := liteChaosOn(t, path, func(c *Config) { c.Name = "a" })
	b := liteChaosOn(t, path, func(c *Config) { c.Name = "b" })
	a.warm()
	b.warm()
	seen := ""
	for range 5 {
		before := a.guard.Status().Repaired + b.guard.Status().Repaired
		liteHarm(t, path, "DELETE FROM _pintail_incident; DROP INDEX item_kind") // without its past, or the third time would be one too often
		a.eventually("over for both", func() bool {
			x, y := a.guard.Status().Incidents, b.guard.Status().Incidents
			return len(x) > 0 && len(y) > 0 && x[0].ID > seen && y[0].ID > seen && x[0].State.Ended() && y[0].State.Ended()
		})
		x, y := a.healed(), b.healed()
		if x.ID != y.ID || x.State != Repaired {
			t.Errorf("%+v\n%+v", x, y)
		}
		seen = x.ID
		if n := a.guard.Status().Repaired + b.guard.Status().Repaired - before; n != 1 {
			t.Errorf("it was repaired %d times", n)
		}
	}
}

// A table has the name of a lost index: each try fails, and the first one after it is gone succeeds, however long the pause had become.
func TestLiteObstacleGoesAway(t *testing.T) {
	c := liteChaos(t)
	c.warm()
	c.obstacle()
}

// obstacle puts a table where item_kind was, and takes it away again while the guard would sleep for an hour.
func (c *chaos) obstacle() {
	c.t.Helper()
	c.harm("DROP INDEX item_kind; CREATE TABLE item_kind (x integer)")
	c.eventually("it failed", func() bool {
		st := c.guard.Status()
		return len(st.Incidents) > 0 && st.Incidents[0].State == Waiting
	})
	c.shed("by kind", "in order")
	c.guard.mending.Lock()
	c.guard.workMu.Lock()
	var w *work
	for _, w = range c.guard.work {
		w.incident.NotBefore = time.Now().Add(time.Hour) // as after many tries, if the longest pause were that long
		w.incident.Tries = 9
	}
	i := w.incident
	c.guard.workMu.Unlock()
	err := c.guard.config.Engine.Records().Save(context.Background(), i)
	c.guard.mending.Unlock()
	if err != nil {
		c.t.Fatal(err)
	}
	time.Sleep(3 * time.Second) // longer than the shortest pause
	if st := c.guard.Status(); st.Incidents[0].State != Waiting || st.Incidents[0].Tries != 9 {
		c.t.Errorf("it was tried though nothing had changed: %+v", st.Incidents[0])
	}
	c.harm("DROP TABLE item_kind")
	if i := c.healed(); i.State != Repaired || i.Tries != 10 {
		c.t.Errorf("%+v", i)
	}
}

// The disk is full while an index is rebuilt: it is tried again until there is room.
func TestLiteDiskFullWhileItRebuilds(t *testing.T) {
	prove(t)
	c := liteChaos(t, func(c *Config) { c.Engine = &cramped{Engine: c.Engine, times: 2} })
	c.warm()
	c.harm("DROP INDEX item_kind; CREATE TABLE large AS SELECT zeroblob(1000000) AS junk") // which takes the pages that came free
	c.eventually("it failed", func() bool {
		st := c.guard.Status()
		return len(st.Incidents) > 0 && st.Incidents[0].State == Waiting && strings.Contains(st.Incidents[0].LastError, "full")
	})
	c.shed("by kind", "in order")
	if i := c.healed(); i.State != Repaired || i.Tries != 3 || c.guard.Status().Failed != 2 {
		t.Errorf("%+v", i)
	}
}

// A table is made anew, and whoever did it forgot its indexes.
func TestLiteTableRebuiltWithoutItsIndexes(t *testing.T) {
	prove(t)
	c := liteChaos(t, held(500*time.Millisecond))
	c.warm()
	c.harm(`PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE other (id INTEGER PRIMARY KEY AUTOINCREMENT, customer_id INTEGER NOT NULL REFERENCES customer (id), sku TEXT NOT NULL, kind INTEGER NOT NULL,
		grade INTEGER NOT NULL, made INTEGER NOT NULL, note TEXT) STRICT; INSERT INTO other SELECT * FROM item; DROP TABLE item; ALTER TABLE other RENAME TO item; COMMIT`)
	c.shed("by kind", "in order", "by sku", "by customer", "with items", "resku", "upsert", "join up") // that may change the key which items refer to
	c.eventually("all four are back", func() bool { return c.guard.Status().Lost() == 0 })
	c.shed()
}

// Statistics are lost, and with them the way that a plan took: through an index whose first column has few values.
func TestLiteStatisticsLost(t *testing.T) {
	prove(t)
	c := liteChaos(t, held(500*time.Millisecond))
	c.shapes["skips"] = &query.Select{From: query.Name{Name: "item"}, Items: outputs("id"), Where: equal("made", "77")}
	c.warm()
	if !c.guard.entry(c.plans["skips"], nil).contract.Load().standsOn("item_grade_made") {
		t.Fatal("it stands on something else")
	}
	c.harm("DROP TABLE sqlite_stat1")
	c.shed("skips")
	if i := c.healed(); i.Kind != Statistics || i.State != Repaired {
		t.Errorf("%+v", i)
	}
}

// A cramped engine's disk is full the first times.
type cramped struct {
	Engine
	times int
}

func (e *cramped) Repair(ctx context.Context, r Repair) error {
	l := e.Engine.(*Lite)
	if e.times--; e.times >= 0 {
		l.pagesMost = 10
		defer func() { l.pagesMost = 0 }()
	}
	return e.Engine.Repair(ctx, r)
}

// A write that waits while another process rebuilds isn't refused, however long that takes: the time for which SQLite itself waits for a
// lock is shorter than many a build.
func TestLiteWritersWaitForAnotherProcess(t *testing.T) {
	prove(t)
	path := filepath.Join(t.TempDir(), "shop.db")
	liteFile(t, path)
	c := liteChaosOn(t, path, func(c *Config) { c.TakeOver = time.Minute })
	c.warm()
	other := Incident{ID: "3", Subject: "item_kind", Kind: Missing, Name: "item_kind", Table: "item", State: Repairing, Began: time.Now(), Touched: time.Now(), Noticed: "another", Repairer: "another"}
	if _, err := c.guard.config.Engine.Records().Open(context.Background(), other); err != nil {
		t.Fatal(err)
	}
	c.harm("DROP INDEX item_kind")
	c.eventually("the other one repairs", c.guard.Waits)
	conn, err := sqlite.OpenConn(path, sqlite3.OPEN_READWRITE)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Exec(`BEGIN IMMEDIATE; CREATE INDEX "item_kind" ON "item" ("kind")`); err != nil {
		t.Fatal(err)
	}
	wait := 6 * time.Second // the connections wait 5 s
	began := time.Now()
	time.AfterFunc(wait, func() {
		if err := conn.Exec("COMMIT"); err != nil {
			t.Error(err)
		}
	})
	if err := c.ask("rename"); err != nil || time.Since(began) < wait {
		t.Error(err, time.Since(began))
	}
}
