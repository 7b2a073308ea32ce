// Package scratch makes temporary folders that are taken away also where the process that made them was killed: by the next one that makes a
// folder of the same kind in the same place.
//
// A folder has a file that its process holds locked for as long as it lives, and the children that the file is handed down to. Only a folder with
// this mark, of the same user, whose lock nobody holds is taken away. Where the system has no such locks, nothing is.
package scratch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A Folder is one of a process that lives.
type Folder struct {
	Path  string
	owner *os.File // nil where the system has no locks
}

const (
	ownerFile = ".pintail-owner"
	// mark is what stands in the owner's file.
	mark = "This folder was made by Pintail for a while. It may be removed once no process holds this file locked.\n"
)

// Make makes a folder whose name begins with prefix, beside which it first takes away those that killed processes left; in is the folder where,
// empty for that of temporary files. What can't be taken away stays: it keeps nobody from work.
func Make(in, prefix string) (*Folder, error) {
	if in == "" {
		in = os.TempDir()
	}
	sweep(in, prefix)
	dir, err := os.MkdirTemp(in, prefix)
	if err != nil {
		return nil, err
	}
	f := &Folder{Path: dir}
	if f.owner, err = own(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("mark folder %s: %w", dir, err), os.RemoveAll(dir))
	}
	return f, nil
}

// Remove takes the folder away.
func (f *Folder) Remove() error {
	err := os.RemoveAll(f.Path)
	if f.owner != nil {
		err = errors.Join(err, f.owner.Close())
	}
	return err
}

// Handed is what a child process that works in the folder is to inherit (exec.Cmd.ExtraFiles): it keeps the folder while it lives.
func (f *Folder) Handed() []*os.File {
	if f.owner == nil {
		return nil
	}
	return []*os.File{f.owner}
}

// sweep takes away the folders that killed processes left.
func sweep(in, prefix string) {
	entries, err := os.ReadDir(in)
	if err != nil {
		return
	}
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), prefix)
		if ok && e.IsDir() && number != "" && strings.Trim(number, "0123456789") == "" {
			removeDead(filepath.Join(in, e.Name()))
		}
	}
}
