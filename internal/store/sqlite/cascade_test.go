package sqlite

import (
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// TestDeleteCountsWhatCascades: a row that is deleted with another one before its own turn counts as deleted, as on PostgreSQL, in a table
// that refers to itself and in one that does so by way of another.
func TestDeleteCountsWhatCascades(t *testing.T) {
	s := openShop(t, Config{}, `
		CREATE TABLE tree (id INTEGER PRIMARY KEY, up INTEGER REFERENCES tree ON DELETE CASCADE) STRICT;
		CREATE TABLE nest (id INTEGER PRIMARY KEY, up INTEGER REFERENCES bird ON DELETE CASCADE) STRICT;
		CREATE TABLE bird (id INTEGER PRIMARY KEY, up INTEGER REFERENCES nest ON DELETE CASCADE) STRICT;
		INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (4, NULL);
		INSERT INTO nest VALUES (1, NULL); INSERT INTO bird VALUES (1, 1); INSERT INTO nest VALUES (2, 1), (3, NULL);`)
	table := func(name string) *schema.Table {
		of := &schema.Table{Name: schema.Name{Name: name}, Columns: []*schema.Column{{Name: "id", Type: bigint, NotNull: true}, {Name: "up", Type: bigint}}}
		of.Primary = &schema.Key{Name: name + "_pkey", Columns: of.Columns[:1]}
		return of
	}
	refer := func(of, to *schema.Table) {
		of.Foreign = []*schema.ForeignKey{{Name: of.Name.Name + "_up_fkey", Table: of, Columns: of.Columns[1:], To: to, References: to.Columns[:1], OnDelete: "CASCADE"}}
	}
	tree, nest, bird := table("tree"), table("nest"), table("bird")
	refer(tree, tree)
	refer(nest, bird)
	refer(bird, nest)
	s.schema = &schema.Schema{Default: "public", Exposed: []string{"public"}, Tables: []*schema.Table{tree, nest, bird}}
	s.schema.Link()
	for _, c := range []struct {
		table, body string
		returning   *query.Select
		rows        int64
	}{
		{"tree", "", nil, 4}, {"nest", `[{"id":1},{"id":2},{"id":3}]`, &query.Select{Items: output("id")}, 3}, {"tree", "", nil, 0},
	} {
		if c.table == "nest" { // both ways: the answer and the bare count
			q := &query.Delete{From: query.Name{Name: c.table}, End: query.End{Rollback: true}}
			if res, err := s.write(t, q); err != nil || res.Affected != c.rows {
				t.Errorf("%s: %d of %d, %v", c.table, res.Affected, c.rows, err)
			}
		}
		res, err := s.write(t, &query.Delete{From: query.Name{Name: c.table}, Returning: c.returning})
		if err != nil || res.Affected != c.rows || c.returning != nil && strings.NewReplacer(" ", "", "\n", "").Replace(string(res.Body)) != c.body {
			t.Errorf("%s: %d of %d, %s, %v", c.table, res.Affected, c.rows, res.Body, err)
		}
	}
}
