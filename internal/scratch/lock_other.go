//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package scratch

import "os"

// own marks nothing: whether a process lives can't be told here.
func own(string) (*os.File, error) { return nil, nil }

func removeDead(string) {}
