package cache

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// known are all parts that a plan for reading can have, as derive.go knows them. A part that isn't here could make an answer depend on
// something that no tag stands for. When this test fails: teach walker what the new field or expression reads, then add it.
var known = []string{
	"Plan: Op Rows Write Call End Key Params Facts Steps Shape",
	"Param: Use Type",
	"Facts: Reads Writes Columns Relations Bound Claims RowsMax Opaque",
	"Binding: Alias Column Args",
	"CallArg: Param Values", // of functions, with which a plan is opaque
	"Select: Source Args Alias Outputs Where Distinct Group Having Order Limit Offset Count Form Handler Grouped Summary",
	"Source: Table Written Called",
	"Output: Key Value Cast Aggregate AggregateCast Embed Type Distinct More Nest Literal Nodes",
	"Operand: Alias Column Computed Args Path Type",
	"Step: Arg Index Text",
	"Embed: Relation Select Inner Spread Hidden",
	"Order: Value Embed Via Aggregate Counts Type Direction Nulls",
	"Hop: Relation Select",
	"And: Of",
	"Or: Of",
	"Not: Of",
	"Compare: Left Op Any Arg Is Lang Other AsText",
	"Measure: Relation Select Aggregate Values Distinct Type Op Any Arg Is",
	"Exists: Relation Select",
	"Embedded: Embed Null",
}

func TestEveryPartOfAPlanIsKnown(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var found []string
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		switch of.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array:
			walk(of.Elem())
		case reflect.Struct:
			if !strings.HasSuffix(of.PkgPath(), "internal/plan") || seen[of] || of == reflect.TypeFor[plan.Write]() || of == reflect.TypeFor[plan.Invocation]() || of == reflect.TypeFor[plan.RowsMax]() {
				return // neither writes nor calls are kept
			}
			seen[of] = true
			var names []string
			for f := range of.NumField() {
				names = append(names, of.Field(f).Name)
				walk(of.Field(f).Type)
			}
			found = append(found, of.Name()+": "+strings.Join(names, " "))
		}
	}
	walk(reflect.TypeFor[plan.Plan]())
	for _, e := range []plan.Expr{&plan.And{}, &plan.Or{}, &plan.Not{}, plan.Const(true), &plan.Compare{}, &plan.Measure{}, &plan.Exists{}, &plan.Embedded{}} {
		walk(reflect.TypeOf(e))
	}
	slices.Sort(found)
	want := slices.Sorted(slices.Values(known))
	if !slices.Equal(found, want) {
		t.Errorf("the parts of a plan are\n%s\nbut the cache knows\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
}

// strange is an expression that nobody has taught the walker.
type strange struct{ plan.Expr }

func TestAnUnknownExpressionDependsOnEverything(t *testing.T) {
	table := &schema.Table{Name: schema.Name{Name: "a"}}
	p := &plan.Plan{Op: plan.Read, Rows: &plan.Select{Source: plan.Source{Table: table}, Where: &plan.Not{Of: strange{}}}}
	if r := derive(p); !r.all || r.off != "" {
		t.Errorf("%+v", r)
	}
}

// What a plan says that it reads counts, even where the walk passes by it.
func TestEveryTableThatIsReadCounts(t *testing.T) {
	a, b := &schema.Table{Name: schema.Name{Name: "a"}}, &schema.Table{Name: schema.Name{Name: "b"}}
	p := &plan.Plan{Op: plan.Read, Rows: &plan.Select{Source: plan.Source{Table: a}}, Facts: plan.Facts{Reads: []*schema.Table{a, b}}}
	r := derive(p)
	if len(r.tables) != 2 || r.tables[1].table != b {
		t.Errorf("%+v", r.tables)
	}
}

// reachText writes what an answer depends on.
func reachText(r reach) string {
	if r.off != "" {
		return r.off
	}
	var parts []string
	for _, o := range r.tables {
		s := o.table.Name.Name
		for _, b := range o.bound {
			s += fmt.Sprintf("[%s=%v]", b.column.Name, b.args)
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " ")
}

func TestDerive(t *testing.T) {
	key := func(name string) *schema.Column { return &schema.Column{Name: name, Type: bigint, NotNull: true} }
	customer := &schema.Table{Name: schema.Name{Name: "customer"}, Columns: []*schema.Column{key("id"), {Name: "name", Type: txt}}}
	order := &schema.Table{Name: schema.Name{Name: "order"}, Columns: []*schema.Column{key("id"), key("customer_id"),
		{Name: "at", Type: schema.Type{Base: schema.Timestamp, Name: "timestamp without time zone"}}}}
	toast := &schema.Table{Name: schema.Name{Name: "toast"}, Columns: []*schema.Column{key("id"), {Name: "name", Type: txt}}}
	line := &schema.Table{Name: schema.Name{Name: "line"}, Columns: []*schema.Column{key("order_id"), key("toast_id")}}
	cold := &schema.Table{Name: schema.Name{Name: "cold"}, Columns: []*schema.Column{key("id")}, Uncached: true}
	view := &schema.Table{Name: schema.Name{Name: "view"}, Columns: []*schema.Column{key("id")}, View: &schema.View{SQLite: "SELECT 1 AS id"}}
	s := &schema.Schema{Default: "public", Exposed: []string{"public"}, Tables: []*schema.Table{customer, order, toast, line, cold, view}}
	for _, tab := range s.Tables {
		tab.Primary = &schema.Key{Columns: tab.Columns[:1]}
	}
	line.Primary.Columns = line.Columns
	refer := func(from *schema.Table, i int, to *schema.Table) {
		from.Foreign = append(from.Foreign, &schema.ForeignKey{Name: fmt.Sprint(from.Name.Name, i), Table: from, Columns: from.Columns[i : i+1], To: to, References: to.Columns[:1]})
	}
	refer(order, 1, customer)
	refer(line, 0, order)
	refer(line, 1, toast)
	s.Link()

	id := &query.Output{Field: query.Field{Column: "id"}}
	eq := func(column, v string) query.Expr {
		return &query.Compare{Field: query.Field{Column: column}, Op: query.Eq, Value: query.Text(v)}
	}
	embed := func(target string, where query.Expr, in ...query.Item) *query.Embed {
		return &query.Embed{Target: target, Select: &query.Select{Items: append([]query.Item{}, in...), Where: where}}
	}
	for _, c := range []struct {
		name, from string
		items      []query.Item
		where      query.Expr
		want       string
	}{
		{"all rows", "customer", []query.Item{id}, nil, "customer"},
		{"one row", "customer", []query.Item{id}, eq("id", "1"), "customer[id=[0]]"},
		{"two columns", "customer", []query.Item{id}, &query.And{Of: []query.Expr{eq("id", "1"), eq("name", "x")}}, "customer[id=[0]][name=[1]]"},
		{"either", "customer", []query.Item{id}, &query.Or{Of: []query.Expr{eq("id", "1"), eq("name", "x")}}, "customer"},
		{"either of one column", "customer", []query.Item{id}, &query.Or{Of: []query.Expr{eq("id", "1"), eq("id", "2")}}, "customer[id=[0 1]]"},
		{"not", "customer", []query.Item{id}, &query.Not{Of: eq("id", "1")}, "customer"},
		{"children of one row", "customer", []query.Item{id, embed("order", nil, id)}, eq("id", "1"), "customer[id=[0]] order[customer_id=[0]]"},
		{"filtered children", "customer", []query.Item{id, embed("order", eq("id", "7"), id)}, nil, "customer order[id=[0]]"},
		{"children of children", "customer", []query.Item{id, embed("order", nil, embed("line", nil, &query.Output{Star: true}))}, eq("id", "1"), "customer[id=[0]] order[customer_id=[0]] line"},
		{"the parent", "order", []query.Item{id, embed("customer", nil, id)}, eq("customer_id", "1"), "order[customer_id=[0]] customer[id=[0]]"},
		{"through a junction", "order", []query.Item{id, embed("toast", nil, id)}, eq("id", "1"), "order[id=[0]] line[order_id=[0]] toast"},
		{"exists", "order", []query.Item{id}, &query.Exists{Relation: "customer", Where: eq("name", "x")}, "order customer[name=[0]]"},
		{"exists not", "customer", []query.Item{id}, &query.And{Of: []query.Expr{eq("id", "1"), &query.Not{Of: &query.Exists{Relation: "order", Where: eq("id", "2")}}}},
			"customer[id=[0]] order[customer_id=[0]][id=[1]]"},
		{"cold", "cold", []query.Item{id}, eq("id", "1"), "it reads a table with @cache(off: true)"},
		{"view", "view", []query.Item{id}, eq("id", "1"), "it reads a view"},
		{"cast to a time", "toast", []query.Item{&query.Output{Field: query.Field{Column: "name"}, Cast: "date"}}, nil, "it casts to a date or time, which may be a word such as now"},
	} {
		q := &query.Select{From: query.Name{Name: c.from}, Items: c.items, Where: c.where}
		query.Parameterize(q, nil)
		p, err := plan.Resolve(q, s, plan.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := reachText(derive(p)); got != c.want {
			t.Errorf("%s: depends on\n%s\nwant\n%s", c.name, got, c.want)
		}
	}

	q := &query.Select{From: query.Name{Name: "order"}, Items: []query.Item{id}, Where: eq("at", "x")}
	query.Parameterize(q, nil)
	p, err := plan.Resolve(q, s, plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := derive(p)
	for text, want := range map[string]bool{"2024-01-02 03:04:05": false, "2024-01-02T03:04:05Z": false, "now": true, "TODAY": true, "tomorrow": true, "Jan 2 2024": true, "yesterday 03:00": true} {
		if got := r.clocked(query.Args{{Text: text}}, ""); got != want {
			t.Errorf("%q may change with time: %v", text, got)
		}
		if !r.clocked(query.Args{{Text: text}}, "Europe/Berlin") {
			t.Errorf("%q in a zone can't change with time", text)
		}
	}
	q = &query.Select{From: query.Name{Name: "order"}, Items: []query.Item{id}, Count: query.EstimatedCount}
	p, err = plan.Resolve(q, s, plan.Options{})
	if err != nil || derive(p).off == "" {
		t.Error("an estimate is kept", err)
	}
}
