package node

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/pintail-dev/pintail/internal/api"
)

// ServeHTTP carries a request from net/http to the front, and its answer back.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{begin: time.Now()}
	ctx := api.WithVisit(r.Context(), &api.Visit{Peer: peerOf(r.RemoteAddr)})
	ctx, cancel := context.WithTimeout(ctx, f.node.o.AnswerTime)
	defer cancel()
	f.take(x, w, r)
	f.run(ctx, x)
	sent, err := send(x, w)
	f.done(x, sent, err)
	if err != nil && x.out.Stream != nil {
		panic(http.ErrAbortHandler) // the head is sent: breaking off is the one way to say that the rest is missing
	}
}

// take makes an exchange of net/http's request.
func (f *Front) take(x *exchange, w http.ResponseWriter, r *http.Request) {
	x.uriBytes = len(r.RequestURI)
	x.headerLines, x.headerBytes = 1, len("Host: \r\n")+len(r.Host) // net/http takes the line of Host out
	for name, values := range r.Header {
		x.headerLines += len(values)
		for _, v := range values {
			x.headerBytes += len(name) + len(": \r\n") + len(v)
		}
	}
	x.in = api.Request{
		Method:   r.Method,
		Path:     r.URL.Path,
		RawPath:  r.URL.EscapedPath(),
		RawQuery: r.URL.RawQuery,
		Header: func(name string) string {
			if name == "Host" {
				return r.Host
			}
			return r.Header.Get(name)
		},
		Values: r.Header.Values,
		Each: func(yield func(string, []string)) {
			for name, values := range r.Header {
				yield(name, values)
			}
		},
		BodyLen: r.ContentLength,
		Remote:  r.RemoteAddr,
	}
	if r.Body != nil && r.Body != http.NoBody {
		x.in.Body = f.body(w, r)
	}
}

// send writes an answer, and gives the number of its body's bytes that were sent.
func send(x *exchange, w http.ResponseWriter) (int64, error) {
	h := w.Header()
	for _, line := range x.out.Header {
		h[line.Name] = append(h[line.Name], line.Value)
	}
	if x.unread && x.in.Body != nil {
		h["Connection"] = []string{"close"} // or net/http would read the body before it answers
	}
	if x.out.Stream != nil {
		w.WriteHeader(x.out.Status)
		counted := &countWriter{w: w}
		err := x.out.Stream(counted)
		return counted.n, err
	}
	if x.length >= 0 {
		h["Content-Length"] = []string{strconv.Itoa(x.length)}
	}
	w.WriteHeader(x.out.Status)
	if len(x.body) == 0 {
		return 0, nil
	}
	if len(x.body) > slowBytesMin {
		// net/http takes the deadline off after the answer. The error means that the connection knows none (a test's recorder);
		// then there is no slow reader either.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeGrace + readTime(len(x.body))))
	}
	n, err := w.Write(x.body)
	return int64(n), err
}

type countWriter struct {
	w io.Writer
	n int64
}

func (c *countWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
