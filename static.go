package pintail

import (
	"io/fs"
	"strings"
)

// noDots hides files and folders whose name begins with a dot, and refuses to list a folder without index.html.
type noDots struct{ fs.FS }

func (d noDots) Open(name string) (fs.File, error) {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") && part != "." {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
	}
	f, err := d.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || !info.IsDir() {
		return f, err
	}
	index, err := fs.Stat(d.FS, strings.TrimPrefix(name+"/index.html", "./"))
	if err != nil || index.IsDir() {
		// The folder can't be listed, so there is nothing to show; the error of closing it tells nobody anything.
		_ = f.Close()
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return f, nil
}
