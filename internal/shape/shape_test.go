package shape

import (
	"testing"
	"time"
)

func TestQuantileIsWithinAnEighth(t *testing.T) {
	for _, d := range []time.Duration{time.Microsecond, 7 * time.Microsecond, 8 * time.Microsecond, 93 * time.Microsecond, 4 * time.Millisecond, 30 * time.Second, 8 * time.Minute} {
		var h histogram
		h.add(d)
		if got := h.quantile(0.99); got <= d || float64(got) > float64(d)*1.125+float64(time.Microsecond) {
			t.Errorf("%v was read back as %v", d, got)
		}
	}
	var h histogram
	h.add(time.Hour)
	h.add(-time.Second)
	if got := h.quantile(0.5); got != time.Microsecond {
		t.Errorf("a negative duration was read back as %v", got)
	}
}

func TestQuantileCountsRanks(t *testing.T) {
	var h histogram
	for i := range 1000 {
		h.add(time.Duration(i+1) * time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond, 1: time.Second} {
		if got := h.quantile(q); got < want || float64(got) > float64(want)*1.125 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
}

func TestBookKeepsShapesApartAndIsBounded(t *testing.T) {
	b := NewBook(2)
	label := func() string { return "x" }
	one := b.Of("admin", []byte("a"), label)
	if b.Of("admin", []byte("a"), label) != one {
		t.Error("one shape was made twice")
	}
	if b.Of("user", []byte("a"), label) == one {
		t.Error("two roles share a shape")
	}
	over := b.Of("admin", []byte("c"), label)
	if over.ID != "" || over != b.Of("admin", []byte("d"), label) {
		t.Error("what found no room isn't counted together")
	}
	over.Note(time.Second, 1, false)
	if len(b.All()) != 3 {
		t.Errorf("%d shapes, want 3", len(b.All()))
	}
	(*Shape)(nil).Note(1, 1, false) // plans made elsewhere have none
}
