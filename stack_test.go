package pintail_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/shoptest"
	"github.com/pintail-dev/pintail/schema"
)

// onEngines runs a test on the small shop on each engine. make starts the whole program's handler under a real listener
// with the settings given, as often as it is called.
func onEngines(t *testing.T, test func(t *testing.T, start func(...func(*pintail.Config)) *served)) {
	t.Helper()
	s := shoptest.Schema(t)
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			dsn := ""
			if engine == "SQLite" {
				dsn = shoptest.SQLiteDSN(t, s)
			} else {
				dsn = shoptest.PostgreSQLDSN(t, s, "")
			}
			test(t, func(set ...func(*pintail.Config)) *served { return serve(t, s, dsn, set...) })
		})
	}
}

// onFronts is onEngines, and on SQLite everything by net/http alone besides: for what a front promises.
func onFronts(t *testing.T, test func(t *testing.T, start func(...func(*pintail.Config)) *served)) {
	t.Helper()
	onEngines(t, test)
	s := shoptest.Schema(t)
	t.Run("net/http", func(t *testing.T) {
		dsn := shoptest.SQLiteDSN(t, s)
		test(t, func(set ...func(*pintail.Config)) *served {
			return serve(t, s, dsn, append(set, func(c *pintail.Config) { c.NetHTTP = true })...)
		})
	})
}

// A served is an app under its own listener.
type served struct {
	app  *pintail.App
	url  string // http://127.0.0.1:PORT
	rest string // url + /rest/v1/
	dsn  string
	addr string
	stop func() error // gracefully; once
}

// serve runs an app in open mode until the test ends.
func serve(t *testing.T, s *schema.Schema, dsn string, set ...func(*pintail.Config)) *served {
	t.Helper()
	config := pintail.Config{Parsed: s, Database: dsn, Open: true}
	for _, f := range set {
		f(&config)
	}
	app, err := pintail.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return run(t, app, dsn)
}

func run(t *testing.T, app *pintail.App, dsn string) *served {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- app.RunOn(ctx, l, nil) }()
	v := &served{app: app, addr: l.Addr().String(), url: "http://" + l.Addr().String(), dsn: dsn}
	v.rest = v.url + "/rest/v1/"
	stopped := false
	v.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-done
	}
	t.Cleanup(func() {
		ended := make(chan error, 1)
		go func() { ended <- v.stop() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the program doesn't stop")
		}
	})
	return v
}

// A reply is a whole answer.
type reply struct {
	status int
	header http.Header
	body   string
}

// client decompresses nothing by itself.
var client = &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}, Timeout: 20 * time.Second}

// ask sends one request. Headers come as name and value in turn. A Host header is sent as such.
func ask(t testing.TB, method, url, body string, headers ...string) reply {
	t.Helper()
	var from io.Reader
	if body != "" {
		from = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, from)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	return send(t, r)
}

func send(t testing.TB, r *http.Request) reply {
	t.Helper()
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{answer.StatusCode, answer.Header, string(text)}
}

// want holds a reply to a status and to what its body says.
func (r reply) want(t testing.TB, what string, status int, in string) {
	t.Helper()
	if r.status != status || !strings.Contains(r.body, in) {
		t.Errorf("%s: %d %.400s\nwant %d and %q in it", what, r.status, r.body, status, in)
	}
}
