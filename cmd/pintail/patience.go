package main

import (
	"sync"
	"time"
)

// A patience tells every ten seconds which step of something long is under way, where nobody knows how long it takes: an
// index on a large table, a lock that others hold.
type patience struct {
	mu    sync.Mutex
	step  string
	began time.Time
	stop  chan struct{}
	done  chan struct{}
}

// patience begins to tell after every. end stops it.
func (c console) patience(every time.Duration) *patience {
	p := &patience{began: time.Now(), stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-tick.C:
				if step, took := p.now(); step != "" {
					c.say("  … %s, for %s", harmless(step), took.Round(time.Second))
				}
			}
		}
	}()
	return p
}

// at says that another step begins.
func (p *patience) at(step string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.step, p.began = step, time.Now()
}

func (p *patience) now() (string, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.step, time.Since(p.began)
}

func (p *patience) end() {
	close(p.stop)
	<-p.done
}
