//go:build unix

package pintail

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pintail-dev/pintail/internal/shoptest"
)

// BenchmarkRefusedAnswer is all that is done for a request that is refused for overload, from its head to the last byte of its answer and the
// metrics, but for net/http's own part. Its body isn't read.
func BenchmarkRefusedAnswer(b *testing.B) {
	refuse := refusing(b)
	b.ReportAllocs()
	begin := cpuTime(b)
	for b.Loop() {
		refuse()
	}
	b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N), "cpu-ns/op")
}

// TestRefusedCost: a request that is refused for overload costs less than 50 µs of the processor's time.
func TestRefusedCost(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time, which the race detector takes several times as much of")
	}
	refuse := refusing(t)
	const times = 5000
	best := time.Hour
	for range 3 {
		begin := cpuTime(t)
		for range times {
			refuse()
		}
		best = min(best, (cpuTime(t)-begin)/times)
	}
	t.Logf("%v", best)
	if best > 50*time.Microsecond {
		t.Errorf("a refusal costs %v", best)
	}
}

// refusing gives what sends a request to an app that is overloaded.
func refusing(t testing.TB) func() {
	s := shoptest.Schema(t)
	app, err := New(t.Context(), Config{Parsed: s, Database: shoptest.SQLiteDSN(t, s), Open: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Close(); err != nil {
			t.Error(err)
		}
	})
	crowd(t, app.gate.writes)
	handler := app.Handler()
	return func() {
		r := httptest.NewRequest(http.MethodPost, "/rest/v1/ingredient", unread{t})
		r.Host, r.RemoteAddr = "127.0.0.1", "127.0.0.9:1234"
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, r); w.Code != http.StatusServiceUnavailable {
			t.Fatal(w.Code, w.Body)
		}
	}
}

// cpuTime is what the process has used of the processors.
func cpuTime(t testing.TB) time.Duration {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
