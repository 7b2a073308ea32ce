package node

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// secretHeaders never reach a database function: what opens the API is no business of its SQL.
var secretHeaders = map[string]bool{"Apikey": true, "Authorization": true, "X-Hasura-Admin-Secret": true, "Cookie": true}

// settings gives what a PostgreSQL function may read of the request through current_setting('request.…').
func settings(r *api.Request, who query.Actor) *store.Settings {
	headers, cookies := map[string]string{}, map[string]string{}
	if host := r.Header("Host"); host != "" {
		headers["host"] = host
	}
	if r.Each != nil {
		r.Each(func(name string, values []string) {
			if !secretHeaders[name] {
				headers[strings.ToLower(name)] = strings.Join(values, ", ")
			}
			if name == "Cookie" {
				for _, c := range (&http.Request{Header: http.Header{"Cookie": values}}).Cookies() {
					cookies[c.Name] = c.Value
				}
			}
		})
	}
	claims := map[string]string{"role": who.Role}
	for name, value := range who.Claims {
		claims[name] = value
	}
	return &store.Settings{
		Method: r.Method, Path: r.Path, Role: who.Role,
		Headers: object(headers), Cookies: object(cookies), Claims: object(claims),
	}
}

func object(m map[string]string) []byte {
	text, err := json.Marshal(m)
	if err != nil {
		panic("node: a map of strings that is no JSON: " + err.Error())
	}
	return text
}
