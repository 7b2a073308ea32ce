// Package project is what a project on disk is: which files stand where, how a new one begins, and how a change to its
// files is noticed.
//
//	pintail.yaml schema.graphql queries/ migrations/ seed/ public/ data/
package project

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

//go:embed all:new
var files embed.FS

// Config and Ignore are the two files that every project begins with beside its schema.
const (
	Config = "pintail.yaml"
	Ignore = ".gitignore"
)

// ErrNotEmpty is Empty's answer to a folder that holds something already.
var ErrNotEmpty = errors.New("the folder is not empty")

// Sample is the project that `pintail new` begins with: a list of things to do, small and with comments.
func Sample() fs.FS { return below("new") }

// Bare is the same without a schema and what belongs to it, for a database that is there already.
func Bare() fs.FS { return only{below("new"), []string{Config, Ignore, "queries", "public", "seed"}} }

// Common is what the demo takes from a new project: its .gitignore.
func Common() fs.FS { return only{below("new"), []string{Ignore}} }

func below(dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic("project: " + err.Error()) // the folder is compiled in
	}
	return sub
}

// Empty says whether a project can begin in dir: it isn't there, or is a folder that holds nothing.
func Empty(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) > 0:
		return fmt.Errorf("%w: it has %s in it", ErrNotEmpty, entries[0].Name())
	}
	return nil
}

// Write copies every file of from into dir, which it makes, and gives their paths below dir in order. A file that is
// there already is left as it is.
func Write(dir string, from fs.FS) ([]string, error) {
	var made []string
	err := fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(path))
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		text, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		switch err := writeNew(to, text); {
		case errors.Is(err, fs.ErrExist):
			return nil
		case err != nil:
			return err
		}
		made = append(made, path)
		return nil
	})
	slices.Sort(made)
	return made, err
}

// writeNew writes a file that isn't there yet.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
