package shape

import (
	"cmp"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/pintail-dev/pintail/query"
)

// Limits of what is kept of arguments. docs/limits.md has them.
const (
	everyCall  = 256 // so many calls of a shape are looked at, one after the other, and then
	oneIn      = 32  // of the later ones one in so many, drawn by chance
	tuplesMost = 32  // tuples of arguments that are kept as the hottest
	sampleMost = 32  // tuples, and values of each argument, in the sample of what differs
	placesMax  = 16  // arguments of a shape that are looked at one by one
	valuesMost = 32  // values that are counted as the hottest of an argument
	itemsMax   = 16  // items of a list that are looked at
	sizesMost  = 64  // lengths and numbers that are kept of each argument

	// ExampleBytesMax is how large the arguments of one call may be, in bytes, so that they are kept as an example.
	ExampleBytesMax = 4 << 10
	// SketchBytesMax is what all sketches of a book may take, in bytes, by estimate. Shapes that come when it is used up are
	// counted, but nothing is known of their arguments.
	SketchBytesMax = 16 << 20

	halveAt = 1 << 22 // calls that a sketch stands for, until the older ones weigh half
)

// A Kind is what an argument is to its query.
type Kind uint8

const (
	Unused  Kind = iota
	Literal      // one value
	Items        // a list of values
	Pattern      // of LIKE, of a regular expression or of a text search
	Number       // a limit or an offset
	Key          // a step of a JSON path
	Data         // JSON: rows that are written, or what a function takes
)

var kindNames = [...]string{"unused", "literal", "items", "pattern", "number", "key", "data"}

func (k Kind) String() string { return kindNames[k] }

// IsKind says whether a name is a kind's.
func IsKind(name string) bool { return slices.Contains(kindNames[:], name) }

// A sketch is what is known of a shape's arguments. It never waits: where another call is just being looked at, this one is not.
type sketch struct {
	mu     sync.Mutex
	weight uint64 // calls that it stands for
	tuples top    // of all arguments together
	sample bottom // the same
	places []place
}

// A place is what is known of one argument.
type place struct {
	hottest top // by hash alone
	sample  bottom
	sizes   reservoir // letters of a text, items of a list, the number itself, bytes of JSON
	letters reservoir // of a list's items
	prefix  reservoir // letters of a pattern before its first % or _
	wild    uint64    // patterns that begin with one, by weight
}

// look takes the arguments of a call into the sketch, or leaves them. It is called for every one.
func (s *Shape) look(args query.Args, calls int64) {
	weight := uint64(1)
	if calls > everyCall {
		if rand.Uint32N(oneIn) != 0 {
			return
		}
		weight = oneIn
	}
	if s.book == nil || len(args) == 0 || !s.sketch.mu.TryLock() {
		return
	}
	defer s.sketch.mu.Unlock()
	s.sketch.add(s, args, weight)
}

func (k *sketch) add(s *Shape, args query.Args, weight uint64) {
	if k.weight+weight > halveAt {
		k.halve()
	}
	k.weight += weight
	if k.places == nil {
		k.places = make([]place, min(len(args), len(s.Kinds), placesMax))
	}
	tuple := uint64(len(args))
	for i := range args {
		v := &args[i]
		kind := Unused
		if i < len(s.Kinds) {
			kind = s.Kinds[i]
		}
		h := s.book.hash(v, kind)
		tuple = bits.RotateLeft64(tuple, 27)*0x9E3779B97F4A7C15 ^ h
		if i < len(k.places) {
			k.places[i].add(s.book, v, kind, h, weight)
		}
	}
	// One of Fibonacci's multiplications leaves the low bits of the last hash where they were.
	tuple = mix(tuple)
	if !s.book.spend(len(k.tuples.counters) < tuplesMost, counterBytes) {
		return
	}
	hot := k.tuples.add(tuple, weight, tuplesMost)
	if hot.args == nil && hot.n-hot.over > weight { // seen again: worth a copy
		hot.args = s.book.keep(args)
	}
	if !s.book.spend(len(k.sample.counters) < sampleMost, counterBytes) {
		return
	}
	if some := k.sample.add(tuple, weight, sampleMost); some != nil && some.args == nil {
		some.args = s.book.keep(args)
	}
}

func (k *sketch) halve() {
	k.weight /= 2
	halve(k.tuples.counters)
	halve(k.sample.counters)
	for i := range k.places {
		halve(k.places[i].hottest.counters)
		halve(k.places[i].sample.counters)
		k.places[i].wild /= 2
	}
}

func (p *place) add(b *Book, v *query.Value, kind Kind, h, weight uint64) {
	switch kind {
	case Literal, Key:
		p.value(b, h, weight)
		p.sizes.add(b, int64(utf8.RuneCountInString(v.Text)))
	case Items:
		p.sizes.add(b, int64(len(v.List)))
		for _, text := range v.List[:min(len(v.List), itemsMax)] {
			p.value(b, maphash.String(b.seed, text), weight)
			p.letters.add(b, int64(utf8.RuneCountInString(text)))
		}
	case Pattern:
		p.value(b, h, weight)
		p.sizes.add(b, int64(utf8.RuneCountInString(v.Text)))
		before := strings.IndexAny(v.Text, "%_")
		if before == 0 {
			p.wild += weight
		} else if before < 0 {
			before = len(v.Text)
		}
		p.prefix.add(b, int64(utf8.RuneCountInString(v.Text[:before])))
	case Number:
		p.value(b, h, weight)
		p.sizes.add(b, NumberOf(v.Text))
	case Data:
		p.sizes.add(b, int64(len(v.Text)))
	}
}

func (p *place) value(b *Book, h, weight uint64) {
	if b.spend(len(p.hottest.counters) < valuesMost, counterBytes) {
		p.hottest.add(h, weight, valuesMost)
	}
	if b.spend(len(p.sample.counters) < sampleMost, counterBytes) {
		p.sample.add(h, weight, sampleMost)
	}
}

// ranked gives the hottest values, the hottest first: all of them where the sample holds all that differ, else those that surely
// come more often than by chance.
func (p *place) ranked() []counter {
	if len(p.sample.counters) < sampleMost {
		all := top{p.sample.counters}
		return all.ranked()
	}
	return slices.DeleteFunc(p.hottest.ranked(), func(c counter) bool { return c.n-c.over <= oneIn })
}

// NumberOf reads a limit or an offset, which is decimal digits; -1 is one that is none.
func NumberOf(text string) int64 {
	if text == "" || len(text) > 18 {
		return -1
	}
	n := int64(0)
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

// A reservoir is a uniform sample of numbers, with the largest of all (Vitter's algorithm R).
type reservoir struct {
	kept []int64
	seen uint64
	most int64
}

func (r *reservoir) add(b *Book, n int64) {
	r.seen++
	r.most = max(r.most, n)
	if len(r.kept) < sizesMost {
		if b.spend(true, 8) {
			r.kept = append(r.kept, n)
		}
		return
	}
	if i := rand.Uint64N(r.seen); i < sizesMost {
		r.kept[i] = n
	}
}

// Sizes are quantiles of lengths or numbers.
type Sizes struct {
	P50 int64 `json:"p50"`
	P95 int64 `json:"p95"`
	Max int64 `json:"max"`
}

func (r *reservoir) sizes() *Sizes {
	if len(r.kept) == 0 {
		return nil
	}
	sorted := slices.Clone(r.kept)
	slices.Sort(sorted)
	at := func(q float64) int64 { return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)] }
	return &Sizes{P50: at(0.5), P95: at(0.95), Max: r.most}
}

// An Argument is what is known of one argument of a shape, without any value.
type Argument struct {
	Kind     Kind
	Calls    uint64    // that what is below was learned from, by weight
	Distinct int64     // values, among the calls that were looked at
	Shares   []float64 // of all values, those of the hottest ones, falling: what has rank 1, 2, …
	Sizes    *Sizes    // letters of a text, items of a list, a number, bytes of JSON
	Letters  *Sizes    // of the items of a list
	Prefix   *Sizes    // letters of a pattern before its first % or _
	Wild     float64   // the share of patterns that begin with one
}

// Arguments gives what is known of the arguments, by their place; of those past the 16th nothing is known.
func (s *Shape) Arguments() []Argument {
	k := &s.sketch
	k.mu.Lock()
	defer k.mu.Unlock()
	list := make([]Argument, len(k.places))
	for i := range k.places {
		p := &k.places[i]
		a := Argument{Kind: s.Kinds[i], Calls: k.weight, Distinct: p.sample.distinct(sampleMost), Sizes: p.sizes.sizes(), Letters: p.letters.sizes(), Prefix: p.prefix.sizes()}
		for _, c := range p.ranked() {
			a.Shares = append(a.Shares, min(float64(c.n-c.over)/float64(max(k.weight, 1)), 1))
		}
		if a.Kind == Pattern {
			a.Wild = float64(p.wild) / float64(max(k.weight, 1))
		}
		list[i] = a
	}
	return list
}

// An Example is a whole tuple of arguments that a shape was called with. It holds values, and stays in this process's memory.
type Example struct {
	Kind  string     // Typical, P95 or Hottest
	Args  query.Args // in the order of the plan's Params
	Share float64    // of the shape's calls, by estimate
	Rank  int64      // among the tuples that differ, the hottest being 1, by estimate
	Ranks []int64    // the same of each argument among its values
}

// Kinds of examples: of the tuples that differ, ordered by how often each is asked for, the one in the middle, the one that is
// asked for more often than 95 % of them, and the one that is asked for most.
const (
	Typical = "typical"
	P95     = "p95"
	Hottest = "hottest"
)

// Examples gives at most one tuple of each kind, fewer where none was seen or all were too large. They are copies of their own.
func (s *Shape) Examples() []Example {
	k := &s.sketch
	k.mu.Lock()
	defer k.mu.Unlock()
	has := func(c counter) bool { return c.args != nil }
	distinct, all := k.sample.distinct(sampleMost), float64(max(k.weight, 1))
	sample := k.sample.ranked()
	at := func(kind string, q float64) []Example {
		for d := range len(sample) { // the nearest one that was kept
			for _, i := range []int{int(q*float64(len(sample))) - d, int(q*float64(len(sample))) + d} {
				if i >= 0 && i < len(sample) && has(sample[i]) {
					c := sample[i]
					return []Example{s.example(kind, c, float64(c.n)/all, max(int64((1-q)*float64(distinct)), 1))}
				}
			}
		}
		return nil
	}
	list := append(at(Typical, 0.5), at(P95, 0.95)...)
	hot := slices.DeleteFunc(k.tuples.ranked(), func(c counter) bool { return !has(c) || c.n-c.over <= oneIn })
	if len(sample) < sampleMost || len(hot) == 0 { // the sample holds all that differ, or no two were the same
		hot = slices.DeleteFunc(sample, func(c counter) bool { return !has(c) })
		slices.SortStableFunc(hot, func(a, b counter) int { return cmp.Compare(b.n, a.n) })
	}
	if len(hot) > 0 {
		c := hot[0]
		list = append(list, s.example(Hottest, c, float64(c.n-c.over)/all, 1))
	}
	return list
}

// Sampled gives some of the tuples that differ, each once, however often it was asked for. They are copies, like examples.
func (s *Shape) Sampled() []query.Args {
	k := &s.sketch
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []query.Args
	for _, c := range k.sample.ranked() {
		if c.args != nil {
			list = append(list, clone(c.args))
		}
	}
	return list
}

// example makes an example of a counter, with the rank of each argument: exactly among the hottest ones, and behind them that
// of the tuple. A list has the rank of its hottest item.
func (s *Shape) example(kind string, c counter, share float64, rank int64) Example {
	e := Example{Kind: kind, Args: clone(c.args), Share: share, Rank: rank, Ranks: make([]int64, len(c.args))}
	for i := range e.Ranks {
		e.Ranks[i] = rank
		if i >= len(s.sketch.places) {
			continue
		}
		p := &s.sketch.places[i]
		hot := p.ranked()
		e.Ranks[i] = max(rank, min(int64(len(hot))+1, p.sample.distinct(sampleMost)), 1)
		for _, h := range s.book.hashes(&c.args[i], s.Kinds[i]) {
			if at := slices.IndexFunc(hot, func(c counter) bool { return c.hash == h }); at >= 0 {
				e.Ranks[i] = min(e.Ranks[i], int64(at)+1)
			}
		}
	}
	return e
}

const (
	counterBytes = 56
	valueBytes   = 88
)

// budget is what the sketches of a book take.
type budget struct{ used atomic.Int64 }

// spend says whether so many bytes more may be used, where more says that they would be.
func (b *Book) spend(more bool, n int) bool {
	if !more {
		return true
	}
	if b.sketches.used.Add(int64(n)) <= SketchBytesMax {
		return true
	}
	b.sketches.used.Add(-int64(n))
	return false
}

// keep copies arguments, whose texts may stand in a request's buffer; nil where they are too large or there is no room.
func (b *Book) keep(args query.Args) query.Args {
	n := valueBytes * len(args)
	for i := range args {
		n += len(args[i].Text)
		for _, s := range args[i].List {
			n += len(s) + 16
		}
		if n > ExampleBytesMax {
			return nil
		}
	}
	if !b.spend(true, n) {
		return nil
	}
	return clone(args)
}

func clone(args query.Args) query.Args {
	own := slices.Clone(args)
	for i := range own {
		own[i].Text = strings.Clone(own[i].Text)
		if own[i].List != nil {
			own[i].List = slices.Clone(own[i].List)
			for j := range own[i].List {
				own[i].List[j] = strings.Clone(own[i].List[j])
			}
		}
	}
	return own
}

// hash is of one argument, under the book's key. Data isn't looked at: it may be large, and never comes twice.
func (b *Book) hash(v *query.Value, kind Kind) uint64 {
	switch {
	case kind == Data:
		return 0
	case v.IsList:
		h := uint64(len(v.List))
		for _, s := range v.List {
			h = bits.RotateLeft64(h, 27)*0x9E3779B97F4A7C15 ^ maphash.String(b.seed, s)
		}
		return mix(h)
	}
	return maphash.String(b.seed, v.Text)
}

// hashes are those by which a place counts an argument.
func (b *Book) hashes(v *query.Value, kind Kind) []uint64 {
	if kind != Items {
		return []uint64{b.hash(v, kind)}
	}
	var list []uint64
	for _, text := range v.List[:min(len(v.List), itemsMax)] {
		list = append(list, maphash.String(b.seed, text))
	}
	return list
}

// mix spreads every bit over all of them: the finalizer of MurmurHash3.
func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
