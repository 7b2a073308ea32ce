package guard

import (
	"context"
	"slices"
	"sync"
)

// memory keeps incidents in this process alone, where there is no better place.
type memory struct {
	mu   sync.Mutex
	list []Incident // the oldest first
}

func newMemory() *memory { return &memory{} }

func (m *memory) Open(_ context.Context, i Incident) (Incident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.list {
		if x.Subject == i.Subject && !x.State.Ended() {
			return x, nil
		}
	}
	m.list = append(m.list, i)
	if len(m.list) > recordsMax {
		m.list = slices.Delete(m.list, 0, 1)
	}
	return i, nil
}

func (m *memory) Save(_ context.Context, i Incident) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for j := range m.list {
		if m.list[j].ID == i.ID {
			m.list[j] = i
			return nil
		}
	}
	m.list = append(m.list, i)
	return nil
}

func (m *memory) List(_ context.Context, max int) ([]Incident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.Clone(m.list)
	slices.Reverse(out)
	return out[:min(max, len(out))], nil
}

func (m *memory) Where() string { return "the memory of this process" }
