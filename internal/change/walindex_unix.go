//go:build (linux || darwin) && !sqlite3_flock && !sqlite3_dotlk

package change

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// An index is a read-only view of the file beside a database in write-ahead mode by which all processes agree on how much of
// the log is committed (sqlite.org/walformat.html, section 2).
type index struct {
	file *os.File
	mem  []byte
}

// mapIndex maps the head of a -shm file that a connection keeps open. The file is opened for itself; that takes no lock away
// from SQLite, whose locks belong to its own descriptor on these systems (open file description locks).
func mapIndex(path string) (*index, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the index of the write-ahead log: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.Size() < int64(os.Getpagesize()) {
		err = fmt.Errorf("it has %d bytes", info.Size())
	}
	var mem []byte
	if err == nil {
		mem, err = unix.Mmap(int(f.Fd()), 0, os.Getpagesize(), unix.PROT_READ, unix.MAP_SHARED)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("map the index of the write-ahead log: %w", err)
	}
	return &index{file: f, mem: mem}, nil
}

// header reads the first of the header's two copies, the one that a commit writes last. While one process writes it,
// another may read a mixture: no commit has that for its header, and none of what is being written is visible yet.
func (x *index) header() (h header) {
	for i := range h {
		h[i] = atomic.LoadUint64((*uint64)(unsafe.Pointer(&x.mem[8*i])))
	}
	return h
}

// same says whether the file is still the one of that name.
func (x *index) same() bool {
	was, err := x.file.Stat()
	if err != nil {
		return false
	}
	is, err := os.Stat(x.file.Name())
	return err == nil && os.SameFile(was, is)
}

func (x *index) close() error {
	err := unix.Munmap(x.mem)
	if e := x.file.Close(); err == nil {
		err = e
	}
	return err
}
