package litesql

import (
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/schema"
)

// Ident quotes a name. It is the only way for a name into SQL. A name with a NUL has no quoted form: schema.Check refuses it,
// and here it becomes a name that can't exist.
func Ident(name string) string {
	if strings.IndexByte(name, 0) >= 0 {
		name = strings.ReplaceAll(name, "\x00", "\uFFFD")
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// tableName is the name under which a table stands in SQLite, which has no schemas: the default one's bare, all others as
// schema.name.
func (c *compiler) tableName(t *schema.Table) string {
	if strings.IndexByte(t.Name.Name, 0) >= 0 {
		return c.fail(fault.New(fault.UndefinedTable, "a name may not hold a NUL"))
	}
	return Ident(StoredName(t.Name))
}

// StoredName is a table's name in SQLite: without a schema the name itself, else schema.name.
func StoredName(n schema.Name) string {
	if n.Schema == "" {
		return n.Name
	}
	return n.Schema + "." + n.Name
}

// alias names an occurrence.
func alias(n int) string { return "t" + strconv.Itoa(n) }

// column names a column of an occurrence.
func column(occurrence int, c *schema.Column) string { return alias(occurrence) + "." + Ident(c.Name) }

func join(parts []string, sep string) string { return strings.Join(parts, sep) }

// RowID is the name by which a table's rowid can be asked for, and false where there is none: WITHOUT ROWID, or every
// name for it taken by a column.
func RowID(t *schema.Table) (string, bool) {
	if t.WithoutRowID || t.View != nil {
		return "", false
	}
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		taken := false
		for _, c := range t.Columns {
			taken = taken || strings.EqualFold(c.Name, name)
		}
		if !taken {
			return name, true
		}
	}
	return "", false
}
