package project

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"
)

func TestWriteLeavesWhatIsThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	made, err := Write(dir, Sample())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{Config, Ignore, "schema.graphql", "queries/open_tasks.sql", "seed/task.csv", "public/index.html"} {
		if !slices.Contains(made, want) {
			t.Errorf("%s was not made; made are %q", want, made)
		}
	}
	mine := filepath.Join(dir, "schema.graphql")
	if err := os.WriteFile(mine, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if made, err = Write(dir, Sample()); err != nil || len(made) > 0 {
		t.Errorf("a second Write made %q, %v", made, err)
	}
	if text, _ := os.ReadFile(mine); string(text) != "mine" {
		t.Error("Write changed a file that was there")
	}
}

func TestBareNeedsNoTable(t *testing.T) {
	made, err := Write(t.TempDir(), Bare())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{Ignore, Config, "public/index.html", "queries/README.md", "seed/README.md"}
	slices.Sort(want)
	if !slices.Equal(made, want) {
		t.Errorf("made %q, want %q", made, want)
	}
}

func TestEmpty(t *testing.T) {
	dir := t.TempDir()
	if err := Empty(dir); err != nil {
		t.Error(err)
	}
	if err := Empty(filepath.Join(dir, "not there")); err != nil {
		t.Error(err)
	}
	if _, err := Write(dir, fstest.MapFS{"a": {Data: []byte("a")}}); err != nil {
		t.Fatal(err)
	}
	if err := Empty(dir); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("Empty of a folder with a file in it says %v", err)
	}
	if err := Empty(filepath.Join(dir, "a")); err == nil {
		t.Error("Empty takes a file for a folder")
	}
}

func TestWatcherWaitsForRest(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "schema.graphql")
	write := func(name, text string, at int) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		stamp := time.Unix(int64(1_000_000+at), 0)
		if err := os.Chtimes(name, stamp, stamp); err != nil {
			t.Fatal(err)
		}
	}
	write(file, "a", 1)
	w := NewWatcher(file, filepath.Join(dir, "queries"))
	// settled looks twice: a change counts once it came to rest.
	settled := func() bool { return slices.Contains([]bool{w.Changed(), w.Changed()}, true) }
	if settled() {
		t.Error("it changed before anyone changed it")
	}
	write(file, "ab", 2)
	if w.Changed() {
		t.Error("a change is reported before it came to rest")
	}
	write(file, "abc", 3)
	if w.Changed() {
		t.Error("a change is reported while it goes on")
	}
	if !w.Changed() {
		t.Error("a change is not reported")
	}
	if w.Changed() {
		t.Error("a change is reported twice")
	}
	if err := os.Mkdir(filepath.Join(dir, "queries"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(dir, "queries", "notes.txt"), "no query", 4)
	if settled() {
		t.Error("a file that is neither schema nor query counts")
	}
	write(filepath.Join(dir, "queries", "q.sql"), "SELECT 1", 5)
	if !settled() {
		t.Error("a new query is not reported")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if !settled() {
		t.Error("a removed file is not reported")
	}
}
