// Package faulttest gives tests a disk that fails as disks do: it loses power and forgets what was not synced, or it is full.
//
//	d := faulttest.NewDisk(t)
//	s, err := sqlite.Open(sqlite.Config{Path: "shop.db", VFS: d.Name()})
//	d.CutAfter(100)      // the power fails at the 100th write or sync from now on
//	...
//	d.Restart(rng)       // what a machine finds when it starts again
package faulttest

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// sector is what a disk writes whole or not at all.
const sector = 512

var disks atomic.Int64

// A Disk holds files in memory, each as readers see it and as it lies on the platter. It is a VFS of SQLite.
type Disk struct {
	name string
	dir  string // of the shared-memory files, which the operating system keeps and a power cut takes

	mu      sync.Mutex
	epoch   int // of power: handles of an earlier one are dead
	dead    bool
	cut     int64 // operations until the power fails; below 0 never
	done    int64 // operations so far
	room    int64 // bytes that the disk holds; below 0 any number
	names   map[string]*inode
	durable map[string]*inode // names as the directory on the platter has them
}

// An inode is a file, whatever its name.
type inode struct {
	now     []byte
	synced  []byte
	pending []change // since the last sync, in order
	locks   locks
}

// A change is a write, or with nil data a truncation to off.
type change struct {
	off  int64
	data []byte
}

// NewDisk makes an empty disk and registers it as a VFS until the test ends.
func NewDisk(t testing.TB) *Disk {
	t.Helper()
	d := &Disk{
		name: "faulttest" + strconv.FormatInt(disks.Add(1), 10), dir: t.TempDir(), cut: -1, room: -1,
		names: map[string]*inode{}, durable: map[string]*inode{},
	}
	vfs.Register(d.name, d)
	t.Cleanup(func() { vfs.Unregister(d.name) })
	return d
}

// Name is the VFS's.
func (d *Disk) Name() string { return d.name }

// CutAfter lets the power fail in place of the n-th write, sync, truncation or deletion from now on.
func (d *Disk) CutAfter(n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut = n
}

// Cut lets the power fail now.
func (d *Disk) Cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
}

// Off says whether the power has failed.
func (d *Disk) Off() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// Operations is how many writes, syncs, truncations and deletions there were.
func (d *Disk) Operations() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.done
}

// Flush makes everything durable, as a machine does that is shut down in peace.
func (d *Disk) Flush() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.names {
		f.sync()
	}
	d.durable = clone(d.names)
}

// Restart gives the power back. Of what was not synced nothing is left where rng is nil, and otherwise any part of it that
// a disk may have written before the end: each sector of each write or not.
func (d *Disk) Restart(rng *rand.Rand) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.epoch++
	d.dead, d.cut = false, -1
	keep := 0.0
	if rng != nil {
		keep = []float64{0.02, 0.3, 0.7, 0.98, 1}[rng.IntN(5)]
	}
	kept := func() bool { return rng != nil && rng.Float64() < keep }
	after := map[string]*inode{}
	for name, f := range d.durable {
		after[name] = f
	}
	for _, name := range sortedNames(d.names, d.durable) { // sorted, so that a seed gives the same disk
		if f, ok := d.names[name]; d.durable[name] != f && kept() {
			if ok {
				after[name] = f
			} else {
				delete(after, name)
			}
		}
	}
	for _, name := range sortedNames(after, nil) {
		after[name] = after[name].forget(kept)
	}
	d.names, d.durable = after, clone(after)
}

// Room says how many bytes the disk holds in all; a write past it fails as on a full disk. Below 0 there is always room.
func (d *Disk) Room(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = bytes
}

// Used is how many bytes the files have.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used()
}

func (d *Disk) used() (n int64) {
	for _, f := range d.names {
		n += int64(len(f.now))
	}
	return n
}

// operate counts one operation of a handle of that epoch, and fails where there is no power. d.mu is held.
func (d *Disk) operate(epoch int) error {
	if d.dead || epoch != d.epoch {
		return sqlite3.IOERR
	}
	d.done++
	if d.cut > 0 {
		d.cut--
	}
	if d.cut == 0 {
		d.dead = true
		return sqlite3.IOERR
	}
	return nil
}

func (f *inode) sync() {
	for _, c := range f.pending {
		f.synced = c.apply(f.synced)
	}
	f.pending = nil
}

// forget gives the file with what was synced, and of the rest the sectors that kept says yes to. Handles of the old one may
// still be open.
func (f *inode) forget(kept func() bool) *inode {
	for _, c := range f.pending {
		if c.data == nil {
			if kept() {
				f.synced = c.apply(f.synced)
			}
			continue
		}
		for len(c.data) > 0 {
			n := min(int64(len(c.data)), sector-c.off%sector)
			part := change{c.off, c.data[:n]}
			if kept() {
				f.synced = part.apply(f.synced)
			}
			c.off, c.data = c.off+n, c.data[n:]
		}
	}
	return &inode{now: slices.Clone(f.synced), synced: slices.Clone(f.synced)}
}

func (c change) apply(b []byte) []byte {
	if c.data == nil {
		return resize(b, c.off)
	}
	if end := c.off + int64(len(c.data)); end > int64(len(b)) {
		b = resize(b, end)
	}
	copy(b[c.off:], c.data)
	return b
}

// resize cuts b, or fills it up with zeros.
func resize(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		return b[:size]
	}
	return append(b, make([]byte, size-int64(len(b)))...)
}

func clone(m map[string]*inode) map[string]*inode {
	c := make(map[string]*inode, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

func sortedNames(a, b map[string]*inode) (names []string) {
	for n := range a {
		names = append(names, n)
	}
	for n := range b {
		if _, ok := a[n]; !ok {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

// Open, Delete, Access and FullPathname make a Disk a vfs.VFS.
func (d *Disk) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return nil, flags, sqlite3.IOERR
	}
	node := d.names[name]
	if node == nil {
		if flags&vfs.OPEN_CREATE == 0 {
			return nil, flags, sqlite3.CANTOPEN
		}
		node = &inode{}
		if name != "" {
			d.names[name] = node
		}
	}
	const logs = vfs.OPEN_MAIN_JOURNAL | vfs.OPEN_SUPER_JOURNAL | vfs.OPEN_WAL
	f := &file{disk: d, inode: node, epoch: d.epoch, syncDir: flags&vfs.OPEN_CREATE != 0 && flags&logs != 0}
	if name != "" {
		shm := filepath.Join(d.dir, fmt.Sprintf("%d-%s-shm", d.epoch, filepath.Base(name)))
		f.shm = vfs.NewSharedMemory(shm, flags)
	}
	return f, flags, nil
}

// Delete takes a name away, for certain only with syncDir.
func (d *Disk) Delete(name string, syncDir bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.operate(d.epoch); err != nil {
		return err
	}
	if d.names[name] == nil {
		return sqlite3.IOERR_DELETE_NOENT
	}
	delete(d.names, name)
	if syncDir {
		d.durable = clone(d.names)
	}
	return nil
}

// Access says whether a file is there.
func (d *Disk) Access(name string, _ vfs.AccessFlag) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.names[name] != nil, nil
}

// FullPathname gives the name as it is: the disk has no folders.
func (d *Disk) FullPathname(name string) (string, error) { return name, nil }
