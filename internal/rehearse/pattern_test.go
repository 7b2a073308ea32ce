package rehearse

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/query"
)

// A search is a shape that looks for texts by a pattern, the rows that come back in production, and what it must be.
type search struct {
	of      string // table.column
	infix   bool
	limited bool
	rows    float64
	want    Class
}

func (s search) String() string {
	return fmt.Sprintf("%s, infix %v, limited %v, %v rows", s.of, s.infix, s.limited, s.rows)
}

func (s search) asked() asked {
	table, column, _ := strings.Cut(s.of, ".")
	a := Argument{Kind: "pattern", Op: "ilike", Column: s.of, Prefix: &shape.Sizes{P50: 3, P95: 3, Max: 3}}
	if s.infix {
		a.Wild = 1
	}
	out := asked{name: s.String(), rows: s.rows, want: s.want, args: []Argument{a}}
	var more func(*query.Select)
	if s.limited {
		more = page(map[string]string{"customer": "id", "order": "id", "item": "order_id"}[table], query.Asc)
		out.args = append(out.args, Argument{Kind: "number", Sizes: &shape.Sizes{P50: 20, P95: 20, Max: 20}})
	}
	out.q = from(table, &query.Compare{Field: query.Field{Column: column}, Op: query.ILike, Value: query.Text("")}, more)
	return out
}

// TestSearches looks for texts by patterns, as often in vain or with success as production does: of none is nothing known.
func TestSearches(t *testing.T) {
	var list []asked
	searches := []search{
		{"customer.name", false, false, 0, Linear}, {"customer.name", false, false, 1, Linear}, {"customer.name", false, false, 20, Linear},
		{"customer.name", false, false, 150, Linear}, {"customer.name", false, true, 20, Flat},
		{"order.note", true, false, 0, Linear}, {"order.note", true, false, 20, Linear}, {"order.note", true, false, 150, Linear}, {"order.note", true, true, 20, Flat},
		// Every value has far more rows than are found: nearly everybody looks in vain, and is not served by the first rows.
		{"item.sku", true, true, 0.3, Linear}, {"item.sku", false, true, 1, Linear}, {"item.sku", false, false, 5, Linear},
	}
	for _, s := range searches {
		list = append(list, s.asked())
	}
	rep, err := Run(context.Background(), Options{Schema: shopSchema(t), Capture: ask(t, list), Database: "sqlite:" + filepath.Join(t.TempDir(), "shop.db"), Rows: 40_000,
		NoAdvice: true, Scenarios: []Scenario{More}})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		v := rep.of(a.name)
		if v.Class != a.want {
			t.Errorf("%s: %s, exponent %.2f, %s; want %s", a.name, v.Class, v.Exponent, v.Reason, a.want)
		}
		if found := nearest(v.Cases[0].Rungs); a.rows >= 20 && (found > 2*a.rows || found < a.rows/2) {
			t.Errorf("%s: %.1f rows come back of the shadow", a.name, found)
		}
	}
}

// TestSearchesFoundLess looks for what production finds now and then, and the shadow never: looking is the work, and is known.
func TestSearchesFoundLess(t *testing.T) {
	found := search{of: "item.sku", rows: 20}.asked()
	sub := &subject{shape: &Shape{Calls: 10, Rows: 20}, replay: &replay{uses: []use{{kind: compared, op: query.ILike}}}}
	sub.replay.plan = planOf(t, shopSchema(t), found.q)
	for _, class := range []Class{Flat, Linear} {
		sub.cases = []*Case{{Class: class, Rungs: []Rung{{X: 1}}}}
		sub.verdict = Verdict{Class: class}
		(&run{}).faithful(sub)
		if known := sub.verdict.Class == class; known != (class == Linear) || known && len(sub.verdict.Notes) != 1 {
			t.Errorf("%s becomes %s, %s, %q", class, sub.verdict.Class, sub.verdict.Reason, sub.verdict.Notes)
		}
	}
}
