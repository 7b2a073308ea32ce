package sqlite

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
)

// What is written to a file that has lost its name would be lost: it is refused, until the file is back.
func TestMovedFile(t *testing.T) {
	for name, move := range map[string]func(t *testing.T, path string){
		"moved":   func(t *testing.T, path string) { rename(t, path, path+".away") },
		"deleted": func(t *testing.T, path string) { rename(t, path, filepath.Join(t.TempDir(), "away")) },
		"replaced": func(t *testing.T, path string) {
			fresh := path + ".fresh"
			c, err := OpenConn(fresh, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.Link(path, path+".away"); err != nil {
				t.Fatal(err)
			}
			rename(t, fresh, path)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, Config{})
			if _, err := s.write(t, addItem(1, "null")); err != nil {
				t.Fatal(err)
			}
			move(t, s.path)
			if _, err := s.write(t, addItem(2, "null")); code(err) != fault.Unavailable {
				t.Errorf("a write: %v", err)
			}
			if err := s.Ready(context.Background()); code(err) != fault.Unavailable {
				t.Errorf("ready: %v", err)
			}
			if _, err := s.reader(); code(err) != fault.Unavailable {
				t.Errorf("another reader: %v", err)
			}
			s.wantCount(t, "item", 1)
			if _, err := os.Stat(s.path + ".away"); err != nil {
				return
			}
			rename(t, s.path+".away", s.path)
			if _, err := s.write(t, addItem(3, "null")); err != nil {
				t.Errorf("after it is back: %v", err)
			}
			if err := s.Ready(context.Background()); err != nil {
				t.Errorf("ready again: %v", err)
			}
		})
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
