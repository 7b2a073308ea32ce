package postgres_test

import (
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/store/postgres"
)

const sneakySQL = `
CREATE TABLE visit (n int);
CREATE TABLE page (id int PRIMARY KEY, title text);
INSERT INTO page VALUES (1, 'Home');
CREATE FUNCTION note() RETURNS int LANGUAGE sql AS $$ INSERT INTO visit VALUES (1) RETURNING n $$;
CREATE FUNCTION hits(page) RETURNS int LANGUAGE sql AS $$ SELECT note() $$;
CREATE FUNCTION visits(page) RETURNS SETOF visit LANGUAGE sql AS $$ INSERT INTO visit VALUES (2) RETURNING * $$;
CREATE VIEW counted AS SELECT id, title, note() AS n FROM page;
CREATE VIEW titles AS SELECT id, title FROM page;
CREATE DOMAIN secret AS int;
CREATE FUNCTION json(secret) RETURNS json LANGUAGE sql AS $$ SELECT to_json(note()) $$;
CREATE CAST (secret AS json) WITH FUNCTION json(secret) AS IMPLICIT;
CREATE TABLE safe (id int PRIMARY KEY, code secret);
INSERT INTO safe VALUES (1, 7);
`

// A read runs what the database's owner put behind a name; none of it may write, whatever it is made of.
func TestReadsDoNotWrite(t *testing.T) {
	for name, pooled := range map[string]bool{"direct": false, "pooled": true} {
		t.Run(name, func(t *testing.T) {
			dsn := pgtest.DSN(t)
			execute(t, dsn, sneakySQL)
			d := openDoor(t, dsn, postgres.Config{Pooled: pooled})
			for request, want := range map[string]string{
				`GET /counted`:                                         `25006`,
				`GET /counted?select=id&n=eq.1`:                        `25006`,
				`GET /counted?select=id&order=n`:                       `25006`,
				`GET /counted?select=n | Prefer: count=exact`:          `25006`,
				`GET /counted?select=n&limit=1 | Prefer: timezone=UTC`: `25006`,
				`GET /page?select=id,hits`:                             `25006`,
				`GET /page?select=id&order=hits`:                       `25006`,
				`GET /page?select=id,visits(n)`:                        `25006`,
				`GET /page?select=id,visits!inner()`:                   `25006`,
				`GET /safe`:                                            `25006`,
				`GET /titles`:                                          `[{"id":1,"title":"Home"}]`,
				`GET /page`:                                            `[{"id":1,"title":"Home"}]`,
				`GET /visit`:                                           `[]`, // nothing of all that was kept
			} {
				got, err := d.ask(t, request)
				have := string(got.Body)
				if err != nil {
					have, _, _ = strings.Cut(err.Error(), ":")
				}
				if have != want {
					t.Errorf("%s\ngot  %s (%v)\nwant %s", request, have, err, want)
				}
			}
			if got, err := d.ask(t, `GET /visit`); err != nil || string(got.Body) != `[]` {
				t.Errorf("after the reads, visit holds %s (%v)", got.Body, err)
			}
		})
	}
}
