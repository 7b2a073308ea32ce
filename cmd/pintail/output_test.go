package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pintail-dev/pintail/internal/story"
)

// TestOutputReplaces lets files be written anew that are ours, and no other; looking leaves nothing behind.
func TestOutputReplaces(t *testing.T) {
	events := []story.Event{{Story: "stale", Kind: story.KindBegan, Title: "A title"}}
	page, err := story.Report(events)
	if err != nil {
		t.Fatal(err)
	}
	plot, err := story.Plot(events)
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile("../../docs/stories/stale.svg")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		kind output
		text string
		may  bool
	}{
		{"a report", reportOutput(), string(page), true},
		{"nothing", reportOutput(), "", true},
		{"a page without the mark", reportOutput(), "<!doctype html>\n<title>Mine</title>\n", false},
		{"the mark elsewhere", reportOutput(), "# " + string(page), false},
		{"a plot for a report", reportOutput(), string(plot), false},
		{"a plot", plotOutput(), string(plot), true},
		{"a plot of the documentation", plotOutput(), string(committed), true},
		{"a drawing", plotOutput(), `<svg xmlns="http://www.w3.org/2000/svg"></svg>`, false},
		{"a report for a capture", captureOutput(), string(page), false},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "out")
		if err := os.WriteFile(path, []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := test.kind.check(path); (err == nil) != test.may {
			t.Errorf("%s: %v, want it replaced: %v", test.name, err, test.may)
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
			t.Errorf("%s: looking leaves %v, %v", test.name, files, err)
		}
	}
}

// TestOutputOfNothing creates no file by looking whether it could be.
func TestOutputOfNothing(t *testing.T) {
	dir := t.TempDir()
	if err := reportOutput().check(filepath.Join(dir, "new.html")); err != nil {
		t.Error(err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("looking leaves %v, %v", files, err)
	}
}
