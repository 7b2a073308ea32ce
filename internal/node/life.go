package node

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pintail-dev/pintail/internal/api"
)

// A life is the context of one request. Whoever holds the connection ends it: when its time is up, when the client is gone,
// when it is answered. Unlike the standard library's it costs no timer, and nothing is made for it until somebody waits.
type life struct {
	deadline time.Time
	look     time.Time // from when on its client is looked after
	visit    api.Visit
	over     atomic.Bool

	mu    sync.Mutex
	err   error
	done  chan struct{} // made when it is first asked for
	after map[*func()]struct{}
}

var _ context.Context = (*life)(nil)

// Deadline is when the request's time is up.
func (l *life) Deadline() (time.Time, bool) { return l.deadline, true }

// Value holds the visit, and nothing else.
func (l *life) Value(key any) any {
	if key == (api.VisitKey{}) {
		return &l.visit
	}
	return nil
}

// Err says why it ended; nil while it lasts.
func (l *life) Err() error {
	if !l.over.Load() {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Done is closed when it ends.
func (l *life) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == nil {
		l.done = make(chan struct{})
		if l.err != nil {
			close(l.done)
		}
	}
	return l.done
}

// AfterFunc is what context.AfterFunc and contexts made of this one use, so that none of them needs a goroutine that waits.
func (l *life) AfterFunc(f func()) (stop func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		go f()
		return func() bool { return false }
	}
	key := &f
	if l.after == nil {
		l.after = map[*func()]struct{}{}
	}
	l.after[key] = struct{}{}
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		_, waits := l.after[key]
		delete(l.after, key)
		return waits
	}
}

// end ends it; the first reason holds.
func (l *life) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return
	}
	l.err = err
	l.over.Store(true)
	if l.done != nil {
		close(l.done)
	}
	for f := range l.after {
		go (*f)()
	}
	l.after = nil
}
