package story

import (
	"os"
	"testing"

	"github.com/pintail-dev/pintail/internal/scratch"
)

// TestRunAfterKill begins a story where one was killed: its folder is taken away, and that of one that is being told is not.
func TestRunAfterKill(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	there := func(path string) bool {
		_, err := os.Stat(path)
		return err == nil
	}
	killed, err := scratch.Make("", "pintail-story-")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range killed.Handed() { // as the system does of a process that is killed
		f.Close()
	}
	told, err := newRun(staleTale(), Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	another, err := newRun(staleTale(), Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if there(killed.Path) {
		t.Error("the folder of a story that was killed is there")
	}
	if !there(told.folder.Path) {
		t.Error("the folder of a story that is told is taken away")
	}
	for _, r := range []*run{told, another} {
		if err := r.close(); err != nil || there(r.folder.Path) {
			t.Errorf("the story's folder is there at the end, %v", err)
		}
	}
}
