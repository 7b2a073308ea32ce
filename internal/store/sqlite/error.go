package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// errGone: the transaction was rolled back under a statement that itself reported no error.
var errGone = errors.New("sqlite: the transaction is gone")

// A rowError is what SQLite said to a row.
type rowError struct {
	err error
	w   *litesql.Write
	row *row // nil for a delete

	before []any // of an update: a row as it was, by the table's columns; nil where it isn't known
}

// of gives a column's value in the row that was refused.
func (e *rowError) of(col *schema.Column) any {
	for i, c := range e.w.Columns {
		if c == col && e.row.set[i] {
			return e.row.vals[i]
		}
	}
	if e.before != nil {
		return e.before[col.Position]
	}
	return e.row.of(col)
}

func (e *rowError) Error() string { return e.err.Error() }
func (e *rowError) Unwrap() error { return e.err }

// cause gives the fault that a function of ours raised in place of SQLite's report of it.
func (c *conn) cause(err error) error {
	if err != nil && c.raised != nil {
		err = c.raised
	}
	c.raised = nil
	return err
}

func canceled(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return store.StatementTimeout(ctx.Err())
	}
	return fault.New(fault.QueryCanceled, "canceling statement due to user request").WithCause(ctx.Err())
}

// fault words an error as PostgreSQL would. What a client can't mend stays as it is, and so becomes an internal one.
func (s *Store) fault(ctx context.Context, p *plan.Plan, err error) error {
	var f *fault.Fault
	if err == nil || errors.As(err, &f) {
		return err
	}
	var full syscall.Errno
	switch {
	case errors.Is(err, errRoom):
		return noRoom(err)
	case errors.Is(err, sqlite3.INTERRUPT):
		if ctx.Err() != nil {
			return canceled(ctx)
		}
		return store.StatementTimeout(err)
	case errors.Is(err, sqlite3.FULL), errors.As(err, &full) && (full == syscall.ENOSPC || full == syscall.EDQUOT):
		return fault.New(fault.DiskFull, "could not extend the database file: No space left on device").
			WithHint("Check free disk space.").WithCause(err)
	case errors.Is(err, sqlite3.BUSY), errors.Is(err, sqlite3.LOCKED):
		return fault.New(fault.LockNotAvailable, "canceling statement due to lock timeout").
			WithDetails("Another process holds the database file's write lock.").WithCause(err)
	case errors.Is(err, sqlite3.READONLY):
		return fault.New(fault.ReadOnlyTransaction, "cannot write to the database in a read-only transaction").WithCause(err)
	case errors.Is(err, sqlite3.TOOBIG):
		return tooLarge(s.config.AnswerBytes)
	case errors.Is(err, sqlite3.CONSTRAINT), errors.Is(err, sqlite3.MISMATCH):
		return constraintFault(p, err)
	}
	if _, name, ok := strings.Cut(err.Error(), "no such table: "); ok {
		// A view that SQLite can't have, or a table that was dropped beside Pintail: the client gets what PostgREST says of both.
		return fault.Newf(fault.NoTable, "Could not find the table '%s' in the schema cache", strings.TrimPrefix(name, "main.")).WithCause(err)
	}
	if text := err.Error(); strings.Contains(text, "ON CONFLICT clause does not match") {
		return fault.New(fault.InvalidColumnRef, "there is no unique or exclusion constraint matching the ON CONFLICT specification").WithCause(err)
	} else if strings.HasSuffix(text, "integer overflow") {
		return fault.New(fault.OutOfRange, "bigint out of range").WithCause(err)
	}
	return fmt.Errorf("sqlite: %w", err)
}

// constraintFault words a violated constraint. SQLite tells the columns; the schema knows the constraint's name.
func constraintFault(p *plan.Plan, err error) error {
	var e *rowError
	errors.As(err, &e)
	var t *schema.Table
	switch {
	case e != nil:
		t = e.w.Table
	case p != nil && p.Write != nil:
		t = p.Write.Table
	}
	text := err.Error()
	after := func(mark string) (string, bool) {
		i := strings.Index(text, mark)
		if i < 0 {
			return "", false
		}
		return text[i+len(mark):], true
	}
	switch {
	case errors.Is(err, sqlite3.CONSTRAINT_NOTNULL):
		what, _ := after("NOT NULL constraint failed: ")
		table, col := splitColumn(t, what)
		return notNull(table, col, e).WithCause(err)
	case errors.Is(err, sqlite3.CONSTRAINT_UNIQUE), errors.Is(err, sqlite3.CONSTRAINT_PRIMARYKEY), errors.Is(err, sqlite3.CONSTRAINT_ROWID):
		what, _ := after("UNIQUE constraint failed: ")
		return uniqueFault(t, e, what).WithCause(err)
	case errors.Is(err, sqlite3.CONSTRAINT_CHECK):
		what, _ := after("CHECK constraint failed: ")
		table := ""
		if t != nil {
			table, what = t.Name.Name, checkName(t, what)
		}
		return fault.Newf(fault.CheckViolation, `new row for relation "%s" violates check constraint "%s"`, table, what).
			WithDetails("%s", failing(e)).WithCause(err)
	case errors.Is(err, sqlite3.CONSTRAINT_FOREIGNKEY):
		return fault.New(fault.ForeignKeyViolation, "a foreign key constraint is violated").WithCause(err)
	case errors.Is(err, sqlite3.CONSTRAINT_DATATYPE), errors.Is(err, sqlite3.MISMATCH):
		if e != nil && e.row != nil { // SQLite says so too of a row's number that is null
			for i, col := range e.w.Columns {
				if e.row.set[i] && e.row.vals[i] == nil && col.NotNull {
					return notNull(t.Name.Name, col.Name, e).WithCause(err)
				}
			}
		}
		return fault.New(fault.DatatypeMismatch, "a value is of a type that its column can't hold").WithCause(err)
	case errors.Is(err, sqlite3.CONSTRAINT_TRIGGER):
		what, ok := after("constraint failed: ")
		if !ok {
			what = "a trigger refused the row"
		}
		return fault.New(fault.Code("P0001"), what).WithCause(err)
	}
	return fault.New(fault.Code("23000"), "a constraint is violated").WithCause(err)
}

// checkName gives the name by which the schema file knows a check. Of one that has no name in the database SQLite says some of its text; a
// name that it does say may be a check's of another table, which a trigger wrote.
func checkName(t *schema.Table, said string) string {
	if len(t.Checks) == 1 && strings.ContainsAny(said, " ()<>=") {
		return t.Checks[0].Name
	}
	return said
}

// splitColumn takes SQLite's table.column apart. Either name may hold a dot.
func splitColumn(t *schema.Table, what string) (table, col string) {
	if t != nil {
		if col, ok := strings.CutPrefix(what, litesql.StoredName(t.Name)+"."); ok {
			return t.Name.Name, col
		}
	}
	if i := strings.LastIndexByte(what, '.'); i >= 0 {
		return what[:i], what[i+1:]
	}
	return what, ""
}

func notNull(table, col string, e *rowError) *fault.Fault {
	f := fault.Newf(fault.NotNullViolation, `null value in column "%s" of relation "%s" violates not-null constraint`, col, table)
	f.Details = failing(e)
	return f
}

// failing describes a refused row as PostgreSQL does: every column's text in order, cut after 64 bytes.
func failing(e *rowError) string {
	if e == nil || e.row == nil || e.w.Op != plan.Insert && e.before == nil {
		return ""
	}
	out := []byte("Failing row contains (")
	for i, col := range e.w.Table.Columns {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(out, shortText(col, e.of(col))...)
	}
	return string(append(out, ")."...))
}

func shortText(col *schema.Column, v any) string {
	if v == nil {
		return "null"
	}
	text := string(value.AppendText(nil, col.Type, v, nil))
	if len(text) > 64 {
		cut := 64
		for cut > 0 && text[cut]&0xc0 == 0x80 {
			cut--
		}
		text = text[:cut] + "..."
	}
	return text
}

// of gives a column's value in the row, its constant default where the row doesn't set it.
func (r *row) of(col *schema.Column) any {
	for i, c := range r.w.Columns {
		if c == col && r.set[i] {
			return r.vals[i]
		}
	}
	if col.Default != nil && col.Default.Value != nil {
		if v, err := value.Parse(col.Type, *col.Default.Value); err == nil {
			return v
		}
	}
	return nil
}

// uniqueFault finds which key SQLite means.
func uniqueFault(t *schema.Table, e *rowError, what string) *fault.Fault {
	name, cols := "", []*schema.Column(nil)
	if t != nil {
		name, cols = keyOf(t, what)
	}
	if name == "" {
		table, col := splitColumn(t, what)
		name = table + "_" + col + "_key"
	}
	f := fault.Newf(fault.UniqueViolation, `duplicate key value violates unique constraint "%s"`, name)
	if e == nil || e.row == nil || cols == nil {
		return f
	}
	names, vals := make([]string, len(cols)), make([]string, len(cols))
	for i, col := range cols {
		names[i] = col.Name
		v := e.of(col)
		if v == nil {
			return f // numbered by SQLite, or not set by an update
		}
		vals[i] = string(value.AppendText(nil, col.Type, v, nil))
	}
	return f.WithDetails("Key (%s)=(%s) already exists.", strings.Join(names, ", "), strings.Join(vals, ", "))
}

// keyOf gives the key of t that SQLite writes as what: "t.a, t.b", or "index 'name'".
func keyOf(t *schema.Table, what string) (string, []*schema.Column) {
	said := func(cols []*schema.Column) string {
		parts := make([]string, len(cols))
		for i, col := range cols {
			parts[i] = litesql.StoredName(t.Name) + "." + col.Name
		}
		return strings.Join(parts, ", ")
	}
	if k := t.Primary; k != nil && said(k.Columns) == what {
		return keyName(t, k, "pkey"), k.Columns
	}
	for _, k := range t.Uniques {
		if said(k.Columns) == what {
			return keyName(t, k, "key"), k.Columns
		}
	}
	for _, x := range t.Indexes {
		if !x.Unique {
			continue
		}
		if what == "index '"+x.Name+"'" {
			return x.Name, nil
		}
		cols := make([]*schema.Column, len(x.Columns))
		for i := range x.Columns {
			cols[i] = x.Columns[i].Column
		}
		if len(cols) > 0 && cols[0] != nil && said(cols) == what {
			return x.Name, cols
		}
	}
	return "", nil
}

// keyName is a constraint's name, or the one that PostgreSQL would give it.
func keyName(t *schema.Table, k *schema.Key, suffix string) string {
	if k.Name != "" {
		return k.Name
	}
	name := t.Name.Name
	if suffix != "pkey" {
		for _, col := range k.Columns {
			name += "_" + col.Name
		}
	}
	return name + "_" + suffix
}
