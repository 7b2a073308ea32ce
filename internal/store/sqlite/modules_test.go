package sqlite

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/ext/fts5"
	"github.com/ncruces/go-sqlite3/ext/rtree"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A table whose triggers keep tables of FTS5 and R*Tree up takes writes, and what they find is what was written.
func TestWriteKeepsSearchUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	c, err := sqlite3.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(fts5.Register(c), rtree.Register(c), c.Exec(`
		CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT);
		CREATE VIRTUAL TABLE word USING fts5(text, content = 'note', content_rowid = 'id');
		CREATE VIRTUAL TABLE place USING rtree(id, x0, x1);
		CREATE TRIGGER noted AFTER INSERT ON note BEGIN
			INSERT INTO word (rowid, text) VALUES (new.id, new.text);
			INSERT INTO place VALUES (new.id, new.id, new.id + 1);
		END`), c.Close())
	if err != nil {
		t.Fatal(err)
	}
	table := &schema.Table{Name: schema.Name{Name: "note"}, Columns: []*schema.Column{
		{Name: "id", Type: bigint, NotNull: true}, {Name: "text", Type: schema.Type{Base: schema.Text, Name: "text"}, Storage: schema.StoreText, Declared: "TEXT"},
	}}
	table.Primary = &schema.Key{Name: "note_pkey", Columns: table.Columns[:1]}
	on := &schema.Schema{Default: "public", Exposed: []string{"public"}, Tables: []*schema.Table{table}}
	on.Link()
	db, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := &shop{Store: db, schema: on}
	if _, err := s.write(t, &query.Insert{Into: table.Name, Columns: []string{"id", "text"}, Rows: query.Text(`[{"id": 7, "text": "ripe avocado"}]`)}); err != nil {
		t.Fatal(err)
	}

	look, err := OpenConn(path, sqlite3.OPEN_READONLY)
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	st, _, err := look.Prepare("SELECT (SELECT rowid FROM word WHERE word MATCH 'avocado'), (SELECT id FROM place WHERE x0 <= 7.5 AND x1 >= 7.5)")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if !st.Step() || st.ColumnInt(0) != 7 || st.ColumnInt(1) != 7 {
		t.Errorf("found %d and %d: %v", st.ColumnInt(0), st.ColumnInt(1), st.Err())
	}
}
