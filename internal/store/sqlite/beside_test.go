package sqlite

import (
	"os"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// A connection that a panic broke is opened again, if not at once then as soon as it can be.
func TestBesideOpensAgain(t *testing.T) {
	s := openShop(t, Config{})
	b, err := OpenBeside(s.path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ask := func() error {
		return b.Do(t.Context(), time.Second, func(c *sqlite3.Conn) error { return c.Exec("SELECT 1 FROM customer") })
	}
	if err := b.Do(t.Context(), time.Second, func(*sqlite3.Conn) error { panic("a bug") }); err == nil {
		t.Error("a panic is no error")
	}
	if err := os.Rename(s.path, s.path+".away"); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err == nil {
		t.Error("a file that isn't there was opened")
	}
	if err := os.Rename(s.path+".away", s.path); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err != nil {
		t.Error(err)
	}
	if err := b.Close(); err != nil || ask() == nil {
		t.Errorf("%v; it was closed", err)
	}
}

// What was in a database in memory is gone with its connection: an empty one doesn't take its place.
func TestBesideInMemory(t *testing.T) {
	b, err := NewBeside()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	nothing := func(*sqlite3.Conn) error { return nil }
	if err := b.Do(t.Context(), time.Second, nothing); err != nil || b.Broken() {
		t.Error(err)
	}
	if err := b.Do(t.Context(), time.Second, func(*sqlite3.Conn) error { panic("a bug") }); err == nil {
		t.Error("a panic is no error")
	}
	if err := b.Do(t.Context(), time.Second, nothing); err == nil || !b.Broken() {
		t.Error("an empty database stands for the one that was lost")
	}
}
