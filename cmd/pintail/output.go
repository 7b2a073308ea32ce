package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pintail-dev/pintail/internal/rehearse"
)

// An output is a kind of file that a command leaves. Of its own kind it takes the old one's place, of no other.
type output struct {
	flag string // which names the file
	what string // of the kind, for messages
	temp string // pattern of the name while it is written
	// ours gives the reason why a file isn't of the kind, or nil.
	ours func(io.Reader) error
}

var errOther = errors.New("it is something else")

func captureOutput() output {
	return output{"--capture", "capture", ".pintail-capture-*", func(r io.Reader) error {
		_, err := rehearse.Read(r)
		return err
	}}
}

// reportOutput is the HTML page of `rehearse` and of `story`; their templates have the mark.
func reportOutput() output {
	return output{"--report", "report", ".pintail-report-*", begins("<!doctype html>", `<meta name="generator" content="pintail">`)}
}

// plotOutput is the SVG of `story`.
func plotOutput() output {
	return output{"--plot", "plot", ".pintail-plot-*", begins("<svg ", `<rect class="page"`)}
}

// begins tells files that begin with a text and have a mark in their first 4 KiB.
func begins(with, mark string) func(io.Reader) error {
	return func(r io.Reader) error {
		head, err := io.ReadAll(io.LimitReader(r, 4<<10))
		if err == nil && (!bytes.HasPrefix(head, []byte(with)) || !bytes.Contains(head, []byte(mark))) {
			err = errOther
		}
		return err
	}
}

// check refuses, before anything is done, a path at which no file can be written, or where there is one that isn't empty and isn't of
// the kind. It leaves nothing there.
func (o output) check(path string) error {
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return usage("%s %s: there is no folder %s", o.flag, path, dir)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return usage("%s: %w", o.flag, err)
	case info.IsDir():
		return usage("%s %s: it is a folder; name a file in it", o.flag, path)
	case !info.Mode().IsRegular():
		return usage("%s %s: it isn't a regular file; name one", o.flag, path)
	case info.Size() > 0:
		if err := o.recognize(path); err != nil {
			return usage("%s: %s is there already and holds no %s that could be replaced: %w; name another file, or remove it first", o.flag, path, o.what, err)
		}
	}
	file, err := os.CreateTemp(dir, o.temp)
	if err != nil {
		return usage("%s %s: nothing can be written in the folder %s: %w", o.flag, path, dir, err)
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

func (o output) recognize(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return o.ours(file)
}

// write puts a text into the file.
func (o output) write(path string, text []byte) error {
	if err := replaceFile(path, o.temp, text); err != nil {
		return fmt.Errorf("write the %s: %w", o.what, err)
	}
	return nil
}

// replaceFile writes a file so that whoever reads it meanwhile sees the old one or the new one. The pattern, as of os.CreateTemp, names it
// until it is whole.
func replaceFile(path, pattern string, text []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), pattern)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := file.Chmod(0o644); err != nil {
		return errors.Join(err, file.Close())
	}
	if _, err := file.Write(text); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
