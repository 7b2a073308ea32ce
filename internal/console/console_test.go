package console

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A served is a console under a listener of its own.
type served struct {
	*Console
	url      string
	looked   atomic.Int64
	stopping chan struct{}
}

func serve(t *testing.T, s Stories) *served {
	t.Helper()
	v := &served{stopping: make(chan struct{})}
	v.Console = New(Config{Stopping: v.stopping, Stories: s, Read: func() *Reading {
		v.looked.Add(1)
		return newCounters().read()
	}})
	server := httptest.NewServer(v.Console)
	t.Cleanup(func() {
		server.Close()
		v.Close()
	})
	v.url = server.URL
	return v
}

// A listener reads events.
type listener struct {
	answer *http.Response
	lines  *bufio.Scanner
	leave  context.CancelFunc
}

func (v *served) listen(t *testing.T) *listener {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		answer.Body.Close()
	})
	l := &listener{answer, bufio.NewScanner(answer.Body), cancel}
	l.lines.Buffer(nil, 1<<20)
	return l
}

// next gives the next event of a name; false once the stream has ended.
func (l *listener) next(t *testing.T, name string, into any) bool {
	t.Helper()
	event := ""
	for l.lines.Scan() {
		if n, ok := strings.CutPrefix(l.lines.Text(), "event: "); ok {
			event = n
		}
		if data, ok := strings.CutPrefix(l.lines.Text(), "data: "); ok && event == name {
			if err := json.Unmarshal([]byte(data), into); err != nil {
				t.Fatalf("%v in %s", err, data)
			}
			return true
		}
	}
	return false
}

func get(t *testing.T, url string, headers ...string) (*http.Response, string) {
	return do(t, http.MethodGet, url, headers...)
}

func do(t *testing.T, method, url string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

func TestEveryAnswerIsFencedIn(t *testing.T) {
	v := serve(t, Stories{})
	for path, kind := range map[string]string{
		"/": "text/html; charset=utf-8", "/console/console.js": "text/javascript; charset=utf-8", "/console/style.css": "text/css; charset=utf-8",
		"/console/icon.svg": "image/svg+xml", "/state": "application/json", "/nothing": "text/plain; charset=utf-8",
	} {
		answer, body := get(t, v.url+path)
		want := http.StatusOK
		if path == "/nothing" {
			want = http.StatusNotFound
		}
		if answer.StatusCode != want || answer.Header.Get("Content-Type") != kind || body == "" {
			t.Errorf("%s: %d, %s", path, answer.StatusCode, answer.Header.Get("Content-Type"))
		}
		csp := answer.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: the policy %q lacks %s", path, csp, part)
			}
		}
		if answer.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: its type may be guessed", path)
		}
		again, _ := get(t, v.url+path, "If-None-Match", answer.Header.Get("Etag"))
		if tag := answer.Header.Get("Etag"); tag != "" && again.StatusCode != http.StatusNotModified {
			t.Errorf("%s: %d for what is there already", path, again.StatusCode)
		}
	}
	for _, site := range []string{"cross-site", "same-site"} {
		if answer, _ := get(t, v.url+"/events", "Sec-Fetch-Site", site, "Sec-Fetch-Mode", "no-cors"); answer.StatusCode != http.StatusForbidden {
			t.Errorf("a page of another site gets %d", answer.StatusCode)
		}
	}
	if answer, _ := get(t, v.url+"/", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"); answer.StatusCode != http.StatusOK {
		t.Errorf("whoever follows a link gets %d", answer.StatusCode)
	}
	if answer, _ := do(t, http.MethodPost, v.url+"/story/stale"); answer.StatusCode != http.StatusMethodNotAllowed && answer.StatusCode != http.StatusNotFound {
		t.Errorf("a story where none are told: %d", answer.StatusCode)
	}
	if answer, _ := do(t, http.MethodHead, v.url+"/events"); answer.StatusCode != http.StatusOK {
		t.Errorf("HEAD /events: %d", answer.StatusCode)
	}
}

// TestThePageHoldsItsPolicy reads the page's files for what a policy would refuse, and for what would make markup of text.
func TestThePageHoldsItsPolicy(t *testing.T) {
	for name, f := range files() {
		text := strings.ReplaceAll(string(f.text), "http://www.w3.org/2000/svg", "")
		text = strings.ReplaceAll(text, "`http", "")
		text = regexp.MustCompile(`http://\$\{s(tate)?\.server\.listen}`).ReplaceAllString(text, "")
		for _, wrong := range []string{"https://", "http://", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc", " style=", "onclick", "javascript:", "setAttribute('style'", "createContextualFragment", "DOMParser"} {
			if strings.Contains(text, wrong) {
				t.Errorf("%s has %s", name, wrong)
			}
		}
	}
	if len(files()) < 8 {
		t.Errorf("only %d files", len(files()))
	}
}

func TestNobodyLooksForNobody(t *testing.T) {
	v := serve(t, Stories{})
	time.Sleep(1500 * time.Millisecond)
	if n := v.looked.Load(); n != 0 {
		t.Fatalf("counters were read %d times for nobody", n)
	}
	var listeners []*listener
	for range 5 {
		listeners = append(listeners, v.listen(t))
	}
	for range 3 {
		for _, l := range listeners {
			var st State
			if !l.next(t, "state", &st) {
				t.Fatal("the stream ended")
			}
		}
	}
	if n := v.looked.Load(); n > 4 {
		t.Errorf("counters were read %d times in two seconds for five who share a look", n)
	}
	for _, l := range listeners {
		l.leave()
	}
	for begin := time.Now(); v.listeners.Load() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > 5*time.Second {
			t.Fatal("who has left still has a place")
		}
	}
	before := v.looked.Load()
	time.Sleep(1500 * time.Millisecond)
	if n := v.looked.Load() - before; n != 0 {
		t.Errorf("counters were read %d times after all have left", n)
	}
}

func TestListenersAreBounded(t *testing.T) {
	v := serve(t, Stories{})
	var last *listener
	for i := range ListenersMax {
		if last = v.listen(t); last.answer.StatusCode != http.StatusOK {
			t.Fatalf("listener %d gets %d", i+1, last.answer.StatusCode)
		}
	}
	one := v.listen(t)
	body, _ := io.ReadAll(one.answer.Body)
	if one.answer.StatusCode != http.StatusServiceUnavailable || one.answer.Header.Get("Retry-After") == "" || !strings.Contains(string(body), "close one of the pages") {
		t.Errorf("one too many gets %d: %s", one.answer.StatusCode, body)
	}
	last.leave()
	for begin := time.Now(); v.listeners.Load() >= ListenersMax; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > 5*time.Second {
			t.Fatal("who has left still has a place")
		}
	}
	if again := v.listen(t); again.answer.StatusCode != http.StatusOK {
		t.Errorf("after one has left: %d", again.answer.StatusCode)
	}
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	v := serve(t, Stories{})
	l := v.listen(t)
	var st State
	if !l.next(t, "state", &st) || st.Server.Stopping {
		t.Fatalf("the first look is %+v", st.Server)
	}
	close(v.stopping)
	for l.next(t, "state", &st) {
		continue
	}
	if !st.Server.Stopping {
		t.Error("the last look doesn't say that the server stops")
	}
	if l.lines.Err() != nil {
		t.Error(l.lines.Err())
	}
}

// told reads a story's events up to its end.
func (l *listener) told(t *testing.T) (all []told) {
	t.Helper()
	for {
		var one told
		if !l.next(t, "story", &one) {
			t.Fatal("the stream ended before the story did")
		}
		all = append(all, one)
		if one.Kind == "ended" {
			return all
		}
	}
}

func TestAStoryIsToldToAllAndOneAtATime(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	v := serve(t, Stories{Names: []string{"stale", "flood"}, Tell: func(ctx context.Context, name string, unprotected bool, event func(json.RawMessage)) error {
		event(json.RawMessage(fmt.Sprintf(`{"kind": "began", "title": %q, "text": "<b>%v</b>"}`, name, unprotected)))
		event(json.RawMessage(`no JSON`))
		close(begun)
		<-finish
		event(json.RawMessage(`{"kind":"verdict"}`))
		return nil
	}})
	early := v.listen(t)
	for path, want := range map[string]int{"/story/none": 404, "/story/": 404, "/story/..%2fstale": 404, "/story/--help": 404, "/story/stale?unprotected=no": 400} {
		if answer, body := do(t, http.MethodPost, v.url+path); answer.StatusCode != want {
			t.Errorf("%s: %d %s", path, answer.StatusCode, body)
		}
	}
	if answer, body := do(t, http.MethodDelete, v.url+"/story"); answer.StatusCode != http.StatusConflict {
		t.Errorf("stopping no story: %d %s", answer.StatusCode, body)
	}
	if answer, _ := do(t, http.MethodPost, v.url+"/story/stale?unprotected"); answer.StatusCode != http.StatusAccepted {
		t.Fatalf("a story: %d", answer.StatusCode)
	}
	<-begun
	if answer, body := do(t, http.MethodPost, v.url+"/story/flood"); answer.StatusCode != http.StatusConflict || !strings.Contains(body, "already") {
		t.Errorf("a second story at the same time: %d %s", answer.StatusCode, body)
	}
	close(finish)
	for _, l := range []*listener{early, v.listen(t)} { // whoever comes later hears all of it
		all := l.told(t)
		if len(all) != 4 || all[0].Kind != "begun" || all[0].Name != "stale" || !all[0].Bare || all[3].Error != "" {
			t.Fatalf("what was told: %+v", all)
		}
		if !strings.Contains(string(all[1].Event), "<b>true</b>") || string(all[2].Event) != `{"kind":"verdict"}` {
			t.Errorf("the events are %s and %s", all[1].Event, all[2].Event)
		}
	}
	var st State
	if !early.next(t, "state", &st) || len(st.Stories) != 2 {
		t.Errorf("the page is offered %v", st.Stories)
	}
}

func TestAStoryEndsWhereItIsStoppedOrFails(t *testing.T) {
	result := make(chan error, 1)
	v := serve(t, Stories{Names: []string{"slow"}, Tell: func(ctx context.Context, _ string, _ bool, event func(json.RawMessage)) error {
		select {
		case err := <-result:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}})
	l := v.listen(t)
	for want, end := range map[string]func(){
		"it was stopped": func() {
			if answer, _ := do(t, http.MethodDelete, v.url+"/story"); answer.StatusCode != http.StatusAccepted {
				t.Errorf("stopping: %d", answer.StatusCode)
			}
		},
		"no room": func() { result <- errors.New("no room") },
	} {
		if answer, _ := do(t, http.MethodPost, v.url+"/story/slow"); answer.StatusCode != http.StatusAccepted {
			t.Fatalf("a story: %d", answer.StatusCode)
		}
		end()
		if all := l.told(t); all[len(all)-1].Error != want {
			t.Errorf("the end is %+v, want %s", all[len(all)-1], want)
		}
	}
	do(t, http.MethodPost, v.url+"/story/slow")
	v.Close() // waits for the story
	if answer, body := do(t, http.MethodPost, v.url+"/story/slow"); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a story after the end: %d %s", answer.StatusCode, body)
	}
}

func TestEventsOfAStoryAreBounded(t *testing.T) {
	large := `"` + strings.Repeat("x", storyEventBytes-2) + `"`
	v := serve(t, Stories{Names: []string{"slow"}, Tell: func(_ context.Context, _ string, _ bool, event func(json.RawMessage)) error {
		event(json.RawMessage(large))
		event(json.RawMessage(large + " "))
		for range storyEventsMax {
			event(json.RawMessage(`1`))
		}
		return nil
	}})
	l := v.listen(t)
	do(t, http.MethodPost, v.url+"/story/slow")
	all := l.told(t)
	if len(all) != storyEventsMax+1 || len(all[1].Event) != storyEventBytes || string(all[2].Event) != "1" {
		t.Errorf("%d events, want %d; the second has %d bytes", len(all), storyEventsMax+1, len(all[1].Event))
	}
}
