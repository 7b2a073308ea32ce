package node

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

var heads = []string{
	"GET /rest/v1/item?id=eq.1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n",
	"POST /rest/v1/item HTTP/1.1\r\nhost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\nPrefer: a\r\nprefer: b\r\n\r\n{}",
	"HEAD /rest/v1/item?a=%zz&b=? HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\nX-Empty:\r\nX-Tab: \t a\tb \t\r\n\r\n",
	"OPTIONS /rest/v1/ HTTP/1.1\r\nConnection: Keep-Alive\r\nHost: a\r\nCookie: a=b; c=d\r\nCookie: e=f\r\nX: \xc3\xa9\r\n\r\nGET /",
	"DELETE /rest/v1/item? HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
}

// oddHeads are net/http's to judge, and brokenHeads nobody's.
var oddHeads = []string{
	"GET /rest/v1/it%20em HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://a/rest/v1/item HTTP/1.1\r\nHost: a\r\n\r\n", "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /rest/v1/item HTTP/1.0\r\nHost: a\r\n\r\n", "GET /rest/v1/item HTTP/1.1\r\n\r\n", "GET /rest/v1/item HTTP/1.1\r\nHost:\r\n\r\n",
	"GET /rest/v1/item HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "GET /rest/v1/item HTTP/1.1\r\nHost: a b\r\n\r\n", "GET /rest/v1/item HTTP/1.1\r\nHost : a\r\n\r\n",
	"BREW /rest/v1/item HTTP/1.1\r\nHost: a\r\n\r\n", "GET  /rest/v1/item HTTP/1.1\r\nHost: a\r\n\r\n", "GET /rest/v1/item  HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /rest/v1/item HTTP/1.1 \r\nHost: a\r\n\r\n", "GET /rest/v1/item#a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /rest/v1/item?\xff HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST /rest/v1/item HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "POST /rest/v1/item HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
	"POST /rest/v1/item HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n{", "POST /rest/v1/item HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n{",
	"POST /rest/v1/item HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", "GET /rest/v1/item HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
	"GET /rest/v1/item HTTP/1.1\r\nHost: a\r\nPragma: no-cache\r\n\r\n", "POST /rest/v1/item HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n\r\n",
	"GET /rest/v1/item HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n", "GET /rest/v1/item HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"GET /rest/v1/item HTTP/1.1\r\nHost: a\r\nX Y: a\r\n\r\n", "\r\nGET /rest/v1/item HTTP/1.1\r\nHost: a\r\n\r\n",
}

var brokenHeads = []string{
	"GET /rest/v1/item HTTP/1.1\nHost: a\n\n", "GET /rest/v1/item HTTP/1.1\r\nHost: a\n\r\n", "GET /rest/v1/item HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
	"GET /rest/v1/item HTTP/1.1\nHost: a\r\n\r\n", "GET /rest/v1/item HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", "GET /rest/v1/item HTTP/1.1\r\n Host: a\r\n\r\n",
	"GET /rest/v1/item HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", "GET /rest/v1/item\x00 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /rest/v1/item HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
	"GET /rest/v1/item HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n",
	"POST /rest/v1/item HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"POST /rest/v1/item HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n12345",
	"POST /rest/v1/item HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n12345",
}

func TestHead(t *testing.T) {
	for want, list := range map[reading][]string{plain: heads, odd: oddHeads, broken: brokenHeads} {
		for _, text := range list {
			var h head
			if got := h.read([]byte(text)); got != want {
				t.Errorf("%q is read as %d, want %d", text, got, want)
			}
		}
	}
	whole := heads[1]
	for i := range strings.Index(whole, "\r\n\r\n") + 3 {
		var h head
		if got := h.read([]byte(whole[:i])); got != partial {
			t.Errorf("%q is read as %d", whole[:i], got)
		}
	}
}

// FuzzHead holds what is read as plain to what net/http reads of the same bytes.
func FuzzHead(f *testing.F) {
	for _, list := range [][]string{heads, oddHeads, brokenHeads} {
		for _, text := range list {
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var h head
		if h.read(b) != plain {
			return
		}
		from := bufio.NewReader(bytes.NewReader(b))
		r, err := http.ReadRequest(from)
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", b, err)
		}
		if h.method != r.Method || h.path != r.URL.Path || h.path != r.URL.EscapedPath() || h.query != r.URL.RawQuery || h.host != r.Host ||
			h.uriBytes != len(r.RequestURI) || int64(h.bodyBytes) != r.ContentLength || h.close != r.Close || r.ProtoMinor != 1 || len(r.TransferEncoding) > 0 {
			t.Errorf("%q\n%+v\n%+v", b, h, r)
		}
		mine := http.Header{}
		h.each(func(name string, values []string) { mine[name] = values })
		if !maps.EqualFunc(mine, r.Header, slices.Equal) {
			t.Errorf("%q\n%q\n%q", b, mine, r.Header)
		}
		for name, values := range r.Header {
			if h.get(name) != values[0] || !slices.Equal(h.values(name), values) {
				t.Errorf("%q: %s is %q", b, name, h.values(name))
			}
		}
		if len(b)-h.bytes >= h.bodyBytes { // both begin the body at the same byte
			body, err := io.ReadAll(r.Body)
			if err != nil || !bytes.Equal(body, b[h.bytes:h.bytes+h.bodyBytes]) {
				t.Errorf("%q: the body is %q, %v", b, body, err)
			}
		}
	})
}
