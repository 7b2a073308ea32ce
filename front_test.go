package pintail_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/node"
)

// everyToast is an answer long enough to be compressed.
const everyToast = "toast?select=*,ingredients(*)&order=id"

func TestNotModified(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start()
		plain := ask(t, "GET", s.rest+everyToast, "")
		tag := plain.header.Get("ETag")
		if plain.status != 200 || !strings.HasPrefix(tag, `"`) || len(tag) < 20 {
			t.Fatalf("%d, ETag %q is not a strong one", plain.status, tag)
		}
		tags := map[string]bool{tag: true}
		for _, encoding := range []string{"gzip", "zstd"} {
			tags[ask(t, "GET", s.rest+everyToast, "", "Accept-Encoding", encoding).header.Get("ETag")] = true
		}
		if len(tags) != 3 {
			t.Errorf("three encodings have the ETags %v: a strong one belongs to the very bytes", tags)
		}
		for _, header := range []string{tag, `"other", W/` + tag, "*"} {
			got := ask(t, "GET", s.rest+everyToast, "", "If-None-Match", header)
			if got.status != 304 || got.body != "" || header != "*" && got.header.Get("ETag") != tag {
				t.Errorf("If-None-Match %s: %d %q ETag %s", header, got.status, got.body, got.header.Get("ETag"))
			}
		}
		if got := ask(t, "GET", s.rest+everyToast, "", "If-None-Match", tag, "Accept-Encoding", "gzip"); got.status != 200 {
			t.Errorf("the plain answer's ETag stands for the compressed one: %d", got.status)
		}
		ask(t, "PATCH", s.rest+"toast?id=eq.1", `{"description": "new"}`).want(t, "update", 204, "")
		if got := ask(t, "GET", s.rest+everyToast, "", "If-None-Match", tag); got.status != 200 || got.header.Get("ETag") == tag {
			t.Errorf("a changed row has the old ETag: %d", got.status)
		}
	})
}

func TestCompression(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start()
		plain := ask(t, "GET", s.rest+everyToast, "")
		unpack := map[string]func(string) string{
			"gzip": func(body string) string {
				r, err := gzip.NewReader(strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(r)
				if err != nil {
					t.Fatal(err)
				}
				return string(text)
			},
			"zstd": func(body string) string {
				d, err := zstd.NewReader(strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				defer d.Close()
				text, err := io.ReadAll(d)
				if err != nil {
					t.Fatal(err)
				}
				return string(text)
			},
		}
		for accept, want := range map[string]string{
			"gzip": "gzip", "zstd": "zstd", "gzip, zstd": "zstd", "gzip;q=1, zstd;q=0.5": "gzip", "*": "zstd",
			"identity": "", "br": "", "gzip;q=0": "", "zstd;q=0, *;q=0.1": "gzip",
		} {
			got := ask(t, "GET", s.rest+everyToast, "", "Accept-Encoding", accept)
			if e := got.header.Get("Content-Encoding"); e != want {
				t.Errorf("Accept-Encoding %q is answered in %q, want %q", accept, e, want)
				continue
			}
			if want != "" {
				if len(got.body) >= len(plain.body) {
					t.Errorf("%s makes %d bytes of %d", want, len(got.body), len(plain.body))
				}
				got.body = unpack[want](got.body)
			}
			if got.body != plain.body {
				t.Errorf("Accept-Encoding %q: another answer", accept)
			}
			if !strings.Contains(strings.Join(got.header.Values("Vary"), ","), "Accept-Encoding") {
				t.Errorf("Accept-Encoding %q: no Vary", accept)
			}
		}
		if got := ask(t, "GET", s.rest+"toast?select=id&limit=1", "", "Accept-Encoding", "gzip"); got.header.Get("Content-Encoding") != "" {
			t.Error("a short answer is compressed")
		}
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		w.Write([]byte(`{"id": 900, "name": "packed", "vegan": true}`))
		w.Close()
		ask(t, "POST", s.rest+"ingredient", packed.String(), "Content-Encoding", "gzip").want(t, "a compressed body", 201, "")
		e, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		ask(t, "POST", s.rest+"ingredient", string(e.EncodeAll([]byte(`{"id": 901, "name": "packed too", "vegan": true}`), nil)), "Content-Encoding", "zstd").want(t, "a compressed body", 201, "")
		ask(t, "GET", s.rest+"ingredient?select=name&id=gte.900&order=id", "").want(t, "what came compressed", 200, "packed too")
		ask(t, "POST", s.rest+"ingredient", "no gzip", "Content-Encoding", "gzip").want(t, "a broken gzip", 400, "PGRST102")
		ask(t, "POST", s.rest+"ingredient", "{}", "Content-Encoding", "br").want(t, "brotli", 415, "PT415")
	})
}

func TestCORS(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start(func(c *pintail.Config) {
			c.Open, c.AdminSecret, c.Origins = false, "s3cret", []string{"https://app.example"}
		})
		const allow = "Access-Control-Allow-Origin"
		got := ask(t, "GET", s.rest+"toast?limit=1", "", "Origin", "https://app.example", "apikey", "s3cret")
		if got.status != 200 || got.header.Get(allow) != "https://app.example" || !strings.Contains(got.header.Get("Access-Control-Expose-Headers"), "Content-Range") {
			t.Errorf("an allowed origin: %d %v", got.status, got.header)
		}
		if got.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Error("credentials are allowed: keys come in headers, never in cookies")
		}
		for _, origin := range []string{"https://evil.example", "https://app.example.evil.example", "http://app.example", "null", "https://app.example:444"} {
			got := ask(t, "GET", s.rest+"toast?limit=1", "", "Origin", origin, "apikey", "s3cret")
			if got.header.Get(allow) != "" {
				t.Errorf("origin %s is allowed", origin)
			}
			if !strings.Contains(strings.Join(got.header.Values("Vary"), ","), "Origin") {
				t.Errorf("origin %s: no Vary: a cache would give this answer to allowed origins", origin)
			}
			pre := ask(t, "OPTIONS", s.rest+"toast", "", "Origin", origin, "Access-Control-Request-Method", "POST")
			if pre.header.Get(allow) != "" || pre.header.Get("Access-Control-Allow-Methods") != "" {
				t.Errorf("origin %s may ask before it writes", origin)
			}
		}
		pre := ask(t, "OPTIONS", s.rest+"toast", "", "Origin", "https://app.example", "Access-Control-Request-Method", "PATCH",
			"Access-Control-Request-Headers", "apikey, content-type, x-<script>")
		if pre.status != 200 || pre.header.Get(allow) != "https://app.example" || !strings.Contains(pre.header.Get("Access-Control-Allow-Methods"), "PATCH") ||
			pre.header.Get("Access-Control-Allow-Headers") != "apikey, content-type" {
			t.Errorf("the question before a write: %d %v", pre.status, pre.header)
		}
		refused := ask(t, "GET", s.rest+"toast?limit=1", "", "Origin", "https://app.example")
		if refused.status != 401 || refused.header.Get(allow) == "" {
			t.Errorf("a page must be able to read why it was refused: %d %v", refused.status, refused.header)
		}
	})
	t.Run("open mode", func(t *testing.T) {
		_, err := pintail.New(t.Context(), pintail.Config{Open: true, Origins: []string{"*"}})
		if err == nil || !strings.Contains(err.Error(), "origin") {
			t.Errorf("open mode takes origins: %v", err)
		}
	})
}

// A web page that the developer visits, or a proxy that forwards to the developer's machine, must not be an admin.
func TestOpenModeRefusals(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start()
		for name, headers := range map[string][]string{
			"a name that was bound to this machine": {"Host", "evil.example"},
			"an address that is not loopback":       {"Host", "192.0.2.1"},
			"another origin":                        {"Origin", "https://evil.example"},
			"a file's origin":                       {"Origin", "null"},
			"another port":                          {"Origin", "http://127.0.0.1:1"},
			"another site without Origin":           {"Sec-Fetch-Site", "cross-site"},
			"a forwarded request":                   {"X-Forwarded-For", "192.0.2.1"},
			"one that says so by the standard":      {"Forwarded", "for=192.0.2.1"},
			"one through any proxy":                 {"Via", "1.1 proxy"},
		} {
			for _, path := range []string{"/rest/v1/toast?limit=1", "/rest/v1/", "/openapi.json", "/rest/v1/rpc/top_toasts"} {
				ask(t, "GET", s.url+path, "", headers...).want(t, name+" "+path, 403, "PT403")
			}
			ask(t, "POST", s.rest+"ingredient", `{"id": 77, "name": "evil", "vegan": false}`, headers...).want(t, name+" writes", 403, "PT403")
		}
		ask(t, "GET", s.rest+"ingredient?id=eq.77", "").want(t, "nothing was written", 200, "[]")
		ask(t, "GET", s.rest+"toast?limit=1", "", "Origin", s.url, "Sec-Fetch-Site", "same-origin").want(t, "its own page", 200, "[")
	})
}

func TestLocked(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start(func(c *pintail.Config) { c.Open, c.AdminSecret = false, "s3cret" })
		for _, path := range []string{"/rest/v1/toast", "/rest/v1/nothing", "/rest/v1/", "/openapi.json", "/rest/v1/rpc/top_toasts"} {
			ask(t, "GET", s.url+path, "").want(t, "without a secret "+path, 401, "PT401")
			ask(t, "GET", s.url+path, "", "apikey", "s3cre").want(t, "with a wrong one "+path, 401, "PT401")
		}
		ask(t, "GET", s.rest+"toast?limit=1", "", "Authorization", "Bearer s3cret").want(t, "with the secret", 200, "[")
		nobody := start(func(c *pintail.Config) { c.Open = false })
		ask(t, "GET", nobody.rest+"toast", "", "apikey", "").want(t, "where there is no secret", 401, "PT401")
	})
}

// A client that promises a body and sends none gets its answer when the grace is over, whether anybody reads the body or not:
// net/http reads to a body's end before it answers.
func TestStalledBody(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start(func(c *pintail.Config) { c.Limits = node.Limits{BodyGrace: 200 * time.Millisecond} })
		for _, c := range []struct {
			head   string
			status int
		}{
			{"POST /rest/v1/ingredient HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100", 408},
			{"POST /rest/v1/ingredient HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked", 408},
			{"POST /rest/v1/ingredient HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 100", 408},
			{"DELETE /rest/v1/nothing HTTP/1.1\r\nContent-Length: 100", 404},
			{"GET /rest/v1/ingredient?limit=0 HTTP/1.1\r\nContent-Length: 100", 200},
			{"GET /rest/v1/ingredient?nothing=eq.1 HTTP/1.1\r\nContent-Length: 100", 400},
		} {
			begin := time.Now()
			got := raw(t, s, c.head+"\r\nHost: "+s.addr+"\r\n\r\n")
			if took := time.Since(begin); got.status != c.status || took > 2*time.Second {
				t.Errorf("%q: %d after %v, want %d", c.head, got.status, took, c.status)
			}
		}
		// What is slow, and not the body, has its own limits.
		got := raw(t, s, "POST /rest/v1/ingredient HTTP/1.1\r\nHost: "+s.addr+"\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]")
		got.want(t, "a body that is there", 201, "")
	})
}

// A body that trickles in must not hold a place for ever.
func TestSlowBody(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start(func(c *pintail.Config) { c.Limits = node.Limits{BodyGrace: 200 * time.Millisecond, BodyRateMin: 1000} })
		slow := func(each time.Duration, parts int) (int, string) {
			in, out := io.Pipe()
			go func() {
				out.Write([]byte(`[`))
				for range parts {
					time.Sleep(each)
					if _, err := out.Write(bytes.Repeat([]byte(" "), 100)); err != nil {
						return
					}
				}
				out.Write([]byte(`]`))
				out.Close()
			}()
			r, err := http.NewRequest("POST", s.rest+"ingredient?columns=name", in)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			got := send(t, r)
			return got.status, got.body
		}
		begin := time.Now()
		if status, body := slow(400*time.Millisecond, 20); status != 408 || !strings.Contains(body, "PT408") {
			t.Errorf("a body at 250 bytes a second, where 1000 are asked for: %d %s", status, body)
		}
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("it was refused after %v", took)
		}
		if status, body := slow(10*time.Millisecond, 30); status != 201 {
			t.Errorf("a body at 10,000 bytes a second: %d %s", status, body)
		}
	})
}

// TestBodyTime: a body that comes at its least rate still has to come within the time of a whole request.
func TestBodyTime(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start(func(c *pintail.Config) { c.AnswerTime = 600 * time.Millisecond })
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		begin := time.Now()
		fmt.Fprintf(c, "POST /rest/v1/ingredient HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n", s.addr)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for time.Since(begin) < 5*time.Second {
				if _, err := io.WriteString(c, strings.Repeat(" ", 1000)); err != nil {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		}()
		_ = c.SetReadDeadline(begin.Add(5 * time.Second))
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		if took := time.Since(begin); err != nil || r.StatusCode != 408 || !strings.Contains(string(text), "within 600ms") || took > 3*time.Second {
			t.Errorf("after %v: %d %s %v", took, r.StatusCode, text, err)
		}
		c.Close()
		<-done
	})
}
