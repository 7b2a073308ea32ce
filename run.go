package pintail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/node"
)

// stopTime bounds how long Run waits for requests that are under way when it stops.
const stopTime = 30 * time.Second

// Run listens on Config.Listen and Config.Admin until ctx ends, then stops gracefully: /readyz turns false, DrainTime
// passes, the listener closes, requests under way are finished, the database is closed.
func (a *App) Run(ctx context.Context) error {
	l, err := net.Listen("tcp", a.config.Listen)
	if err != nil {
		return errors.Join(fmt.Errorf("listen on %s: %w", a.config.Listen, err), a.Close())
	}
	var admin net.Listener
	if a.config.Admin != "off" {
		if admin, err = net.Listen("tcp", a.config.Admin); err != nil {
			return errors.Join(fmt.Errorf("listen on the admin address %s: %w; choose another with --admin, or --admin off", a.config.Admin, err), l.Close(), a.Close())
		}
	}
	return a.RunOn(ctx, l, admin)
}

// RunOn is Run on listeners that the caller opened; admin may be nil.
func (a *App) RunOn(ctx context.Context, public, admin net.Listener) error {
	if a.config.Open && !loopback(public.Addr()) {
		return errors.Join(fmt.Errorf("open mode listens on a loopback address only, and %s is none: every caller is an admin", public.Addr()), public.Close(), a.Close())
	}
	if n := len(a.config.AdminSecret); !a.config.Open && n > 0 && n < AdminSecretLeast {
		if !loopback(public.Addr()) {
			return errors.Join(fmt.Errorf("the admin secret has fewer than %d letters and can be guessed, and %s is reachable from others: take a longer one", AdminSecretLeast, public.Addr()), public.Close(), a.Close())
		}
		a.log.Warn("the admin secret is short and can be guessed: take a longer one before others reach this address", "letters_least", AdminSecretLeast)
	}
	at := public.Addr().String()
	a.address.Store(&at)
	servers := []server{a.public()}
	listeners := []net.Listener{public}
	if admin != nil {
		servers = append(servers, a.server(a.AdminHandler()))
		listeners = append(listeners, admin)
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, s := range servers {
		group.Go(func() error {
			if err := s.Serve(listeners[i]); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
	}
	group.Go(func() error { return a.RunGuard(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		a.drain()
		time.Sleep(a.config.DrainTime)
		stop, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		var errs []error
		for _, s := range servers {
			errs = append(errs, s.Shutdown(stop))
		}
		return errors.Join(errs...)
	})
	return errors.Join(group.Wait(), a.Close())
}

func (a *App) drain() { a.draining.Do(func() { close(a.drained) }) }

// A server is net/http's, or an Express before it.
type server interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
}

// public is what listens on the public address. A route that may stand before the API's own is net/http's to find.
func (a *App) public() server {
	s := a.server(a.Handler())
	node.SeatServer(s)
	if a.config.NetHTTP {
		return &seatedServer{Server: s, seats: a.gate.seats}
	}
	return node.NewExpress(a.front, func(path string) bool { return !a.shades && node.Serves(path) }, s, a.gate.seats)
}

// A seatedServer is net/http's, whose connections are counted.
type seatedServer struct {
	*http.Server
	seats node.Seats
}

func (s *seatedServer) Serve(l net.Listener) error { return s.Server.Serve(s.seats.Listen(l)) }

func (a *App) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       75 * time.Second,
		MaxHeaderBytes:    48<<10 + cmp.Or(a.config.Limits.URLBytesMax, 16<<10), // of URL and headers: the front refuses in words what is over its own limits
		ErrorLog:          serverLog(a.log),
	}
}

func loopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// AdminHandler serves what operators and orchestrators ask: the console at /, its /state and /events, /livez, /readyz, /metrics,
// /shapes and /guard. It answers a loopback Host, and those of Config.AdminHosts, so that a web page can't reach it under a
// name of its own; what changes anything it takes from its own Origin only.
func (a *App) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "alive\n") })
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.Handle("GET /metrics", a.gauge.handler())
	mux.Handle("GET /shapes", &shapesPage{app: a})
	mux.Handle("/", a.console)
	mux.HandleFunc("GET /guard", a.tellGuard)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !auth.LoopbackHost(r.Host) && !a.adminHost(r.Host) {
			say(w, http.StatusForbidden, "the admin address answers loopback hosts; name others in admin.hosts\n")
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead && !ownOrigin(r) {
			say(w, http.StatusForbidden, "the admin address takes this from its own page only: its Origin header is missing or another one\n")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// ownOrigin says whether a request comes from a page of the address that it goes to.
func ownOrigin(r *http.Request) bool {
	u, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host == r.Host && r.Host != ""
}

func (a *App) adminHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	for _, h := range a.config.AdminHosts {
		if h == name || h == host {
			return true
		}
	}
	return false
}

func (a *App) readyz(w http.ResponseWriter, r *http.Request) {
	select {
	case <-a.drained:
		say(w, http.StatusServiceUnavailable, "stopping\n")
		return
	default:
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := a.node.Ready(ctx); err != nil {
		a.log.Warn("not ready", "reason", err)
		say(w, http.StatusServiceUnavailable, "the database does not answer\n")
		return
	}
	say(w, http.StatusOK, "ready\n")
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	// The client may be gone; there is nobody else to tell.
	_, _ = w.Write([]byte(text))
}

// public is the folder of static files; empty where there is none.
func (c Config) public() string {
	if c.Public != "" {
		return c.Public
	}
	return beside(c.Schema, "public")
}

// beside gives the folder of that name next to the schema file, if it is there.
func beside(schema, name string) string {
	dir := filepath.Join(filepath.Dir(schema), name)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return ""
	}
	return dir
}

// static serves a folder: files as they are, no listings, nothing whose name begins with a dot, nothing outside of it. http.FileServer
// answers every method with the file: a write that missed the API's path would seem to have worked, and a CONNECT have its tunnel.
func static(dir string) http.Handler {
	files := http.FileServerFS(noDots{folder(dir)})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			say(w, http.StatusMethodNotAllowed, "files are read by GET and HEAD; the API is under /rest/v1\n")
			return
		}
		files.ServeHTTP(w, r)
	})
}
