package pintail_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pintail-dev/pintail"
)

// from gives a client whose connections come from an address of this machine.
func from(t testing.TB, addr string) *http.Client {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(addr)}}
	transport := &http.Transport{DialContext: dialer.DialContext, DisableCompression: true, MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// asked sends one request by a client, with headers as name and value in turn.
func asked(t testing.TB, c *http.Client, method, url, body string, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := c.Do(r)
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

func limited(text string) func(*pintail.Config) {
	return func(c *pintail.Config) { c.Gate.Limit = text }
}

// TestRateLimit: a client gets its burst and not one more; it is told where it stands; another one isn't touched.
func TestRateLimit(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start(limited("1/m burst 5"), func(c *pintail.Config) { c.Public = public(t) })
		for i, path := range []string{"/rest/v1/toast?limit=1", "/v1/graphql?query={toast(limit:1){id}}", "/page.txt", "/nothing", "/openapi.json"} {
			got := ask(t, "GET", s.url+path, "")
			if want := fmt.Sprintf(`"default";r=%d;t=%d`, 4-i, 60*(i+1)); got.status == 429 || got.header.Get("RateLimit") != want {
				t.Errorf("%s: %d, RateLimit %s, not %s", path, got.status, got.header.Get("RateLimit"), want)
			}
			if got := got.header.Get("RateLimit-Policy"); got != `"default";q=5;w=300` {
				t.Errorf("%s: RateLimit-Policy %s", path, got)
			}
		}
		for _, path := range []string{"/rest/v1/toast?limit=1", "/v1/graphql?query={toast(limit:1){id}}", "/page.txt", "/nothing", "/openapi.json"} {
			got := ask(t, "GET", s.url+path, "")
			got.want(t, "one past the burst", 429, "too many requests from this client")
			wait, err := strconv.Atoi(got.header.Get("Retry-After"))
			if err != nil || wait < 50 || wait > 60 || got.header.Get("RateLimit") != `"default";r=0;t=300` {
				t.Errorf("%s: Retry-After %q, RateLimit %s", path, got.header.Get("Retry-After"), got.header.Get("RateLimit"))
			}
		}
		if got := ask(t, "GET", s.rest+"toast", "").body; !strings.HasPrefix(got, `{"code":"PT429","details":"a client may ask for 1 request a minute, and 5 at once after a pause","hint":`) {
			t.Error(got)
		}
		if got := ask(t, "POST", s.url+"/v1/graphql", `{"query": "{toast{id}}"}`); !strings.Contains(got.body, `{"errors":[{`) || !strings.Contains(got.body, "PT429") && !strings.Contains(got.body, "too many") {
			t.Error(got.body)
		}
		asked(t, from(t, "127.0.0.2"), "GET", s.rest+"toast?limit=1", "").want(t, "another client", 200, "[")
		stats := s.app.Gate().Limit
		if stats.Admitted != 6 || stats.Refused["rate"] != 7 || len(stats.Most) != 1 || stats.Most[0].Client != "127.0.0.1" || stats.Most[0].Count != 7 {
			t.Errorf("%+v", stats)
		}
	})
}

// public makes a folder of static files.
func public(t testing.TB) string {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "page.txt"), []byte("a page"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestRateLimitDefault: where nothing is said, the admin and open mode have no limit, and whoever has no key has one of 100 requests a second
// after 200 at once.
func TestRateLimitDefault(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		open := start()
		for range 250 {
			if got := ask(t, "GET", open.rest+"toast?limit=1", ""); got.status != 200 || got.header.Get("RateLimit") != "" {
				t.Fatalf("open mode: %d, RateLimit %s", got.status, got.header.Get("RateLimit"))
			}
		}
		locked := start(func(c *pintail.Config) { c.Open, c.AdminSecret = false, "secret" })
		statuses := map[int]int{}
		begin := time.Now()
		for i := range 300 {
			key := []string{"", "wrong"}[i%2] // which is no key
			statuses[ask(t, "GET", locked.rest+"toast?limit=1", "", "apikey", key).status]++
		}
		most := 200 + int(time.Since(begin)/(10*time.Millisecond)) + 1
		if statuses[401] < 200 || statuses[401] > most || statuses[401]+statuses[429] != 300 {
			t.Errorf("without a key: %v; at most %d within the limit", statuses, most)
		}
		for range 250 {
			if got := ask(t, "GET", locked.rest+"toast?limit=1", "", "apikey", "secret"); got.status != 200 || got.header.Get("RateLimit") != "" {
				t.Fatalf("the admin: %d, RateLimit %s", got.status, got.header.Get("RateLimit"))
			}
		}

		set := start(limited("1/m burst 2"), func(c *pintail.Config) { c.Open, c.AdminSecret = false, "secret" })
		asked(t, from(t, "127.0.0.2"), "GET", set.rest+"toast?limit=1", "", "apikey", "secret").want(t, "what is set holds for the admin", 200, "")
		ask(t, "GET", set.rest+"toast?limit=1", "", "Authorization", "Bearer secret").want(t, "from another address", 200, "")
		ask(t, "GET", set.rest+"toast?limit=1", "", "apikey", "secret").want(t, "who is one client, wherever it is", 429, "PT429")
		ask(t, "GET", set.rest+"toast?limit=1", "").want(t, "and another than whoever has no key", 401, "PT401")
		if most := set.app.Gate().Limit.Most; len(most) != 1 || most[0].Client != "the admin secret" {
			t.Errorf("%+v", most)
		}
	})
}

// TestRateReport lets everything through and shows who would be refused.
func TestRateReport(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start(limited("report 1/m burst 2"))
		for range 5 {
			ask(t, "GET", s.rest+"toast?limit=1", "").want(t, "report", 200, "[")
		}
		if got := s.app.Gate().Limit; got.Reported != 3 || got.Refused["rate"] != 0 || len(got.Most) != 1 || got.Most[0].Count != 3 {
			t.Errorf("%+v", got)
		}
	})
}

// TestRateRows: where rows are counted, a request costs the rows that it may touch, at most the burst.
func TestRateRows(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		for _, c := range []struct {
			method, path, body string
			left               string
		}{
			{"GET", "/rest/v1/toast?id=eq.1", "", "99"},
			{"GET", "/rest/v1/toast?limit=30", "", "70"},
			{"GET", "/rest/v1/toast", "", "0"},
			{"GET", "/rest/v1/toast?limit=1000", "", "0"},
			{"POST", "/v1/graphql", `{"query": "{toast(limit: 40) {id}}"}`, "60"},
			{"POST", "/rest/v1/ingredient", `[{"name": "a", "vegan": true}, {"name": "b", "vegan": true}]`, "98"},
		} {
			s := start(limited("1 rows/m burst 100"))
			got := ask(t, c.method, s.url+c.path, c.body)
			if field := got.header.Get("RateLimit"); got.status > 201 || !strings.HasPrefix(field, `"default";r=`+c.left+";") {
				t.Errorf("%s %s: %d, RateLimit %s, not r=%s", c.method, c.path, got.status, field, c.left)
			}
			if got := got.header.Get("RateLimit-Policy"); got != `"default";q=100;qu="rows";w=6000` {
				t.Error(got)
			}
			ask(t, "DELETE", s.rest+"ingredient?name=in.(a,b)&limit=2&order=id", "")
			if c.left == "0" {
				ask(t, "GET", s.rest+"toast?id=eq.1", "").want(t, "the next one", 429, "too many rows")
			}
		}
		s := start(limited("1 rows/m burst 100"))
		ask(t, "GET", s.rest+"toast?limit=60", "").want(t, "within", 200, "[")
		for range 3 {
			got := ask(t, "GET", s.rest+"toast?limit=60", "")
			got.want(t, "one that costs more than is left", 429, "too many rows")
			if wait := got.header.Get("Retry-After"); wait != "1199" && wait != "1200" || !strings.HasPrefix(got.header.Get("RateLimit"), `"default";r=40;`) { // 20 rows
				t.Errorf("Retry-After %s, RateLimit %s", wait, got.header.Get("RateLimit"))
			}
		}
		ask(t, "GET", s.rest+"toast?limit=40", "").want(t, "what is left: being refused cost nothing", 200, "[")
		ask(t, "GET", s.rest+"nothing", "").want(t, "what has no plan costs no rows", 404, "")
		for range 94 { // six came before
			ask(t, "GET", s.rest+"toast?id=eq.1", "").want(t, "no rows are left", 429, "too many rows")
		}
		got := ask(t, "GET", s.rest+"toast?id=eq.1", "")
		got.want(t, "nor requests", 429, "too many requests from this client")
		got.want(t, "nor requests", 429, "a client may send, as it may ask for rows, 1 request a minute, and 100 at once after a pause")
		if field := got.header.Get("RateLimit"); field != `"default";r=0;t=6000` {
			t.Error(field)
		}
	})
}

// TestRateRowsComeBack: a client that asks for something dear again and again, sooner than rows come back, gets it all the same; and so does
// one that asks once and waits as long as it is told.
func TestRateRowsComeBack(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		dear, most := "toast", 10*time.Second // nothing bounds it: it costs the burst
		s := start(limited("20 rows/s burst 40"))
		for _, patient := range []bool{false, true} {
			ask(t, "GET", s.rest+dear, "") // leaves nothing
			begin := time.Now()
			for got := ask(t, "GET", s.rest+dear, ""); got.status != 200; got = ask(t, "GET", s.rest+dear, "") {
				wait, err := strconv.Atoi(got.header.Get("Retry-After"))
				if got.status != 429 || err != nil || time.Since(begin) > most {
					t.Fatalf("patient %v, after %v: %d, Retry-After %q", patient, time.Since(begin), got.status, got.header.Get("Retry-After"))
				}
				time.Sleep(20 * time.Millisecond) // fifty times a second
				if patient {
					time.Sleep(time.Duration(wait) * time.Second)
					ask(t, "GET", s.rest+dear, "").want(t, "having waited as long as told", 200, "[")
					break
				}
			}
		}
	})
}

// TestTrustedProxies: the word of a proxy counts where it is trusted, and nobody else's.
func TestTrustedProxies(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start(limited("1/m burst 1"), func(c *pintail.Config) {
			c.Open, c.AdminSecret = false, "secret"
			c.Gate.TrustedProxies = []string{"127.0.0.1"}
		})
		get := func(client *http.Client, forwarded string) int {
			return asked(t, client, "GET", s.rest+"toast", "", "X-Forwarded-For", forwarded).status
		}
		for _, c := range []struct {
			forwarded string
			status    int
		}{
			{"198.51.100.1", 401}, {"198.51.100.1", 429}, {"198.51.100.2", 401}, {"203.0.113.1, 198.51.100.2", 429},
			{"2001:db8::1", 401}, {"2001:db8::2", 429}, {"2001:db8:0:1::1", 401},
		} {
			if got := get(client, c.forwarded); got != c.status {
				t.Errorf("X-Forwarded-For %s: %d, not %d", c.forwarded, got, c.status)
			}
		}
		direct := from(t, "127.0.0.2")
		if a, b := get(direct, "198.51.100.8"), get(direct, "198.51.100.9"); a != 401 || b != 429 {
			t.Errorf("a client that names addresses itself: %d, then %d", a, b)
		}
	})
}

// TestClientConnections: a client has so many connections; one more takes the place of its oldest one without a whole request, and no other
// client's.
func TestClientConnections(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start(func(c *pintail.Config) { c.Gate.ClientConnectionsMax = 3 })
		dial := func(from string) net.Conn {
			d := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
			c, err := d.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			return c
		}
		say := func(c net.Conn, text string) {
			if _, err := io.WriteString(c, text); err != nil {
				t.Fatal(err)
			}
		}
		request := "GET /rest/v1/toast?limit=1 HTTP/1.1\r\nHost: " + s.addr + "\r\n\r\n"
		answered := func(c net.Conn) {
			t.Helper()
			say(c, request)
			_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
			r, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil || r.StatusCode != 200 {
				t.Fatal(r, err)
			}
			if _, err := io.ReadAll(r.Body); err != nil {
				t.Fatal(err)
			}
		}
		shut := func(c net.Conn) bool {
			_ = c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
			_, err := c.Read(make([]byte, 1))
			var timeout net.Error
			return err != nil && !(errors.As(err, &timeout) && timeout.Timeout())
		}
		other := dial("127.0.0.2")
		answered(other)
		silent, partial, used := dial("127.0.0.1"), dial("127.0.0.1"), dial("127.0.0.1")
		say(partial, request[:20])
		answered(used)
		if s.app.Gate().Connections.Open != 4 {
			t.Fatalf("%+v", s.app.Gate().Connections)
		}
		if shut(silent) || shut(partial) || shut(used) {
			t.Fatal("shut at the limit")
		}
		fourth := dial("127.0.0.1")
		answered(fourth)
		if !shut(silent) || shut(partial) || shut(used) {
			t.Error("the fourth takes the place of the oldest")
		}
		answered(dial("127.0.0.1"))
		if !shut(partial) || shut(used) {
			t.Error("the fifth takes the place of the one with half a request")
		}
		answered(used)
		answered(fourth)
		if shut(other) {
			t.Error("another client's connection is shut")
		}
		if got := s.app.Gate().Connections; got.Open != 4 || got.Closed != 2 || got.Clients != 2 {
			t.Errorf("%+v", got)
		}
		for _, c := range []net.Conn{used, fourth, other} {
			c.Close()
		}
		for begin := time.Now(); s.app.Gate().Connections.Open != 1; time.Sleep(5 * time.Millisecond) {
			if time.Since(begin) > 5*time.Second {
				t.Fatalf("connections that are closed are counted: %+v", s.app.Gate().Connections)
			}
		}
	})
}

// TestAllConnections: at the limit of all, the client with most connections gives one.
func TestAllConnections(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start(func(c *pintail.Config) { c.Gate.ConnectionsMax = 20 })
		for range 50 {
			c, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
		good := from(t, "127.0.0.2")
		for range 3 {
			asked(t, good, "GET", s.rest+"toast?limit=1", "").want(t, "another client", 200, "[")
		}
		if got := s.app.Gate().Connections; got.Open != 20 || got.Closed < 31 {
			t.Errorf("%+v", got)
		}
	})
}

// busy makes writes to a table take the engine some time.
func busy(t testing.TB, s *served) {
	t.Helper()
	if strings.HasPrefix(s.dsn, "sqlite:") {
		const steps = 10000 / slower // one commit takes 256 of these
		execute(t, s.dsn, fmt.Sprintf(`CREATE TRIGGER busy BEFORE UPDATE ON ingredient BEGIN
			SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %d) SELECT i FROM n); END`, steps))
		return
	}
	execute(t, s.dsn, `CREATE FUNCTION busy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END';
		CREATE TRIGGER busy BEFORE UPDATE ON ingredient FOR EACH ROW EXECUTE FUNCTION busy()`)
}

// TestOverload: where more is asked than can be done, requests are refused, of many clients some of each; what is refused is refused before
// its body is read; and once it is over all are answered again.
func TestOverload(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start()
		busy(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var group sync.WaitGroup
		var mu sync.Mutex
		statuses := map[int]int{}
		for i := range 600 { // more than are taken into one commit, and may wait besides
			c := from(t, fmt.Sprintf("127.0.1.%d", i%200))
			group.Go(func() {
				for ctx.Err() == nil {
					r, err := http.NewRequestWithContext(ctx, "PATCH", s.rest+"ingredient?id=eq.1", strings.NewReader(`{"vegan": true}`))
					if err != nil {
						t.Error(err)
						return
					}
					r.Header.Set("Content-Type", "application/json")
					answer, err := c.Do(r)
					if err != nil {
						continue // it is over
					}
					_, _ = io.Copy(io.Discard, answer.Body)
					answer.Body.Close()
					mu.Lock()
					statuses[answer.StatusCode]++
					mu.Unlock()
					if answer.StatusCode == 503 {
						if wait, err := strconv.Atoi(answer.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 3 {
							t.Errorf("Retry-After %q", answer.Header.Get("Retry-After"))
						}
						time.Sleep(100 * time.Millisecond)
					}
				}
			})
		}
		refusedEarly := false
		written := func() bool { // under the race detector the first commit takes its time
			mu.Lock()
			defer mu.Unlock()
			return statuses[204] > 0
		}
		for begin := time.Now(); time.Since(begin) < 20*time.Second && (!refusedEarly || !written() || time.Since(begin) < time.Second); time.Sleep(20 * time.Millisecond) {
			c, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			_ = c.SetDeadline(time.Now().Add(300 * time.Millisecond))
			fmt.Fprintf(c, "PATCH /rest/v1/ingredient?id=eq.1 HTTP/1.1\r\nHost: %s\r\nPriority: u=7\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", s.addr)
			if r, err := http.ReadResponse(bufio.NewReader(c), nil); err == nil && r.StatusCode == 503 {
				text, _ := io.ReadAll(r.Body)
				refusedEarly = refusedEarly || strings.Contains(string(text), "PT511")
			}
			c.Close()
		}
		ask(t, "GET", s.rest+"toast?limit=1", "").want(t, "a read meanwhile", 200, "[")
		cancel()
		group.Wait()
		if !refusedEarly {
			t.Errorf("nothing was refused before its body was read; %v %+v", statuses, s.app.Gate().Writes)
		}
		if statuses[204] == 0 || statuses[503] == 0 || len(statuses) != 2 {
			t.Errorf("%v", statuses)
		}
		stats := s.app.Gate().Writes
		for begin := time.Now(); stats.Running > 0 && time.Since(begin) < 5*time.Second; time.Sleep(10 * time.Millisecond) {
			stats = s.app.Gate().Writes
		}
		if stats.Running != 0 || stats.Queued != 0 || stats.Refused["wait"]+stats.Refused["queue"]+stats.Refused["rank"] == 0 {
			t.Errorf("%+v", stats)
		}
		ask(t, "PATCH", s.rest+"ingredient?id=eq.1", `{"vegan": true}`).want(t, "afterwards", 204, "")
	})
}

// TestGateJSON: what the console reads is plain JSON without a secret.
func TestGateJSON(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start(limited("1/m burst 1"), func(c *pintail.Config) { c.Open, c.AdminSecret = false, "the-very-secret" })
		for range 3 {
			ask(t, "GET", s.rest+"toast", "", "apikey", "the-very-secret")
		}
		text, err := json.Marshal(s.app.Gate())
		if err != nil || strings.Contains(string(text), "very-secret") {
			t.Fatal(string(text), err)
		}
		for _, part := range []string{`"policy":"1/m burst 1"`, `"admitted":1`, `"refused":{"rate":2}`, `"most":[{"client":"the admin secret","count":2}]`, `"reads":{"limit":`, `"connections":{"open":1`} {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s isn't in %s", part, text)
			}
		}
	})
}

// TestGateConfig: nonsense is refused with what is meant instead.
func TestGateConfig(t *testing.T) {
	for _, c := range []struct {
		set  pintail.GateConfig
		want string
	}{
		{pintail.GateConfig{Limit: "plenty"}, `limits.default: "plenty" is not a limit: write 100/s burst 200`},
		{pintail.GateConfig{TrustedProxies: []string{"proxy"}}, `limits.trusted_proxies: "proxy" is neither`},
		{pintail.GateConfig{ClientConnectionsMax: -1}, "limits.client_connections: -1 are too few"},
		{pintail.GateConfig{ConnectionsMax: -1}, "limits.connections: -1 are too few"},
		{pintail.GateConfig{Shedding: "maybe"}, `limits.shedding: "maybe" is neither on nor off`},
	} {
		_, err := pintail.New(t.Context(), pintail.Config{Gate: c.set, Parsed: nil, Schema: "testdata/none.graphql"})
		if err == nil || !strings.Contains(err.Error(), c.want) && !strings.Contains(err.Error(), "none.graphql") {
			t.Errorf("%+v: %v", c.set, err)
		}
		if err := c.set.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, not %s", c.set, err, c.want)
		}
	}
}
