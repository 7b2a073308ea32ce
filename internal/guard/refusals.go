package guard

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A refusals is what this process refused because of one subject, until they are written into an incident's record. Every process adds what it
// refused, so that the record has what all of them did.
type refusals struct {
	n      atomic.Int64
	mu     sync.Mutex
	shapes []string // labels, at most shapesTold
}

const (
	// countEvery is how often refusals are written into the record of an incident that goes on.
	countEvery = 2 * time.Second

	// countTime bounds the writing of the last ones while the process stops.
	countTime = 2 * time.Second
)

// refusalsOf gives the refusals because of a subject.
func (g *Guard) refusalsOf(subject, shape string) *refusals {
	v, ok := g.counts.Load(subject)
	if !ok {
		v, _ = g.counts.LoadOrStore(subject, &refusals{})
	}
	r := v.(*refusals)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.shapes) < shapesTold && !slices.Contains(r.shapes, shape) {
		r.shapes = append(r.shapes, shape)
	}
	return r
}

// count counts a request that was refused.
func (s *shedding) count() {
	s.refused.Add(1)
	if s.counts != nil {
		s.counts.n.Add(1)
	}
}

// take gives what is to be written down.
func (r *refusals) take() (n int64, shapes []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, shapes = r.n.Swap(0), r.shapes
	r.shapes = nil
	return n, shapes
}

// giveBack is for what couldn't be written down.
func (r *refusals) giveBack(n int64, shapes []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n.Add(n)
	r.shapes = append(r.shapes, shapes...)
}

// owes says whether there are refusals that no record has yet.
func (g *Guard) owes() (owes bool) {
	g.counts.Range(func(_, v any) bool {
		owes = v.(*refusals).n.Load() > 0
		return !owes
	})
	return owes
}

// pay writes refusals into the records: of an incident that is open, now and then; of one that has ended, whoever ended it, at once. While another
// process repairs they wait, since that may need the lock that a record takes. What belongs to no incident that anybody remembers is
// forgotten.
func (g *Guard) pay(ctx context.Context, records Records, now bool) error {
	var errs []error
	g.counts.Range(func(k, v any) bool {
		subject, r := k.(string), v.(*refusals)
		if r.n.Load() == 0 {
			return true
		}
		id, open := g.owedTo(subject)
		switch {
		case id == "" && open:
			return true // its record isn't made yet
		case id == "":
			r.take()
			return true
		case open && !now && time.Since(g.paidAt) < countEvery:
			return true
		}
		n, shapes := r.take()
		if _, err := records.Add(ctx, id, n, shapes); err != nil {
			r.giveBack(n, shapes)
			errs = append(errs, err)
		}
		return true
	})
	if now || time.Since(g.paidAt) >= countEvery {
		g.paidAt = time.Now()
	}
	return errors.Join(errs...)
}

// owedTo gives the incident because of which a subject's requests were refused, and whether it goes on: the open one, else the last. No ID but open means that
// it is too soon.
func (g *Guard) owedTo(subject string) (id string, open bool) {
	lost := slices.ContainsFunc(g.now.Load().drift, func(d Drift) bool { return d.Kind.lost() && d.Index.ID == subject })
	g.workMu.Lock()
	defer g.workMu.Unlock()
	if w := g.work[subject]; w != nil {
		if w.incident.State == Repairing && g.others(&w.incident) {
			return "", true
		}
		return w.incident.ID, true
	}
	if lost {
		return "", true
	}
	for _, i := range g.incidents {
		if i.Subject == subject {
			return i.ID, false
		}
	}
	return "", false
}

// counted adds refusals to an incident's.
func (i *Incident) counted(n int64, shapes []string) {
	i.Shed += n
	for _, s := range shapes {
		if len(i.Shapes) < shapesTold && !slices.Contains(i.Shapes, s) {
			i.Shapes = append(i.Shapes, s)
		}
	}
}
