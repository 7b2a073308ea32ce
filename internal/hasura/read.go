// Package hasura reads the metadata of Hasura v2 (version 3, as its console exports it and as its CLI keeps it) and lays it over
// the schema of the database that it was made for: what is tracked stays, by its names, relationships, enums, functions and
// permissions; what has no counterpart in the schema file is reported.
//
// The form is that of Hasura's "Metadata API Reference"; https://hasura.io/docs/2.0/api-reference/syntax-defs/ has its parts.
package hasura

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Limits on what is read: the metadata of a thousand tables with ten roles takes some megabytes.
const (
	fileBytesMax  = 32 << 20  // one file
	totalBytesMax = 128 << 20 // all files of a folder
	includeMax    = 10_000    // files
	includeDepth  = 16        // of files that include files
)

// Metadata is what one file or folder says.
type Metadata struct {
	root *node
}

// Read reads a file (JSON or YAML) or a folder as Hasura's CLI keeps it: metadata/, or the project with it. What isn't in
// Hasura's form comes back as Mistakes; any other error is the disk's.
func Read(name string) (*Metadata, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read the metadata: %w", err)
	}
	dir, file := filepath.Dir(name), filepath.Base(name)
	if info.IsDir() {
		dir, file = name, ""
		if _, err := os.Stat(filepath.Join(name, "metadata")); err == nil {
			dir = filepath.Join(name, "metadata")
		}
	}
	root, err := os.OpenRoot(dir) // nothing outside is read, whatever a file includes
	if err != nil {
		return nil, fmt.Errorf("read the metadata: %w", err)
	}
	defer root.Close()
	r := &reader{document: &document{}, dir: dir, fsys: root.FS()}
	if file != "" {
		text, err := r.bytes(file)
		if err != nil {
			return nil, fmt.Errorf("read the metadata: %w", err)
		}
		return r.finish(r.parse(file, text))
	}
	n, err := r.folder()
	if err != nil {
		return nil, err
	}
	return r.finish(n)
}

// Parse reads the metadata of one file, which includes no others. name is how mistakes call it.
func Parse(name string, text []byte) (*Metadata, error) {
	r := &reader{document: &document{}, fsys: noFiles{}}
	return r.finish(r.parse(name, text))
}

// noFiles has none.
type noFiles struct{}

func (noFiles) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

type reader struct {
	*document
	dir   string
	fsys  fs.FS
	open  []string // files that are being read, each included by the one before
	files int
	total int64
}

// finish unwraps the metadata and looks at its version.
func (r *reader) finish(n *node) (*Metadata, error) {
	if n == nil && len(r.mistakes) == 0 {
		r.wrong(place{cmp.Or(r.dir, "metadata"), 1, 1}, "there is no metadata in it")
	}
	if n != nil && n.is(aObject, "the metadata") {
		if inner := n.object("metadata"); inner != nil { // as /v1/metadata answers export_metadata of version 2
			n.get("resource_version")
			n = inner
		}
		version, _ := n.whole("version")
		switch {
		case n.get("version") == nil:
			r.wrong(n.at, "there is no version: is this Hasura's metadata? It begins with version: 3")
		case version != 3 && len(r.mistakes) == 0:
			r.wrong(n.get("version").at, "this is metadata of version %d, and version 3 is read: a Hasura v2 server exports it, from the console (Settings, Export metadata) or by `hasura metadata export`", version)
		}
	}
	if n != nil && n.kind == aNull && len(r.mistakes) == 0 {
		r.wrong(n.at, "there is no metadata in it")
	}
	if len(r.mistakes) > 0 {
		return nil, Mistakes(r.mistakes)
	}
	return &Metadata{root: n}, nil
}

// shown is how mistakes call a file of the folder.
func (r *reader) shown(file string) string { return filepath.Join(r.dir, filepath.FromSlash(file)) }

// bytes reads a file of the folder.
func (r *reader) bytes(file string) ([]byte, error) {
	f, err := r.fsys.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, fileBytesMax+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > fileBytesMax:
		return nil, fmt.Errorf("%s is larger than %d MiB", r.shown(file), fileBytesMax>>20)
	}
	if r.total += int64(len(text)); r.total > totalBytesMax {
		return nil, fmt.Errorf("the files in %s are larger than %d MiB together", r.dir, totalBytesMax>>20)
	}
	return text, nil
}

// parse reads JSON or YAML, whichever it is.
func (r *reader) parse(file string, text []byte) *node {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if len(text) > fileBytesMax {
		r.wrong(place{r.shown(file), 1, 1}, "the file is larger than %d MiB", fileBytesMax>>20)
		return nil
	}
	if t := bytes.TrimLeft(text, " \t\r\n"); strings.HasSuffix(file, ".json") || len(t) > 0 && (t[0] == '{' || t[0] == '[') {
		return r.readJSON(r.shown(file), text)
	}
	r.open = append(r.open, file)
	defer func() { r.open = r.open[:len(r.open)-1] }()
	return r.readYAML(r.shown(file), text, func(name string, at place) *node { return r.include(file, name, at) })
}

// include reads what a file includes; nil where it can't be had.
func (r *reader) include(from, name string, at place) *node {
	file := path.Join(path.Dir(from), filepath.ToSlash(name))
	r.files++
	switch {
	case !fs.ValidPath(file):
		r.wrong(at, "%s stands outside of the folder %s, and isn't read", name, r.dir)
		return nil
	case slices.Contains(r.open, file):
		r.wrong(at, "%s includes itself", file)
		return nil
	case len(r.open) > includeDepth || r.files > includeMax:
		r.wrong(at, "too many files are included: at most %d, %d deep", includeMax, includeDepth)
		return nil
	}
	text, err := r.bytes(file)
	if err != nil {
		r.wrong(at, "%s can't be read: %s", name, reason(err))
		return nil
	}
	n := r.parse(file, text)
	if n == nil {
		return &node{kind: aNull, at: place{r.shown(file), 1, 1}, doc: r.document} // an empty file is an empty list
	}
	return n
}

func reason(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "there is no such file"
	}
	return err.Error()
}

// folderKeys are the files of the CLI's folder whose key in exported metadata is another than their name, or that hold several keys.
var folderKeys = map[string]string{"allow_list": "allowlist", "databases": "sources"}

// folder reads the CLI's folder as one object, as the console would export it.
func (r *reader) folder() (*node, error) {
	entries, err := fs.ReadDir(r.fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("read the metadata: %w", err)
	}
	root := &node{kind: aObject, at: place{r.dir, 1, 1}, doc: r.document}
	var files []string
	for _, e := range entries {
		switch name := e.Name(); {
		case e.IsDir() && name == "databases":
			files = append(files, "databases/databases.yaml")
		case strings.HasSuffix(name, ".yaml"), strings.HasSuffix(name, ".yml"):
			files = append(files, name)
		}
	}
	for _, file := range files {
		text, err := r.bytes(file)
		if errors.Is(err, fs.ErrNotExist) {
			r.wrong(place{r.shown(file), 1, 1}, "there is no such file; it lists the databases")
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the metadata: %w", err)
		}
		n := r.parse(file, text)
		if n == nil {
			continue
		}
		key := strings.TrimSuffix(strings.TrimSuffix(path.Base(file), ".yaml"), ".yml")
		switch {
		case n.kind == aObject && (key == "version" || key == "actions"):
			root.fields = append(root.fields, n.fields...)
		default:
			if to := folderKeys[key]; to != "" {
				key = to
			}
			root.fields = append(root.fields, &field{key: key, at: n.at, value: n})
		}
	}
	if len(root.fields) == 0 && len(r.mistakes) == 0 {
		return nil, fmt.Errorf("read the metadata: %s holds no metadata: it should have version.yaml and databases/", r.dir)
	}
	return root, nil
}
