package pintail_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/pgtest"
	lite "github.com/pintail-dev/pintail/internal/store/sqlite"
)

const crashSchema = `
type account @table {
  id: bigint! @id
  owner: String!
}
type entry @table @index(columns: ["pair"]) {
  id: bigint! @id
  account_id: bigint!
  account: account! @relation(columns: ["account_id"])
  pair: bigint!
  amount: Int!
}
`

// Each write is one transaction of two entries that sum to nothing. A half of it, or an acknowledged one that is gone, is
// a broken promise.

// TestKilledOnSQLite kills the program -9 while 32 clients write, restarts it, and holds it to every answer that it gave.
func TestKilledOnSQLite(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills the program; `make test` runs it")
	}
	dir := t.TempDir()
	database := "sqlite:" + filepath.Join(dir, "crash.db")
	p := newVictim(t, dir, database)
	for range kills() {
		p.round(t, func() { p.kill(t) })
		if got := integrity(t, filepath.Join(dir, "crash.db")); got != "ok" {
			t.Fatalf("integrity check: %s", got)
		}
	}
	t.Logf("%d acknowledged transactions, none lost; slowest restart %v", p.acked.Load(), p.slowest)
}

// TestKilledOnPostgreSQL kills the program, and every other time the database server.
func TestKilledOnPostgreSQL(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills the program; `make test` runs it")
	}
	server := pgtest.Start(t, pgtest.Options{})
	p := newVictim(t, t.TempDir(), server.DSN())
	for i := range kills() {
		p.round(t, func() {
			if i%2 == 1 {
				server.Kill(t)
			}
			p.kill(t)
			if i%2 == 1 {
				server.Start(t)
			}
		})
	}
	t.Logf("%d acknowledged transactions, none lost; slowest restart %v", p.acked.Load(), p.slowest)
}

// kills is how often: five times in every test, fifty in a proof.
func kills() int {
	if os.Getenv("PINTAIL_PROVE") != "" {
		return 50
	}
	return 5
}

// A victim is a program that is killed again and again on one database.
type victim struct {
	dir, url string
	env      []string
	cmd      *exec.Cmd
	next     atomic.Int64
	acked    atomic.Int64
	promises sync.Map // pair → true, once acknowledged
	slowest  time.Duration
}

func newVictim(t *testing.T, dir, database string) *victim {
	t.Helper()
	bin := program(t)
	schema := filepath.Join(dir, "schema.graphql")
	if err := os.WriteFile(schema, []byte(crashSchema), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &victim{dir: dir, env: append(os.Environ(), "PINTAIL_DATABASE_URL="+database, "PINTAIL_SCHEMA="+schema)}
	apply := exec.Command(bin, "schema", "apply")
	apply.Env, apply.Dir = p.env, dir
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("schema apply: %v\n%s", err, out)
	}
	p.start(t)
	t.Cleanup(func() { p.kill(t) })
	p.post(t, "account", `[{"id": 1, "owner": "Ada"}, {"id": 2, "owner": "Alan"}]`)
	return p
}

var buildProgram = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pintail-program")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "pintail")
	cmd := exec.Command("go", "build", "-o", bin, "./cmd/pintail")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return bin, nil
})

// program builds the command once for all tests.
func program(t *testing.T) string {
	t.Helper()
	bin, err := buildProgram()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// start starts the program and waits for its first answer.
func (p *victim) start(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	bin, _ := buildProgram()
	p.cmd = exec.Command(bin, "serve", "--open", "--listen", addr, "--admin", "off")
	p.cmd.Env, p.cmd.Dir = p.env, p.dir
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var said bytes.Buffer
	p.cmd.Stderr = &said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.url = "http://" + addr + "/rest/v1/"
	begin := time.Now()
	for {
		r, err := http.Get(p.url + "account?limit=1")
		if err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("no answer after a restart\n%s", said.String())
		}
		time.Sleep(2 * time.Millisecond)
	}
	p.slowest = max(p.slowest, time.Since(begin))
}

func (p *victim) kill(t *testing.T) {
	if p.cmd == nil {
		return
	}
	// It may have ended by itself; Wait says so as well.
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	p.cmd = nil
}

func (p *victim) post(t *testing.T, table, body string) {
	t.Helper()
	r, err := http.Post(p.url+table, "application/json", bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(r.Body)
		t.Fatalf("%d %s", r.StatusCode, text)
	}
}

// round lets 32 clients write until blow strikes, restarts, and checks every promise.
func (p *victim) round(t *testing.T, blow func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			for ctx.Err() == nil {
				p.write(ctx)
			}
		})
	}
	time.Sleep(time.Duration(150+rand.IntN(350)) * time.Millisecond)
	blow()
	stop()
	group.Wait()
	p.start(t)
	p.check(t)
}

// write sends one transaction and remembers it once it is acknowledged.
func (p *victim) write(ctx context.Context) {
	pair := p.next.Add(1)
	body := fmt.Sprintf(`[{"id": %d, "account_id": 1, "pair": %d, "amount": %d}, {"id": %d, "account_id": 2, "pair": %d, "amount": %d}]`,
		2*pair, pair, pair%1000, 2*pair+1, pair, -(pair % 1000))
	r, err := http.NewRequestWithContext(ctx, "POST", p.url+"entry", bytes.NewBufferString(body))
	if err != nil {
		return
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return // no answer is no promise
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	if answer.StatusCode == http.StatusCreated {
		p.promises.Store(pair, true)
		p.acked.Add(1)
	}
}

// check reads all entries: every promised pair is there, and none is there by half.
func (p *victim) check(t *testing.T) {
	t.Helper()
	halves := map[int64]int{}
	for offset := 0; ; offset += 10_000 {
		r, err := http.Get(fmt.Sprintf("%sentry?select=pair,amount&order=id&limit=10000&offset=%d", p.url, offset))
		if err != nil {
			t.Fatal(err)
		}
		var rows []struct{ Pair, Amount int64 }
		err = json.NewDecoder(r.Body).Decode(&rows)
		r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			halves[row.Pair]++
		}
		if len(rows) < 10_000 {
			break
		}
	}
	for pair, n := range halves {
		if n != 2 {
			t.Fatalf("transaction %d is there by half", pair)
		}
	}
	p.promises.Range(func(pair, _ any) bool {
		if halves[pair.(int64)] == 0 {
			t.Fatalf("transaction %d was acknowledged and is gone", pair)
		}
		return true
	})
}

// integrity is what SQLite says of a file.
func integrity(t *testing.T, path string) string {
	t.Helper()
	c, err := lite.OpenConn(path, sqlite3.OPEN_READWRITE)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	stmt, _, err := c.Prepare("PRAGMA integrity_check")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	if !stmt.Step() {
		t.Fatal(stmt.Err())
	}
	return stmt.ColumnText(0)
}
