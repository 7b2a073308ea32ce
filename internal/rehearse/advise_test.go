package rehearse

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/schema"
)

// lives is the shop's schema as a database has it that lost the index of its orders.
func lives(t testing.TB) *schema.Schema {
	t.Helper()
	s, mistakes := schema.Parse(schema.Source{Name: "live", Text: strings.Replace(shopText, `@index(columns: ["customer_id", "-placed_at"])`, "", 1)})
	if len(mistakes) > 0 {
		t.Fatal(schema.Mistakes(mistakes))
	}
	return s
}

// advised are the questions whose cure is an index, and its line.
var advised = map[string]string{
	"page of a customer's orders": `@index(columns: ["customer_id", "-placed_at"])`,
	"dearest orders":              `@index(columns: ["-total", "id"])`,
	"orders by note":              `@index(columns: ["note"])`,
	"person leaves":               `@index(columns: ["boss_id"])`,
}

func advisedQuestions() []asked {
	return slices.DeleteFunc(questions(), func(a asked) bool {
		return advised[a.name] == "" && a.name != "order by key" && a.name != "new order" && a.name != "far pages" && a.name != "all customers"
	})
}

func checkAdvice(t *testing.T, rep *Report) {
	t.Helper()
	for name, line := range advised {
		v := rep.of(name)
		switch {
		case v.Class < Linear:
			t.Errorf("%s: %s without the index", name, v.Class)
		case len(v.Advice) != 1:
			t.Errorf("%s: %d indexes are advised", name, len(v.Advice))
		case v.Advice[0].Line != line && (name != "dearest orders" || v.Advice[0].Line != `@index(columns: ["-total"])`): // PostgreSQL sorts the ties
			t.Errorf("%s: the advice is %s, want %s", name, v.Advice[0].Line, line)
		case v.Advice[0].Class > Sublinear || v.Advice[0].After*fallsLeast > v.Advice[0].Before:
			t.Errorf("%s: with %s it is %s, and the work falls from %.0f to %.0f", name, line, v.Advice[0].Class, v.Advice[0].Before, v.Advice[0].After)
		}
	}
	for _, name := range []string{"order by key", "new order", "far pages", "all customers"} {
		if v := rep.of(name); len(v.Advice) > 0 {
			t.Errorf("%s: %s is advised", name, v.Advice[0].Line)
		}
	}
	if v := rep.of("far pages"); len(v.Notes) == 0 || !strings.Contains(v.Notes[0], "offset") {
		t.Errorf("of far pages is said %q", v.Notes)
	}
	if v := rep.of("all customers"); len(v.Notes) == 0 || !strings.Contains(v.Notes[0], "limit") {
		t.Errorf("of all customers is said %q", v.Notes)
	}
}

func TestAdviceSQLite(t *testing.T) {
	rep, err := Run(context.Background(), Options{Schema: shopSchema(t), Live: lives(t), Capture: ask(t, advisedQuestions()), Rows: 40_000})
	if err != nil {
		t.Fatal(err)
	}
	checkAdvice(t, rep)
	// The index that the file declares is there in a database that lost nothing.
	rep, err = Run(context.Background(), Options{Schema: shopSchema(t), Capture: ask(t, advisedQuestions()), Rows: RowsLeast, NoAdvice: true})
	if err != nil {
		t.Fatal(err)
	}
	if v := rep.of("page of a customer's orders"); v.Class != Flat {
		t.Errorf("with its index the page is %s", v.Class)
	}
}

func TestAdvicePostgres(t *testing.T) {
	dsn := pgtest.DSN(t)
	rep, err := Run(context.Background(), Options{Schema: shopSchema(t), Live: lives(t), Capture: askPostgres(t, advisedQuestions()), Database: dsn, Rows: 40_000})
	if err != nil {
		t.Fatal(err)
	}
	checkAdvice(t, rep)
}

// TestAdvisedLines reads the lines that are advised back as parts of the file.
func TestAdvisedLines(t *testing.T) {
	for name, line := range advised {
		table := "type order @table "
		if name == "person leaves" {
			table = "type person @table "
		}
		text := strings.Replace(shopText, table, table+line+" ", 1)
		s, mistakes := schema.Parse(schema.Source{Name: "shop.graphql", Text: text})
		if len(mistakes) > 0 {
			t.Errorf("%s: %v", line, schema.Mistakes(mistakes))
			continue
		}
		tables := s.Tables
		i := slices.IndexFunc(tables, func(x *schema.Table) bool { return strings.HasPrefix(table, "type "+x.Name.Name+" ") })
		if got := tables[i].Indexes[0].Line(); got != line {
			t.Errorf("%s is written back as %s", line, got)
		}
	}
}

func TestLeads(t *testing.T) {
	s := shopSchema(t)
	i := slices.IndexFunc(s.Tables, func(x *schema.Table) bool { return x.Name.Name == "order" })
	column := func(name string, desc bool) schema.IndexColumn {
		c, ok := s.Tables[i].Column(name)
		if !ok {
			t.Fatal(name)
		}
		return schema.IndexColumn{Column: c, Desc: desc}
	}
	index := []schema.IndexColumn{column("customer_id", false), column("placed_at", true)}
	for _, test := range []struct {
		columns []schema.IndexColumn
		want    bool
	}{
		{index[:1], true},
		{index, true},
		{[]schema.IndexColumn{column("customer_id", true), column("placed_at", false)}, true},
		{[]schema.IndexColumn{column("customer_id", false), column("placed_at", false)}, false},
		{[]schema.IndexColumn{column("placed_at", true)}, false},
		{append(slices.Clone(index), column("total", false)), false},
	} {
		if got := leads(index, test.columns); got != test.want {
			t.Errorf("of %d columns: %v, want %v", len(test.columns), got, test.want)
		}
	}
}
