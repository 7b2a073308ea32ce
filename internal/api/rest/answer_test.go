package rest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
)

// show writes a response on one line: status, headers in their order, body.
func show(r api.Response) string {
	var b strings.Builder
	fmt.Fprint(&b, r.Status)
	for _, h := range r.Header {
		fmt.Fprintf(&b, " | %s: %s", h.Name, h.Value)
	}
	if r.Body != nil {
		fmt.Fprintf(&b, " | %s", r.Body)
	}
	return b.String()
}

const (
	jsonType = "Content-Type: application/json; charset=utf-8"
	rowsBody = `[{"id":1}, ` + "\n" + ` {"id":2}]`
)

func TestAnswer(t *testing.T) {
	two := func(total int64) Outcome { return Outcome{Body: []byte(rowsBody), Rows: 2, Total: total} }
	none := func(total int64) Outcome { return Outcome{Body: []byte("[]"), Total: total} }
	wrote := func(n, inserted int64) Outcome {
		return Outcome{Body: []byte(rowsBody), Rows: 2, Total: -1, Affected: n, Inserted: inserted, Keyed: true}
	}
	read := func(lines string) string { return "GET /t" + lines }
	for _, c := range []struct {
		request string
		o       Outcome
		want    string
	}{
		{read(""), two(-1), "200 | Content-Range: 0-1/* | Content-Location: /rest/v1/t | " + jsonType + " | " + rowsBody},
		{read(""), none(-1), "200 | Content-Range: */* | Content-Location: /rest/v1/t | " + jsonType + " | []"},
		{read("\nPrefer: count=exact"), two(2), "200 | Content-Range: 0-1/2 | Content-Location: /rest/v1/t | Preference-Applied: count=exact | " + jsonType + " | " + rowsBody},
		{read("?limit=2\nPrefer: count=exact"), two(9), "206 | Content-Range: 0-1/9 | Content-Location: /rest/v1/t?limit=2 | Preference-Applied: count=exact | " + jsonType + " | " + rowsBody},
		{read("?offset=3&limit=2\nPrefer: count=exact"), two(9), "206 | Content-Range: 3-4/9 | Content-Location: /rest/v1/t?limit=2&offset=3 | Preference-Applied: count=exact | " + jsonType + " | " + rowsBody},
		{read("\nPrefer: count=exact"), none(0), "200 | Content-Range: */0 | Content-Location: /rest/v1/t | Preference-Applied: count=exact | " + jsonType + " | []"},
		{read("?offset=9\nPrefer: count=exact"), none(9), "206 | Content-Range: */9 | Content-Location: /rest/v1/t?offset=9 | Preference-Applied: count=exact | " + jsonType + " | []"},
		{read("?offset=10\nAccept: text/csv\nPrefer: count=exact"), none(9), "416 | Content-Range: */9 | Content-Location: /rest/v1/t?offset=10 | Preference-Applied: count=exact | " + jsonType +
			" | Proxy-Status: Pintail; error=PGRST103 | Link: <" + helpURL + `pgrst103>; rel="help" | {"code":"PGRST103","details":"An offset of 10 was requested, but there are only 9 rows.","hint":null,"message":"Requested range not satisfiable"}`},
		{"HEAD /t?limit=2\nPrefer: count=exact", Outcome{Rows: 2, Total: 9}, "206 | Content-Range: 0-1/9 | Content-Location: /rest/v1/t?limit=2 | Preference-Applied: count=exact | " + jsonType},
		{read("?b=eq.1&a=eq.x%20y&b=eq.2&sel%C3%A9=eq.%2C"), none(-1), "200 | Content-Range: */* | Content-Location: /rest/v1/t?a=eq.x%20y&b=eq.1,eq.2&sel%C3%A9=eq.%2C | " + jsonType + " | []"},
		{"GET /odd%20name", none(-1), "200 | Content-Range: */* | Content-Location: /rest/v1/odd%20name | " + jsonType + " | []"},
		{read("\nAccept: application/vnd.pgrst.object+json"), Outcome{Body: []byte(`[{"id":1}]`), Rows: 1, Total: -1}, `200 | Content-Range: 0-0/* | Content-Location: /rest/v1/t | Content-Type: application/vnd.pgrst.object+json; charset=utf-8 | {"id":1}`},
		{read("\nAccept: application/vnd.pgrst.object+json"), two(-1), "PGRST116: Cannot coerce the result to a single JSON object (The result contains 2 rows)"},
		{read("\nAccept: application/vnd.pgrst.object+json"), none(-1), "PGRST116: Cannot coerce the result to a single JSON object (The result contains 0 rows)"},
		{read("\nAccept: text/csv"), Outcome{Body: []byte("id\n1"), Rows: 1, Total: -1}, "200 | Content-Range: 0-0/* | Content-Location: /rest/v1/t | Content-Type: text/csv; charset=utf-8 | id\n1"},
		{read("\nAccept-Profile: v2"), none(-1), "200 | Content-Range: */* | Content-Location: /rest/v1/t | " + jsonType + " | Content-Profile: v2 | []"},

		{"POST /t\nContent-Profile: v2\nPrefer: return=representation\n| {}", wrote(2, 2), "201 | Content-Range: */* | Preference-Applied: return=representation | " + jsonType + " | Content-Profile: v2 | " + rowsBody},
		{"POST /t\n| {}", wrote(1, 1), "201 | Content-Range: */*"},
		{"POST /t\nPrefer: return=minimal, count=exact\n| {}", wrote(3, 3), "201 | Content-Range: */3 | Preference-Applied: return=minimal, count=exact"},
		{"POST /t\nPrefer: count=planned\n| {}", wrote(3, 3), "201 | Content-Range: */* | Preference-Applied: count=planned"},
		{"POST /t\nPrefer: return=representation\n| {}", wrote(2, 2), "201 | Content-Range: */* | Preference-Applied: return=representation | " + jsonType + " | " + rowsBody},
		{"POST /t\nPrefer: return=headers-only\n| {}", Outcome{Total: -1, Affected: 1, Inserted: 1, Keyed: true, Key: []KeyValue{{Column: "a b", Value: "x&y"}, {Column: "c", Null: true}}},
			"201 | Location: /rest/v1/t?a%20b=eq.x%26y&c=is.null | Content-Range: */* | Preference-Applied: return=headers-only"},
		{"POST /t\nPrefer: return=headers-only\n| {}", Outcome{Total: -1, Affected: 2, Key: []KeyValue{{Column: "a", Value: "1"}}}, "201 | Content-Range: */* | Preference-Applied: return=headers-only"},
		{"POST /t\nPrefer: resolution=merge-duplicates\n| {}", wrote(2, 0), "200 | Content-Range: */* | Preference-Applied: resolution=merge-duplicates"},
		{"POST /t\nPrefer: resolution=merge-duplicates\n| {}", wrote(2, 1), "201 | Content-Range: */* | Preference-Applied: resolution=merge-duplicates"},
		{"POST /t\nPrefer: resolution=ignore-duplicates\n| {}", wrote(0, 0), "201 | Content-Range: */* | Preference-Applied: resolution=ignore-duplicates"},
		{"POST /t\nPrefer: resolution=merge-duplicates\n| {}", Outcome{Total: -1, Affected: 1, Inserted: 1}, "201 | Content-Range: */*"},
		{"POST /t?on_conflict=a\nPrefer: resolution=merge-duplicates\n| {}", Outcome{Total: -1, Affected: 1, Inserted: 1}, "201 | Content-Range: */* | Preference-Applied: resolution=merge-duplicates"},
		{"POST /t\nAccept: application/vnd.pgrst.object+json\n| {}", wrote(2, 2), "PGRST116: Cannot coerce the result to a single JSON object (The result contains 2 rows)"},

		{"PATCH /t\n| {\"a\":1}", wrote(2, 0), "204 | Content-Range: 0-1/*"},
		{"PATCH /t\nPrefer: count=exact\n| {\"a\":1}", wrote(2, 0), "204 | Content-Range: 0-1/2 | Preference-Applied: count=exact"},
		{"PATCH /t\n| {}", Outcome{Total: -1}, "204 | Content-Range: */*"},
		{"PATCH /t\nPrefer: count=exact\n| {}", Outcome{Total: -1}, "204 | Content-Range: */0 | Preference-Applied: count=exact"},
		{"PATCH /t\nPrefer: return=representation\n| {}", wrote(2, 0), "200 | Content-Range: 0-1/* | Preference-Applied: return=representation | " + jsonType + " | " + rowsBody},
		{"DELETE /t", wrote(2, 0), "204 | Content-Range: */*"},
		{"DELETE /t\nPrefer: count=exact, return=representation", wrote(2, 0), "200 | Content-Range: */2 | Preference-Applied: return=representation, count=exact | " + jsonType + " | " + rowsBody},
		{"PUT /t?id=eq.1\n| {}", wrote(1, 1), "204"},
		{"PUT /t?id=eq.1\nPrefer: return=representation\n| {}", wrote(1, 1), "201 | Preference-Applied: return=representation | " + jsonType + " | " + rowsBody},
		{"PUT /t?id=eq.1\nPrefer: return=representation\n| {}", wrote(1, 0), "200 | Preference-Applied: return=representation | " + jsonType + " | " + rowsBody},

		{"GET /rpc/f", two(-1), "200 | Content-Range: 0-1/* | " + jsonType + " | " + rowsBody},
		{"POST /rpc/f\n| {}", Outcome{Body: []byte("7"), Rows: 1, Total: -1, Bare: true}, "200 | Content-Range: 0-0/* | " + jsonType + " | 7"},
		{"POST /rpc/f\nAccept: application/vnd.pgrst.object+json\n| {}", Outcome{Body: []byte("[1,2]"), Rows: 1, Total: -1, Bare: true}, "200 | Content-Range: 0-0/* | Content-Type: application/vnd.pgrst.object+json; charset=utf-8 | [1,2]"},
		{"POST /rpc/f\n| {}", Outcome{Rows: 1, Total: -1, Void: true}, "204 | Content-Range: 0-0/*"},
		{"GET /rpc/f", Outcome{Body: []byte("7"), Rows: 1, Total: -1, Bare: true, Status: 418, Headers: [][2]string{{"Set-Cookie", "a"}, {"Set-Cookie", "b"}, {"content-type", "text/x"}}},
			"418 | Content-Range: 0-0/* | Set-Cookie: a | Set-Cookie: b | Content-Type: text/x | 7"},
		{read("\nAccept: application/vnd.pgrst.plan+json; for=\"text/csv\"; options=analyze"), Outcome{Body: []byte("[]"), Total: -1}, `200 | Content-Type: application/vnd.pgrst.plan+json; for="text/csv"; options=analyze; charset=utf-8 | []`},
	} {
		o := Options{Prefix: "/rest/v1", Default: "public", Exposed: []string{"public"}, PlanEnabled: true}
		if strings.Contains(c.request, "-Profile") {
			o.Exposed = append(o.Exposed, "v2")
		}
		r := parseRequest(t, strings.Split(c.request, "\n"))
		a, err := Parse(r, o)
		if err != nil {
			t.Errorf("%s: %v", c.request, err)
			continue
		}
		got := ""
		if res, err := a.Answer(c.o); err != nil {
			f := fault.From(err)
			got = f.Error() + " (" + f.Details + ")"
		} else {
			got = show(res)
		}
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.request, got, c.want)
		}
	}
}

func TestAllow(t *testing.T) {
	for _, c := range []struct {
		path string
		f    Ability
		want string
	}{
		{"/t", Ability{Insert: true, Update: true, Delete: true, Keyed: true}, "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"},
		{"/t", Ability{Insert: true, Update: true, Delete: true}, "OPTIONS,GET,HEAD,POST,PATCH,DELETE"},
		{"/t", Ability{}, "OPTIONS,GET,HEAD"},
		{"/t", Ability{Update: true, Keyed: true}, "OPTIONS,GET,HEAD,PATCH"},
		{"/rpc/f", Ability{}, "OPTIONS,GET,HEAD,POST"},
		{"/rpc/f", Ability{Volatile: true}, "OPTIONS,POST"},
		{"/", Ability{Insert: true}, "OPTIONS,GET,HEAD"},
	} {
		a, err := Parse(request("OPTIONS", c.path, c.path, "", nil, ""), Options{})
		if err != nil || a.Kind != Describe {
			t.Fatalf("%s: %v", c.path, err)
		}
		if res := a.Allow(c.f); res.Status != 200 || res.Get("Allow") != c.want {
			t.Errorf("%s %+v: %d %s, want %s", c.path, c.f, res.Status, res.Get("Allow"), c.want)
		}
	}
}

func TestFault(t *testing.T) {
	get := request("GET", "/t", "/t", "", nil, "")
	head := request("HEAD", "/t", "/t", "", nil, "")
	help := func(code string) string { return "Link: <" + helpURL + code + `>; rel="help"` }
	for _, c := range []struct {
		r    *api.Request
		err  error
		want string
	}{
		{get, fault.New(fault.BadPath, "no"), "404 | " + jsonType + " | Proxy-Status: Pintail; error=PGRST125 | " + help("pgrst125") + ` | {"code":"PGRST125","details":null,"hint":null,"message":"no"}`},
		{head, fault.New(fault.BadPath, "no"), "404 | " + jsonType + " | Proxy-Status: Pintail; error=PGRST125 | " + help("pgrst125")},
		{get, fmt.Errorf("wrapped: %w", fault.New("P0001", "a \"b\"\n\x01é\xff").WithDetails("d").WithHint("h")), "400 | " + jsonType + " | Proxy-Status: Pintail; error=P0001 | " + help("p0001") + ` | {"code":"P0001","details":"d","hint":"h","message":"a \"b\"\n\u0001é` + "\ufffd" + `"}`},
		{get, fault.New(fault.Unavailable, "away"), "503 | " + jsonType + " | Proxy-Status: Pintail; error=PT503 | " + help("pt503") + ` | Retry-After: 1 | {"code":"PT503","details":null,"hint":null,"message":"away"}`},
		{get, fault.New(fault.Unauthorized, "who"), "401 | " + jsonType + " | Proxy-Status: Pintail; error=PT401 | " + help("pt401") + ` | WWW-Authenticate: Bearer | {"code":"PT401","details":null,"hint":null,"message":"who"}`},
		{get, fault.New(fault.BadToken, "JWT expired"), "401 | " + jsonType + " | Proxy-Status: Pintail; error=PGRST301 | " + help("pgrst301") + ` | WWW-Authenticate: Bearer error="invalid_token", error_description="JWT expired" | {"code":"PGRST301","details":null,"hint":null,"message":"JWT expired"}`},
		{get, &fault.Fault{Code: fault.AmbiguousRelation, Message: "m", Details: "unused", Info: []map[string]string{{"a": "b"}}}, "300 | " + jsonType + " | Proxy-Status: Pintail; error=PGRST201 | " + help("pgrst201") + ` | {"code":"PGRST201","details":[{"a":"b"}],"hint":null,"message":"m"}`},
		{get, &fault.Fault{Code: "123", Status: 332, Message: "m", Headers: [][2]string{{"X-Header", "y"}}}, "332 | " + jsonType + " | Proxy-Status: Pintail; error=123 | " + help("123") + ` | X-Header: y | {"code":"123","details":null,"hint":null,"message":"m"}`},
		{nil, fault.New(fault.BadMethod, "m"), "405 | " + jsonType + " | Proxy-Status: Pintail; error=PGRST117 | " + help("pgrst117") + ` | {"code":"PGRST117","details":null,"hint":null,"message":"m"}`},
	} {
		if got := show(Fault(c.r, c.err)); got != c.want {
			t.Errorf("\n got %s\nwant %s", got, c.want)
		}
	}
	secret := Fault(get, fmt.Errorf("dial tcp 10.0.0.1: password wrong"))
	if secret.Status != 500 || strings.Contains(string(secret.Body), "password") || secret.Err == nil {
		t.Errorf("an internal error reached the client: %s", show(secret))
	}
}
