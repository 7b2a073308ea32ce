package story

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func testRun() *run { return &run{began: time.Now(), tell: func(Event) {}} }

func asks(request []byte) func(int, *rand.Rand) asked {
	return func(int, *rand.Rand) asked { return asked{request: request} }
}

// TestFlowIsOpen lets a server stand still: those who should have been asked meanwhile count with the time that they waited.
func TestFlowIsOpen(t *testing.T) {
	var still sync.RWMutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		still.RLock()
		defer still.RUnlock()
		fmt.Fprint(w, "here")
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	r := testRun()
	f := r.flow(t.Context(), 1, stream{to: host, rate: 400, conns: 4, ask: asks(get(host, "/"))})
	time.Sleep(300 * time.Millisecond)
	from := time.Since(r.began)
	still.Lock()
	time.Sleep(500 * time.Millisecond)
	to := time.Since(r.began)
	still.Unlock()
	time.Sleep(300 * time.Millisecond)
	f.stop(5 * time.Second)

	waited := f.arrived(from, to)
	if n := len(waited); n < 120 || n > 300 {
		t.Errorf("%d arrived while the server stood still; 400 a second should", n)
	}
	if waited.good() != len(waited) {
		t.Errorf("%d of %d were answered", waited.good(), len(waited))
	}
	if half := waited.quantile(0.5); half < 150*time.Millisecond || half > time.Second {
		t.Errorf("half of them waited for %v or less; it should be some 250 ms", half)
	}
	if n := len(f.finished(from, to)); n > 8 {
		t.Errorf("%d were answered while the server stood still", n)
	}
	all := f.arrived(0, time.Hour)
	if again := len(f.arrived(0, from)) + len(waited) + len(f.arrived(to, time.Hour)); again != len(all) {
		t.Errorf("%d samples, and %d in parts", len(all), again)
	}
}

// TestFlowIsDrawn asks the same things for the same seed, and others for another.
func TestFlowIsDrawn(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	drawn := func(seed, number uint64) []int {
		r := testRun()
		r.Seed = seed
		var list []int
		f := r.flow(t.Context(), number, stream{to: host, rate: 500, conns: 1, ask: func(_ int, r *rand.Rand) asked {
			list = append(list, r.IntN(1000))
			return asked{request: get(host, "/")}
		}})
		time.Sleep(100 * time.Millisecond)
		f.stop(time.Second)
		return list[:10]
	}
	first := drawn(1, 1)
	if again := drawn(1, 1); !slices.Equal(first, again) {
		t.Errorf("the same seed asks %v, then %v", first, again)
	}
	for _, other := range [][]int{drawn(2, 1), drawn(1, 2)} {
		if slices.Equal(first, other) {
			t.Error("another seed, or another flow, asks the same")
		}
	}
}

// TestFlowSteady sends at even intervals.
func TestFlowSteady(t *testing.T) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { n.Add(1) }))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	f := testRun().flow(t.Context(), 1, stream{to: host, rate: 50, conns: 1, steady: true, ask: asks(get(host, "/"))})
	time.Sleep(time.Second)
	f.stop(time.Second)
	if got := n.Load(); got < 49 || got > 52 {
		t.Errorf("50 a second were %d", got)
	}
}

// TestFlowGivesUp stops a flow whose server never answers, and one whose server is not there.
func TestFlowGivesUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for _, closed := range []bool{false, true} {
		if closed {
			l.Close()
		}
		looked := atomic.Int64{}
		f := testRun().flow(t.Context(), 1, stream{to: l.Addr().String(), rate: 100, conns: 4, ask: func(int, *rand.Rand) asked {
			return asked{request: get("x", "/"), look: func(a answer) {
				if a.status == 0 {
					looked.Add(1)
				}
			}}
		}})
		time.Sleep(300 * time.Millisecond)
		begin := time.Now()
		f.stop(100 * time.Millisecond)
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("it took %v to stop", took)
		}
		all := f.arrived(0, time.Hour)
		if len(all) < 10 || all.good() > 0 || looked.Load() == 0 {
			t.Errorf("%d arrivals, %d answered, %d looked at", len(all), all.good(), looked.Load())
		}
	}
}

// TestFlowEnds stops with its context.
func TestFlowEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := testRun().flow(ctx, 1, stream{to: l.Addr().String(), rate: 100, conns: 4, ask: asks(get("x", "/"))})
	time.Sleep(100 * time.Millisecond)
	cancel()
	done := make(chan struct{})
	go func() { f.wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("it goes on")
	}
	f.stop(0)
}

func TestConn(t *testing.T) {
	for name, c := range map[string]struct {
		says   string
		status int
		body   string
		err    string
	}{
		"body":        {"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", 200, "hello", ""},
		"none":        {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", ""},
		"refused":     {"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 2\r\n\r\n{}", 503, "{}", ""},
		"last":        {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", 200, "x", ""},
		"short":       {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 0, "", "unexpected EOF"},
		"nothing":     {"", 0, "", "EOF"},
		"no HTTP":     {"SSH-2.0-OpenSSH_9.2 and more\r\n", 0, "", "no HTTP answer"},
		"no status":   {"HTTP/1.1 abc OK\r\n\r\n", 0, "", "no HTTP answer"},
		"huge":        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", 0, "", "bytes"},
		"negative":    {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 0, "", "bytes"},
		"chunked":     {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, "", "in chunks"},
		"long header": {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 9000) + "\r\n\r\n", 0, "", "buffer full"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					tcp, err := l.Accept()
					if err != nil {
						return
					}
					tcp.Read(make([]byte, 1024))
					tcp.Write([]byte(c.says))
					tcp.(*net.TCPConn).CloseWrite()
				}
			}()
			conn := conn{to: l.Addr().String()}
			defer conn.close()
			a, err := conn.ask(get("x", "/"))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("%v, want %s", err, c.err)
				}
				return
			}
			if err != nil || a.status != c.status || string(a.body) != c.body {
				t.Errorf("%v: %d %q", err, a.status, a.body)
			}
		})
	}
}

// TestConnAgain asks again where the server has closed an idle connection, and comes from the address that it was told to.
func TestConnAgain(t *testing.T) {
	var from sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		from.Store(host, true)
		fmt.Fprint(w, "here")
	}))
	defer server.Close()
	c := conn{to: strings.TrimPrefix(server.URL, "http://"), from: netip.MustParseAddr("127.7.8.9")}
	defer c.close()
	for range 3 {
		a, err := c.ask(get("x", "/"))
		if err != nil || string(a.body) != "here" {
			t.Fatalf("%v %q", err, a.body)
		}
		server.CloseClientConnections()
	}
	if _, ok := from.Load("127.7.8.9"); !ok {
		t.Error("it came from somewhere else")
	}
}
