package pintail_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/hasura"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/store/postgres"
	"github.com/pintail-dev/pintail/query"
)

// TestGraphQLPostgreSQL asks what only PostgreSQL has of a database that Hasura's metadata was laid over: testdata/hasura/cases.txt
// has a document, perhaps the variables behind "-- variables", and after "-- answer" the answer. Writes stay.
func TestGraphQLPostgreSQL(t *testing.T) {
	const golden = "testdata/hasura/cases.txt"
	n := ofHasura(t, "testdata/hasura/database.sql", "testdata/hasura/metadata.json")
	text := file(t, golden)
	var out strings.Builder
	for i, one := range strings.Split("\n"+text, "\n== ") {
		if i == 0 {
			continue
		}
		title, rest, _ := strings.Cut(one, "\n")
		given, _, _ := strings.Cut(rest, "-- answer\n")
		given = strings.TrimSpace(given) + "\n"
		document, variables, _ := strings.Cut(given, "-- variables\n")
		body, err := n.GraphQL(context.Background(), query.Admin, document, "", []byte(variables))
		if err != nil {
			t.Fatalf("%s: %v", title, err)
		}
		out.WriteString("== " + title + "\n" + given + "-- answer\n" + string(body) + "\n\n")
	}
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if out.String() != text {
		t.Errorf("the answers changed; look at the difference and run `go test . -run TestGraphQLPostgreSQL -update` if it is meant\n%s", difference(text, out.String()))
	}
}

// ofHasura serves a database that a script makes, by the names that metadata gives.
func ofHasura(t *testing.T, script, metadata string) *node.Node {
	t.Helper()
	ctx, dsn := t.Context(), pgtest.DSN(t)
	d, err := migrate.Open(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(context.Background())
	if _, err := d.PG.PgConn().Exec(ctx, file(t, script)).ReadAll(); err != nil {
		t.Fatal(err)
	}
	m, err := hasura.Read(metadata)
	if err != nil {
		t.Fatal(err)
	}
	source, err := m.Choose("")
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := d.Inspect(ctx, migrate.Options{Schemas: source.Schemas(), MayMiss: true})
	if err != nil {
		t.Fatal(err)
	}
	s, reports, err := source.Lay(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reports {
		if r.What == "not in the file" {
			t.Errorf("%s: %s", r.Object, r.Why)
		}
	}
	st, err := postgres.Open(postgres.Config{DSN: dsn, Default: s.Default, SearchPath: s.Exposed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return node.New(s, st, auth.Open(), node.Options{})
}
