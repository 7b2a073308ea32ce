package node

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/pintail-dev/pintail/fault"
)

func (f *Front) bodyTooLarge() error {
	return fault.Newf(fault.TooLarge, "the body is larger than %d bytes", f.limits.BodyBytesMax).
		WithHint("send fewer rows at a time, load files with `pintail import`, or raise limits.body_bytes")
}

// body reads a request's body within its limits of size, growth and slowness.
func (f *Front) body(w http.ResponseWriter, r *http.Request) io.Reader {
	slow := &patientReader{
		r: r.Body, control: http.NewResponseController(w), grace: f.limits.BodyGrace, rate: f.limits.BodyRateMin, most: f.node.o.AnswerTime, begin: time.Now(),
	}
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
	most    time.Duration // for all of it: a request's own
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
	case time.Since(p.begin) >= p.most:
		return n, fault.Newf(fault.RequestTimeout, "the body didn't come within %v", p.most).WithCause(err)
	case time.Now().After(p.deadline()):
		// The deadline stays: net/http would wait for the rest of the body, for ever, before it sends the answer.
		return n, fault.Newf(fault.RequestTimeout, "the body came slower than %d bytes a second", p.rate).WithCause(err)
	}
	return n, fault.New(fault.BadBody, "the body ended before it was complete").WithCause(err)
}

func (p *patientReader) deadline() time.Time {
	return p.begin.Add(min(p.most, p.grace+time.Duration(p.got/p.rate)*time.Second))
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
