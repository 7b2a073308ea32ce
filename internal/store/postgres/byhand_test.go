package postgres

import (
	"testing"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

func values(t *schema.Table, alias int, names ...string) []plan.Output {
	var out []plan.Output
	for _, n := range names {
		c, _ := t.Column(n)
		out = append(out, plan.Output{Key: n, Value: &plan.Operand{Alias: alias, Column: c, Type: c.Type}})
	}
	return out
}

func TestReadByHand(t *testing.T) {
	s, shop := open(t, Config{})
	id := shop.customer.Columns[0]
	var rel *schema.Relation
	for _, r := range shop.customer.Relations {
		if r.Many && r.To == shop.order {
			rel = r
		}
	}
	inner := &plan.Select{Source: plan.Source{Table: shop.order}, Alias: 1, Outputs: values(shop.order, 1, "id", "status"),
		Order: []plan.Order{{Value: plan.Operand{Alias: 1, Column: shop.order.Columns[0]}}}}
	p := &plan.Plan{Rows: &plan.Select{
		Source: plan.Source{Table: shop.customer}, Outputs: append(values(shop.customer, 0, "id", "name", "note", "joined"),
			plan.Output{Key: "orders", Embed: &plan.Embed{Relation: rel, Select: inner}}),
		Where: &plan.Compare{Left: plan.Operand{Column: id}, Op: query.In, Arg: 0},
		Order: []plan.Order{{Value: plan.Operand{Column: id}}},
	}}
	got, err := s.Read(t.Context(), p, query.Args{query.List([]string{"1", "2"})})
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"id":1,"name":"Ana","note":{"a": [10, 20], "b": {"c": 1}},"joined":"2024-01-02T03:04:05+00:00","orders":[{"id":10,"status":"open"}, ` + "\n" +
		` {"id":11,"status":"paid"}]}, ` + "\n" +
		` {"id":2,"name":"Bo \"the\" \\ {x}","note":null,"joined":null,"orders":[{"id":12,"status":"served"}]}]`
	if string(got.Body) != want {
		t.Errorf("got\n%s\nwant\n%s", got.Body, want)
	}
}

func TestInsertByHand(t *testing.T) {
	s, shop := open(t, Config{})
	p := &plan.Plan{Op: plan.Insert, Key: shop.order.Columns[:1],
		Write: &plan.Write{Table: shop.order, Columns: shop.order.Columns[1:3], Rows: 0, Default: true, Alias: 1},
		Rows:  &plan.Select{Source: plan.Source{Written: shop.order}, Outputs: values(shop.order, 0, "id", "status", "total")}}
	got, err := s.Write(t.Context(), store.Tx{Plan: p, Args: query.Args{query.Text(`[{"customer_id":3},{"customer_id":3,"status":"paid"}]`)}})
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"id":101,"status":"open","total":0.00}, ` + "\n" + ` {"id":102,"status":"paid","total":0.00}]`
	if string(got.Body) != want || got.Affected != 2 || got.Inserted != 2 || len(got.Key) != 1 || got.Key[0].Value != "101" {
		t.Errorf("got %s %+v", got.Body, got)
	}
}
