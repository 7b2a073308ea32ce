package node

import (
	"bytes"
	"net/textproto"
	"strconv"
	"strings"
)

// A head is the request line and the headers of a plain request: HTTP/1.1, a path without escapes, one Host, at most a
// Content-Length, every line as RFC 9112 wants it and nothing that asks for more than an answer. What it can't read isn't
// wrong: it is net/http's to judge. What it does read, net/http reads the same; FuzzHead holds it to that.
type head struct {
	text                string // what all else lies in
	method, path, query string
	uriBytes            int
	host                string
	fields              []field // without Host
	bodyBytes           int
	close               bool // the client closes the connection after the answer
	bytes               int  // up to the body
}

type field struct{ name, value string }

// Which bytes may stand where. A path byte stands for itself, and needs no cleaning to be an API's path.
const (
	tokenByte = 1 << iota
	pathByte
	queryByte
	hostByte
)

var byteKinds = func() (kinds [256]uint8) {
	for b := range 256 {
		c := string(rune(b))
		alnum := 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
		if alnum || b < 0x80 && strings.Contains("!#$%&'*+-.^_`|~", c) {
			kinds[b] |= tokenByte
		}
		if alnum || b < 0x80 && strings.Contains("-_.~/", c) {
			kinds[b] |= pathByte
		}
		if 0x20 < b && b < 0x7f && b != '#' {
			kinds[b] |= queryByte
		}
		if alnum || b < 0x80 && strings.Contains(".-:[]_", c) {
			kinds[b] |= hostByte
		}
	}
	return kinds
}()

// span gives the length of the run of bytes of one kind that s begins with.
func span(s string, kind uint8) int {
	for i := range len(s) {
		if byteKinds[s[i]]&kind == 0 {
			return i
		}
	}
	return len(s)
}

var emptyLine = []byte("\r\n\r\n")

// A reading is what came of reading a head.
type reading uint8

const (
	partial reading = iota // its end isn't there
	plain
	odd    // net/http's to judge
	broken // what two readers may read in two ways: it is refused
)

// read reads the head that b begins with.
func (h *head) read(b []byte) reading {
	end := bytes.Index(b, emptyLine)
	if end < 0 {
		if bytes.Contains(b, []byte("\n\n")) || bytes.Contains(b, []byte("\n\r\n")) {
			return broken
		}
		return partial
	}
	*h = head{text: string(b[:end+2]), fields: h.fields[:0], bytes: end + len(emptyLine)}
	line, rest, _ := strings.Cut(h.text, "\r\n")
	ok := h.requestLine(line)
	for ok && rest != "" {
		rest, ok = h.header(rest)
	}
	switch {
	case ok && h.host != "":
		return plain
	case ambiguous(h.text):
		return broken
	}
	return odd
}

// ambiguous says whether a head holds what is used to have a proxy and a server see different requests: a line that ends without
// a carriage return or goes on in the next one, a control character, a body with a length and chunks as well (RFC 9112, sections 2.2, 5.2
// and 6.1; RFC 9110, section 5.5).
func ambiguous(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\n' && (i == 0 || text[i-1] != '\r'), c == '\r' && text[i+1] != '\n':
			return true
		case c < ' ' && c != '\r' && c != '\n' && c != '\t' || c == 0x7f:
			return true
		}
	}
	length, chunks := false, false
	for line := range strings.SplitSeq(text, "\r\n") {
		if line != "" && (line[0] == ' ' || line[0] == '\t') {
			return true
		}
		name, _, _ := strings.Cut(line, ":")
		name = strings.TrimRight(name, " \t")
		length = length || is(name, "Content-Length")
		chunks = chunks || is(name, "Transfer-Encoding")
	}
	return length && chunks
}

func (h *head) requestLine(s string) bool {
	method, s, _ := strings.Cut(s, " ")
	if methods[method] == "" || s == "" || s[0] != '/' {
		return false
	}
	h.method = method
	n := span(s, pathByte)
	h.path, s = s[:n], s[n:]
	h.uriBytes = n
	if s != "" && s[0] == '?' {
		n = span(s[1:], queryByte)
		h.query, s = s[1:1+n], s[1+n:]
		h.uriBytes += 1 + n
	}
	return s == " HTTP/1.1"
}

// header reads the line that s begins with, and gives what follows it.
func (h *head) header(s string) (rest string, ok bool) {
	n := span(s, tokenByte)
	if n == 0 || s[n] != ':' {
		return "", false
	}
	f := field{name: s[:n]}
	s = s[n+1:]
	end := 0
	for s[end] >= ' ' && s[end] != 0x7f || s[end] == '\t' { // up to the line's CR: there is one, and no other control is let through
		end++
	}
	if !strings.HasPrefix(s[end:], "\r\n") {
		return "", false
	}
	f.value = strings.Trim(s[:end], " \t")
	return s[end+2:], h.add(f)
}

// add takes a header line. Those that change what a request or its connection is are understood here, or not plain.
func (h *head) add(f field) bool {
	switch len(f.name) {
	case len("Host"):
		if is(f.name, "Host") {
			ok := h.host == "" && f.value != "" && span(f.value, hostByte) == len(f.value)
			h.host = f.value
			return ok
		}
	case len("Te"):
		if is(f.name, "Te") {
			return false
		}
	case len("Expect"): // and Pragma, of which net/http makes a Cache-Control
		if is(f.name, "Expect") || is(f.name, "Pragma") {
			return false
		}
	case len("Upgrade"):
		if is(f.name, "Upgrade") || is(f.name, "Trailer") {
			return false
		}
	case len("Connection"):
		if is(f.name, "Connection") {
			h.close = h.close || is(f.value, "close")
			if !is(f.value, "close") && !is(f.value, "keep-alive") {
				return false
			}
		}
	case len("Content-Length"):
		if is(f.name, "Content-Length") {
			n, err := strconv.ParseUint(f.value, 10, 31)
			if err != nil || h.get("Content-Length") != "" {
				return false
			}
			h.bodyBytes = int(n)
		}
	case len("Content-Encoding"):
		if is(f.name, "Content-Encoding") {
			return false
		}
	case len("Transfer-Encoding"):
		if is(f.name, "Transfer-Encoding") {
			return false
		}
	}
	h.fields = append(h.fields, f)
	return true
}

// is compares names without regard to case.
func is(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }

// get gives the first value of a header; "" for none.
func (h *head) get(name string) string {
	if name == "Host" {
		return h.host
	}
	for i := range h.fields {
		if is(h.fields[i].name, name) {
			return h.fields[i].value
		}
	}
	return ""
}

// values gives all values of a header.
func (h *head) values(name string) (list []string) {
	for i := range h.fields {
		if is(h.fields[i].name, name) {
			list = append(list, h.fields[i].value)
		}
	}
	return list
}

// each gives every header but Host, under its canonical name, once.
func (h *head) each(yield func(name string, values []string)) {
	for i := range h.fields {
		name := h.fields[i].name
		first := true
		for _, f := range h.fields[:i] {
			first = first && !is(f.name, name)
		}
		if first {
			yield(textproto.CanonicalMIMEHeaderKey(name), h.values(name))
		}
	}
}

// size gives lines and bytes of all headers, as the limits count them.
func (h *head) size() (lines, bytes int) {
	lines, bytes = 1+len(h.fields), len("Host: \r\n")+len(h.host)
	for i := range h.fields {
		bytes += len(h.fields[i].name) + len(": \r\n") + len(h.fields[i].value)
	}
	return lines, bytes
}
