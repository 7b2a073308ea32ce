package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
)

// newLog writes lines for people on a terminal and JSON elsewhere, unless the configuration says otherwise. Lines are
// gathered for up to a tenth of a second, so that a busy server doesn't make a system call for each; stop writes the rest.
func newLog(c *config, w io.Writer) (l *slog.Logger, stop func()) {
	var level slog.Level
	if c.LogLevel != "" && level.UnmarshalText([]byte(c.LogLevel)) != nil {
		level = slog.LevelInfo
	}
	lazy := newLazyWriter(w)
	if c.LogFormat == "json" || c.LogFormat == "" && !terminal(w) {
		return slog.New(&jsonHandler{Handler: slog.NewJSONHandler(lazy, &slog.HandlerOptions{Level: level}), w: lazy}), lazy.stop
	}
	return slog.New(&plainHandler{w: lazy, level: level}), lazy.stop
}

// A lazyWriter buffers, and flushes a tenth of a second after the first byte.
type lazyWriter struct {
	mu    sync.Mutex
	buf   *bufio.Writer
	timer *time.Timer
	set   bool
}

func newLazyWriter(w io.Writer) *lazyWriter {
	l := &lazyWriter{buf: bufio.NewWriterSize(w, 64<<10)}
	l.timer = time.AfterFunc(time.Hour, l.flush)
	l.timer.Stop()
	return l
}

func (l *lazyWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.set {
		l.set = true
		l.timer.Reset(100 * time.Millisecond)
	}
	return l.buf.Write(b)
}

func (l *lazyWriter) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.set = false
	// Where the log can't be written there is nowhere to say so.
	_ = l.buf.Flush()
}

func (l *lazyWriter) stop() {
	l.timer.Stop()
	l.flush()
}

// A jsonHandler writes what slog's own writes, and writes plain records itself: a line a request is a tenth of the work of a
// small one, and half of that this way.
type jsonHandler struct {
	slog.Handler
	w io.Writer
}

func (h *jsonHandler) Handle(ctx context.Context, r slog.Record) error {
	var buf [512]byte
	b, ok := appendRecord(buf[:0], &r)
	if !ok {
		return h.Handler.Handle(ctx, r)
	}
	_, err := h.w.Write(b)
	return err
}

// appendRecord writes a record of texts without anything to escape, numbers and durations. False means that it is another.
func appendRecord(b []byte, r *slog.Record) ([]byte, bool) {
	if year := r.Time.Year(); r.Time.IsZero() || year < 0 || year > 9999 || !bare(r.Message) {
		return nil, false
	}
	b = append(b, `{"time":"`...)
	b = r.Time.AppendFormat(b, time.RFC3339Nano)
	b = append(append(b, `","level":"`...), r.Level.String()...)
	b = append(append(append(b, `","msg":"`...), r.Message...), '"')
	ok := true
	r.Attrs(func(a slog.Attr) bool {
		if ok = bare(a.Key) && a.Key != ""; !ok {
			return false
		}
		b = append(append(append(b, `,"`...), a.Key...), `":`...)
		switch a.Value.Kind() {
		case slog.KindString:
			text := a.Value.String()
			ok = bare(text)
			b = append(append(append(b, '"'), text...), '"')
		case slog.KindInt64:
			b = strconv.AppendInt(b, a.Value.Int64(), 10)
		case slog.KindDuration:
			b = strconv.AppendInt(b, int64(a.Value.Duration()), 10)
		default:
			ok = false
		}
		return ok
	})
	return append(b, "}\n"...), ok
}

// bare says whether a text stands for itself between quotes.
func bare(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// A plainHandler writes lines for people: time, a mark for trouble, the message, and what belongs to it. A request is one
// line in a fixed order.
type plainHandler struct {
	w      io.Writer
	level  slog.Level
	before []slog.Attr
}

func (h *plainHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

func (h *plainHandler) WithAttrs(a []slog.Attr) slog.Handler {
	return &plainHandler{w: h.w, level: h.level, before: append(h.before[:len(h.before):len(h.before)], a...)}
}

// WithGroup drops the group's name: nothing here logs in groups.
func (h *plainHandler) WithGroup(string) slog.Handler { return h }

func (h *plainHandler) Handle(_ context.Context, r slog.Record) error {
	attrs := append([]slog.Attr(nil), h.before...)
	r.Attrs(func(a slog.Attr) bool { attrs = append(attrs, a); return true })
	var b strings.Builder
	b.WriteString(r.Time.Format("15:04:05 "))
	if r.Level >= slog.LevelWarn && r.Message != "request" {
		b.WriteString(r.Level.String() + " ")
	}
	if r.Message == "request" {
		requestLine(&b, attrs)
	} else {
		b.WriteString(printable(r.Message))
		for _, a := range attrs {
			fmt.Fprintf(&b, "  %s=%s", a.Key, printable(a.Value.String()))
		}
	}
	b.WriteByte('\n')
	_, err := io.WriteString(h.w, b.String())
	return err
}

func requestLine(b *strings.Builder, attrs []slog.Attr) {
	m := make(map[string]slog.Value, len(attrs))
	for _, a := range attrs {
		m[a.Key] = a.Value
	}
	fmt.Fprintf(b, "%s %-6s %s  %s  %s  %s", m["status"], m["method"], printable(m["path"].String()), counted(int(m["rows"].Int64()), "row", "rows"),
		size(m["out"].Int64()), m["took"].Duration().Round(10*time.Microsecond))
	if code, ok := m["code"]; ok {
		fmt.Fprintf(b, "  %s", code)
	}
	fmt.Fprintf(b, "  #%s", m["id"])
	if cause, ok := m["cause"]; ok {
		fmt.Fprintf(b, "\n         %s", printable(cause.String()))
	}
}

// printable quotes what could forge a line or drive a terminal.
func printable(s string) string {
	for _, r := range s {
		if !strconv.IsPrint(r) {
			return strconv.Quote(s)
		}
	}
	return s
}

// size writes bytes for people.
func size(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " B"
	case n < 1000*1000:
		return strconv.FormatFloat(float64(n)/1000, 'f', 1, 64) + " kB"
	}
	if n < 1000*1000*1000 {
		return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
	}
	return strconv.FormatFloat(float64(n)/1e9, 'f', 1, 64) + " GB"
}
