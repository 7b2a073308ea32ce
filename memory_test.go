package pintail_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMemoryUnderAttack: clients that ask for all they can get at once leave the program within the memory of docs/limits.md.
func TestMemoryUnderAttack(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("runs the program for seconds, and reads /proc; `make test` runs it")
	}
	dir := t.TempDir()
	p := newVictim(t, dir, "sqlite:"+filepath.Join(dir, "attack.db"))
	for first := 10; first < 30_000; first += 5000 {
		var rows strings.Builder
		for id := first; id < first+5000; id++ {
			fmt.Fprintf(&rows, `,{"id": %d, "account_id": %d, "pair": %d, "amount": 1}`, id, 1+id%2, id)
		}
		p.post(t, "entry", "["+rows.String()[1:]+"]")
	}
	limit := 150 * max(2, runtime.GOMAXPROCS(0)) // MiB
	ctx, stop := context.WithTimeout(t.Context(), 6*time.Second)
	defer stop()
	asks := []string{
		"account?select=*,a:entry(*),b:entry(*),c:entry(*),d:entry(*)",
		"account?select=*,entry(*,account(*,entry(*)))",
		"entry?select=*,account(*,entry(id))&order=amount",
		"entry?select=*,account(*)&order=amount.desc&offset=1",
		"entry?select=*",
	}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for ; ctx.Err() == nil; i++ {
				r, err := http.NewRequestWithContext(ctx, "GET", p.url+asks[i%len(asks)], nil)
				if err != nil {
					t.Error(err)
					return
				}
				answer, err := http.DefaultClient.Do(r)
				if err != nil {
					continue
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
			}
		})
	}
	all.Wait()
	peak := peakMiB(t, p.cmd.Process.Pid)
	t.Logf("peak: %d MiB", peak)
	if peak > limit {
		t.Errorf("the program took %d MiB, more than %d", peak, limit)
	}
}

// peakMiB is the most memory that a process had at once.
func peakMiB(t *testing.T, pid int) int {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if kB, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(kB), " kB"))
			if err != nil {
				t.Fatal(err)
			}
			return n / 1024
		}
	}
	t.Fatal("no VmHWM")
	return 0
}
