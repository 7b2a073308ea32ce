package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ncruces/go-sqlite3"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"pintail": main})
}

// TestScript drives the program as a person would: each file of testdata/script is a session at a terminal.
//
//	exits CODE pintail …   runs a command that ends with that code
//	port NAME              puts a free address's port into $NAME
//	postgres NAME          puts the DSN of a fresh PostgreSQL database into $NAME
//	sql DSN STATEMENTS     runs statements on a PostgreSQL database, or on a SQLite file that is named sqlite:PATH
//	append FILE MORE       puts a file's text at another one's end
//	up URL                 waits until the URL answers
//	get URL                prints what a URL answers; `! get` wants a refusal
//	post URL BODY          posts JSON
//	becomes URL TEXT       waits until the URL's answer holds the text
//	sleep TIME             waits, where nothing is to be seen
//	hammer URL             asks a URL all the time until the script's `calm`, which fails if any answer wasn't a 200
func TestScript(t *testing.T) {
	for _, kind := range []string{"script", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			if kind == "postgres" {
				pgtest.DSN(t) // skips here, where it may, and not in the middle of a script
			}
			testscript.Run(t, testscript.Params{
				Dir:                 "testdata/" + kind,
				RequireExplicitExec: true,
				RequireUniqueNames:  true,
				UpdateScripts:       *update,
				Setup: func(e *testscript.Env) error {
					e.Setenv("NO_COLOR", "1")
					e.Setenv("HOME", e.WorkDir)
					e.Values[hammerKey{}] = &hammer{}
					return nil
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"exits": scriptExits, "port": scriptPort, "up": scriptUp, "get": scriptGet, "post": scriptPost,
					"becomes": scriptBecomes, "hammer": scriptHammer, "calm": scriptCalm,
					"sleep": func(ts *testscript.TestScript, _ bool, args []string) {
						d, err := time.ParseDuration(args[0])
						ts.Check(err)
						time.Sleep(d)
					},
					"sql":      scriptSQL,
					"append":   scriptAppend,
					"postgres": func(ts *testscript.TestScript, _ bool, args []string) { ts.Setenv(args[0], pgtest.DSN(t)) },
				},
			})
		})
	}
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command …")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("%s ended with %d, want %d", strings.Join(args[1:], " "), code, want)
	}
}

func scriptPort(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		ts.Setenv(name, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
		ts.Check(l.Close())
	}
}

func scriptAppend(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0]) + ts.ReadFile(args[1])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

func scriptSQL(ts *testscript.TestScript, _ bool, args []string) {
	if path, ok := strings.CutPrefix(args[0], "sqlite:"); ok {
		c, err := sqlite.OpenConn(ts.MkAbs(path), sqlite3.OPEN_READWRITE)
		ts.Check(err)
		ts.Check(errors.Join(c.Exec(args[1]), c.Close()))
		return
	}
	ctx := context.Background()
	conn, err := pgconn.Connect(ctx, args[0])
	ts.Check(err)
	_, err = conn.Exec(ctx, args[1]).ReadAll()
	ts.Check(errors.Join(err, conn.Close(ctx)))
}

const scriptPatience = 30 * time.Second

func scriptUp(ts *testscript.TestScript, _ bool, args []string) {
	for begin := time.Now(); time.Since(begin) < scriptPatience; time.Sleep(20 * time.Millisecond) {
		if r, err := http.Get(args[0]); err == nil {
			r.Body.Close()
			return
		}
	}
	ts.Fatalf("nothing answers at %s", args[0])
}

func ask(method, url, body string) (int, string, error) {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Prefer", "return=representation")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

func scriptAsk(ts *testscript.TestScript, neg bool, method, url, body string) {
	status, text, err := ask(method, url, body)
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), text)
	if neg == (status < 300) {
		ts.Fatalf("%s %s: %d %s", method, url, status, text)
	}
}

func scriptGet(ts *testscript.TestScript, neg bool, args []string) {
	scriptAsk(ts, neg, http.MethodGet, args[0], "")
}

func scriptPost(ts *testscript.TestScript, neg bool, args []string) {
	scriptAsk(ts, neg, http.MethodPost, args[0], args[1])
}

func scriptBecomes(ts *testscript.TestScript, neg bool, args []string) {
	var last string
	for begin := time.Now(); time.Since(begin) < scriptPatience; time.Sleep(50 * time.Millisecond) {
		_, text, err := ask(http.MethodGet, args[0], "")
		ts.Check(err)
		if last = text; strings.Contains(text, args[1]) != neg {
			return
		}
	}
	ts.Fatalf("%s answers %s", args[0], last)
}

// A hammer asks one URL all the time, on a fresh connection each, and counts.
type hammer struct {
	stop, done chan struct{}
	asked      int
	bad        bytes.Buffer
}

type hammerKey struct{}

func scriptHammer(ts *testscript.TestScript, _ bool, args []string) {
	h := ts.Value(hammerKey{}).(*hammer)
	h.stop, h.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(h.done)
		for {
			select {
			case <-h.stop:
				return
			default:
			}
			h.asked++
			time.Sleep(time.Millisecond)
			if status, text, err := ask(http.MethodGet, args[0], ""); err != nil || status != http.StatusOK {
				fmt.Fprintln(&h.bad, status, err, text)
			}
		}
	}()
}

func scriptCalm(ts *testscript.TestScript, _ bool, _ []string) {
	h := ts.Value(hammerKey{}).(*hammer)
	close(h.stop)
	<-h.done
	if h.bad.Len() > 0 || h.asked < 10 {
		ts.Fatalf("of %d requests these failed:\n%s", h.asked, h.bad.String())
	}
}
