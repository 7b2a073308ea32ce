package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Tell tells one story, with the protection off where unprotected: it calls event with one JSON object after the other, and returns when
// nothing of the story runs any more, ctx cancelled or not.
type Tell func(ctx context.Context, name string, unprotected bool, event func(json.RawMessage)) error

// Stories are what can be told where a console stands. The zero value is none.
type Stories struct {
	Names []string // what they are called; the page has a button for each
	Tell  Tell
}

const (
	// storyTime is how long a story may take.
	storyTime = 5 * time.Minute

	// storyEventsMax is how many events of a story are kept; what comes later is left out, but its end.
	storyEventsMax = 2000

	// storyEventBytes is how long one event may be.
	storyEventBytes = 64 << 10
)

// stories tells one story at a time, and keeps what the last one told for those who come later.
type stories struct {
	names []string
	tell  Tell
	work  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	cancel context.CancelFunc // of the one that is told; nil for none
	run    int                // counts stories
	began  time.Time
	events [][]byte // of the last story: a begun, its events, an ended

	name        string
	unprotected bool

	first   int // the place of events[0] among all events of all stories
	changes chan struct{}
}

// A told is what the page gets of a story.
type told struct {
	Run   int             `json:"run"`
	Name  string          `json:"name"`
	Began time.Time       `json:"began"`
	Bare  bool            `json:"unprotected"`
	Kind  string          `json:"kind"`            // begun, event or ended
	Event json.RawMessage `json:"event,omitempty"` // of event: as the story wrote it
	Error string          `json:"error,omitempty"` // of ended: why it couldn't be told to its end
}

func newStories(s Stories) *stories {
	return &stories{names: s.Names, tell: s.Tell, changes: make(chan struct{})}
}

var (
	errBusy    = errors.New("a story is being told already; wait for its end, or stop it")
	errStopped = errors.New("it was stopped")
	errClosed  = errors.New("the server is stopping")
)

// begin tells a story, beside whoever asks for it.
func (s *stories) begin(name string, unprotected bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if s.cancel != nil {
		return errBusy
	}
	ctx, cancel := context.WithTimeout(context.Background(), storyTime)
	s.cancel = cancel
	s.run++
	s.name, s.unprotected, s.began = name, unprotected, time.Now().UTC()
	s.first += len(s.events)
	s.events = nil
	s.add(told{Kind: "begun"})
	s.work.Go(func() {
		err := s.tell(ctx, name, unprotected, s.event)
		if ctx.Err() != nil {
			err = errStopped
		}
		s.end(err)
	})
	return nil
}

func (s *stories) event(e json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.events) >= storyEventsMax || len(e) > storyEventBytes || !json.Valid(e) {
		return
	}
	s.add(told{Kind: "event", Event: e})
}

func (s *stories) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel()
	s.cancel = nil
	t := told{Kind: "ended"}
	if err != nil {
		t.Error = err.Error()
	}
	s.add(t)
}

// add keeps an event and wakes those who wait; s.mu is held.
func (s *stories) add(t told) {
	t.Run, t.Name, t.Began, t.Bare = s.run, s.name, s.began, s.unprotected
	text, err := encode(t)
	if err != nil {
		return // its event was looked at before: this can't be
	}
	s.events = append(s.events, text)
	close(s.changes)
	s.changes = make(chan struct{})
}

// stop ends the story that is told, and says whether there was one.
func (s *stories) stop() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel == nil {
		return false
	}
	s.cancel()
	return true
}

func (s *stories) close() {
	s.mu.Lock()
	s.closed = true
	if s.cancel != nil {
		s.cancel()
	}
	s.mu.Unlock()
	s.work.Wait()
}

// changed is closed at the next event; nil, which is never, where no stories are told.
func (s *stories) changed() <-chan struct{} {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// after gives the events from a place on, and moves it behind them.
func (s *stories) after(place *int) [][]byte {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	from := max(*place-s.first, 0)
	*place = s.first + len(s.events)
	return slices.Clone(s.events[from:])
}

// tell begins a story; with ?unprotected, without the protection.
func (c *Console) tell(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !slices.Contains(c.stories.names, name) {
		refuse(w, http.StatusNotFound, "there is no such story; there are: "+strings.Join(c.stories.names, ", "))
		return
	}
	unprotected, err := Switch(r.URL.RawQuery, "unprotected")
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	switch err := c.stories.begin(name, unprotected); {
	case errors.Is(err, errBusy):
		refuse(w, http.StatusConflict, err.Error())
	case err != nil:
		refuse(w, http.StatusServiceUnavailable, err.Error())
	default:
		w.WriteHeader(http.StatusAccepted)
	}
}

// cancel stops the story that is told.
func (c *Console) cancel(w http.ResponseWriter, _ *http.Request) {
	if !c.stories.stop() {
		refuse(w, http.StatusConflict, "no story is being told")
		return
	}
	w.WriteHeader(http.StatusAccepted)
}
