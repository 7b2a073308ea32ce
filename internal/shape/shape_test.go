package shape

import (
	"testing"
	"time"
)

func TestQuantileIsWithinAnEighth(t *testing.T) {
	for _, d := range []time.Duration{time.Microsecond, 7 * time.Microsecond, 8 * time.Microsecond, 93 * time.Microsecond, 4 * time.Millisecond, 30 * time.Second, 8 * time.Minute} {
		var h Histogram
		h.Add(d)
		if got := h.Quantile(0.99); got <= d || float64(got) > float64(d)*1.125+float64(time.Microsecond) {
			t.Errorf("%v was read back as %v", d, got)
		}
	}
	var last Histogram
	last.Add(9 * time.Minute)
	last.Add(time.Hour)
	if got := last.Quantile(1); got < 8*time.Minute || got > 9*time.Minute || last.Quantile(0.5) != got {
		t.Errorf("what is longer than all buckets was read back as %v", got)
	}
	var h Histogram
	h.Add(time.Hour)
	h.Add(-time.Second)
	if got := h.Quantile(0.5); got != time.Microsecond {
		t.Errorf("a negative duration was read back as %v", got)
	}
}

func TestQuantileCountsRanks(t *testing.T) {
	var h Histogram
	for i := range 1000 {
		h.Add(time.Duration(i+1) * time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond, 1: time.Second} {
		if got := h.Quantile(q); got < want || float64(got) > float64(want)*1.125 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
}

func TestBookKeepsShapesApartAndIsBounded(t *testing.T) {
	b := NewBook(2)
	about := func() About { return About{Label: "x"} }
	one := b.Of("admin", []byte("a"), about)
	if b.Of("admin", []byte("a"), about) != one {
		t.Error("one shape was made twice")
	}
	if b.Of("user", []byte("a"), about) == one {
		t.Error("two roles share a shape")
	}
	over := b.Of("admin", []byte("c"), about)
	if over.ID != "" || over != b.Of("admin", []byte("d"), about) {
		t.Error("what found no room isn't counted together")
	}
	over.Note(nil, time.Second, 1, false)
	if len(b.All()) != 3 {
		t.Errorf("%d shapes, want 3", len(b.All()))
	}
	(*Shape)(nil).Note(nil, 1, 1, false) // plans made elsewhere have none
}

func TestCountsOfTwoMomentsDiffer(t *testing.T) {
	var h Histogram
	h.Add(time.Second)
	before := h.Counts()
	h.Add(time.Millisecond)
	h.Add(7 * time.Microsecond)
	now := h.Counts()
	since := now.Since(&before)
	if since.Sum() != 2 || since.Quantile(1) > 1200*time.Microsecond {
		t.Errorf("%d were added, the longest of %v", since.Sum(), since.Quantile(1))
	}
	for power, want := range map[int]uint64{3: 1, 9: 1, 10: 2, 19: 2, 20: 3, 29: 3} {
		if got := now.Below(power); got != want {
			t.Errorf("%d are below 2^%d µs, want %d", got, power, want)
		}
	}
}
