package rehearse

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/query"
)

// asked is one query with the class that it must get, and the scenario and parameters in which.
type asked struct {
	name     string
	q        query.Query
	args     []Argument
	rows     float64
	want     Class
	scenario Scenario
	says     string // part of the reason
}

func eq(column string) *query.Compare {
	return &query.Compare{Field: query.Field{Column: column}, Op: query.Eq, Value: query.Text("")}
}

func from(table string, where query.Expr, more func(*query.Select)) *query.Select {
	s := &query.Select{From: query.Name{Name: table}, Items: []query.Item{&query.Output{Star: true}}, Where: where}
	if more != nil {
		more(s)
	}
	return s
}

func page(order string, direction query.Direction) func(*query.Select) {
	return func(s *query.Select) {
		s.Order = []query.Order{{Field: query.Field{Column: order}, Direction: direction}}
		s.Page.Limit = query.Int(20)
	}
}

// questions are asked of the shop.
func questions() []asked {
	items := func(s *query.Select) {
		s.Items = append(s.Items, &query.Embed{Target: "items", Select: &query.Select{Items: []query.Item{&query.Output{Star: true}}}})
	}
	offset := func(s *query.Select) {
		page("placed_at", query.Desc)(s)
		s.Page.Offset = query.Int(0)
	}
	return []asked{
		{name: "order by key", q: from("order", eq("id"), nil), want: Flat, rows: 1},
		{name: "order with items", q: from("order", eq("id"), items), want: Flat, rows: 1},
		{name: "customer by email", q: from("customer", eq("email"), nil), want: Flat, rows: 1},
		{name: "page of a customer's orders", q: from("order", eq("customer_id"), page("placed_at", query.Desc)), want: Flat, rows: 8},
		{name: "all orders of a customer", q: from("order", eq("customer_id"), nil), want: LinearLog, scenario: Bigger, rows: 13},
		{name: "orders by note", q: from("order", eq("note"), nil), want: Linear, rows: 2},
		{name: "dearest orders", q: from("order", nil, page("total", query.Desc)), want: LinearLog, rows: 20},
		{name: "tags", q: from("tag", nil, nil), want: Flat, rows: 20},
		{name: "all customers", q: from("customer", nil, nil), want: Linear, scenario: More, rows: 400},
		{name: "far pages", q: from("item", nil, func(s *query.Select) { offset(s); s.Order[0].Field.Column = "order_id" }), want: LinearLog, rows: 20, args: []Argument{
			{Kind: "number", Sizes: &shape.Sizes{P50: 20, P95: 20, Max: 20}}, {Kind: "number", Sizes: &shape.Sizes{P50: 0, P95: 20, Max: 7000}}}},
		{name: "new order", q: &query.Insert{Into: query.Name{Name: "order"}, Columns: []string{"id", "customer_id", "state", "total", "extras", "placed_at"}, Rows: query.Text("[]")}, want: Flat, rows: 1},
		{name: "order is served", q: &query.Update{Table: query.Name{Name: "order"}, Columns: []string{"state"}, Row: query.Text("{}"), Where: eq("id")}, want: Flat, rows: 1},
		{name: "person leaves", q: &query.Delete{From: query.Name{Name: "person"}, Where: eq("id")}, want: Linear, scenario: More, rows: 1},
		{name: "tag goes", q: &query.Delete{From: query.Name{Name: "tag"}, Where: eq("id")}, want: Unknown, rows: 1, says: "foreign key"},
		{name: "of a table that is gone", q: from("invoice", nil, nil), want: Unknown, says: "invoice"},
	}
}

func ask(t testing.TB, list []asked) *Capture {
	t.Helper()
	c := shopCapture()
	for _, a := range list {
		text, err := query.Encode(a.q)
		if err != nil {
			t.Fatalf("%s: %v", a.name, err)
		}
		c.Shapes = append(c.Shapes, Shape{ID: a.name, Role: "admin", Label: a.name, Query: text, Calls: 100, Rate: 1, Rows: a.rows, Arguments: a.args})
	}
	return c
}

func (r *Report) of(name string) *Verdict {
	for _, v := range r.Verdicts {
		if v.ID == name {
			return v
		}
	}
	return nil
}

func TestRunSQLite(t *testing.T) {
	dir := t.TempDir()
	list := questions()
	told := int64(0)
	rep, err := Run(context.Background(), Options{Schema: shopSchema(t), Capture: ask(t, list), Database: "sqlite:" + filepath.Join(dir, "shop.db"), Rows: 40_000, NoAdvice: true,
		Progress: func(_ string, done, total int64) {
			if told = done; done > total {
				t.Errorf("%d of %d is done", done, total)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	if told < 40_000 {
		t.Errorf("progress ends at %d rows", told)
	}
	for _, a := range list {
		v := rep.of(a.name)
		if v.Class != a.want {
			t.Errorf("%s: %s, exponent %.2f, %s; want %s", a.name, v.Class, v.Exponent, v.Reason, a.want)
			continue
		}
		if a.scenario != "" && v.Cases[v.Worst].Scenario != a.scenario {
			t.Errorf("%s: the worst scenario is %s, want %s", a.name, v.Cases[v.Worst].Scenario, a.scenario)
		}
		if !strings.Contains(v.Reason, a.says) || a.want == Unknown && v.Reason == "" {
			t.Errorf("%s: the reason is %q, want one with %q", a.name, v.Reason, a.says)
		}
	}
	if v := rep.of("all customers"); !v.Unbounded {
		t.Error("a list of all customers isn't said to be unbounded")
	}
	if v := rep.of("dearest orders"); v.Unbounded {
		t.Error("a page is said to be unbounded")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left behind, %v", left, err)
	}
}

func TestRunIsRepeatable(t *testing.T) {
	list := questions()[:8]
	var first string
	for range 2 {
		rep, err := Run(context.Background(), Options{Schema: shopSchema(t), Capture: ask(t, list), Rows: RowsLeast, NoAdvice: true})
		if err != nil {
			t.Fatal(err)
		}
		rep.Took = 0
		for _, v := range rep.Verdicts {
			for _, c := range v.Cases {
				c.TimeNow, c.Time10, c.Time100 = 0, 0, 0
			}
		}
		text, err := json.Marshal(rep)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(text)
		} else if first != string(text) {
			t.Errorf("the second run says\n%s\nthe first\n%s", text, first)
		}
	}
}

func TestSeedsAgree(t *testing.T) {
	list := questions()[:11]
	low, high := map[string]float64{}, map[string]float64{}
	for seed := range uint64(3) {
		rep, err := Run(context.Background(), Options{Schema: shopSchema(t), Capture: ask(t, list), Rows: RowsLeast, Seed: seed + 1, NoAdvice: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range rep.Verdicts {
			if seed == 0 {
				low[v.ID], high[v.ID] = v.Exponent, v.Exponent
			}
			low[v.ID], high[v.ID] = min(low[v.ID], v.Exponent), max(high[v.ID], v.Exponent)
		}
	}
	for name := range low {
		if math.Abs(high[name]-low[name]) > 0.05 {
			t.Errorf("%s: exponents from %.3f to %.3f", name, low[name], high[name])
		}
	}
}

func TestRunRefuses(t *testing.T) {
	good := Options{Schema: shopSchema(t), Capture: shopCapture()}
	for name, test := range map[string]struct {
		change func(*Options)
		says   string
	}{
		"no capture":        {func(o *Options) { o.Capture = nil }, "needs a schema and a capture"},
		"no tables":         {func(o *Options) { o.Capture = &Capture{Engine: "sqlite"} }, "no tables"},
		"too little growth": {func(o *Options) { o.To = 1 }, "2 to"},
		"too much growth":   {func(o *Options) { o.To = ToMost + 1 }, "2 to"},
		"too few rows":      {func(o *Options) { o.Rows = RowsLeast - 1 }, "rows, not"},
		"too many rows":     {func(o *Options) { o.Rows = RowsMost + 1 }, "rows, not"},
		"a scenario":        {func(o *Options) { o.Scenarios = []Scenario{"smaller"} }, `no scenario "smaller"`},
		"another engine":    {func(o *Options) { o.Database = "postgres://localhost/shop" }, "the capture is of SQLite"},
		"no engine":         {func(o *Options) { o.Capture.Engine = "oracle" }, "not known here"},
		"another schema":    {func(o *Options) { o.Capture.Tables = []Table{{Name: "invoice", Rows: 3}} }, "another schema: it knows invoice"},
	} {
		o := good
		c := *good.Capture
		o.Capture = &c
		test.change(&o)
		if _, err := Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want an error with %q", name, err, test.says)
		}
	}
}

// TestRunLeavesOutWhatIsTooLarge takes a look-up table of the largest size that a capture may have.
func TestRunLeavesOutWhatIsTooLarge(t *testing.T) {
	c := ask(t, questions()[:1])
	for i := range c.Tables {
		switch c.Tables[i].Name {
		case "city":
			c.Tables[i].Rows = countMost >> 10
		case "customer":
			c.Tables[i].Rows = countMost
		}
	}
	rep, err := Run(context.Background(), Options{Schema: shopSchema(t), Capture: c, Rows: RowsLeast, NoAdvice: true, Scenarios: []Scenario{Bigger}})
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Notes) == 0 || !strings.Contains(rep.Notes[len(rep.Notes)-1], "scenario bigger is left out: the tables that don't grow in it have") || rep.Verdicts[0].Class != Unknown {
		t.Errorf("of a database without end it says %q, %+v", rep.Notes, rep.Verdicts[0])
	}
}

// TestRunTakesLargestNumbers takes the largest numbers that a capture may have.
func TestRunTakesLargestNumbers(t *testing.T) {
	c := ask(t, questions()[:1])
	for i := range c.Tables {
		c.Tables[i].Rows = countMost
	}
	o := Options{Schema: shopSchema(t), Capture: c, Rows: RowsLeast, NoAdvice: true}
	if _, err := Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if need := o.Bytes(); need <= 0 || need > 1<<33 {
		t.Errorf("it takes %d bytes", need)
	}
}

// TestRunThinsParents rehearses a shop with more customers than a shadow may have rows: it has some of them, with as many orders as today on one
// of the middle rungs, and what is foretold is of all.
func TestRunThinsParents(t *testing.T) {
	list := questions()
	list = []asked{list[4], list[8]} // all orders of a customer, all customers
	c := ask(t, list)
	for i := range c.Tables {
		c.Tables[i].Rows *= 100
		for k := range c.Tables[i].FanOuts {
			c.Tables[i].FanOuts[k].Parents *= 100
		}
		if c.Tables[i].Name == "city" {
			c.Tables[i].Rows = 30
		}
	}
	c.Shapes[1].Rows = 40_000
	for _, scenarios := range [][]Scenario{{More, Bigger}, {Bigger}} {
		rep, err := Run(context.Background(), Options{Schema: shopSchema(t), Capture: c, Rows: RowsLeast, NoAdvice: true, Scenarios: scenarios})
		if err != nil {
			t.Fatal(err)
		}
		top := rep.Top[len(rep.Top)-1]
		if top < 2 || len(rep.Notes) != 1 || !strings.Contains(rep.Notes[0], "has no room for all 100000 parents") {
			t.Errorf("%v: the largest shadow is of %vx; it says %q", scenarios, top, rep.Notes)
		}
		if says := strings.Contains(rep.Notes[0], "whole tables"); says == (len(scenarios) == 2) {
			t.Errorf("%v: it says %q", scenarios, rep.Notes)
		}
		if v := rep.of("all orders of a customer"); v.Class != LinearLog || v.Cases[v.Worst].Scenario != Bigger {
			t.Errorf("%v: all orders of a customer are %s, exponent %.2f (%s)", scenarios, v.Class, v.Exponent, v.Reason)
		}
		if len(scenarios) == 2 {
			of := rep.of("all customers").Cases
			if more, bigger := of[0].Work.At10, of[1].Work.At10; math.Abs(bigger*10/more-1) > 0.1 {
				t.Errorf("of ten times the customers it foretells %.0f, and of as many as today %.0f", more, bigger)
			}
		}
	}
}
