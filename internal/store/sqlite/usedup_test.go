package sqlite

import (
	"testing"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
)

// TestNumbersUsedUp: after the largest number a table has none for a new row, which is no full disk. Rows that bring theirs go in.
func TestNumbersUsedUp(t *testing.T) {
	s := openShop(t, Config{}, `;DROP TABLE item; CREATE TABLE item (id INTEGER PRIMARY KEY AUTOINCREMENT, customer_id INTEGER, title TEXT NOT NULL,
		price TEXT, kind INTEGER NOT NULL DEFAULT 0, made TEXT) STRICT`)
	answered := insert("item", `[{"title":"x"}]`, "title")
	answered.Returning = &query.Select{Items: output("id")}
	for _, q := range []query.Query{insert("item", `[{"id":9223372036854775806,"title":"x"}]`, "id", "title"), answered} {
		if _, err := s.write(t, q); err != nil {
			t.Fatal(err)
		}
	}
	wantCodes(t, s.together(t, nil,
		insert("item", `[{"title":"x"}]`, "title"), answered,
		insert("item", `[{"id":7,"title":"x"}]`, "id", "title")), fault.NumbersUsedUp, fault.NumbersUsedUp, "")
	s.wantCount(t, "item", 3)
}
