//go:build unix

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// startWait bounds how long a server may take to answer; recovery after a kill is part of it.
const startWait = 60 * time.Second

// Options of a server. The zero value is a durable one.
type Options struct {
	FsyncOff bool     // nothing is forced to disk: faster, and lost with the machine's power
	Settings []string // lines for postgresql.conf, such as "wal_level=logical"
}

// A Server is a PostgreSQL cluster that belongs to one test.
type Server struct {
	bin      string // folder of initdb and postgres
	dir      string // holds data/, the socket and the log
	port     int
	settings []string
	account  *account
	watchdog *osexec.Cmd
	pipe     io.Closer // the watchdog's standard input; closing it removes everything

	mu     sync.Mutex
	proc   *osexec.Cmd
	exited chan struct{} // closed when proc has ended
}

// Start makes a cluster and starts it. It is stopped and removed when the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := open(o)
	if err != nil {
		giveUp(t, err)
	}
	t.Cleanup(s.remove)
	return s
}

// Port is the TCP port on 127.0.0.1; it stays the same over restarts.
func (s *Server) Port() int { return s.port }

// DSN is the address of the database "postgres", as superuser.
func (s *Server) DSN() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", s.port)
}

// Database makes an empty database for one test and returns its address.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	return database(t, s.DSN())
}

// Log is what the server has written so far.
func (s *Server) Log() string {
	b, err := os.ReadFile(s.logPath())
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Start starts a stopped or killed server again, on the same port and data, and waits until it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

// Stop stops the server as an operator would: it ends every connection, writes a checkpoint and exits.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the server as kill -9 does. What was not committed is lost; Start recovers the rest. PostgreSQL's own
// children see that their parent is gone and leave within moments.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if err := s.signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// open makes a cluster, sets a watchdog over it and starts it.
func open(o Options) (*Server, error) {
	bin, err := binaries(installs)
	if err != nil {
		return nil, err
	}
	who, err := serverAccount()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pintail-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir, account: who, settings: o.Settings}
	if o.FsyncOff {
		s.settings = append([]string{"fsync=off", "full_page_writes=off"}, s.settings...)
	}
	if err := s.create(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	if err := s.startOnFreePort(); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// create hands the folder to the server's account, sets the watchdog and runs initdb.
func (s *Server) create() error {
	if s.account != nil {
		if err := os.Chown(s.dir, s.account.uid, s.account.gid); err != nil {
			return err
		}
	}
	if err := s.watch(); err != nil {
		return err
	}
	initdb := s.command(filepath.Join(s.bin, "initdb"), "--pgdata", s.data(), "--username", "postgres",
		"--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		s.pipe.Close()
		return fmt.Errorf("initdb in %s: %w\n%s", s.dir, err, out)
	}
	return nil
}

// watch starts a shell, in a session of its own, that waits for its standard input to end. That happens when this
// process closes the pipe, exits or is killed. The shell then ends the server at once and removes the folder.
func (s *Server) watch() error {
	const script = `cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
	kill -QUIT "$pid" 2>/dev/null
	n=0
	while kill -0 "$pid" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done
	kill -KILL "$pid" 2>/dev/null
fi
rm -rf "$1"`
	cmd := s.command("/bin/sh", "-c", script, "pgtest-watchdog", s.dir)
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the watchdog over PostgreSQL: %w", err)
	}
	s.watchdog, s.pipe = cmd, pipe
	return nil
}

// remove lets the watchdog clean up, and waits for it.
func (s *Server) remove() {
	s.pipe.Close()
	s.watchdog.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc != nil {
		<-s.exited
	}
}

// startOnFreePort tries several ports: another process may take one between the look and the start.
func (s *Server) startOnFreePort() error {
	var err error
	for range 5 {
		if s.port, err = freePort(); err != nil {
			return err
		}
		if err = s.start(); err == nil || !strings.Contains(err.Error(), "Address already in use") {
			return err
		}
	}
	return err
}

// start runs the server and waits until it answers. After a kill, children of the old one may hold its memory for a
// moment longer; then it tries again.
func (s *Server) start() error {
	deadline := time.Now().Add(startWait)
	for {
		err := s.startOnce(deadline)
		if err == nil || !strings.Contains(err.Error(), "still in use") || time.Now().After(deadline) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (s *Server) startOnce(deadline time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running() {
		return errors.New("the server runs already")
	}
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	before, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	cmd := s.command(filepath.Join(s.bin, "postgres"), s.arguments()...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		cmd.Wait()
		close(exited)
	}()
	s.proc, s.exited = cmd, exited
	for {
		if err = s.ping(); err == nil {
			return nil
		}
		select {
		case <-exited:
			return fmt.Errorf("PostgreSQL ended instead of starting:\n%s", s.Log()[before:])
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("PostgreSQL did not answer in %s: %w\n%s", startWait, err, s.Log()[before:])
		}
	}
}

// arguments are the server's settings; later ones win.
func (s *Server) arguments() []string {
	args := []string{"-D", s.data(), "-p", strconv.Itoa(s.port)}
	for _, set := range append([]string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=" + s.dir, "timezone=UTC", "log_timezone=UTC",
		"max_connections=200", "shared_buffers=64MB", "lc_messages=C", "logging_collector=off",
	}, s.settings...) {
		args = append(args, "-c", set)
	}
	return args
}

func (s *Server) ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.DSN())
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// signal sends a signal to the server and waits until it has ended.
func (s *Server) signal(sig os.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running() {
		return errors.New("the server does not run")
	}
	if err := s.proc.Process.Signal(sig); err != nil {
		return err
	}
	select {
	case <-s.exited:
		return nil
	case <-time.After(startWait):
		return fmt.Errorf("PostgreSQL did not end %s after %s", startWait, sig)
	}
}

func (s *Server) running() bool {
	if s.proc == nil {
		return false
	}
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// command runs a program as the server's account in a session of its own, so that Ctrl-C at the terminal reaches
// the tests and not the server under them.
func (s *Server) command(name string, args ...string) *osexec.Cmd {
	cmd := osexec.Command(name, args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if s.account != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(s.account.uid), Gid: uint32(s.account.gid)}
	}
	return cmd
}

func (s *Server) data() string    { return filepath.Join(s.dir, "data") }
func (s *Server) logPath() string { return filepath.Join(s.dir, "log") }

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
