package node

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A slowStore answers after a time, or when it is told to stop.
type slowStore struct {
	store.Store
	after time.Duration
	body  []byte
}

func (s slowStore) Read(ctx context.Context, _ *plan.Plan, _ query.Args) (store.Result, error) {
	select {
	case <-time.After(s.after):
		return store.Result{Body: s.body, Rows: 1, Total: -1}, nil
	case <-ctx.Done():
		return store.Result{}, ctx.Err()
	}
}

// A listener remembers whether its latest connection has a deadline for writing.
type listener struct {
	net.Listener
	set     atomic.Int64
	pending atomic.Bool
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &watched{Conn: c, l: l}, err
}

type watched struct {
	net.Conn
	l *listener
}

func (w *watched) SetWriteDeadline(t time.Time) error {
	if !t.IsZero() {
		w.l.set.Add(1)
	}
	w.l.pending.Store(!t.IsZero())
	return w.Conn.SetWriteDeadline(t)
}

func serveSlow(t *testing.T, st slowStore, o Options) (url string, l *listener) {
	t.Helper()
	s, mistakes := schema.Parse(schema.Source{Name: "s.graphql", Text: "type item @table { id: Int! @id }"})
	if s == nil {
		t.Fatal(mistakes)
	}
	server := httptest.NewUnstartedServer(NewFront(New(s, st, auth.Open(), o), Limits{}, nil, nil))
	l = &listener{Listener: server.Listener}
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	return server.URL + "/rest/v1/item", l
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}} // compressed, a test's answer is a small one
	defer client.CloseIdleConnections()
	r, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

// A client that doesn't read a large answer may not hold it for ever; the next answer on the connection has nothing of that.
func TestLargeAnswersHaveADeadline(t *testing.T) {
	large := []byte(`["` + strings.Repeat("x", slowBytesMin) + `"]`)
	url, l := serveSlow(t, slowStore{body: large}, Options{})
	if status, body := get(t, url); status != 200 || body != string(large) {
		t.Fatal(status, len(body))
	}
	if l.set.Load() == 0 {
		t.Error("a large answer had no deadline")
	}
	for begin := time.Now(); l.pending.Load(); time.Sleep(time.Millisecond) { // net/http takes it off when the answer is sent
		if time.Since(begin) > 5*time.Second {
			t.Fatal("the deadline of an answer is still set after it")
		}
	}
}

// The time for a whole request holds for one without a body too.
func TestAnswerTimeHoldsForReads(t *testing.T) {
	url, _ := serveSlow(t, slowStore{after: 30 * time.Second}, Options{AnswerTime: 50 * time.Millisecond})
	begin := time.Now()
	get(t, url)
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("answered after %v", took)
	}
}
