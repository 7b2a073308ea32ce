//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package scratch

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// own marks a folder with a file that is locked until it is closed everywhere. The file gets its name when it is locked, so that nobody takes the
// folder for a dead process's in between.
func own(dir string) (*os.File, error) {
	path := filepath.Join(dir, ownerFile)
	f, err := os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString(mark)
	if err == nil {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// removeDead takes a folder away if it is this user's, has the mark, and nobody holds it.
func removeDead(dir string) {
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() || !ours(info) {
		return
	}
	f, err := os.OpenFile(filepath.Join(dir, ownerFile), os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || !ours(info) || info.Size() != int64(len(mark)) {
		return
	}
	if text, err := io.ReadAll(f); err != nil || string(text) != mark {
		return
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		_ = os.RemoveAll(dir) // what stays is tried again next time
	}
}

// ours says whether a file is this user's.
func ours(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
