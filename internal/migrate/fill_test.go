package migrate

import (
	"errors"
	"testing"
)

// TestFillIsAllOrNothing has the filling fail, work, and meet tables that are there.
func TestFillIsAllOrNothing(t *testing.T) {
	s := parse(t, with("author_id: bigint", `author_id: bigint  author: author @relation(columns: ["author_id"])`))
	onBoth(t, func(t *testing.T, d *Database) {
		fill := func(end error) func() error {
			return func() error {
				exec(t, d, `INSERT INTO post (id, title, author_id) VALUES (1, 'a', 1)`, `INSERT INTO author VALUES (1, 'Ann')`)
				return end
			}
		}
		stop := errors.New("stop")
		if _, err := d.Fill(t.Context(), s, fill(stop)); !errors.Is(err, stop) {
			t.Fatalf("got %v", err)
		}
		if there, err := d.has(t.Context(), s.Tables[0].Name); err != nil || there {
			t.Fatalf("a table was left: %v", err)
		}
		if _, err := d.Fill(t.Context(), s, func() error {
			exec(t, d, `INSERT INTO post (id, title, author_id) VALUES (1, 'a', 9)`)
			return nil
		}); err == nil {
			t.Error("a row that refers to nothing was kept")
		}
		if _, err := d.Fill(t.Context(), s, fill(nil)); err != nil {
			t.Fatal(err)
		}
		settled(t, d, s)
		want(t, ask(t, d, `SELECT count(*) FROM post`), "1")
		if _, err := d.Fill(t.Context(), s, fill(nil)); err == nil {
			t.Error("a full database was filled")
		}
	})
}
