package plantedtest

import (
	"fmt"

	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/schema"
)

// How often each planted query is asked before the capture: mostly with typical values, and every fifth time with the hottest.
const (
	asked        = 40
	hottestEvery = 5
)

// Load asks planted queries of a world through a node, as clients would, and gives its shapes and which query has which of them, by
// ID. Writes are rolled back, so that the database stays the one whose works were counted.
func (w *World) Load(s *schema.Schema, st store.Store, queries []Query) (*shape.Book, map[string]string, error) {
	n := patient(s, rollingBack{st})
	door := front(n)
	ids, calls := map[string]string{}, map[string]int64{}
	for _, q := range queries {
		typical, failed := w.Typical(q, 2)
		hottest, failedToo := w.Hottest(q, 2)
		for i := range asked {
			draw := typical
			if i%hottestEvery == hottestEvery-1 {
				draw = hottest
			}
			r, err := q.Request(draw)
			for _, err := range []error{err, failed(), failedToo()} {
				if err != nil {
					return nil, nil, err
				}
			}
			if err := ask(door, r); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", q.Name, err)
			}
		}
		for _, s := range n.Shapes().All() {
			if now := s.Calls.Load(); now > calls[s.ID] {
				calls[s.ID] = now
				if other, ok := ids[s.ID]; ok {
					return nil, nil, fmt.Errorf("%s has the shape of %s", q.Name, other)
				}
				ids[s.ID] = q.Name
			}
		}
	}
	return n.Shapes(), ids, nil
}
