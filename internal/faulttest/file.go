package faulttest

import (
	"io"
	"slices"
	"sync"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// A file is an open inode.
type file struct {
	disk    *Disk
	inode   *inode
	epoch   int
	syncDir bool // its first sync makes its name durable, as ncruces' and SQLite's own files do for logs
	lock    vfs.LockLevel
	shm     vfs.SharedMemory
}

var (
	_ vfs.FileSharedMemory = (*file)(nil)
	_ vfs.FileLockState    = (*file)(nil)
)

// SharedMemory is the index of the write-ahead log. It belongs to the machine's memory: each epoch of power has its own.
func (f *file) SharedMemory() vfs.SharedMemory { return f.shm }

func (f *file) Close() error {
	if f.shm != nil {
		// An unmapped file on the way to its end: nothing depends on it.
		_ = f.shm.Close()
	}
	return f.Unlock(vfs.LOCK_NONE)
}

func (f *file) ReadAt(b []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.dead || f.epoch != f.disk.epoch {
		return 0, sqlite3.IOERR_READ
	}
	if off >= int64(len(f.inode.now)) {
		return 0, io.EOF
	}
	n := copy(b, f.inode.now[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.operate(f.epoch); err != nil {
		// The power failed while this was on its way: some of it may be on the disk.
		if f.epoch == f.disk.epoch && f.disk.cut == 0 {
			f.disk.cut = -1
			f.inode.pending = append(f.inode.pending, change{off, slices.Clone(b)})
		}
		return 0, err
	}
	grows := off + int64(len(b)) - int64(len(f.inode.now))
	if grows > 0 && f.disk.room >= 0 && f.disk.used()+grows > f.disk.room {
		return 0, sqlite3.FULL
	}
	c := change{off, slices.Clone(b)}
	f.inode.now = c.apply(f.inode.now)
	f.inode.pending = append(f.inode.pending, c)
	return len(b), nil
}

func (f *file) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.operate(f.epoch); err != nil {
		return err
	}
	c := change{off: size}
	f.inode.now = c.apply(f.inode.now)
	f.inode.pending = append(f.inode.pending, c)
	return nil
}

func (f *file) Sync(vfs.SyncFlag) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.operate(f.epoch); err != nil {
		return err
	}
	f.inode.sync()
	if f.syncDir {
		f.syncDir = false
		f.disk.durable = clone(f.disk.names)
	}
	return nil
}

func (f *file) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return int64(len(f.inode.now)), nil
}

func (f *file) SectorSize() int { return sector }

// DeviceCharacteristics promises what ncruces' files promise: bytes next to a write are safe.
func (f *file) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return vfs.IOCAP_POWERSAFE_OVERWRITE | vfs.IOCAP_SUBPAGE_READ
}

func (f *file) LockState() vfs.LockLevel { return f.lock }

// locks are SQLite's five levels between the handles of one inode (https://sqlite.org/lockingv3.html).
type locks struct {
	sync.Mutex
	shared            int
	reserved, pending *file
}

func (f *file) Lock(level vfs.LockLevel) error {
	if f.lock >= level {
		return nil
	}
	l := &f.inode.locks
	l.Lock()
	defer l.Unlock()
	switch level {
	case vfs.LOCK_SHARED:
		if l.pending != nil {
			return sqlite3.BUSY
		}
		l.shared++
	case vfs.LOCK_RESERVED:
		if l.reserved != nil {
			return sqlite3.BUSY
		}
		l.reserved = f
	case vfs.LOCK_EXCLUSIVE:
		if l.pending != nil && l.pending != f {
			return sqlite3.BUSY
		}
		l.pending = f
		if l.shared > 1 {
			f.lock = vfs.LOCK_PENDING
			return sqlite3.BUSY
		}
	}
	f.lock = level
	return nil
}

func (f *file) Unlock(level vfs.LockLevel) error {
	if f.lock <= level {
		return nil
	}
	l := &f.inode.locks
	l.Lock()
	defer l.Unlock()
	if l.reserved == f {
		l.reserved = nil
	}
	if l.pending == f {
		l.pending = nil
	}
	if level < vfs.LOCK_SHARED && l.shared > 0 {
		l.shared--
	}
	f.lock = level
	return nil
}

func (f *file) CheckReservedLock() (bool, error) {
	l := &f.inode.locks
	l.Lock()
	defer l.Unlock()
	return l.reserved != nil || l.pending != nil, nil
}
