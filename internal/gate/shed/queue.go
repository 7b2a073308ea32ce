package shed

import (
	"slices"
	"time"

	"github.com/pintail-dev/pintail/internal/api"
)

// A queue holds the requests that wait, in the order in which they came. Who runs next is another matter: the highest class, of that
// the client that has used least, of that one the request that came first, or while there is overload last (unless the client waits for
// itself), since whoever has waited for long has left (Maurer, Fail at Scale). Whether there is overload it says as CoDel does (Nichols and
// Jacobson; in the form of folly's Codel.cpp): somebody has waited for longer than a target through the whole of an interval. A burst is none.
type queue struct {
	waiting    []*waiter
	overloaded bool

	least time.Duration // of this interval, the least time that the oldest one had waited
	until time.Duration // when the interval ends
}

// A waiter is a request that waits. permit and err are set before done is closed.
type waiter struct {
	client *client
	class  api.Class
	group  any
	since  time.Duration
	done   chan struct{}
	permit Permit
	err    error
}

// interval is how long waiting must last to be more than a burst.
const interval = 100 * time.Millisecond

// judge looks how long the oldest request has waited.
func (q *queue) judge(now, target time.Duration) {
	var oldest time.Duration
	if len(q.waiting) > 0 {
		oldest = now - q.waiting[0].since
	}
	q.least = min(q.least, oldest)
	if now >= q.until {
		q.overloaded = q.least > target
		q.least, q.until = oldest, now+interval
	}
}

func (q *queue) push(w *waiter) { q.waiting = append(q.waiting, w) }

// remove takes a request out; false where it isn't in.
func (q *queue) remove(w *waiter) bool {
	i := slices.Index(q.waiting, w)
	if i >= 0 {
		q.take(i)
	}
	return i >= 0
}

func (q *queue) take(i int) *waiter {
	w := q.waiting[i]
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return w
}

// late takes out those who have waited for longer than patience, from the end of the order on, as long as more wait than can run within
// patience: who runs soon stays, however long it has waited. So do those who wait for themselves.
func (q *queue) late(now, patience time.Duration, most int, weight float64) (list []*waiter) {
	for len(q.waiting) > most && now-q.waiting[0].since > patience {
		worst := -1
		for i, w := range q.waiting {
			if now-w.since <= patience {
				break // they stand in the order in which they came
			}
			if (worst < 0 || q.before(q.waiting[worst], w, weight)) && w.class != api.Operation && !own(w.client.waiting, len(q.waiting)) {
				worst = i
			}
		}
		if worst < 0 {
			break
		}
		q.waiting[worst].client.waiting--
		list = append(list, q.take(worst))
	}
	return list
}

// own says whether a client that has so many of those who wait waits for itself. It makes nobody's time better to refuse it, since others
// run before it: a program that asks for much at once, with nobody beside it, gets all its answers.
func own(mine, of int) bool { return 2*mine > of }

// next gives the place of who runs next, of those for whose group there is room; below 0 for nobody. weight is what a running request counts
// for.
func (q *queue) next(weight float64, room func(group any) bool) int {
	best := -1
	for i, w := range q.waiting {
		if (best < 0 || q.before(w, q.waiting[best], weight)) && room(w.group) {
			best = i
		}
	}
	return best
}

// last gives the place of who would run last of all.
func (q *queue) last(weight float64) int {
	worst := 0
	for i := 1; i < len(q.waiting); i++ {
		if q.before(q.waiting[worst], q.waiting[i], weight) {
			worst = i
		}
	}
	return worst
}

func (q *queue) before(a, b *waiter, weight float64) bool {
	if a.class != b.class {
		return a.class > b.class
	}
	if ua, ub := a.client.due(weight), b.client.due(weight); ua != ub {
		return ua < ub
	}
	if a.client == b.client && own(a.client.waiting, len(q.waiting)) { // none of them is refused: the last one first, the first would wait for ever
		return a.since < b.since
	}
	return a.since < b.since != q.overloaded
}

// ahead counts those who would run before a request of that class and client that came now.
func (q *queue) ahead(class api.Class, c *client, weight float64) (n int) {
	mine := c.due(weight)
	for _, w := range q.waiting {
		if w.class > class || w.class == class && w.client.due(weight) < mine {
			n++
		}
	}
	return n + c.waiting
}

// outranks says whether anybody who waits would have to go before such a request.
func (q *queue) outranks(class api.Class, c *client, weight float64) bool {
	mine := c.due(weight)
	return slices.ContainsFunc(q.waiting, func(w *waiter) bool {
		return w.class < class || w.class == class && w.client != c && w.client.due(weight) > mine
	})
}
