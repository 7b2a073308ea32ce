package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/store/postgres"
)

// TestPgBouncer asks the same questions through a real PgBouncer in transaction mode that has two connections for all.
func TestPgBouncer(t *testing.T) {
	if testing.Short() {
		t.Skip("needs PgBouncer; `make test` installs and runs it")
	}
	program, err := findBouncer()
	if err != nil {
		t.Fatal(err)
	}
	dsn := pgtest.DSN(t)
	execute(t, dsn, toolsSQL)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	s, _, err := migrate.InspectPostgres(t.Context(), conn, migrate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	st, err := postgres.Open(postgres.Config{DSN: bounce(t, program, dsn), Default: s.Default, SearchPath: append(s.Exposed, s.SearchPath...), Pooled: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	d := &door{schema: s, store: st, end: "rollback"}
	for range 2 {
		for _, q := range questions {
			got, err := d.ask(t, q.request)
			have := strings.ReplaceAll(string(got.Body), ", \n ", ",")
			if err != nil {
				have, _, _ = strings.Cut(err.Error(), ":")
			}
			if have != q.want {
				t.Errorf("%s\ngot  %s (%v)\nwant %s", q.request, have, err, q.want)
			}
		}
	}
}

// bounce starts a PgBouncer before a database and gives its address.
func bounce(t *testing.T, program, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	name := strings.TrimPrefix(u.Path, "/")
	config := filepath.Join(t.TempDir(), "pgbouncer.ini")
	text := fmt.Sprintf("[databases]\n%s = host=%s port=%s dbname=%s user=%s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\n"+
		"auth_type = any\npool_mode = transaction\ndefault_pool_size = 2\nunix_socket_dir =\n", name, u.Hostname(), u.Port(), name, u.User.Username(), port)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, config)
	if os.Getuid() == 0 { // which it refuses to run as
		who, err := user.Lookup("nobody")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(who.Uid)
		gid, _ := strconv.Atoi(who.Gid)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		for dir := filepath.Dir(config); dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
			os.Chmod(dir, 0o755)
		}
	}
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	u.Host = fmt.Sprintf("127.0.0.1:%d", port)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := pgx.Connect(t.Context(), u.String())
		if err == nil {
			conn.Close(context.Background())
			return u.String()
		}
		if time.Now().After(deadline) {
			t.Fatalf("pgbouncer doesn't answer: %v", err)
		}
	}
}

// findBouncer looks on PATH, and where Debian puts what only an administrator starts.
func findBouncer() (string, error) {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("PgBouncer is not installed; `make deps` installs it")
}
