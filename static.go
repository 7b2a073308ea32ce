package pintail

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// A folder is a directory that is opened anew for each file, so that it may be replaced while it is served. Unlike
// os.DirFS it follows no symbolic link out of itself, and a name that no file can have is one that is not there.
type folder string

func (d folder) Open(name string) (fs.File, error) {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.FS().Open(name)
	if err != nil && !errors.Is(err, fs.ErrPermission) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return f, err
}

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
