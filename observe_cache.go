package pintail

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pintail-dev/pintail/internal/store/cache"
)

// cacheGauges are the cache's metrics, all of one moment.
type cacheGauges struct {
	of     *cache.Store
	series []cacheSeries
}

type cacheSeries struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*cache.Stats) float64
}

var _ prometheus.Collector = (*cacheGauges)(nil)

func newCacheGauges(of *cache.Store) *cacheGauges {
	g := &cacheGauges{of: of}
	add := func(name, help string, kind prometheus.ValueType, value func(*cache.Stats) float64) {
		g.series = append(g.series, cacheSeries{prometheus.NewDesc("pintail_cache_"+name, help, nil, nil), kind, value})
	}
	counter, gauge := prometheus.CounterValue, prometheus.GaugeValue
	add("hits_total", "Reads answered from memory.", counter, func(s *cache.Stats) float64 { return float64(s.Hits) })
	add("misses_total", "Reads that were looked for in memory and asked of the database.", counter, func(s *cache.Stats) float64 { return float64(s.Misses) })
	add("invalidations_total", "Misses for which there was an answer that a commit had touched.", counter, func(s *cache.Stats) float64 { return float64(s.Invalidated) })
	add("joined_total", "Reads that shared the answer to a question which was under way.", counter, func(s *cache.Stats) float64 { return float64(s.Joined) })
	add("doubts_total", "Misses because a commit had just come of which nobody knew yet what it touched.", counter, func(s *cache.Stats) float64 { return float64(s.Doubts) })
	add("passed_total", "Reads that were not looked for: what can't be kept, or isn't worth it for now.", counter, func(s *cache.Stats) float64 { return float64(s.Passed) })
	add("evictions_total", "Answers that went to make room for others.", counter, func(s *cache.Stats) float64 { return float64(s.Evicted) })
	add("entries", "Answers in memory.", gauge, func(s *cache.Stats) float64 { return float64(s.Entries) })
	add("bytes", "Memory that the answers take.", gauge, func(s *cache.Stats) float64 { return float64(s.Bytes) })
	return g
}

// Describe and Collect are prometheus.Collector's.
func (g *cacheGauges) Describe(to chan<- *prometheus.Desc) {
	for i := range g.series {
		to <- g.series[i].desc
	}
}

func (g *cacheGauges) Collect(to chan<- prometheus.Metric) {
	s := g.of.Stats()
	for i := range g.series {
		c := &g.series[i]
		to <- prometheus.MustNewConstMetric(c.desc, c.kind, c.value(&s))
	}
}
