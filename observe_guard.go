package pintail

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pintail-dev/pintail/internal/guard"
)

// guardGauges are the guard's metrics, all of one moment.
type guardGauges struct {
	of     *guard.Guard
	series []guardSeries
}

type guardSeries struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*guard.Status) float64
}

var _ prometheus.Collector = (*guardGauges)(nil)

func newGuardGauges(of *guard.Guard) *guardGauges {
	g := &guardGauges{of: of}
	add := func(name, help string, kind prometheus.ValueType, value func(*guard.Status) float64) {
		g.series = append(g.series, guardSeries{prometheus.NewDesc("pintail_guard_"+name, help, nil, nil), kind, value})
	}
	counter, gauge := prometheus.CounterValue, prometheus.GaugeValue
	add("refused_total", "Requests refused because an index that they need is lost.", counter, func(s *guard.Status) float64 { return float64(s.Refused) })
	add("canceled_total", "Statements cancelled when the loss of their index was noticed.", counter, func(s *guard.Status) float64 { return float64(s.Canceled) })
	add("repairs_total", "Repairs that succeeded, by this process.", counter, func(s *guard.Status) float64 { return float64(s.Repaired) })
	add("repair_failures_total", "Repairs that failed and are tried again, by this process.", counter, func(s *guard.Status) float64 { return float64(s.Failed) })
	add("lost", "Indexes that are missing, invalid, changed, damaged or not used any more.", gauge, func(s *guard.Status) float64 { return float64(s.Lost()) })
	add("extra", "Indexes that no schema file declares.", gauge, func(s *guard.Status) float64 { return float64(s.Extra()) })
	add("shed_shapes", "Shapes of query that are refused now.", gauge, func(s *guard.Status) float64 { return float64(len(s.Shed)) })
	add("contracts", "Shapes of which is known which indexes they stand on.", gauge, func(s *guard.Status) float64 { return float64(s.Contracts) })
	add("acts", "1 where the guard refuses and repairs, 0 where it only observes.", gauge, func(s *guard.Status) float64 {
		if s.Mode == guard.Act {
			return 1
		}
		return 0
	})
	return g
}

// Describe and Collect are prometheus.Collector's.
func (g *guardGauges) Describe(to chan<- *prometheus.Desc) {
	for i := range g.series {
		to <- g.series[i].desc
	}
}

func (g *guardGauges) Collect(to chan<- prometheus.Metric) {
	s := g.of.Status()
	for i := range g.series {
		c := &g.series[i]
		to <- prometheus.MustNewConstMetric(c.desc, c.kind, c.value(&s))
	}
}
