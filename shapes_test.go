package pintail_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/rehearse"
	"github.com/pintail-dev/pintail/schema"
)

// Every value of the marked database holds one of these: letters, digits, a year, a UUID.
var marks = []string{"zqx", "7731957", "1787", "deadbeef"}

const marked = `
enum level { low high }
type author @table @index(columns: ["born"]) @index(columns: ["wealth"]) {
  id: bigint! @id
  name: String! @unique
  born: timestamptz!
  wealth: numeric!
  token: uuid!
  level: level!
  doc: jsonb!
  tags: [String!]!
  books: [book!]! @inverse(of: "author")
}
type book @table @index(columns: ["author_id"]) {
  id: bigint! @id
  author_id: bigint!
  author: author! @relation(columns: ["author_id"])
  title: String!
}
`

const pick = "-- pick(which: String!): [{id: bigint!}!]!\nSELECT id FROM author WHERE name = :which ORDER BY id"

// onMarked runs a test on a marked database on each engine, after it was asked all sorts of things.
func onMarked(t *testing.T, test func(t *testing.T, v *served, s *schema.Schema)) {
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: marked}, schema.Source{Name: "queries/pick.sql", Text: pick})
	if len(mistakes) > 0 {
		t.Fatal(schema.Mistakes(mistakes))
	}
	for engine, dsn := range map[string]func(*testing.T) string{
		"SQLite":     func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "marked.db") },
		"PostgreSQL": func(t *testing.T) string { return pgtest.DSN(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			dsn := dsn(t)
			db, err := migrate.Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close(context.Background())
			if _, err := db.Sync(t.Context(), s, migrate.RunOptions{}); err != nil {
				t.Fatal(err)
			}
			v := serve(t, s, dsn, func(c *pintail.Config) { c.REST.Aggregates = true })
			askMarked(t, v)
			test(t, v, s)
		})
	}
}

func askMarked(t *testing.T, v *served) {
	t.Helper()
	for i := range 30 {
		author := fmt.Sprintf(`{"id":77319570%d,"name":"zqx name %d","born":"1787-01-%02dT00:00:00Z","wealth":"7731957.%d","token":"deadbeef-0000-4000-8000-0000000000%02d","level":"high","doc":{"zqxkey":"zqx value"},"tags":["zqx tag"]}`, i, i, i+1, i, i)
		ask(t, "POST", v.rest+"author", author, "Prefer", "resolution=merge-duplicates").want(t, "upsert", 201, "")
		ask(t, "POST", v.rest+"book", fmt.Sprintf(`[{"id":77319570%d,"author_id":77319570%d,"title":"zqx title"}]`, i, i/3)).want(t, "insert", 201, "")
	}
	for _, url := range []string{
		"author?id=eq.773195703", "author?name=in.(zqx%20name%201,zqx%20name%202)", "author?name=like.zqx*", "author?name=ilike.*zqx*&limit=3&offset=1",
		"author?born=gt.1787-01-09T00:00:00Z&order=wealth.desc", "author?wealth=gte.7731957.4", "author?token=eq.deadbeef-0000-4000-8000-000000000001",
		"author?select=doc-%3E%3Ezqxkey&doc-%3E%3Ezqxkey=eq.zqx%20value", "author?select=mine:doc-%3Ezqxkey&level=eq.high&tags=cs.%7Bzqx%20tag%7D",
		"author?select=id,books(title)&books.title=eq.zqx%20title", "author?select=count()&name=match.%5Ezqx",
		"author?or=(id.eq.773195704,and(name.eq.zqx,born.lt.1787-02-01T00:00:00Z))",
	} {
		for range 3 {
			ask(t, "GET", v.rest+url, "").want(t, url, 200, "")
		}
	}
	ask(t, "POST", v.rest+"rpc/pick", `{"which":"zqx name 4"}`).want(t, "call", 200, "773195704")
	ask(t, "PATCH", v.rest+"author?id=eq.773195705", `{"name":"zqx changed"}`).want(t, "update", 204, "")
	ask(t, "DELETE", v.rest+"book?title=eq.zqx%20nothing", "").want(t, "delete", 204, "")
	for _, document := range []string{
		`{"query":"query Q($n: String!, $i: [bigint!]) { author(where: {_or: [{name: {_eq: $n}}, {id: {_in: $i}}]}, limit: 4) { id books(where: {title: {_like: \"zqx%\"}}) { title } } }","variables":{"n":"zqx name 7","i":[773195701,773195702]}}`,
		`{"query":"{ author_aggregate(where: {born: {_lt: \"1787-01-20T00:00:00Z\"}}) { aggregate { count max { wealth } } nodes { doc(path: \"zqxkey\") } } }"}`,
		`{"query":"mutation { insert_author(objects: [{id: 7731957099, name: \"zqx new\", born: \"1787-03-01T00:00:00Z\", wealth: \"7731957\", token: \"deadbeef-0000-4000-8000-0000000000ff\", level: low, doc: {zqxkey: 1}, tags: \"{zqx}\", books: {data: [{id: 7731957098, title: \"zqx\"}]}}]) { affected_rows } update_author(where: {name: {_eq: \"zqx new\"}}, _append: {doc: {zqxkey: 2}}) { affected_rows } }"}`,
	} {
		r := ask(t, "POST", v.url+"/v1/graphql", document)
		if r.want(t, "GraphQL", 200, `"data"`); strings.Contains(r.body, `"errors"`) {
			t.Errorf("GraphQL: %s", r.body)
		}
	}
}

// askAdmin asks an app's admin address.
func askAdmin(app *pintail.App, url string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", url, nil)
	r.Host = "127.0.0.1:8081"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	app.AdminHandler().ServeHTTP(w, r)
	return w
}

// TestCaptureHoldsNoValue captures a database in which every value is marked, from a process that was asked by marked values.
func TestCaptureHoldsNoValue(t *testing.T) {
	onMarked(t, func(t *testing.T, v *served, s *schema.Schema) {
		plain := askAdmin(v.app, "/shapes")
		looked := askAdmin(v.app, "/shapes?look=true")
		if plain.Code != 200 || looked.Code != 200 || plain.Header().Get("Content-Type") != "application/json" {
			t.Fatalf("/shapes answers %d and %d", plain.Code, looked.Code)
		}
		c, err := rehearse.Read(strings.NewReader(looked.Body.String()))
		if err != nil {
			t.Fatal(err)
		}
		db, err := migrate.OpenExisting(t.Context(), v.dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close(context.Background())
		var notes []string
		if c.Tables, notes, err = rehearse.TakeTables(t.Context(), db, s, rehearse.TableOptions{}); err != nil || len(notes) > 0 {
			t.Fatalf("%v, notes %q", err, notes)
		}
		text, err := rehearse.Write(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, mark := range marks {
			for what, text := range map[string]string{"the capture": string(text), "/shapes": plain.Body.String()} {
				if at := strings.Index(strings.ToLower(text), mark); at >= 0 {
					t.Errorf("%s holds %q: …%s…", what, mark, text[max(at-80, 0):min(at+80, len(text))])
				}
			}
		}
		if len(text) > 64<<10 {
			t.Errorf("the capture has %d bytes", len(text))
		}
		if missing := c.Missing(s); len(missing) > 0 {
			t.Errorf("the schema has left: %q", missing)
		}
		checkMarkedShapes(t, c)
	})
}

func checkMarkedShapes(t *testing.T, c *rehearse.Capture) {
	t.Helper()
	find := func(label string) rehearse.Shape {
		t.Helper()
		i := slices.IndexFunc(c.Shapes, func(s rehearse.Shape) bool { return strings.HasPrefix(s.Label, label) })
		if i < 0 {
			t.Fatalf("no shape is called %s…", label)
		}
		return c.Shapes[i]
	}
	key := find("read author where id eq, sort")
	if key.Calls != 3 || key.Rows != 1 || key.Opaque || len(key.Arguments) != 1 || key.Arguments[0].Column != "author.id" || key.Arguments[0].Op != "eq" {
		t.Errorf("the read by key is %+v", key)
	}
	e := key.Arguments[0].Examples
	if len(e) != 3 || e[0].Matches == nil || *e[0].Matches != 1 || e[0].Position == nil || *e[0].Position > 0.01 || e[0].Rank != 1 || e[0].Size != 9 {
		t.Errorf("its examples are %+v", e)
	}
	born := find("read author where born gt").Arguments[0]
	if born.Examples[0].Matches == nil || *born.Examples[0].Matches != 22 || born.Examples[0].Position == nil || *born.Examples[0].Position < 0.1 {
		t.Errorf("the time is %+v", born.Examples)
	}
	if call := find("call pick"); !call.Opaque || call.Calls != 1 {
		t.Errorf("the call is %+v", call)
	}
	if upsert := find("insert into author or update"); upsert.Calls != 30 || upsert.Rows != 1 || upsert.Arguments[0].Kind != "data" {
		t.Errorf("the upsert is %+v", upsert)
	}
	if list := find("read author where name in"); list.Arguments[0].Kind != "items" || list.Arguments[0].Sizes.P50 != 2 || *list.Arguments[0].Examples[0].Matches != 2 {
		t.Errorf("the list is %+v", list.Arguments[0])
	}
	level := find("read author where level eq")
	if i := slices.IndexFunc(level.Arguments, func(a rehearse.Argument) bool { return a.Column == "author.level" }); i < 0 || *level.Arguments[i].Examples[0].Label != 1 {
		t.Errorf("the enum is %+v", level.Arguments)
	}
	find("update author where id eq")
	find("delete from book where title eq")
	if n := len(c.Shapes); n < 18 {
		t.Errorf("%d shapes were recorded, of REST and GraphQL", n)
	}
}

func TestLookingIsForOneAtATimeAndNotForOtherSites(t *testing.T) {
	s := singleTable(t)
	app, err := pintail.New(t.Context(), pintail.Config{Parsed: s, Database: "sqlite:" + filepath.Join(t.TempDir(), "x.db"), Open: true})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	for site, want := range map[string]int{"": 200, "none": 200, "same-origin": 200, "same-site": 403, "cross-site": 403} {
		if got := askAdmin(app, "/shapes?look=true", "Sec-Fetch-Site", site).Code; got != want {
			t.Errorf("Sec-Fetch-Site %q: %d, want %d", site, got, want)
		}
	}
	if got := askAdmin(app, "/shapes", "Sec-Fetch-Site", "cross-site").Code; got != http.StatusOK {
		t.Errorf("without looking: %d", got)
	}
	if got := askAdmin(app, "/shapes?look=maybe"); got.Code != http.StatusBadRequest || got.Body.String() != "?look is true or false, not \"maybe\"\n" {
		t.Errorf("look=maybe: %d %s", got.Code, got.Body)
	}
}

func singleTable(t *testing.T) *schema.Schema {
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: `type thing @table { id: bigint! @id }`})
	if len(mistakes) > 0 {
		t.Fatal(schema.Mistakes(mistakes))
	}
	return s
}
