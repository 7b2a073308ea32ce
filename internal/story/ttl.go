package story

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// ttlTime is how long a ttl keeps an answer. Shorter than most would set it.
const ttlTime = time.Second

// A ttl is the cache that people put in front of a database that is too slow: it keeps every good answer for a second and gives it out
// again. It is kinder than most of its kind: it forgets a path's answers once a write to that path has passed through it. What it can't
// know of are writes that take another way, and answers that were on their way while something was written.
type ttl struct {
	to     string // host:port
	client *http.Client
	server *http.Server
	listen string // host:port

	mu   sync.Mutex
	kept map[string]keptAnswer // by path and query
	hits atomic.Int64
}

type keptAnswer struct {
	path   string
	until  time.Time
	status int
	kind   string // Content-Type
	body   []byte
}

// openTTL puts one in front of a server, on a free loopback port. close stops it.
func openTTL(to string) (*ttl, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &ttl{
		to: to, listen: l.Addr().String(), kept: map[string]keptAnswer{},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
	t.server = &http.Server{Handler: t, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		// It ends by close, and otherwise every request to it fails, which the story counts.
		_ = t.server.Serve(l)
	}()
	return t, nil
}

func (t *ttl) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	err := t.server.Shutdown(ctx)
	t.client.CloseIdleConnections()
	return err
}

func (t *ttl) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.URL.RequestURI()
	if r.Method == http.MethodGet {
		t.mu.Lock()
		k, ok := t.kept[key]
		t.mu.Unlock()
		if ok && time.Now().Before(k.until) {
			t.hits.Add(1)
			k.write(w)
			return
		}
	}
	k, err := t.pass(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	t.mu.Lock()
	switch {
	case r.Method != http.MethodGet:
		for key, old := range t.kept {
			if old.path == r.URL.Path {
				delete(t.kept, key)
			}
		}
	case k.status == http.StatusOK:
		t.kept[key] = k
	}
	t.mu.Unlock()
	k.write(w)
}

// pass asks the server behind it.
func (t *ttl) pass(r *http.Request) (keptAnswer, error) {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+t.to+r.URL.RequestURI(), r.Body)
	if err != nil {
		return keptAnswer{}, err
	}
	req.ContentLength = r.ContentLength
	req.Header.Set("Content-Type", r.Header.Get("Content-Type"))
	resp, err := t.client.Do(req)
	if err != nil {
		return keptAnswer{}, err
	}
	body, err := io.ReadAll(resp.Body)
	err = errors.Join(err, resp.Body.Close())
	return keptAnswer{path: r.URL.Path, until: time.Now().Add(ttlTime), status: resp.StatusCode, kind: resp.Header.Get("Content-Type"), body: body}, err
}

func (k keptAnswer) write(w http.ResponseWriter) {
	if k.kind != "" {
		w.Header().Set("Content-Type", k.kind)
	}
	if k.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(k.body)))
	}
	w.WriteHeader(k.status)
	// The client may be gone; there is nobody else to tell.
	_, _ = w.Write(k.body)
}
