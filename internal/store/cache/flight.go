package cache

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"unsafe"

	"github.com/pintail-dev/pintail/internal/change/mutant"
	"github.com/pintail-dev/pintail/internal/store"
)

// An entry is an answer with what it depends on, as of a moment in the order of commits.
type entry struct {
	epoch  uint64
	seq    uint64
	needs  []need
	few    [3]need // what needs is made of where it is short: in memory beside the rest
	result store.Result
}

// kept gives the entry as it is kept, and its key: needs beside it, and the answer right behind the key, without the room
// that either grew into. Among a million entries a look at one more place in memory costs as much as all the rest.
func (e *entry) kept(key string) (string, *entry) {
	out := &entry{epoch: e.epoch, seq: e.seq, result: e.result}
	out.needs = append(out.few[:0], e.needs...)
	block := append(append(make([]byte, 0, len(key)+len(e.result.Body)), key...), e.result.Body...)
	if e.result.Body != nil {
		out.result.Body = block[len(key):len(block):len(block)]
	}
	out.result.Steps = slices.Clone(e.result.Steps)
	for i := range out.result.Steps {
		s := &out.result.Steps[i]
		s.Body = slices.Clip(bytes.Clone(s.Body))
	}
	return unsafe.String(unsafe.SliceData(block), len(key)), out
}

// valid says whether nothing that the answer depends on was committed, or is about to be, since the entry's moment. The caller has
// found the stamp of that epoch to be fresh before.
func (e *entry) valid(epoch uint64) bool {
	if e.epoch != epoch {
		return false
	}
	for _, n := range e.needs {
		if n.Load() > e.seq {
			return false
		}
	}
	return true
}

// A flight is a question on its way to the database, whose answer others may wait for. The entry's result and err are set before done is closed.
type flight struct {
	entry
	err  error
	done chan struct{}
}

// flights are those that are under way, by key.
type flights struct {
	mu  sync.Mutex
	all map[string]*flight
}

// join finds a flight whose answer will be as good as one asked for now. One that began before a commit which touches it
// is none: whoever waited for it might be told what was true before a write that they know of.
func (fs *flights) join(key string, epoch uint64) *flight {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := fs.all[key]
	if f == nil || !f.valid(epoch) && !mutant.Is(mutant.StaleFlightJoined) {
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
