package rehearse

import "testing"

func TestDeal(t *testing.T) {
	shop := degrees{{3, 100}, {800, 1}, {10, 400}, {0, 499}, {10, 0}}.normal()
	parents, children := shop.total()
	if parents != 1000 || children != 800+4000+300 {
		t.Fatalf("the histogram has %d parents and %d children", parents, children)
	}
	sums := shop.deal(1000, children, 1, children)
	if sums[1] != 800 || sums[2]-sums[1] != 10 || sums[401]-sums[400] != 10 || sums[402]-sums[401] != 3 || sums[1000] != children {
		t.Errorf("at production's size degrees begin with %d, %d and add up to %d", sums[1], sums[2]-sums[1], sums[1000])
	}
	for name, test := range map[string]struct {
		parents, children int64
		grown             float64
		head              int64
	}{
		"more parents":         {4000, 4 * children, 1, 800},
		"fewer parents":        {500, children / 2, 1, 800},
		"bigger parents":       {1000, 4 * children, 4, 3200},
		"more and bigger":      {2000, 4 * children, 2, 1600},
		"one parent":           {1, 70, 1, 70},
		"fewer than the head":  {100, 400, 1, 200},
		"a parent that is all": {2, 10, 9, 10},
	} {
		sums := shop.deal(test.parents, test.children, test.grown, test.children)
		if int64(len(sums)) != test.parents+1 || sums[0] != 0 || sums[test.parents] != test.children {
			t.Errorf("%s: %d sums up to %d", name, len(sums), sums[len(sums)-1])
		}
		if sums[1] != test.head {
			t.Errorf("%s: the hottest parent has %d children, want %d", name, sums[1], test.head)
		}
		for r := range test.parents {
			if sums[r] > sums[r+1] {
				t.Fatalf("%s: parent %d has less than no children", name, r)
			}
		}
	}
	if none := (degrees{}).deal(3, 9, 1, 9); none[1] != 3 || none[3] != 9 {
		t.Errorf("without a histogram the children are %v", none)
	}
	if capped := shop.deal(1000, children, 1, 20); capped[1] != 20 || capped[2] != 30 || capped[1000] != children-780 {
		t.Errorf("with twenty at most, degrees begin with %d, %d and add up to %d", capped[1], capped[2]-capped[1], capped[1000])
	}
}

func TestParentOf(t *testing.T) {
	sums := []int64{0, 3, 3, 5}
	for child, want := range []int64{0, 0, 0, 2, 2} {
		if got := parentOf(sums, int64(child)); got != want {
			t.Errorf("child %d belongs to %d, want %d", child, got, want)
		}
	}
}

func TestHalf(t *testing.T) {
	for _, test := range []struct {
		degrees degrees
		want    float64
	}{{degrees{{3, 100}}, 0.5}, {degrees{{50, 1}, {1, 50}, {0, 49}}, 0.01}, {degrees{{10, 10}, {2, 50}, {0, 40}}, 0.1}, {nil, 0.5}} {
		if got := test.degrees.half(); got != test.want {
			t.Errorf("half of the children of %v are those of %v of the parents, want %v", test.degrees, got, test.want)
		}
	}
}
