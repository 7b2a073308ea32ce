package pintail

import (
	"fmt"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/internal/gate/limit"
)

// tellEvery is how often the log is told that clients are refused. A line for each would let them fill the disk.
const tellEvery = 5 * time.Second

// tell writes down who is refused, and why, now and then.
func (g *gate) tell(now time.Time) {
	since, next := int64(now.Sub(g.began)), g.quiet.Load() // by a clock that nobody sets
	if since < next || !g.quiet.CompareAndSwap(next, since+int64(tellEvery)) {
		return
	}
	s := g.stats()
	overload := sum(s.Reads.Refused) + sum(s.Writes.Refused)
	what := "refusing requests"
	if s.Limit.Reported > 0 && overload == 0 {
		what = "letting requests through that are over the limit, which only reports"
	}
	attrs := []any{
		"limit", s.Limit.Policy, "over", s.Limit.Refused["rate"] + s.Limit.Reported, "overload", overload,
		"most", strings.TrimSpace(names(s.Limit.Most) + names(s.Reads.Most) + names(s.Writes.Most)),
	}
	if g.behind.Load() {
		attrs = append(attrs, "hint", "requests come through a proxy that limits.trusted_proxies doesn't name, so that all its clients count as one")
	}
	g.log.Warn(what+"; counts are since the start", attrs...)
}

func sum(m map[string]uint64) (n uint64) {
	for _, v := range m {
		n += v
	}
	return n
}

// names lists the first three clients of a ranking.
func names(list []limit.Count) string {
	var b strings.Builder
	for _, c := range list[:min(3, len(list))] {
		fmt.Fprintf(&b, "%s (%d) ", c.Client, c.Count)
	}
	return b.String()
}
