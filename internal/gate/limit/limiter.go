// Package limit says how much one client may ask for, and how many connections it may hold. A Limiter counts requests, or the rows that
// they may touch, by the generic cell rate algorithm (ITU-T I.371, annex A; in the form of redis_rate): a client is one moment in
// time, up to which its allowance is used up.
//
//	v := limiter.Enter(limit.By(addr), time.Now()) // its head is known
//	if v.Refused { … v.Wait … }
//	v = limiter.Charge(limit.By(addr), rows, time.Now()) // and now its plan
//
// Nothing here knows HTTP, or who runs requests.
package limit

import (
	"hash/maphash"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pintail-dev/pintail/fault"
)

// A Limiter holds clients to a policy. It is safe for concurrent use.
type Limiter struct {
	policy Policy
	each   int64 // nanoseconds in which a unit comes back
	began  time.Time
	seed   maphash.Seed
	units  table    // until when each client has used up requests, or rows
	fields []string // of the RateLimit field, by what remains; of small bursts

	// Where rows are counted, a client may send as many requests as it may ask for rows, so that it costs something to have one planned; and
	// one that is refused by its plan costs no rows, or whoever asks again sooner than rows come back would never have enough of them.
	requests table
	dear     dear // what it was, so that a request too many can be told when there will be enough for it

	admitted, over atomic.Uint64
	most           Ranking
}

// fieldsMax bounds the texts of the RateLimit field that are kept ready.
const fieldsMax = 1000

// New returns a limiter. One whose policy is Off lets everything through and counts nothing.
func New(p Policy) *Limiter {
	l := &Limiter{policy: p, each: int64(p.each()), began: time.Now(), seed: maphash.MakeSeed()}
	if p.Mode != Off && p.Burst <= fieldsMax {
		l.fields = make([]string, p.Burst+1)
		for left := range l.fields {
			l.fields[left] = l.field(int64(left))
		}
	}
	return l
}

// Policy is what it holds clients to.
func (l *Limiter) Policy() Policy { return l.policy }

// A Verdict is what became of a request.
type Verdict struct {
	Over    bool          // it was over the limit
	Refused bool          // and is refused
	Left    int64         // units that the client may still use now
	Wait    time.Duration // until the same request would be let in, if its client asked for nothing else; 0 where it was
	head    bool          // where rows are counted, it was one request too many: what it would cost isn't known
}

// Enter charges a client for a request of which only the head is known. Where rows are counted that costs none of them. What only reports
// refuses nothing.
func (l *Limiter) Enter(c Client, now time.Time) Verdict {
	switch {
	case l.policy.Mode == Off:
		return Verdict{}
	case !l.policy.Rows:
		return l.take(c, 1, now)
	}
	key, at := c.Hash(l.seed), l.since(now)
	burst := l.policy.Burst * l.each
	left, _ := l.units.take(key, at, 0, burst)
	if l.policy.Mode == On {
		if _, wait := l.requests.take(key, at, l.each, burst); wait > 0 {
			return l.exceeds(c, Verdict{head: true, Left: left / l.each, Wait: time.Duration(max(wait, l.dear.cost(key, at)-left))})
		}
	}
	return Verdict{Left: left / l.each}
}

// Charge charges a client for the rows that a request may touch, where rows are counted: at least one, at most the burst, and the burst
// where nothing bounds them, which is what rows below 0 say. It isn't to be called where they aren't.
func (l *Limiter) Charge(c Client, rows int64, now time.Time) Verdict {
	if rows < 0 {
		rows = l.policy.Burst
	}
	rows = min(max(rows, 1), l.policy.Burst)
	v := l.take(c, rows, now)
	if v.Refused {
		key, at, burst := c.Hash(l.seed), l.since(now), l.policy.Burst*l.each
		l.dear.note(key, at, rows*l.each, at+burst)
		requests, _ := l.requests.take(key, at, 0, burst)
		v.Wait = max(v.Wait, time.Duration(l.each-requests)) // the next try is one more
	}
	return v
}

func (l *Limiter) since(now time.Time) int64 { return int64(now.Sub(l.began)) }

// take charges a client units, at most the burst.
func (l *Limiter) take(c Client, units int64, now time.Time) Verdict {
	left, wait := l.units.take(c.Hash(l.seed), l.since(now), units*l.each, l.policy.Burst*l.each)
	v := Verdict{Left: left / l.each, Wait: time.Duration(wait)}
	if wait > 0 {
		return l.exceeds(c, v)
	}
	l.admitted.Add(1)
	return v
}

// exceeds notes that a client asked for too much.
func (l *Limiter) exceeds(c Client, v Verdict) Verdict {
	l.over.Add(1)
	l.most.Add(c)
	v.Over, v.Refused = true, l.policy.Mode == On
	if !v.Refused {
		v.Wait = 0
	}
	return v
}

// The fields that tell clients where they stand, of draft-ietf-httpapi-ratelimit-headers-11.
const (
	Field       = "RateLimit"
	PolicyField = "RateLimit-Policy"
)

// PolicyText is what stands in PolicyField: the burst, and the time in which it comes back.
func (l *Limiter) PolicyText() string {
	window := seconds(time.Duration(l.policy.Burst * l.each))
	text := `"default";q=` + strconv.FormatInt(l.policy.Burst, 10)
	if l.policy.Rows {
		text += `;qu="rows"`
	}
	return text + ";w=" + strconv.FormatInt(window, 10)
}

// Text is what stands in Field where so many units are left.
func (l *Limiter) Text(left int64) string {
	if left >= 0 && left < int64(len(l.fields)) {
		return l.fields[left]
	}
	return l.field(left)
}

func (l *Limiter) field(left int64) string {
	reset := seconds(time.Duration((l.policy.Burst - left) * l.each))
	return `"default";r=` + strconv.FormatInt(left, 10) + ";t=" + strconv.FormatInt(reset, 10)
}

// seconds rounds up.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// Fault is the answer to a request that was refused.
func (l *Limiter) Fault(v Verdict) *fault.Fault {
	p := l.policy
	unit, may := p.unit(), "ask for"
	if v.head {
		unit, may = "requests", "send, as it may ask for rows,"
	}
	f := fault.New(fault.TooManyRequests, "too many "+unit+" from this client").
		WithDetails("a client may %s %d %s a %s, and %d at once after a pause", may, p.Units, one(p.Units, unit), p.period(), p.Burst).
		WithHint("Wait for the time in Retry-After, and watch the RateLimit header to stay below the limit.")
	f.Headers = [][2]string{{"Retry-After", strconv.FormatInt(max(1, seconds(v.Wait)), 10)}}
	return f
}

// one gives a unit as one of it is called, where there is one.
func one(n int64, unit string) string {
	if n == 1 {
		return strings.TrimSuffix(unit, "s")
	}
	return unit
}

// Stats are what became of requests since the start.
type Stats struct {
	Policy    string            `json:"policy"`    // as it is configured: "100/s burst 200", "report …", "off"
	Admitted  uint64            `json:"admitted"`  // requests within the limit; where rows are counted, what was planned of them
	Refused   map[string]uint64 `json:"refused"`   // by reason: "rate"
	Reported  uint64            `json:"reported"`  // let through over the limit, since the policy only reports
	Clients   int               `json:"clients"`   // that have used any of their allowance now
	Forgotten uint64            `json:"forgotten"` // clients that others pushed out of memory
	Most      []Count           `json:"most"`      // the ten clients that were over the limit most often
}

// A Count is how often something happened to a client.
type Count struct {
	Client string `json:"client"` // an address, or the name of a key
	Count  uint64 `json:"count"`  // never too low; too high where more clients than are remembered were refused
}

// Stats gives them.
func (l *Limiter) Stats() Stats {
	s := Stats{Policy: l.policy.String(), Admitted: l.admitted.Load(), Refused: map[string]uint64{"rate": 0}, Most: l.most.Top(10)}
	if over := l.over.Load(); l.policy.Mode == Report {
		s.Reported = over
	} else {
		s.Refused["rate"] = over
	}
	s.Clients, s.Forgotten = l.units.count(int64(time.Since(l.began)))
	return s
}
