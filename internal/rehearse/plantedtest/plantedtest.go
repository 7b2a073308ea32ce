// Package plantedtest is the truth that the rehearsal is judged by: queries planted on databases that really grow, each labelled
// by running it and counting its work.
//
// Three worlds grow: the demo's shop as it is; the same shop with some of its indexes taken away and others added; and Chinook, a
// sample database that isn't part of this repository. At each scale every query is asked as a client would ask, over REST or GraphQL, with
// values that are typical and with the hottest; the work is SQLite's virtual machine steps, or the rows that PostgreSQL's plan
// touches. testdata/truth.txt has what was counted. How fast the work grows from 10x to 100x makes the label.
//
//	go test ./internal/rehearse/plantedtest -run Truth -measure   # counts anew, needs PINTAIL_PROVE (some minutes)
package plantedtest

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// A Query is one planted query: a request with places for values, <name>, that Values of its world fill.
type Query struct {
	Name  string
	World string
	Later bool   // it was kept from the classifier until that was written
	Trap  string // what makes a classifier err; empty where nothing does
	Note  string

	Method  string // GET where nothing is said
	Path    string // under /rest/v1/, with the query string; places are escaped when they are filled
	Body    string // JSON, or a GraphQL request's variables
	Prefer  string
	GraphQL string // a document, instead of a path
}

// Values says where the values of a place come from: statements for SQLite, each of one column.
type Values struct {
	Typical string // all there are, of which some are drawn
	Hottest string // the one with the most work behind it; empty where there is no such thing
	Grows   bool   // what is behind the hottest grows with the world, which is the rehearsal's scenario bigger; else its scenario more is how it grows
}

// A Draw is what fills the places of one request.
type Draw func(place string) string

var places = regexp.MustCompile(`<[a-z_]+>`)

// Request is the request with its places filled. Every place is drawn anew, also where the name is the same.
func (q Query) Request(draw Draw) (*http.Request, error) {
	fill := func(text string, escape func(string) string) string {
		return places.ReplaceAllStringFunc(text, func(p string) string { return escape(draw(p[1 : len(p)-1])) })
	}
	method, target := q.Method, "/v1/graphql"
	body := fill(q.Body, inJSON)
	if q.GraphQL == "" {
		target = "/rest/v1/" + fill(q.Path, url.QueryEscape)
	} else {
		method = http.MethodPost
		if body == "" {
			body = "{}"
		}
		text, err := json.Marshal(map[string]any{"query": q.GraphQL, "variables": json.RawMessage(body)})
		if err != nil {
			return nil, err
		}
		body = string(text)
	}
	if method == "" {
		method = http.MethodGet
	}
	r, err := http.NewRequest(method, "http://127.0.0.1"+target, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.Prefer != "" {
		r.Header.Set("Prefer", q.Prefer)
	}
	r.RemoteAddr = "127.0.0.1:1"
	return r, nil
}

// Hot says whether a query has a place of which a hottest value is known.
func (q Query) Hot(values map[string]Values) bool {
	for _, p := range places.FindAllString(q.Path+q.Body, -1) {
		if values[p[1:len(p)-1]].Hottest != "" {
			return true
		}
	}
	return false
}

// grows says whether the hottest values of a query are of a place where they grow.
func (q Query) grows(values map[string]Values) bool {
	for _, p := range places.FindAllString(q.Path+q.Body, -1) {
		if values[p[1:len(p)-1]].Grows {
			return true
		}
	}
	return false
}

// inJSON is a value as it stands inside a JSON string.
func inJSON(s string) string {
	text, _ := json.Marshal(s)
	return string(text[1 : len(text)-1])
}

// fresh draws what is in no database.
func fresh(r *rand.Rand) string {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	b := make([]byte, 14)
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return string(b)
}
