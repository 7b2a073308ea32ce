package sqlite

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/query"
)

// said writes readings in short: "item.item_kind" is a search, "*item" reads all of it, "+item" builds an index for that.
func said(a Access) string {
	var out []string
	for _, r := range a.Readings {
		text := r.Table
		if r.Index != "" {
			text += "." + r.Index
		}
		switch {
		case r.Built:
			text = "+" + text
		case r.Scan:
			text = "*" + text
		}
		out = append(out, text)
	}
	slices.Sort(out)
	for range a.Sorts {
		out = append(out, "sort")
	}
	return strings.Join(out, ", ")
}

func TestAccesses(t *testing.T) {
	s := openShop(t, Config{}, `;CREATE INDEX item_customer ON item (customer_id); CREATE INDEX "odd USING INDEX (x" ON item (title); CREATE INDEX item_some ON item (made) WHERE made > '2020';
		CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT); CREATE TRIGGER noted AFTER INSERT ON customer BEGIN INSERT INTO log (what) VALUES (new.name); END`)
	b, err := OpenBeside(s.path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	compare := func(column, value string) query.Expr {
		return &query.Compare{Field: query.Field{Column: column}, Op: query.Eq, Value: query.Text(value)}
	}
	items := func(where query.Expr, order ...query.Order) *query.Select {
		return &query.Select{From: query.Name{Name: "item"}, Items: output("id", "title"), Where: where, Order: order}
	}
	by := func(column string) query.Order { return query.Order{Field: query.Field{Column: column}} }
	limited := items(nil, by("kind"))
	limited.Page = query.Page{Limit: query.Int(3)}
	most := &query.Select{From: query.Name{Name: "item"}, Items: []query.Item{&query.Output{Field: query.Field{Column: "kind"}, Aggregate: query.Max}}}
	with := &query.Select{From: query.Name{Name: "customer"}, Where: compare("id", "1"), Items: append(output("id"), &query.Embed{Target: "item", Select: &query.Select{Items: output("id")}})}
	paged := &query.Select{From: query.Name{Name: "customer"}, Page: query.Page{Limit: query.Int(3)}, Items: append(output("name"), &query.Embed{Target: "item", Select: &query.Select{Items: output("id")}})}
	conflict := insert("customer", `[{"name":"x"}]`, "name")
	conflict.Conflict = &query.Conflict{Columns: []string{"name"}}
	for name, c := range map[string]struct {
		q    query.Query
		want string
	}{
		"by key":               {items(compare("id", "1")), "item"},
		"by an index":          {items(compare("kind", "1")), "item.item_kind"},
		"by a name like words": {items(compare("title", "1")), "item.odd USING INDEX (x"},
		"all":                  {items(compare("price", "1")), "*item"},
		"one of two":           {items(&query.Or{Of: []query.Expr{compare("kind", "1"), compare("customer_id", "2")}}), "item.item_customer, item.item_kind, sort"},
		"in its order":         {limited, "*item.item_kind"},
		"sorted":               {items(nil, by("price")), "*item, sort"},
		"the most":             {most, "item.item_kind"},
		"with related rows":    {with, "customer, item.item_customer"},
		"a page of these":      {paged, "*customer, item.item_customer"},
		"a value that isn't":   {items(compare("kind", "not a number")), "item.item_kind"},
		"a write that refers":  {&query.Delete{From: query.Name{Name: "customer"}, Where: compare("id", "1")}, "customer, item.item_customer"},
		"a trigger":            {conflict, "item.item_customer"},
		"an update":            {&query.Update{Table: query.Name{Name: "item"}, Columns: []string{"price"}, Row: query.Text(`{"price":"1"}`), Where: compare("kind", "1")}, "item.item_kind"},
	} {
		p, args := s.plan(t, c.q)
		a, err := b.Accesses(context.Background(), p, args)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := said(a); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// With statistics of how values are spread, one statement takes another index for another value: each is explained with its own.
func TestAccessesGoByTheValues(t *testing.T) {
	s := openShop(t, Config{}, `;WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
		INSERT INTO item (id, title, kind, made) SELECT i, 'title ' || (i % 50), CASE WHEN i < 4900 THEN 1 ELSE i END, i FROM n; CREATE INDEX item_title ON item (title); ANALYZE`)
	b, err := OpenBeside(s.path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for kind, want := range map[string]string{"4950": "item.item_kind", "1": "item.item_title"} {
		p, args := s.plan(t, &query.Select{From: query.Name{Name: "item"}, Items: output("id"), Where: &query.And{Of: []query.Expr{
			&query.Compare{Field: query.Field{Column: "kind"}, Op: query.Eq, Value: query.Text(kind)},
			&query.Compare{Field: query.Field{Column: "title"}, Op: query.Eq, Value: query.Text("title 7")},
		}}})
		a, err := b.Accesses(context.Background(), p, args)
		if got := said(a); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s: %v", kind, got, want, err)
		}
	}
}
