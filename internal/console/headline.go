package console

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/internal/guard"
)

// A Headline is how a server is, in a sentence: what a person wants to know first.
type Headline struct {
	Kind  string `json:"kind"` // stopping, shed, repair, failing, refusing, drift, slow, empty, quiet or well: another one only where the matter is another
	Tone  string `json:"tone"` // calm, well, warn or bad
	Title string `json:"title"`
	More  string `json:"more"`
}

// headline finds the worst of what a state says.
func (s *State) headline() Headline {
	if s.Server.Stopping {
		return Headline{"stopping", "warn", "The server is stopping.", "Requests that are under way are finished first."}
	}
	for _, look := range []func() (Headline, bool){s.shed, s.repairing, s.failing, s.refusing, s.drifting, s.slow} {
		if h, ok := look(); ok {
			return h
		}
	}
	switch {
	case s.Requests.Total == 0:
		return Headline{"empty", "calm", "Ready, and nobody has asked yet.", "The API is at http://" + s.Server.Listen + ". As soon as somebody asks it, there is something to see."}
	case s.Requests.Rate.Rate == 0:
		return Headline{"quiet", "calm", "All quiet.", Counted(s.Requests.Total, "request", "requests") + " in " + Span(s.At.Sub(s.Server.Began)) + "."}
	}
	return Headline{"well", "well", "All well.", fmt.Sprintf("%s requests a second, half of them within %s, 99 %% within %s. %s in %s.",
		Short(s.Requests.Rate.Rate), Millis(s.Requests.P50), Millis(s.Requests.P99), Grouped(s.Requests.Total), Span(s.At.Sub(s.Server.Began)))}
}

func (s *State) traffic() string {
	if s.Requests.Rate.Rate == 0 {
		return "Nobody asks at the moment."
	}
	return fmt.Sprintf("%s requests a second, 99 %% of them within %s.", Short(s.Requests.Rate.Rate), Millis(s.Requests.P99))
}

func (s *State) shed() (Headline, bool) {
	if s.Guard == nil || len(s.Guard.Shed) == 0 {
		return Headline{}, false
	}
	n := uint64(len(s.Guard.Shed))
	more := s.traffic()
	if r := s.Guard.Repairs; len(r) > 0 {
		more = "The guard builds " + r[0].Index + " again" + progress(r[0].Progress) + ". " + more
	}
	return Headline{"shed", "bad", Counted(n, "query waits", "queries wait") + " for a lost index. All others are answered.", more}, true
}

func (s *State) repairing() (Headline, bool) {
	if s.Guard == nil || len(s.Guard.Repairs) == 0 {
		return Headline{}, false
	}
	r := s.Guard.Repairs[0]
	return Headline{"repair", "warn", "The guard builds " + r.Index + " again" + progress(r.Progress) + ".", s.traffic()}, true
}

func progress(p guard.Progress) string {
	if p.Done <= 0 {
		return ""
	}
	text := fmt.Sprintf(", %.0f %% done", 100*p.Done)
	if p.Left > 0 {
		text += ", " + Span(p.Left) + " left"
	}
	return text
}

// failing is about answers of 500 and above that nobody gave on purpose.
func (s *State) failing() (Headline, bool) {
	return s.no("failing", "bad", func(r *Refused) bool { return r.Status >= 500 && r.Box != "guard" && r.Box != "gate" },
		func(rate string, worst *Refused) (string, string) {
			return rate + " requests a second fail.", strings.TrimSpace(fmt.Sprintf("%s: %s. %s", worst.Code, worst.what(), worst.Do))
		})
}

func (s *State) refusing() (Headline, bool) {
	return s.no("refusing", "warn", func(r *Refused) bool { return r.Box == "gate" },
		func(rate string, worst *Refused) (string, string) {
			return "The gate turns " + rate + " requests a second away.", capital(worst.what()) + ". All together: " + s.traffic()
		})
}

// no sums up what is refused now for the reasons of one kind; Refused has the most frequent first.
func (s *State) no(kind, tone string, of func(*Refused) bool, say func(rate string, worst *Refused) (title, more string)) (Headline, bool) {
	sum, worst := 0.0, (*Refused)(nil)
	for i := range s.Refused {
		if r := &s.Refused[i]; r.Rate.Rate > 0 && of(r) {
			sum += r.Rate.Rate
			if worst == nil {
				worst = r
			}
		}
	}
	if worst == nil {
		return Headline{}, false
	}
	title, more := say(Short(sum), worst)
	return Headline{kind, tone, title, more}, true
}

func (r *Refused) what() string {
	if r.Title == "" {
		return "a code of the database's own"
	}
	return r.Title
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// slow is about statements and requests alike: what log.slow takes for long.
func (s *State) slow() (Headline, bool) {
	if s.SlowTime <= 0 || s.Requests.Rate.Rate == 0 || s.Requests.P50 <= s.SlowTime {
		return Headline{}, false
	}
	more := s.traffic()
	if len(s.Shapes) > 0 {
		more += " Most of the time in the store goes to: " + s.Shapes[0].Label + "."
	}
	return Headline{"slow", "warn", "Half of the requests take longer than " + Millis(s.SlowTime) + ".", more}, true
}

func (s *State) drifting() (Headline, bool) {
	if s.Guard == nil {
		return Headline{}, false
	}
	var lost, pending []guard.Drift
	for _, d := range s.Guard.Drift {
		switch d.Kind {
		case guard.Extra:
		case guard.Pending:
			pending = append(pending, d)
		default:
			lost = append(lost, d)
		}
	}
	switch {
	case len(lost) > 0:
		more := sentence(lost[0].Details)
		switch {
		case lost[0].Kind == guard.TableGone:
			more += " The guard makes no tables: restore a backup."
		case s.Guard.Mode == guard.Observe:
			more += " The guard only observes here: `pintail guard repair` brings it in order."
		}
		return Headline{"drift", "warn", Counted(uint64(len(lost)), "thing", "things") + " of the schema file " + isAre(len(lost)) + " not as it says in the database.", more}, true
	case len(pending) > 0:
		return Headline{"drift", "warn", Counted(uint64(len(pending)), "index", "indexes") + " of the schema file " + isAre(len(pending)) + " not in the database yet.",
			sentence(pending[0].Details) + " `pintail schema apply` makes what is declared."}, true
	}
	return Headline{}, false
}

// sentence makes a sentence of what a drift says.
func sentence(details string) string {
	if details == "" {
		return ""
	}
	return capital(strings.TrimSuffix(details, ".")) + "."
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// Short writes a rate in at most five letters: 0, 3.4, 132, 12.3k, 4.5M.
func Short(n float64) string {
	switch {
	case n <= 0:
		return "0"
	case n < .1:
		return "<0.1"
	case n < 9.95:
		return strings.TrimSuffix(strconv.FormatFloat(n, 'f', 1, 64), ".0")
	case n < 999.5:
		return strconv.FormatFloat(n, 'f', 0, 64)
	case n < 9995:
		return strconv.FormatFloat(n/1e3, 'f', 2, 64) + "k"
	case n < 99_950:
		return strconv.FormatFloat(n/1e3, 'f', 1, 64) + "k"
	case n < 999_500:
		return strconv.FormatFloat(n/1e3, 'f', 0, 64) + "k"
	}
	return strconv.FormatFloat(n/1e6, 'f', 1, 64) + "M"
}

// Millis writes a time in milliseconds as a person does: 12 µs, 0.21 ms, 4.2 ms, 132 ms, 1.3 s.
func Millis(ms float64) string {
	switch {
	case ms > 0 && ms < .0995:
		return strconv.FormatFloat(ms*1e3, 'f', 0, 64) + " µs"
	case ms < .995:
		return strconv.FormatFloat(ms, 'f', 2, 64) + " ms"
	case ms < 9.95:
		return strconv.FormatFloat(ms, 'f', 1, 64) + " ms"
	case ms < 999.5:
		return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
	case ms < 9950:
		return strconv.FormatFloat(ms/1e3, 'f', 1, 64) + " s"
	}
	return strconv.FormatFloat(ms/1e3, 'f', 0, 64) + " s"
}

// Span writes how long something lasts: 45 s, 12 min, 3 h, 2 days.
func Span(d time.Duration) string {
	s := math.Round(max(d.Seconds(), 0))
	switch {
	case s < 90:
		return fmt.Sprintf("%.0f s", s)
	case s < 5400:
		return fmt.Sprintf("%.0f min", s/60)
	case s < 172_800:
		return fmt.Sprintf("%.0f h", s/3600)
	}
	return fmt.Sprintf("%.0f days", s/86_400)
}

// Grouped writes a count with commas between thousands.
func Grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Counted is "1 query" or "2 queries".
func Counted(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Grouped(n) + " " + many
}
