package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A running is an Express on a port of its own, with "other" at every other path.
type running struct {
	*Express
	addr  string
	front *Front
	other atomic.Int64 // requests that net/http got
}

func express(t *testing.T, st store.Store, o Options) *running {
	t.Helper()
	s, mistakes := schema.Parse(schema.Source{Name: "s.graphql", Text: "type item @table { id: Int! @id }"})
	if s == nil {
		t.Fatal(mistakes)
	}
	r := &running{front: NewFront(New(s, st, auth.Open(), o), Limits{}, nil, nil)}
	r.Express = NewExpress(r.front, Serves, &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.other.Add(1)
		if Serves(q.URL.Path) {
			r.front.ServeHTTP(w, q)
			return
		}
		io.WriteString(w, "other")
	})}, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = l.Addr().String()
	done := make(chan error, 1)
	go func() { done <- r.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		r.Shutdown(ctx)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return r
}

// A wire is a client's end of a connection.
type wire struct {
	*testing.T
	net.Conn
	r *bufio.Reader
}

func (r *running) dial(t *testing.T) *wire {
	t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(15 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &wire{t, c, bufio.NewReader(c)}
}

func (w *wire) send(text string) {
	w.Helper()
	if _, err := io.WriteString(w.Conn, text); err != nil {
		w.Fatal(err)
	}
}

// answer reads the next answer, to a request by that method.
func (w *wire) answer(method string) (*http.Response, string) {
	w.Helper()
	r, err := http.ReadResponse(w.r, &http.Request{Method: method})
	if err != nil {
		w.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.Fatal(err)
	}
	return r, string(body)
}

func (w *wire) want(method string, status int, body string) *http.Response {
	w.Helper()
	r, got := w.answer(method)
	if r.StatusCode != status || !strings.Contains(got, body) {
		w.Errorf("%d %q, want %d %q", r.StatusCode, got, status, body)
	}
	return r
}

// closed asks that nothing more comes.
func (w *wire) closed() {
	w.Helper()
	if b, err := w.r.ReadByte(); err != io.EOF {
		w.Errorf("%q, %v, where the connection should be closed", b, err)
	}
}

const line = "GET /rest/v1/item HTTP/1.1\r\nHost: 127.0.0.1\r\n"

var rows = slowStore{body: []byte(`[{"id":1}]`)}

// One request has one answer, whoever reads it: the same status, headers and body.
func TestExpressAnswersAsNetHTTP(t *testing.T) {
	r := express(t, rows, Options{})
	plainHTTP := httptest.NewServer(r.front)
	t.Cleanup(plainHTTP.Close)
	std := &running{addr: plainHTTP.Listener.Addr().String()}
	for _, c := range []struct{ method, target, headers, body string }{
		{"GET", "item", "", ""}, {"GET", "item?id=eq.1&select=id", "Accept: application/vnd.pgrst.object+json\r\n", ""}, {"HEAD", "item", "", ""},
		{"GET", "item", "If-None-Match: *\r\n", ""}, {"HEAD", "item", "If-None-Match: *\r\n", ""}, {"GET", "nothing", "", ""}, {"HEAD", "nothing", "", ""}, {"GET", "a/b/c", "", ""},
		{"GET", "item?id=eq.x", "", ""}, {"OPTIONS", "item", "", ""}, {"GET", "", "", ""}, {"GET", "item", "Origin: http://evil\r\n", ""}, {"GET", "item", "Via: x\r\n", ""},
		{"GET", "item?or=(id.eq.1,id.eq.2)&order=id.desc&limit=3", "Prefer: count=exact\r\nPrefer: handling=strict\r\n", ""},
		{"POST", "item", "Content-Type: application/json\r\n", `{"id":1`}, {"POST", "item", "", ""}, {"POST", "item", "Content-Type: application/json\r\n", `{"id":1}`}, // the store panics
		{"PATCH", "item", "Content-Type: x/y\r\n", "{}"}, {"GET", "item?" + strings.Repeat("a=b&", 300), "", ""},
		{"GET", "item", strings.Repeat("X: y\r\n", 97), ""}, {"GET", "item", strings.Repeat("X: y\r\n", 98), ""},
	} {
		text := fmt.Sprintf("%s /rest/v1/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-Id: 1\r\n%s", c.method, c.target, c.headers)
		if c.body != "" {
			text += fmt.Sprintf("Content-Length: %d\r\n", len(c.body))
		}
		var got [2]string
		for i, server := range []*running{r, std} {
			w := server.dial(t)
			w.send(text + "\r\n" + c.body)
			answer, body := w.answer(c.method)
			answer.Header.Del("Date")
			got[i] = fmt.Sprint(answer.Status, answer.ContentLength, answer.Close, answer.Header, body)
		}
		if got[0] != got[1] {
			t.Errorf("%s %.60s: an Express answers\n%s\nnet/http\n%s", c.method, c.target, got[0], got[1])
		}
	}
	if n := r.other.Load(); n != 0 {
		t.Errorf("%d plain requests went to net/http", n)
	}
}

// docs/limits.md says so; waiting for them would take longer than all other tests.
func TestExpressTimes(t *testing.T) {
	if firstTime != 10*time.Second || idleTime != 75*time.Second || writeGrace != 30*time.Second || readRateMin != 8<<10 {
		t.Error(firstTime, idleTime, writeGrace, readRateMin)
	}
}

func TestExpressKeepsConnections(t *testing.T) {
	r := express(t, rows, Options{})
	w := r.dial(t)
	for range 3 {
		w.send(line + "\r\n")
		w.want("GET", 200, `[{"id":1}]`)
	}
	w.send(line + "Connection: close\r\n\r\n")
	if !w.want("GET", 200, `[{"id":1}]`).Close {
		t.Error("the last answer doesn't say so")
	}
	w.closed()
}

// A connection that waits for its next request holds nothing of the last answer.
func TestExpressKeepsNoAnswers(t *testing.T) {
	freed := make(chan struct{})
	r := express(t, freshStore{freed: freed}, Options{})
	w := r.dial(t)
	w.send(line + "\r\n")
	w.want("GET", 200, "xxx")
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		runtime.GC()
		select {
		case <-freed:
			return
		default:
		}
		if time.Since(begin) > 5*time.Second {
			t.Fatal("the answer is still in memory")
		}
	}
}

// A freshStore answers with bytes that nobody else has, and says when they are gone.
type freshStore struct {
	watchedStore
	freed chan struct{}
}

func (s freshStore) Read(context.Context, *plan.Plan, query.Args) (store.Result, error) {
	body := new([32 << 10]byte)
	copy(body[:], strings.Repeat("x", len(body)))
	runtime.AddCleanup(body, func(freed chan struct{}) { close(freed) }, s.freed)
	return store.Result{Body: body[:], Rows: 1, Total: -1}, nil
}

// Requests that come at once are answered in their order, also where some of them are net/http's.
func TestExpressPipelines(t *testing.T) {
	r := express(t, rows, Options{})
	w := r.dial(t)
	post := "POST /rest/v1/nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n\r\nGET "
	w.send(line + "\r\n" + post + "HEAD /rest/v1/item HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + "GET /a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + line + "\r\n" + line + "Connection: close\r\n\r\n")
	w.want("GET", 200, `[{"id":1}]`)
	w.want("POST", 400, "PGRST102")
	w.want("HEAD", 200, "")
	w.want("GET", 200, "other")
	w.want("GET", 200, `[{"id":1}]`)
	w.want("GET", 200, `[{"id":1}]`)
	w.closed()
	if n := r.other.Load(); n != 3 {
		t.Errorf("net/http got %d requests, not the last three", n)
	}
	// More than what is read at once.
	w = r.dial(t)
	go io.WriteString(w.Conn, strings.Repeat(line+"\r\n", 500))
	for range 500 {
		w.want("GET", 200, `[{"id":1}]`)
	}
}

// A request may come in pieces, a little later than at once or byte by byte.
func TestExpressWaitsForPieces(t *testing.T) {
	r := express(t, rows, Options{})
	post := "POST /rest/v1/nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n[]"
	for _, at := range []int{1, 30, len(post) - 5, len(post) - 2, len(post) - 1} {
		w := r.dial(t)
		w.send(post[:at])
		time.Sleep(settleTime / 10)
		w.send(post[at:] + line + "\r\n")
		w.want("POST", 404, "PGRST205")
		w.want("GET", 200, `[{"id":1}]`)
	}
	if n := r.other.Load(); n != 0 {
		t.Errorf("net/http got %d", n)
	}
	w := r.dial(t)
	for _, b := range []byte(post) {
		w.send(string(b))
		time.Sleep(settleTime / 20)
	}
	w.want("POST", 404, "PGRST205")
	if n := r.other.Load(); n != 1 {
		t.Errorf("a slow request is net/http's: it got %d", n)
	}
}

func TestExpressRefusesWhatIsBroken(t *testing.T) {
	r := express(t, rows, Options{})
	for _, text := range brokenHeads {
		w := r.dial(t)
		w.send(text)
		if !w.want("GET", 400, "400 Bad Request").Close {
			t.Errorf("%q: the connection stays", text)
		}
		w.closed()
	}
	w := r.dial(t) // also after others
	w.send(line + "\r\n" + brokenHeads[0] + line + "\r\n")
	w.want("GET", 200, `[{"id":1}]`)
	w.want("GET", 400, "400 Bad Request")
	w.closed()
	if n := r.other.Load(); n != 0 {
		t.Errorf("net/http got %d", n)
	}
}

// A gone client ends what runs for it; one that waits doesn't, and nothing of the one falls on the next.
func TestExpressSeesClientsLeave(t *testing.T) {
	ended := make(chan time.Time, 1)
	r := express(t, watchedStore{ended}, Options{})
	took := time.Hour
	for range 3 { // the machine may be busy with other things
		w := r.dial(t)
		w.send(line + "\r\n")
		time.Sleep(60 * time.Millisecond)
		select {
		case <-ended:
			t.Fatal("a client that waits is taken for gone")
		default:
		}
		left := time.Now()
		w.Close()
		took = min(took, (<-ended).Sub(left))
	}
	if took > 100*time.Millisecond {
		t.Errorf("it ran on for %v", took)
	}
}

type watchedStore struct{ ended chan time.Time }

func (s watchedStore) Read(ctx context.Context, _ *plan.Plan, _ query.Args) (store.Result, error) {
	<-ctx.Done()
	s.ended <- time.Now()
	return store.Result{}, ctx.Err()
}
func (s watchedStore) Write(context.Context, store.Tx) (store.Result, error) { panic("no writes") }
func (s watchedStore) Ready(context.Context) error                           { return nil }
func (s watchedStore) Close() error                                          { return nil }

func TestExpressHoldsToTheAnswerTime(t *testing.T) {
	r := express(t, slowStore{after: 30 * time.Second}, Options{AnswerTime: 50 * time.Millisecond})
	w := r.dial(t)
	for range 2 {
		begin := time.Now()
		w.send(line + "\r\n")
		w.want("GET", 500, "")
		if took := time.Since(begin); took < 50*time.Millisecond || took > 5*time.Second {
			t.Errorf("answered after %v", took)
		}
	}
}

// A client that doesn't read a large answer doesn't hold it for ever.
func TestExpressHoldsReadersToTheirTime(t *testing.T) {
	seen := make(chan Observation, 1)
	r := express(t, slowStore{body: []byte(`["` + strings.Repeat("x", 32<<20) + `"]`)}, Options{})
	r.grace = 50*time.Millisecond - readTime(32<<20)
	r.front.seen = func(o Observation) { seen <- o }
	r.dial(t).send(line + "\r\n")
	select {
	case o := <-seen:
		if o.Err == nil || o.BytesOut >= 32<<20 {
			t.Errorf("%d bytes were sent: %v", o.BytesOut, o.Err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it is still being sent")
	}
}

// A stop answers what runs, says that the connection ends, closes idle connections, and takes no more.
func TestExpressStops(t *testing.T) {
	r := express(t, slowStore{after: 300 * time.Millisecond, body: rows.body}, Options{})
	idle, busy, other, fresh := r.dial(t), r.dial(t), r.dial(t), r.dial(t)
	idle.send(line + "\r\n")
	idle.want("GET", 200, `[{"id":1}]`)
	busy.send(line + "\r\n")
	other.send(line + "Pragma: x\r\n\r\n")
	time.Sleep(50 * time.Millisecond)
	stopped := make(chan error, 1)
	go func() { stopped <- r.Shutdown(context.Background()) }()
	idle.closed()
	fresh.send(line + "\r\n") // it was there before the stop
	for _, w := range []*wire{busy, other, fresh} {
		if !w.want("GET", 200, `[{"id":1}]`).Close {
			t.Error("the last answer doesn't say so")
		}
		w.closed()
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", r.addr); err == nil {
		c.Close()
		t.Error("it takes connections after the stop")
	}
}

// A lastMoment listener has one more connection when it is closed already.
type lastMoment struct {
	net.Listener
	closing chan struct{}
	once    sync.Once
}

func (l *lastMoment) Accept() (c net.Conn, err error) {
	l.once.Do(func() {
		c, err = l.Listener.Accept()
		<-l.closing
		time.Sleep(50 * time.Millisecond) // Shutdown looks for connections by then
	})
	if c != nil || err != nil {
		return c, err
	}
	return l.Listener.Accept()
}

func (l *lastMoment) Close() error {
	defer close(l.closing)
	return l.Listener.Close()
}

// A connection that comes in the very moment of a shutdown is waited for too.
func TestExpressStopsAfterTheLastOne(t *testing.T) {
	r := express(t, nil, Options{})
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := NewExpress(r.front, Serves, &http.Server{Handler: http.NotFoundHandler()}, nil)
	served := make(chan error, 1)
	go func() { served <- e.Serve(&lastMoment{Listener: plain, closing: make(chan struct{})}) }()
	c, err := net.Dial("tcp", plain.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	for begun := false; !begun; time.Sleep(time.Millisecond) {
		e.mu.Lock()
		begun = e.listener != nil
		e.mu.Unlock()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	if err := errors.Join(e.Shutdown(ctx), <-served); err != nil {
		t.Error(err)
	}
	if len(e.lanes) > 0 {
		t.Error("a connection is still served after the shutdown")
	}
	if text, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 ") {
		t.Errorf("%q, %v", text, err)
	}
}

func TestExpressBreaksOff(t *testing.T) {
	ended := make(chan time.Time, 1)
	r := express(t, watchedStore{ended}, Options{})
	r.dial(t).send(line + "\r\n")
	time.Sleep(50 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := r.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	<-ended
}

// What a database function says can't end its line, nor take the place of what the connection says.
func TestExpressHeaders(t *testing.T) {
	for _, h := range []api.Header{{Name: "X", Value: "a\r\nSet-Cookie: b"}, {Name: "X", Value: "a\x00\nb\x7f"}, {Name: "X\r\nY", Value: "a"}, {Name: "X:", Value: "a"}, {Name: "", Value: "a"}} {
		got := string(appendHeader(nil, h.Name, h.Value))
		if strings.Count(got, "\r") != strings.Count(got, "\r\n") || strings.Count(got, "\n") > 1 || strings.ContainsAny(got, "\x00\x7f") || got != "" && !strings.HasPrefix(got, "X: a") {
			t.Errorf("%q is written as %q", h, got)
		}
	}
	r := express(t, rows, Options{})
	x := &exchange{in: api.Request{Method: "GET", Header: func(string) string { return "" }}}
	for _, name := range []string{"Content-Length", "Transfer-Encoding", "Connection", "X-Kept"} {
		x.out.Header = append(x.out.Header, api.Header{Name: name, Value: "1"})
	}
	r.front.finish(x)
	if len(x.out.Header) != 2 || x.out.Get("X-Kept") != "1" {
		t.Errorf("%q", x.out.Header)
	}
}

func TestExpressStreams(t *testing.T) {
	r := express(t, rows, Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, fails := range []error{nil, errors.New("no more")} {
		client := (&running{addr: l.Addr().String()}).dial(t)
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		x := &exchange{out: api.Response{Status: 200, Stream: func(w io.Writer) error {
			fmt.Fprint(w, "one")
			fmt.Fprint(w, " two")
			return fails
		}}}
		n, err := newLane(r.Express, c.(*net.TCPConn), noSeat{}).write(x, false)
		c.Close()
		if n != 7 || err != fails {
			t.Error(n, err)
		}
		answer, err := http.ReadResponse(client.r, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if string(body) != "one two" || (err == nil) != (fails == nil) {
			t.Errorf("%q, %v", body, err)
		}
	}
}

func TestLife(t *testing.T) {
	l := &life{deadline: time.Now().Add(time.Hour)}
	child, cancel := context.WithCancel(l)
	defer cancel()
	ran := make(chan struct{})
	context.AfterFunc(l, func() { close(ran) })
	stop := context.AfterFunc(l, func() { t.Error("it was stopped") })
	if !stop() || stop() {
		t.Error("stop says what it didn't do")
	}
	select {
	case <-l.Done():
		t.Fatal("it is over")
	default:
	}
	if l.Err() != nil || child.Err() != nil {
		t.Fatal("it is over")
	}
	l.end(context.DeadlineExceeded)
	l.end(context.Canceled)
	<-l.Done()
	<-child.Done()
	<-ran
	if l.Err() != context.DeadlineExceeded || child.Err() != context.DeadlineExceeded || context.Cause(child) != context.DeadlineExceeded {
		t.Error(l.Err(), child.Err())
	}
	again := make(chan struct{})
	if context.AfterFunc(l, func() { close(again) })() {
		t.Error("what runs can't be stopped")
	}
	<-again
	late := &life{}
	late.end(context.Canceled)
	<-late.Done()
}
