package pintail_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
	lite "github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/schema"
)

// strangeNames are what a database may call its things, and what SQL, a URL or JSON would take for something else.
var strangeNames = []string{
	`we"ird`, `"`, `""`, `back\slash`, `\`, `\"`, `it's`, `'`, `select`, `from`, `order by`, `user`, `table`, `null`, `true`, `rowid`, `a.b`, `a b`, ` lead`,
	`ünï`, `🥑`, `per%cent`, `%27`, `--`, `/*`, `*/`, `a;b`, `; DROP TABLE x`, `(x)`, `a,b`, `$1`, `?1`, `:x`, `@x`, `a->b`, `a->>b`, `*`, `a::text`, `]`, `[x]`,
	"`", `{}`, `<script>`, `a&b`, `a=b`, `a+b`, `#`, `c0`, `t0`, `excluded`, `r`, `limit`, `offset`, `columns`, `on_conflict`, `and`, `or`, `not.and`, `count`, `count()`,
	"line\nbreak", "tab\t", `oid`, `json`, `pt_cast`,
}

// TestStrangeNames gives tables, columns, enum values, aliases and relations every strange name there is, and writes,
// reads, filters, orders, embeds, updates and deletes by it over HTTP on both engines.
func TestStrangeNames(t *testing.T) {
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: strangeSchema(strangeNames)})
	for _, m := range mistakes {
		t.Error(m)
	}
	if t.Failed() {
		t.FailNow()
	}
	path := filepath.Join(t.TempDir(), "names.db")
	c, err := lite.OpenConn(path, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	dsns := map[migrate.Engine]string{migrate.SQLite: "sqlite:" + path, migrate.Postgres: pgtest.DSN(t)}
	var servers []*served
	for engine, dsn := range dsns {
		list, losses := migrate.Create(s, engine)
		if len(losses) > 0 {
			t.Fatal(losses)
		}
		for _, st := range list {
			execute(t, dsn, st.SQL)
		}
		servers = append(servers, serve(t, s, dsn))
	}
	for i, name := range strangeNames {
		quoted := url.QueryEscape(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`)
		key, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		table := url.PathEscape(name)
		var first []string
		for _, server := range servers {
			var got []string
			say := func(method, path, body string, status int, in string) {
				r := ask(t, method, server.rest+path, body, "Prefer", "return=representation")
				r.want(t, fmt.Sprintf("%q: %s %s on %.8s", name, method, path, server.dsn), status, in)
				got = append(got, fmt.Sprint(r.status, " ", r.body))
			}
			say("POST", table, fmt.Sprintf(`{"id": 1, %s: "x", "kind": %s}`, key, key), 201, "x")
			say("POST", fmt.Sprint("child", i), fmt.Sprintf(`{"id": 1, %s: 1}`, key), 201, "1")
			say("GET", table+"?select=id,kind,"+quoted+","+quoted+":id&"+quoted+"=eq.x&order="+quoted, "", 200, "x")
			say("GET", table+"?select=*&kind=eq."+url.QueryEscape(name), "", 200, "x")
			say("GET", table+"?select=id&or=("+quoted+".eq.x,id.eq.7)", "", 200, "1")
			say("GET", table+"?select=id,"+fmt.Sprint("child", i)+"(*)", "", 200, "child")
			say("GET", fmt.Sprint("child", i)+"?select=*,"+quoted+":parent("+quoted+")&parent."+quoted+"=eq.x", "", 200, "x")
			say("POST", table+"?on_conflict=id&columns=id,"+quoted, fmt.Sprintf(`[{"id": 1, %s: "z"}]`, key), 409, "23505")
			say("PATCH", table+"?"+quoted+"=eq.x", fmt.Sprintf(`{%s: "y"}`, key), 200, "y")
			say("GET", table+"?select="+quoted+".max()", "", 400, "PGRST123")
			r := ask(t, "GET", server.rest+table+"?select="+quoted, "", "Accept", "text/csv")
			got = append(got, fmt.Sprint(r.status, r.body))
			say("DELETE", fmt.Sprint("child", i)+"?id=eq.1", "", 200, "1")
			say("DELETE", table+"?"+quoted+"=eq.y", "", 200, "y")
			if first == nil {
				first = got
				continue
			}
			for i := range got {
				if got[i] != first[i] {
					t.Errorf("%q: the engines differ\n  %s\n  %s", name, first[i], got[i])
				}
			}
		}
	}
}

// strangeSchema is a schema file that has each name in every place.
func strangeSchema(names []string) string {
	var sdl strings.Builder
	for i, name := range names {
		n := graphQL(name)
		// A table can't be told from the first one by a name in another case; a number keeps apart what SQLite folds.
		fmt.Fprintf(&sdl, `
enum kind%d @type(name: %s) { a @value(name: %s) b }
type t%d @table(name: %s) { id: bigint! @id  c: String @column(name: %s)  kind: kind%d  child: [child%d!]! @inverse(of: "parent") }
type child%d @table { id: bigint! @id  up: bigint @column(name: %s)  parent: t%d @relation(columns: ["up"]) }
`, i, graphQL("kind "+name), n, i, n, n, i, i, i, n, i)
	}
	return sdl.String()
}

// graphQL writes a string of the schema file.
func graphQL(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestBadInput sends what no client should, on both engines: never 500, never a word of SQL or of the program's inside, and
// the same answer from both.
func TestBadInput(t *testing.T) {
	type request struct{ method, path, body, headers string }
	list := []request{
		{"GET", "nothing", "", ""}, {"GET", "toast?nothing=eq.1", "", ""}, {"GET", "toast?id=zz.1", "", ""}, {"GET", "toast?id=eq", "", ""}, {"GET", "toast?id", "", ""},
		{"GET", "toast?select=nothing", "", ""}, {"GET", "toast?select=id::nothing", "", ""}, {"GET", "toast?select=id::bytea", "", ""}, {"GET", "toast?select=(", "", ""},
		{"GET", "toast?select=id,", "", ""}, {"GET", "toast?select=customer(id)", "", ""}, {"GET", "toast?select=id->x", "", ""}, {"GET", "toast?select=id.nothing()", "", ""},
		{"GET", "toast?order=nothing", "", ""}, {"GET", "toast?order=id.up", "", ""}, {"GET", "toast?order=", "", ""}, {"GET", "toast?limit=-1", "", ""}, {"GET", "toast?limit=x", "", ""},
		{"GET", "toast?offset=-1", "", ""}, {"GET", "toast?limit=99999999999999999999", "", ""}, {"GET", "toast?or=(", "", ""}, {"GET", "toast?or=()", "", ""}, {"GET", "toast?and=(id.eq.1", "", ""},
		{"GET", "toast?id=eq.1;DROP%20TABLE%20toast", "", ""}, {"GET", "toast?id=eq.'", "", ""}, {"GET", "toast?name=eq.%00", "", ""}, {"GET", "toast?name=eq.%ff", "", ""}, {"GET", "toast?name=eq.%zz", "", ""},
		{"GET", "toast?%00=eq.1", "", ""}, {"GET", "toast?%ff=eq.1", "", ""}, {"GET", "%00", "", ""}, {"GET", "%ff", "", ""}, {"GET", "toast/1", "", ""}, {"GET", "rpc/nothing", "", ""}, {"GET", "rpc/", "", ""},
		{"GET", "toast?name=match.(", "", ""}, {"GET", "toast?name=match.%5B", "", ""}, {"GET", "toast?name=like.%5C", "", ""}, {"GET", "toast?price=eq.1e999999", "", ""}, {"GET", "toast?price=eq.NaN", "", ""},
		{"GET", "toast?rating=eq.Infinity", "", ""}, {"GET", "toast?id=in.()", "", ""}, {"GET", "toast?id=in.(1,", "", ""}, {"GET", "toast?id=in.(x)", "", ""}, {"GET", "toast?id=is.x", "", ""},
		{"GET", "toast?vegan=eq.maybe", "", ""}, {"GET", "order?status=eq.nothing", "", ""}, {"GET", "order?placed_at=eq.yesterdayish", "", ""}, {"GET", "order?placed_at=gt.infinity", "", ""},
		{"GET", "order?placed_at=gt.0001-01-01%20BC", "", ""}, {"GET", "order?placed_at=gt.999999-01-01", "", ""}, {"GET", "toast?notes=cs.{", "", ""}, {"GET", "toast?notes->a=eq.x", "", ""}, {"GET", "toast?notes->>'a=eq.x", "", ""},
		{"GET", "ingredient?allergens=cs.{a", "", ""}, {"GET", "ingredient?allergens=cs.x", "", ""}, {"GET", "toast?name=eq(any).{", "", ""}, {"GET", "toast?name=eq(nothing).1", "", ""}, {"GET", "toast?id=not.not.eq.1", "", ""},
		{"GET", "toast?limit=1", "", "Range: x"}, {"GET", "toast?limit=1", "", "Range: 9-1"}, {"GET", "toast", "", "Range: 99999-"}, {"GET", "toast", "", "Accept: nothing/at-all"}, {"GET", "toast", "", "Accept: ;;;"},
		{"GET", "toast", "", "Prefer: nothing=1,handling=strict"}, {"GET", "toast", "", "Prefer: timezone=Nowhere/Else,handling=strict"}, {"GET", "toast", "", "Accept-Profile: nothing"}, {"GET", "toast", "", "Prefer: count=nothing,handling=strict"},
		{"POST", "toast", "", ""}, {"POST", "toast", "{", ""}, {"POST", "toast", "[", ""}, {"POST", "toast", "null", ""}, {"POST", "toast", "1", ""}, {"POST", "toast", `"x"`, ""}, {"POST", "toast", "[1]", ""}, {"POST", "toast", `[{"id":1},{"name":"x"}]`, ""},
		{"POST", "toast", `{"nothing":1}`, ""}, {"POST", "toast", `{"id":"x"}`, ""}, {"POST", "toast", `{"id":1e400}`, ""}, {"POST", "toast", `{"name":"\u0000"}`, ""}, {"POST", "toast", "{\"name\":\"\xff\"}", ""}, {"POST", "toast", `{"name":"\ud800"}`, ""},
		{"POST", "toast", `{"id":1}{"id":2}`, ""}, {"POST", "toast", `{"id":1,"id":2}`, ""}, {"POST", "toast", `{"price":"1; DROP TABLE toast"}`, ""}, {"POST", "toast", `{"notes":1,"name":[],"price":{}}`, ""}, {"POST", "toast", `{"":1}`, ""},
		{"POST", "toast?columns=nothing", `{"id":1}`, ""}, {"POST", "toast?columns=", `{"id":1}`, ""}, {"POST", "toast?on_conflict=nothing", `{"id":1}`, "Prefer: resolution=merge-duplicates"}, {"POST", "toast?on_conflict=price", `{"id":1,"name":"x","description":"","price":1}`, "Prefer: resolution=merge-duplicates"},
		{"POST", "toast", "id\n1", "Content-Type: text/csv"}, {"POST", "toast", "id,id\n1,1", "Content-Type: text/csv"}, {"POST", "toast", "id\n1,2", "Content-Type: text/csv"}, {"POST", "toast", "id\n\"1", "Content-Type: text/csv"}, {"POST", "toast", "\xff\n1", "Content-Type: text/csv"},
		{"POST", "toast", "%zz=1", "Content-Type: application/x-www-form-urlencoded"}, {"POST", "toast", "x", "Content-Type: image/png"}, {"POST", "toast", "x", "Content-Type: ;"}, {"POST", "nothing", "{}", ""},
		{"PATCH", "toast?id=eq.1", "", ""}, {"PATCH", "toast?id=eq.1", "[{},{}]", ""}, {"PATCH", "toast?id=eq.1", `{"nothing":1}`, ""}, {"PATCH", "toast?id=eq.1", `{"price":-1}`, ""}, {"PATCH", "toast?id=eq.1", `{"id":null}`, ""}, {"PATCH", "toast?id=eq.x", `{}`, ""},
		{"PUT", "toast", `{"id":1}`, ""}, {"PUT", "toast?id=eq.1", `{"id":2}`, ""}, {"PUT", "toast?id=gt.1", `{"id":1}`, ""}, {"PUT", "toast?id=eq.1&limit=1", `{"id":1}`, ""},
		{"DELETE", "toast?id=eq.1", "", ""}, {"DELETE", "toast?nothing=eq.1", "", ""}, {"BREW", "toast", "", ""}, {"TRACE", "toast", "", ""}, {"POST", "", "{}", ""}, {"DELETE", "rpc/top_toasts", "", ""},
		{"POST", "rpc/top_toasts", `{"most":"x"}`, ""}, {"POST", "rpc/top_toasts", `{"most":null}`, ""}, {"POST", "rpc/top_toasts", `{"nothing":1}`, ""}, {"POST", "rpc/top_toasts", `[`, ""}, {"GET", "rpc/top_toasts?most=-1", "", ""}, {"GET", "rpc/top_toasts?most=99999999999", "", ""}, {"GET", "rpc/top_toasts?most=1&most=2", "", ""},
	}
	quirks := map[string]bool{ // docs/quirks.md
		"order?placed_at=gt.0001-01-01%20BC": true, "rpc/top_toasts?most=-1": true,
	}
	answers := map[request][]string{}
	onEngines(t, func(t *testing.T, start func(...func(*pintail.Config)) *served) {
		s := start(func(c *pintail.Config) { c.REST.TxEnd, c.REST.Aggregates = "rollback", true })
		for _, q := range list {
			headers := []string{}
			if name, value, ok := strings.Cut(q.headers, ": "); ok {
				headers = []string{name, value}
			}
			text := fmt.Sprintf("%s /rest/v1/%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", q.method, q.path, s.addr)
			if q.body != "" {
				text += fmt.Sprintf("Content-Length: %d\r\n", len(q.body))
				if !strings.HasPrefix(q.headers, "Content-Type") {
					text += "Content-Type: application/json\r\n"
				}
			}
			got := raw(t, s, text+lines(headers)+"\r\n"+q.body)
			if got.status >= 500 {
				t.Errorf("%v: %d %s", q, got.status, got.body)
			}
			for _, inside := range []string{"SELECT", "INSERT INTO", "goroutine", ".go:", "panic", "pgx", "sqlite3:", "json_to_record", "t0."} {
				if strings.Contains(got.body, inside) && !strings.Contains(q.path+q.body, inside) {
					t.Errorf("%v: the answer tells of the inside: %s", q, got.body)
				}
			}
			answers[q] = append(answers[q], fmt.Sprint(got.status, " ", got.body))
		}
	})
	for _, q := range list {
		if a := answers[q]; len(a) == 2 && a[0] != a[1] && !quirks[q.path] {
			t.Errorf("%v: the engines differ\n  %s\n  %s", q, a[0], a[1])
		}
	}
}
