package plantedtest

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
)

// Typical draws values as most requests have them: any of those there are. One seed draws the same each time.
func (w *World) Typical(q Query, seed uint64) (Draw, func() error) {
	return w.draw(q, seed, false)
}

// Hottest draws the hottest value where there is one, and a typical one elsewhere.
func (w *World) Hottest(q Query, seed uint64) (Draw, func() error) {
	return w.draw(q, seed, true)
}

func (w *World) draw(q Query, seed uint64, hottest bool) (Draw, func() error) {
	h := fnv.New64a()
	h.Write([]byte(q.Name))
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	var failed error
	draw := func(place string) string {
		if place == "fresh" {
			return fresh(r)
		}
		v, ok := values[w.Name][place]
		if !ok {
			failed = fmt.Errorf("%s: no values for <%s> in %s", q.Name, place, w.Name)
			return ""
		}
		sql := v.Typical
		if hottest && v.Hottest != "" {
			sql = v.Hottest
		}
		list, err := w.list(sql)
		if err != nil {
			failed = fmt.Errorf("%s: %w", q.Name, err)
			return ""
		}
		return list[r.IntN(len(list))]
	}
	return draw, func() error { return failed }
}
