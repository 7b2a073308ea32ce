package node

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

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

	SendingBytesMax int64 // all answers over 1 MiB that are on their way: 64 MiB. One alone may be larger.
}

func (l Limits) withDefaults() Limits {
	def(&l.BodyBytesMax, 1<<20)
	def(&l.URLBytesMax, 16<<10)
	def(&l.HeadersMax, 100)
	def(&l.HeaderBytesMax, 32<<10)
	def(&l.InflateMax, 20)
	def(&l.BodyGrace, 10*time.Second)
	def(&l.BodyRateMin, 500)
	def(&l.SendingBytesMax, 64<<20)
	return l
}

func def[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// A Front stands between HTTP and a Node: limits, bodies, compression, ETag, CORS. It knows no HTTP library. ServeHTTP
// brings requests by net/http, an Express straight off a connection.
type Front struct {
	node    *Node
	limits  Limits
	origins []string
	seen    func(Observation)
	sending atomic.Int64 // bytes of large answers on their way

	admission Admission
}

// An Observation is what one request was, for the log and the metrics. It holds no value that a client sent but the path.
type Observation struct {
	ID, Method, Route, Path string
	Status                  int
	Rows                    int
	BytesIn, BytesOut       int64
	Begin                   time.Time
	Took                    time.Duration
	Times                   Times
	Code                    fault.Code // of what went wrong; empty for nothing
	Err                     error      // its cause, for the log
}

// NewFront puts a front before n. Pages of origins may call it across origins ("*" is every one); seen hears of every
// request, and may be nil; what n's Options say of admission holds here too.
func NewFront(n *Node, l Limits, origins []string, seen func(Observation)) *Front {
	if seen == nil {
		seen = func(Observation) {}
	}
	return &Front{node: n, limits: l.withDefaults(), origins: origins, seen: seen, admission: n.o.Admission}
}

// An exchange is one request and its answer on their way through a front.
type exchange struct {
	in          api.Request
	uriBytes    int // as the request line has it
	headerLines int // with that of Host
	headerBytes int // of all lines, with their names and ends

	begin  time.Time
	visit  *api.Visit // nil before it is let in
	path   string     // before the node takes its prefix off
	times  Times
	out    api.Response
	lines  []api.Header // of the answer; kept for the next exchange
	body   []byte       // as it is sent: out.Body, or that compressed
	packed *[]byte      // what body lies in, where it is compressed
	large  int64        // what the answer counts for among those on their way
	length int          // Content-Length; below 0 for none
	unread bool         // it is refused without a look at its body
}

// run answers what came, up to the bytes that are to be sent.
func (f *Front) run(ctx context.Context, x *exchange) {
	x.path = x.in.Path
	x.in.ID = requestID(x.in.Header("X-Request-Id"))
	x.out = f.answer(ctx, x)
	x.large = f.hold(&x.in, &x.out)
	f.finish(x)
}

// answer runs the node on a request that is within the limits. A panic is a bug in one request and stays there.
func (f *Front) answer(ctx context.Context, x *exchange) (out api.Response) {
	defer func() {
		if p := recover(); p != nil {
			out = f.node.fail(&x.in, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	if err := f.enter(ctx, x); err != nil {
		x.unread = true
		return f.node.fail(&x.in, err)
	}
	if err := f.check(x); err != nil {
		return f.node.fail(&x.in, err)
	}
	return f.node.answer(ctx, &x.in, &x.times)
}

func (f *Front) check(x *exchange) error {
	if x.uriBytes > f.limits.URLBytesMax {
		return fault.Newf(fault.URLTooLong, "the URL has %d bytes; at most %d are read", x.uriBytes, f.limits.URLBytesMax).
			WithHint("send long filters as a POST to a named query, or raise limits.url_bytes")
	}
	if x.headerBytes > f.limits.HeaderBytesMax {
		return fault.Newf(fault.HeadersTooLarge, "the request's headers have %d bytes; at most %d are read", x.headerBytes, f.limits.HeaderBytesMax)
	}
	if x.headerLines > f.limits.HeadersMax {
		return fault.Newf(fault.HeadersTooLarge, "the request has %d header lines; at most %d are read", x.headerLines, f.limits.HeadersMax)
	}
	if x.in.BodyLen > f.limits.BodyBytesMax {
		return f.bodyTooLarge()
	}
	return nil
}

// sendingSmall is what an answer may have without being counted among the large ones.
const sendingSmall = 1 << 20

// hold counts a large answer among those on their way, and gives its size. Where they are too many together it becomes a refusal: clients
// that read slowly must not fill the memory. What may have written is never refused any more: it is done.
func (f *Front) hold(in *api.Request, out *api.Response) int64 {
	n := int64(len(out.Body))
	if n <= sendingSmall {
		return 0
	}
	reads := in.Method == http.MethodGet || in.Method == http.MethodHead
	if sum := f.sending.Add(n); reads && sum > n && sum > f.limits.SendingBytesMax {
		f.sending.Add(-n)
		*out = f.node.fail(in, fault.New(fault.Unavailable, "too many large answers are on their way to their clients").
			WithHint("Ask again in a moment, or for fewer rows with limit."))
		return 0
	}
	return n
}

// finish makes of the node's answer what is sent: every header line but those of the connection, and the body's bytes.
func (f *Front) finish(x *exchange) {
	in, out := &x.in, &x.out
	body := out.Body
	lines := append(x.lines[:0], api.Header{Name: "X-Request-Id", Value: in.ID})
	lines = f.cors(lines, in)
	if x.visit != nil && f.admission.Lines != nil {
		lines = f.admission.Lines(x.visit, lines)
	}
	for _, line := range out.Header {
		if !ofConnection(line.Name) {
			lines = append(lines, line)
		}
	}
	defer func() { out.Header, x.lines = lines, lines }()
	x.length = -1
	if out.Stream != nil {
		return
	}
	unmade := in.Method == http.MethodHead && len(body) == 0 // a body that nobody made has no hash and no length
	read := (in.Method == http.MethodGet || in.Method == http.MethodHead) && !unmade
	encoding := ""
	if len(body) >= compressBytesMin {
		lines = append(lines, api.Header{Name: "Vary", Value: "Accept-Encoding"})
		encoding = pickEncoding(in.Header("Accept-Encoding"), len(body))
	}
	if read && out.Status == http.StatusOK && out.Get("Etag") == "" {
		tag := etag(body, encoding)
		lines = append(lines, api.Header{Name: "Etag", Value: tag})
		if matches(in.Header("If-None-Match"), tag) {
			out.Status = http.StatusNotModified
			lines = slices.DeleteFunc(lines, func(h api.Header) bool { return h.Name == "Content-Type" })
			return
		}
	}
	if encoding != "" {
		x.packed = compress(encoding, body)
		out.Body = nil // a slow client holds one copy only
		body = *x.packed
		lines = append(lines, api.Header{Name: "Content-Encoding", Value: encoding})
	}
	if bodyAllowed(out.Status) && !unmade {
		x.length = len(body)
	}
	if in.Method != http.MethodHead {
		x.body = body
	}
}

// ofConnection names the headers that whoever writes the answer sets by what it sends. A database function may try to.
func ofConnection(name string) bool {
	switch name {
	case "Connection", "Content-Length", "Date", "Keep-Alive", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// done notes what became of an exchange: so many bytes of its body were sent, until err.
func (f *Front) done(x *exchange, sent int64, err error) {
	f.sending.Add(-x.large)
	if x.packed != nil {
		release(x.packed)
	}
	out := &x.out
	if err != nil && out.Err == nil {
		out.Err = fmt.Errorf("the client went away: %w", err)
	}
	ob := Observation{
		ID: x.in.ID, Method: x.in.Method, Path: x.path, Route: out.Route, Status: out.Status, Rows: out.Rows,
		BytesIn: max(x.in.BodyLen, 0), BytesOut: sent, Begin: x.begin, Took: time.Since(x.begin), Times: x.times,
	}
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

// requestID takes the caller's id where it is short and harmless, and makes one otherwise.
func requestID(id string) string {
	if id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.')
	}) {
		return id
	}
	return strconv.FormatUint(rand.Uint64()|1<<63, 36)
}

const exposed = "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, ETag, Location, Preference-Applied, " +
	"Proxy-Status, RateLimit, RateLimit-Policy, Range-Unit, Retry-After, Server, Server-Timing, Transfer-Encoding, X-Request-Id"

// cors lets pages of the allowed origins read an answer. No credentials are ever allowed: keys come in headers.
func (f *Front) cors(lines []api.Header, in *api.Request) []api.Header {
	if len(f.origins) == 0 {
		return lines
	}
	origin := in.Header("Origin")
	if origin == "" {
		return lines
	}
	lines = append(lines, api.Header{Name: "Vary", Value: "Origin"})
	if !slices.Contains(f.origins, "*") && !slices.Contains(f.origins, origin) {
		return lines
	}
	lines = append(lines, api.Header{Name: "Access-Control-Allow-Origin", Value: origin},
		api.Header{Name: "Access-Control-Expose-Headers", Value: exposed})
	if preflight(in) {
		lines = append(lines, api.Header{Name: "Access-Control-Allow-Methods", Value: "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"},
			api.Header{Name: "Access-Control-Allow-Headers", Value: safeList(in.Header("Access-Control-Request-Headers"))},
			api.Header{Name: "Access-Control-Max-Age", Value: "86400"})
	}
	return lines
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

// A client reads an answer at readRateMin bytes a second at least, after writeGrace; what is shorter than slowBytesMin goes
// into the socket's buffer, whoever reads it.
const (
	slowBytesMin = 16 << 10
	writeGrace   = 30 * time.Second
	readRateMin  = 8 << 10
)

// readTime is how long a client may take, after its grace, to read an answer of so many bytes.
func readTime(bytes int) time.Duration { return time.Duration(bytes/readRateMin) * time.Second }

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
