package sqlite

import (
	"errors"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// deferKeys lets foreign keys wait for the request's end, as PostgreSQL's wait for the statement's: a bulk insert's rows may refer
// to each other in any order. The pragma makes every prepared statement of the connection be compiled again, so it is
// kept for the requests that need it.
func (c *conn) deferKeys() error {
	c.defers = true
	return c.exec("PRAGMA defer_foreign_keys = ON")
}

// unkept says whether a foreign key that didn't wait ended a statement. ON DELETE and UPDATE RESTRICT are triggers, and do
// nothing where keys wait.
func (c *conn) unkept(err error) bool {
	var e *sqlite3.Error
	if c.defers || !errors.As(err, &e) {
		return false
	}
	return errors.Is(e, sqlite3.CONSTRAINT_FOREIGNKEY) || errors.Is(e, sqlite3.CONSTRAINT_TRIGGER) && strings.Contains(e.Error(), "FOREIGN KEY constraint failed")
}

// unsatisfied says whether a foreign key doesn't hold. SQLite counts them; which one it is, is asked afterwards.
func (c *conn) unsatisfied() (bool, error) {
	open, _, err := c.Status(sqlite3.DBSTATUS_DEFERRED_FKS, false)
	return open != 0, err
}

// deferred refuses what leaves a foreign key unsatisfied at the end of a transaction; w is a write in it, or nil.
func (s *Store) deferred(c *conn, w *litesql.Write) error {
	open, err := c.unsatisfied()
	if err != nil || !open {
		return err
	}
	if w != nil {
		if f, _ := c.violated(w, true); f != nil {
			return f
		}
	}
	return fault.New(fault.ForeignKeyViolation, "a foreign key constraint is violated")
}

// immediate refuses what leaves a foreign key unsatisfied at the end of a statement; w is its write, or nil where nobody knows.
// Those that are deferred may wait, which the connection keeps in mind until the request's end.
func (s *Store) immediate(c *conn, w *litesql.Write) error {
	open, err := c.unsatisfied()
	if err != nil || !open {
		return err
	}
	if w != nil {
		f, waits := c.violated(w, false)
		if f != nil {
			return f
		}
		c.waits = c.waits || waits
	}
	if c.waits {
		return nil
	}
	return fault.New(fault.ForeignKeyViolation, "a foreign key constraint is violated")
}

// violated looks for the foreign key that a write broke: one of the table's own, or one that refers to it. Without end, one that
// is deferred only waits.
func (c *conn) violated(w *litesql.Write, end bool) (f error, waits bool) {
	t := w.Table
	if w.Op != plan.Delete {
		for _, fk := range t.Foreign {
			vals, ok := c.orphan(fk)
			if ok && !end && fk.Deferred {
				waits = true
			} else if ok {
				return fault.Newf(fault.ForeignKeyViolation, `insert or update on table "%s" violates foreign key constraint "%s"`, t.Name.Name, foreignName(fk)).
					WithDetails(`Key (%s)=(%s) is not present in table "%s".`, names(fk.Columns), vals, fk.To.Name.Name), false
			}
		}
	}
	if w.Op != plan.Insert {
		for _, r := range t.Relations {
			fk := r.Foreign
			if fk == nil || fk.To != t || r.Through != nil {
				continue
			}
			vals, ok := c.orphan(fk)
			if ok && !end && fk.Deferred {
				waits = true
			} else if ok {
				return stillReferenced(fk, vals), false
			}
		}
	}
	for _, n := range w.Nested {
		f, more := c.violated(n, end)
		if f != nil {
			return f, false
		}
		waits = waits || more
	}
	return nil, waits
}

func stillReferenced(fk *schema.ForeignKey, vals string) error {
	return fault.Newf(fault.ForeignKeyViolation, `update or delete on table "%s" violates foreign key constraint "%s" on table "%s"`,
		fk.To.Name.Name, foreignName(fk), fk.Table.Name.Name).
		WithDetails(`Key (%s)=(%s) is still referenced from table "%s".`, names(fk.References), vals, fk.Table.Name.Name)
}

// orphan finds a row whose foreign key has no row to refer to, newest first, and gives the key's values.
func (c *conn) orphan(fk *schema.ForeignKey) (string, bool) {
	if len(fk.Columns) == 0 || len(fk.Columns) != len(fk.References) {
		return "", false
	}
	var cols, filled, same []string
	for i, col := range fk.Columns {
		cols = append(cols, "c."+litesql.Ident(col.Name))
		filled = append(filled, cols[i]+" IS NOT NULL")
		same = append(same, "p."+litesql.Ident(fk.References[i].Name)+" = "+cols[i])
	}
	sql := "SELECT " + strings.Join(cols, ", ") + " FROM " + litesql.Ident(litesql.StoredName(fk.Table.Name)) + " AS c WHERE " +
		strings.Join(filled, " AND ") + " AND NOT EXISTS (SELECT 1 FROM " + litesql.Ident(litesql.StoredName(fk.To.Name)) + " AS p WHERE " +
		strings.Join(same, " AND ") + ")"
	if name, ok := litesql.RowID(fk.Table); ok {
		sql += " ORDER BY c." + name + " DESC"
	}
	st, _, err := c.Prepare(sql + " LIMIT 1")
	if err != nil {
		return "", false
	}
	defer st.Close()
	if !st.Step() {
		return "", false
	}
	vals := make([]string, len(cols))
	for i, col := range fk.Columns {
		v, _ := load(st.ColumnValue(i), col.Type, col.Storage)
		vals[i] = string(value.AppendText(nil, col.Type, v, nil))
	}
	return strings.Join(vals, ", "), true
}

func names(cols []*schema.Column) string {
	out := make([]string, len(cols))
	for i, col := range cols {
		out[i] = col.Name
	}
	return strings.Join(out, ", ")
}

// foreignName is the constraint's name, or the one that PostgreSQL would give it.
func foreignName(fk *schema.ForeignKey) string {
	if fk.Name != "" {
		return fk.Name
	}
	name := fk.Table.Name.Name
	for _, col := range fk.Columns {
		name += "_" + col.Name
	}
	return name + "_fkey"
}

// restricted names the foreign key with ON DELETE or UPDATE RESTRICT that stopped a statement at once: one that has rows
// which refer to a row that the statement picked.
func (c *conn) restricted(err error, w *litesql.Write, b *binding) error {
	if c.unkept(err) {
		return err // it is run again
	}
	if !errors.Is(err, sqlite3.CONSTRAINT_FOREIGNKEY) && !errors.Is(err, sqlite3.CONSTRAINT_TRIGGER) || w.Change == nil {
		return err
	}
	for _, r := range w.Table.Relations {
		fk := r.Foreign
		if fk == nil || fk.To != w.Table || r.Through != nil || len(fk.Columns) != len(fk.References) || len(fk.Columns) == 0 {
			continue
		}
		if vals, ok := c.referred(w, fk, b); ok {
			return stillReferenced(fk, vals)
		}
	}
	return err
}

// referred finds a picked row to which another one refers by fk.
func (c *conn) referred(w *litesql.Write, fk *schema.ForeignKey, b *binding) (string, bool) {
	q := w.Referred(fk)
	if q == nil {
		return "", false
	}
	st, _, err := c.Prepare(q.SQL)
	if err != nil {
		return "", false
	}
	defer st.Close()
	kept := &stmt{Stmt: st}
	if c.specs(kept, q.Binds) != nil || c.bind(kept, q.Binds, b) != nil || !st.Step() {
		return "", false
	}
	vals := make([]string, len(fk.References))
	for i, col := range fk.References {
		v, _ := load(st.ColumnValue(i), col.Type, col.Storage)
		vals[i] = string(value.AppendText(nil, col.Type, v, nil))
	}
	return strings.Join(vals, ", "), true
}
