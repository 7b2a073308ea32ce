package pintail

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pintail-dev/pintail/internal/gate/shed"
)

// gateMoment has the gate's metrics.
func gateMoment(of *gate) *moment[GateStats] {
	const counter, gauge = prometheus.CounterValue, prometheus.GaugeValue
	m := newMoment("pintail_", of.stats)
	m.counter("limit_admitted_total", "Requests within limits.default, of those that it counts.", func(s *GateStats) float64 { return float64(s.Limit.Admitted) })
	m.add(counter, "limit_over_total", "Requests over limits.default: refused, or with report only counted.", []string{"refused"},
		func(s *GateStats, put func(float64, ...string)) {
			put(float64(s.Limit.Refused["rate"]), "true")
			put(float64(s.Limit.Reported), "false")
		})
	m.gauge("limit_clients", "Clients that have used some of what limits.default allows them.", func(s *GateStats) float64 { return float64(s.Limit.Clients) })

	queues := func(kind prometheus.ValueType, name, help string, value func(*shed.Stats) float64) {
		m.add(kind, name, help, []string{"queue"}, func(s *GateStats, put func(float64, ...string)) {
			put(value(&s.Reads), "reads")
			put(value(&s.Writes), "writes")
		})
	}
	queues(gauge, "shed_running", "Statements that run.", func(q *shed.Stats) float64 { return float64(q.Running) })
	queues(gauge, "shed_queued", "Statements that wait for their turn.", func(q *shed.Stats) float64 { return float64(q.Queued) })
	queues(gauge, "shed_limit", "Statements that may run at once.", func(q *shed.Stats) float64 { return float64(q.Limit) })
	queues(counter, "shed_admitted_total", "Statements that were let run.", func(q *shed.Stats) float64 { return float64(q.Admitted) })
	m.add(counter, "shed_refused_total", "Requests that were refused because they would have waited too long, or did.", []string{"queue", "reason"},
		func(s *GateStats, put func(float64, ...string)) {
			for name, q := range map[string]*shed.Stats{"reads": &s.Reads, "writes": &s.Writes} {
				for reason, n := range q.Refused {
					put(float64(n), name, reason)
				}
			}
		})

	m.gauge("connections", "Connections of clients.", func(s *GateStats) float64 { return float64(s.Connections.Open) })
	m.counter("connections_closed_total", "Connections that brought no whole request and were closed to make room.",
		func(s *GateStats) float64 { return float64(s.Connections.Closed) })
	m.counter("connections_refused_total", "Connections for which there was no room.", func(s *GateStats) float64 { return float64(s.Connections.Refused) })
	return m
}
