package pintail

import (
	"log/slog"
	"testing"
	"time"
)

// TestServerTimes holds the listener to what docs/limits.md says of slow and idle connections: waiting for them would take
// longer than all other tests.
func TestServerTimes(t *testing.T) {
	s := (&App{log: slog.New(slog.DiscardHandler)}).server(nil)
	if s.ReadHeaderTimeout != 10*time.Second || s.IdleTimeout != 75*time.Second {
		t.Errorf("headers %v, idle %v; docs/limits.md says 10 s and 75 s", s.ReadHeaderTimeout, s.IdleTimeout)
	}
	c := Config{}.withDefaults()
	if c.StatementTime != 5*time.Second || c.AnswerBytesMax != 32<<20 {
		t.Errorf("a statement %v, an answer %d; docs/limits.md says 5 s and 32 MiB", c.StatementTime, c.AnswerBytesMax)
	}
}
