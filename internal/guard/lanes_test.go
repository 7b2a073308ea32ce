package guard

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// A slowStore has so many connections, and a statement of a slow plan keeps its one until it is let go.
type slowStore struct {
	store.Store
	conns chan struct{}
	slow  *plan.Plan
	let   chan struct{}
	held  atomic.Int64
}

func (s *slowStore) Read(ctx context.Context, p *plan.Plan, _ query.Args) (store.Result, error) {
	s.conns <- struct{}{}
	defer func() { <-s.conns }()
	if p == s.slow {
		s.held.Add(1)
		<-s.let
	}
	return store.Result{}, ctx.Err()
}

// A shape whose statements are slow all at once leaves the other half of the connections to everybody else.
func TestLanesLeaveHalf(t *testing.T) {
	c := liteChaos(t)
	capacity := c.guard.config.Engine.Capacity()
	book := shape.NewBook(0)
	of := func(name string) *plan.Plan {
		return &plan.Plan{Shape: book.Of("admin", []byte(name), func() shape.About { return shape.About{Label: name} })}
	}
	slow, fast := of("slow"), of("fast")
	inner := &slowStore{conns: make(chan struct{}, capacity), slow: slow, let: make(chan struct{})}
	st := Wrap(inner, c.guard)
	var all sync.WaitGroup
	for range 4 * capacity {
		all.Go(func() {
			if _, err := st.Read(context.Background(), slow, nil); err != nil {
				t.Error(err)
			}
		})
	}
	c.eventually("the slow ones run", func() bool { return inner.held.Load() >= int64(capacity/2) })
	time.Sleep(50 * time.Millisecond)
	if n := inner.held.Load(); n != int64(capacity/2) {
		t.Errorf("%d of %d connections are one shape's", n, capacity)
	}
	for range 100 {
		began := time.Now()
		if _, err := st.Read(context.Background(), fast, nil); err != nil || time.Since(began) > time.Second {
			t.Error(err, time.Since(began))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := st.Read(ctx, slow, nil); fault.From(err).Code != fault.QueryCanceled {
		t.Error(err)
	}
	close(inner.let)
	all.Wait()
}

// BenchmarkReadGuarded is a read by key through the guard, of 16 clients a processor; BenchmarkReadUnguarded is the same one past it.
func BenchmarkReadGuarded(b *testing.B)   { benchmarkRead(b, true) }
func BenchmarkReadUnguarded(b *testing.B) { benchmarkRead(b, false) }

func benchmarkRead(b *testing.B, guarded bool) {
	c := liteChaos(b)
	if err := c.ask("by id"); err != nil {
		b.Fatal(err)
	}
	p := c.plans["by id"]
	_, args := query.Parameterize(c.shapes["by id"], nil)
	st := c.inner
	if guarded {
		st = c.store
	}
	b.SetParallelism(16)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if res, err := st.Read(context.Background(), p, args); err != nil || res.Rows != 1 {
				b.Fatal(res, err)
			}
		}
	})
}

// Contexts made of a run end with it, and so does whoever only asks; one that is over is in nobody's way.
func TestRunsEnd(t *testing.T) {
	e := &entry{}
	first, over, last := e.begin(context.Background()), e.begin(context.Background()), e.begin(context.Background())
	made, cancel := context.WithTimeout(first, time.Hour)
	defer cancel()
	over.end()
	why := &shedding{reason: "its index is away"}
	(&Guard{}).cancel(e, why)
	select {
	case <-made.Done():
	case <-time.After(5 * time.Second):
		t.Fatal("what was made of a run goes on after it")
	}
	var shed *shedError
	if !errors.As(context.Cause(made), &shed) || shed.shedding != why {
		t.Errorf("it ended because of %v", context.Cause(made))
	}
	if first.Err() != context.Canceled || last.Err() != context.Canceled || over.Err() != nil {
		t.Error(first.Err(), last.Err(), over.Err())
	}
	first.end()
	last.end()
	if e.running != nil {
		t.Error("one is left on the list")
	}
	parent, stop := context.WithCancel(context.Background())
	r := e.begin(parent)
	defer r.end()
	stop()
	<-r.Done()
	if r.Err() != context.Canceled {
		t.Error(r.Err())
	}
}

// Whoever still holds a run that is over finds a context that has ended, like any other.
func TestRunsThatAreOver(t *testing.T) {
	e := &entry{}
	waited, unasked := e.begin(context.Background()), e.begin(context.Background())
	if waited.Done() == nil || waited.Err() != nil {
		t.Error(waited.Err())
	}
	waited.end()
	unasked.end()
	for _, r := range []*run{waited, unasked} {
		select {
		case <-r.Done():
		default:
			t.Fatal("whoever waits for it waits forever")
		}
		made, cancel := context.WithCancel(r)
		defer cancel()
		if r.Err() != context.Canceled || made.Err() != context.Canceled {
			t.Error(r.Err(), made.Err())
		}
	}
}
