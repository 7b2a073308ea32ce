package main

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestPeopleSeeNoControlCharacters lets names of tables drive no terminal, whichever way they come to it.
func TestPeopleSeeNoControlCharacters(t *testing.T) {
	const on, off = paint(true), paint(false)
	for _, test := range []struct {
		paint
		text, want string
	}{
		{off, "order, größe, 注文 🥑\n\tnext line", "order, größe, 注文 🥑\n\tnext line"},
		{on, on.red("lost") + on.dim("d") + on.bold("b") + on.green("g") + on.yellow("y"), "\x1b[31mlost\x1b[0m\x1b[2md\x1b[0m\x1b[1mb\x1b[0m\x1b[32mg\x1b[0m\x1b[33my\x1b[0m"},
		{off, "\x1b[31mlost", "·[31mlost"},
		{on, "\x1b[2Jgone\x1b]0;title\a\x1b[31", "·[2Jgone·]0;title··[31"},
		{on, "a\rb\bc\x00\x7f\u009b2J\u0085", "a·b·c···2J·"},
		{on, "\x9b2J\xff", "·2J·"}, // a terminal that doesn't take UTF-8 reads the first as ESC [
		{on, "user\u202etxt.exe\u2028\u200b\ufeff", "user·txt.exe···"},
	} {
		if got := visible(test.text, test.paint); got != test.want {
			t.Errorf("%q is shown as %q, want %q", test.text, got, test.want)
		}
	}
	if got := harmless("a\nb\tc\x1b[0m"); got != "a·b·c·[0m" {
		t.Errorf("in one line it is %q", got)
	}
	var out, said bytes.Buffer
	c := console{out: &out, err: &said}
	c.say("note: %s", "x\x1b[2J")
	if err := c.put("read \x1b[2J\n"); err != nil {
		t.Fatal(err)
	}
	if said.String() != "note: x·[2J\n" || out.String() != "read ·[2J\n" {
		t.Errorf("said %q, put %q", said.String(), out.String())
	}
	said.Reset()
	missing := filepath.Join(t.TempDir(), "no\x1b[2J", "schema.graphql")
	if code := run(t.Context(), []string{"schema", "check", "--schema", missing}, c); code == 0 || said.Len() == 0 || bytes.ContainsRune(said.Bytes(), '\x1b') {
		t.Errorf("exit code %d, said %q", code, said.String())
	}
}
