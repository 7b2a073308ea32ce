package pintail

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pintail-dev/pintail/internal/gate/shed"
)

// gateGauges are the gate's metrics.
type gateGauges struct {
	of                                                         *gate
	admitted, over, clients, running, queued, limit, ran, shed *prometheus.Desc
	open, closed, refused                                      *prometheus.Desc
}

var _ prometheus.Collector = (*gateGauges)(nil)

func newGateGauges(of *gate) *gateGauges {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("pintail_"+name, help, labels, nil)
	}
	return &gateGauges{
		of:       of,
		admitted: desc("limit_admitted_total", "Requests within limits.default, of those that it counts."),
		over:     desc("limit_over_total", "Requests over limits.default: refused, or with report only counted.", "refused"),
		clients:  desc("limit_clients", "Clients that have used some of what limits.default allows them."),
		running:  desc("shed_running", "Statements that run.", "queue"),
		queued:   desc("shed_queued", "Statements that wait for their turn.", "queue"),
		limit:    desc("shed_limit", "Statements that may run at once.", "queue"),
		ran:      desc("shed_admitted_total", "Statements that were let run.", "queue"),
		shed:     desc("shed_refused_total", "Requests that were refused because they would have waited too long, or did.", "queue", "reason"),
		open:     desc("connections", "Connections of clients."),
		closed:   desc("connections_closed_total", "Connections that brought no whole request and were closed to make room."),
		refused:  desc("connections_refused_total", "Connections for which there was no room."),
	}
}

// Describe and Collect are prometheus.Collector's.
func (g *gateGauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.admitted, g.over, g.clients, g.running, g.queued, g.limit, g.ran, g.shed, g.open, g.closed, g.refused} {
		to <- d
	}
}

func (g *gateGauges) Collect(to chan<- prometheus.Metric) {
	put := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	s := g.of.stats()
	put(g.admitted, prometheus.CounterValue, float64(s.Limit.Admitted))
	put(g.over, prometheus.CounterValue, float64(s.Limit.Refused["rate"]), "true")
	put(g.over, prometheus.CounterValue, float64(s.Limit.Reported), "false")
	put(g.clients, prometheus.GaugeValue, float64(s.Limit.Clients))
	for name, q := range map[string]*shed.Stats{"reads": &s.Reads, "writes": &s.Writes} {
		put(g.running, prometheus.GaugeValue, float64(q.Running), name)
		put(g.queued, prometheus.GaugeValue, float64(q.Queued), name)
		put(g.limit, prometheus.GaugeValue, float64(q.Limit), name)
		put(g.ran, prometheus.CounterValue, float64(q.Admitted), name)
		for reason, n := range q.Refused {
			put(g.shed, prometheus.CounterValue, float64(n), name, reason)
		}
	}
	put(g.open, prometheus.GaugeValue, float64(s.Connections.Open))
	put(g.closed, prometheus.CounterValue, float64(s.Connections.Closed))
	put(g.refused, prometheus.CounterValue, float64(s.Connections.Refused))
}
