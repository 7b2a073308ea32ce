package pintail

import "github.com/pintail-dev/pintail/internal/store/cache"

// cacheMoment has the cache's metrics.
func cacheMoment(of *cache.Store) *moment[cache.Stats] {
	m := newMoment("pintail_cache_", of.Stats)
	m.counter("hits_total", "Reads answered from memory.", func(s *cache.Stats) float64 { return float64(s.Hits) })
	m.counter("misses_total", "Reads that were looked for in memory and asked of the database.", func(s *cache.Stats) float64 { return float64(s.Misses) })
	m.counter("invalidations_total", "Misses for which there was an answer that a commit had touched.", func(s *cache.Stats) float64 { return float64(s.Invalidated) })
	m.counter("joined_total", "Reads that shared the answer to a question which was under way.", func(s *cache.Stats) float64 { return float64(s.Joined) })
	m.counter("doubts_total", "Misses because a commit had just come of which nobody knew yet what it touched.", func(s *cache.Stats) float64 { return float64(s.Doubts) })
	m.counter("passed_total", "Reads that were not looked for: what can't be kept, or isn't worth it for now.", func(s *cache.Stats) float64 { return float64(s.Passed) })
	m.counter("evictions_total", "Answers that went to make room for others.", func(s *cache.Stats) float64 { return float64(s.Evicted) })
	m.gauge("entries", "Answers in memory.", func(s *cache.Stats) float64 { return float64(s.Entries) })
	m.gauge("bytes", "Memory that the answers take.", func(s *cache.Stats) float64 { return float64(s.Bytes) })
	return m
}
