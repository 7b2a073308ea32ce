package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	page "github.com/pintail-dev/pintail/internal/console"
	"github.com/pintail-dev/pintail/internal/guard"
)

// busy is a state of a server on which everything happens at once.
func busy() *page.State {
	at := time.Date(2026, 3, 1, 3, 4, 5, 0, time.Local)
	flow := func(rate, p50, p99 float64) page.Flow {
		return page.Flow{Rate: page.Rate{Total: 1000, Rate: rate}, P50: p50, P99: p99}
	}
	st := &page.State{
		At: at, Window: 5, Server: page.Server{Version: "1.2.3", Engine: "sqlite", Database: "sqlite:data/pintail.db", Began: at.Add(-200 * time.Second)},
		Headline: page.Headline{Tone: "bad", Title: "1 query waits for a lost index. All others are answered.",
			More: "The guard builds order_customer_id_idx again, 43 % done, 12 s left. 1.31k requests a second, 99 % of them within 3.4 ms."},
		Requests: flow(1312, .21, 3.4), Sent: page.Rate{Rate: 3 << 20}, REST: flow(1200, .2, 3), GraphQL: flow(112, 1, 4), Engine: flow(420, .18, 3.1),
		Stages: page.Stages{Parse: flow(1312, .01, .1), Plan: flow(1300, .01, .04), Store: flow(1299, .12, 3.2), Answer: flow(1299, .01, .02)},
		Cache:  &page.Cache{Hits: page.Rate{Rate: 880}, Misses: page.Rate{Rate: 400}, Passed: page.Rate{Rate: 20}},
		Refused: []page.Refused{
			{Box: "guard", Code: "PT510", Status: 503, Title: "the index that the query stands on is gone", Rate: page.Rate{Total: 900, Rate: 90.4}},
			{Box: "plan", Code: "PGRST205", Status: 404, Title: "no such table", Rate: page.Rate{Total: 9, Rate: .4}},
			{Box: "store", Code: "XX123", Status: 500, Rate: page.Rate{Total: 9, Rate: .2}},
			{Box: "auth", Code: "PT401", Status: 401, Title: "the key is missing or wrong", Rate: page.Rate{Total: 9}},
		},
		Slow: []page.Slow{{At: at.Add(-time.Minute), Took: 1310, Label: "read order where total gt, sort placed_at desc"}},
		Guard: &guard.Status{Mode: guard.Act, Declared: 12, Shed: []guard.ShedShape{{ID: "a1"}},
			Repairs:   []guard.Repairs{{Index: "order_customer_id_idx", Progress: guard.Progress{Done: .43, Left: 12 * time.Second}}},
			Incidents: []guard.Incident{{Began: at.Add(-20 * time.Second), Ended: at.Add(-10 * time.Second), State: guard.Repaired, What: "The index order_placed_at_idx was dropped."}}},
	}
	for i, label := range []string{"read order where customer_id eq, sort placed_at desc id, with items(toast), customer", "read toast", "read \x1b[31mred\x07\nline\u202e"} {
		st.Shapes = append(st.Shapes, page.Shape{ID: fmt.Sprintf("a%d", i+1), Label: label, Share: []float64{.9, .095, .005}[i], Calls: page.Rate{Rate: 90}, P50: .2, P99: 3000, Fresh: i == 1})
	}
	return st
}

func TestTopText(t *testing.T) {
	golden := filepath.Join("testdata", "top.golden")
	got := strings.Join(topText(false, busy(), 80), "\n") + "\n"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the picture is\n%s\nand not\n%s", got, want)
	}
	for _, width := range []int{0, 40, 79, 80, 200} {
		for _, st := range []*page.State{busy(), {}} {
			for _, line := range topText(false, st, width) {
				if n := utf8.RuneCountInString(line); n > max(width, 40) {
					t.Errorf("%d letters in %d columns: %q", n, width, line)
				}
				if harmless(line) != line {
					t.Errorf("a label reaches the terminal as it is: %q", line)
				}
			}
		}
	}
	if colour := strings.Join(topText(true, busy(), 80), "\n"); !strings.Contains(colour, "\x1b[31m1 query waits") || strings.Contains(colour, "\x1b[31mred") {
		t.Errorf("in colour: %q", colour)
	}
}

// TestTopEnds asks servers that answer in other ways than a Pintail that runs.
func TestTopEnds(t *testing.T) {
	state := `{"window_s": 1, "server": {"version": "x"}}`
	for name, c := range map[string]struct {
		serve   http.HandlerFunc
		wantErr string
		wantOut string
	}{
		"refuses": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "answers\x1b loopback hosts", http.StatusForbidden)
		}, "refuses (403): answers· loopback hosts", ""},
		"is the API": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such path", 404) }, "is it the address of the API?", ""},
		"is a page":  {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }, "is it the address of the API?", ""},
		"goes away":  {events(state), "is gone", "Pintail x"},
		"is killed": {func(w http.ResponseWriter, r *http.Request) {
			events(state)(w, r)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "is gone", "Pintail x"},
		"stops":        {events(state, `{"window_s": 1, "server": {"version": "x", "stopping": true}}`), "", "Pintail x"},
		"is another":   {events(`{"window_s": "long"}`), "is it another version of Pintail?", ""},
		"is too large": {events(strings.Repeat(" ", topStateBytes) + "{}"), "token too long", ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.serve)
			defer server.Close()
			var out, said bytes.Buffer
			err := top{console: console{out: &out, err: &said}}.run(t.Context(), server.Listener.Addr().String())
			if c.wantErr == "" && err != nil || c.wantErr != "" && (err == nil || !strings.Contains(err.Error(), c.wantErr)) {
				t.Errorf("the error is %v, want %q", err, c.wantErr)
			}
			if !strings.Contains(out.String(), c.wantOut) || strings.Contains(out.String(), "\x1b") {
				t.Errorf("it shows %q", out.String())
			}
		})
	}
}

func events(states ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, s := range states {
			fmt.Fprintf(w, "event: story\ndata: {}\n\nevent: state\ndata: %s\n\n", s)
		}
	}
}

func TestTopEndsOnCtrlC(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		events(`{"window_s": 1}`)(w, r)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	out := &interrupter{cancel: cancel}
	if err := (top{console: console{out: out, err: out}}).run(ctx, server.Listener.Addr().String()); err != nil {
		t.Error(err)
	}
	if out.saw.Len() == 0 || strings.Contains(out.saw.String(), "gone") {
		t.Errorf("it shows %q", out.saw.String())
	}
}

// An interrupter is a person who has seen enough.
type interrupter struct {
	saw    bytes.Buffer
	cancel func()
}

func (i *interrupter) Write(p []byte) (int, error) {
	defer i.cancel()
	return i.saw.Write(p)
}
