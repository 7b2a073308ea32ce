// Package console is the operator's page: the way of a request through a running server as a picture, with what each part
// does now, what it refuses and why. It looks only while somebody else does.
//
//	c := console.New(console.Config{Read: counters, Stopping: drained})
//	mux.Handle("/", c)   // the page, /state, /events
//	defer c.Close()
//
// Reading the source: Reading is every counter at one moment, compare makes a State of two of them, a Board keeps the few that it
// takes; Console serves that, and page/ shows it.
package console

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// ListenersMax is how many may look at the same time.
const ListenersMax = 16

// sendTime is how long a listener may take to read one event before it is let go.
const sendTime = 10 * time.Second

// Config says what a console shows.
type Config struct {
	Read     func() *Reading // every counter now; see NewBoard
	Stopping <-chan struct{} // closed once the server stops: then nobody is kept waiting; nil for never
	Stories  Stories         // that can be told from the page
	Log      *slog.Logger    // nil logs nothing
}

// A Console answers on the admin address. It is safe for concurrent use.
type Console struct {
	board     *Board
	stopping  <-chan struct{}
	stories   *stories // nil where none are told
	log       *slog.Logger
	mux       *http.ServeMux
	listeners atomic.Int64
}

// New makes a console. It starts nothing.
func New(c Config) *Console {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	con := &Console{stopping: c.Stopping, log: c.Log, mux: http.NewServeMux()}
	con.board = NewBoard(func() *Reading {
		r := c.Read()
		select {
		case <-c.Stopping:
			r.Server.Stopping = true
		default:
		}
		return r
	})
	if c.Stories.Tell != nil {
		con.stories = newStories(c.Stories)
		con.board.stories = c.Stories.Names
		con.mux.HandleFunc("POST /story/{name}", con.tell)
		con.mux.HandleFunc("DELETE /story", con.cancel)
	}
	con.mux.HandleFunc("GET /state", con.state)
	con.mux.HandleFunc("GET /events", con.events)
	for name, f := range files() {
		con.mux.Handle("GET "+name, f)
	}
	return con
}

// State looks now.
func (c *Console) State() *State { return c.board.State() }

// Close stops a story that is being told, and waits for it.
func (c *Console) Close() {
	if c.stories != nil {
		c.stories.close()
	}
}

// policy lets the page load its own files and ask its own server, and nothing else; nobody may frame it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ServeHTTP answers. Whoever calls has looked at Host, and at Origin where something is changed.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
		// Another site's page couldn't read the answer, but it could take the places of those who look.
		refuse(w, http.StatusForbidden, "the console answers its own page only")
		return
	}
	c.mux.ServeHTTP(w, r)
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	// The client may be gone; there is nobody else to tell.
	_, _ = fmt.Fprintln(w, text)
}

func (c *Console) state(w http.ResponseWriter, _ *http.Request) {
	text, err := encode(c.board.State())
	if err != nil {
		c.log.Error("the console's state", "cause", err)
		refuse(w, http.StatusInternalServerError, "the state can't be written; the log has the cause")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)+1))
	_, _ = w.Write(append(text, '\n'))
}

// events sends a State every second, and what a story tells as it tells it, until the client leaves or the server stops.
func (c *Console) events(w http.ResponseWriter, r *http.Request) {
	if c.listeners.Add(1) > ListenersMax {
		c.listeners.Add(-1)
		w.Header().Set("Retry-After", "5")
		refuse(w, http.StatusServiceUnavailable, fmt.Sprintf("%d are looking already, which is the most: close one of the pages", ListenersMax))
		return
	}
	defer c.listeners.Add(-1)
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == http.MethodHead {
		return
	}
	s := stream{w: w, control: http.NewResponseController(w)}
	told := 0 // all that is kept of the last story
	tick := time.NewTicker(tickTime)
	defer tick.Stop()
	look := true // at once, then every second
	for {
		if look {
			text, err := c.board.JSON()
			if err != nil {
				c.log.Error("the console's state", "cause", err)
				return
			}
			if s.event("state", text) != nil {
				return
			}
		}
		changed := c.stories.changed()
		for _, e := range c.stories.after(&told) {
			if s.event("story", e) != nil {
				return
			}
		}
		if s.flush() != nil {
			return
		}
		look = false
		select {
		case <-r.Context().Done():
			return
		case <-c.stopping:
			c.farewell(&s)
			return
		case <-tick.C:
			look = true
		case <-changed:
		}
	}
}

// farewell says that the server stops, rather than to leave the page to guess.
func (c *Console) farewell(s *stream) {
	text, err := encode(c.board.State())
	if err != nil {
		return
	}
	if s.event("state", text) == nil {
		_ = s.flush()
	}
}

// A stream writes server-sent events (HTML Standard, 9.2).
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// event writes one event; data is on one line. Whoever doesn't read is let go.
func (s *stream) event(name string, data []byte) error {
	// Not every ResponseWriter has deadlines; without one a client that doesn't read holds its own place only.
	_ = s.control.SetWriteDeadline(time.Now().Add(sendTime))
	_, err := fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", name, data)
	return err
}

func (s *stream) flush() error { return s.control.Flush() }

//go:embed page
var page embed.FS

// A file is one of the page's, in memory.
type file struct {
	text      []byte
	kind, tag string
}

func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Type", f.kind)
	h.Set("Etag", f.tag)
	if r.Header.Get("If-None-Match") == f.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(f.text)))
	_, _ = w.Write(f.text)
}

// files gives the page's files by the pattern that serves each: index.html at /, the others under /console/.
func files() map[string]*file {
	all := map[string]*file{}
	entries, err := fs.ReadDir(page, "page")
	if err != nil {
		panic("console: the page isn't embedded: " + err.Error())
	}
	for _, e := range entries {
		text, err := page.ReadFile("page/" + e.Name())
		if err != nil {
			panic("console: the page isn't embedded: " + err.Error())
		}
		sum := sha256.Sum256(text)
		f := &file{text: text, kind: kind(e.Name()), tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
		if e.Name() == "index.html" {
			all["/{$}"] = f
			continue
		}
		all["/console/"+e.Name()] = f
	}
	return all
}

// kind is a file's media type, whatever the machine's own table says.
func kind(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(strings.ToLower(path.Ext(name)))
}
