package guard

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	// processesMax bounds the processes that are looked at, and filesMax the files of each.
	processesMax = 10_000
	filesMax     = 4096

	// namedMax is how many processes are named.
	namedMax = 5
)

// whoHasOpen names the other processes that have a file open, where /proc tells (Linux, of processes of the same user). SQLite leaves no
// trace of who changed a schema: one of these may have, or one that has ended since.
func whoHasOpen(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return ""
	}
	var named []string
	for _, dir := range dirs[:min(len(dirs), processesMax)] {
		pid := filepath.Base(dir)
		if pid == strconv.Itoa(os.Getpid()) || !hasOpen(dir, path) {
			continue
		}
		name, err := os.ReadFile(filepath.Join(dir, "comm"))
		if err != nil {
			continue
		}
		named = append(named, fmt.Sprintf("%s (process %s)", strings.TrimSpace(string(name)), pid))
		if len(named) == namedMax {
			break
		}
	}
	if len(named) == 0 {
		return ""
	}
	return "unknown; other processes that have the file open: " + strings.Join(named, ", ")
}

func hasOpen(dir, path string) bool {
	links, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return false
	}
	for _, l := range links[:min(len(links), filesMax)] {
		if to, err := os.Readlink(filepath.Join(dir, "fd", l.Name())); err == nil && to == path {
			return true
		}
	}
	return false
}
