package console

import (
	"strings"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/internal/guard"
)

func TestTheHeadlineIsTheWorst(t *testing.T) {
	began := time.Now()
	st := &State{At: began.Add(3 * time.Minute), Server: Server{Began: began, Listen: "127.0.0.1:8080"}}
	want := func(kind, title, more string) {
		t.Helper()
		h := st.headline()
		if h.Kind != kind || !strings.Contains(h.Title, title) || !strings.Contains(h.More, more) || h.Tone == "" {
			t.Errorf("%+v, want %s, %q, %q", h, kind, title, more)
		}
	}
	want("empty", "nobody has asked yet", "http://127.0.0.1:8080")
	st.Requests.Total = 12345
	want("quiet", "All quiet", "12,345 requests in 3 min.")
	st.Requests = Flow{Rate: Rate{12345, 131.4}, P50: .2, P99: 3.42}
	want("well", "All well.", "131 requests a second, half of them within 0.20 ms, 99 % within 3.4 ms.")
	st.SlowTime, st.Shapes = 500, []Shape{{Label: "call top_toasts"}}
	want("well", "All well.", "")
	st.Requests.P50 = 500.1
	want("slow", "Half of the requests take longer than 500 ms.", "131 requests a second, 99 % of them within 3.4 ms. Most of the time in the store goes to: call top_toasts.")
	st.Requests.P50 = .2
	st.Guard = &guard.Status{Mode: guard.Act, Drift: []guard.Drift{{Kind: guard.Extra}}}
	want("well", "All well.", "")
	st.Guard.Drift = append(st.Guard.Drift, guard.Drift{Kind: guard.Missing, Details: "The index x is missing."})
	want("drift", "1 thing of the schema file is not", "The index x is missing.")
	st.Guard.Mode = guard.Observe
	want("drift", "1 thing", "The index x is missing. The guard only observes here: `pintail guard repair`")
	missing := st.Guard.Drift
	st.Guard.Drift = []guard.Drift{{Kind: guard.Pending, Details: "the index y is declared, and isn't there"}}
	want("drift", "1 index of the schema file is not in the database yet.", "The index y is declared, and isn't there. `pintail schema apply`")
	st.Guard.Drift = []guard.Drift{{Kind: guard.TableGone, Details: "the table z isn't there"}}
	want("drift", "1 thing", "The table z isn't there. The guard makes no tables: restore a backup.")
	st.Guard.Drift = missing
	st.Refused = []Refused{
		{Box: "plan", Code: "PGRST205", Status: 404, Rate: Rate{9, 9}},
		{Box: "gate", Code: "PT429", Status: 429, Title: "called too often", Rate: Rate{9, 5}},
		{Box: "gate", Code: "PT413", Status: 413, Title: "too large", Rate: Rate{9, 1}},
		{Box: "store", Code: "PT503", Status: 503, Title: "away", Do: "Wait.", Rate: Rate{9, 0}},
	}
	want("refusing", "The gate turns 6 requests a second away.", "Called too often. All together: 131 requests a second")
	st.Refused[3].Rate.Rate = 2
	want("failing", "2 requests a second fail.", "PT503: away. Wait.")
	st.Guard.Repairs = []guard.Repairs{{Index: "order_x", Progress: guard.Progress{Done: .43, Left: 12 * time.Second}}}
	want("repair", "The guard builds order_x again, 43 % done, 12 s left.", "")
	st.Guard.Shed = []guard.ShedShape{{}, {}}
	want("shed", "2 queries wait for a lost index. All others are answered.", "order_x again, 43 % done")
	st.Server.Stopping = true
	want("stopping", "The server is stopping.", "")
}

func TestNumbersAreShort(t *testing.T) {
	for n, want := range map[float64]string{0: "0", -1: "0", .04: "<0.1", .1: "0.1", 3: "3", 3.44: "3.4", 9.94: "9.9", 9.96: "10", 132.4: "132", 999.6: "1.00k", 1310: "1.31k",
		9994: "9.99k", 9999: "10.0k", 99_949: "99.9k", 99_999: "100k", 999_499: "999k", 999_501: "1.0M", 4.5e6: "4.5M"} {
		if got := Short(n); got != want {
			t.Errorf("%v is written as %s, want %s", n, got, want)
		}
	}
	for ms, want := range map[float64]string{0: "0.00 ms", .004: "4 µs", .099: "99 µs", .0996: "0.10 ms", .21: "0.21 ms", .999: "1.0 ms", 4.24: "4.2 ms", 9.96: "10 ms", 132: "132 ms", 999.6: "1.0 s", 1310: "1.3 s", 12_400: "12 s"} {
		if got := Millis(ms); got != want {
			t.Errorf("%v ms is written as %s, want %s", ms, got, want)
		}
	}
	for d, want := range map[time.Duration]string{-time.Second: "0 s", 89 * time.Second: "89 s", 90 * time.Second: "2 min", 3 * time.Hour: "3 h", 50 * time.Hour: "2 days"} {
		if got := Span(d); got != want {
			t.Errorf("%v is written as %s, want %s", d, got, want)
		}
	}
	if Counted(1, "a", "b") != "1 a" || Counted(1234567, "a", "b") != "1,234,567 b" {
		t.Error("counts are written wrong")
	}
}
