package project

import (
	"encoding/binary"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A Watcher notices changes of files by looking at them: name, size and time of every *.graphql and *.sql below its
// paths. It works alike on every file system, shared folders of virtual machines included, where notifications don't.
type Watcher struct {
	paths []string
	known uint64 // what Changed reported last
	seen  uint64 // what the last look saw
}

// NewWatcher looks at paths, files or folders, of which some may not be there yet.
func NewWatcher(paths ...string) *Watcher {
	w := &Watcher{paths: paths}
	w.known = w.look()
	w.seen = w.known
	return w
}

// Changed says whether something changed since it last said so, and came to rest: two looks in a row saw the same, so
// that a file that is being written isn't read half.
func (w *Watcher) Changed() bool {
	now := w.look()
	rest := now == w.seen
	w.seen = now
	if !rest || now == w.known {
		return false
	}
	w.known = now
	return true
}

func (w *Watcher) look() uint64 {
	h := fnv.New64a()
	for _, p := range w.paths {
		// A path that can't be read counts as one that isn't there: reading it says what is wrong with it.
		_ = filepath.WalkDir(p, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			if d.IsDir() || !strings.HasSuffix(path, ".graphql") && !strings.HasSuffix(path, ".sql") && path != p {
				return nil
			}
			info, err := os.Stat(path)
			if err != nil {
				return nil
			}
			h.Write([]byte(path))
			var b [16]byte
			binary.LittleEndian.PutUint64(b[:], uint64(info.ModTime().UnixNano()))
			binary.LittleEndian.PutUint64(b[8:], uint64(info.Size()))
			h.Write(b[:])
			return nil
		})
	}
	return h.Sum64()
}
