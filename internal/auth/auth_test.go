package auth

import (
	"net/http"
	"testing"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
)

func request(headers ...string) *api.Request {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Add(headers[i], headers[i+1])
	}
	return &api.Request{Method: "GET", Path: "/rest/v1/toast", Header: h.Get}
}

func TestLocked(t *testing.T) {
	for _, c := range []struct {
		secret  string
		headers []string
		ok      bool
	}{
		{"s3cret", []string{"X-Hasura-Admin-Secret", "s3cret"}, true},
		{"s3cret", []string{"apikey", "s3cret"}, true},
		{"s3cret", []string{"Authorization", "bearer s3cret"}, true},
		{"s3cret", []string{"Authorization", "Basic s3cret"}, false},
		{"s3cret", []string{"apikey", "s3cre"}, false},
		{"s3cret", nil, false},
		{"", nil, false},
		{"", []string{"apikey", ""}, false},
	} {
		who, err := Locked(c.secret).Who(request(c.headers...))
		if (err == nil) != c.ok {
			t.Errorf("secret %q, headers %q: err %v, want ok %v", c.secret, c.headers, err, c.ok)
		}
		if err == nil && who.Role != "admin" {
			t.Errorf("role %q", who.Role)
		}
		if err != nil && fault.From(err).HTTPStatus() != 401 {
			t.Errorf("status %d, want 401", fault.From(err).HTTPStatus())
		}
	}
}

func TestOpenRefusesWhatAPageCouldSend(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers []string
		ok      bool
	}{
		{"this machine", []string{"Host", "127.0.0.1:8080"}, true},
		{"by name", []string{"Host", "localhost:8080"}, true},
		{"IPv6", []string{"Host", "[::1]:8080"}, true},
		{"own origin", []string{"Host", "localhost:8080", "Origin", "http://localhost:8080"}, true},
		{"rebound name", []string{"Host", "evil.example:8080"}, false},
		{"no host", nil, false},
		{"other origin", []string{"Host", "localhost:8080", "Origin", "https://evil.example"}, false},
		{"other port", []string{"Host", "localhost:8080", "Origin", "http://localhost:3000"}, false},
		{"null origin", []string{"Host", "localhost:8080", "Origin", "null"}, false},
		{"cross-site without origin", []string{"Host", "localhost:8080", "Sec-Fetch-Site", "cross-site"}, false},
		{"other local site", []string{"Host", "localhost:8080", "Sec-Fetch-Site", "same-site"}, false},
		{"proxied", []string{"Host", "localhost:8080", "X-Forwarded-For", "1.2.3.4"}, false},
	} {
		_, err := Open().Who(request(c.headers...))
		if (err == nil) != c.ok {
			t.Errorf("%s: err %v, want ok %v", c.name, err, c.ok)
		}
	}
}
