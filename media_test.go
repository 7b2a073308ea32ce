package pintail_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/schema"
)

const mediaSQL = `
CREATE DOMAIN "text/html" AS text;
CREATE DOMAIN "text/plain" AS text;
CREATE DOMAIN "text/csv" AS text;
CREATE DOMAIN "text/xml" AS xml;
CREATE DOMAIN "application/json" AS jsonb;
CREATE DOMAIN "image/png" AS bytea;
CREATE DOMAIN "*/*" AS bytea;
CREATE DOMAIN "no type" AS text;
CREATE FUNCTION page(name text) RETURNS "text/html" STABLE LANGUAGE sql AS $$ SELECT format('<h1>%s</h1>', name)::"text/html" $$;
CREATE FUNCTION pages() RETURNS SETOF "text/html" STABLE LANGUAGE sql AS $$ SELECT 'a'::"text/html" $$;
CREATE FUNCTION nothing() RETURNS "text/plain" STABLE LANGUAGE sql AS $$ SELECT NULL::"text/plain" $$;
CREATE FUNCTION sheet() RETURNS "text/csv" STABLE LANGUAGE sql AS $$ SELECT E'a;b\n'::"text/csv" $$;
CREATE FUNCTION feed() RETURNS "text/xml" STABLE LANGUAGE sql AS $$ SELECT E'\n<a/>'::"text/xml" $$;
CREATE FUNCTION doc() RETURNS "application/json" STABLE LANGUAGE sql AS $$ SELECT '{"b": 1}'::"application/json" $$;
CREATE FUNCTION picture(size int DEFAULT 3) RETURNS "image/png" STABLE LANGUAGE sql AS $$ SELECT (decode('89504e47', 'hex') || '\x000aff'::bytea)::"image/png" $$;
CREATE FUNCTION any_type() RETURNS "*/*" STABLE LANGUAGE sql AS $$ SELECT 'x'::bytea::"*/*" $$;
CREATE FUNCTION odd() RETURNS "no type" STABLE LANGUAGE sql AS $$ SELECT 'odd'::"no type" $$;
CREATE FUNCTION named() RETURNS "*/*" LANGUAGE plpgsql AS $$ BEGIN
	PERFORM set_config('response.headers', '[{"Content-Type": "text/calendar"}]', true);
	RETURN 'cal'::bytea;
END $$;
CREATE FUNCTION echo(text) RETURNS "text/plain" LANGUAGE sql AS $$ SELECT $1::"text/plain" $$;
CREATE FUNCTION many(a int) RETURNS "text/html" STABLE LANGUAGE sql AS $$ SELECT 'int'::"text/html" $$;
CREATE FUNCTION many(b text) RETURNS "text/plain" STABLE LANGUAGE sql AS $$ SELECT 'text'::"text/plain" $$;
`

// fromDatabase serves a database by the schema file that is made from it.
func fromDatabase(t *testing.T, sql string, set ...func(*pintail.Config)) *served {
	t.Helper()
	dsn := pgtest.DSN(t)
	execute(t, dsn, sql)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := migrate.InspectPostgres(t.Context(), conn, migrate.Options{})
	conn.Close(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: schema.Print(found)})
	if s == nil {
		t.Fatal(schema.Mistakes(mistakes))
	}
	return serve(t, s, dsn, set...)
}

// A mediaCase is what a request gets that accepts a media type: a status and a Content-Type, and where that is 200 a body.
type mediaCase struct {
	request, accept string
	status          int
	kind, body      string
}

func (c mediaCase) check(t *testing.T, got reply) {
	t.Helper()
	if kind := got.header.Get("Content-Type"); got.status != c.status || kind != c.kind || c.status == 200 && got.body != c.body {
		t.Errorf("%s as %s: got %d %s %q, want %d %s %q", c.request, c.accept, got.status, kind, got.body, c.status, c.kind, c.body)
	}
}

// Functions that return a domain named like a media type write the answer themselves, to who asks for that type.
func TestMediaTypesOfFunctions(t *testing.T) {
	at := fromDatabase(t, mediaSQL)
	const json = "application/json; charset=utf-8"
	for _, c := range []mediaCase{
		{"page?name=%3Cb%3E", "text/html", 200, "text/html", "<h1><b></h1>"},
		{"page?name=x", "text/plain, text/html;q=0.9", 200, "text/html", "<h1>x</h1>"},
		{"page?name=x", "text/html;q=0.1, application/json", 200, json, `"<h1>x</h1>"`},
		{"page?name=x", "*/*", 200, json, `"<h1>x</h1>"`},
		{"page?name=x", "text/plain", 406, json, ""},
		{"pages", "text/html", 406, json, ""},
		{"nothing", "text/plain", 200, "text/plain; charset=utf-8", ""},
		{"nothing", "application/json", 200, json, "null"},
		{"sheet", "text/csv", 200, "text/csv; charset=utf-8", "a;b\n"},
		{"feed", "text/xml", 200, "text/xml; charset=utf-8", "<a/>"},
		{"doc", "application/json", 200, json, `{"b": 1}`},
		{"picture", "image/png", 200, "image/png", "\x89PNG\x00\n\xff"},
		{"picture?size=4", "image/png", 200, "image/png", "\x89PNG\x00\n\xff"},
		{"any_type", "*/*", 200, "application/octet-stream", "x"},
		{"any_type", "app/bingo", 200, "application/octet-stream", "x"},
		{"named", "*/*", 200, "text/calendar", "cal"},
		{"odd", "no type", 406, json, ""},
		{"many?a=1", "text/html", 200, "text/html", "int"},
		{"many?b=1", "text/plain", 200, "text/plain; charset=utf-8", "text"},
		{"many?b=1", "text/html", 406, json, ""},
	} {
		method := "GET"
		if c.request == "named" {
			method = "POST"
		}
		got := ask(t, method, at.rest+"rpc/"+c.request, "", "Accept", c.accept)
		c.check(t, got)
	}
	got := ask(t, "POST", at.rest+"rpc/echo", "a\tb", "Accept", "text/plain", "Content-Type", "text/plain")
	if got.status != 200 || got.body != "a\tb" {
		t.Errorf("echo: %d %q", got.status, got.body)
	}
}

// handlersSQL has PostgREST's own examples (its documentation, "Media Type Handlers"), and aggregates over rows of anything.
const handlersSQL = `
CREATE TABLE owner (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE route (id int PRIMARY KEY, name text, owner_id int REFERENCES owner);
CREATE TABLE plain (id int PRIMARY KEY, "v" text, t0 int);
INSERT INTO owner VALUES (1, 'Ada'), (2, 'Bob');
INSERT INTO route VALUES (1, 'one', 1), (2, 'two', 1), (3, 'three', 2);
INSERT INTO plain VALUES (1, 'a', 2);
CREATE VIEW "route.xml" AS SELECT id, name FROM route;
CREATE FUNCTION lines_of(owner int) RETURNS SETOF route STABLE LANGUAGE sql AS $$ SELECT * FROM route WHERE owner_id = owner ORDER BY id $$;
CREATE FUNCTION one_line(id int) RETURNS route STABLE LANGUAGE sql AS $$ SELECT * FROM route WHERE route.id = one_line.id $$;
CREATE FUNCTION answer() RETURNS int IMMUTABLE LANGUAGE sql AS $$ SELECT 42 $$;

CREATE DOMAIN "application/vnd.twkb" AS bytea;
CREATE FUNCTION twkb_next(state bytea, next route) RETURNS "application/vnd.twkb" IMMUTABLE LANGUAGE sql AS $$
	SELECT state || convert_to(next.id || next.name, 'UTF8') || '\x00'::bytea $$;
CREATE AGGREGATE twkb_agg (route) (initcond = '', stype = "application/vnd.twkb", sfunc = twkb_next);

CREATE DOMAIN "text/csv" AS text;
CREATE FUNCTION csv_next(state text, next route) RETURNS "text/csv" IMMUTABLE LANGUAGE sql AS $$ SELECT state || next.id || ',' || next.name || E'\n' $$;
CREATE FUNCTION csv_end(data "text/csv") RETURNS "text/csv" LANGUAGE sql AS $$
	SELECT set_config('response.headers', '[{"Content-Disposition": "attachment; filename=\"lines.csv\""}]', true);
	SELECT (E'\uFEFF' || E'id,name\n' || data)::"text/csv" $$;
CREATE AGGREGATE csv_agg (route) (initcond = '', stype = "text/csv", sfunc = csv_next, finalfunc = csv_end);

CREATE DOMAIN "*/*" AS xml;
CREATE FUNCTION xml_next(state "*/*", next "route.xml") RETURNS "*/*" IMMUTABLE LANGUAGE sql AS $$
	SELECT xmlconcat(state, xmlelement(name line, xmlattributes(next.id AS id), next.name))::"*/*" $$;
CREATE FUNCTION xml_end(data "*/*") RETURNS "*/*" LANGUAGE plpgsql AS $$
DECLARE accept text := current_setting('request.headers', true)::json->>'accept';
BEGIN
	IF accept IN ('*/*', 'text/xml') THEN PERFORM set_config('response.headers', '[{"Content-Type": "text/xml"}]', true);
	ELSE RAISE SQLSTATE 'PT415' USING message = 'Unsupported Media Type'; END IF;
	RETURN data;
END $$;
CREATE AGGREGATE xml_agg ("route.xml") (stype = "*/*", sfunc = xml_next, finalfunc = xml_end);

CREATE DOMAIN "text/x-none" AS text;
CREATE FUNCTION none_next(state "text/x-none", next route) RETURNS "text/x-none" IMMUTABLE LANGUAGE sql AS $$ SELECT NULL::"text/x-none" $$;
CREATE AGGREGATE none_agg (route) (stype = "text/x-none", sfunc = none_next);

CREATE DOMAIN "text/x-keys" AS text;
CREATE FUNCTION keys_next(state "text/x-keys", next anyelement) RETURNS "text/x-keys" IMMUTABLE LANGUAGE sql AS $$
	SELECT (state || coalesce((SELECT string_agg(key, ' ') FROM json_object_keys(CASE json_typeof(to_json(next)) WHEN 'object' THEN to_json(next) END) AS key), next::text) || ';')::"text/x-keys" $$;
CREATE FUNCTION keys_end(data "text/x-keys") RETURNS "text/x-keys" LANGUAGE sql AS $$
	SELECT set_config('response.headers', '[{"X-Keys": "' || length(data) || '"}]', true);
	SELECT data $$;
CREATE AGGREGATE keys_agg (anyelement) (initcond = '', stype = "text/x-keys", sfunc = keys_next, finalfunc = keys_end);
`

// Aggregates that give a domain named like a media type write the rows of their table, or those of anything.
func TestMediaTypesOfRows(t *testing.T) {
	at := fromDatabase(t, handlersSQL, func(c *pintail.Config) { c.REST.Plan = true })
	const json, csv = "application/json; charset=utf-8", "text/csv; charset=utf-8"
	for _, c := range []mediaCase{
		{"route", "application/vnd.twkb", 200, "application/vnd.twkb", "1one\x002two\x003three\x00"},
		{"route?id=gt.1&order=id.desc", "application/vnd.twkb", 200, "application/vnd.twkb", "3three\x002two\x00"},
		{"route?order=name.asc&limit=1&select=*", "application/vnd.twkb", 200, "application/vnd.twkb", "1one\x00"},
		{"route?id=eq.9", "application/vnd.twkb", 200, "application/vnd.twkb", ""},
		{"route", "text/x-none", 200, "text/x-none", ""},
		{"route?id=eq.9", "text/x-none", 200, "text/x-none", ""},
		{"route?select=id", "application/vnd.twkb", 406, json, ""},
		{"route?select=*,owner(name)", "application/vnd.twkb", 406, json, ""},
		{"plain", "application/vnd.twkb", 406, json, ""},
		{"rpc/lines_of?owner=1", "application/vnd.twkb", 200, "application/vnd.twkb", "1one\x002two\x00"},
		{"rpc/lines_of?owner=1&id=eq.2", "application/vnd.twkb", 200, "application/vnd.twkb", "2two\x00"},
		{"rpc/one_line?id=3", "application/vnd.twkb", 200, "application/vnd.twkb", "3three\x00"},
		{"rpc/answer", "application/vnd.twkb", 406, json, ""},
		{"route?id=eq.1", "text/csv", 200, csv, "\ufeffid,name\n1,one\n"},
		{"route?id=eq.1&select=id,name", "text/csv", 200, csv, "id,name\n1,one"},
		{"owner?id=eq.1", "text/csv", 200, csv, "id,name\n1,Ada"},
		{"route?id=eq.1", "*/*", 200, json, `[{"id":1,"name":"one","owner_id":1}]`},
		{"route.xml?id=eq.1", "*/*", 200, "text/xml", `<line id="1">one</line>`},
		{"route.xml?id=eq.1", "text/xml", 200, "text/xml", `<line id="1">one</line>`},
		{"route.xml?id=eq.1", "unknown/media", 415, json, ""},
		{"route.xml?id=eq.1&select=id", "*/*", 200, json, `[{"id":1}]`},
		{"route.xml?id=eq.1", "application/vnd.pgrst.object+json", 200, "application/vnd.pgrst.object+json; charset=utf-8", `{"id":1,"name":"one"}`},
		{"route?select=id,who:owner(name)&limit=2", "text/x-keys", 200, "text/x-keys", "id who;id who;"},
		{"plain", "text/x-keys", 200, "text/x-keys", "id v t0;"},
		{"rpc/answer", "text/x-keys", 200, "text/x-keys", "42;"},
		{"rpc/lines_of?owner=2&select=name", "text/x-keys, application/json", 200, "text/x-keys", "name;"},
	} {
		got := ask(t, "GET", at.rest+c.request, "", "Accept", c.accept)
		c.check(t, got)
		if head := ask(t, "HEAD", at.rest+c.request, "", "Accept", c.accept); head.status != got.status && got.status != 415 || head.body != "" {
			t.Errorf("HEAD %s as %s: %d %q", c.request, c.accept, head.status, head.body)
		}
	}
	got := ask(t, "GET", at.rest+"route?limit=2", "", "Accept", "text/csv", "Prefer", "count=exact")
	if got.status != 206 || got.header.Get("Content-Range") != "0-1/3" || got.header.Get("Content-Disposition") != `attachment; filename="lines.csv"` {
		t.Errorf("a page of lines: %d %v", got.status, got.header)
	}
	for _, c := range []struct{ method, request, body, want string }{
		{"POST", "route", `{"id": 7, "name": "seven"}`, "7seven\x00"},
		{"PATCH", "route?id=eq.7", `{"name": "new"}`, "7new\x00"},
		{"DELETE", "route?id=eq.7", "", "7new\x00"},
	} {
		got := ask(t, c.method, at.rest+c.request, c.body, "Accept", "application/vnd.twkb", "Prefer", "return=representation")
		if got.body != c.want || got.header.Get("Content-Type") != "application/vnd.twkb" {
			t.Errorf("%s %s: %d %s %q", c.method, c.request, got.status, got.header.Get("Content-Type"), got.body)
		}
	}
	for _, columns := range []string{"id", "id,owner(name)"} { // what looks further is read after the write
		got := ask(t, "PATCH", at.rest+"route?id=eq.1&select="+columns, `{"owner_id": 2}`, "Accept", "text/x-keys", "Prefer", "return=representation")
		want := strings.NewReplacer(",", " ", "(name)", "").Replace(columns) + ";"
		if got.status != 200 || got.body != want || got.header.Get("X-Keys") != strconv.Itoa(len(want)) {
			t.Errorf("PATCH with %s: %d %v %q", columns, got.status, got.header, got.body)
		}
	}
	got = ask(t, "GET", at.rest+"route", "", "Accept", `application/vnd.pgrst.plan+json; for="application/vnd.twkb"; options=verbose`)
	if got.status != 200 || !strings.Contains(got.body, "twkb_agg(") {
		t.Errorf("the plan: %d %s", got.status, got.body)
	}
}

// Whatever the database runs of its own for a request may read it: triggers, defaults and views. Triggers may set status and headers of the
// answer.
func TestDatabaseReadsTheRequest(t *testing.T) {
	at := fromDatabase(t, `
CREATE TABLE note (id int PRIMARY KEY, by text DEFAULT current_setting('request.headers', true)::json->>'x-by');
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	PERFORM set_config('response.headers', json_build_array(json_build_object('X-Wrote', TG_OP || ' ' || current_setting('request.method', true) || ' ' ||
		current_setting('request.path', true) || ' ' || (current_setting('request.cookies', true)::json->>'jar')))::text, true);
	IF NEW.id = 418 THEN PERFORM set_config('response.status', '418', true); END IF;
	RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON note FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE VIEW asked AS SELECT current_setting('request.headers', true)::json->>'x-by' AS by, current_setting('request.method', true) AS how,
	current_setting('request.jwt.claims', true)::json->>'role' AS role;
`)
	got := ask(t, "POST", at.rest+"note?columns=id", `{"id": 1}`, "X-By", "Ada", "Cookie", "jar=jam", "Prefer", "return=representation, missing=default")
	if got.status != 201 || got.body != `[{"id":1,"by":"Ada"}]` || got.header.Get("X-Wrote") != "INSERT POST /note jam" {
		t.Errorf("an insert: %d %s %v", got.status, got.body, got.header)
	}
	got = ask(t, "POST", at.rest+"note?columns=id,by", `{"id": 418}`, "X-By", "Ada", "Cookie", "jar=jam", "Prefer", "return=representation, missing=default")
	if got.status != 418 || got.body != `[{"id":418,"by":"Ada"}]` {
		t.Errorf("an insert of a teapot: %d %s %v", got.status, got.body, got.header)
	}
	got = ask(t, "PATCH", at.rest+"note?id=eq.1", `{"by": "me"}`, "Cookie", "jar=x")
	if got.status != 204 || got.header.Get("X-Wrote") != "UPDATE PATCH /note x" {
		t.Errorf("an update: %d %s %v", got.status, got.body, got.header)
	}
	if got = ask(t, "GET", at.rest+"asked", "", "X-By", "Bob"); got.body != `[{"by":"Bob","how":"GET","role":"admin"}]` {
		t.Errorf("a view: %d %s", got.status, got.body)
	}
	if got = ask(t, "GET", at.rest+"asked?select=by", ""); got.body != `[{"by":null}]` {
		t.Errorf("a view, without the header: %d %s", got.status, got.body)
	}
}
