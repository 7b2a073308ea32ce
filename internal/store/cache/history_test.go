package cache

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store/sqlite"
)

const (
	operations = 1000 // of one history
	keysOf     = 2    // registers of one history, and lists
)

// An input is one operation: r and w on a register, l and a on a list.
type input struct {
	op   byte
	key  int
	note string
}

// unknown is what became of a write whose process was killed.
const unknown = "?"

// model says what a register and a list are to one who has nothing but one thing after the other.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		by := map[string][]porcupine.Operation{}
		for _, o := range history {
			in := o.Input.(input)
			kind := "register"
			if in.op == 'l' || in.op == 'a' {
				kind = "list"
			}
			k := fmt.Sprint(kind, in.key)
			by[k] = append(by[k], o)
		}
		var out [][]porcupine.Operation
		for _, ops := range by {
			out = append(out, ops)
		}
		return out
	},
	Init: func() any { return "" },
	Step: func(state, in, out any) (bool, any) {
		was, got := state.(string), out.(string)
		switch in := in.(input); in.op {
		case 'w':
			n, _ := strconv.Atoi(was)
			is := strconv.Itoa(n + 1)
			return got == is || got == unknown, is
		case 'a':
			return true, was + in.note + ","
		case 'r':
			return got == was || was == "" && got == "0", was
		default:
			return got == was, was
		}
	},
}

// plain takes the JSON off an answer.
func plain(op byte, body string) string {
	switch op {
	case 'r':
		return strings.Trim(body, `[]{}x": `)
	case 'l':
		out := ""
		for _, row := range strings.Split(body, `{"x":"`)[1:] {
			note, _, _ := strings.Cut(row, `"`)
			out += note + ","
		}
		return out
	}
	return body
}

// TestHistories lets three processes serve one database, each with a cache of its own: to each of them the other two are
// somebody else. One of them writes with a connection that no store knows of. What clients saw of it must be explicable by one order of
// all operations in which each took place between its call and its answer.
func TestHistories(t *testing.T) {
	histories := 200
	if os.Getenv("PINTAIL_PROVE") != "" {
		histories = 5000
	}
	if testing.Short() {
		histories = 5
	}
	runHistories(t, histories, false)
}

// TestHistoriesOfCrashes kills a process in the middle of each history, and starts it again.
func TestHistoriesOfCrashes(t *testing.T) {
	histories := 10
	if os.Getenv("PINTAIL_PROVE") != "" {
		histories = 500
	}
	if testing.Short() {
		histories = 3
	}
	runHistories(t, histories, true)
}

func runHistories(t *testing.T, histories int, crashes bool) {
	path := filepath.Join(t.TempDir(), "history.db")
	c, err := sqlite.OpenConn(path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	err = c.Exec(historySQL + fmt.Sprintf("INSERT INTO register WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i, 0 FROM n", histories*keysOf))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	processes := make([]*process, 3)
	for i := range processes {
		processes[i] = startProcess(t, path, i, i == 2)
	}
	var hits, reads int
	count := func(p *process) {
		c, err := p.client()
		if err != nil {
			t.Fatal(err)
		}
		defer c.conn.Close()
		line, err := c.ask("s")
		if err != nil {
			t.Fatal(err)
		}
		var h, r int
		fmt.Sscan(line, &h, &r)
		hits, reads = hits+h, reads+r
	}
	begin := time.Now()
	for h := range histories {
		victim := -1
		if crashes {
			victim = h % len(processes)
			count(processes[victim])
		}
		ops := history(t, h, processes, victim)
		if crashes {
			processes[victim].cmd.Wait()
			processes[victim] = startProcess(t, path, 3+h, victim == 2)
		}
		switch porcupine.CheckOperationsTimeout(model, ops, time.Minute) {
		case porcupine.Ok:
		case porcupine.Illegal:
			t.Fatalf("history %d is not linearizable", h)
		default:
			t.Fatalf("history %d couldn't be checked in time", h)
		}
	}
	for _, p := range processes {
		count(p)
	}
	t.Logf("%d histories of %d operations in %v: %d of %d reads were answered from memory", histories, operations, time.Since(begin).Round(time.Millisecond), hits, reads)
	if !crashes && hits*10 < reads*3 {
		t.Errorf("only %d of %d reads were answered from memory: that proves little", hits, reads)
	}
}

// history lets clients of all processes work on the same few keys, and gives what they saw.
func history(t *testing.T, h int, processes []*process, victim int) []porcupine.Operation {
	const clients = 9
	begin := time.Now()
	var mu sync.Mutex
	var ops []porcupine.Operation
	var wg sync.WaitGroup
	for i := range clients {
		random := rand.New(rand.NewPCG(uint64(h), uint64(i)))
		p := processes[i%len(processes)]
		c, err := p.client()
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			defer c.conn.Close()
			for n := range operations / clients {
				in := input{op: "rl"[random.IntN(2)], key: h*keysOf + random.IntN(keysOf)}
				if random.IntN(100) < 12 {
					in.op = "wa"[random.IntN(2)]
					in.note = fmt.Sprintf("%d.%d", i, n)
				}
				if i == victim && n == operations/clients/2 {
					p.cmd.Process.Kill()
				}
				o := porcupine.Operation{ClientId: i, Input: in, Call: int64(time.Since(begin))}
				out, err := c.ask(fmt.Sprintf("%c %d %s", in.op, in.key, in.note))
				o.Output, o.Return = plain(in.op, out), int64(time.Since(begin))
				if err != nil {
					if victim < 0 || i%len(processes) != victim {
						t.Error(err)
						return
					}
					if in.op == 'w' || in.op == 'a' { // it may have come to pass, then or later
						o.Output, o.Return = unknown, math.MaxInt64
						mu.Lock()
						ops = append(ops, o)
						mu.Unlock()
					}
					return
				}
				mu.Lock()
				ops = append(ops, o)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return ops
}
