package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/faulttest"
	"github.com/pintail-dev/pintail/query"
)

// seeds is how many disks are tried: few in every test, many in a proof.
func seeds(few, many int) int {
	if os.Getenv("PINTAIL_PROVE") != "" {
		return many
	}
	return few
}

// TestForgetfulDisk cuts the power under concurrent writers, on a disk that forgets what was not synced. Nothing that was
// acknowledged is lost, no transaction is there by half, and the file is whole.
func TestForgetfulDisk(t *testing.T) {
	acked := int64(0)
	for seed := range seeds(40, 2000) {
		acked += forgetful(t, uint64(seed), "FULL", func(broken string) { t.Fatalf("seed %d: %s", seed, broken) })
	}
	if acked < 100 {
		t.Errorf("only %d writes were acknowledged: the test proves little", acked)
	}
	t.Logf("%d acknowledged transactions, none lost", acked)
}

// TestForgetfulDiskSeesLoss holds the test above to its word: with synchronous=NORMAL, which acknowledges before anything is
// synced, the same test must find acknowledged writes missing.
func TestForgetfulDiskSeesLoss(t *testing.T) {
	lost := 0
	for seed := range 10 {
		forgetful(t, uint64(seed), "NORMAL", func(broken string) {
			if !strings.HasPrefix(broken, "lost") {
				t.Fatalf("seed %d: synchronous=NORMAL may lose writes, but not this: %s", seed, broken)
			}
			lost++
		})
	}
	if lost == 0 {
		t.Error("a disk that forgets took nothing from a database that doesn't sync: the disk doesn't forget")
	}
}

// forgetful writes and cuts the power three times on one disk. It gives the number of acknowledged transactions.
func forgetful(t *testing.T, seed uint64, synchronous string, broken func(string)) int64 {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 7))
	disk := faulttest.NewDisk(t)
	makeShop(t, "shop.db", disk.Name())
	disk.Flush()
	w := &promises{disk: disk}
	for range 3 {
		w.round(t, rng, synchronous)
		if rng.IntN(3) == 0 {
			disk.Restart(nil)
		} else {
			disk.Restart(rng)
		}
		if what := w.check(t); what != "" {
			broken(what)
			break
		}
	}
	return w.count.Load()
}

// promises are what a store acknowledged: pairs of items of one transaction, by the first one's id.
type promises struct {
	disk  *faulttest.Disk
	next  atomic.Int64
	count atomic.Int64
	acked sync.Map
}

// round lets eight clients write until the power fails.
func (w *promises) round(t *testing.T, rng *rand.Rand, synchronous string) {
	t.Helper()
	s, err := Open(Config{Path: "shop.db", VFS: w.disk.Name(), Readers: 2})
	if err != nil {
		t.Fatal(err)
	}
	// The writer waits for its first request: nobody else has the connection.
	if err := s.writer.c.Exec("PRAGMA synchronous = " + synchronous + "; PRAGMA wal_autocheckpoint = " + fmt.Sprint(4+rng.IntN(60))); err != nil {
		t.Fatal(err)
	}
	shop := &shop{Store: s, schema: shopSchema()}
	w.disk.CutAfter(1 + rng.Int64N(600))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for !w.disk.Off() {
				w.write(t, shop)
			}
		})
	}
	group.Go(func() { // a reader on the way holds the log back, and checkpoints with it
		p, args := shop.plan(t, &query.Select{From: query.Name{Name: "item"}, Items: []query.Item{&query.Output{Aggregate: query.Count}}})
		for !w.disk.Off() {
			// It may fail: the power may be off by now.
			_, _ = s.Read(context.Background(), p, args)
			time.Sleep(time.Millisecond)
		}
	})
	group.Wait()
	// There is no power to close in peace with.
	_ = s.Close()
}

func (w *promises) write(t *testing.T, s *shop) {
	id := 2 * w.next.Add(1)
	filler := strings.Repeat("x", int(id*37%900))
	q := insert("item", fmt.Sprintf(`[{"id":%d,"title":"%s"},{"id":%d,"title":"b"}]`, id, filler, id+1), "id", "title")
	if _, err := s.Write(context.Background(), s.tx(t, q)); err == nil {
		w.acked.Store(id, true)
		w.count.Add(1)
	}
}

// check says what is broken after a restart; "" where nothing is.
func (w *promises) check(t *testing.T) string {
	t.Helper()
	c, err := OpenConn("shop.db", sqlite3.OPEN_READWRITE, w.disk.Name())
	if err != nil {
		return "open: " + err.Error()
	}
	defer c.Close()
	column := func(sql string) (list []string) {
		stmt, _, err := c.Prepare(sql)
		if err != nil {
			t.Fatal(err)
		}
		defer stmt.Close()
		for stmt.Step() {
			list = append(list, stmt.ColumnText(0))
		}
		if err := stmt.Err(); err != nil {
			list = append(list, err.Error())
		}
		return list
	}
	if got := column("PRAGMA integrity_check"); len(got) != 1 || got[0] != "ok" {
		return fmt.Sprintf("integrity: %v", got)
	}
	there := map[string]bool{}
	for _, id := range column("SELECT id FROM item") {
		there[id] = true
	}
	if got := column("SELECT min(id) FROM item GROUP BY id / 2 HAVING count(*) <> 2"); len(got) > 0 {
		return fmt.Sprintf("half transactions: %v", got)
	}
	what := ""
	w.acked.Range(func(id, _ any) bool {
		if !there[fmt.Sprint(id)] {
			what = fmt.Sprintf("lost: transaction %v was acknowledged", id)
		}
		return what == ""
	})
	return what
}

// TestFullDisk fills the disk under the database. Writes are refused in clear words, reads go on, and writes resume when
// there is room, with nothing lost and nothing by half.
func TestFullDisk(t *testing.T) {
	disk := faulttest.NewDisk(t)
	makeShop(t, "shop.db", disk.Name())
	st, err := Open(Config{Path: "shop.db", VFS: disk.Name()})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	s := &shop{Store: st, schema: shopSchema()}
	if _, err := s.write(t, addItem(1, "null")); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		disk.Room(disk.Used() + 100_000)
		w := &promises{disk: disk}
		w.next.Store(int64(10_000 * (round + 1)))
		var refused error
		var mu sync.Mutex
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 400 {
					id := 2 * w.next.Add(1)
					q := insert("item", fmt.Sprintf(`[{"id":%d,"title":"%s"},{"id":%d,"title":"b"}]`, id, strings.Repeat("x", 900), id+1), "id", "title")
					if _, err := s.Write(context.Background(), s.tx(t, q)); err != nil {
						mu.Lock()
						refused = err
						mu.Unlock()
						return
					}
					w.acked.Store(id, true)
				}
			})
		}
		group.Wait()
		f := fault.From(refused)
		if f == nil || f.Code != fault.DiskFull || f.HTTPStatus() != 503 {
			t.Fatalf("the disk is full, and a write says %v", refused)
		}
		if got := s.count(t, "item"); got == `[{"count":0}]` {
			t.Error("reads stop on a full disk:", got)
		}
		disk.Room(-1)
		if _, err := s.write(t, addItem(2+round, "null")); err != nil {
			t.Fatal("there is room again, and a write says", err)
		}
		if _, err := s.write(t, &query.Delete{From: query.Name{Name: "item"}, Where: &query.Compare{Field: query.Field{Column: "id"}, Op: query.Lt, Value: query.Text("10")}}); err != nil {
			t.Fatal(err)
		}
		if what := w.check(t); what != "" {
			t.Error(what)
		}
	}
}
