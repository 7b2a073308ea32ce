//go:build unix

package pgtest

import (
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// victim, set in the environment, makes TestVictim start a server and hang until it is killed.
const victim = "PINTAIL_PGTEST_VICTIM"

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func one[T any](t *testing.T, conn *pgx.Conn, sql string) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func do(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestDSNIsAFreshDatabase(t *testing.T) {
	a, b := connect(t, DSN(t)), connect(t, DSN(t))
	do(t, a, "CREATE TABLE only_here (id int)")
	if n := one[int](t, b, "SELECT count(*) FROM pg_class WHERE relname = 'only_here'"); n != 0 {
		t.Error("a second database sees the first one's table")
	}
	for sql, want := range map[string]string{
		"SHOW server_encoding": "UTF8",
		"SELECT datcollate FROM pg_database WHERE datname = current_database()": "C",
	} {
		if got := one[string](t, a, sql); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}

func TestDatabaseIsDroppedAfterItsTest(t *testing.T) {
	var name string
	t.Run("user", func(t *testing.T) {
		name = one[string](t, connect(t, DSN(t)), "SELECT current_database()")
	})
	if n := one[int](t, connect(t, DSN(t)), "SELECT count(*) FROM pg_database WHERE datname = '"+name+"'"); n != 0 {
		t.Errorf("%s outlived its test", name)
	}
}

func TestServerKeepsWhatWasCommitted(t *testing.T) {
	s := Start(t, Options{})
	port := s.Port()
	conn := connect(t, s.DSN())
	do(t, conn, "CREATE TABLE kept (id int)")
	do(t, conn, "INSERT INTO kept VALUES (1)")
	s.Kill(t)
	if err := s.ping(); err == nil {
		t.Fatal("a killed server still answers")
	}
	s.Start(t)
	do(t, connect(t, s.DSN()), "INSERT INTO kept VALUES (2)")
	s.Stop(t)
	s.Start(t)
	if s.Port() != port {
		t.Errorf("port moved from %d to %d", port, s.Port())
	}
	if n := one[int](t, connect(t, s.DSN()), "SELECT count(*) FROM kept"); n != 2 {
		t.Errorf("%d rows after a kill and a restart, want 2", n)
	}
	if !strings.Contains(s.Log(), "automatic recovery in progress") {
		t.Errorf("no recovery in the log, so nothing was killed:\n%s", s.Log())
	}
}

func TestSettings(t *testing.T) {
	s := Start(t, Options{FsyncOff: true, Settings: []string{"wal_level=logical"}})
	conn := connect(t, s.Database(t))
	for name, want := range map[string]string{"wal_level": "logical", "fsync": "off", "TimeZone": "UTC"} {
		if got := one[string](t, conn, "SHOW "+name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestVictim(t *testing.T) {
	if os.Getenv(victim) == "" {
		return // runs as a child of TestServerEndsWithAKilledProcess
	}
	s := Start(t, Options{FsyncOff: true})
	fmt.Printf("dir=%s\n", s.dir)
	select {}
}

func TestServerEndsWithAKilledProcess(t *testing.T) {
	child := osexec.Command(os.Args[0], "-test.run=^TestVictim$")
	child.Env = append(os.Environ(), victim+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var dir string
	if _, err := fmt.Fscanf(out, "dir=%s\n", &dir); err != nil {
		t.Fatal(err)
	}
	pid, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	postmaster, _, _ := strings.Cut(string(pid), "\n")
	child.Process.Kill()
	child.Wait()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		_, err := os.Stat(dir)
		if alive := osexec.Command("kill", "-0", postmaster).Run() == nil; !alive && os.IsNotExist(err) {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("20 s after its test process was killed: PostgreSQL %s alive: %t, folder %s: %v", postmaster, alive, dir, err)
		}
	}
}

func TestMissingPostgreSQLSaysHowToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := binaries([]string{filepath.Join(t.TempDir(), "*")}); err == nil || !strings.Contains(err.Error(), "make deps") {
		t.Errorf("got %v, want a sentence that names `make deps`", err)
	}
}
