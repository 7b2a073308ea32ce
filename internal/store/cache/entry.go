package cache

import (
	"encoding/binary"
	"unsafe"

	"github.com/pintail-dev/pintail/internal/store"
)

// A footing is what an answer stands on: a moment in the order of commits, and the versions that mustn't have moved since.
type footing struct {
	epoch uint64
	seq   uint64
	needs []need
}

// valid says whether nothing that the answer depends on was committed, or is about to be, since its moment. The caller has
// found the stamp of that epoch to be fresh before.
func (f *footing) valid(g *tags, epoch uint64) bool {
	if f.epoch != epoch {
		return false
	}
	for _, n := range f.needs {
		if g.version(n).Load() > f.seq {
			return false
		}
	}
	return true
}

// An entry is an answer as it is kept: its footing, its key and its result, one behind the other in one piece of memory that has no pointer
// in it and is never written again. Among a million answers each further place in memory costs a look more than everything
// else does, and each pointer is one that the garbage collector follows again and again.
//
//	epoch, seq             8 bytes each
//	length of the key      4 bytes
//	number of needs        4 bytes
//	needs                  4 bytes each
//	key
//	result                 as appendResult writes it
//
// Numbers are little-endian.
type entry string

// entryHead is where an entry's needs begin.
const entryHead = 24

// newEntry writes an entry; false for an answer that has something which isn't kept.
func newEntry(key string, f *footing, r *store.Result) (entry, bool) {
	if !keepable(r) {
		return "", false
	}
	size := entryHead + 4*len(f.needs) + len(key) + resultSize(r)
	b := make([]byte, 0, size)
	b = binary.LittleEndian.AppendUint64(b, f.epoch)
	b = binary.LittleEndian.AppendUint64(b, f.seq)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(key)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(f.needs)))
	for _, n := range f.needs {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	b = appendResult(append(b, key...), r)
	return entry(unsafe.String(unsafe.SliceData(b), len(b))), true
}

// bytes are the entry's, for reading.
func (e entry) bytes() []byte { return unsafe.Slice(unsafe.StringData(string(e)), len(e)) }

// split gives where the key begins and ends.
func (e entry) split() (from, to int) {
	b := e.bytes()
	from = entryHead + 4*int(binary.LittleEndian.Uint32(b[20:]))
	return from, from + int(binary.LittleEndian.Uint32(b[16:]))
}

// is says whether the entry answers to this key.
func (e entry) is(key []byte) bool {
	from, to := e.split()
	return string(e[from:to]) == string(key)
}

// valid is footing's.
func (e entry) valid(g *tags, epoch uint64) bool {
	b := e.bytes()
	if binary.LittleEndian.Uint64(b) != epoch {
		return false
	}
	seq := binary.LittleEndian.Uint64(b[8:])
	for at, end := entryHead, entryHead+4*int(binary.LittleEndian.Uint32(b[20:])); at < end; at += 4 {
		if g.version(need(binary.LittleEndian.Uint32(b[at:]))).Load() > seq {
			return false
		}
	}
	return true
}

// result gives the answer. Its bodies are parts of the entry, behind which nobody can append.
func (e entry) result() store.Result {
	_, at := e.split()
	r, _ := readResult(e.bytes()[at:])
	return r
}

// keepable says whether a result has only what appendResult writes: what a read has.
func keepable(r *store.Result) bool {
	for i := range r.Steps {
		if !keepable(&r.Steps[i]) {
			return false
		}
	}
	return r.Affected == 0 && r.Inserted == 0 && len(r.Key) == 0 && r.Status == 0 && len(r.Headers) == 0 && !r.RolledBack && r.Rows >= 0
}

// resultSize is a little more than as much as appendResult appends.
func resultSize(r *store.Result) int {
	n := 4*binary.MaxVarintLen32 + len(r.Body)
	for i := range r.Steps {
		n += resultSize(&r.Steps[i])
	}
	return n
}

// appendResult appends a result: its rows, its total, its steps with their number in front, its body with its length and one in front, and 0 for none.
func appendResult(b []byte, r *store.Result) []byte {
	b = binary.AppendUvarint(b, uint64(r.Rows))
	b = binary.AppendVarint(b, r.Total)
	b = binary.AppendUvarint(b, uint64(len(r.Steps)))
	for i := range r.Steps {
		b = appendResult(b, &r.Steps[i])
	}
	if r.Body == nil {
		return append(b, 0)
	}
	return append(binary.AppendUvarint(b, uint64(len(r.Body))+1), r.Body...)
}

// readResult reads what appendResult wrote, and gives what follows it.
func readResult(b []byte) (r store.Result, rest []byte) {
	next := func() uint64 {
		n, size := binary.Uvarint(b)
		b = b[size:]
		return n
	}
	r.Rows = int(next())
	total, size := binary.Varint(b)
	r.Total, b = total, b[size:]
	if n := next(); n > 0 {
		r.Steps = make([]store.Result, n)
		for i := range r.Steps {
			r.Steps[i], b = readResult(b)
		}
	}
	if n := next(); n > 0 {
		r.Body, b = b[:n-1:n-1], b[n-1:]
	}
	return r, b
}
