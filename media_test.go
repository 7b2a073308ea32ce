package pintail_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
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

// Functions that return a domain named like a media type write the answer themselves, to who asks for that type.
func TestMediaTypesOfFunctions(t *testing.T) {
	dsn := pgtest.DSN(t)
	execute(t, dsn, mediaSQL)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := migrate.InspectPostgres(t.Context(), conn, migrate.Options{})
	conn.Close(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	at := serve(t, s, dsn)
	const json = "application/json; charset=utf-8"
	for _, c := range []struct {
		request, accept string
		status          int
		kind, body      string
	}{
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
		if got.status != c.status || got.header.Get("Content-Type") != c.kind || c.status == 200 && got.body != c.body {
			t.Errorf("%s as %s: %d %s %q", c.request, c.accept, got.status, got.header.Get("Content-Type"), got.body)
		}
	}
	got := ask(t, "POST", at.rest+"rpc/echo", "a\tb", "Accept", "text/plain", "Content-Type", "text/plain")
	if got.status != 200 || got.body != "a\tb" {
		t.Errorf("echo: %d %q", got.status, got.body)
	}
}
