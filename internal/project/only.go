package project

import (
	"io/fs"
	"slices"
)

// only is a file system of which some names at the top are left: files, and folders without what the sample schema needs.
type only struct {
	fs.FS
	names []string
}

// ReadDir lists what is left. fs.WalkDir asks nothing else of a folder.
func (o only) ReadDir(name string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(o.FS, name)
	return slices.DeleteFunc(all, func(d fs.DirEntry) bool {
		if name == "." {
			return !slices.Contains(o.names, d.Name())
		}
		// Below the top, what needs no table belongs to every project.
		return !d.IsDir() && d.Name() != "README.md" && d.Name() != "index.html"
	}), err
}
