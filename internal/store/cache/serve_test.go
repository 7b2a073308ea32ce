package cache

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// TestMain lets the test binary be a process that serves a database, where it is started so.
func TestMain(m *testing.M) {
	if socket := os.Getenv("PINTAIL_TEST_SERVE"); socket != "" {
		if err := serve(socket, os.Getenv("PINTAIL_TEST_DATABASE"), os.Getenv("PINTAIL_TEST_RAW") != ""); err != nil {
			fmt.Fprintln(os.Stderr, "serve:", err)
			os.Exit(1)
		}
		return
	}
	if path := os.Getenv("PINTAIL_TEST_SCRIPT"); path != "" {
		if err := runScript(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const historySQL = `
CREATE TABLE register (id INTEGER PRIMARY KEY, v INTEGER NOT NULL) STRICT;
CREATE TABLE item (id INTEGER PRIMARY KEY AUTOINCREMENT, list INTEGER NOT NULL, note TEXT NOT NULL) STRICT;
CREATE INDEX item_list ON item (list, id);
`

func historySchema() *schema.Schema {
	register := &schema.Table{Name: schema.Name{Name: "register"}, Columns: []*schema.Column{{Name: "id", Type: bigint, NotNull: true}, {Name: "v", Type: bigint, NotNull: true}}}
	item := &schema.Table{Name: schema.Name{Name: "item"}, Columns: []*schema.Column{
		{Name: "id", Type: bigint, NotNull: true}, {Name: "list", Type: bigint, NotNull: true}, {Name: "note", Type: txt, NotNull: true}}}
	s := &schema.Schema{Default: "public", Exposed: []string{"public"}, Tables: []*schema.Table{register, item}}
	for _, t := range s.Tables {
		t.Primary = &schema.Key{Name: t.Name.Name + "_pkey", Columns: t.Columns[:1]}
	}
	s.Link()
	return s
}

// A server answers one-line questions on a socket: r and l read a register or a list, w and a write them, s gives the statistics.
type server struct {
	schema *schema.Schema
	cached *Store
	mu     sync.Mutex
	plans  map[string]*plan.Plan
	raw    *sqlite3.Conn // writes go through it instead of the store
}

func serve(socket, path string, raw bool) error {
	st, err := sqlite.Open(sqlite.Config{Path: path})
	if err != nil {
		return err
	}
	s := &server{schema: historySchema(), cached: Wrap(st, Config{Rest: -1}).(*Store), plans: map[string]*plan.Plan{}}
	if raw {
		if s.raw, err = sqlite.OpenConn(path, sqlite3.OPEN_READWRITE); err != nil {
			return err
		}
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	go func() { // ends with whoever started it
		os.Stdin.Read(make([]byte, 1))
		l.Close()
	}()
	var wg sync.WaitGroup
	for {
		c, err := l.Accept()
		if err != nil {
			break
		}
		wg.Go(func() { s.answer(c) })
	}
	os.Exit(0) // clients may still be there; the parent is done with them
	return nil
}

func (s *server) answer(c net.Conn) {
	defer c.Close()
	in := bufio.NewScanner(c)
	for in.Scan() {
		out, err := s.do(in.Text())
		if err != nil {
			out = "! " + err.Error()
		}
		if _, err := fmt.Fprintln(c, strings.ReplaceAll(out, "\n", "")); err != nil {
			return
		}
	}
}

func (s *server) do(line string) (string, error) {
	word := strings.Fields(line)
	switch word[0] {
	case "r":
		return s.read("register", "id", word[1], "v")
	case "l":
		return s.read("item", "list", word[1], "note")
	case "w":
		return s.write("UPDATE register SET v = v + 1 WHERE id = " + word[1] + " RETURNING v")
	case "a":
		return s.write("INSERT INTO item (list, note) VALUES (" + word[1] + ", '" + word[2] + "') RETURNING id")
	}
	st := s.cached.Stats()
	return fmt.Sprint(st.Hits+st.Joined, st.Hits+st.Joined+st.Misses+st.Passed), nil
}

func (s *server) read(table, by, value, column string) (string, error) {
	q := &query.Select{From: query.Name{Name: table}, Items: []query.Item{&query.Output{Field: query.Field{Column: column}, Alias: "x"}},
		Where: &query.Compare{Field: query.Field{Column: by}, Op: query.Eq, Value: query.Text(value)}}
	_, args := query.Parameterize(q, nil)
	s.mu.Lock()
	p := s.plans[table]
	if p == nil {
		var err error
		if p, err = plan.Resolve(q, s.schema, plan.Options{}); err != nil {
			s.mu.Unlock()
			return "", err
		}
		s.plans[table] = p
	}
	s.mu.Unlock()
	r, err := s.cached.Read(context.Background(), p, args)
	return string(r.Body), err
}

func (s *server) write(sql string) (string, error) {
	if s.raw == nil {
		p := call(sql)
		p.Call.Function.Returns = schema.Returns{Type: bigint}
		r, err := s.cached.Write(context.Background(), store.Tx{Plan: p})
		return string(r.Body), err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		out, err := s.writeRaw(sql)
		if err == nil || !strings.Contains(err.Error(), "locked") {
			return out, err
		}
	}
}

func (s *server) writeRaw(sql string) (string, error) {
	st, _, err := s.raw.Prepare(sql)
	if err != nil {
		return "", err
	}
	defer st.Close()
	out := ""
	for st.Step() {
		out = st.ColumnText(0)
	}
	return out, st.Err()
}

// A process is the test binary serving a database.
type process struct {
	cmd    *exec.Cmd
	socket string
	stdin  interface{ Close() error }
}

func startProcess(t testing.TB, path string, n int, raw bool) *process {
	t.Helper()
	dir, err := os.MkdirTemp("", "pt") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := &process{socket: filepath.Join(dir, fmt.Sprint("s", n))}
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), "PINTAIL_TEST_SERVE="+p.socket, "PINTAIL_TEST_DATABASE="+path)
	if raw {
		p.cmd.Env = append(p.cmd.Env, "PINTAIL_TEST_RAW=1")
	}
	p.cmd.Stderr = os.Stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.stdin.Close()
		p.cmd.Wait()
	})
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if c, err := net.Dial("unix", p.socket); err == nil {
			c.Close()
			return p
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatal("the process doesn't listen")
		}
	}
}

// A client asks a process one thing after the other.
type client struct {
	conn net.Conn
	in   *bufio.Reader
}

func (p *process) client() (*client, error) {
	c, err := net.Dial("unix", p.socket)
	if err != nil {
		return nil, err
	}
	return &client{c, bufio.NewReaderSize(c, 1<<16)}, nil
}

func (c *client) ask(line string) (string, error) {
	if _, err := fmt.Fprintln(c.conn, line); err != nil {
		return "", err
	}
	out, err := c.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	if out = strings.TrimSuffix(out, "\n"); strings.HasPrefix(out, "! ") {
		return "", fmt.Errorf("%s: %s", line, out)
	}
	return out, nil
}
