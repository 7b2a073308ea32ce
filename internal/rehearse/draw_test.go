package rehearse

import (
	"math"
	"testing"
)

func TestPermutationIsOneToOne(t *testing.T) {
	for _, n := range []int64{1, 2, 3, 4, 5, 7, 8, 9, 100, 1000, 4097, 65_536, 70_001} {
		for seed := range uint64(3) {
			p := permutationOf(drawOf(seed, "t", "c"), n)
			seen := make([]bool, n)
			for i := range n {
				v := p.of(i)
				if v < 0 || v >= n || seen[v] {
					t.Fatalf("n %d, seed %d: %d goes to %d, which is out of range or taken", n, seed, i, v)
				}
				seen[v] = true
				if back := p.from(v); back != i {
					t.Fatalf("n %d, seed %d: %d goes to %d, which comes from %d", n, seed, i, v, back)
				}
			}
		}
	}
}

func TestPermutationShuffles(t *testing.T) {
	const n = 10_000
	p := permutationOf(drawOf(1, "x"), n)
	var sum, same float64
	for i := range int64(n) {
		sum += (float64(i) - n/2) * (float64(p.of(i)) - n/2)
		if p.of(i) == i {
			same++
		}
	}
	if r := sum / (n * float64(n) * n / 12); math.Abs(r) > 0.05 {
		t.Errorf("places correlate by %.3f", r)
	}
	if same > 10 {
		t.Errorf("%v stay where they are", same)
	}
}

func TestDrawIsEven(t *testing.T) {
	const n, cells = 100_000, 100
	d := drawOf(7, "order", "status")
	var count [cells]int
	for i := range uint64(n) {
		u := d.unit(i)
		if u < 0 || u >= 1 {
			t.Fatalf("%v is outside of [0, 1)", u)
		}
		count[int(u*cells)]++
		if v := d.below(i, 7); v < 0 || v > 6 {
			t.Fatalf("%d is outside of [0, 7)", v)
		}
	}
	var chi float64
	for _, c := range count {
		chi += math.Pow(float64(c)-n/cells, 2) / (n / cells)
	}
	if chi > 160 { // 99 degrees of freedom: once in 10,000
		t.Errorf("chi squared is %.0f over %d cells", chi, cells)
	}
	if drawOf(7, "ab", "c").at(1) == drawOf(7, "a", "bc").at(1) {
		t.Error("two names that join to one are drawn alike")
	}
}
