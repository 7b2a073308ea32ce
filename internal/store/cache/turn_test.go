package cache

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
)

// Another process that writes now and then gets its turn, however many write through the store.
func TestOthersGetTheirTurn(t *testing.T) {
	s := newShop(t, 1000, Config{})
	other, err := sqlite.OpenConn(s.path, sqlite3.OPEN_READWRITE)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				p, args := s.update(1 + (i*131+n)%1000)
				if _, err := s.Store.Write(t.Context(), store.Tx{Plan: p, Args: args}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var waits []time.Duration
	for begin := time.Now(); time.Since(begin) < 3*time.Second; time.Sleep(2 * time.Millisecond) {
		asked := time.Now()
		if err := other.Exec("UPDATE item SET note = 'elsewhere' WHERE id = 1"); err != nil {
			t.Fatal(err)
		}
		waits = append(waits, time.Since(asked))
	}
	close(stop)
	wg.Wait()
	slices.Sort(waits)
	t.Logf("%d turns, of which half came within %v, nine in ten within %v, all within %v", len(waits), waits[len(waits)/2], waits[len(waits)*9/10], waits[len(waits)-1])
	if len(waits) < 20 || waits[len(waits)*9/10] > 50*time.Millisecond {
		t.Error("the other process starves")
	}
}
