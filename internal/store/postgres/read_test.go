package postgres

import (
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

func TestRead(t *testing.T) {
	s, shop := open(t, Config{})
	withOrders := from("customer", "id", "name", "note", "joined")
	withOrders.Items = append(withOrders.Items, &query.Embed{Target: "order", Select: from("", "id", "status")})
	withOrders.Where = &query.Compare{Field: query.Field{Column: "id"}, Op: query.In, Value: query.List([]string{"1", "2"})}
	tests := map[string]struct {
		query *query.Select
		want  string
	}{
		"embed": {withOrders, `[{"id":1,"name":"Ana","note":{"a": [10, 20], "b": {"c": 1}},"joined":"2024-01-02T03:04:05+00:00","order":[{"id":10,"status":"open"}, ` + "\n" +
			` {"id":11,"status":"paid"}]}, ` + "\n" +
			` {"id":2,"name":"Bo \"the\" \\ {x}","note":null,"joined":null,"order":[{"id":12,"status":"served"}]}]`},
		"nothing":   {&query.Select{From: query.Name{Name: "customer"}, Items: columnsOf("id"), Where: query.Const(false)}, `[]`},
		"no column": {&query.Select{From: query.Name{Name: "customer"}, Page: query.Page{Limit: query.Int(1)}}, `[{}]`},
		"stripped": {&query.Select{From: query.Name{Name: "customer"}, Items: columnsOf("id", "note"), Form: query.Form{StripNulls: true}},
			`[{"id":1,"note":{"a":[10,20],"b":{"c":1}}},{"id":2},{"id":3,"note":{}}]`},
		"csv": {&query.Select{From: query.Name{Name: "customer"}, Items: columnsOf("id", "name", "note"), Form: query.Form{CSV: true}},
			"id,name,note\n" + `1,Ana,"{""a"": [10, 20], ""b"": {""c"": 1}}"` + "\n" + `2,"Bo ""the"" \\ {x}",` + "\n" + `3,Cy,"{""b"": null}"`},
		"csv of nothing": {&query.Select{From: query.Name{Name: "customer"}, Items: columnsOf("id"), Where: query.Const(false), Form: query.Form{CSV: true}}, "\n"},
		"path": {&query.Select{From: query.Name{Name: "customer"},
			Items: []query.Item{
				&query.Output{Field: query.Field{Column: "note", Path: []query.Step{{Key: "a"}, {Key: "1", Index: true, Text: true}}}},
				&query.Output{Field: query.Field{Column: "note", Path: []query.Step{{Key: "b"}}}},
			}, Where: is("id", query.Eq, "1")}, `[{"a":"20","b":{"c": 1}}]`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := shop.read(t, s, test.query)
			if b := body(t, got, err); b != test.want {
				t.Errorf("got\n%s\nwant\n%s", b, test.want)
			}
			if strings.HasPrefix(test.want, "[") && got.Rows != strings.Count(test.want, "\n {")+1 && name != "nothing" && name != "embed" && name != "stripped" {
				t.Errorf("%d rows in %s", got.Rows, got.Body)
			}
		})
	}
}

// A row that comes by itself is written as json_agg and json_strip_nulls would write it among others.
func TestRowsAreJoinedAsPostgreSQLDoes(t *testing.T) {
	s, shop := open(t, Config{})
	for _, form := range []query.Form{{}, {StripNulls: true}, {CSV: true}} {
		q := from("customer", "*")
		q.Form = form
		alone, err := shop.read(t, s, q)
		one := body(t, alone, err)
		q.Count, q.Page.Limit = query.ExactCount, query.Int(1000) // makes PostgreSQL put the rows together
		together, err := shop.read(t, s, q)
		if all := body(t, together, err); all != one || together.Total != 3 || together.Rows != 3 {
			t.Errorf("form %+v: in Go\n%s\nin PostgreSQL\n%s\n%+v", form, one, all, together)
		}
	}
}

func TestCount(t *testing.T) {
	s, shop := open(t, Config{EstimateMax: 10})
	execute(t, s.config.DSN, `INSERT INTO customer SELECT n, 'c' FROM generate_series(100, 599) n; ANALYZE customer`)
	for _, test := range []struct {
		mode  query.CountMode
		where query.Expr
		want  int64
	}{
		{query.NoCount, nil, -1}, {query.ExactCount, nil, 503}, {query.PlannedCount, nil, 503}, {query.EstimatedCount, nil, 503},
		{query.EstimatedCount, is("id", query.Lt, "100"), 3}, {query.ExactCount, is("id", query.Lt, "100"), 3},
	} {
		q := from("customer", "id")
		q.Count, q.Where, q.Page.Limit = test.mode, test.where, query.Int(2)
		got, err := shop.read(t, s, q)
		body(t, got, err)
		if got.Total != test.want || got.Rows != 2 {
			t.Errorf("count=%s of %v: total %d of %d rows, want %d of 2", test.mode, test.where, got.Total, got.Rows, test.want)
		}
	}
}

func TestZone(t *testing.T) {
	s, shop := open(t, Config{})
	q := from("customer", "joined")
	q.Where = is("id", query.Eq, "1")
	p, args := shop.resolve(t, q)
	for zone, want := range map[string]string{
		"": `[{"joined":"2024-01-02T03:04:05+00:00"}]`, "America/New_York": `[{"joined":"2024-01-01T22:04:05-05:00"}]`,
	} {
		for range 2 { // the connection is as it was afterwards
			got, err := s.Read(store.WithZone(t.Context(), zone), p, args)
			if b := body(t, got, err); b != want {
				t.Errorf("in %q: %s, want %s", zone, b, want)
			}
		}
	}
}

func TestExplain(t *testing.T) {
	s, shop := open(t, Config{})
	q := from("customer", "id")
	q.Where = is("id", query.Eq, "1")
	p, args := shop.resolve(t, q)
	text, err := s.Explain(t.Context(), p, args, store.ExplainOptions{Analyze: true})
	if err != nil || !strings.Contains(string(text), "actual time") {
		t.Errorf("text: %s %v", text, err)
	}
	json, err := s.Explain(t.Context(), p, args, store.ExplainOptions{JSON: true, Verbose: true})
	if err != nil || !strings.HasPrefix(string(json), "[\n") {
		t.Errorf("JSON: %s %v", json, err)
	}
	p, args = shop.resolve(t, &query.Delete{From: query.Name{Name: "order"}})
	if _, err := s.Explain(t.Context(), p, args, store.ExplainOptions{Analyze: true}); err != nil {
		t.Error(err)
	}
	if n := count(t, s.config.DSN, `SELECT count(*) FROM "order"`); n != 3 {
		t.Errorf("%d orders after the explained deletion, want 3", n)
	}
}

func TestAnswerTooLarge(t *testing.T) {
	s, shop := open(t, Config{BodyBytesMax: 1000})
	execute(t, s.config.DSN, `INSERT INTO customer SELECT n, repeat('x', 100) FROM generate_series(100, 599) n`)
	q := from("customer", "*")
	for _, mode := range []query.CountMode{query.NoCount, query.ExactCount} {
		q.Count = mode
		q.Page.Limit = query.Int(500)
		_, err := shop.read(t, s, q)
		if c, status := code(t, err); c != "PT507" {
			t.Errorf("count=%q: %s %d", mode, c, status)
		}
		small := from("customer", "id")
		small.Page.Limit = query.Int(3)
		if _, err := shop.read(t, s, small); err != nil {
			t.Errorf("after an answer that was too large: %v", err)
		}
	}
}
