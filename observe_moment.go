package pintail

import "github.com/prometheus/client_golang/prometheus"

// A moment is a collector whose numbers are all of one moment: whenever somebody looks, it takes one snapshot and reads them from that.
type moment[S any] struct {
	take   func() S
	prefix string
	series []momentSeries[S]
}

// A momentSeries is one metric; tell puts its values, each with those of its labels.
type momentSeries[S any] struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	tell func(s *S, put func(value float64, labels ...string))
}

var _ prometheus.Collector = (*moment[int])(nil)

// newMoment makes a collector of snapshots; the names of its metrics begin with prefix.
func newMoment[S any](prefix string, take func() S) *moment[S] {
	return &moment[S]{take: take, prefix: prefix}
}

func (m *moment[S]) counter(name, help string, value func(*S) float64) {
	m.add(prometheus.CounterValue, name, help, nil, single(value))
}

func (m *moment[S]) gauge(name, help string, value func(*S) float64) {
	m.add(prometheus.GaugeValue, name, help, nil, single(value))
}

func single[S any](value func(*S) float64) func(*S, func(float64, ...string)) {
	return func(s *S, put func(float64, ...string)) { put(value(s)) }
}

// add adds a metric with labels.
func (m *moment[S]) add(kind prometheus.ValueType, name, help string, labels []string, tell func(s *S, put func(value float64, labels ...string))) {
	m.series = append(m.series, momentSeries[S]{prometheus.NewDesc(m.prefix+name, help, labels, nil), kind, tell})
}

// Describe and Collect are prometheus.Collector's.
func (m *moment[S]) Describe(to chan<- *prometheus.Desc) {
	for i := range m.series {
		to <- m.series[i].desc
	}
}

func (m *moment[S]) Collect(to chan<- prometheus.Metric) {
	s := m.take()
	for i := range m.series {
		x := &m.series[i]
		x.tell(&s, func(value float64, labels ...string) {
			to <- prometheus.MustNewConstMetric(x.desc, x.kind, value, labels...)
		})
	}
}
