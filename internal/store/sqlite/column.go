package sqlite

import (
	"errors"
	"fmt"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/schema"
)

// What stands in this file is for whoever moves whole tables (import, copy) past the Store.

// Load gives a stored value of a column as package value has it. A value that is none of the column's type is given as
// text, and false.
func Load(v sqlite3.Value, c *schema.Column) (any, bool) { return load(v, c.Type, c.Storage) }

// Stored gives a value of package value's as nil, int64, float64, string or []byte, as a column holds it. A jsonb of
// Pintail's own is text here: Placeholder has SQLite turn it into its binary form.
func Stored(v any, c *schema.Column) any { return stored(v, c.Type, c.Storage) }

// Bind binds a value of package value's for a column whose place in the SQL is Placeholder's.
func Bind(st *sqlite3.Stmt, at int, v any, c *schema.Column) error {
	return BindStored(st, at, Stored(v, c))
}

// BindStored binds nil, int64, float64, string or []byte.
func BindStored(st *sqlite3.Stmt, at int, v any) error {
	switch v := v.(type) {
	case nil:
		return st.BindNull(at)
	case int64:
		return st.BindInt64(at, v)
	case float64:
		return st.BindFloat(at, v)
	case string:
		return st.BindText(at, v)
	case []byte:
		if v == nil {
			v = []byte{}
		}
		return st.BindBlob(at, v)
	}
	return fmt.Errorf("sqlite: can't bind a %T", v)
}

// Placeholder is a column's parameter in an INSERT.
func Placeholder(c *schema.Column) string { return litesql.Placeholder(c, "?") }

// RowFault words a constraint that a new row of a table violates as PostgreSQL would; vals stand beside columns. Any other
// error stays as it is.
func RowFault(err error, t *schema.Table, columns []*schema.Column, vals []any) error {
	if !errors.Is(err, sqlite3.CONSTRAINT) && !errors.Is(err, sqlite3.MISMATCH) {
		return err
	}
	w := &litesql.Write{Op: plan.Insert, Table: t, Columns: columns, Given: len(columns)}
	r := &row{w: w, vals: vals, set: make([]bool, len(columns))}
	for i := range r.set {
		r.set[i] = true
	}
	return constraintFault(&plan.Plan{Write: &plan.Write{Table: t}}, &rowError{err: err, w: w, row: r})
}
