package pintail_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	postgresql "github.com/jackc/pgx/v5"
	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/shoptest"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// execute runs SQL beside the program, on either engine.
func execute(t testing.TB, dsn, sql string) {
	t.Helper()
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		c, err := sqlite.OpenConn(path, sqlite3.OPEN_READWRITE)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Exec(sql); err != nil {
			t.Fatal(err)
		}
		return
	}
	c, err := postgresql.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if _, err := c.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// makeSlow lets an update of an ingredient take for ever.
func makeSlow(t testing.TB, dsn string) {
	t.Helper()
	if strings.HasPrefix(dsn, "sqlite:") {
		execute(t, dsn, `CREATE TRIGGER slow BEFORE UPDATE ON ingredient BEGIN
			SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n); END`)
		return
	}
	execute(t, dsn, `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END';
		CREATE TRIGGER slow BEFORE UPDATE ON ingredient FOR EACH ROW EXECUTE FUNCTION slow()`)
}

// raw sends bytes as they are on a connection of their own, and reads the answer.
func raw(t testing.TB, s *served, text string) reply {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{r.StatusCode, r.Header, string(body)}
}

// TestCancelReachesTheEngine: when a client hangs up, its SQL ends within 100 ms.
func TestCancelReachesTheEngine(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start()
		makeSlow(t, s.dsn)
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, "PATCH", s.rest+"ingredient?id=eq.1", strings.NewReader(`{"vegan": true}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		time.AfterFunc(500*time.Millisecond, cancel)
		if answer, err := client.Do(r); err == nil {
			t.Fatal("it was answered: ", answer.Status)
		}
		hungUp := time.Now()
		if strings.HasPrefix(s.dsn, "sqlite:") {
			// There is one writer: this write is done once the other one is gone.
			ask(t, "POST", s.rest+"ingredient", `{"name": "next", "vegan": true}`).want(t, "the next write", 201, "")
		} else {
			watch, err := postgresql.Connect(t.Context(), s.dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer watch.Close(context.Background())
			hungUp = time.Now()
			for running := 1; running > 0 && time.Since(hungUp) < 5*time.Second; {
				if err := watch.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()").Scan(&running); err != nil {
					t.Fatal(err)
				}
			}
		}
		if took := time.Since(hungUp); took > slower*100*time.Millisecond {
			t.Errorf("the statement ran on for %v", took)
		}
	})
}

// TestPostgreSQLRestarts: while the server is away the answer is 503 with Retry-After, and then all is well by itself.
func TestPostgreSQLRestarts(t *testing.T) {
	server := pgtest.Start(t, pgtest.Options{FsyncOff: true})
	sch := shoptest.Schema(t)
	s := serve(t, sch, shoptest.PostgreSQLDSN(t, sch, server.Database(t)))
	ask(t, "GET", s.rest+"toast?limit=1", "").want(t, "before", 200, "[")
	server.Kill(t)
	// A backend may answer until it has noticed that its server is gone.
	for begin := time.Now(); ask(t, "GET", s.rest+"toast?limit=1", "").status == 200; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > 5*time.Second {
			t.Fatal("the server is gone, and answers")
		}
	}
	for _, method := range []string{"GET", "POST"} {
		got := ask(t, method, s.rest+"ingredient", map[string]string{"POST": `{"name": "lost", "vegan": true}`}[method])
		if got.status != 503 || got.header.Get("Retry-After") == "" {
			t.Errorf("%s while the server is away: %d %s, Retry-After %q", method, got.status, got.body, got.header.Get("Retry-After"))
		}
		for _, tells := range []string{"127.0.0.1", "dial", "SELECT", "postgres:"} {
			if strings.Contains(got.body, tells) {
				t.Errorf("the answer tells of the inside: %s", got.body)
			}
		}
	}
	server.Start(t)
	begin := time.Now()
	for ask(t, "GET", s.rest+"toast?limit=1", "").status != 200 {
		if time.Since(begin) > 10*time.Second {
			t.Fatal("the server is back, and the program doesn't see it")
		}
		time.Sleep(10 * time.Millisecond)
	}
	ask(t, "POST", s.rest+"ingredient", `{"name": "back", "vegan": true}`).want(t, "a write after", 201, "")
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("it took %v to see that the server is back", took)
	}
}

// TestDiskFullOnPostgreSQL: what PostgreSQL says of a full disk reaches the client as 503, in PostgreSQL's words.
func TestDiskFullOnPostgreSQL(t *testing.T) {
	sch := shoptest.Schema(t)
	s := serve(t, sch, shoptest.PostgreSQLDSN(t, sch, ""))
	execute(t, s.dsn, `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full',
		MESSAGE = 'could not extend file "base/5/16384": No space left on device', HINT = 'Check free disk space.'; END$$;
		CREATE TRIGGER full_disk BEFORE INSERT ON ingredient FOR EACH ROW EXECUTE FUNCTION full_disk()`)
	ask(t, "POST", s.rest+"ingredient", `{"name": "x", "vegan": true}`).want(t, "a write on a full disk", 503, `"code":"53100"`)
	ask(t, "GET", s.rest+"ingredient?limit=1", "").want(t, "a read on a full disk", 200, "[")
	execute(t, s.dsn, "DROP TRIGGER full_disk ON ingredient")
	ask(t, "POST", s.rest+"ingredient", `{"name": "x", "vegan": true}`).want(t, "a write when there is room", 201, "")
}

// TestReloadDropsNothing swaps the schema under load. Every request is answered by the old schema or by the new one.
func TestReloadDropsNothing(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start()
		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		var answered atomic.Int64
		for i := range 8 {
			group.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					got := ask(t, "GET", s.rest+"toast?select=id,ingredients(name)&id=eq.1", "")
					if i == 0 {
						got = ask(t, "POST", s.rest+"ingredient", fmt.Sprintf(`{"name": "r%d", "vegan": true}`, n))
					}
					if got.status != 200 && got.status != 201 {
						t.Errorf("a request during a reload: %d %s", got.status, got.body)
						return
					}
					answered.Add(1)
				}
			})
		}
		for range 50 {
			s.app.Reload(shoptest.Schema(t))
			time.Sleep(5 * time.Millisecond)
		}
		stop()
		group.Wait()
		if answered.Load() < 100 {
			t.Errorf("only %d requests", answered.Load())
		}
	})
}

// TestGracefulStop: a stop lets requests finish that are under way, and takes no new ones.
func TestGracefulStop(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		inside, goOn := make(chan struct{}), make(chan struct{})
		s := start()
		s.app.Before(pintail.Insert, "ingredient", func(ctx context.Context, w *pintail.Write) error {
			close(inside)
			<-goOn
			return nil
		})
		got := make(chan reply, 1)
		go func() { got <- ask(t, "POST", s.rest+"ingredient", `{"name": "last", "vegan": true}`) }()
		<-inside
		stopped := make(chan error, 1)
		go func() { stopped <- s.stop() }()
		for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			c, err := net.Dial("tcp", s.addr)
			if err != nil {
				break
			}
			c.Close()
			if time.Since(begin) > 5*time.Second {
				t.Fatal("a stopping program takes new connections")
			}
		}
		close(goOn)
		(<-got).want(t, "a request under way", 201, "")
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
}

// TestHooksOverHTTP: a hook refuses, errs, hangs, panics, writes; each is answered, and none holds others up.
func TestHooksOverHTTP(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start()
		s.app.Before(pintail.Insert, "ingredient", func(ctx context.Context, w *pintail.Write) error {
			switch {
			case bytes.Contains(w.Rows, []byte("refused")):
				return errors.New("we don't serve this")
			case bytes.Contains(w.Rows, []byte("hangs")):
				<-make(chan struct{})
			case bytes.Contains(w.Rows, []byte("panics")):
				panic("a hook's own mistake")
			case bytes.Contains(w.Rows, []byte("around")):
				_, err := s.app.Do(ctx, query.Admin, &query.Insert{Into: query.Name{Name: "ingredient"}, Columns: []string{"name", "vegan"}, Rows: query.Text(`[{"name": "stolen", "vegan": true}]`)})
				return err
			}
			return nil
		})
		add := func(name string) reply {
			return ask(t, "POST", s.rest+"ingredient", fmt.Sprintf(`{"name": %q, "vegan": true}`, name))
		}
		add("refused").want(t, "a hook that refuses", 409, "we don't serve this")
		add("panics").want(t, "a hook that panics", 500, "PT500")
		add("around").want(t, "a hook that writes through App.Do", 409, "PT409")
		begin := time.Now()
		got := add("hangs")
		if took := time.Since(begin); got.status < 500 && got.status != 409 || took < 900*time.Millisecond || took > 2*time.Second {
			t.Errorf("a hook that hangs, after %v: %d %s", took, got.status, got.body)
		}
		add("fine").want(t, "the next write", 201, "")
		if got := ask(t, "GET", s.rest+"ingredient?select=name&id=gt.100&order=name", ""); strings.Contains(got.body, "stolen") || strings.Contains(got.body, "hangs") {
			t.Error("a refused write is there:", got.body)
		}
	})
}

// TestNoSecretInLogs sends secrets in every place where one may stand, with every level of the log on.
func TestNoSecretInLogs(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		var mu sync.Mutex
		var said bytes.Buffer
		log := slog.New(slog.NewJSONHandler(lockedWriter{&mu, &said}, &slog.HandlerOptions{Level: slog.LevelDebug}))
		s := start(func(c *pintail.Config) {
			c.Open, c.AdminSecret, c.Log, c.SlowTime = false, "hunter2-admin", log, time.Nanosecond
		})
		for _, key := range []string{"apikey", "X-Hasura-Admin-Secret"} {
			ask(t, "GET", s.rest+"customer?email=eq.hunter2-filter&limit=1", "", key, "hunter2-admin", "Cookie", "session=hunter2-cookie", "X-Other", "hunter2-header")
			ask(t, "GET", s.rest+"customer?id=eq.hunter2-value", "", key, "hunter2-admin", "Referer", "http://x/hunter2-referer")
			ask(t, "GET", s.rest+"customer", "", key, "hunter2-wrong")
		}
		ask(t, "GET", s.rest+"customer?limit=1", "", "Authorization", "Bearer hunter2-admin")
		ask(t, "GET", s.rest+"customer?limit=1", "", "Authorization", "Bearer hunter2-bearer")
		ask(t, "POST", s.rest+"ingredient", `{"name": "hunter2-body", "vegan": "hunter2-boolean"}`, "apikey", "hunter2-admin")
		ask(t, "POST", s.rest+"ingredient", `{"name": "hunter2-body", "vegan": true}`, "apikey", "hunter2-admin")
		ask(t, "POST", s.rest+"ingredient", `{"name": "hunter2-body", "vegan": true}`, "apikey", "hunter2-admin")
		ask(t, "POST", s.rest+"ingredient", `{"hunter2-broken`, "apikey", "hunter2-admin")
		ask(t, "GET", s.rest+"rpc/top_toasts?most=hunter2-argument", "", "apikey", "hunter2-admin")
		mu.Lock()
		defer mu.Unlock()
		if !strings.Contains(said.String(), `"msg":"request"`) || !strings.Contains(said.String(), "slow statement") {
			t.Error("nothing was logged")
		}
		if strings.Contains(said.String(), "not known") {
			t.Errorf("a slow statement's plan is not told: %s", said.String())
		}
		for line := range strings.Lines(said.String()) {
			if strings.Contains(line, "hunter2") {
				t.Errorf("a secret: %s", line)
			}
		}
	})
	t.Run("the database's address", func(t *testing.T) {
		for _, dsn := range []string{
			"postgres://me:hunter2@127.0.0.1:1/x?sslmode=disable", "postgres://me@127.0.0.1:1/x?password=hunter2", "postgres://me:hunter2@127.0.0.1:notaport/x",
			"mysql://me:hunter2@127.0.0.1/x", "postgres://me:hunter2%zz@127.0.0.1/x", "postgres://me:hunter2@/x?nonsense=%",
		} {
			var said bytes.Buffer
			app, err := pintail.New(t.Context(), pintail.Config{Parsed: &schema.Schema{}, Database: dsn, Open: true, Log: slog.New(slog.NewJSONHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))})
			text := ""
			if err == nil {
				s := run(t, app, dsn)
				text = ask(t, "GET", s.rest+"toast", "").body
				if err := s.stop(); err != nil {
					text += err.Error()
				}
			} else {
				text = err.Error()
			}
			if text += said.String(); strings.Contains(text, "hunter2") {
				t.Errorf("%s: %s", dsn, text)
			}
		}
	})
}

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
