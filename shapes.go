package pintail

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pintail-dev/pintail/internal/console"
	"github.com/pintail-dev/pintail/internal/rehearse"
	"github.com/pintail-dev/pintail/internal/store"
)

// A shapesPage serves GET /shapes of the admin address: which queries this process was asked, how often, how long they took and
// what is known of their arguments, without any value. It is the shapes' half of a capture. With ?look=true the database is asked
// how the examples' values lie in it, for five seconds at most and by one request at a time.
type shapesPage struct {
	app  *App
	busy sync.Mutex
}

func (p *shapesPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var st store.Store
	look, err := console.Switch(r.URL.RawQuery, "look")
	if err != nil {
		say(w, http.StatusBadRequest, err.Error()+"\n")
		return
	}
	if look {
		// A page that the operator visits elsewhere can send this request, though not read the answer: it may not cost anything.
		if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
			say(w, http.StatusForbidden, "?look=true is not for pages of other sites\n")
			return
		}
		if !p.busy.TryLock() {
			w.Header().Set("Retry-After", "5")
			say(w, http.StatusServiceUnavailable, "another request looks at the database already; ask again in a few seconds\n")
			return
		}
		defer p.busy.Unlock()
		// The guard and the cache would keep what they know of each of these questions, which nobody asks twice.
		st = p.app.bare
	}
	s := p.app.Schema()
	c := &rehearse.Capture{Format: rehearse.Format, Engine: "postgres", Pintail: p.app.config.Version, Schema: s.Version, Taken: time.Now().UTC().Truncate(time.Second)}
	if strings.HasPrefix(p.app.config.Database, "sqlite:") {
		c.Engine = "sqlite"
	}
	c.Shapes, c.Notes = rehearse.TakeShapes(r.Context(), p.app.node.Shapes(), s, st)
	text, err := rehearse.Write(c)
	if err != nil {
		p.app.log.Error("shapes", "reason", err)
		say(w, http.StatusInternalServerError, "the shapes could not be written; the log says why\n")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(text) // the client may be gone
}
