package pintail

import "github.com/pintail-dev/pintail/internal/guard"

// guardMoment has the guard's metrics.
func guardMoment(of *guard.Guard) *moment[guard.Status] {
	m := newMoment("pintail_guard_", of.Status)
	m.counter("refused_total", "Requests refused because an index that they need is lost.", func(s *guard.Status) float64 { return float64(s.Refused) })
	m.counter("canceled_total", "Statements cancelled when the loss of their index was noticed.", func(s *guard.Status) float64 { return float64(s.Canceled) })
	m.counter("repairs_total", "Repairs that succeeded, by this process.", func(s *guard.Status) float64 { return float64(s.Repaired) })
	m.counter("repair_failures_total", "Repairs that failed and are tried again, by this process.", func(s *guard.Status) float64 { return float64(s.Failed) })
	m.gauge("lost", "Indexes and foreign keys that are missing, invalid, changed, damaged or not used any more.", func(s *guard.Status) float64 { return float64(s.Lost()) })
	m.gauge("extra", "Indexes that no schema file declares.", func(s *guard.Status) float64 { return float64(s.Extra()) })
	m.gauge("shed_shapes", "Shapes of query that are refused now.", func(s *guard.Status) float64 { return float64(len(s.Shed)) })
	m.gauge("contracts", "Shapes of which is known which indexes they stand on.", func(s *guard.Status) float64 { return float64(s.Contracts) })
	m.gauge("acts", "1 where the guard refuses and repairs, 0 where it only observes.", func(s *guard.Status) float64 {
		if s.Mode == guard.Act {
			return 1
		}
		return 0
	})
	return m
}
