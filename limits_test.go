package pintail_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pintail-dev/pintail"
)

// TestLimits tries every limit of docs/limits.md on a request, with its default, at the edge and one past it, through the
// whole program on both engines.
func TestLimits(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start()
		one := `{"name": "one", "vegan": true}`
		padded := func(n int) string { return one + strings.Repeat(" ", n-len(one)) }
		clean := func() { ask(t, "DELETE", s.rest+"ingredient?name=eq.one", "").want(t, "clean up", 204, "") }
		row := func(notes string) string {
			return fmt.Sprintf(`{"name": "one", "description": "", "price": 1, "notes": %s}`, notes)
		}
		for _, c := range []struct {
			name   string
			edge   int
			do     func(n int) reply
			good   int
			status int
			code   string
		}{
			{"body", 1 << 20, func(n int) reply { return ask(t, "POST", s.rest+"ingredient", padded(n)) }, 201, 413, "PT413"},
			{"body without a length", 1 << 20, func(n int) reply {
				r, err := http.NewRequest("POST", s.rest+"ingredient", io.MultiReader(strings.NewReader(padded(n))))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Content-Type", "application/json")
				return send(t, r)
			}, 201, 413, "PT413"},
			{"decompressed body", 80_000, func(n int) reply {
				return ask(t, "POST", s.rest+"ingredient", gzipped(t, padded(n), 4000), "Content-Encoding", "gzip")
			}, 201, 413, "PT413"},
			{"decompressed body in all", 1 << 20, func(n int) reply {
				return ask(t, "POST", s.rest+"ingredient", gzipped(t, padded(n), 65000), "Content-Encoding", "gzip")
			}, 201, 413, "PT413"},
			{"URL", 16 << 10, func(n int) reply {
				path := "/rest/v1/toast?limit=1&name=neq."
				return ask(t, "GET", s.url+path+strings.Repeat("x", n-len(path)), "")
			}, 200, 414, "PT414"},
			{"header lines", 100, func(n int) reply {
				headers := make([]string, 0, 2*n)
				for i := range n - 3 { // after Host, Connection and Accept
					headers = append(headers, fmt.Sprintf("X-Line-%d", i), "1")
				}
				return raw(t, s, "GET /rest/v1/toast?limit=1 HTTP/1.1\r\nHost: "+s.addr+"\r\nConnection: close\r\nAccept: */*\r\n"+lines(headers)+"\r\n")
			}, 200, 431, "PT431"},
			{"headers", 32 << 10, func(n int) reply {
				head := "Host: " + s.addr + "\r\nConnection: close\r\nX-Long: "
				return raw(t, s, "GET /rest/v1/toast?limit=1 HTTP/1.1\r\n"+head+strings.Repeat("x", n-len(head)-2)+"\r\n\r\n")
			}, 200, 431, "PT431"},
			{"parameters", 256, func(n int) reply {
				return ask(t, "GET", s.rest+"toast?select=id"+strings.Repeat("&offset=1", n-1), "")
			}, 200, 400, "PT102"},
			{"JSON nesting", 64, func(n int) reply {
				return ask(t, "POST", s.rest+"toast", row(strings.Repeat("[", n-1)+strings.Repeat("]", n-1)))
			}, 201, 400, "PT101"},
			{"embeds", 5, func(n int) reply {
				return ask(t, "GET", s.rest+"customer?limit=1&select="+nest(n), "")
			}, 200, 400, "PT101"},
			{"filter nodes", 200, func(n int) reply {
				return ask(t, "GET", s.rest+"toast?select=id&or=(id.eq.1"+strings.Repeat(",id.eq.2", n-2)+")", "")
			}, 200, 400, "PT102"},
			{"values of in", 1000, func(n int) reply {
				return ask(t, "GET", s.rest+"toast?select=id&id=in.(1"+strings.Repeat(",2", n-1)+")", "")
			}, 200, 400, "PT102"},
		} {
			t.Run(c.name, func(t *testing.T) {
				c.do(c.edge).want(t, fmt.Sprint("at ", c.edge), c.good, "")
				clean()
				ask(t, "DELETE", s.rest+"toast?name=eq.one", "").want(t, "clean up", 204, "")
				c.do(c.edge+1).want(t, fmt.Sprint("at ", c.edge+1), c.status, c.code)
				ask(t, "GET", s.rest+"ingredient?name=eq.one", "").want(t, "nothing was written", 200, "[]")
			})
		}
	})
}

// TestLongURLs: a URL may be as long as limits.url_bytes says, however long that is.
func TestLongURLs(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		const edge = 300_000
		s := start(func(c *pintail.Config) { c.Limits.URLBytesMax = edge })
		for n, c := range map[int]struct {
			status int
			body   string
		}{edge: {200, "["}, edge + 1: {414, "PT414"}} {
			path := "/rest/v1/toast?limit=1&name=neq."
			got := ask(t, "GET", s.url+path+strings.Repeat("x", n-len(path)), "", "X-Long", strings.Repeat("x", 30<<10))
			got.want(t, fmt.Sprint("at ", n), c.status, c.body)
		}
	})
}

// gzipped compresses text and pads the whole to size with an extra field.
func gzipped(t *testing.T, text string, size int) string {
	pack := func(extra int) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if extra > 0 {
			w.Extra = make([]byte, extra-2) // after its length
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		w.Close()
		return b.Bytes()
	}
	bare := len(pack(0))
	packed := pack(size - bare)
	if len(packed) != size {
		t.Fatalf("%d bytes, not %d", len(packed), size)
	}
	return string(packed)
}

// nest embeds orders and customers in each other, n deep.
func nest(n int) string {
	text := "id"
	for i := n; i > 0; i-- {
		text = "id," + []string{"customer", "orders"}[i%2] + "(" + text + ")"
	}
	return text
}

func lines(headers []string) string {
	var b strings.Builder
	for i := 0; i < len(headers); i += 2 {
		fmt.Fprintf(&b, "%s: %s\r\n", headers[i], headers[i+1])
	}
	return b.String()
}

// TestAnswerLimit: an answer of just the limit is given, one byte more is refused and not cut short.
func TestAnswerLimit(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		const path = "order?select=*,items(*)&order=id"
		whole := ask(t, "GET", start().rest+path, "")
		at := start(func(c *pintail.Config) { c.AnswerBytesMax = int64(len(whole.body)) })
		if got := ask(t, "GET", at.rest+path, ""); got.status != 200 || got.body != whole.body {
			t.Errorf("an answer of the limit: %d %.300s", got.status, got.body)
		}
		past := start(func(c *pintail.Config) { c.AnswerBytesMax = int64(len(whole.body)) - 1 })
		ask(t, "GET", past.rest+path, "").want(t, "an answer past the limit", 507, "PT507")
		ask(t, "GET", past.rest+"toast?limit=1", "").want(t, "the next answer", 200, "[")
	})
}

// TestAnswerLimitDefault is 32 MiB.
func TestAnswerLimitDefault(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 60 MB")
	}
	onEngines(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start()
		for i := range 33 {
			body := fmt.Sprintf(`{"id": %d, "name": "big %d", "description": "%s", "price": 1}`, 1000+i, i, strings.Repeat("x", 1<<20-200))
			ask(t, "POST", s.rest+"toast", body).want(t, "a big row", 201, "")
		}
		ask(t, "GET", s.rest+"toast?select=description&id=gte.1000&limit=32", "").want(t, "under 32 MiB", 200, "xxx")
		ask(t, "GET", s.rest+"toast?select=description&id=gte.1000", "").want(t, "over 32 MiB", 507, "PT507")
	})
}

// TestRequestTime: a request may take so long in all.
func TestRequestTime(t *testing.T) {
	onFronts(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start(func(c *pintail.Config) { c.AnswerTime = 300 * time.Millisecond })
		makeSlow(t, s.dsn)
		begin := time.Now()
		got := ask(t, "PATCH", s.rest+"ingredient?id=eq.1", `{"vegan": true}`)
		if took := time.Since(begin); got.status < 500 || !strings.Contains(got.body, "57014") || took < 250*time.Millisecond || took > 800*time.Millisecond {
			t.Errorf("after %v: %d %s", took, got.status, got.body)
		}
		s = start(func(c *pintail.Config) { c.StatementTime = 300 * time.Millisecond })
		begin = time.Now()
		got = ask(t, "PATCH", s.rest+"ingredient?id=eq.1", `{"vegan": true}`)
		if took := time.Since(begin); got.status < 500 || !strings.Contains(got.body, "57014") || took < 250*time.Millisecond || took > 800*time.Millisecond {
			t.Errorf("after %v: %d %s", took, got.status, got.body)
		}
		ask(t, "GET", s.rest+"ingredient?limit=1", "").want(t, "the next request", 200, "[")
	})
}

// TestSendingLimit: large answers to clients that don't read them have a limit together.
func TestSendingLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 60 MB")
	}
	onEngines(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start()
		for i := range 14 {
			body := fmt.Sprintf(`{"id": %d, "name": "big %d", "description": "%s", "price": 1}`, 1000+i, i, strings.Repeat("x", 1<<20-200))
			ask(t, "POST", s.rest+"toast", body).want(t, "a big row", 201, "")
		}
		const path = "toast?select=description&id=gte.1000"
		whole := int64(len(ask(t, "GET", s.rest+path, "").body))
		for limit, status := range map[int64]int{2 * whole: 200, 2*whole - 1: 503, 1: 503} {
			s := start(func(c *pintail.Config) { c.Limits.SendingBytesMax = limit })
			idle, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			if err := idle.(*net.TCPConn).SetReadBuffer(4096); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(idle, "GET /rest/v1/%s HTTP/1.1\r\nHost: %s\r\n\r\n", path, s.addr)
			if _, err := idle.Read(make([]byte, 1)); err != nil { // the answer is on its way
				t.Fatal(err)
			}
			ask(t, "GET", s.rest+path, "").want(t, fmt.Sprintf("a second one, limit %d", limit), status, "")
			ask(t, "GET", s.rest+"toast?select=id&limit=1", "").want(t, "a small one", 200, "[")
			idle.Close()
			for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) { // until the server has noticed
				got := ask(t, "GET", s.rest+path, "")
				if got.status == 200 {
					break
				}
				if time.Since(begin) > 5*time.Second {
					got.want(t, "after the idle client went", 200, "")
					break
				}
			}
		}
	})
}
