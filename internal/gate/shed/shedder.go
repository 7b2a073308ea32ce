// Package shed decides how many requests run at once, who waits, and who is refused when more is asked than can be done. It finds the limit by
// watching (adaptive.go), lets whoever has used least run first (usage.go), and refuses those who would wait too long (queue.go): at once
// where that can be told, so that a refusal costs next to nothing.
//
//	s := shed.New(shed.Config{})
//	if err := s.Look(who); err != nil { … } // before a body is read
//	done, err := s.Enter(ctx, who)          // runs, waits, or is refused
//	…
//	s.Leave(done, shed.Done)
//
// Nothing here knows HTTP, or what it is that runs.
package shed

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/internal/gate/limit"
)

// Config says how much may run. The zero value of every field is a default.
type Config struct {
	Bounds Bounds // of what runs at once; Min 4 for each processor, Start 16 for each, Max 4096
	Off    bool   // nobody waits and nobody is refused; what runs is counted all the same
}

func (c Config) withDefaults() Config {
	procs := runtime.GOMAXPROCS(0)
	b := &c.Bounds
	if b.Max == 0 {
		b.Max = 4096
	}
	if b.Min == 0 {
		b.Min = min(4*procs, b.Max)
	}
	if b.Start == 0 {
		b.Start = min(max(16*procs, b.Min), b.Max)
	}
	return c
}

// Who asks.
type Who struct {
	Client netip.Addr
	Class  api.Class
	Group  any // nil, or what may never take more than half of what runs at once: a shape of query, whose slow statements keep what they have
}

// A Shedder admits to one resource: the readers of a database, or its writer. It is safe for concurrent use.
type Shedder struct {
	config Config
	began  time.Time

	pressed atomic.Bool // requests wait: then Look looks

	mu       sync.Mutex
	limit    *adaptive
	running  int
	queue    queue
	clients  clients
	groups   groups
	typical  time.Duration // how long one runs, about
	gap      time.Duration // between two that end, while others wait, about; 0 for not known
	last     time.Duration // when one ended while others waited; 0 for none
	admitted uint64
	refused  [reasons]uint64
	most     limit.Ranking
}

// New returns a Shedder in which nothing runs.
func New(c Config) *Shedder {
	c = c.withDefaults()
	return &Shedder{config: c, began: time.Now(), limit: newAdaptive(c.Bounds), clients: newClients(), groups: groups{}}
}

// Why a request is refused.
type reason uint8

const (
	tooLate   reason = iota // it would have to wait longer than anybody should, or has
	tooMany                 // the queue is full
	outranked               // the queue is full, and the request's class or its client's use were the ones to go
	reasons
)

var reasonNames = [reasons]string{"wait", "queue", "rank"}

// A Permit is what a request that runs gives back.
type Permit struct {
	client  *client
	group   any
	came    time.Duration
	began   time.Duration
	running int // at once, when it began
}

// Waited is how long it waited for its turn.
func (p Permit) Waited() time.Duration { return p.began - p.came }

// Look says, before a request costs anything, whether it would be refused: nil, or fault.Overloaded.
func (s *Shedder) Look(who Who) error {
	if !s.pressed.Load() {
		return nil
	}
	now := time.Since(s.began)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(now)
	if why, refused := s.hopeless(now, who, s.clients.find(who.Client)); refused {
		s.refuse(why, who.Client)
		return s.fault()
	}
	return nil
}

// Enter waits until a request may run, which Leave ends. The error is fault.Overloaded, or the context's.
func (s *Shedder) Enter(ctx context.Context, who Who) (Permit, error) {
	now := time.Since(s.began)
	s.mu.Lock()
	c := s.clients.get(who.Client, now)
	if s.config.Off || len(s.queue.waiting) == 0 && s.room(who.Group) {
		p := s.run(c, who.Group, now, now)
		s.mu.Unlock()
		return p, nil
	}
	w, err := s.wait(now, who, c)
	s.mu.Unlock()
	if err != nil {
		return Permit{}, err
	}
	select {
	case <-w.done:
	case <-ctx.Done():
		if s.giveUp(w) {
			return Permit{}, ctx.Err()
		}
		<-w.done
	}
	return w.permit, w.err
}

// How a request ended.
type Outcome uint8

const (
	Done    Outcome = iota
	Cut             // it was cut off: by a deadline, or since the database was too busy
	Nothing         // it didn't get to the resource
)

// Leave says that a request has run, and gives for how long.
func (s *Shedder) Leave(p Permit, how Outcome) time.Duration {
	now := time.Since(s.began)
	took := now - p.began
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	s.groups.left(p.group)
	s.clients.left(p.client, now, took)
	if how != Nothing {
		s.typical += (took - s.typical) / 16
		s.limit.record(now, took, p.running, how == Cut)
	}
	if !s.pressed.Load() {
		s.last = 0
		return took
	}
	s.pace(now)
	s.settle(now)
	return took
}

// pace notes when one ends while others wait.
func (s *Shedder) pace(now time.Duration) {
	if s.last != 0 {
		if s.gap == 0 {
			s.gap = now - s.last
		}
		s.gap += (now - s.last - s.gap) / 16
	}
	s.last = now
}

// room says whether one more of a group may run.
func (s *Shedder) room(group any) bool {
	most := int(s.limit.limit)
	return s.running < most && (group == nil || s.groups[group] < max(1, most/2))
}

// run lets a request run.
func (s *Shedder) run(c *client, group any, came, now time.Duration) Permit {
	s.running++
	s.groups.run(group)
	c.running++
	s.admitted++
	return Permit{client: c, group: group, came: came, began: now, running: s.running}
}

// wait puts a request into the queue, or refuses it.
func (s *Shedder) wait(now time.Duration, who Who, c *client) (*waiter, error) {
	s.settle(now)
	if why, refused := s.hopeless(now, who, c); refused {
		s.clients.drop(c)
		s.refuse(why, who.Client)
		return nil, s.fault()
	}
	w := &waiter{client: c, class: who.Class, group: who.Group, since: now, done: make(chan struct{})}
	c.waiting++
	s.queue.push(w)
	s.settle(now)
	return w, nil
}

// hopeless says whether a request would wait too long, or finds no place.
func (s *Shedder) hopeless(now time.Duration, who Who, c *client) (reason, bool) {
	if who.Class == api.Operation || s.room(who.Group) && who.Group != nil {
		return 0, false
	}
	if len(s.queue.waiting) >= s.queueMax() && !s.queue.outranks(who.Class, c, s.clients.weight(s.typical, now)) {
		return tooMany, true
	}
	if !s.queue.overloaded || own(c.waiting+1, len(s.queue.waiting)+1) {
		return 0, false
	}
	if s.queue.ahead(who.Class, c, s.clients.weight(s.typical, now)) >= s.within(s.patience()) {
		return tooLate, true
	}
	return 0, false
}

// within is how many requests will have begun to run after some time.
func (s *Shedder) within(d time.Duration) int {
	gap := s.gap
	if gap == 0 {
		gap = s.typical / time.Duration(s.limit.limit)
	}
	return max(1, int(d/max(gap, 1)))
}

// settle takes out of the queue who has waited too long, and lets those run for whom there is room.
func (s *Shedder) settle(now time.Duration) {
	q := &s.queue
	q.judge(now, s.target())
	weight := s.clients.weight(s.typical, now)
	if q.overloaded {
		for _, w := range q.late(now, s.patience(), s.within(s.patience()), weight) {
			s.turnAway(w, tooLate)
		}
	}
	for len(q.waiting) > s.queueMax() {
		w := q.take(q.last(weight))
		w.client.waiting--
		s.turnAway(w, outranked)
	}
	for s.running < int(s.limit.limit) {
		i := q.next(weight, s.room)
		if i < 0 {
			break
		}
		w := q.take(i)
		w.client.waiting--
		w.permit = s.run(w.client, w.group, w.since, now)
		close(w.done)
	}
	if len(q.waiting) == 0 {
		q.least = 0
	}
	s.pressed.Store(len(q.waiting) > 0)
}

// turnAway refuses a request that was taken out of the queue.
func (s *Shedder) turnAway(w *waiter, why reason) {
	s.refuse(why, w.client.addr)
	w.err = s.fault()
	s.clients.drop(w.client)
	close(w.done)
}

// giveUp takes a request out of the queue whose client doesn't wait any more. False means that it is out already.
func (s *Shedder) giveUp(w *waiter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.queue.remove(w) {
		return false
	}
	w.client.waiting--
	s.clients.drop(w.client)
	s.settle(time.Since(s.began))
	return true
}

func (s *Shedder) refuse(why reason, client netip.Addr) {
	s.refused[why]++
	s.most.Add(limit.By(client))
}

const (
	// Somebody may wait for as long as nine of ten requests run without that being a sign of overload, and always for targetMin. CoDel's 5 ms
	// are for packets: on a machine that other programs use too, a request is held up for longer than that every now and then, and with it
	// one in six was refused at half of what could be done.
	targetMin = 25 * time.Millisecond
	targetMax = 200 * time.Millisecond
	// A request waits for patienceMul times that while there is overload, and then nobody waits for it any more.
	patienceMul = 4
	// A queue holds as many as may run at once, but queueMin always: as many as one client has connections.
	queueMin = 256
	queueMax = 1024
)

func (s *Shedder) target() time.Duration {
	return min(max(s.typical, time.Duration(s.limit.recent.value), targetMin), targetMax)
}

// patience is how long a request waits while there is overload.
func (s *Shedder) patience() time.Duration { return patienceMul * s.target() }

func (s *Shedder) queueMax() int { return min(max(int(s.limit.limit), queueMin), queueMax) }

// fault is the answer to a request that was refused. Clients come back at different times, so that they don't all come at once.
func (s *Shedder) fault() error {
	f := fault.New(fault.Overloaded, "more is asked than the server can answer now").
		WithHint("Ask again after the time in Retry-After; nothing was read or written.")
	f.Headers = [][2]string{{"Retry-After", strconv.Itoa(1 + rand.IntN(3))}}
	return f
}

// Stats are what became of requests since the start, and what is under way.
type Stats struct {
	Limit    int               `json:"limit"` // how many may run at once, now
	Running  int               `json:"running"`
	Queued   int               `json:"queued"`
	Overload bool              `json:"overload"` // requests have been waiting for too long
	Typical  time.Duration     `json:"typical"`  // how long one runs, in nanoseconds
	Admitted uint64            `json:"admitted"`
	Refused  map[string]uint64 `json:"refused"` // by reason: "wait", "queue", "rank"
	Most     []limit.Count     `json:"most"`    // the ten clients that were refused most often
}

// Stats gives them.
func (s *Shedder) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.judge(time.Since(s.began), s.target())
	out := Stats{
		Limit: int(s.limit.limit), Running: s.running, Queued: len(s.queue.waiting), Overload: s.queue.overloaded, Typical: s.typical,
		Admitted: s.admitted, Refused: map[string]uint64{}, Most: s.most.Top(10),
	}
	for why, n := range s.refused {
		out.Refused[reasonNames[why]] = n
	}
	return out
}
