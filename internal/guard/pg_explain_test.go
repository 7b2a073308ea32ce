package guard

import (
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// told writes standings in one line each.
func told(all []Standing) string {
	var out []string
	for _, s := range all {
		var scans []string
		for _, x := range s.Scans {
			scans = append(scans, strings.TrimSuffix(x.Table+" by "+x.Index, " by "))
		}
		out = append(out, strings.Join(s.Indexes, ",")+" scans "+strings.Join(scans, ",")+strings.Repeat(" sorts", s.Sorts))
	}
	return strings.Join(out, "; ")
}

func orderColumn(name string) *query.Output { return &query.Output{Field: query.Field{Column: name}} }

func TestPostgresExplain(t *testing.T) {
	w := newPGWorld(t, pgShop, 20000)
	w.catalog(w.guard)
	order := schema.Name{Name: "order"}
	insert := &query.Insert{
		Into: order, Columns: []string{"id", "customer_id", "reference", "placed_at"}, Rows: query.Text(`[{"id":1,"customer_id":1,"reference":"x","placed_at":"2026-01-01"}]`),
		Conflict: &query.Conflict{Columns: []string{"reference"}, Update: []string{"customer_id"}},
	}
	for _, c := range []struct {
		name string
		q    query.Query
		want string
	}{
		{"by a key", ordersOf("7"), "public.order_customer scans "},
		{"everything", &query.Select{From: order, Items: []query.Item{orderColumn("id")}, Where: compare("status", query.Eq, "paid")},
			"public.order_pkey scans order by public.order_pkey"},
		{"a page of everything", &query.Select{From: order, Items: []query.Item{orderColumn("id")}, Page: query.Page{Limit: query.Int(10)}},
			"public.order_pkey scans order by public.order_pkey"},
		{"an upsert", insert, "public.order_reference scans "},
		{"a delete, and what goes with it", &query.Delete{From: schema.Name{Name: "customer"}, Where: compare("id", query.Eq, "7")},
			"public.customer_pkey,public.order_customer scans "},
	} {
		p, args := w.plan(c.q)
		got, err := w.guard.Explain(t.Context(), p, args)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(got) != 2 || strings.TrimSuffix(told(got[:1]), " sorts") != c.want && !strings.HasPrefix(told(got[:1]), " scans order") {
			t.Errorf("%s\ngot  %s\nwant %s", c.name, told(got), c.want)
		}
	}

	// A custom plan goes by the value, a generic one doesn't; one that doesn't parse has no custom plan.
	p, args := w.plan(&query.Select{From: order, Items: []query.Item{orderColumn("id")}, Where: &query.And{Of: []query.Expr{
		compare("status", query.Eq, "open"), compare("placed_at", query.Gt, "2026-01-10")}}})
	got, err := w.guard.Explain(t.Context(), p, args)
	if err != nil || len(got) != 2 || !slices.Contains(got[0].Indexes, "public.order_open") || slices.Contains(got[1].Indexes, "public.order_open") {
		t.Errorf("a partial index: %s, %v", told(got), err)
	}
	args[0].Text = "nonsense"
	if got, err := w.guard.Explain(t.Context(), p, args); err != nil || len(got) != 1 {
		t.Errorf("a value that doesn't parse: %s, %v", told(got), err)
	}
	if n := w.text(`SELECT count(*)::text FROM "order"`); n != "20000" {
		t.Errorf("explaining wrote: there are %s orders", n)
	}
}

// TestPostgresExplainDeclared asks what shapes stand on that are seen for the first time while an index is away: as a superuser,
// as a role that may make temporary tables, and as one that may not.
func TestPostgresExplainDeclared(t *testing.T) {
	w := newPGWorld(t, pgShop, 20000)
	plain, bound := w.role("plain"), w.role("bound")
	database := w.text("SELECT current_database()")
	w.exec(`REVOKE TEMPORARY ON DATABASE ` + database + ` FROM PUBLIC`)
	w.exec(`GRANT TEMPORARY ON DATABASE ` + database + ` TO ` + plain)
	guards := map[string]*Postgres{"superuser": w.guard, "plain": w.open(PostgresConfig{DSN: asRole(w.dsn, plain)}), "bound": w.open(PostgresConfig{DSN: asRole(w.dsn, bound)})}
	for _, g := range guards {
		w.catalog(g)
	}
	w.exec("DROP INDEX order_customer")
	w.exec("DROP INDEX order_reference")
	order := schema.Name{Name: "order"}
	var customer query.Query = &query.Select{From: schema.Name{Name: "customer"}, Items: []query.Item{orderColumn("name"), &query.Embed{
		Target: "order", Select: &query.Select{Items: []query.Item{orderColumn("id")}}}}, Where: compare("id", query.Eq, "9")}
	for name, g := range guards {
		w.catalog(g)
		for _, c := range []struct {
			what  string
			q     query.Query
			index string
			want  bool
		}{
			{"by the index that is away", ordersOf("7"), "public.order_customer", true},
			{"related rows by it", customer, "public.order_customer", true},
			{"by another", &query.Select{From: order, Items: []query.Item{orderColumn("id")}, Where: compare("id", query.Eq, "3")}, "public.order_customer", false},
			{"a unique one", &query.Select{From: order, Items: []query.Item{orderColumn("id")}, Where: compare("reference", query.Eq, "r3")}, "public.order_reference", true},
		} {
			p, args := w.plan(c.q)
			got, err := g.ExplainDeclared(t.Context(), w.schema, p, args)
			if err != nil {
				t.Errorf("%s: %s: %v", name, c.what, err)
				continue
			}
			stands := slices.ContainsFunc(got, func(s Standing) bool { return slices.Contains(s.Indexes, c.index) })
			if stands != c.want {
				t.Errorf("%s: %s: %s", name, c.what, told(got))
			}
		}
		// The live plan does scan: that, and standing on what is away, is what sheds.
		p, args := w.plan(ordersOf("7"))
		got, err := g.Explain(t.Context(), p, args)
		if err != nil || len(got) == 0 || len(got[0].Scans) == 0 {
			t.Errorf("%s: live: %s, %v", name, told(got), err)
		}
	}
	if n := w.text(`SELECT count(*)::text FROM pg_class WHERE relpersistence = 't'`); n != "0" {
		t.Errorf("%s copies are still there", n)
	}
}

func TestReadPlan(t *testing.T) {
	if _, err := readPlan([]byte("{")); err == nil {
		t.Error("a broken plan was read")
	}
	s, err := readPlan([]byte(`[{"Plan": {"Node Type": "Bitmap Heap Scan", "Relation Name": "order", "Schema": "public", "Plans": [
		{"Node Type": "BitmapAnd", "Plans": [{"Node Type": "Bitmap Index Scan", "Index Name": "a", "Index Cond": "(x = 1)"},
		{"Node Type": "Bitmap Index Scan", "Index Name": "b", "Index Cond": "(y = 1)"}]}]}}]`))
	if err != nil || len(s.indexes) != 2 || s.indexes[1] != (pgRelation{"public", "b"}) || len(s.scans) > 0 {
		t.Errorf("%+v, %v", s, err)
	}
	s, err = readPlan([]byte(`[{"Plan": {"Node Type": "Result", "Plans": [
		{"Node Type": "ModifyTable", "Operation": "Insert", "Relation Name": "order", "Schema": "public", "Plans": [{"Node Type": "Result"}]},
		{"Node Type": "ModifyTable", "Operation": "Delete", "Relation Name": "customer", "Schema": "public"}]}}]`))
	if err != nil || !slices.Equal(s.writes, []pgWriting{{pgRelation{"public", "order"}, pgInsert}, {pgRelation{"public", "customer"}, pgDelete}}) {
		t.Errorf("%+v, %v", s, err)
	}
}
