package node

import (
	"context"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
)

func TestSlowStatementsAreKeptNewestFirstAndBounded(t *testing.T) {
	n := &Node{}
	n.slow = newSlowLog(n)
	if list, seen := n.Slow(); len(list) != 0 || seen != 0 {
		t.Fatalf("%d of %d before the first one", len(list), seen)
	}
	book := shape.NewBook(0)
	p := &plan.Plan{Shape: book.Of("admin", []byte("x"), func() shape.About { return shape.About{Label: "x"} })}
	n.slow.last[p] = explained{time.Now(), "SCAN order"} // so that nobody is asked
	for i := range slowMax + 3 {
		n.slow.note(context.Background(), p, nil, time.Duration(i)*time.Second)
	}
	list, seen := n.Slow()
	if len(list) != slowMax || seen != slowMax+3 {
		t.Fatalf("%d of %d are kept, want %d of %d", len(list), seen, slowMax, slowMax+3)
	}
	for i, s := range list {
		if want := time.Duration(slowMax+2-i) * time.Second; s.Took != want || s.Shape != p.Shape || s.How != "SCAN order" {
			t.Fatalf("place %d is %+v, want one of %v", i, s, want)
		}
	}
}
