package rehearse

import (
	"context"
	"testing"

	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/schema"
)

// TestRunBeyond asks PostgreSQL for a row of a table that is read whole up to 300 rows, and by its index from 600 on, of which the ladder's top
// rung alone has as many.
func TestRunBeyond(t *testing.T) {
	c := askPostgres(t, []asked{{name: "person by key", q: from("person", eq("id"), nil), rows: 1}})
	for i := range c.Tables {
		if c.Tables[i].Name == "person" {
			c.Tables[i].Rows = 300
		}
	}
	rep, err := Run(context.Background(), Options{Schema: shopSchema(t), Capture: c, Database: pgtest.DSN(t), Rows: 40_000, NoAdvice: true, Scenarios: []Scenario{More}})
	if err != nil {
		t.Fatal(err)
	}
	v := rep.of("person by key")
	of := v.Cases[0]
	if top := of.Rungs[len(of.Rungs)-1].X; top <= rep.Top[0] || of.lastChange() > len(of.Rungs)-regimeLeast {
		t.Errorf("it was asked up to %vx, the whole shadow up to %vx; the plan changed last on rung %d of %d:\n%s", top, rep.Top[0], of.lastChange()+1, len(of.Rungs), of.Plan)
	}
	if v.Class != Flat {
		t.Errorf("it is %s, exponent %.2f (%s)", v.Class, v.Exponent, v.Reason)
	}
}

// TestBeyondSettles takes plans of the rungs, the ladder ending with the fourth, and says how many are left.
func TestBeyondSettles(t *testing.T) {
	for plans, left := range map[string]int{"aaaa": 4, "aaab": 4, "aaabb": 4, "aaabbb": 6, "aaabc": 4, "aaaab": 4, "aaabccc": 7, "aaabaaa": 7, "aaaabab": 4} {
		c := &Case{}
		for i, p := range plans {
			c.Rungs = append(c.Rungs, Rung{X: float64(int(1) << i), samples: []sample{{plan: string(p)}}})
		}
		if c.settle(8); len(c.Rungs) != left {
			t.Errorf("of %s %d rungs are left, want %d", plans, len(c.Rungs), left)
		}
	}
	c := &Case{over: true, Rungs: []Rung{{X: 4}, {X: 8}, {X: 16}}}
	if c.settle(8); len(c.Rungs) != 2 || c.over {
		t.Error("sizes are left at which it failed in the end")
	}
}

func TestNeeds(t *testing.T) {
	m := shopModel(t)
	r := &run{model: m}
	for _, test := range []struct {
		ask  asked
		want []string
	}{
		{asked{q: from("city", nil, nil)}, []string{"city"}},
		{asked{q: from("order", nil, nil)}, []string{"order", "customer", "city"}},
		{questions()[13], []string{"tag", "order_tag", "order", "customer", "city"}}, // a tag goes, if no order has it
	} {
		needs := r.needs(&subject{replay: &replay{plan: planOf(t, m.schema, test.ask.q)}})
		var names []string
		for _, of := range m.tables {
			if has := needs[of.table]; has != contains(test.want, of.table) {
				t.Errorf("of %s is said %v", of.table.Name, has)
			}
			names = append(names, of.table.Name.Name)
		}
		if only := m.only(needs); len(only.tables) != len(test.want) {
			t.Errorf("%d of %v are left, want %v", len(only.tables), names, test.want)
		}
	}
}

func contains(names []string, t *schema.Table) bool {
	for _, n := range names {
		if n == t.Name.Name {
			return true
		}
	}
	return false
}
