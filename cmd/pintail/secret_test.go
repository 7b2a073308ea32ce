package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/internal/pgtest"
)

// A sharedBuffer is written by a program that runs while the test reads it.
type sharedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sharedBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *sharedBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestNoSecretIsShown runs every verb with an admin secret and a database password, asks the server with right and wrong
// secrets in every place where one can stand, and looks for them in all that was said.
func TestNoSecretIsShown(t *testing.T) {
	const secret, password, guess = "open-sesame-0c1f", "hunter2-77aa", "wrong-guess-41bc"
	inFolder(t, "")
	dsn, err := url.Parse(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	dsn.User = url.UserPassword(dsn.User.Username(), password)
	away := *dsn
	away.Host = "127.0.0.1:1"
	t.Setenv("PINTAIL_ADMIN_SECRET", secret)
	t.Setenv("PINTAIL_DATABASE_URL", dsn.String())
	t.Setenv("PINTAIL_LOG_LEVEL", "debug")
	t.Setenv("PINTAIL_LOG_SLOW", "1ns")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("schema.graphql", "type toast @table { id: bigint! @id name: String! }\n")
	write("toast.csv", "id,name\n1,Classic\n1,Twice\n")
	var said sharedBuffer
	verb := func(want int, args ...string) {
		t.Helper()
		if code := run(t.Context(), args, console{in: strings.NewReader(""), out: &said, err: &said}); code != want {
			t.Errorf("%s ended with %d, want %d:\n%s", args, code, want, said.String())
		}
	}
	verb(0, "schema", "check")
	verb(0, "schema", "apply")
	verb(0, "schema", "apply", "--dry-run", "--json")
	verb(0, "schema", "import")
	verb(0, "schema", "diff")
	verb(0, "schema", "export")
	verb(3, "import", "toast", "toast.csv")
	verb(3, "doctor", "--json", "--listen", "127.0.0.1:0", "--admin", "off")
	verb(0, "version", "--json")
	for _, flag := range []string{"schema import --database", "new elsewhere --from"} {
		verb(2, append(strings.Fields(flag), dsn.String())...)
	}

	ctx, stop := context.WithCancel(t.Context())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"serve", "--listen", address, "--admin", "off"}, console{in: strings.NewReader(""), out: &said, err: &said})
	}()
	ask := func(path, header, value string) int {
		r, err := http.NewRequest(http.MethodGet, "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if header != "" {
			r.Header.Set(header, value)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	for begin := time.Now(); ask("/rest/v1/toast", "", "") == 0 && time.Since(begin) < 20*time.Second; {
		time.Sleep(20 * time.Millisecond)
	}
	for header, value := range map[string]string{"apikey": "%s", "X-Hasura-Admin-Secret": "%s", "Authorization": "Bearer %s"} {
		if status := ask("/rest/v1/toast", header, strings.ReplaceAll(value, "%s", secret)); status != http.StatusOK {
			t.Errorf("%s with the secret: %d", header, status)
		}
		if status := ask("/rest/v1/toast", header, strings.ReplaceAll(value, "%s", guess)); status != http.StatusUnauthorized {
			t.Errorf("%s with a guess: %d", header, status)
		}
	}
	ask("/rest/v1/toast?apikey="+secret, "apikey", secret)
	ask("/rest/v1/toast?name=eq."+password+"&nothing=eq."+secret, "apikey", secret)
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("serve ended with %d", code)
	}

	// A database that is away, and one that refuses the password: the drivers' own words.
	t.Setenv("PINTAIL_DATABASE_URL", away.String())
	verb(1, "schema", "apply")
	verb(1, "serve", "--listen", "127.0.0.1:0", "--admin", "off")
	verb(3, "doctor", "--listen", "127.0.0.1:0", "--admin", "off")
	t.Setenv("PINTAIL_DATABASE_URL", "postgres://me:"+password+"@%zz/")
	verb(1, "schema", "apply")

	text := said.String()
	for name, hidden := range map[string]string{"the admin secret": secret, "the database's password": password, "a wrong secret": guess} {
		if i := strings.Index(text, hidden); i >= 0 {
			t.Errorf("%s was shown: …%s…", name, text[max(0, i-200):min(len(text), i+60)])
		}
	}
	if !strings.Contains(text, `"msg":"request"`) || !strings.Contains(text, "slow") {
		t.Errorf("the log has no request or no slow statement, so the test proves nothing:\n%s", text)
	}
}
