package story

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A stream is what one kind of visitor asks. Its requests arrive when they arrive, whether the earlier ones were answered or not (an
// open model): a shop that is slow doesn't get fewer visitors for it. How long one took counts from the moment at which it should have
// been sent, so that waiting behind a slow one counts too (as wrk2 does it; nothing is corrected afterwards).
type stream struct {
	kind  string                             // what its samples have in common
	to    string                             // host:port
	rate  float64                            // arrivals a second, all connections together; they are Poisson's
	conns int                                // connections; each has its share of the arrivals
	ask   func(conn int, r *rand.Rand) asked // the next request, drawn when it is sent

	from   func(conn int) netip.Addr // the client's address; nil lets the system choose
	steady bool                      // arrivals come at even intervals instead
}

// An asked is a request, and who looks at its answer, whose status is 0 where none came; look may be nil.
type asked struct {
	request []byte
	look    func(answer)
}

// A sample is what became of one arrival.
type sample struct {
	at     time.Duration // when it should have been sent, since the story began
	took   time.Duration // from then until the answer was read
	lag    time.Duration // of took, what the generator itself was late by
	status int           // 0 where there was no answer
}

func (s sample) good() bool { return s.status >= 200 && s.status < 300 }

// unsentMax is how many arrivals of a connection may wait behind one that isn't answered. The rest fail at once: memory is bounded.
const unsentMax = 10_000

// A flow is a stream that runs.
type flow struct {
	stream
	began   time.Time // of the story
	lanes   []*lane
	ending  chan struct{}
	end     atomic.Int64 // nanoseconds since began from when on nothing arrives; 0 while it runs
	release func() bool
	wg      sync.WaitGroup
}

// A lane is one connection's part of a flow.
type lane struct {
	flow *flow
	n    int
	rand *rand.Rand
	conn conn

	mu      sync.Mutex
	samples []sample
	tcp     net.Conn
	aborted bool
}

// flow starts a stream. What it draws comes from the run's seed and the number, one for each flow of a story. It ends by stop, or when
// ctx does.
func (r *run) flow(ctx context.Context, number uint64, s stream) *flow {
	f := &flow{stream: s, began: r.began, ending: make(chan struct{})}
	for n := range s.conns {
		l := &lane{flow: f, n: n, rand: rand.New(rand.NewPCG(r.Seed, number<<32|uint64(n)))}
		l.conn = conn{to: s.to, more: l.opened}
		if s.from != nil {
			l.conn.from = s.from(n)
		}
		f.lanes = append(f.lanes, l)
	}
	f.release = context.AfterFunc(ctx, f.abort)
	for _, l := range f.lanes {
		f.wg.Go(func() { l.run(ctx) })
	}
	return f
}

// finish lets nothing more arrive.
func (f *flow) finish() {
	if f.end.CompareAndSwap(0, int64(time.Since(f.began))) {
		close(f.ending)
	}
}

// stop is finish, waits for what is under way for as long as patience, and gives up what isn't answered then. It may be called again.
func (f *flow) stop(patience time.Duration) {
	f.finish()
	done := make(chan struct{})
	go func() { f.wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		f.abort()
		<-done
	}
	f.release()
}

// cut stops at once: what isn't answered never was.
func (f *flow) cut() {
	f.finish()
	f.abort()
	f.stop(0)
}

// abort breaks what is under way off.
func (f *flow) abort() {
	for _, l := range f.lanes {
		l.mu.Lock()
		l.aborted = true
		if l.tcp != nil {
			l.tcp.Close()
		}
		l.mu.Unlock()
	}
}

func (l *lane) opened(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tcp = c; l.aborted {
		c.Close()
	}
}

// over says whether nothing is to be asked any more.
func (l *lane) over(ctx context.Context) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.aborted || ctx.Err() != nil
}

func (l *lane) run(ctx context.Context) {
	defer l.conn.close()
	rate := l.flow.rate / float64(l.flow.conns)
	gap := func() time.Duration { return time.Duration(l.rand.ExpFloat64() / rate * float64(time.Second)) }
	first := gap()
	if l.flow.steady {
		first = time.Duration(l.rand.Float64() / rate * float64(time.Second))
		gap = func() time.Duration { return time.Duration(float64(time.Second) / rate) }
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for next := time.Since(l.flow.began) + first; ; next += gap() {
		if end := l.flow.end.Load(); end != 0 && int64(next) > end {
			return
		}
		var lag time.Duration
		if wait := next - time.Since(l.flow.began); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-l.flow.ending:
				return
			case <-ctx.Done():
				return
			}
			lag = time.Since(l.flow.began) - next
		}
		l.arrive(ctx, next, lag, rate)
	}
}

// arrive asks what should have been asked at a moment.
func (l *lane) arrive(ctx context.Context, at, lag time.Duration, rate float64) {
	behind := time.Since(l.flow.began) - at
	if behind.Seconds()*rate > unsentMax || l.over(ctx) {
		l.note(sample{at: at, took: behind})
		return
	}
	q := l.flow.ask(l.n, l.rand)
	a, err := l.conn.ask(q.request)
	if err != nil {
		a = answer{}
	}
	l.note(sample{at: at, took: time.Since(l.flow.began) - at, lag: lag, status: a.status})
	if q.look != nil {
		q.look(a)
	}
}

func (l *lane) note(s sample) {
	l.mu.Lock()
	l.samples = append(l.samples, s)
	l.mu.Unlock()
}

// arrived gives the samples that should have been sent in [from, to), the fastest first. Those under way aren't among them.
func (f *flow) arrived(from, to time.Duration) samples {
	return f.collect(func(s sample) bool { return s.at >= from && s.at < to })
}

// finished gives those whose answers came in [from, to): what can be told of a time that has just passed.
func (f *flow) finished(from, to time.Duration) samples {
	return f.collect(func(s sample) bool { return s.at+s.took >= from && s.at+s.took < to })
}

func (f *flow) collect(is func(sample) bool) samples {
	var all samples
	for _, l := range f.lanes {
		l.mu.Lock()
		for _, s := range l.samples {
			if is(s) {
				all = append(all, s)
			}
		}
		l.mu.Unlock()
	}
	all.sort()
	return all
}

// samples are the samples of a time, sorted by how long they took.
type samples []sample

func (s samples) sort() {
	slices.SortFunc(s, func(a, b sample) int { return cmp.Compare(a.took, b.took) })
}

// count gives how many have a property.
func (s samples) count(is func(sample) bool) (n int) {
	for _, one := range s {
		if is(one) {
			n++
		}
	}
	return n
}

// good gives how many were answered well.
func (s samples) good() int { return s.count(sample.good) }

// status gives how many were answered with that status.
func (s samples) status(status int) int {
	return s.count(func(one sample) bool { return one.status == status })
}

// quantile is what the fastest q of all took at most, 0 < q ≤ 1. What got no answer counts with the time that was waited for it.
func (s samples) quantile(q float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	return s[min(int(q*float64(len(s))), len(s)-1)].took
}

// lag is what the generator itself was late by at most, in 99 of 100 cases.
func (s samples) lag() time.Duration {
	lags := make([]time.Duration, len(s))
	for i := range s {
		lags[i] = s[i].lag
	}
	slices.Sort(lags)
	if len(lags) == 0 {
		return 0
	}
	return lags[min(len(lags)*99/100, len(lags)-1)]
}
