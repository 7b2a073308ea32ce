package rehearse

import (
	"math"
	"testing"
)

// genres are tracks of a few genres by rank: of some there are many, of most few.
var genres = []int64{1297, 579, 374, 332, 130, 93, 81, 74, 58, 48, 30, 15, 8, 3, 1}

func TestLayoutBeginsAsTheSmallerOne(t *testing.T) {
	for _, together := range []float64{0, 0.94} {
		small := layoutOf(genres, together, 0.1, 3_000, drawOf(1, "track"))
		large := layoutOf(genres, together, 0.1, 48_000, drawOf(1, "track"))
		for row := range int64(3_000) {
			a, ok := small.rank(row)
			if b, same := large.rank(row); a != b || ok != same {
				t.Fatalf("together %v: row %d has parent %d, %v in a small table and %d, %v in a large one", together, row, a, ok, b, same)
			}
		}
	}
}

func TestLayoutDealsShares(t *testing.T) {
	const rows, null = 50_000, 0.1
	var all float64
	for _, n := range genres {
		all += float64(n)
	}
	for _, together := range []float64{0, 0.94} {
		y := layoutOf(genres, together, null, rows, drawOf(2, "track"))
		count := make([]float64, len(genres))
		var none, pairs, equal, last float64 = 0, 0, 0, -1
		for row := range int64(rows) {
			rank, ok := y.rank(row)
			if !ok {
				none, last = none+1, -1
				continue
			}
			count[rank]++
			if last >= 0 {
				pairs++
				if last == float64(rank) {
					equal++
				}
			}
			last = float64(rank)
		}
		if math.Abs(none/rows-null) > 0.001 {
			t.Errorf("together %v: %v rows of %d have no parent", together, none, rows)
		}
		for r, n := range genres {
			want := float64(n) / all * rows * (1 - null)
			if slack := 3 + 0.15*want; math.Abs(count[r]-want) > slack {
				t.Errorf("together %v: the parent with %d children in production has %v of %d, want %.0f", together, n, count[r], rows, want)
			}
		}
		if got := equal / pairs; together > 0 && math.Abs(got-together) > 0.05 || together == 0 && got > 0.35 {
			t.Errorf("of neighbours %.3f have the same parent, want %v", got, together)
		}
	}
}

func TestLayoutFindsRows(t *testing.T) {
	for _, together := range []float64{0, 0.94} {
		y := layoutOf(genres, together, 0, 20_000, drawOf(3, "track"))
		for rank := range int64(len(genres)) {
			row, ok := y.row(rank, 20_000, 0.7)
			if got, _ := y.rank(row); !ok || got != rank {
				t.Errorf("together %v: row %d, %v is to be of parent %d and is of %d", together, row, ok, rank, got)
			}
		}
		if row, ok := y.row(99, 20_000, 0.7); ok {
			t.Errorf("row %d is of a parent that isn't there", row)
		}
	}
}

// TestWorldLaysOut takes the cities of customers: few that don't grow, and customers without one.
func TestWorldLaysOut(t *testing.T) {
	m := shopModel(t)
	small, large := m.build(4, More, 2).named("customer"), m.build(4, More, 8).named("customer")
	city, _ := small.table.Column("city_id")
	if small.links[0].layout == nil || small.links[0].parent.rows != large.links[0].parent.rows {
		t.Fatal("customers aren't laid out by their cities")
	}
	for row := range small.rows {
		if a, b := small.value(city.Position, row), large.value(city.Position, row); a != b {
			t.Fatalf("customer %d lives in %v, and in a larger shadow in %v", row, a, b)
		}
	}
	for _, other := range []string{"order", "item", "order_tag"} {
		for _, l := range m.build(4, More, 2).named(other).links {
			if l.layout != nil {
				t.Errorf("%s is laid out by %s, whose rows become more or whose number it is part of", other, l.key.To.Name)
			}
		}
	}
}
