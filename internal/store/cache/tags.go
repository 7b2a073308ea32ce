package cache

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pintail-dev/pintail/internal/change"
	"github.com/pintail-dev/pintail/internal/change/mutant"
)

const (
	// All keyed tags share so many versions, one for 64 bytes of the cache. Two that share one cost each other a miss.
	slotsMin, slotsMax, bytesPerSlot = 1 << 12, 1 << 22, 64
	// namedMax bounds the versions that are one tag's alone: the database's, and two of each table. Tables past it share theirs.
	namedMax = 1 << 12
	// shapesMax bounds the sets of columns that one table's rows are tagged by: each change of a row raises a tag of each.
	shapesMax = 8
)

// A version is the sequence of the last commit that raised a tag.
type version = atomic.Uint64

// A need is a version that an answer depends on, by its place among all of them.
type need uint32

// anyRow is the whole database's.
const anyRow need = 0

// tags are the versions of everything that an answer can depend on. Readers look, the goroutine that writes raises.
type tags struct {
	feed     *change.Feed
	seed     maphash.Seed
	versions []version // first those that are one tag's alone, then those of keyed tags: (table, columns, values), by their hash

	mu     sync.Mutex                        // of whoever adds
	tables atomic.Pointer[map[string]*table] // by change.Table.Key
}

// A table is what one table's rows are tagged by.
type table struct {
	key    string
	any    need    // some row changed
	bulk   need    // rows changed of which it isn't known which keyed tags they have
	since  version // of a commit that may not have known of the table: what is filled before it can't be kept
	shapes atomic.Pointer[[]*shape]
	seen   atomic.Pointer[seen]
}

// A shape is a set of columns that queries bind by equality.
type shape struct {
	id      uint64
	columns []column // in the order of their names
	since   version  // as the table's
}

type column struct {
	name  string // folded
	class class
}

// seen is how a table's shapes lie in the rows of one catalog.
type seen struct {
	table  *change.Table
	shapes *[]*shape
	want   []bool  // columns that some shape has
	at     [][]int // by shape: the places of its columns; nil where one can't be told
}

func newTags(f *change.Feed, cacheBytes int64) *tags {
	n := int64(slotsMin)
	for n < slotsMax && n*bytesPerSlot < cacheBytes {
		n *= 2
	}
	g := &tags{feed: f, seed: maphash.MakeSeed(), versions: make([]version, namedMax+n)}
	g.tables.Store(&map[string]*table{})
	return g
}

// version gives a need's version.
func (g *tags) version(n need) *version { return &g.versions[n] }

// table finds what a table's rows are tagged by, or begins it.
func (g *tags) table(key string) *table {
	if t := (*g.tables.Load())[key]; t != nil {
		return t
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	was := *g.tables.Load()
	if t := was[key]; t != nil {
		return t
	}
	place := need(1 + 2*len(was)%(namedMax-2))
	t := &table{key: key, any: place, bulk: place + 1}
	t.since.Store(^uint64(0))
	t.shapes.Store(new([]*shape))
	is := make(map[string]*table, len(was)+1)
	for k, v := range was {
		is[k] = v
	}
	is[key] = t
	g.tables.Store(&is)
	t.since.Store(g.feed.Pending()) // once whoever commits after it finds the table
	return t
}

// shape finds the shape of some columns, or begins it. Where the table has too many, it gives the one that has the most of the columns,
// or nil.
func (g *tags) shape(t *table, columns []column) *shape {
	find := func(list []*shape) *shape {
		for _, s := range list {
			if slices.Equal(s.columns, columns) {
				return s
			}
		}
		return nil
	}
	if s := find(*t.shapes.Load()); s != nil {
		return s
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	was := *t.shapes.Load()
	if s := find(was); s != nil {
		return s
	}
	if len(was) >= shapesMax {
		var best *shape
		for _, s := range was {
			in := !slices.ContainsFunc(s.columns, func(c column) bool { return !slices.Contains(columns, c) })
			if in && (best == nil || len(s.columns) > len(best.columns)) {
				best = s
			}
		}
		return best
	}
	s := &shape{id: uint64(len(was)), columns: columns}
	s.since.Store(^uint64(0))
	is := append(slices.Clone(was), s)
	t.shapes.Store(&is)
	s.since.Store(g.feed.Pending())
	return s
}

// slot gives a keyed tag's version. values holds the canonical forms of the shape's columns, each with its length in front.
func (g *tags) slot(t *table, s *shape, values []byte) need {
	var h maphash.Hash
	h.SetSeed(g.seed)
	h.WriteString(t.key)
	h.WriteByte(0) // no name of a table has one
	h.WriteByte(byte(s.id))
	h.Write(values)
	return need(namedMax + h.Sum64()&uint64(len(g.versions)-namedMax-1))
}

// lengthed puts the length in front of what was appended to b behind at, which began with four bytes for it.
func lengthed(b []byte, at int) []byte {
	binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}

// view gives how the table's shapes lie in ct.
func (t *table) view(ct *change.Table) *seen {
	shapes := t.shapes.Load()
	if v := t.seen.Load(); v != nil && v.table == ct && v.shapes == shapes {
		return v
	}
	v := &seen{table: ct, shapes: shapes, at: make([][]int, len(*shapes))}
	if len(*shapes) > 0 {
		v.want = make([]bool, len(ct.Columns))
	}
	for i, s := range *shapes {
		var at []int
		for _, c := range s.columns {
			j, ok := ct.Column(c.name)
			if !ok || !c.class.holds(&ct.Columns[j]) {
				at = nil
				break
			}
			at = append(at, j)
		}
		for _, j := range at {
			v.want[j] = true
		}
		v.at[i] = at
	}
	t.seen.Store(v)
	return v
}

// Columns says which columns the keyed tags of a table need.
func (g *tags) Columns(ct *change.Table) []bool {
	t := (*g.tables.Load())[ct.Key]
	if t == nil {
		return nil
	}
	return t.view(ct).want
}

// Commit raises the tags of everything that a commit changes.
func (g *tags) Commit(c *change.Commit) {
	g.version(anyRow).Store(c.Seq)
	for _, ct := range c.Tables {
		if t := (*g.tables.Load())[ct.Key]; t != nil {
			g.version(t.any).Store(c.Seq)
		}
	}
	for _, ct := range c.Whole {
		if t := (*g.tables.Load())[ct.Key]; t != nil {
			g.version(t.bulk).Store(c.Seq)
		}
	}
	var buf []byte
	for i := range c.Rows {
		row := &c.Rows[i]
		t := (*g.tables.Load())[row.Table.Key]
		if t == nil {
			continue
		}
		v := t.view(row.Table)
		for j, s := range *v.shapes {
			if row.Old != nil && !mutant.Is(mutant.OldImageIgnored) {
				buf = g.raise(t, s, v.at[j], row.Old, c.Seq, buf[:0])
			}
			if row.New != nil && !mutant.Is(mutant.NewImageIgnored) {
				buf = g.raise(t, s, v.at[j], row.New, c.Seq, buf[:0])
			}
		}
	}
}

// raise raises the keyed tag of one image of a row.
func (g *tags) raise(t *table, s *shape, at []int, image []change.Value, seq uint64, buf []byte) []byte {
	for i := range s.columns {
		from := len(buf)
		buf = append(buf, 0, 0, 0, 0)
		ok := at != nil
		if ok {
			buf, ok = s.columns[i].class.appendValue(buf, &image[at[i]])
		}
		if !ok {
			g.version(t.bulk).Store(seq)
			return buf
		}
		buf = lengthed(buf, from)
	}
	g.version(g.slot(t, s, buf)).Store(seq)
	return buf
}
