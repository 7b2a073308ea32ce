package schema_test

import (
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

func named1(t *testing.T, files ...schema.Source) *schema.Function {
	t.Helper()
	const shop = "enum e {\n  open\n  paid\n}\ntype toast @table {\n  id: Int! @id\n}\n"
	s, mistakes := schema.Parse(append([]schema.Source{{Name: "schema.graphql", Text: shop}}, files...)...)
	if len(mistakes) > 0 {
		t.Fatal(schema.Mistakes(mistakes))
	}
	if len(s.Functions) != 1 {
		t.Fatalf("%d functions", len(s.Functions))
	}
	return s.Functions[0]
}

func TestNamedQuery(t *testing.T) {
	f := named1(t, schema.Source{Name: "queries/top.sql", Text: `
-- top(
--   "How many."
--   most: Int! = 5, since: timestamptz, state: e = open, ids: [bigint!]
-- ): [{id: bigint!, "The sum."
--      sold: numeric}!]!
-- The toasts that sold most.
--
-- Slow.

/* not :a parameter */
SELECT id, sum(x)::numeric AS sold, ':no' AS "a:b", E'it\'s :no', $q$ :no $q$, $$:no$$
FROM toast WHERE at > :since AND id = ANY (:ids) AND state = :state -- :no
LIMIT :most;
`})
	if f.Name.Name != "top" || f.Field != "top" || f.Comment != "The toasts that sold most.\n\nSlow." || f.Volatile || !f.Stable {
		t.Errorf("%+v", f)
	}
	if len(f.Args) != 4 {
		t.Fatalf("%d arguments", len(f.Args))
	}
	most, since, state, ids := f.Args[0], f.Args[1], f.Args[2], f.Args[3]
	if most.Type.Name != "integer" || !most.NotNull || !most.Optional || *most.Default != "5" || most.Comment != "How many." {
		t.Errorf("most: %+v", most)
	}
	if since.Type.Base != schema.TimestampTZ || since.NotNull || !since.Optional || since.Default != nil {
		t.Errorf("since: %+v", since)
	}
	if state.Type.Enum == nil || *state.Default != "open" {
		t.Errorf("state: %+v", state)
	}
	if !ids.Type.Array || ids.Type.Name != "bigint" {
		t.Errorf("ids: %+v", ids)
	}
	r := f.Returns
	if !r.SetOf || !r.NotNull || len(r.Out) != 2 || r.Out[0].Name != "id" || !r.Out[0].NotNull || r.Out[1].NotNull || r.Out[1].Comment != "The sum." || r.Field != "top_result" {
		t.Errorf("returns %+v", r)
	}
	if f.Query.SQLite != f.Query.Postgres || f.Query.SQLite[:2] != "/*" || f.Query.SQLite[len(f.Query.SQLite)-5:] != ":most" {
		t.Errorf("%q", f.Query.SQLite)
	}
}

func TestNamedQueryForEachEngine(t *testing.T) {
	f := named1(t,
		schema.Source{Name: "queries/moment.postgres.sql", Text: "-- moment(): timestamptz!\nSELECT now()"},
		schema.Source{Name: "queries/moment.sql", Text: "-- moment: timestamptz!\nSELECT datetime()"},
	)
	if f.Query.Postgres != "SELECT now()" || f.Query.SQLite != "SELECT datetime()" {
		t.Errorf("%+v", f.Query)
	}
	f = named1(t, schema.Source{Name: "queries/moment.sqlite.sql", Text: "-- moment: timestamptz!\nSELECT datetime()"})
	if f.Query.Postgres != "" || f.Query.SQLite != "SELECT datetime()" {
		t.Errorf("%+v", f.Query)
	}
}

func TestNamedQueryResults(t *testing.T) {
	for head, check := range map[string]func(schema.Returns) bool{
		"f: void":               func(r schema.Returns) bool { return r.Void },
		"f: toast":              func(r schema.Returns) bool { return r.Table != nil && !r.SetOf && !r.NotNull },
		"f: [toast!]!":          func(r schema.Returns) bool { return r.Table != nil && r.SetOf && r.NotNull },
		"f(): bigint!":          func(r schema.Returns) bool { return r.Type.Name == "bigint" && r.NotNull && !r.SetOf },
		"f: [String]":           func(r schema.Returns) bool { return r.Type.Name == "text" && !r.NotNull && r.SetOf },
		"f: {a: Int}":           func(r schema.Returns) bool { return len(r.Out) == 1 && !r.SetOf },
		"f: [{a: Int, b: e}!]!": func(r schema.Returns) bool { return len(r.Out) == 2 && r.SetOf && r.Out[1].Type.Enum != nil },
	} {
		if f := named1(t, schema.Source{Name: "f.sql", Text: "-- " + head + "\nSELECT 1"}); !check(f.Returns) {
			t.Errorf("%s: %+v", head, f.Returns)
		}
	}
}

func TestNamedQueryThatWrites(t *testing.T) {
	for sql, writes := range map[string]bool{
		"SELECT 1":                                                      false,
		"SELECT * FROM t FOR UPDATE":                                    false,
		"SELECT 'INSERT' AS \"DELETE\"":                                 false,
		"SELECT replace('a', 'b', 'c')":                                 false,
		"WITH x AS (SELECT 1) SELECT * FROM x":                          false,
		"INSERT INTO toast VALUES (1) ON CONFLICT DO UPDATE SET id = 2": true,
		"UPDATE toast SET id = 2":                                       true,
		"  DELETE FROM toast":                                           true,
		"REPLACE INTO toast VALUES (1)":                                 true,
		"WITH x AS (DELETE FROM toast RETURNING *) SELECT * FROM x":     true,
		"WITH x AS (SELECT 1) INSERT INTO toast SELECT * FROM x":        true,
	} {
		f := named1(t, schema.Source{Name: "f.sql", Text: "-- f: void\n" + sql})
		if f.Query.Writes != writes || f.Volatile != writes {
			t.Errorf("%s: writes %t", sql, f.Query.Writes)
		}
	}
}
