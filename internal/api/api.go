// Package api holds what the REST and GraphQL dialects share: a request and a response that know no HTTP library, so that
// net/http, a faster HTTP/1.1 front and tests carry the same core.
package api

import "io"

// A Request is one HTTP request, its path already without any prefix that a proxy added.
type Request struct {
	Method   string
	Path     string // percent-decoded
	RawPath  string // as it came
	RawQuery string
	Header   func(name string) string                       // the first value; "" for none; name in canonical form
	Values   func(name string) []string                     // all values
	Each     func(yield func(name string, values []string)) // every header; may be nil where there are none
	Body     io.Reader                                      // nil for none; already limited in size
	BodyLen  int64                                          // as it is sent; -1 where unknown
	Remote   string                                         // the client's address
	ID       string                                         // the request's id
}

// A Response is what goes back. Exactly one of Body and Stream may be set.
type Response struct {
	Status int
	Header []Header
	Body   []byte
	Stream func(w io.Writer) error

	// What happened, for the log and the metrics.
	Route string // "GET /rest/v1/{table}"
	Rows  int
	Err   error // the cause of a 4xx or 5xx, for the log only
}

// A Header is one header line; several may have one name.
type Header struct{ Name, Value string }

// Set adds a header, in place of one of that name.
func (r *Response) Set(name, value string) {
	for i := range r.Header {
		if r.Header[i].Name == name {
			r.Header[i].Value = value
			return
		}
	}
	r.Header = append(r.Header, Header{name, value})
}

// Get gives a header's value.
func (r *Response) Get(name string) string {
	for _, h := range r.Header {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}
