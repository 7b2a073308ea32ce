package pintail

import (
	"bytes"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/internal/api"
)

// What only reports refuses nobody, and the log doesn't say so.
func TestGateTellsWhatItDoes(t *testing.T) {
	for policy, want := range map[string]string{
		"1/h burst 1":        `msg="refusing requests; counts are since the start"`,
		"report 1/h burst 1": `msg="letting requests through that are over the limit, which only reports; counts are since the start"`,
	} {
		g, r := benchGate(t, policy, "secret")
		var log bytes.Buffer
		g.log = slog.New(slog.NewTextHandler(&log, nil))
		now := time.Now()
		for range 3 {
			_ = g.enter(&api.Visit{Peer: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Class: api.Interactive}, r, now)
		}
		if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, want) || !strings.Contains(text, `most="the admin secret (1)"`) {
			t.Errorf("%s: the log says %s", policy, text)
		}
	}
}
