package postgres_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/internal/api/rest"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/postgres"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// toolsSQL is what only PostgreSQL has: functions, computed columns and relations, domains with casts, views, odd names.
const toolsSQL = `
CREATE TABLE band (id int PRIMARY KEY, name text NOT NULL, at point, span int4range, size_cm real[]);
CREATE TABLE player (id int PRIMARY KEY, name text NOT NULL, band_id int REFERENCES band, chief_id int REFERENCES player);
CREATE TABLE song (id int PRIMARY KEY, title text NOT NULL, words tsvector);
CREATE TABLE plays (player_id int REFERENCES player, song_id int REFERENCES song, PRIMARY KEY (player_id, song_id));
INSERT INTO band VALUES (1, 'Ducks', '(1,2)', '[1,5)', '{1.5,2}'), (2, 'Geese', NULL, 'empty', NULL);
INSERT INTO player VALUES (1, 'Ada', 1, NULL), (2, 'Bob', 1, 1), (3, 'Cyd', 2, 1), (4, 'Dan', NULL, 2);
INSERT INTO song VALUES (1, 'Quack', to_tsvector('the fat ducks')), (2, 'Honk', to_tsvector('thin geese'));
INSERT INTO plays VALUES (1, 1), (1, 2), (2, 1), (3, 2);

CREATE FUNCTION initial(player) RETURNS text STABLE LANGUAGE sql AS $$ SELECT left($1.name, 1) $$;
CREATE FUNCTION mates(player) RETURNS SETOF player STABLE LANGUAGE sql AS $$ SELECT * FROM player p WHERE p.band_id = $1.band_id AND p.id <> $1.id $$;
CREATE FUNCTION their_band(player) RETURNS SETOF band ROWS 1 STABLE LANGUAGE sql AS $$ SELECT * FROM band b WHERE b.id = $1.band_id $$;

CREATE FUNCTION add(a int, b int DEFAULT 10) RETURNS int IMMUTABLE LANGUAGE sql AS $$ SELECT a + b $$;
CREATE FUNCTION numbers(upto int) RETURNS SETOF int IMMUTABLE LANGUAGE sql AS $$ SELECT generate_series(1, upto) $$;
CREATE FUNCTION players_of(band text) RETURNS SETOF player STABLE LANGUAGE sql AS $$ SELECT p.* FROM player p JOIN band b ON b.id = p.band_id WHERE b.name = band $$;
CREATE FUNCTION one_player(id int) RETURNS player STABLE LANGUAGE sql AS $$ SELECT * FROM player p WHERE p.id = one_player.id $$;
CREATE FUNCTION pairs() RETURNS TABLE (n int, word text) IMMUTABLE LANGUAGE sql AS $$ VALUES (1, 'one'), (2, 'two') $$;
CREATE FUNCTION divide(a int, b int, OUT quotient int, OUT rest int) IMMUTABLE LANGUAGE sql AS $$ SELECT a / b, a % b $$;
CREATE FUNCTION joined(VARIADIC words text[]) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT array_to_string(words, '|') $$;
CREATE FUNCTION echo(json) RETURNS json IMMUTABLE LANGUAGE sql AS $$ SELECT $1 $$;
CREATE FUNCTION bytes(bytea) RETURNS int IMMUTABLE LANGUAGE sql AS $$ SELECT length($1) $$;
CREATE FUNCTION rename(id int, name text) RETURNS void LANGUAGE sql AS $$ UPDATE player SET name = rename.name WHERE player.id = rename.id $$;
CREATE FUNCTION teapot() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
	PERFORM set_config('response.status', '418', true), set_config('response.headers', '[{"X-Pot": "tea"}, {"X-Pot": "two"}]', true);
	RETURN current_setting('request.method', true) || ' ' || (current_setting('request.headers', true)::json->>'x'); END $$;
CREATE FUNCTION odd_status() RETURNS int LANGUAGE sql AS $$ SELECT set_config('response.status', 'x', true); SELECT 1 $$;

CREATE DOMAIN color AS int;
CREATE FUNCTION color_json(color) RETURNS json IMMUTABLE LANGUAGE sql AS $$ SELECT to_json('#' || lpad(to_hex($1::int), 6, '0')) $$;
CREATE FUNCTION color_of(text) RETURNS color IMMUTABLE LANGUAGE sql AS $$ SELECT (('x' || lpad(ltrim($1, '#'), 8, '0'))::bit(32)::int)::color $$;
CREATE FUNCTION color_of(json) RETURNS color IMMUTABLE LANGUAGE sql AS $$ SELECT color_of($1 #>> '{}') $$;
CREATE CAST (color AS json) WITH FUNCTION color_json(color) AS IMPLICIT;
CREATE CAST (text AS color) WITH FUNCTION color_of(text) AS IMPLICIT;
CREATE CAST (json AS color) WITH FUNCTION color_of(json) AS IMPLICIT;
CREATE TABLE paint (id int PRIMARY KEY, color color DEFAULT 255);
INSERT INTO paint VALUES (1, 16711680), (2, 65280);

CREATE TABLE "t0" (id int PRIMARY KEY, "r" int, "w" text, "select" text, "e1" jsonb, "pintail_row" int, "a""b\c" text, "$1" text, "; DROP TABLE band; --" text);
INSERT INTO "t0" VALUES (1, 2, 'w', 's', '{"k":[1]}', 3, 'q', 'd', 'x');
CREATE FUNCTION doubled("t0") RETURNS int STABLE LANGUAGE sql AS $$ SELECT $1.r * 2 $$;
CREATE VIEW ducks AS SELECT * FROM player WHERE band_id = 1;
`

// A door answers REST requests on a database as the node does.
type door struct {
	schema *schema.Schema
	store  store.Store
	end    string
}

// openDoor opens a store with c on the database at dsn, or where c names an address of its own through that, by the schema that the
// database has.
func openDoor(t testing.TB, dsn string, c postgres.Config) *door {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	s, _, err := migrate.InspectPostgres(context.Background(), conn, migrate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.DSN == "" {
		c.DSN = dsn
	}
	c.Default, c.SearchPath = s.Default, append(s.Exposed, s.SearchPath...)
	st, err := postgres.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return &door{schema: s, store: st, end: "rollback"}
}

// ask takes "METHOD path?query", and after " | " a header or "-", and after another a body.
func (d *door) ask(t testing.TB, request string) (store.Result, error) {
	t.Helper()
	parts := strings.SplitN(request, " | ", 3)
	method, target, _ := strings.Cut(parts[0], " ")
	path, raw, _ := strings.Cut(target, "?")
	decoded, err := url.PathUnescape(path)
	if err != nil {
		t.Fatal(err)
	}
	headers := map[string]string{}
	if len(parts) > 1 && parts[1] != "-" {
		name, value, _ := strings.Cut(parts[1], ": ")
		headers[name] = value
	}
	r := &api.Request{Method: method, Path: decoded, RawPath: path, RawQuery: raw, Header: func(n string) string { return headers[n] },
		Values: func(n string) []string {
			if v, ok := headers[n]; ok {
				return []string{v}
			}
			return nil
		}}
	if len(parts) > 2 {
		r.Body, r.BodyLen = strings.NewReader(parts[2]), int64(len(parts[2]))
	}
	a, err := rest.Parse(r, rest.Options{Default: d.schema.Default, Exposed: d.schema.Exposed, TxEnd: d.end})
	if err != nil {
		return store.Result{}, err
	}
	_, args := query.Parameterize(a.Query, nil)
	p, err := plan.Resolve(a.Query, d.schema, plan.Options{Aggregates: true})
	if err != nil {
		return store.Result{}, err
	}
	ctx := store.WithSettings(t.Context(), &store.Settings{
		Method: method, Path: path, Headers: []byte(`{"x":"y"}`), Cookies: []byte(`{}`), Claims: []byte(`{"role":"admin"}`),
	})
	if p.Op == plan.Read {
		return d.store.Read(ctx, p, args)
	}
	return d.store.Write(ctx, store.Tx{Plan: p, Args: args})
}

var questions = []struct{ request, want string }{
	{`POST /rpc/add | - | [{"a":1,"b":2},{"a":5,"b":6}]`, `3`},
	{`POST /rpc/echo | - | [{"a":1},{"a":2}]`, `[{"a":1},{"a":2}]`},
	{"POST /rpc/add | Content-Type: text/csv | a,b\n4,5\n", `9`},
	{`GET /player?select=id,initial&initial=eq.A`, `[{"id":1,"initial":"A"}]`},
	{`GET /player?select=name,mates(name),their_band(name)&id=lt.4&order=initial.desc`,
		`[{"name":"Cyd","mates":[],"their_band":{"name":"Geese"}},{"name":"Bob","mates":[{"name":"Ada"}],"their_band":{"name":"Ducks"}},{"name":"Ada","mates":[{"name":"Bob"}],"their_band":{"name":"Ducks"}}]`},
	{`GET /player?select=name,song(title)&song.order=title&id=eq.1`, `[{"name":"Ada","song":[{"title":"Honk"},{"title":"Quack"}]}]`},
	{`GET /player?select=name,...band(band:name,id)&id=in.(1,4)`, `[{"name":"Ada","band":"Ducks","id":1},{"name":"Dan","band":null,"id":null}]`},
	{`GET /band?select=name,...player(players:name)`, `[{"name":"Ducks","players":["Ada", "Bob"]},{"name":"Geese","players":["Cyd"]}]`},
	{`GET /band?select=name,...player!inner(name,...song(title))&player.name=eq.Ada`, `[{"name":"Ducks","name":["Ada"],"title":[["Quack", "Honk"]]}]`},
	{`GET /player?select=name,chief_id(name)&chief_id=not.is.null&limit=1`, `[{"name":"Bob","chief_id":{"name":"Ada"}}]`},
	{`GET /player?select=name,player(name)&player=is.null`, `[{"name":"Cyd","player":[]},{"name":"Dan","player":[]}]`},
	{`GET /player?select=name,band()&band=is.null`, `[{"name":"Dan"}]`},
	{`GET /player?select=name,band(name)&order=band(name).desc,id.desc`, `[{"name":"Dan","band":null},{"name":"Cyd","band":{"name":"Geese"}},{"name":"Bob","band":{"name":"Ducks"}},{"name":"Ada","band":{"name":"Ducks"}}]`},
	{`GET /player?select=count(),...band(name)&order=band(name)`, `[{"count":2,"name":"Ducks"},{"count":1,"name":"Geese"},{"count":1,"name":null}]`},
	{`GET /player?select=...band(name),id.sum()`, `[{"sum":3,"name":"Ducks"},{"sum":3,"name":"Geese"},{"sum":4,"name":null}]`},
	{`GET /player?select=count(),band(name)&limit=1&band_id=eq.1`, `[{"count":2,"band":{"name":"Ducks"}}]`},
	{`GET /band?select=name,player(count())`, `[{"name":"Ducks","player":[{"count":2}]},{"name":"Geese","player":[{"count":1}]}]`},
	{`GET /band?select=at,span,size_cm,size_cm->0&id=eq.1`, `[{"at":"(1,2)","span":"[1,5)","size_cm":[1.5,2],"size_cm":1.5}]`},
	{`GET /band?select=id&span=cs.2`, `22P02`},
	{`GET /band?select=id&span=cs.[2,3)`, `[{"id":1}]`},
	{`GET /song?select=title&words=fts(english).duck`, `[{"title":"Quack"}]`},
	{`GET /song?select=title&title=plfts.honk`, `[{"title":"Honk"}]`},
	{`GET /song?select=title&title=fts(nonsense).honk`, `42704`},
	{`GET /ducks?select=name,band(name)&order=name`, `[{"name":"Ada","band":{"name":"Ducks"}},{"name":"Bob","band":{"name":"Ducks"}}]`},

	{`GET /rpc/add?a=1&b=2`, `3`}, {`GET /rpc/add?a=1`, `11`}, {`POST /rpc/add | - | {"a":4,"b":5}`, `9`},
	{`GET /rpc/add?a=x`, `22P02`},
	{`GET /rpc/numbers?upto=3`, `[1, 2, 3]`},
	{`GET /rpc/players_of?band=Ducks&select=name,initial,band(name),mates(name)&order=name.desc&limit=1`, `[{"name":"Bob","initial":"B","band":{"name":"Ducks"},"mates":[{"name":"Ada"}]}]`},
	{`GET /rpc/one_player?id=3&select=name`, `{"name":"Cyd"}`},
	{`GET /rpc/pairs?n=eq.2`, `[{"n":2,"word":"two"}]`},
	{`GET /rpc/pairs | Accept: text/csv`, "n,word\n1,one\n2,two"},
	{`GET /rpc/divide?a=7&b=2`, `{"quotient":3,"rest":1}`},
	{`GET /rpc/divide?a=7&b=0`, `22012`},
	{`GET /rpc/joined?words=a&words=b,c&words={d}`, `"a|b,c|{d}"`},
	{`POST /rpc/joined | - | {"words":["x","y"]}`, `"x|y"`},
	{`POST /rpc/echo | - | {"a": [1, 2]}`, `{"a": [1, 2]}`},
	{"POST /rpc/bytes | Content-Type: application/octet-stream | a\x00\xffb", `4`},
	{`POST /rpc/rename | - | {"id":1,"name":"Zoe"}`, ``},
	{`GET /rpc/rename?id=1&name=Zoe`, `25006`},
	{`POST /rpc/teapot | - | {}`, `"POST y"`},
	{`POST /rpc/odd_status | - | {}`, `PGRST112`},

	{`GET /paint?select=id,color&color=eq.%23ff0000`, `[{"id":1,"color":"#ff0000"}]`},
	{`GET /paint?select=id&color=in.(%2300ff00,%23ff0000)`, `[{"id":1},{"id":2}]`},
	{`POST /paint?select=color | Prefer: return=representation | [{"id":3,"color":"#00000f"},{"id":4,"color":null}]`, `[{"color":"#00000f"},{"color":null}]`},
	{`POST /paint?select=color&columns=id,color | Prefer: return=representation, missing=default | [{"id":3}]`, `[{"color":"#0000ff"}]`},
	{`PATCH /player?id=eq.1&select=name,initial,mates(name),band(name) | Prefer: return=representation | {"name":"Zoe"}`, `[{"name":"Zoe","initial":"Z","mates":[{"name":"Bob"}],"band":{"name":"Ducks"}}]`},
	{`DELETE /plays?player_id=eq.1&select=song(title) | Prefer: return=representation`, `[{"song":{"title":"Quack"}},{"song":{"title":"Honk"}}]`},

	{`GET /t0`, `[{"id":1,"r":2,"w":"w","select":"s","e1":{"k": [1]},"pintail_row":3,"a\"b\\c":"q","$1":"d","; DROP TABLE band; --":"x"}]`},
	{`GET /t0?select=r,doubled,e1->k->0,"$1"&"; DROP TABLE band; --"=eq.x&order="a\"b\\c"`, `[{"r":2,"doubled":4,"k":1,"$1":"d"}]`},
	{`PATCH /t0?id=eq.1&select=doubled,pintail_row | Prefer: return=representation | {"r":5,"a\"b\\c":"'; --"}`, `[{"doubled":10,"pintail_row":3}]`},
	{`GET /t0?select="x');DROP TABLE band;--":r`, `[{"x');DROP TABLE band;--":2}]`},
	{`GET /t0?select=id::"text\"; DROP TABLE band; --"`, `PGRST100`},
	{`GET /t0?w=eq.'; DROP TABLE band; --`, `[]`},
	{`GET /t0?e1->>"k'; DROP TABLE band; --"=is.null&select=id`, `[{"id":1}]`},
}

func TestREST(t *testing.T) {
	for name, pooled := range map[string]bool{"direct": false, "pooled": true} {
		t.Run(name, func(t *testing.T) {
			dsn := pgtest.DSN(t)
			execute(t, dsn, toolsSQL)
			d := openDoor(t, dsn, postgres.Config{Pooled: pooled})
			d.askAll(t)
		})
	}
}

// askAll asks all questions and holds the answers against those that are wanted.
func (d *door) askAll(t *testing.T) {
	t.Helper()
	for _, q := range questions {
		got, err := d.ask(t, q.request)
		have := strings.ReplaceAll(string(got.Body), ", \n ", ",")
		if err != nil {
			have, _, _ = strings.Cut(err.Error(), ":")
		}
		if have != q.want {
			t.Errorf("%s\ngot  %s (%v)\nwant %s", q.request, have, err, q.want)
		}
		if strings.Contains(q.request, "teapot") && (got.Status != 418 || len(got.Headers) != 2 || got.Headers[1] != [2]string{"X-Pot", "two"}) {
			t.Errorf("%s\ngot status %d, headers %v\nwant 418 and X-Pot: two", q.request, got.Status, got.Headers)
		}
	}
}

func execute(t testing.TB, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}
