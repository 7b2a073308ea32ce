package pintail_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/shoptest"
)

// TestState asks, is refused, and looks at what the app says of it, on both engines.
func TestState(t *testing.T) {
	onEngines(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		v := start()
		first := v.app.State()
		if first.Window != 0 || first.Requests.Total != 0 || len(first.Shapes) != 0 || first.Server.Tables == 0 || !first.Server.Open {
			t.Errorf("before the first request: %+v", first)
		}
		for range 10 {
			ask(t, "GET", v.rest+"toast?select=id,name&limit=3", "")
		}
		ask(t, "GET", v.rest+"tost", "")
		ask(t, "POST", v.url+"/v1/graphql", `{"query": "{ toast(limit: 1) { id } }"}`)
		ask(t, "PATCH", v.rest+"toast?id=eq.1", `{"price": "6173.59"}`)
		time.Sleep(250 * time.Millisecond) // rates want two looks
		st := v.app.State()
		if st.Requests.Total != 13 || st.Requests.Rate.Rate <= 0 || st.Requests.P99 <= 0 || st.REST.Total != 12 || st.GraphQL.Total != 1 {
			t.Errorf("after 13 requests: %+v, REST %+v, GraphQL %+v", st.Requests, st.REST, st.GraphQL)
		}
		if len(st.Refused) != 1 || st.Refused[0].Code != "PGRST205" || st.Refused[0].Box != "plan" || st.Refused[0].Total != 1 {
			t.Errorf("refused: %+v", st.Refused)
		}
		if len(st.Shapes) != 3 || st.Shapes[0].Label == "" || st.Shapes[0].P50 <= 0 {
			t.Errorf("shapes: %+v", st.Shapes)
		}
		if st.Stages.Plan.Total < 11 || st.Stages.Store.Total != 12 || st.Stages.Store.P50 <= 0 || st.Engine.P50 <= 0 {
			t.Errorf("stages: %+v, engine: %+v", st.Stages, st.Engine)
		}
		if sqlite := strings.HasPrefix(v.dsn, "sqlite:"); sqlite != (st.Cache != nil) || sqlite != (st.Server.Engine == "sqlite") {
			t.Errorf("engine %s, cache %+v", st.Server.Engine, st.Cache)
		} else if sqlite && (st.Cache.Hits.Total != 9 || st.Engine.Total != 3) {
			t.Errorf("of ten equal questions %d were hits, and the engine was asked %d times; want 9 and 3", st.Cache.Hits.Total, st.Engine.Total)
		}
		if st.Server.Listen != v.addr {
			t.Errorf("it says that it listens on %s, and does on %s", st.Server.Listen, v.addr)
		}
		text, err := json.Marshal(st)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "6173.59") || len(text) > 16<<10 {
			t.Errorf("a state of %d bytes has a value of a request: %s", len(text), text)
		}
	})
}

// admin starts a shop with an admin address, and gives both.
func admin(t *testing.T, set ...func(*pintail.Config)) (app *pintail.App, api, admin string, stop func() error) {
	t.Helper()
	s := shoptest.Schema(t)
	c := pintail.Config{Parsed: s, Database: shoptest.SQLiteDSN(t, s), Open: true}
	for _, f := range set {
		f(&c)
	}
	app, err := pintail.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var ls [2]net.Listener
	for i := range ls {
		if ls[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- app.RunOn(ctx, ls[0], ls[1]) }()
	stop = func() error { cancel(); return <-done }
	return app, "http://" + ls[0].Addr().String(), "http://" + ls[1].Addr().String(), stop
}

func TestTheAdminAddressAnswersItsOwnOnly(t *testing.T) {
	_, api, base, stop := admin(t, func(c *pintail.Config) {
		c.AdminHosts = []string{"ops.example"}
		c.Stories = pintail.Stories{Names: []string{"stale"}, Tell: func(ctx context.Context, _ string, _ bool, _ func(json.RawMessage)) error {
			<-ctx.Done()
			return ctx.Err()
		}}
	})
	for _, c := range []struct {
		method, path string
		headers      []string
		status       int
	}{
		{"GET", "/", nil, 200},
		{"GET", "/state", nil, 200},
		{"GET", "/livez", nil, 200},
		{"GET", "/readyz", nil, 200},
		{"GET", "/metrics", nil, 200},
		{"GET", "/nothing", nil, 404},
		{"GET", "/rest/v1/toast", nil, 404},
		{"GET", "/", []string{"Host", "evil.example"}, 403},
		{"GET", "/state", []string{"Host", "127.0.0.1.evil.example"}, 403},
		{"GET", "/state", []string{"Host", "ops.example"}, 200},
		{"POST", "/story/stale", nil, 403},
		{"POST", "/story/stale", []string{"Origin", "null"}, 403},
		{"POST", "/story/stale", []string{"Origin", "http://evil.example"}, 403},
		{"POST", "/story/stale", []string{"Origin", api}, 403},
		{"POST", "/story/stale", []string{"Origin", base, "Host", "evil.example"}, 403},
		{"POST", "/story/stale", []string{"Origin", "http://evil.example", "Host", "evil.example"}, 403},
		{"DELETE", "/story", nil, 403},
		{"DELETE", "/story", []string{"Origin", base}, 409},
		{"POST", "/story/stale", []string{"Origin", base, "Sec-Fetch-Site", "same-origin"}, 202},
		{"POST", "/story/stale", []string{"Origin", base}, 409},
	} {
		if got := ask(t, c.method, base+c.path, "", c.headers...); got.status != c.status {
			t.Errorf("%s %s %v: %d, want %d: %s", c.method, c.path, c.headers, got.status, c.status, got.body)
		}
	}
	if err := stop(); err != nil { // while a story is told
		t.Error(err)
	}
}

func TestStoriesAreToldWhereThereAreSomeOnly(t *testing.T) {
	_, _, base, stop := admin(t)
	if got := ask(t, "POST", base+"/story/stale", "", "Origin", base); got.status != 404 && got.status != 405 {
		t.Errorf("a story outside of the demo: %d %s", got.status, got.body)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// TestWhoLooksDoesNotDelayTheEnd stops a server while somebody looks at it.
func TestWhoLooksDoesNotDelayTheEnd(t *testing.T) {
	_, _, base, stop := admin(t)
	r, err := http.NewRequestWithContext(t.Context(), "GET", base+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() || lines.Text() != "event: state" {
		t.Fatalf("the stream begins with %q, %v", lines.Text(), lines.Err())
	}
	begin := time.Now()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("stopping took %v", took)
	}
	stopping := false
	for lines.Scan() {
		stopping = stopping || strings.Contains(lines.Text(), `"stopping":true`)
	}
	if !stopping || lines.Err() != nil {
		t.Errorf("the last event doesn't say that the server stops (%v)", lines.Err())
	}
}

func TestTheLastRehearsalIsReadWhereItCanBe(t *testing.T) {
	app, _, _, stop := admin(t)
	path := filepath.Join(filepath.Dir(strings.TrimPrefix(app.State().Server.Database, "sqlite:")), "rehearsal.json")
	for _, c := range []struct{ text, want string }{
		{`{"a": 1}`, `{"a": 1}`},
		{`{"a": 22}`, `{"a": 22}`},
		{`{"a": `, ""},
		{`"` + strings.Repeat("x", 1<<20-2) + `"`, `"` + strings.Repeat("x", 1<<20-2) + `"`},
		{`"` + strings.Repeat("x", 1<<20-1) + `"`, ""},
		{`{}`, `{}`},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := string(app.State().Rehearsal); got != c.want {
			t.Errorf("of a file of %d bytes, %d were taken: %.40s", len(c.text), len(got), got)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := app.State().Rehearsal; got != nil {
		t.Errorf("a file that is gone is still shown: %s", got)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
