package pintail_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/shoptest"
)

// inside are words that no answer may have: SQL and stacks.
var inside = []string{"SELECT ", "INSERT INTO", "DELETE FROM", "goroutine ", ".go:", "panic:", "pt_cast", "sqlite3:"}

// FuzzRequest sends the whole node on SQLite any target, headers and body. No answer is a 5xx but 503, and none tells of SQL
// or of the program's inside.
func FuzzRequest(f *testing.F) {
	for _, line := range []string{
		"GET /rest/v1/toast?select=*,ingredients(name)&price=gt.5&order=name.desc&limit=3",
		"GET /rest/v1/order?select=id,customer!inner(name),items(quantity,toast(name))&customer.name=like.A*&or=(status.eq.open,not.and(total.gt.5,total.lt.9))",
		"GET /rest/v1/toast?select=vegan,price.avg(),count()", "GET /rest/v1/toast?select=...ingredients(name),notes->a->>b::text",
		"GET /rest/v1/toast?name=match.^a(b|c)*$&id=in.(1,2,3)", "GET /rest/v1/ingredient?allergens=cs.{a,b}&name=ilike(any).{a*,b*}",
		"GET /rest/v1/rpc/top_toasts?most=2&sold=gt.1", "GET /rest/v1/", "GET /openapi.json", "OPTIONS /rest/v1/toast", "HEAD /rest/v1/toast?limit=1",
		"GET /rest/v1/order?placed_at=gte.2026-01-01T00:00:00Z&total=not.is.null&order=customer(name).asc.nullsfirst",
		"GET /nothing", "GET /rest/v1/toast?select=\"a\\\"b\"&%00=eq.%ff", "GET /rest/v1/toast?notes=cs.{\"a\":1}&notes->a=eq.1",
	} {
		method, target, _ := strings.Cut(line, " ")
		f.Add(method, target, "Range: 0-1\nPrefer: count=exact\nAccept: text/csv", "")
		f.Add(method, target, "Accept: application/vnd.pgrst.object+json", "")
	}
	for _, body := range []string{`{"name":"x","vegan":true}`, `[{"id":1,"name":"x"},{"id":2}]`, `[{"name":"\ud83e","allergens":["a"]}]`, "name,vegan\nx,true", "name=x&vegan=true", "null"} {
		for _, headers := range []string{"", "Prefer: return=representation,resolution=merge-duplicates", "Content-Type: text/csv", "Content-Type: application/x-www-form-urlencoded"} {
			f.Add("POST", "/rest/v1/ingredient?columns=name,vegan&on_conflict=name&select=id,name", headers, body)
			f.Add("PATCH", "/rest/v1/ingredient?id=eq.1&select=*", headers, body)
		}
		f.Add("PUT", "/rest/v1/ingredient?id=eq.1", "Prefer: return=representation", body)
		f.Add("POST", "/rest/v1/rpc/top_toasts?select=name", "Prefer: params=single-object", body)
	}
	f.Add("DELETE", "/rest/v1/order_item?order_id=eq.1", "Prefer: return=representation, max-affected=1, handling=strict", "")
	f.Add("GET", "/rest/v1/toast", "Accept-Encoding: gzip\nIf-None-Match: *\nPrefer: timezone=Asia/Kolkata\nAccept-Profile: public", "")
	s := shoptest.Schema(f)
	n := node.New(s, shoptest.SQLite(f, s), auth.Open(), node.Options{REST: node.RESTOptions{TxEnd: "rollback", Aggregates: true, MaxRows: 200, Plan: true}})
	front := node.NewFront(n, node.Limits{}, nil, nil)
	f.Fuzz(func(t *testing.T, method, target, headers, body string) {
		r, ok := requestOf(method, target, headers, body)
		if !ok {
			return // net/http refuses it
		}
		w := httptest.NewRecorder()
		front.ServeHTTP(w, r)
		got := w.Body.String()
		switch {
		case w.Code >= 500 && w.Code != 503 && !strings.Contains(got, `"57014"`) && !strings.Contains(got, `"PT507"`):
			t.Errorf("%d %.300s", w.Code, got)
		case w.Header().Get("Content-Encoding") != "":
			return
		}
		for _, word := range inside {
			if strings.Contains(got, word) && !strings.Contains(r.RequestURI+r.URL.Path+r.URL.RawQuery+body+headers, strings.TrimSpace(word)) && !plain(r) {
				t.Errorf("the answer has %q in it: %.300s", word, got)
			}
		}
	})
}

// plain says whether a request asks for a plan, which may tell of SQL: the setting rest.plan allows it.
func plain(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "plan") }

// requestOf gives a request as net/http would read it from a connection.
func requestOf(method, target, headers, body string) (*http.Request, bool) {
	var head strings.Builder
	fmt.Fprintf(&head, "%s %s HTTP/1.1\r\nHost: localhost\r\n", method, target)
	for line := range strings.SplitSeq(headers, "\n") {
		if name, _, ok := strings.Cut(line, ":"); ok && !strings.EqualFold(name, "Content-Length") && !strings.EqualFold(name, "Transfer-Encoding") && !strings.EqualFold(name, "Host") {
			head.WriteString(strings.TrimSuffix(line, "\r") + "\r\n")
		}
	}
	fmt.Fprintf(&head, "Content-Length: %d\r\n\r\n", len(body))
	r, err := http.ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader(head.String()), strings.NewReader(body))))
	return r, err == nil && r.URL != nil
}
