package story

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

func staleTale() tale {
	return tale{
		name:  "stale",
		title: "The price that changed",
		opening: "Visitors read prices all the time, and the answers come from memory. Then people in the back office change the prices, every second " +
			"time through another process that the first one knows nothing of. Does anybody see a price that isn't true any more?",
		unprotected: "Instead of Pintail's cache, one that keeps each answer for a second stands in front of it, and even forgets a table's answers when a write passes through it.",
		charts: []Chart{
			{Title: "Answers", Unit: "a second", Lines: []Line{
				{"memory", "from memory", "good"}, {"database", "from the database", "plain"},
			}},
			{Title: "Answers that were out of date", Unit: "a second", Lines: []Line{{"stale", "out of date", "bad"}}},
		},
		tell: tellStale,
	}
}

const (
	staleHitsMin  = 10_000                // answers from memory within staleNear of a write
	staleNear     = 50 * time.Millisecond // after an acknowledged write to the table
	staleReads    = 2400.0                // a second
	staleVisitors = 40
	staleWrites   = 20.0 // a second by the first process, and staleForeign by the other one: half of all, and a few to be sure
	staleForeign  = 22.0
	staleWriters  = 4
	staleMost     = 40 * time.Second // that the story goes on where the machine is slow
	staleToasts   = 20
)

// A stale is the story of the price that changed. A price is its own version: it only ever goes up, by a cent a time, and
// one writer changes it. So whoever reads a price knows from it alone whether it is the latest.
type stale struct {
	*run
	prices [staleToasts]price // of toast 1, 2, …

	acked           atomic.Int64 // when the last write to the table was acknowledged, in nanoseconds since the story began
	writes, foreign atomic.Int64
	failed          atomic.Int64

	reads, far, wrong atomic.Int64 // far: more than staleNear after the last acknowledged write

	mu     sync.Mutex
	first  string        // what is told of the worst answer
	told   time.Duration // for how long that was out of date
	oldest time.Duration
}

// A price is a toast's, in cents.
type price struct {
	toast string
	floor atomic.Int64 // no answer to a question that is asked from now on may be lower: acknowledged, or seen by somebody
	sent  atomic.Int64 // the highest that anybody has tried to write
	turn  sync.Mutex   // of whoever changes it, until that is acknowledged

	mu    sync.Mutex
	since map[int64]time.Time // when each was acknowledged
}

// raise lifts the floor.
func (p *price) raise(to int64) {
	for {
		was := p.floor.Load()
		if was >= to || p.floor.CompareAndSwap(was, to) {
			return
		}
	}
}

// acknowledged notes when a price became the one that counts.
func (p *price) acknowledged(cents int64, now time.Time) {
	p.mu.Lock()
	p.since[cents] = now
	p.mu.Unlock()
	p.raise(cents)
}

// outdated is for how long another price had counted at a moment; 0 where that was never acknowledged and only seen.
func (p *price) outdated(cents int64, at time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var longest time.Duration
	for other, since := range p.since {
		if other > cents {
			longest = max(longest, at.Sub(since))
		}
	}
	return longest
}

func tellStale(ctx context.Context, r *run) (verdict string, err error) {
	s := &stale{run: r}
	var env []string
	if r.Unprotected {
		env = append(env, "PINTAIL_CACHE_BYTES=-1")
	}
	shop, err := r.open(ctx, env...)
	if err != nil {
		return "", err
	}
	r.step(WhoStory, "A copy of the toast shop opens: %s in a SQLite file, served by one process.", orders())
	office, err := r.again(ctx, "office", env...)
	if err != nil {
		return "", err
	}
	r.step(WhoStory, "The back office opens another process on the same file. Neither tells the other anything.")
	front := shop.listen
	hits := func() (float64, error) {
		m, err := shop.metrics(ctx)
		return m["pintail_cache_hits_total"], err
	}
	if r.Unprotected {
		t, err := openTTL(shop.listen)
		if err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, t.close()) }()
		front = t.listen
		hits = func() (float64, error) { return float64(t.hits.Load()), nil }
		r.step(WhoStory, "Pintail's cache is off. In front of the shop stands one that keeps every answer for %s.", span(ttlTime))
	}
	if err := s.learn(ctx, shop.listen); err != nil {
		return "", err
	}
	return s.play(ctx, front, office.listen, hits)
}

// learn reads what the toasts are called and cost before anything happens.
func (s *stale) learn(ctx context.Context, host string) error {
	body, err := fetch(ctx, "http://"+host+"/rest/v1/toast?select=name,price&order=id")
	if err != nil {
		return fmt.Errorf("read the menu: %w", err)
	}
	var menu []struct{ Name string }
	list := prices(nil, body)
	if err := json.Unmarshal(body, &menu); err != nil || len(menu) != staleToasts || len(list) != staleToasts {
		return fmt.Errorf("the demo's menu should be of %d toasts: %.100s", staleToasts, body)
	}
	for i, cents := range list {
		p := &s.prices[i]
		p.toast, p.since = menu[i].Name, map[int64]time.Time{}
		p.floor.Store(cents)
		p.sent.Store(cents)
	}
	return nil
}

// play lets visitors read while the back office writes, until enough was answered from memory.
func (s *stale) play(ctx context.Context, front, office string, hits func() (float64, error)) (string, error) {
	before, err := hits()
	if err != nil {
		return "", err
	}
	writers := s.flow(ctx, 1, stream{kind: "writer", to: front, rate: staleWrites, steady: true, conns: staleWriters, ask: s.write(front, 0)})
	defer writers.stop(0)
	others := s.flow(ctx, 2, stream{kind: "other writer", to: office, rate: staleForeign, steady: true, conns: staleWriters, ask: s.write(office, 1)})
	defer others.stop(0)
	if err := s.until(ctx, startTime, func() bool { return s.writes.Load() >= staleWriters }); err != nil {
		return "", err
	}
	s.mark("prices change", WhoWorld, "%d people begin to change prices, %d times a second, every second time through the other process.", staleWriters, int(staleWrites+staleForeign))
	visitors := s.flow(ctx, 3, stream{kind: "visitor", to: front, rate: staleReads, conns: staleVisitors, ask: s.read(front)})
	defer visitors.stop(0)
	s.step(WhoStory, "%d visitors read prices, %s times a second: one toast's, or the whole menu's.", staleVisitors, grouped(int64(staleReads)))

	near := func() (from, near float64, err error) {
		now, err := hits()
		from = now - before
		return from, from - float64(s.far.Load()), err
	}
	var last, lastReads, lastWrong float64
	stop := s.watch(staleMost/4, func(from, to time.Duration) map[string]float64 {
		h, _, err := near()
		if err != nil {
			return nil
		}
		reads, wrong := float64(s.reads.Load()), float64(s.wrong.Load())
		d := (to - from).Seconds()
		values := map[string]float64{"memory": (h - last) / d, "database": max(0, reads-lastReads-(h-last)) / d, "stale": (wrong - lastWrong) / d}
		last, lastReads, lastWrong = h, reads, wrong
		return values
	})
	enough := func() bool {
		_, n, err := near()
		return err == nil && n >= staleHitsMin*1.1
	}
	for begin := time.Now(); time.Since(begin) < staleMost && !enough(); {
		if err = s.pause(ctx, tickTime); err != nil {
			break
		}
	}
	visitors.stop(time.Second)
	stop()
	from, counted, hitsErr := near()
	writers.stop(time.Second)
	others.stop(time.Second)
	if err := errors.Join(err, hitsErr); err != nil {
		return "", err
	}
	return s.judge(from, counted), nil
}

// judge tells the figures and gives the last sentence.
func (s *stale) judge(hits, near float64) string {
	reads, writes, foreign := float64(s.reads.Load()), float64(s.writes.Load()), float64(s.foreign.Load())
	wrong := float64(s.wrong.Load())
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case wrong > 0:
		s.step(WhoVisitor, "%s", s.first)
	default:
		s.step(WhoPintail, "The cache forgot what each commit had touched before that commit was acknowledged, and after a commit of the other process everything that was older.")
		s.step(WhoVisitor, "Every price that was shown was the price at that moment.")
	}
	s.figure(Figure{Name: "prices_changed", Label: "price changes that were acknowledged", Value: writes}.told())
	s.figure(Figure{Name: "other_process_share", Label: "of them through the other process", Value: 100 * foreign / max(writes, 1), Unit: "%", Ground: true}.atLeast(50))
	s.figure(Figure{Name: "failed", Label: "requests that failed", Value: float64(s.failed.Load()), Ground: true}.none())
	s.figure(Figure{Name: "answers", Label: "prices and menus that were read", Value: reads}.told())
	s.figure(Figure{Name: "hit_rate", Label: "of them from memory", Value: 100 * hits / max(reads, 1), Unit: "%", Ground: true}.atLeast(50))
	s.figure(Figure{Name: "hits_near_a_write", Label: "from memory within 50 ms of a write to their table", Value: near, Ground: true}.atLeast(staleHitsMin))
	s.figure(Figure{Name: "stale_answers", Label: "answers that were out of date", Value: wrong}.none())
	if wrong > 0 {
		s.figure(Figure{Name: "longest_out_of_date", Label: "the longest that one was out of date", Value: ms(s.oldest), Unit: "ms"}.told())
		return fmt.Sprintf("%s of %s answers were out of date, by up to %s.", grouped(int64(wrong)), grouped(int64(reads)), span(s.oldest))
	}
	return fmt.Sprintf("%s answers came from memory right after a price had changed, and not one was out of date.", grouped(int64(near)))
}

const menuPath = "/rest/v1/toast?select=price&order=id"

// write gives what writers ask of one of the two processes: the next price of one of their toasts. A toast has one writer at a time,
// whichever process it goes through.
func (s *stale) write(host string, process int) func(int, *rand.Rand) asked {
	return func(conn int, r *rand.Rand) asked {
		const each = staleToasts / staleWriters
		i := conn*each + r.IntN(each)
		p := &s.prices[i]
		p.turn.Lock()
		next := p.sent.Load() + 1
		p.sent.Store(next)
		return asked{
			request: send("PATCH", host, "/rest/v1/toast?id=eq."+strconv.Itoa(i+1), `{"price": `+money(next)+`}`),
			look: func(a answer) {
				defer p.turn.Unlock()
				if a.status != 204 {
					s.failed.Add(1)
					return
				}
				now := time.Now()
				p.acknowledged(next, now)
				s.acked.Store(int64(now.Sub(s.began)))
				s.writes.Add(1)
				s.foreign.Add(int64(process))
			},
		}
	}
}

// read gives what visitors ask: mostly one toast's price, now and then the whole menu's.
func (s *stale) read(host string) func(int, *rand.Rand) asked {
	var keyed [staleToasts][]byte
	for i := range keyed {
		keyed[i] = get(host, fmt.Sprintf("/rest/v1/toast?select=price&id=eq.%d", i+1))
	}
	menu := get(host, menuPath)
	return func(_ int, r *rand.Rand) asked {
		first, n, request := 0, staleToasts, menu
		if r.IntN(10) > 0 {
			first, n = r.IntN(staleToasts), 1
			request = keyed[first]
		}
		began := time.Now()
		near := began.Sub(s.began)-time.Duration(s.acked.Load()) <= staleNear
		var floors [staleToasts]int64
		for i := range n {
			floors[i] = s.prices[first+i].floor.Load()
		}
		return asked{request: request, look: func(a answer) {
			s.reads.Add(1)
			if !near {
				s.far.Add(1)
			}
			list := prices(nil, a.body)
			if a.status != 200 || len(list) != n {
				s.failed.Add(1)
				return
			}
			s.check(began, first, floors[:n], list)
		}}
	}
}

// check holds an answer against what was true when it was asked for.
func (s *stale) check(began time.Time, first int, floors, list []int64) {
	bad := -1
	for i, cents := range list {
		p := &s.prices[first+i]
		if cents < floors[i] || cents > p.sent.Load() {
			bad = i
		}
		if cents <= p.sent.Load() {
			p.raise(cents)
		}
	}
	if bad < 0 {
		return
	}
	s.wrong.Add(1)
	p := &s.prices[first+bad]
	shown, sent := list[bad], p.sent.Load()
	age := p.outdated(shown, began)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oldest = max(s.oldest, age)
	switch worse := age > s.told || s.first == ""; {
	case !worse:
	case shown > sent:
		s.first = fmt.Sprintf("A visitor was shown %s for %s, which nobody has ever asked for it.", money(shown), p.toast)
	default:
		s.told = age
		s.first = fmt.Sprintf("A visitor asked what %s costs and was told %s. By then it cost %s: the answer was out of date for %s.",
			p.toast, money(shown), money(floors[bad]), span(age))
	}
}

// prices adds the prices of an answer to a list, in cents.
func prices(to []int64, body []byte) []int64 {
	for {
		_, rest, ok := bytes.Cut(body, []byte(`"price":`))
		if !ok {
			return to
		}
		end := bytes.IndexAny(rest, ",}")
		if end < 0 {
			return to
		}
		v, err := strconv.ParseFloat(string(bytes.TrimSpace(rest[:end])), 64)
		if err != nil {
			return to
		}
		to, body = append(to, int64(math.Round(100*v))), rest[end:]
	}
}

func money(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }
