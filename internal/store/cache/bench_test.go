package cache

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

// cpu is what the process has worked so far: a machine that others use too has no other clock.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func reportCPU(b *testing.B, from time.Duration) {
	b.ReportMetric(float64(cpu()-from)/float64(b.N), "cpu-ns/op")
}

// heap is how much memory is in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// heat keeps answers for the items 1 to n, as reading each of them would.
func (s *shop) heat(n int) {
	p, args := s.ask("id=1")
	answer, err := s.inner.Read(context.Background(), p, args)
	if err != nil {
		s.t.Fatal(err)
	}
	pr, _, _ := s.look(p)
	stamp := s.feed.Stamp()
	for i := 1; i <= n; i++ {
		args := query.Args{{Text: strconv.Itoa(i)}}
		needs, _, ok := s.tags.needs(&pr.reach, s.feed.Catalog(), args)
		if !ok {
			s.t.Fatal("the needs aren't known")
		}
		key := appendKey(nil, pr.id, "", args)
		e, ok := newEntry(string(key), &footing{epoch: stamp.Epoch, seq: stamp.Seq, needs: needs}, &answer)
		if !ok {
			s.t.Fatal("the answer isn't kept")
		}
		s.entries.Set(s.hash(key), e)
	}
	if st := s.Stats(); st.Entries < n {
		s.t.Fatalf("%d of %d entries are kept", st.Entries, n)
	}
}

// BenchmarkHit is one answer from memory, of so many that there are.
func BenchmarkHit(b *testing.B) {
	for _, n := range []int{100, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newShop(b, 10, Config{Bytes: 2 << 30, Rest: -1})
			empty := heap()
			s.heat(n)
			full := heap()
			p, _ := s.ask("id=1")
			ctx := context.Background()
			args := query.Args{{}}
			texts := make([]string, 1<<16)
			for i := range texts {
				texts[i] = strconv.Itoa(1 + rand.IntN(n))
			}
			from := cpu()
			for range 5 {
				runtime.GC()
			}
			mark := (cpu() - from) / 5
			before := s.Stats().Hits
			from = cpu()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				args[0].Text = texts[i&(len(texts)-1)]
				i++
				if _, err := s.Store.Read(ctx, p, args); err != nil {
					b.Fatal(err)
				}
			}
			reportCPU(b, from)
			b.ReportMetric(float64(full-empty)/float64(n), "B/entry")
			b.ReportMetric(float64(s.Stats().Bytes)/float64(n), "said-B/entry")
			b.ReportMetric(float64(mark.Microseconds())/1000, "ms/collection")
			if hits := s.Stats().Hits - before; hits < uint64(i) {
				b.Fatalf("%d hits of %d", hits, i)
			}
		})
	}
}

// BenchmarkMiss is the same asked of the database.
func BenchmarkMiss(b *testing.B) {
	s := newShop(b, 10_000, Config{})
	p, _ := s.ask("id=1")
	from := cpu()
	for b.Loop() {
		if _, err := s.inner.Read(context.Background(), p, query.Args{{Text: strconv.Itoa(1 + rand.IntN(10_000))}}); err != nil {
			b.Fatal(err)
		}
	}
	reportCPU(b, from)
}

// BenchmarkWrite is an update of one row, 32 at a time, without a cache and with so many answers in it.
func BenchmarkWrite(b *testing.B) {
	for _, hot := range []int{-1, 0, 100_000} {
		b.Run(map[int]string{-1: "without", 0: "empty", 100_000: "100000"}[hot], func(b *testing.B) {
			s := newShop(b, 100_000, Config{Bytes: 1 << 30, Rest: -1})
			var st store.Store = s.Store
			if hot < 0 {
				s = uncached(b, 100_000)
				st = s.inner
			} else if hot > 0 {
				s.heat(hot)
			}
			var n atomic.Int64
			b.SetParallelism(16)
			b.ResetTimer()
			from := cpu()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					p, args := s.update(int(n.Add(1)*7919%100_000) + 1)
					if _, err := st.Write(context.Background(), store.Tx{Plan: p, Args: args}); err != nil {
						b.Error(err)
						return
					}
				}
			})
			reportCPU(b, from)
		})
	}
}

// BenchmarkBulk is an insert of 1,000 rows.
func BenchmarkBulk(b *testing.B) {
	for _, cached := range []bool{false, true} {
		b.Run(fmt.Sprint(cached), func(b *testing.B) {
			var s *shop
			var st store.Store
			if cached {
				s = newShop(b, 100_000, Config{Bytes: 1 << 30, Rest: -1})
				s.heat(100_000)
				s.read("kind=1")
				st = s.Store
			} else {
				s = uncached(b, 100_000)
				st = s.inner
			}
			p := call("INSERT INTO item (kind, name, note) WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i, 'name', 'note' FROM n")
			from := cpu()
			for b.Loop() {
				if _, err := st.Write(context.Background(), store.Tx{Plan: p}); err != nil {
					b.Fatal(err)
				}
			}
			reportCPU(b, from)
		})
	}
}
