package pintail

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/node"
)

// seen writes one line a request to the log, and counts it. The line holds no value that the client sent but the path: no
// query string, no header, no body.
func (a *App) seen(o node.Observation) {
	a.gauge.count(o)
	level := slog.LevelInfo
	switch {
	case o.Code == fault.QueryCanceled && errors.Is(o.Err, context.Canceled): // the client left: nobody's mistake
	case o.Status >= 500:
		level = slog.LevelError
	case o.Status >= 400:
		level = slog.LevelWarn
	}
	if !a.log.Enabled(context.Background(), level) {
		return
	}
	// The handler itself rather than the logger, which would look for the line of the source that every request shares.
	line := slog.NewRecord(time.Now(), level, "request", 0)
	line.AddAttrs(
		slog.String("id", o.ID), slog.String("method", o.Method), slog.String("path", o.Path), slog.String("route", o.Route),
		slog.Int("status", o.Status), slog.Int("rows", o.Rows), slog.Int64("in", o.BytesIn), slog.Int64("out", o.BytesOut),
		slog.Duration("took", o.Took), slog.Duration("store", o.Times.Store))
	if o.Code != "" {
		line.AddAttrs(slog.String("code", string(o.Code)))
	}
	if o.Err != nil && o.Status >= 500 {
		line.AddAttrs(slog.String("cause", o.Err.Error()))
	}
	// Where the log can't be written there is nowhere to say so.
	_ = a.log.Handler().Handle(context.Background(), line)
}

// gauges are the metrics of one app, in a registry of their own.
type gauges struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	stages   *prometheus.HistogramVec
	rows     prometheus.Counter
	bytesOut prometheus.Counter
	bytesIn  prometheus.Counter

	// Looking a series up by its labels costs more than counting: the few that there are, are kept.
	mu          sync.RWMutex
	known       map[answered]series
	store, plan prometheus.Observer
}

// answered is what tells series of requests apart.
type answered struct {
	route  string
	status int
	code   fault.Code
}

type series struct {
	count   prometheus.Counter
	seconds prometheus.Observer
}

func (g *gauges) series(of answered) series {
	g.mu.RLock()
	s, ok := g.known[of]
	g.mu.RUnlock()
	if ok {
		return s
	}
	s = series{g.requests.WithLabelValues(of.route, strconv.Itoa(of.status), string(of.code)), g.seconds.WithLabelValues(of.route)}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.known[of] = s
	return s
}

// Buckets from 0.1 ms to 30 s: a keyed read takes 0.05 to 1 ms, a request may take 30 s.
var buckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

func newGauges() *gauges {
	g := &gauges{
		known:    map[answered]series{},
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pintail_requests_total", Help: "Requests by route, status and code of what went wrong."}, []string{"route", "status", "code"}),
		seconds:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pintail_request_seconds", Help: "How long requests took.", Buckets: buckets}, []string{"route"}),
		stages:   prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pintail_stage_seconds", Help: "How long each stage of a request took.", Buckets: buckets}, []string{"stage"}),
		rows:     prometheus.NewCounter(prometheus.CounterOpts{Name: "pintail_rows_total", Help: "Rows answered."}),
		bytesOut: prometheus.NewCounter(prometheus.CounterOpts{Name: "pintail_sent_bytes_total", Help: "Bytes of answers' bodies."}),
		bytesIn:  prometheus.NewCounter(prometheus.CounterOpts{Name: "pintail_received_bytes_total", Help: "Bytes of requests' bodies."}),
	}
	g.store, g.plan = g.stages.WithLabelValues("store"), g.stages.WithLabelValues("plan")
	g.registry.MustRegister(g.requests, g.seconds, g.stages, g.rows, g.bytesOut, g.bytesIn,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return g
}

func (g *gauges) count(o node.Observation) {
	s := g.series(answered{o.Route, o.Status, o.Code})
	s.count.Inc()
	s.seconds.Observe(o.Took.Seconds())
	g.store.Observe(o.Times.Store.Seconds())
	g.plan.Observe(o.Times.Plan.Seconds())
	g.rows.Add(float64(o.Rows))
	g.bytesOut.Add(float64(o.BytesOut))
	g.bytesIn.Add(float64(o.BytesIn))
}

func (g *gauges) handler() http.Handler {
	return promhttp.HandlerFor(g.registry, promhttp.HandlerOpts{Registry: g.registry})
}

// serverLog hands what net/http says of broken connections to the log as debug lines.
func serverLog(l *slog.Logger) *log.Logger { return slog.NewLogLogger(l.Handler(), slog.LevelDebug) }

// redact leaves user and password out of a database address.
func redact(dsn string) string {
	if !strings.Contains(dsn, "://") {
		return dsn
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "(an address that can't be read)"
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	for _, secret := range []string{"password", "sslpassword", "passfile"} {
		q.Del(secret)
	}
	u.RawQuery = q.Encode()
	return u.String()
}
