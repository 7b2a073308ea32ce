package story

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPrices(t *testing.T) {
	for body, want := range map[string][]int64{
		`[{"price":7.50}]`:                      {750},
		`[{"price": 7.5}, {"price":18.9}]`:      {750, 1890},
		`[{"name":"x","price":11.29}]`:          {1129},
		`[]`:                                    nil,
		`[{"price":null}]`:                      nil,
		`[{"price":7.50`:                        nil,
		`{"code":"PGRST000","message":"price"}`: nil,
	} {
		if got := prices(nil, []byte(body)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
}

// TestStaleCheck finds what is out of date, what was seen newer by somebody else, and what nobody ever wrote.
func TestStaleCheck(t *testing.T) {
	s := &stale{run: testRun()}
	p := &s.prices[3]
	p.toast, p.since = "Feta Attraction", map[int64]time.Time{}
	p.sent.Store(920)
	p.raise(920)
	p.sent.Store(921)
	now := time.Now()

	s.check(now, 3, []int64{920}, []int64{920}) // asked before 9.21 was acknowledged
	s.check(now, 3, []int64{920}, []int64{921}) // somebody sees it: from now on everybody does
	if s.wrong.Load() != 0 || p.floor.Load() != 921 {
		t.Fatalf("%d are wrong, and the floor is %d", s.wrong.Load(), p.floor.Load())
	}
	p.acknowledged(921, now)
	s.check(now.Add(30*time.Millisecond), 3, []int64{921}, []int64{920})
	if s.wrong.Load() != 1 || s.oldest != 30*time.Millisecond {
		t.Errorf("%d are wrong, by %v", s.wrong.Load(), s.oldest)
	}
	if want := "A visitor asked what Feta Attraction costs and was told 9.20. By then it cost 9.21: the answer was out of date for 30 ms."; s.first != want {
		t.Errorf("told: %s", s.first)
	}
	s = &stale{run: s.run}
	s.prices[3].since = map[int64]time.Time{}
	s.check(now, 3, []int64{0}, []int64{1000})
	if s.wrong.Load() != 1 || !strings.Contains(s.first, "nobody has ever asked for") {
		t.Errorf("a price from nowhere: %d, %s", s.wrong.Load(), s.first)
	}
}
