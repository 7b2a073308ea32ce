package guard

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// A receiver is somebody whom a webhook tells.
type receiver struct {
	mu      sync.Mutex
	notices []Notice
	answers []int // one after the other; the last one from then on
	delay   time.Duration
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	time.Sleep(r.delay)
	var n Notice
	if err := json.NewDecoder(req.Body).Decode(&n); err != nil || req.Method != "POST" || req.Header.Get("Content-Type") != "application/json" {
		http.Error(w, "no notice", http.StatusTeapot)
		return
	}
	r.notices = append(r.notices, n)
	code := r.answers[0]
	if len(r.answers) > 1 {
		r.answers = r.answers[1:]
	}
	if code/100 == 3 {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(code)
}

// deliver sends notices to a receiver and gives what was logged.
func (r *receiver) deliver(t *testing.T, notices ...Incident) string {
	t.Helper()
	server := httptest.NewServer(r)
	defer server.Close()
	var log bytes.Buffer
	w, err := NewWebhook(server.URL+"/hooks/T0PSECRET?token=hunter2", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	w.pause = time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	for _, n := range notices {
		w.Tell(ctx, n)
	}
	for deadline := time.Now().Add(5 * time.Second); len(w.queue) > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond)
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if strings.Contains(log.String(), "T0PSECRET") || strings.Contains(log.String(), "hunter2") {
		t.Errorf("the address was logged: %s", log.String())
	}
	return log.String()
}

func TestWebhookTells(t *testing.T) {
	began := time.Now().Add(-90 * time.Second)
	lost := Incident{ID: "1", What: "the index order_customer is missing", Who: "alice", State: Open, Began: began}
	mended, stopped, blocked, gone := lost, lost, lost, lost
	mended.State, mended.Ended = Repaired, began.Add(42*time.Second)
	stopped.State, stopped.Drops = Stopped, 3
	blocked.State, blocked.Duplicates = Blocked, []Duplicate{{"(a)=(1)", 2}}
	gone.State, gone.Ended = Gone, began.Add(time.Second)
	r := &receiver{answers: []int{204}}
	if log := r.deliver(t, lost, mended, stopped, blocked, gone); log != "" {
		t.Error(log)
	}
	want := []Notice{
		{Event: Begin, Text: "Pintail: the index order_customer is missing. Who: alice."},
		{Event: Mended, Text: "Pintail: repaired after 42s: the index order_customer is missing."},
		{Event: GaveUp, Text: "Pintail: it takes a person, since it was lost 3 times within an hour: the index order_customer is missing. Who: alice."},
		{Event: GaveUp, Text: "Pintail: it takes a person, since 1 keys are there more than once: the index order_customer is missing. Who: alice."},
		{Event: NoLonger, Text: "Pintail: in order again after 1s, not by a repair: the index order_customer is missing."},
	}
	if len(r.notices) != len(want) {
		t.Fatalf("got %+v", r.notices)
	}
	for i, n := range r.notices {
		if n.Event != want[i].Event || n.Text != want[i].Text || n.Incident.ID != "1" {
			t.Errorf("got  %s: %s\nwant %s: %s", n.Event, n.Text, want[i].Event, want[i].Text)
		}
	}
}

func TestWebhookTriesAgainUpToABound(t *testing.T) {
	for _, c := range []struct {
		answers []int
		posts   int
		log     string
	}{
		{[]int{500, 429, 408, 200}, 4, ""},
		{[]int{503}, webhookTries, "it answers 503"},
		{[]int{404}, 1, "it answers 404"},
		{[]int{302, 200}, 1, "a redirect, which isn't followed"},
	} {
		r := &receiver{answers: c.answers}
		log := r.deliver(t, Incident{ID: "1"})
		if len(r.notices) != c.posts || c.log == "" && log != "" || !strings.Contains(log, c.log) {
			t.Errorf("answers %v: %d posts, log %q", c.answers, len(r.notices), log)
		}
	}
}

// TestWebhookThatNobodyAnswers has no secret in the log either, and ends when it is told to.
func TestWebhookThatNobodyAnswers(t *testing.T) {
	var log bytes.Buffer
	w, err := NewWebhook("http://127.0.0.1:1/hooks/T0PSECRET", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	w.Tell(ctx, Incident{ID: "1"})
	stop()
	if err := w.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if got := log.String(); !strings.Contains(got, "could not be delivered") || strings.Contains(got, "T0PSECRET") || !strings.Contains(got, "127.0.0.1:1") {
		t.Errorf("logged %s", got)
	}
}

func TestWebhookQueueIsBounded(t *testing.T) {
	var log bytes.Buffer
	w, err := NewWebhook("http://127.0.0.1:1", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for range webhookQueue {
		w.Tell(t.Context(), Incident{})
	}
	if log.Len() > 0 {
		t.Errorf("at the limit: %s", log.String())
	}
	w.Tell(t.Context(), Incident{})
	if !strings.Contains(log.String(), "too many wait") {
		t.Errorf("past the limit: %q", log.String())
	}
}

func TestWebhookAddresses(t *testing.T) {
	for _, address := range []string{"", "hooks.example.com/x", "ftp://example.com", "https://", "https:///path", "http://[", "https://example.com/#x", "https://user:pass word@x/ \x00",
		" https://example.com/", "https://example.com/a b", "https://example.com/\n", "https://example.com/\u00a0", "https://example.com/x#", "https:example.com", "//example.com/x",
		"https://…/services", "https://exa mple.com", "https://-a.example", "https://a-.example", "https://a..example", "https://.", "https://" + strings.Repeat("a", 64) + ".example",
		"https://" + strings.Repeat("a.", 127) + "example", "https://*.example.com", "https://a,b/", "https://user@", "https://example.com:0", "https://example.com:65536/x",
		"https://example.com:", "https://example.com:https/", "https://example.com:+1", "https://[::1", "https://[example.com]/", "https://example.com/%zz", "javascript:alert(1)"} {
		err := CheckWebhook(address)
		if err == nil {
			t.Errorf("%q was taken", address)
		} else if len(address) > len("https://") && strings.Contains(err.Error(), address) {
			t.Errorf("%q stands in its error: %v", address, err)
		}
	}
	for _, address := range []string{"https://hooks.example.com/services/T0/B0?x=y", "http://127.0.0.1:9000", "https://user:secret@example.com/x",
		"https://example.com:65535/a%20b", "http://[::1]:8080/x", "https://bücher.example/x", "http://hook_service/x", "https://example.com./x", "http://a-b", "HTTPS://EXAMPLE.COM/",
		"https://" + strings.Repeat("a", 63) + ".example/x"} {
		if err := CheckWebhook(address); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}
