package rest

import (
	"encoding/json"
	"strings"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
)

// helpURL is where every code is explained.
const helpURL = "https://github.com/pintail-dev/pintail/blob/main/docs/errors.md#"

// retryAfter is how many seconds a client is told to wait before it asks again.
const retryAfter = "1"

// Fault writes the response to a request that failed, at whatever stage. What is no fault.Fault is internal: the client
// reads nothing of it, and the log finds it in Response.Err.
func Fault(r *api.Request, err error) api.Response {
	f := fault.From(err)
	out := api.Response{Status: f.HTTPStatus(), Err: err, Header: make([]api.Header, 0, 5)}
	out.Set("Content-Type", "application/json; charset=utf-8")
	out.Set("Proxy-Status", "Pintail; error="+string(f.Code))
	out.Set("Link", "<"+helpURL+strings.ToLower(string(f.Code))+`>; rel="help"`)
	switch out.Status {
	case 401:
		out.Set("WWW-Authenticate", challenge(f))
	case 503:
		out.Set("Retry-After", retryAfter)
	}
	for _, h := range f.Headers {
		out.Set(h[0], h[1])
	}
	if r == nil || r.Method != "HEAD" {
		out.Body = faultBody(f)
	}
	return out
}

// challenge is the WWW-Authenticate header of a 401 (RFC 6750, section 3).
func challenge(f *fault.Fault) string {
	if f.Code != fault.BadToken && f.Code != fault.BadClaims {
		return "Bearer"
	}
	return `Bearer error="invalid_token", error_description=` + string(appendJSON(nil, f.Message))
}

// faultBody is PostgREST's error object.
func faultBody(f *fault.Fault) []byte {
	b := make([]byte, 0, 96+len(f.Message)+len(f.Details)+len(f.Hint))
	b = append(b, `{"code":`...)
	b = appendJSON(b, string(f.Code))
	b = append(b, `,"details":`...)
	if info, err := json.Marshal(f.Info); f.Info != nil && err == nil {
		b = append(b, info...)
	} else {
		b = appendText(b, f.Details)
	}
	b = append(b, `,"hint":`...)
	b = appendText(b, f.Hint)
	b = append(b, `,"message":`...)
	b = appendJSON(b, f.Message)
	return append(b, '}')
}

// appendText writes a string, or null for an empty one.
func appendText(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendJSON(b, s)
}
