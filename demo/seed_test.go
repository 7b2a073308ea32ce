package demo

import (
	"fmt"
	"hash/fnv"
	"testing"
)

// gather keeps every row of a seed, by table.
func gather(orders int) map[string][][]any {
	all := map[string][][]any{}
	for _, t := range Seed(orders) {
		for row := range t.Rows {
			all[t.Name] = append(all[t.Name], append([]any(nil), row...))
		}
	}
	return all
}

func TestSeedIsTheSameEveryTime(t *testing.T) {
	sum := func() uint64 {
		h := fnv.New64a()
		for _, table := range Seed(2000) {
			fmt.Fprintln(h, table.Name, table.Columns, table.Count)
			for row := range table.Rows {
				fmt.Fprintln(h, row...)
			}
		}
		return h.Sum64()
	}
	if a, b := sum(), sum(); a != b {
		t.Errorf("two runs made different rows: %x and %x", a, b)
	}
}

func TestSeedCountsAndRefers(t *testing.T) {
	const orders = 5000
	all := gather(orders)
	ids := map[string]map[any]bool{}
	for _, table := range Seed(orders) {
		if got := len(all[table.Name]); got != table.Count {
			t.Errorf("%s says %d rows and has %d", table.Name, table.Count, got)
		}
		ids[table.Name] = map[any]bool{}
		for _, row := range all[table.Name] {
			if len(row) != len(table.Columns) {
				t.Fatalf("%s: %d values for %d columns: %v", table.Name, len(row), len(table.Columns), row)
			}
			ids[table.Name][row[0]] = true
		}
	}
	if len(all["order"]) != orders {
		t.Errorf("%d orders, want %d", len(all["order"]), orders)
	}
	for _, ref := range []struct {
		table  string
		column int
		to     string
	}{{"order", 1, "customer"}, {"order_item", 0, "order"}, {"order_item", 2, "toast"}, {"toast_ingredient", 0, "toast"}, {"toast_ingredient", 1, "ingredient"}} {
		for _, row := range all[ref.table] {
			if !ids[ref.to][row[ref.column]] {
				t.Fatalf("%s %v refers to a %s that isn't there", ref.table, row, ref.to)
			}
		}
	}
}

// Real data is skewed: a few toasts and a few regulars make much of it.
func TestSeedIsSkewed(t *testing.T) {
	all := gather(5000)
	share := func(column, first int64, rows [][]any) float64 {
		n := 0
		for _, row := range rows {
			if id, ok := row[column].(int64); ok && id <= first {
				n++
			}
		}
		return float64(n) / float64(len(rows))
	}
	if s := share(2, 2, all["order_item"]); s < 0.2 {
		t.Errorf("two of twenty toasts make %.0f %% of the items, which is no skew", s*100)
	}
	if s := share(1, 50, all["order"]); s < 0.2 {
		t.Errorf("a tenth of the customers makes %.0f %% of the orders, which is no skew", s*100)
	}
}

// An order's total is the sum of its items.
func TestSeedAddsUp(t *testing.T) {
	all := gather(2000)
	sums := map[any]int64{}
	for _, row := range all["order_item"] {
		sums[row[0]] += row[3].(int64) * cents(row[4].(string))
	}
	for _, row := range all["order"] {
		if want := money(sums[row[0]]); row[3] != want {
			t.Fatalf("order %v has the total %v, its items %s", row[0], row[3], want)
		}
	}
}
