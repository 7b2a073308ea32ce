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
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/shape"
)

// seen writes one line a request to the log, and counts it. The line holds no value that the client sent but the path: no
// query string, no header, no body.
func (a *App) seen(o node.Observation) {
	a.gauge.count(o)
	level := slog.LevelInfo
	switch {
	case o.Code == fault.QueryCanceled && errors.Is(o.Err, context.Canceled): // the client left: nobody's mistake
	case o.Code == fault.TooManyRequests || o.Code == fault.Overloaded: // the gate tells of all of them together, now and then
		level = slog.LevelDebug
	case o.Status >= 500:
		level = slog.LevelError
	case o.Status >= 400:
		level = slog.LevelWarn
	}
	if !a.log.Enabled(context.Background(), level) {
		return
	}
	// The handler itself rather than the logger, which would look for the line of the source that every request shares.
	line := slog.NewRecord(o.Begin.Add(o.Took), level, "request", 0)
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

// gauges are the metrics of one app, in a registry of their own. Counting a request takes a few additions: the series that there
// are, are kept, and what /metrics and the console show is made of them when somebody looks.
type gauges struct {
	registry *prometheus.Registry

	mu     sync.RWMutex
	known  map[answered]*series
	routes map[string]*timed

	stages   [stages]timed
	rows     atomic.Int64
	bytesOut atomic.Int64
	bytesIn  atomic.Int64
}

// The stages of a request that are timed, in their order.
const (
	stageParse = iota
	stagePlan
	stageStore
	stageAnswer
	stages
)

var stageNames = [stages]string{"parse", "plan", "store", "answer"}

// answered is what tells series of requests apart.
type answered struct {
	route  string
	status int
	code   fault.Code
}

type series struct {
	count atomic.Uint64
	took  *timed // of the route
}

// timed counts durations, and sums them.
type timed struct {
	shape.Histogram
	nanos atomic.Int64
}

func (t *timed) add(d time.Duration) {
	t.Add(d)
	t.nanos.Add(int64(d))
}

func (g *gauges) series(of answered) *series {
	g.mu.RLock()
	s, ok := g.known[of]
	g.mu.RUnlock()
	if ok {
		return s
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if s, ok := g.known[of]; ok {
		return s
	}
	if g.routes[of.route] == nil {
		g.routes[of.route] = &timed{}
	}
	s = &series{took: g.routes[of.route]}
	g.known[of] = s
	return s
}

func newGauges() *gauges {
	g := &gauges{known: map[answered]*series{}, routes: map[string]*timed{}, registry: prometheus.NewRegistry()}
	g.registry.MustRegister(g, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return g
}

func (g *gauges) count(o node.Observation) {
	s := g.series(answered{o.Route, o.Status, o.Code})
	s.count.Add(1)
	s.took.add(o.Took)
	for i, took := range [stages]time.Duration{o.Times.Parse, o.Times.Plan, o.Times.Store, o.Times.Answer} {
		if took > 0 { // a refused request doesn't reach every stage
			g.stages[i].add(took)
		}
	}
	g.rows.Add(int64(o.Rows))
	g.bytesOut.Add(o.BytesOut)
	g.bytesIn.Add(o.BytesIn)
}

var _ prometheus.Collector = (*gauges)(nil)

var (
	requestsDesc = prometheus.NewDesc("pintail_requests_total", "Requests by route, status and code of what went wrong.", []string{"route", "status", "code"}, nil)
	secondsDesc  = prometheus.NewDesc("pintail_request_seconds", "How long requests took.", []string{"route"}, nil)
	stagesDesc   = prometheus.NewDesc("pintail_stage_seconds", "How long each stage of a request took.", []string{"stage"}, nil)
	rowsDesc     = prometheus.NewDesc("pintail_rows_total", "Rows answered.", nil, nil)
	sentDesc     = prometheus.NewDesc("pintail_sent_bytes_total", "Bytes of answers' bodies.", nil, nil)
	receivedDesc = prometheus.NewDesc("pintail_received_bytes_total", "Bytes of requests' bodies.", nil, nil)
)

// Describe and Collect are prometheus.Collector's.
func (g *gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{requestsDesc, secondsDesc, stagesDesc, rowsDesc, sentDesc, receivedDesc} {
		to <- d
	}
}

func (g *gauges) Collect(to chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, n float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, n, labels...)
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	for of, s := range g.known {
		counter(requestsDesc, float64(s.count.Load()), of.route, strconv.Itoa(of.status), string(of.code))
	}
	for route, t := range g.routes {
		to <- t.metric(secondsDesc, route)
	}
	for i := range g.stages {
		to <- g.stages[i].metric(stagesDesc, stageNames[i])
	}
	counter(rowsDesc, float64(g.rows.Load()))
	counter(sentDesc, float64(g.bytesOut.Load()))
	counter(receivedDesc, float64(g.bytesIn.Load()))
}

// The buckets of /metrics are powers of two, from 64 µs to 33 s: a keyed read takes 0.05 to 1 ms, a request may take 30 s.
const firstBucket, lastBucket = 6, 25

func (t *timed) metric(d *prometheus.Desc, label string) prometheus.Metric {
	counts := t.Counts()
	below := make(map[float64]uint64, lastBucket-firstBucket+1)
	for power := firstBucket; power <= lastBucket; power++ {
		below[float64(uint64(1)<<power)/1e6] = counts.Below(power)
	}
	return prometheus.MustNewConstHistogram(d, counts.Sum(), time.Duration(t.nanos.Load()).Seconds(), below, label)
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
