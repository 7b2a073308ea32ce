package console

import (
	"bytes"
	"encoding/json"
	"sync"
	"time"
)

const (
	// WindowTime is over how long rates and times are taken.
	WindowTime = 5 * time.Second

	// tickTime is how far readings that are kept stand apart.
	tickTime = time.Second

	// windowMin is the least that rates are taken over.
	windowMin = 200 * time.Millisecond

	// staleTime is from where on a reading says nothing about now.
	staleTime = time.Minute
)

// A Board makes States: it reads counters when somebody asks, and compares them with those of some seconds ago. While nobody
// asks it does nothing. It is safe for concurrent use.
type Board struct {
	read    func() *Reading
	stories []string // of State.Stories

	mu      sync.Mutex
	kept    []*Reading // tickTime apart, oldest first, of the last WindowTime and one more
	text    []byte     // the last State, as JSON
	written time.Time
}

// NewBoard makes a board that reads counters by read, which needs to fill all of a Reading but At.
func NewBoard(read func() *Reading) *Board { return &Board{read: read} }

// State looks now.
func (b *Board) State() *State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.look(time.Now())
}

// JSON is a State as JSON, on one line. Those who ask within the same second share one.
func (b *Board) JSON() ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.text != nil && now.Sub(b.written) < tickTime-100*time.Millisecond {
		return b.text, nil
	}
	text, err := encode(b.look(now))
	if err != nil {
		return nil, err
	}
	b.text, b.written = text, now
	return text, nil
}

func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(buf.Bytes(), "\n"), nil
}

func (b *Board) look(at time.Time) *State {
	now := b.read()
	now.At = at
	now.readShapes()
	for len(b.kept) > 0 && at.Sub(b.kept[0].At) > staleTime {
		b.kept = b.kept[1:]
	}
	for len(b.kept) > 1 && at.Sub(b.kept[1].At) >= WindowTime {
		b.kept = b.kept[1:]
	}
	var older *Reading
	if len(b.kept) > 0 && at.Sub(b.kept[0].At) >= windowMin {
		older = b.kept[0]
	}
	if n := len(b.kept); n == 0 || at.Sub(b.kept[n-1].At) >= tickTime-100*time.Millisecond {
		b.kept = append(b.kept, now)
	}
	st := compare(older, now)
	st.Stories = append(st.Stories, b.stories...)
	return st
}
