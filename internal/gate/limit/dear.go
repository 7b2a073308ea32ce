package limit

import "sync"

// dearMax is how many clients are remembered of whom something was refused by its plan: some 4 MiB.
const dearMax = 1 << 16

// dear remembers what was refused by its plan lately, each client's dearest. The zero value remembers nothing.
type dear struct {
	mu sync.Mutex
	of map[uint64]refusal
}

type refusal struct{ cost, until int64 }

// note remembers a cost until a moment, or until another one takes the room.
func (d *dear) note(key uint64, now, cost, until int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.of == nil {
		d.of = map[uint64]refusal{}
	}
	was, known := d.of[key]
	if known && was.cost > cost && was.until > now {
		return
	}
	if !known && len(d.of) >= dearMax {
		for other := range d.of { // a random one
			delete(d.of, other)
			break
		}
	}
	d.of[key] = refusal{cost, until}
}

// cost gives what is remembered of a client; 0 for nothing.
func (d *dear) cost(key uint64, now int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if was := d.of[key]; was.until > now {
		return was.cost
	}
	return 0
}
