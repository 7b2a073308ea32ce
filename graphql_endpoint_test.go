package pintail_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/shoptest"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// graphQLServer serves the shop on SQLite to the holder of a secret.
func graphQLServer(t *testing.T, o node.Options) *httptest.Server {
	t.Helper()
	s := shoptest.Schema(t)
	server := httptest.NewServer(node.NewFront(node.New(s, shoptest.SQLite(t, s), auth.Locked("secret"), o), node.Limits{}, nil, nil))
	t.Cleanup(server.Close)
	return server
}

// sendGraphQL gives status and body. Headers are "Name: value".
func sendGraphQL(t *testing.T, method, target, body string, headers ...string) (int, string) {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, target, content)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Hasura-Admin-Secret", "secret")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestGraphQLEndpoint(t *testing.T) {
	server := graphQLServer(t, node.Options{Version: "1.2.3"})
	at := server.URL + node.GraphQLPath
	const modern = "Accept: application/graphql-response+json"
	hash := func(s string) string { sum := sha256.Sum256([]byte(s)); return hex.EncodeToString(sum[:]) }
	persisted := func(query, hash string) string {
		q := ""
		if query != "" {
			q = `"query":"` + query + `",`
		}
		return `{` + q + `"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + hash + `"}}}`
	}
	const known = "{ toast_by_pk(id: 1) { id } }"
	batch := func(n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(`{"query":"{ __typename }"},`, n), ",") + "]"
	}
	for _, c := range []struct {
		name, method, target, body string
		headers                    []string
		status                     int
		want                       string // in the body
	}{
		{"a query", "POST", at, `{"query":"query ($i: bigint!) { toast_by_pk(id: $i) { name } }","variables":{"i":1}}`, nil, 200, `{"data":{"toast_by_pk":{"name":"The Classic"}}}`},
		{"by GET", "GET", at + "?query=" + url.QueryEscape(`query ($i: bigint!) { toast_by_pk(id: $i) { name } }`) + "&variables=" + url.QueryEscape(`{"i":1}`), "", nil, 200, `{"data":{"toast_by_pk":{"name":"The Classic"}}}`},
		{"the other path", "POST", server.URL + "/graphql/v1", `{"query":"{ __typename }"}`, nil, 200, `{"data":{"__typename":"query_root"}}`},
		{"one of two operations", "POST", at, `{"query":"query a { __typename } query b { x: __typename }","operationName":"b"}`, nil, 200, `{"x":"query_root"}`},
		{"which of two", "POST", at, `{"query":"query a { __typename } query b { x: __typename }"}`, nil, 200, "exactly one operation"},
		{"a mutation by GET", "GET", at + "?query=" + url.QueryEscape(`mutation { delete_toast(where: {}) { affected_rows } }`), "", nil, 405, "a GET never changes anything"},
		{"no other method", "PUT", at, `{}`, nil, 405, "Unsupported HTTP method"},
		{"a form", "POST", at, "query={__typename}", []string{"Content-Type: application/x-www-form-urlencoded"}, 415, "application/json"},
		{"plain text", "POST", at, `{"query":"{__typename}"}`, []string{"Content-Type: text/plain"}, 415, "application/json"},
		{"files", "POST", at, "--x", []string{"Content-Type: multipart/form-data; boundary=x"}, 415, "application/json"},
		{"another charset", "POST", at, `{"query":"{__typename}"}`, []string{"Content-Type: application/json; charset=utf-16"}, 415, "application/json"},
		{"no UTF-8", "POST", at, "{\"query\":\"{ \xff }\"}", nil, 400, "UTF-8"},
		{"too deep", "POST", at, `{"query":"{__typename}","variables":` + strings.Repeat(`{"a":`, 64) + "1" + strings.Repeat("}", 64) + `}`, nil, 400, "nested more than 64 deep"},
		{"as deep as may be", "POST", at, `{"query":"{__typename}","extensions":` + strings.Repeat(`{"a":`, 63) + "1" + strings.Repeat("}", 63) + `}`, nil, 200, `"data"`},
		{"a variable that isn't declared", "POST", at, `{"query":"{__typename}","variables":{"a":1}}`, nil, 200, "unexpected variables"},
		{"a batch", "POST", at, `[{"query":"{ __typename }"},{"query":"{ nothing }"},{"query":"mutation { __typename }"}]`, nil, 200, `[{"data":{"__typename":"query_root"}},{"errors":`},
		{"as large a batch as may be", "POST", at, batch(10), nil, 200, `[{"data"`},
		{"a larger batch", "POST", at, batch(11), nil, 400, "at most 10"},
		{"an empty batch", "POST", at, `[]`, nil, 400, "empty"},
		{"an error to a modern client", "POST", at, `{"query":"{ nothing }"}`, []string{modern}, 400, "validation-failed"},
		{"the database's error to a modern client", "POST", at, `{"query":"mutation { insert_ingredient_one(object: {name: \"lime\", vegan: true}) { id } }"}`, []string{modern}, 409, "constraint-violation"},
		{"what nobody accepts", "POST", at, `{"query":"{ __typename }"}`, []string{"Accept: text/html"}, 406, "None of these media types"},
		{"a wrong secret", "POST", at, `{"query":"{ __typename }"}`, []string{"X-Hasura-Admin-Secret: x"}, 200, `"code":"access-denied"`},
		{"a wrong secret of a modern client", "POST", at, `{"query":"{ __typename }"}`, []string{"X-Hasura-Admin-Secret: x", modern}, 401, `"code":"access-denied"`},
		{"a subscription", "POST", at, `{"query":"subscription { toast { id } }"}`, nil, 200, `"code":"not-supported"`},
		{"a WebSocket", "GET", at, "", []string{"Upgrade: websocket", "Connection: Upgrade"}, 400, "ask the query again"},
		{"metadata", "POST", server.URL + "/v1/metadata", `{}`, nil, 404, "the schema file is the metadata"},
		{"SQL", "POST", server.URL + "/v2/query", `{}`, nil, 404, "queries/*.sql"},
		{"health", "GET", server.URL + "/healthz", "", nil, 200, "OK"},
		{"version", "GET", server.URL + "/v1/version", "", nil, 200, `"version":"1.2.3"`},
		{"a hash that nobody knows", "POST", at, persisted("", hash(known)), nil, 200, `"code":"PERSISTED_QUERY_NOT_FOUND"`},
		{"a hash of another document", "POST", at, persisted(known, hash("x")), nil, 200, "provided sha does not match query"},
		{"a hash that is none", "POST", at, persisted(known, "abc"), nil, 400, "64 hexadecimal digits"},
		{"a document with its hash", "POST", at, persisted(known, hash(known)), nil, 200, `{"data":{"toast_by_pk":{"id":1}}}`},
		{"the hash alone", "POST", at, persisted("", strings.ToUpper(hash(known))), nil, 200, `{"data":{"toast_by_pk":{"id":1}}}`},
		{"the hash alone, by GET", "GET", at + "?extensions=" + url.QueryEscape(`{"persistedQuery":{"version":1,"sha256Hash":"`+hash(known)+`"}}`), "", nil, 200, `{"data":{"toast_by_pk":{"id":1}}}`},
		{"what it costs", "POST", at, `{"query":"{ customer(limit: 2) { name orders(limit: 3) { id } } }","extensions":{"cost":true}}`, nil, 200, `"extensions":{"cost":{"bound":8,"rows":`},
		{"what it costs without a bound", "POST", at, `{"query":"{ toast { id } }"}`, []string{"X-Pintail-Cost: 1"}, 200, `"extensions":{"cost":{"bound":null,"rows":20}}`},
		{"@cached", "POST", at, `{"query":"query @cached(ttl: 5) { __typename }"}`, nil, 200, `"data"`},
	} {
		status, body := sendGraphQL(t, c.method, c.target, c.body, c.headers...)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %.300s", c.name, status, body)
		}
		if c.status != 200 && c.method != "HEAD" && !strings.Contains(body, `{"errors":[{"message":`) {
			t.Errorf("%s: the error isn't GraphQL's: %.200s", c.name, body)
		}
	}
}

// A GET has an ETag, and one answer for each of the two media types.
func TestGraphQLCaching(t *testing.T) {
	server := graphQLServer(t, node.Options{})
	target := server.URL + node.GraphQLPath + "?query=" + url.QueryEscape("{ toast(limit: 1) { id } }")
	get := func(headers ...string) *http.Response {
		r, err := http.NewRequest("GET", target, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("apikey", "secret")
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			r.Header.Set(name, value)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	first := get()
	tag := first.Header.Get("Etag")
	if tag == "" || !strings.Contains(strings.Join(first.Header.Values("Vary"), ","), "Accept") {
		t.Errorf("no ETag or Vary: %v", first.Header)
	}
	if again := get("If-None-Match: " + tag); again.StatusCode != 304 {
		t.Errorf("%d with the tag", again.StatusCode)
	}
}

// The cost of a request is limited for everyone but the admin.
func TestGraphQLCost(t *testing.T) {
	s := shoptest.Schema(t)
	c := pintail.Config{Parsed: s, Database: shoptest.SQLiteDSN(t, s), Open: true}
	c.GraphQL.Limits.CostMax = 20
	app, err := pintail.New(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	for document, want := range map[string][2]bool{ // for the admin, for anyone else
		`{ toast_by_pk(id: 1) { name } }`:                           {true, true},
		`{ customer(limit: 4) { name orders(limit: 4) { id } } }`:   {true, true},  // 4 + 16
		`{ customer(limit: 4) { name orders(limit: 5) { id } } }`:   {true, false}, // 4 + 20
		`{ a: toast(limit: 10) { id } b: toast(limit: 10) { id } }`: {true, true},
		`{ a: toast(limit: 10) { id } b: toast(limit: 11) { id } }`: {true, false},
		`{ toast { name } }`: {true, false},
		`mutation { update_toast_by_pk(pk_columns: {id: 1}, _set: {rating: 1}) { name } }`: {true, true},
		`mutation { update_toast(where: {}, _set: {rating: 1}) { affected_rows } }`:        {true, false},
		`{ __typename }`: {true, true},
	} {
		for i, who := range []query.Actor{query.Admin, {Role: "customer"}} {
			body, err := app.GraphQL(context.Background(), who, document, "", nil)
			if err != nil {
				t.Fatal(err)
			}
			if allowed := !strings.Contains(string(body), `"fault":"PT107"`); allowed != want[i] {
				t.Errorf("%s: %s may ask it: %v\n%.200s", document, who.Role, allowed, body)
			}
		}
	}
}

// Enum tables are read live: a new row is a value at once where this node wrote it, and a second later where another did.
func TestGraphQLEnumTables(t *testing.T) {
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: `
type colour @table(enum: true) { name: String! @id comment: String }
type car @table { id: bigint! @id colour: String colour_of: colour @relation(columns: ["colour"]) }`})
	if s == nil {
		t.Fatal(schema.Mistakes(mistakes))
	}
	n := node.New(s, shoptest.EmptySQLite(t, s), auth.Open(), node.Options{})
	ask := func(document, variables string) string {
		t.Helper()
		body, err := n.GraphQL(context.Background(), query.Admin, document, "", []byte(variables))
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	insert := func(name string) string {
		return ask(`mutation ($n: String!) { insert_colour_one(object: {name: $n, comment: "c"}) { name } }`, `{"n": "`+name+`"}`)
	}
	if got := insert("red"); !strings.Contains(got, `"red"`) {
		t.Fatal(got)
	}
	const cars = `query ($c: colour_enum) { car(where: {colour: {_eq: $c}}) { id } }`
	if got := ask(cars, `{"c": "red"}`); got != `{"data":{"car":[]}}` {
		t.Error(got)
	}
	if got := ask(cars, `{"c": "blue"}`); !strings.Contains(got, "expected one of the values ['red']") {
		t.Error(got)
	}
	insert("blue")
	if got := ask(cars, `{"c": "blue"}`); got != `{"data":{"car":[]}}` {
		t.Error("a value that this node wrote: ", got)
	}
	if got := ask(`{ __type(name: "colour_enum") { enumValues { name description } } }`, ""); got != `{"data":{"__type":{"enumValues":[{"name":"blue","description":"c"},{"name":"red","description":"c"}]}}}` {
		t.Error(got)
	}
}

// A reload of a thousand tables takes well under a second while requests go on, none of which fails.
func TestGraphQLReload(t *testing.T) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "type t%d @table { id: bigint! @id name: String! other: bigint%s }\n", i, map[bool]string{true: fmt.Sprintf(" next: t%d @relation(columns: [\"other\"])", i-1)}[i > 0])
	}
	large, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: text.String() + file(t, "demo/schema.graphql")})
	if large == nil {
		t.Fatal(schema.Mistakes(mistakes))
	}
	s := shoptest.Schema(t)
	n := node.New(s, shoptest.SQLite(t, s), auth.Open(), node.Options{})
	stop := make(chan struct{})
	var asked, slowest atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				begin := time.Now()
				body, err := n.GraphQL(context.Background(), query.Admin, `{ toast_by_pk(id: 1) { name ingredients { name } } }`, "", nil)
				if err != nil || !strings.HasPrefix(string(body), `{"data"`) {
					t.Errorf("%v %s", err, body)
					return
				}
				asked.Add(1)
				slowest.Store(max(slowest.Load(), int64(time.Since(begin))))
			}
		})
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 10 {
		next := large
		if i%2 == 1 {
			next = s
		}
		begin := time.Now()
		n.Reload(next)
		body, err := n.GraphQL(context.Background(), query.Admin, `{ __typename }`, "", nil)
		if err != nil || string(body) != `{"data":{"__typename":"query_root"}}` {
			t.Fatalf("%v %s", err, body)
		}
		if took := time.Since(begin); took > 500*time.Millisecond {
			t.Errorf("a reload took %v", took)
		}
	}
	n.Reload(large)
	if _, err := n.GraphQL(context.Background(), query.Admin, `{ t1(limit: 1) { id } }`, "", nil); err != nil {
		t.Fatal(err)
	}
	close(stop)
	wg.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d requests, the slowest took %v; %d KiB more in use", asked.Load(), time.Duration(slowest.Load()), (int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10)
	if asked.Load() == 0 {
		t.Error("no request went on")
	}
}

// Bad input is refused before any SQL, in little time and memory (B20 to B28: depth, aliases, fragments, batches, variables).
func TestGraphQLBadInput(t *testing.T) {
	s := shoptest.Schema(t)
	n := node.New(s, shoptest.SQLite(t, s), auth.Open(), node.Options{})
	ask := func(document, variables string) string {
		body, err := n.GraphQL(context.Background(), query.Admin, document, "", []byte(variables))
		if err != nil {
			return err.Error()
		}
		return string(body)
	}
	ask(`{ toast(limit: 1) { id } }`, "")
	list := func(one string, n int) string { return "[" + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + "]" }
	const where = `query ($w: toast_bool_exp!) { toast(where: $w) { id } }`
	for name, in := range map[string][2]string{
		"ors":                {where, `{"w": {"_or": ` + list(`{}`, 300_000) + `}}`},
		"ands in ands":       {where, `{"w": ` + strings.Repeat(`{"_and": [`, 31) + `{}` + strings.Repeat(`]}`, 31) + `}`},
		"too deep ands":      {where, `{"w": ` + strings.Repeat(`{"_and": [`, 40) + `{}` + strings.Repeat(`]}`, 40) + `}`},
		"values":             {`query ($i: [bigint!]) { toast(where: {id: {_in: $i}}) { id } }`, `{"i": ` + list("1", 400_000) + `}`},
		"columns":            {`query ($c: [toast_select_column!]) { toast(distinct_on: $c) { id } }`, `{"c": ` + list(`"id"`, 150_000) + `}`},
		"orders":             {`query ($o: [toast_order_by!]) { toast(order_by: $o) { id } }`, `{"o": ` + list(`{"id": "asc"}`, 60_000) + `}`},
		"updates":            {`mutation ($u: [toast_updates!]!) { update_toast_many(updates: $u) { affected_rows } }`, `{"u": ` + list(`{"where": {}, "_set": {}}`, 30_000) + `}`},
		"fragments":          {fragments(20), ""},
		"a circle":           {`{ ...a } fragment a on query_root { ...a }`, ""},
		"aliases":            {`{ ` + strings.Repeat("a: __typename ", 3000) + `}`, ""},
		"a long document":    {`{ __typename #` + strings.Repeat("x", 70_000) + "\n}", ""},
		"a long path":        {`query ($p: String) { toast { notes(path: $p) } }`, `{"p": "` + strings.Repeat("a.", 200_000) + `a"}`},
		"a long enum":        {`query ($s: order_status) { order(where: {status: {_eq: $s}}) { id } }`, `{"s": "` + strings.Repeat("x", 900_000) + `"}`},
		"an unknown key":     {where, `{"w": {"` + strings.Repeat("x", 900_000) + `": 1}}`},
		"undeclared":         {where, `{"` + strings.Repeat("x", 900_000) + `": 1}`},
		"a list for one":     {`query ($n: Int) { toast(limit: $n) { id } }`, `{"n": ` + list("1", 400_000) + `}`},
		"an object for text": {`query ($n: String) { toast(where: {name: {_eq: $n}}) { id } }`, `{"n": {"a": 1}}`},
	} {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		got := ask(in[0], in[1])
		took := time.Since(begin)
		runtime.ReadMemStats(&after)
		refused := strings.HasPrefix(got, `{"errors"`) || strings.Contains(got, "nested")
		if refused == (name == "ands in ands") {
			t.Errorf("%s: %.200s", name, got)
		}
		if len(got) > 4096 {
			t.Errorf("%s: the answer has %d bytes", name, len(got))
		}
		t.Logf("%-20s %8v %6d KiB allocated: %.110s", name, took.Round(time.Microsecond), (after.TotalAlloc-before.TotalAlloc)>>10, got)
		if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 8 {
			t.Errorf("%s took %d MiB", name, mib)
		}
		if took > slower*500*time.Millisecond { // ten times what it may cost alone, as others run beside it
			t.Errorf("%s took %v", name, took)
		}
	}
}

// fragments is a document whose fragments double twenty times.
func fragments(n int) string {
	var b strings.Builder
	b.WriteString("{ ...f0 }")
	for i := range n {
		fmt.Fprintf(&b, " fragment f%d on query_root { ...f%d ...f%d }", i, i+1, i+1)
	}
	fmt.Fprintf(&b, " fragment f%d on query_root { __typename }", n)
	return b.String()
}

func file(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
