package sqlite

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Whatever a statement puts anywhere is told: its own rows, a trigger's, an action's of a foreign key, a named query's, into a table without rowids too.
func TestPuts(t *testing.T) {
	s := openShop(t, Config{}, `;CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT); CREATE TABLE seen (what TEXT PRIMARY KEY) WITHOUT ROWID;
		CREATE TABLE tag (customer_id INTEGER REFERENCES customer (id) ON DELETE SET NULL ON UPDATE CASCADE, title TEXT);
		CREATE TRIGGER noted AFTER INSERT ON customer BEGIN INSERT INTO log (what) VALUES (new.name); INSERT OR REPLACE INTO seen VALUES (new.name); END;
		CREATE TRIGGER touched AFTER UPDATE ON item BEGIN UPDATE item SET made = 'now' WHERE id = new.id; END`)
	s.schema.Functions = []*schema.Function{
		{Name: schema.Name{Name: "restock"}, Returns: schema.Returns{SetOf: true, Table: s.schema.Tables[0]}, Volatile: true,
			Query: &schema.NamedQuery{SQLite: "INSERT INTO item (title) VALUES ('x') RETURNING *", Writes: true}},
		{Name: schema.Name{Name: "look"}, Returns: schema.Returns{SetOf: true, Type: bigint}, Stable: true, Query: &schema.NamedQuery{SQLite: "SELECT count(*) FROM item"}},
	}
	s.schema.Link()
	b, err := OpenBeside(s.path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	one := &query.Compare{Field: query.Field{Column: "id"}, Op: query.Eq, Value: query.Text("1")}
	price := &query.Update{Table: query.Name{Name: "item"}, Columns: []string{"price"}, Row: query.Text(`{"price":"1"}`), Where: one}
	restock := &query.Call{Function: query.Name{Name: "restock"}, Result: &query.Select{Items: output("id")}}
	for name, c := range map[string]struct {
		q    query.Query
		want string
	}{
		"an insert":            {insert("customer", `[{"name":"x"}]`, "name"), "customer, log by noted, seen by noted"},
		"an update":            {price, "item.made by touched, item.price"},
		"a delete":             {&query.Delete{From: query.Name{Name: "customer"}, Where: one}, "tag.customer_id"},
		"a named query":        {restock, "called item"},
		"a named query's rows": {&query.Call{Function: query.Name{Name: "restock"}, Result: &query.Select{}}, "called item"},
		"several steps":        {&query.Sequence{Of: []query.Query{price, restock}}, "called item, item.made by touched, item.price"},
		"one that only looks":  {&query.Call{Function: query.Name{Name: "look"}, Result: &query.Select{}}, ""},
		"a read":               {&query.Select{From: query.Name{Name: "item"}, Items: output("id")}, ""},
	} {
		p, _ := s.plan(t, c.q)
		puts, err := b.Puts(context.Background(), p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var out []string
		for _, x := range puts {
			text := x.Table
			if x.Column != "" {
				text += "." + x.Column
			}
			if x.Trigger != "" {
				text += " by " + x.Trigger
			}
			if x.Called {
				text = "called " + text
			}
			out = append(out, text)
		}
		slices.Sort(out)
		if got := strings.Join(out, ", "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
