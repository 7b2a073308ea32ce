package guard

import (
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/schema"
)

// A liteForeign is one foreign key of a file.
type liteForeign struct {
	table, to           string
	columns, references []string
	onUpdate, onDelete  string
}

// foreignLite reads foreign keys column by column. One that names no columns of the other table refers to its primary key.
const foreignLite = `
	SELECT t.name, f.id, f."table", f."from", coalesce(f."to", (SELECT p.name FROM pragma_table_info(f."table") p WHERE p.pk = f.seq + 1), ''), f.on_update, f.on_delete
	FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f
	WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND t.name NOT LIKE '\_pintail\_%' ESCAPE '\'
	ORDER BY t.name, f.id, f.seq`

func readForeignLite(c *sqlite3.Conn) (out []*liteForeign, err error) {
	last := int64(-1)
	err = liteEach(c, foreignLite, func(st *sqlite3.Stmt) {
		table, id := st.ColumnText(0), st.ColumnInt64(1)
		if n := len(out); n == 0 || out[n-1].table != table || last != id {
			out = append(out, &liteForeign{table: table, to: st.ColumnText(2), onUpdate: st.ColumnText(5), onDelete: st.ColumnText(6)})
		}
		last = id
		f := out[len(out)-1]
		f.columns = append(f.columns, st.ColumnText(3))
		f.references = append(f.references, st.ColumnText(4))
	})
	return out, err
}

// index is a foreign key as the guard knows it: by its columns and the table that it refers to, since SQLite doesn't tell its name. False for one of a
// table that the schema doesn't declare. It has no statement that makes it: SQLite adds none to a table that is there.
func (f *liteForeign) index(names map[string]schema.Name) (Index, bool) {
	t, ok := names[strings.ToLower(f.table)]
	if !ok {
		return Index{}, false
	}
	to := f.to
	if n, ok := names[strings.ToLower(f.to)]; ok {
		to = n.String()
	}
	name := f.table + "(" + strings.Join(f.columns, ", ") + ")"
	definition := "FOREIGN KEY (" + strings.Join(f.columns, ", ") + ") REFERENCES " + f.to + " (" + strings.Join(f.references, ", ") + ")"
	if f.onDelete != "NO ACTION" {
		definition += " ON DELETE " + f.onDelete
	}
	if f.onUpdate != "NO ACTION" {
		definition += " ON UPDATE " + f.onUpdate
	}
	return Index{
		ID: foreignHead + strings.ToLower(name+" to "+f.to), Name: name, Table: t, Columns: f.columns, Constraint: true, Definition: strings.ToLower(definition), Refers: to,
	}, true
}
