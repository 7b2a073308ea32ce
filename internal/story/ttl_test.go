package story

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestTTL: what the unprotected shop has in front of it does what such caches do, and what it is kinder in.
func TestTTL(t *testing.T) {
	var value atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			value.Add(1)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		fmt.Fprint(w, value.Load())
	}))
	defer server.Close()
	cache, err := openTTL(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cache.close(); err != nil {
			t.Error(err)
		}
	}()
	c := conn{to: cache.listen}
	defer c.close()
	ask := func(request []byte, status int, want string) {
		t.Helper()
		a, err := c.ask(request)
		if err != nil || a.status != status || string(a.body) != want {
			t.Errorf("%v: %d %q, want %d %q", err, a.status, a.body, status, want)
		}
	}
	read := get("x", "/price?id=1")
	ask(read, 200, "0")
	value.Store(5) // by somebody else
	ask(read, 200, "0")
	ask(get("x", "/price?id=2"), 200, "5")
	if cache.hits.Load() != 1 {
		t.Errorf("%d hits", cache.hits.Load())
	}
	ask(send("PATCH", "x", "/price?id=1", "{}"), 204, "")
	ask(read, 200, "6")
	value.Store(9)
	ask(read, 200, "6")
	time.Sleep(ttlTime)
	ask(read, 200, "9")
}
