package main

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// adminAddress is the admin address of the server that a configuration is of.
func adminAddress(conf *config) (string, error) {
	address := cmp.Or(conf.Admin, defaultAdmin)
	if address == "off" {
		return "", usage("admin.listen is off, so that the server has no admin address; name one with --admin HOST:PORT, here and where it is started")
	}
	return address, checkAddress("--admin", address)
}

// askAdmin asks a running server at its admin address; the answer begins within patience, or there is none. It goes through no
// proxy and follows to no other address. Whoever gets an answer closes its body.
func askAdmin(ctx context.Context, address, path string, patience time.Duration) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reachable(address)+path, nil)
	if err != nil {
		return nil, usage("the admin address %q can't be asked: %w", address, err)
	}
	client := &http.Client{
		Transport:     &http.Transport{ResponseHeaderTimeout: patience, DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(r)
	var of *url.Error
	if errors.As(err, &of) { // which repeats method and address
		err = of.Err
	}
	return answer, err
}

// reachable is where a server that listens on all addresses is asked.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err == nil && (host == "" || net.ParseIP(host).IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}
