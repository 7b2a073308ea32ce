package pintail_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/node"
)

// TestOddRequests sends what few clients send, as bytes: every front answers it the same way.
func TestOddRequests(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start(func(c *pintail.Config) { c.Limits = node.Limits{BodyGrace: 200 * time.Millisecond} })
		host := "Host: " + s.addr + "\r\n"
		made := 0
		row := func() string {
			made++
			return fmt.Sprintf(`{"name": "odd %02d", "vegan": true}`, made)
		}
		post := "POST /rest/v1/ingredient HTTP/1.1\r\n" + host + "Content-Type: application/json\r\n"
		chunked := func(size string) string {
			return post + "Transfer-Encoding: chunked\r\n\r\n" + size + "\r\n" + row() + "\r\n0\r\nX-Trailer: 1\r\n\r\n"
		}
		for _, c := range []struct {
			name, text string
			status     int
			in         string
		}{
			{"HTTP/1.0", "GET /rest/v1/toast?limit=1 HTTP/1.0\r\n" + host + "\r\n", 200, "["},
			{"HTTP/1.0 with keep-alive", "GET /rest/v1/toast?limit=1 HTTP/1.0\r\n" + host + "Connection: keep-alive\r\n\r\n", 200, "["},
			{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, ""},
			{"a path with escapes", "GET /rest/v1/%74oast?limit=1 HTTP/1.1\r\n" + host + "\r\n", 200, "["},
			{"a whole address", "GET http://" + s.addr + "/rest/v1/toast?limit=1 HTTP/1.1\r\n" + host + "\r\n", 200, "["},
			{"another method", "BREW /rest/v1/toast HTTP/1.1\r\n" + host + "\r\n", 405, "PGRST117"},
			{"no Host", "GET /rest/v1/toast?limit=1 HTTP/1.1\r\n\r\n", 400, ""},
			{"two Hosts", "GET /rest/v1/toast?limit=1 HTTP/1.1\r\n" + host + host + "\r\n", 400, ""},
			{"a NUL in a header", "GET /rest/v1/toast?limit=1 HTTP/1.1\r\n" + host + "X: a\x00b\r\n\r\n", 400, ""},
			{"a space in a name", "GET /rest/v1/toast?limit=1 HTTP/1.1\r\n" + host + "X : a\r\n\r\n", 400, ""},
			{"two lengths", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400, ""},
			{"a length with a sign", post + "Content-Length: +2\r\n\r\n{}", 400, ""},
			{"a length below zero", post + "Content-Length: -1\r\n\r\n", 400, ""},
			{"another transfer encoding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, ""},
			{"chunks", chunked(fmt.Sprintf("%x", len(row()))), 201, ""},
			{"chunks with an extension", chunked(fmt.Sprintf("%x;a=b", len(row()))), 201, ""},
			{"a chunk of no size", chunked(""), 400, "PGRST102"},
			{"a chunk of a size that is none", chunked("x1"), 400, "PGRST102"},
			{"a chunk of too large a size", chunked("fffffffffffffffff"), 400, "PGRST102"},
			{"a chunk shorter than it says", chunked("ff"), 408, "PT408"},
			{"an expectation", post + "Expect: 100-continue\r\nContent-Length: " + fmt.Sprint(len(row())) + "\r\n\r\n" + row(), 100, ""},
			{"an expectation of a body that is too large", post + "Expect: 100-continue\r\nContent-Length: 9999999\r\n\r\n", 413, "PT413"},
			{"another expectation", post + "Expect: tea\r\nContent-Length: 2\r\n\r\n[]", 417, ""},
			{"an upgrade", "GET /rest/v1/toast?limit=1 HTTP/1.1\r\n" + host + "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 200, "["},
			{"a head past all limits", "GET /rest/v1/toast HTTP/1.1\r\n" + host + "X: " + strings.Repeat("x", 70<<10) + "\r\n\r\n", 431, ""},
			{"a URL past all limits", "GET /rest/v1/toast?" + strings.Repeat("x", 60<<10) + " HTTP/1.1\r\n" + host + "\r\n", 414, "PT414"},
		} {
			if !strings.Contains(c.text, "Connection") {
				c.text = strings.Replace(c.text, "\r\n", "\r\nConnection: close\r\n", 1)
			}
			raw(t, s, c.text).want(t, c.name, c.status, c.in)
		}
		ask(t, "GET", s.rest+"ingredient?name=in.(odd%2002,odd%2004)&select=vegan", "").want(t, "what came in chunks", 200, "[{\"vegan\":true}, \n {\"vegan\":true}]")
	})
}

// Routes of Go programs stand before the API, static files behind it, and neither takes the other's place.
func TestRoutesAndFilesOverHTTP(t *testing.T) {
	say := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, text) })
	}
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		public := t.TempDir()
		s := start(func(c *pintail.Config) { c.Public = public })
		s.app.Handle("POST /checkout", say("checkout"))
		ask(t, "POST", s.url+"/checkout", "").want(t, "a route", 200, "checkout")
		ask(t, "GET", s.rest+"toast?limit=1", "").want(t, "the API beside a route and files", 200, "[")
		ask(t, "GET", s.url+"/nothing", "").want(t, "a file that isn't there", 404, "")
		for _, pattern := range []string{"/rest/v1/toast/check", "GET /rest/v1/{table}", "/rest/{version}/other", "/{any}/v1/other", "example.com/"} {
			s := start()
			s.app.Handle(pattern, say("route"))
			if pattern == "GET /rest/v1/{table}" {
				ask(t, "GET", s.rest+"toast", "").want(t, pattern, 200, "route")
				ask(t, "DELETE", s.rest+"nothing", "").want(t, "beside "+pattern, 404, "PGRST205")
			}
			if pattern == "/rest/v1/toast/check" {
				ask(t, "GET", s.rest+"toast/check", "").want(t, pattern, 200, "route")
				ask(t, "GET", s.rest+"toast?limit=1", "").want(t, "beside "+pattern, 200, "[")
			}
			if strings.HasSuffix(pattern, "other") {
				ask(t, "GET", s.rest+"other", "").want(t, pattern, 200, "route")
			}
		}
	})
}
