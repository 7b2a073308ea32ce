package shape

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/query"
)

func sketched(kinds ...Kind) *Shape {
	return NewBook(0).Of("admin", []byte("shape"), func() About { return About{Label: "x", Kinds: kinds} })
}

func (s *Shape) call(texts ...string) {
	args := make(query.Args, len(texts))
	for i, text := range texts {
		args[i] = query.Text(text)
	}
	s.Note(args, time.Millisecond, 1, false)
}

func example(t *testing.T, s *Shape, kind string) Example {
	t.Helper()
	for _, e := range s.Examples() {
		if e.Kind == kind {
			return e
		}
	}
	t.Fatalf("there is no %s example among %v", kind, s.Examples())
	return Example{}
}

func TestFewValuesAreRankedExactly(t *testing.T) {
	s := sketched(Literal, Number)
	for i, times := range []int{1, 2, 3, 4, 90, 5, 6} {
		for range times {
			s.call("v"+strconv.Itoa(i), "10")
		}
	}
	hot, typical := example(t, s, Hottest), example(t, s, Typical)
	if hot.Args[0].Text != "v4" || hot.Rank != 1 || hot.Ranks[0] != 1 || math.Abs(hot.Share-90.0/111) > 0.001 {
		t.Errorf("the hottest is %+v", hot)
	}
	if typical.Args[0].Text != "v3" { // of seven that differ, the fourth
		t.Errorf("the typical one is %+v", typical)
	}
	a := s.Arguments()
	if a[0].Distinct != 7 || len(a[0].Shares) != 7 || math.Abs(a[0].Shares[0]-90.0/111) > 0.001 || !slices.IsSortedFunc(a[0].Shares, func(a, b float64) int { return -int(math.Copysign(1, a-b)) }) {
		t.Errorf("the first argument is %+v", a[0])
	}
	if a[1].Kind != Number || a[1].Distinct != 1 || *a[1].Sizes != (Sizes{10, 10, 10}) {
		t.Errorf("the limit is %+v", a[1])
	}
}

// TestHotValueIsFoundAmongMany asks by a skewed key: a hundredth of all calls is for one of 100,000.
func TestHotValueIsFoundAmongMany(t *testing.T) {
	s := sketched(Literal)
	r := rand.New(rand.NewPCG(7, 7))
	for range 200_000 {
		switch {
		case r.IntN(10) == 0:
			s.call("hot")
		case r.IntN(20) == 0:
			s.call("warm")
		default:
			s.call(strconv.Itoa(r.IntN(100_000)))
		}
	}
	hot := example(t, s, Hottest)
	if hot.Args[0].Text != "hot" || hot.Ranks[0] != 1 || math.Abs(hot.Share-0.1) > 0.03 {
		t.Errorf("the hottest is %+v", hot)
	}
	if typical := example(t, s, Typical); typical.Args[0].Text == "hot" || typical.Args[0].Text == "warm" || typical.Ranks[0] < 100 {
		t.Errorf("the typical one is %+v", typical)
	}
	a := s.Arguments()[0]
	if len(a.Shares) < 2 || math.Abs(a.Shares[0]-0.1) > 0.03 || math.Abs(a.Shares[1]-0.045) > 0.03 {
		t.Errorf("shares are %v", a.Shares)
	}
	if a.Sizes.P50 != 5 || a.Sizes.Max != 5 {
		t.Errorf("sizes are %+v", a.Sizes)
	}
	// One call in 32 is looked at: 6,000 of them, of which most differ.
	if a.Distinct < 3_000 || a.Distinct > 12_000 {
		t.Errorf("%d distinct values", a.Distinct)
	}
}

func TestMillionDifferentValuesStayInBounds(t *testing.T) {
	s := sketched(Literal, Items, Pattern)
	long := strings.Repeat("x", 300)
	for i := range 1_000_000 {
		n := strconv.Itoa(i)
		s.Note(query.Args{query.Text(long + n), query.List([]string{n, n + "a"}), query.Text(n + "%")}, 0, 1, false)
	}
	if used := s.book.sketches.used.Load(); used > 1<<20 {
		t.Errorf("the sketch of one shape takes %d bytes", used)
	}
	if got := len(s.sketch.tuples.counters) + len(s.sketch.sample.counters); got > tuplesMost+sampleMost {
		t.Errorf("%d tuples are kept", got)
	}
	if e := s.Examples(); len(e) != 3 || e[0].Args[0].Text[:300] != long {
		t.Errorf("%d examples", len(e))
	}
	a := s.Arguments()
	if *a[1].Sizes != (Sizes{2, 2, 2}) || a[1].Letters.Max != 7 || a[2].Prefix.Max != 6 || a[2].Wild != 0 {
		t.Errorf("arguments are %+v %+v", a[1], a[2])
	}
}

func TestAllSketchesTogetherStayInBounds(t *testing.T) {
	b := NewBook(0)
	big := strings.Repeat("y", ExampleBytesMax-200)
	for i := range 2_000 {
		s := b.Of("admin", fmt.Append(nil, i), func() About { return About{Label: "x", Kinds: []Kind{Literal}} })
		for j := range 4 {
			s.call(big + strconv.Itoa(j))
			s.call(big + strconv.Itoa(j))
		}
	}
	if used := b.sketches.used.Load(); used > SketchBytesMax || used < SketchBytesMax*9/10 {
		t.Errorf("all sketches take %d bytes, the limit is %d", used, SketchBytesMax)
	}
}

func TestAllTemplatesTogetherStayInBounds(t *testing.T) {
	b := NewBook(0)
	of := func(i int) *Shape {
		return b.Of("admin", fmt.Append(nil, i), func() About { return About{Label: "x", Query: make([]byte, 64<<10)} })
	}
	most := TemplatesBytesMax / (64 << 10)
	for i := range most {
		if of(i).Query == nil {
			t.Fatalf("shape %d of %d has no template", i, most)
		}
	}
	over := of(most)
	if over.Query != nil || over.ID == "" || over != of(most) {
		t.Errorf("past the limit there is a shape with %d bytes", len(over.Query))
	}
	if small := b.Of("admin", []byte("small"), func() About { return About{Label: "x"} }); small.ID == "" {
		t.Error("a shape without a template isn't counted any more")
	}
}

func TestExamplesAreBoundedAndOwnTheirTexts(t *testing.T) {
	s := sketched(Literal, Data)
	text := []byte("borrowed")
	s.call(string(text), strings.Repeat("z", ExampleBytesMax))
	if e := s.Examples(); len(e) != 0 {
		t.Errorf("arguments of more than %d bytes were kept", ExampleBytesMax)
	}
	s.call("fits", strings.Repeat("z", ExampleBytesMax-2*valueBytes-len("fits")))
	e := s.Examples()
	if len(e) != 3 || e[0].Args[0].Text != "fits" {
		t.Fatalf("%d examples", len(e))
	}
	e[0].Args[0].Text = "changed"
	if example(t, s, Typical).Args[0].Text != "fits" {
		t.Error("an example is shared with whoever asked for it")
	}
}

func TestListHasTheRankOfItsHottestItem(t *testing.T) {
	s := sketched(Items)
	for i, list := range [][]string{{"a", "b"}, {"a", "c"}, {"a", "d"}, {"e", "f"}} {
		for range i + 1 {
			s.Note(query.Args{query.List(list)}, 0, 1, false)
		}
	}
	// a came 6 times, e and f 4 times each.
	if hot := example(t, s, Hottest); hot.Args[0].List[0] != "e" || hot.Ranks[0] != 2 {
		t.Errorf("the hottest is %+v", hot)
	}
	if typical := example(t, s, Typical); typical.Args[0].List[0] != "a" || typical.Ranks[0] != 1 {
		t.Errorf("the typical one is %+v", typical)
	}
}

func TestPatternsThatBeginWithAWildcard(t *testing.T) {
	s := sketched(Pattern)
	for range 3 {
		s.call("%abc")
	}
	s.call("äbc_")
	a := s.Arguments()[0]
	if a.Wild != 0.75 || a.Prefix.Max != 3 || a.Sizes.Max != 4 {
		t.Errorf("%+v %+v", a, a.Prefix)
	}
}

func TestOldCallsWeighLess(t *testing.T) {
	s := sketched(Literal)
	for range 3 {
		s.sketch.add(s, query.Args{query.Text("old")}, halveAt/2)
	}
	for range 2 {
		s.sketch.add(s, query.Args{query.Text("new")}, halveAt/2)
	}
	if s.sketch.weight > halveAt {
		t.Errorf("the sketch stands for %d calls", s.sketch.weight)
	}
	if hot := example(t, s, Hottest); hot.Args[0].Text != "new" || hot.Share > 1 {
		t.Errorf("the hottest is %+v", hot)
	}
}

func TestNoteIsSafeForConcurrentUse(t *testing.T) {
	s := sketched(Literal, Items)
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 2_000 {
				s.Note(query.Args{query.Text(strconv.Itoa(i % 7)), query.List([]string{strconv.Itoa(g)})}, time.Microsecond, 1, false)
				if i%100 == 0 {
					s.Examples()
					s.Arguments()
				}
			}
		})
	}
	group.Wait()
	if s.Calls.Load() != 16_000 || len(s.Examples()) != 3 {
		t.Errorf("%d calls, %d examples", s.Calls.Load(), len(s.Examples()))
	}
}

func TestNumberOf(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "42": 42, "999999999999999999": 999999999999999999, "": -1, "-1": -1, "1e3": -1, "9999999999999999999": -1} {
		if got := NumberOf(text); got != want {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
	}
}

func BenchmarkNote(b *testing.B) {
	s := sketched(Literal, Number)
	args := make([]query.Args, 1024)
	for i := range args {
		args[i] = query.Args{query.Text(strconv.Itoa(i * 7919)), query.Text("10")}
	}
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			s.Note(args[i%len(args)], 20*time.Microsecond, 1, false)
		}
	})
}
