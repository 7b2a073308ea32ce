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
		if x.Subject == i.Subject && x.tells(&i) {
			return x, nil
		}
	}
	m.list = append(m.list, i)
	m.forget()
	return i, nil
}

func (m *memory) Save(_ context.Context, i Incident) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for j := range m.list {
		if m.list[j].ID == i.ID {
			if !m.list[j].State.Ended() {
				i.Shed, i.Shapes = m.list[j].Shed, m.list[j].Shapes
				m.list[j] = i
			}
			return nil
		}
	}
	m.list = append(m.list, i)
	m.forget()
	return nil
}

func (m *memory) Add(_ context.Context, id string, refused int64, shapes []string) (Incident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for j := range m.list {
		if m.list[j].ID == id {
			m.list[j].Shapes = slices.Clone(m.list[j].Shapes)
			m.list[j].counted(refused, shapes)
			return m.list[j], nil
		}
	}
	return Incident{}, nil
}

// forget takes the oldest one that has ended where there are too many.
func (m *memory) forget() {
	if len(m.list) <= recordsMax {
		return
	}
	if j := slices.IndexFunc(m.list, func(i Incident) bool { return i.State.Ended() }); j >= 0 {
		m.list = slices.Delete(m.list, j, j+1)
	}
}

func (m *memory) List(_ context.Context, ended int) ([]Incident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Incident
	for _, i := range slices.Backward(m.list) {
		if i.State.Ended() {
			if ended == 0 {
				continue
			}
			ended--
		}
		out = append(out, i)
	}
	return out, nil
}

func (m *memory) Where() string { return "the memory of this process" }
