package pintail

import (
	"bytes"
	"log/slog"
	"net/http"
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

// Whoever asks too much in others' name, and isn't trusted, is told of: where rows are counted too, and over IPv6.
func TestGateHintsAtAProxy(t *testing.T) {
	for _, policy := range []string{"1/h burst 1", "1 rows/h burst 1", "report 1 rows/h burst 1"} {
		for _, peer := range []string{"192.0.2.1", "2001:db8::7"} {
			for forwarded, want := range map[string]int{"": 0, "198.51.100.1": 1} {
				g, r := benchGate(t, policy, "secret")
				r.Header = http.Header{"Apikey": {"secret"}, "X-Forwarded-For": {forwarded}}.Get
				var log bytes.Buffer
				g.log = slog.New(slog.NewTextHandler(&log, nil))
				for range 2 {
					v := &api.Visit{Peer: netip.MustParseAddr(peer), Class: api.Interactive}
					if g.enter(v, r, time.Now()) == nil {
						_ = g.charge(v, api.Interactive, 1)
					}
				}
				if text := log.String(); strings.Count(text, "\n") != 1 || strings.Count(text, "limits.trusted_proxies doesn't name") != want {
					t.Errorf("%s, %s in the name of %q: the log says %s", policy, peer, forwarded, text)
				}
			}
		}
	}
}

// As many connections as are wanted, but no more than the process can have: then the log says so.
func TestConnectionsMax(t *testing.T) {
	for _, c := range []struct{ wanted, descriptors, most, lines int }{
		{0, 1000, 800, 0}, {1, 1000, 1, 0}, {800, 1000, 800, 0}, {801, 1000, 800, 1}, {1 << 20, 1000, 800, 1},
	} {
		var log bytes.Buffer
		got := connectionsMax(c.wanted, c.descriptors, slog.New(slog.NewTextHandler(&log, nil)))
		if got != c.most || strings.Count(log.String(), "\n") != c.lines || c.lines > 0 && !strings.Contains(log.String(), "ulimit -n") {
			t.Errorf("%+v: %d, and the log says %s", c, got, log.String())
		}
	}
}
