package sqlite

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A page is a piece of the whole list, however the rows are ordered, whatever is embedded, and whichever columns decide.
func TestPage(t *testing.T) {
	s := openShop(t, Config{}, `;ALTER TABLE item ADD COLUMN "t0.""id""" TEXT COLLATE NOCASE`,
		`INSERT INTO customer VALUES (1, 'b'), (2, 'a'), (3, 'c'), (4, 'none')`,
		`WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 40)
			INSERT INTO item SELECT v, nullif(v % 4, 0), 'title ' || (v * 7 % 41), (v % 5) || '.50', v % 3,
				iif(v % 6, format('2024-01-02T03:04:%02d+00:00', v * 11 % 60), NULL), substr('aBcDAbCd', 1 + v % 8, 1) FROM n`)
	item := s.schema.Tables[1]
	item.Columns = append(item.Columns, &schema.Column{Name: `t0."id"`, Type: text})
	s.schema.Link()

	by := func(column string) query.Order { return query.Order{Field: query.Field{Column: column}} }
	latest := query.Order{Field: query.Field{Column: "made"}, Direction: query.Desc}
	ofCustomer := by("name")
	ofCustomer.Relation = "customer"
	customer := &query.Embed{Target: "customer", Select: &query.Select{Items: output("name")}}
	inner := &query.Embed{Target: "customer", Join: query.JoinInner, Select: &query.Select{Items: output("name"),
		Where: &query.Compare{Field: query.Field{Column: "name"}, Op: query.Neq, Value: query.Text("c")}}}
	spread := &query.Embed{Target: "customer", Spread: true, Select: &query.Select{Items: append(output("name"),
		&query.Embed{Target: "item", Select: &query.Select{Items: output("id"), Order: []query.Order{latest}, Page: query.Page{Limit: query.Int(2)}}})}}
	items := &query.Embed{Target: "item", Select: &query.Select{Items: append(output("id", "title"), customer),
		Order: []query.Order{by("title")}, Page: query.Page{Limit: query.Int(3), Offset: query.Int(1)}}}

	for _, c := range []struct {
		from  string
		embed *query.Embed
		order []query.Order
	}{
		{"item", customer, []query.Order{latest}},
		{"item", customer, []query.Order{by("price"), ofCustomer}},
		{"item", inner, []query.Order{by("title")}},
		{"item", inner, nil},
		{"item", spread, []query.Order{ofCustomer, latest}},
		{"item", spread, []query.Order{by(`t0."id"`)}},
		{"customer", items, []query.Order{by("name")}},
		{"customer", items, nil},
	} {
		ask := func(page query.Page) []string {
			got := s.read(t, &query.Select{From: query.Name{Name: c.from}, Items: append(output("id"), c.embed), Order: c.order, Page: page})
			var rows []json.RawMessage
			if err := json.Unmarshal([]byte(got), &rows); err != nil {
				t.Fatalf("%s: %v", got, err)
			}
			texts := make([]string, len(rows))
			for i, r := range rows {
				texts[i] = string(r)
			}
			return texts
		}
		all := ask(query.Page{})
		if len(all) < 4 {
			t.Fatal(c.from, all)
		}
		for _, limit := range []int{0, 1, 3, 100} {
			for _, offset := range []int{0, 2, 9, 100} {
				want := all[min(offset, len(all)):]
				want = want[:min(limit, len(want))]
				if got := ask(query.Page{Limit: query.Int(int64(limit)), Offset: query.Int(int64(offset))}); !slices.Equal(got, want) {
					t.Errorf("%s, limit %d, offset %d:\n%s\nwant\n%s", c.from, limit, offset, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		}
		if got, want := ask(query.Page{Offset: query.Int(2)}), all[2:]; !slices.Equal(got, want) {
			t.Errorf("%s, offset 2: %s", c.from, fmt.Sprint(got))
		}
	}
}
