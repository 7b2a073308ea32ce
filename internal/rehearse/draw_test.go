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

func TestEvenIsSpread(t *testing.T) {
	d, other := drawOf(7, "order", "status"), drawOf(7, "order", "total")
	const n = 20_000
	var seen [evenly]bool
	var hits, both float64
	for i := range uint64(n) {
		u := d.even(i)
		if u < 0 || u >= 1 {
			t.Fatalf("%v is outside of [0, 1)", u)
		}
		if i%evenly == 0 {
			seen = [evenly]bool{}
		}
		if part := int(u * evenly); seen[part] {
			t.Fatalf("place %d is the second one of its block in part %d", i, part)
		} else {
			seen[part] = true
		}
		if u < 0.0237 {
			hits++
			if other.even(i) < 0.3 {
				both++
			}
		}
		if want := 0.0237 * float64(i+1); math.Abs(hits-want) > 4 {
			t.Fatalf("of the first %d places %v have a number below 0.0237, want %.1f", i+1, hits, want)
		}
	}
	if want := 0.3 * hits; math.Abs(both-want) > 4*math.Sqrt(want) {
		t.Errorf("of %v places %v have another draw's number below 0.3: they depend on each other", hits, both)
	}
}

func TestPermutationWithinParts(t *testing.T) {
	ends := []float64{0, 0.01, 0.03, 0.05, 0.2, 0.2, 0.5, 0.6, 0.95}
	for _, n := range []int64{1, 2, 9, 10, 95, 1000} {
		for _, back := range []bool{false, true} {
			p := permutationOf(drawOf(1, "x"), n)
			p.parts, p.back = partsOf(p.key, ends, n, back), back
			part := func(i int64) (of int) {
				for of < len(p.parts) && p.parts[of].start <= i {
					of++
				}
				return of
			}
			seen, stayed := map[int64]bool{}, int64(0)
			for i := range n {
				v := p.of(i)
				if v < 0 || v >= n || seen[v] || p.from(v) != i {
					t.Fatalf("n %d: %d goes to %d, which is out of range, taken, or comes from %d", n, i, v, p.from(v))
				}
				seen[v] = true
				place := i
				if back {
					place = n - 1 - i
				}
				if part(v) != part(place) {
					t.Errorf("n %d, back %v: %d goes to %d, out of its part", n, back, i, v)
				}
				if v == place {
					stayed++
				}
			}
			if n == 1000 && stayed > 100 {
				t.Errorf("back %v: %d of %d stay", back, stayed, n)
			}
		}
	}
}
