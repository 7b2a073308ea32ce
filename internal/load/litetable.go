package load

import (
	"context"
	"errors"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/schema"
)

// A liteTable writes records into a SQLite table, row by row in one transaction a batch.
type liteTable struct {
	db       *sqlite3.Conn
	table    *schema.Table
	conflict Conflict
	deferred bool // a foreign key is looked at only at the end of a transaction

	set    []*schema.Column
	insert *sqlite3.Stmt // for set
}

func newLiteTable(db *sqlite3.Conn, t *schema.Table, c Conflict) *liteTable {
	w := &liteTable{db: db, table: t, conflict: c}
	for _, f := range t.Foreign {
		w.deferred = w.deferred || f.Deferred
	}
	return w
}

func (w *liteTable) write(ctx context.Context, batch []*record) (taken, ignored int64, refused []rejection, err error) {
	defer w.db.SetInterrupt(w.db.SetInterrupt(ctx))
	if err := w.db.Exec("BEGIN IMMEDIATE"); err != nil {
		return 0, 0, nil, busy(err)
	}
	for _, rec := range batch {
		n, err := w.one(rec)
		var f *fault.Fault
		switch {
		case errors.As(err, &f) && !w.db.GetAutocommit():
			refused = append(refused, rejection{rec, f})
		case err != nil:
			return 0, 0, nil, w.rollback(err)
		default:
			taken += n
			ignored += 1 - n
		}
	}
	w.db.SetInterrupt(context.Background()) // what is written so far is not lost in its commit
	if err := w.db.Exec("COMMIT"); err != nil {
		return 0, 0, nil, w.rollback(err)
	}
	return taken, ignored, refused, nil
}

// busy says who is to blame where another process holds the file.
func busy(err error) error {
	if errors.Is(err, sqlite3.BUSY) {
		return errors.New("another process is writing to the database file, and didn't stop for 5 seconds")
	}
	return err
}

func (w *liteTable) rollback(err error) error {
	if !w.db.GetAutocommit() {
		w.db.SetInterrupt(context.Background())
		err = errors.Join(err, w.db.Exec("ROLLBACK"))
	}
	return err
}

// one inserts a row, and says by 1 or 0 whether anything came of it. A *fault.Fault is the row's own.
func (w *liteTable) one(rec *record) (int64, error) {
	if err := w.prepare(rec.columns); err != nil {
		return 0, err
	}
	for i, c := range rec.columns {
		if err := sqlite.Bind(w.insert, i+1, rec.vals[i], c); err != nil {
			return 0, err
		}
	}
	if w.deferred {
		if err := w.db.Exec("SAVEPOINT pintail_import"); err != nil {
			return 0, err
		}
	}
	before := w.db.TotalChanges()
	w.insert.Step()
	if err := w.insert.Reset(); err != nil {
		return 0, w.release(sqlite.RowFault(err, w.table, rec.columns, rec.vals))
	}
	n := int64(0)
	if w.db.TotalChanges() > before {
		n = 1
	}
	if w.deferred {
		open, _, err := w.db.Status(sqlite3.DBSTATUS_DEFERRED_FKS, false)
		if err == nil && open > 0 {
			err = fault.New(fault.ForeignKeyViolation, "a foreign key constraint is violated")
		}
		return n, w.release(err)
	}
	return n, nil
}

// release ends a row's savepoint.
func (w *liteTable) release(err error) error {
	switch {
	case !w.deferred || w.db.GetAutocommit():
		return err
	case err != nil:
		return errors.Join(err, w.db.Exec("ROLLBACK TO pintail_import"), w.db.Exec("RELEASE pintail_import"))
	}
	return w.db.Exec("RELEASE pintail_import")
}

// prepare makes the statement for a set of columns.
func (w *liteTable) prepare(set []*schema.Column) (err error) {
	if w.insert != nil && sameColumns(set, w.set) {
		return nil
	}
	w.close()
	w.set = set
	w.insert, _, err = w.db.Prepare(insertInto(tableName(nil, w.table, migrate.SQLite), set) + onConflict(w.conflict, w.table, set))
	return err
}

// insertInto is an INSERT of one row on SQLite.
func insertInto(name string, set []*schema.Column) string {
	if len(set) == 0 {
		return "INSERT INTO " + name + " DEFAULT VALUES"
	}
	places := make([]string, len(set))
	for i, c := range set {
		places[i] = sqlite.Placeholder(c)
	}
	return "INSERT INTO " + name + " (" + quoteAll(set) + ") VALUES (" + strings.Join(places, ", ") + ")"
}

func (w *liteTable) close() {
	if w.insert != nil {
		w.insert.Close()
		w.insert = nil
	}
}

// finish has nothing to do: SQLite numbers on by itself.
func (w *liteTable) finish(context.Context, []*schema.Column) error { return nil }
