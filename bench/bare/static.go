package main

import (
	"fmt"
	"io"
	"net/http"

	"github.com/valyala/fasthttp"
)

// static answers with one answer of another server, asked for once.
func static(url, addr, library string) error {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept-Encoding", "identity")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	answer.Header.Del("Date") // both libraries write their own
	if library == "fasthttp" {
		answer.Header.Del("Content-Length")
		return (&fasthttp.Server{NoDefaultServerHeader: true, Handler: func(c *fasthttp.RequestCtx) {
			for name, values := range answer.Header {
				c.Response.Header.Set(name, values[0])
			}
			c.SetStatusCode(answer.StatusCode)
			c.Response.SetBodyRaw(body)
		}}).ListenAndServe(addr)
	}
	if library != "net/http" {
		return fmt.Errorf("no library %q", library)
	}
	return http.ListenAndServe(addr, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for name, values := range answer.Header {
			h[name] = values
		}
		w.WriteHeader(answer.StatusCode)
		w.Write(body)
	}))
}
