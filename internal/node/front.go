package node

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
)

// Limits bound one request; the zero value has the defaults of docs/limits.md.
type Limits struct {
	BodyBytesMax   int64         // 1 MiB
	URLBytesMax    int           // 16 KiB
	HeadersMax     int           // lines: 100
	HeaderBytesMax int           // all lines with their names and ends: 32 KiB
	InflateMax     int64         // a compressed body may grow to so many times its size: 20
	BodyGrace      time.Duration // before BodyRateMin is asked of a body: 10 s
	BodyRateMin    int64         // bytes a second: 500
}

func (l Limits) withDefaults() Limits {
	def(&l.BodyBytesMax, 1<<20)
	def(&l.URLBytesMax, 16<<10)
	def(&l.HeadersMax, 100)
	def(&l.HeaderBytesMax, 32<<10)
	def(&l.InflateMax, 20)
	def(&l.BodyGrace, 10*time.Second)
	def(&l.BodyRateMin, 500)
	return l
}

func def[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// A Front carries requests from net/http to a Node and answers back: limits, bodies, compression, ETag, CORS.
type Front struct {
	node    *Node
	limits  Limits
	origins []string
	seen    func(Observation)
}

// An Observation is what one request was, for the log and the metrics. It holds no value that a client sent but the path.
type Observation struct {
	ID, Method, Route, Path string
	Status                  int
	Rows                    int
	BytesIn, BytesOut       int64
	Took                    time.Duration
	Times                   Times
	Code                    fault.Code // of what went wrong; empty for nothing
	Err                     error      // its cause, for the log
}

// NewFront puts net/http before n. Pages of origins may call it across origins ("*" is every one); seen hears of every
// request, and may be nil.
func NewFront(n *Node, l Limits, origins []string, seen func(Observation)) *Front {
	if seen == nil {
		seen = func(Observation) {}
	}
	return &Front{node: n, limits: l.withDefaults(), origins: origins, seen: seen}
}

func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	ob := Observation{ID: requestID(r), Method: r.Method, Path: r.URL.Path}
	ctx, cancel := context.WithTimeout(r.Context(), f.node.o.AnswerTime)
	defer cancel()
	in := f.request(w, r, ob.ID)
	out := f.answer(ctx, in, r, &ob.Times)
	h := w.Header()
	h["X-Request-Id"] = []string{ob.ID}
	f.cors(h, r)
	ob.BytesOut = f.write(w, r, &out)
	ob.BytesIn = max(r.ContentLength, 0)
	ob.Route, ob.Status, ob.Rows, ob.Took = out.Route, out.Status, out.Rows, time.Since(begin)
	if out.Err != nil {
		var flt *fault.Fault
		if errors.As(out.Err, &flt) {
			ob.Code = flt.Code
			ob.Err = errors.Unwrap(flt)
		} else {
			ob.Code, ob.Err = fault.Internal, out.Err
		}
	}
	f.seen(ob)
}

// answer runs the node on a request that is within the limits. A panic is a bug in one request and stays there.
func (f *Front) answer(ctx context.Context, in *api.Request, r *http.Request, times *Times) (out api.Response) {
	defer func() {
		if p := recover(); p != nil {
			out = f.node.fail(in, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	if err := f.check(r); err != nil {
		return f.node.fail(in, err)
	}
	return f.node.answer(ctx, in, times)
}

func (f *Front) check(r *http.Request) error {
	if n := len(r.RequestURI); n > f.limits.URLBytesMax {
		return fault.Newf(fault.URLTooLong, "the URL has %d bytes; at most %d are read", n, f.limits.URLBytesMax).
			WithHint("send long filters as a POST to a named query, or raise limits.url_bytes")
	}
	lines, size := 1, len("Host: \r\n")+len(r.Host) // net/http takes the line of Host out
	for name, values := range r.Header {
		lines += len(values)
		for _, v := range values {
			size += len(name) + len(": \r\n") + len(v)
		}
	}
	if size > f.limits.HeaderBytesMax {
		return fault.Newf(fault.HeadersTooLarge, "the request's headers have %d bytes; at most %d are read", size, f.limits.HeaderBytesMax)
	}
	if lines > f.limits.HeadersMax {
		return fault.Newf(fault.HeadersTooLarge, "the request has %d header lines; at most %d are read", lines, f.limits.HeadersMax)
	}
	if r.ContentLength > f.limits.BodyBytesMax {
		return f.bodyTooLarge()
	}
	return nil
}

func (f *Front) bodyTooLarge() error {
	return fault.Newf(fault.TooLarge, "the body is larger than %d bytes", f.limits.BodyBytesMax).
		WithHint("send fewer rows at a time, load files with `pintail import`, or raise limits.body_bytes")
}

func (f *Front) request(w http.ResponseWriter, r *http.Request, id string) *api.Request {
	in := &api.Request{
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
		ID:      id,
	}
	if r.Body != nil && r.Body != http.NoBody {
		in.Body = f.body(w, r)
		if r.Header.Get("Content-Encoding") != "" {
			in.BodyLen = -1
		}
	}
	return in
}

// body reads a request's body within its limits of size, growth and slowness.
func (f *Front) body(w http.ResponseWriter, r *http.Request) io.Reader {
	slow := &patientReader{r: r.Body, control: http.NewResponseController(w), grace: f.limits.BodyGrace, rate: f.limits.BodyRateMin, begin: time.Now()}
	slow.wait() // also for a body that nobody reads: net/http reads on to its end, before it answers
	raw := &limitReader{r: slow, left: f.limits.BodyBytesMax, over: f.bodyTooLarge}
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return raw
	case "gzip", "zstd":
		return &inflater{raw: raw, encoding: encoding, front: f}
	default:
		return failReader{fault.Newf(fault.UnknownMedia, "the body's Content-Encoding %q is not one that Pintail reads", encoding).
			WithHint("send it plain, or as gzip or zstd")}
	}
}

// A patientReader gives a body its grace and asks for a rate from then on, so that a slow sender can't hold a place.
type patientReader struct {
	r       io.Reader
	control *http.ResponseController
	begin   time.Time
	grace   time.Duration
	rate    int64
	got     int64
}

func (p *patientReader) Read(b []byte) (int, error) {
	p.wait()
	n, err := p.r.Read(b)
	p.got += int64(n)
	switch {
	case err == nil:
		return n, nil
	case err == io.EOF:
		_ = p.control.SetReadDeadline(time.Time{})
		return n, io.EOF
	case time.Now().After(p.deadline()):
		// The deadline stays: net/http would wait for the rest of the body, for ever, before it sends the answer.
		return n, fault.Newf(fault.RequestTimeout, "the body came slower than %d bytes a second", p.rate).WithCause(err)
	}
	return n, fault.New(fault.BadBody, "the body ended before it was complete").WithCause(err)
}

func (p *patientReader) deadline() time.Time {
	return p.begin.Add(p.grace + time.Duration(p.got/p.rate)*time.Second)
}

// wait sets until when the next bytes must have come. An error means that the connection knows no deadline (a test's
// recorder); then there is no slow sender either.
func (p *patientReader) wait() { _ = p.control.SetReadDeadline(p.deadline()) }

// A limitReader fails, rather than ends, past its limit.
type limitReader struct {
	r    io.Reader
	left int64
	over func() error
}

func (l *limitReader) Read(b []byte) (int, error) {
	if int64(len(b)) > l.left+1 {
		b = b[:l.left+1]
	}
	n, err := l.r.Read(b)
	l.left -= int64(n)
	if l.left < 0 {
		return 0, l.over()
	}
	return n, err
}

type failReader struct{ err error }

func (f failReader) Read([]byte) (int, error) { return 0, f.err }

// An inflater decompresses a body while it stays within its growth: 64 KiB and InflateMax times what was sent.
type inflater struct {
	raw      *limitReader
	encoding string
	front    *Front
	r        io.Reader
	out      int64
}

func (z *inflater) Read(b []byte) (int, error) {
	if z.r == nil {
		var err error
		if z.encoding == "gzip" {
			z.r, err = gzip.NewReader(z.raw)
		} else {
			z.r, err = zstd.NewReader(z.raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
		}
		if err != nil {
			return 0, z.broken(err)
		}
	}
	n, err := z.r.Read(b)
	z.out += int64(n)
	sent := z.front.limits.BodyBytesMax - z.raw.left
	if z.out > max(64<<10, sent*z.front.limits.InflateMax) || z.out > z.front.limits.BodyBytesMax {
		return 0, fault.Newf(fault.TooLarge, "the body grows too large when it is decompressed").
			WithDetails("at most %d bytes, and at most %d times what was sent", z.front.limits.BodyBytesMax, z.front.limits.InflateMax)
	}
	if err != nil && err != io.EOF {
		return n, z.broken(err)
	}
	return n, err
}

func (z *inflater) broken(err error) error {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f
	}
	return fault.Newf(fault.BadBody, "the body is not valid %s", z.encoding).WithCause(err)
}

// requestID takes the caller's id where it is short and harmless, and makes one otherwise.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	if id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.')
	}) {
		return id
	}
	return strconv.FormatUint(rand.Uint64()|1<<63, 36)
}

const exposed = "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, ETag, Location, Preference-Applied, " +
	"Proxy-Status, Range-Unit, Retry-After, Server, Server-Timing, Transfer-Encoding, X-Request-Id"

// cors lets pages of the allowed origins read an answer. No credentials are ever allowed: keys come in headers.
func (f *Front) cors(h http.Header, r *http.Request) {
	origin := r.Header.Get("Origin")
	if origin == "" || len(f.origins) == 0 {
		return
	}
	h.Add("Vary", "Origin")
	if !slices.Contains(f.origins, "*") && !slices.Contains(f.origins, origin) {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", exposed)
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		h.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD")
		h.Set("Access-Control-Allow-Headers", safeList(r.Header.Get("Access-Control-Request-Headers")))
		h.Set("Access-Control-Max-Age", "86400")
	}
}

// safeList gives back a list of header names, and nothing that is no name.
func safeList(s string) string {
	var names []string
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		if name != "" && !strings.ContainsFunc(name, func(c rune) bool {
			return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_')
		}) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// etag is strong: a hash of the very bytes, 128 bits of SHA-256, so that nobody can make two answers that share one.
func etag(body []byte, encoding string) string {
	sum := sha256.Sum256(body)
	var b [40]byte
	tag := append(b[:0], '"')
	tag = base64.RawURLEncoding.AppendEncode(tag, sum[:16])
	if encoding != "" {
		tag = append(append(tag, '-'), encoding...)
	}
	return string(append(tag, '"'))
}

// write sends the answer and gives the number of body bytes sent.
func (f *Front) write(w http.ResponseWriter, r *http.Request, out *api.Response) int64 {
	h := w.Header()
	for _, line := range out.Header {
		h[line.Name] = append(h[line.Name], line.Value)
	}
	if out.Stream != nil {
		w.WriteHeader(out.Status)
		counted := &countWriter{w: w}
		if err := out.Stream(counted); err != nil {
			out.Err = err
			panic(http.ErrAbortHandler) // the head is sent: breaking off is the one way to say that the rest is missing
		}
		return counted.n
	}
	body := out.Body
	unmade := r.Method == http.MethodHead && len(body) == 0 // a body that nobody made has no hash and no length
	read := (r.Method == http.MethodGet || r.Method == http.MethodHead) && !unmade
	if len(body) >= compressBytesMin {
		h.Add("Vary", "Accept-Encoding")
	}
	encoding := pickEncoding(r.Header.Get("Accept-Encoding"), len(body))
	if read && out.Status == http.StatusOK && len(h["Etag"]) == 0 {
		tag := etag(body, encoding)
		h["Etag"] = []string{tag}
		if matches(r.Header.Get("If-None-Match"), tag) {
			delete(h, "Content-Type")
			w.WriteHeader(http.StatusNotModified)
			out.Status = http.StatusNotModified
			return 0
		}
	}
	if encoding != "" {
		packed := compress(encoding, body)
		defer release(packed)
		body = *packed
		h["Content-Encoding"] = []string{encoding}
	}
	if bodyAllowed(out.Status) && !unmade {
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	w.WriteHeader(out.Status)
	if r.Method == http.MethodHead || len(body) == 0 {
		return 0
	}
	if len(body) > slowBytesMin {
		// net/http takes the deadline off after the answer. The error means that the connection knows none (a test's recorder);
		// then there is no slow reader either.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeGrace + time.Duration(len(body)/readRateMin)*time.Second))
	}
	n, err := w.Write(body)
	if err != nil && out.Err == nil {
		out.Err = fmt.Errorf("the client went away: %w", err)
	}
	return int64(n)
}

// A client reads an answer at readRateMin bytes a second at least, after writeGrace; what is shorter than slowBytesMin goes
// into the socket's buffer, whoever reads it.
const (
	slowBytesMin = 16 << 10
	writeGrace   = 30 * time.Second
	readRateMin  = 8 << 10
)

func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

// matches compares weakly, as RFC 9110 section 13.1.2 asks of If-None-Match.
func matches(header, tag string) bool {
	if header == "" {
		return false
	}
	if strings.TrimSpace(header) == "*" {
		return true
	}
	for one := range strings.SplitSeq(header, ",") {
		if strings.TrimPrefix(strings.TrimSpace(one), "W/") == tag {
			return true
		}
	}
	return false
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
