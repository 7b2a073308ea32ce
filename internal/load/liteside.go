package load

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// A liteSide reads and writes SQLite tables, inside a transaction that its owner began.
type liteSide struct {
	db *sqlite3.Conn
}

// number runs a query of one integer; false where there is no row or a null.
func (l *liteSide) number(sql string, args ...string) (int64, bool, error) {
	st, _, err := l.db.Prepare(sql)
	if err != nil {
		return 0, false, err
	}
	defer st.Close()
	for i, a := range args {
		if err := st.BindText(i+1, a); err != nil {
			return 0, false, err
		}
	}
	if !st.Step() || st.ColumnType(0) == sqlite3.NULL {
		return 0, false, st.Err()
	}
	return st.ColumnInt64(0), true, nil
}

func (l *liteSide) name(m *moving) string { return tableName(m.s, m.table, migrate.SQLite) }

func (l *liteSide) estimate(ctx context.Context, m *moving) (int64, error) {
	defer l.db.SetInterrupt(l.db.SetInterrupt(ctx))
	n, _, err := l.number("SELECT count(*) FROM " + l.name(m))
	return n, err
}

func (l *liteSide) read(ctx context.Context, m *moving, yield func([]any) error) error {
	defer l.db.SetInterrupt(l.db.SetInterrupt(ctx))
	st, _, err := l.db.Prepare("SELECT " + quoteAll(m.columns) + " FROM " + l.name(m))
	if err != nil {
		return err
	}
	defer st.Close()
	vals := make([]any, len(m.columns))
	for st.Step() {
		if err := l.row(st, m, vals); err != nil {
			return err
		}
		if err := yield(vals); err != nil {
			return err
		}
	}
	return st.Err()
}

// row reads a row's values, and refuses one that is not just what its column's type can say.
func (l *liteSide) row(st *sqlite3.Stmt, m *moving, vals []any) error {
	bad, why := -1, ""
	for i, c := range m.columns {
		v := st.ColumnValue(i)
		if m.asIs {
			vals[i] = held(v)
			continue
		}
		was := ""
		if vals[i], was = typed(v, c, m.types[i]); was != "" && bad < 0 {
			bad, why = i, was
		}
	}
	if bad >= 0 {
		return m.refuse(bad, vals, st.ColumnText(bad), why)
	}
	return nil
}

// held is a value as SQLite holds it: nil, int64, float64, string or []byte.
func held(v sqlite3.Value) any {
	switch v.Type() {
	case sqlite3.INTEGER:
		return v.Int64()
	case sqlite3.FLOAT:
		return v.Float()
	case sqlite3.TEXT:
		return v.Text()
	case sqlite3.BLOB:
		return v.Blob([]byte{})
	}
	return nil
}

// typed is a value as package value has it, or else why it isn't just that: SQLite lets any column hold anything.
func typed(v sqlite3.Value, c *schema.Column, t schema.Type) (any, string) {
	if v.Type() == sqlite3.NULL {
		if mustHave(c) {
			return nil, "a null may not stand there"
		}
		return nil, ""
	}
	was := held(v) // before Load: whoever asks SQLite for a text changes what it says of the type
	out, ok := sqlite.Load(v, c)
	if !ok {
		return out, "it is no " + t.String()
	}
	text := textOf(t, out)
	again, err := value.Parse(t, text)
	if err != nil {
		return out, reason(err)
	}
	if now := textOf(t, again); now != text {
		return out, fmt.Sprintf("as %s it would become %q", t, now)
	}
	if why := lost(was, out, c, t); why != "" {
		return out, why
	}
	return out, ""
}

// lost says what of a value its type doesn't keep.
func lost(was, out any, c *schema.Column, t schema.Type) string {
	if t.Array {
		return ""
	}
	switch t.Base {
	case schema.Text, schema.Unknown, schema.CompositeBase, schema.EnumBase:
		if _, ok := was.(string); !ok {
			return fmt.Sprintf("it is stored as %s, not as text; declare another type for the column, or change the value", kindOf(was))
		}
	case schema.Bytea:
		if _, ok := was.([]byte); !ok {
			return fmt.Sprintf("it is stored as %s, not as a blob", kindOf(was))
		}
	case schema.Bool, schema.Int2, schema.Int4, schema.Int8, schema.Float4, schema.Float8, schema.Numeric:
		if back := sqlite.Stored(out, c); !equalHeld(back, was) {
			return fmt.Sprintf("it would come back as %v", back)
		}
	}
	return ""
}

// kindOf names SQLite's storage class of a value.
func kindOf(v any) string {
	switch v.(type) {
	case int64:
		return "an integer"
	case float64:
		return "a real"
	case string:
		return "text"
	}
	return "a blob"
}

// equalHeld compares values of SQLite's; a whole number is the same as integer and as real.
func equalHeld(a, b any) bool {
	x, ok1 := number(a)
	y, ok2 := number(b)
	if ok1 && ok2 {
		return x == y || math.IsNaN(x) && math.IsNaN(y)
	}
	return a == b
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

func (l *liteSide) write(ctx context.Context, m *moving, source func(func([]any) error) error) error {
	defer l.db.SetInterrupt(l.db.SetInterrupt(ctx))
	sql := insertInto(l.name(m), m.columns)
	if m.asIs {
		sql = insertAsIs(l.name(m), m.columns)
	}
	st, _, err := l.db.Prepare(sql)
	if err != nil {
		return err
	}
	defer st.Close()
	return source(func(vals []any) error {
		for i, v := range vals {
			if !m.asIs {
				v = sqlite.Stored(v, m.columns[i])
			}
			if err := sqlite.BindStored(st, i+1, v); err != nil {
				return err
			}
		}
		st.Step()
		if err := st.Reset(); err != nil {
			return l.wordRow(m, vals, err)
		}
		return nil
	})
}

// insertAsIs is an INSERT that takes values in SQLite's own forms.
func insertAsIs(name string, set []*schema.Column) string {
	places := "?"
	for range len(set) - 1 {
		places += ", ?"
	}
	return "INSERT INTO " + name + " (" + quoteAll(set) + ") VALUES (" + places + ")"
}

// wordRow names the row that SQLite refused.
func (l *liteSide) wordRow(m *moving, vals []any, err error) error {
	why := sqlite.RowFault(err, m.table, nil, nil)
	if key := m.keyOf(vals); key != "" {
		return fmt.Errorf("the row %s: %s", key, reason(why))
	}
	return errors.New(reason(why))
}

func (l *liteSide) next(_ context.Context, m *moving, c *schema.Column) (int64, bool, error) {
	most, _, err := l.number("SELECT max(" + quote(c.Name) + ") FROM " + l.name(m))
	if err != nil {
		return 0, false, err
	}
	if has, _, err := l.number("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'"); err != nil || has == 0 {
		return most + 1, true, err
	}
	last, _, err := l.number("SELECT seq FROM sqlite_sequence WHERE name = ?1", litesql.StoredName(m.table.Name))
	return max(most, last) + 1, true, err
}

func (l *liteSide) goOn(ctx context.Context, m *moving, c *schema.Column, next int64) error {
	if has, _, err := l.number("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'"); err != nil || has == 0 {
		return err
	}
	name := litesql.StoredName(m.table.Name)
	auto, _, err := l.number("SELECT instr(upper(sql), 'AUTOINCREMENT') FROM sqlite_schema WHERE type = 'table' AND name = ?1", name)
	if err != nil || auto == 0 {
		return err
	}
	there, _, err := l.number("SELECT count(*) FROM sqlite_sequence WHERE name = ?1", name)
	if err != nil {
		return err
	}
	sql := "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1"
	if there == 0 {
		sql = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)"
	}
	st, _, err := l.db.Prepare(sql)
	if err != nil {
		return err
	}
	defer st.Close()
	return errors.Join(st.BindText(1, name), st.BindInt64(2, next-1), st.Exec())
}

// check looks at all foreign keys, which were off while rows came in.
func (l *liteSide) check(ctx context.Context, tables []*moving) error {
	defer l.db.SetInterrupt(l.db.SetInterrupt(ctx))
	st, _, err := l.db.Prepare("PRAGMA foreign_key_check")
	if err != nil {
		return err
	}
	defer st.Close()
	if st.Step() {
		row := ""
		if st.ColumnType(1) != sqlite3.NULL {
			row = fmt.Sprintf(", row %d,", st.ColumnInt64(1))
		}
		return fmt.Errorf("table %s%s refers to a row of %s that is not there", st.ColumnText(0), row, st.ColumnText(2))
	}
	return st.Err()
}
