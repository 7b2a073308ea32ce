package sqlite

import (
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

// A check that has no name in the file goes by the schema file's; one of another table, which a trigger writes, by its own.
func TestChecksNames(t *testing.T) {
	s := openShop(t, Config{}, `;CREATE TABLE gift (id INTEGER PRIMARY KEY, name TEXT CHECK (length(name) < 5));
		CREATE TABLE stock (n INTEGER CONSTRAINT stock_left CHECK (n >= 0)); INSERT INTO stock VALUES (0);
		CREATE TRIGGER taken AFTER INSERT ON gift BEGIN UPDATE stock SET n = n - 1; END`)
	gift := &schema.Table{Name: schema.Name{Name: "gift"}, Columns: []*schema.Column{{Name: "id", Type: bigint, NotNull: true}, {Name: "name", Type: text}}}
	gift.Primary = &schema.Key{Name: "gift_pkey", Columns: gift.Columns[:1]}
	gift.Checks = []*schema.Check{{Name: "gift_name_check", SQLite: "length(name) < 5"}}
	s.schema.Tables = append(s.schema.Tables, gift)
	s.schema.Link()
	for rows, want := range map[string]string{`[{"id":1,"name":"a long one"}]`: `"gift_name_check"`, `[{"id":1,"name":"x"}]`: `"stock_left"`} {
		if _, err := s.write(t, insert("gift", rows, "id", "name")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", rows, err)
		}
	}
}
