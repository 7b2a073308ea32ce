package rehearse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

// TestHeads writes the heads of all values that rows have, and counts how many begin alike.
func TestHeads(t *testing.T) {
	for _, test := range []struct {
		size, used int64
		mean       int
		halved     bool
	}{{1, 1, 8, false}, {30, 30, 8, true}, {1000, 1000, 20, true}, {5000, 5000, 20, true}, {5000, 5000, 3, false}, {1 << 20, 1000, 20, true}, {900, 900, 20, false}} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			d := &domain{size: test.size, length: lengths{1, test.mean, 40}}
			if test.halved {
				d.halve(test.used)
			}
			if got := d.halves.letters > 0; got != test.halved {
				t.Fatalf("halved is %v", got)
			}
			begin := map[string]int64{}
			last := ""
			for n := range test.used {
				head := d.headText(n)
				if head <= last {
					t.Fatalf("value %d begins with %q, the one before with %q", n, head, last)
				}
				last = head
				for k := 1; k <= len(head); k++ {
					begin[head[:k]]++
				}
			}
			for n := int64(0); n < test.used; n += 7 {
				head := d.headText(n)
				for k := 1; k <= len(head); k++ {
					if got, want := d.sharing(n, k), begin[head[:k]]; got != want && d.size == test.used || d.halves.letters > 0 && got != want {
						t.Fatalf("%d values begin with %q, want %d", got, head[:k], want)
					}
				}
			}
			if test.size > test.used {
				if first, greatest := d.headText(test.used), d.headText(test.size-1); first <= last || greatest <= first {
					t.Errorf("the values of no row begin with %q to %q, behind %q", first, greatest, last)
				}
			}
			if d.halves.letters > 0 && test.used >= 1000 {
				all := float64(test.used)
				for k := 1; k <= 6; k++ {
					if n, want := float64(begin[strings.Repeat("b", k)]), all/float64(int(1)<<k); n < want-1 || n > want+1 {
						t.Errorf("%v of %v values begin with %d times b, want %v", n, all, k, want)
					}
				}
			}
		})
	}
}

// TestHeadsOfShortTypes: where a type has room for few letters, fewer of them halve, or none.
func TestHeadsOfShortTypes(t *testing.T) {
	for most := 1; most <= 16; most++ {
		for _, used := range []int64{2, 25, 1000, 100_000} {
			d := &domain{t: schema.Type{Base: schema.Text, Name: "varchar", Modifier: fmt.Sprintf("(%d)", most)}, length: lengths{most, most, most}}
			d.size = min(used, d.room(schema.Text))
			d.halve(d.size)
			seen := map[string]bool{}
			for n := range d.size {
				head := d.headText(n)
				if len(head) > most || seen[head] {
					t.Fatalf("varchar(%d), %d values: %q is too long, or there already", most, d.size, head)
				}
				seen[head] = true
			}
			if halved := d.halves.letters > 0; halved != (most >= 3) && used == 1000 {
				t.Errorf("varchar(%d), %d values: halved is %v", most, d.size, halved)
			}
		}
	}
}
