package cache

import (
	"context"
	"sync"

	"github.com/pintail-dev/pintail/internal/change/mutant"
	"github.com/pintail-dev/pintail/internal/store"
)

// A flight is a question on its way to the database, whose answer others may wait for. Result and err are set before done is closed.
type flight struct {
	footing
	result store.Result
	err    error
	done   chan struct{}
}

// flights are those that are under way, by key.
type flights struct {
	mu  sync.Mutex
	all map[string]*flight
}

// join finds a flight whose answer will be as good as one asked for now. One that began before a commit which touches it
// is none: whoever waited for it might be told what was true before a write that they know of.
func (fs *flights) join(g *tags, key string, epoch uint64) *flight {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := fs.all[key]
	if f == nil || !f.valid(g, epoch) && !mutant.Is(mutant.StaleFlightJoined) {
		return nil
	}
	return f
}

// begin puts a flight in the place of any before it.
func (fs *flights) begin(key string, f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.all[key] = f
}

// end takes a flight out and lets those go who wait.
func (fs *flights) end(key string, f *flight) {
	fs.mu.Lock()
	if fs.all[key] == f {
		delete(fs.all, key)
	}
	fs.mu.Unlock()
	close(f.done)
}

// wait waits for a flight; false where it has brought nothing.
func (f *flight) wait(ctx context.Context) bool {
	select {
	case <-f.done:
		return f.err == nil
	case <-ctx.Done():
		return false
	}
}
