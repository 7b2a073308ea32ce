package pintail

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pintail-dev/pintail/internal/console"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/internal/store/cache"
)

// State is one look at a running app: rates and times over the last seconds, totals since the start. Rates want a second
// look: the first one has totals only.
type State = console.State

// Stories are what a console can tell.
type Stories = console.Stories

// State looks now. It reads counters; the database isn't asked.
func (a *App) State() *State { return a.console.State() }

// counters reads every counter of the app.
func (a *App) counters() *console.Reading {
	s := a.node.Schema()
	r := &console.Reading{
		Server: console.Server{
			Version: a.config.Version, Engine: "sqlite", Database: redact(a.config.Database), Tables: len(s.Tables), Open: a.config.Open, Began: a.began, Listen: a.listens(),
		},
		Shapes: a.node.Shapes().All(), SlowTime: a.config.SlowTime, Rehearsal: a.rehearsal.read(),
	}
	if r.SlowTime == 0 {
		r.SlowTime = node.DefaultSlowTime
	}
	if strings.HasPrefix(a.config.Database, "postgres") {
		r.Server.Engine = "postgres"
	}
	r.Slow, r.SlowSeen = a.node.Slow()
	a.gauge.read(r)
	if a.guard != nil {
		status := a.guard.Status()
		r.Guard = &status
	}
	r.Gate, r.Waiting, r.Engine = a.gate.stats(), a.gate.waited.Counts(), a.gate.ran.Counts()
	if kept, ok := a.store.(*cache.Store); ok {
		stats := kept.Stats()
		r.Cache, r.CacheBytes = &stats, a.config.CacheBytes
	}
	return r
}

// read copies the counters of requests.
func (g *gauges) read(to *console.Reading) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	to.Answers = make(map[console.Answer]uint64, len(g.known))
	for of, s := range g.known {
		to.Answers[console.Answer{Route: of.route, Status: of.status, Code: of.code}] = s.count.Load()
	}
	to.Routes = make(map[string]shape.Counts, len(g.routes))
	for name, t := range g.routes {
		to.Routes[name] = t.Counts()
	}
	for i := range g.stages {
		to.Stages[i] = g.stages[i].Counts()
	}
	to.Sent = uint64(g.bytesOut.Load())
}

// rehearsalBytesMax is how large the summary of a rehearsal may be.
const rehearsalBytesMax = 1 << 20

// A rehearsal is the summary that `pintail rehearse` left beside the database, read anew where the file is another one.
type rehearsal struct {
	path string

	mu   sync.Mutex
	size int64
	at   time.Time
	text json.RawMessage
}

func newRehearsal(c Config) *rehearsal {
	dir := filepath.Join(filepath.Dir(c.Schema), "data")
	if path, ok := strings.CutPrefix(c.Database, "sqlite:"); ok {
		dir = filepath.Dir(path)
	}
	return &rehearsal{path: filepath.Join(dir, "rehearsal.json")}
}

// read gives the summary, nil where there is none or none that can be read: the page says then how to come by one.
func (r *rehearsal) read() json.RawMessage {
	r.mu.Lock()
	defer r.mu.Unlock()
	info, err := os.Stat(r.path)
	if err != nil || info.Size() > rehearsalBytesMax {
		r.text, r.at = nil, time.Time{}
		return nil
	}
	if info.Size() == r.size && info.ModTime().Equal(r.at) {
		return r.text
	}
	r.size, r.at, r.text = info.Size(), info.ModTime(), nil
	if text, err := os.ReadFile(r.path); err == nil && len(text) <= rehearsalBytesMax && json.Valid(text) {
		r.text = text
	}
	return r.text
}
