package load

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

// A pgTable writes records into a PostgreSQL table by COPY: straight into the table, or where conflicts are not errors
// into a temporary one, from which they are inserted.
type pgTable struct {
	conn     *pgconn.PgConn
	s        *schema.Schema
	table    *schema.Table
	name     string
	conflict Conflict
	ordered  bool // rows may refer to rows before them, so that their order counts
	buf      []byte
}

func newPGTable(conn *pgx.Conn, s *schema.Schema, t *schema.Table, c Conflict) *pgTable {
	self := slices.ContainsFunc(t.Foreign, func(f *schema.ForeignKey) bool { return f.To == t })
	return &pgTable{conn: conn.PgConn(), s: s, table: t, name: tableName(s, t, migrate.Postgres), conflict: c, ordered: self}
}

// staging is the temporary table's name.
const staging = `pg_temp."_pintail_import"`

func (w *pgTable) exec(ctx context.Context, sql string) (pgconn.CommandTag, error) {
	results, err := w.conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	return results[len(results)-1].CommandTag, nil
}

func (w *pgTable) write(ctx context.Context, batch []*record) (taken, ignored int64, refused []rejection, err error) {
	if _, err := w.exec(ctx, "BEGIN"); err != nil {
		return 0, 0, nil, err
	}
	b := &pgBatch{pgTable: w}
	err = b.setUp(ctx)
	for _, group := range w.groups(batch) {
		if err == nil {
			err = b.load(ctx, group)
		}
	}
	if err == nil {
		_, err = w.exec(ctx, "COMMIT")
	}
	if err != nil {
		if !w.conn.IsClosed() {
			_, e := w.exec(context.WithoutCancel(ctx), "ROLLBACK")
			err = errors.Join(err, e)
		}
		return 0, 0, nil, err
	}
	return b.taken, b.ignored, b.refused, nil
}

// groups cuts a batch into runs of records that set the same columns; where order doesn't count, there is one for each set.
func (w *pgTable) groups(batch []*record) [][]*record {
	var groups [][]*record
	for _, rec := range batch {
		at := len(groups) - 1
		if !w.ordered {
			at = slices.IndexFunc(groups, func(g []*record) bool { return sameColumns(g[0].columns, rec.columns) })
		}
		if at < 0 || !sameColumns(groups[at][0].columns, rec.columns) {
			groups = append(groups, nil)
			at = len(groups) - 1
		}
		groups[at] = append(groups[at], rec)
	}
	return groups
}

// A pgBatch is a batch while it is written.
type pgBatch struct {
	*pgTable
	taken, ignored int64
	refused        []rejection
}

func (b *pgBatch) setUp(ctx context.Context) error {
	// The values are in canonical forms, whatever the session says. The words of errors are English.
	sql := "SET LOCAL datestyle = 'ISO, MDY'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC'"
	if b.conflict != Reject {
		var plain []*schema.Column
		for _, c := range b.table.Columns {
			if !isGenerated(c, migrate.Postgres) {
				plain = append(plain, c)
			}
		}
		sql += "; CREATE TEMP TABLE \"_pintail_import\" ON COMMIT DROP AS SELECT " + quoteAll(plain) + " FROM " + b.name + " WITH NO DATA"
	}
	_, err := b.exec(ctx, sql)
	return err
}

// load writes records that set the same columns. If PostgreSQL refuses them, they are tried half by half, down to the one
// that is refused.
func (b *pgBatch) load(ctx context.Context, group []*record) error {
	if _, err := b.exec(ctx, "SAVEPOINT pintail_import"); err != nil {
		return err
	}
	taken, err := b.copy(ctx, group)
	if err == nil {
		b.taken += taken
		b.ignored += int64(len(group)) - taken
		_, err := b.exec(ctx, "RELEASE SAVEPOINT pintail_import")
		return err
	}
	why := ofRow(err)
	if why == nil {
		return err
	}
	if _, err := b.exec(ctx, "ROLLBACK TO SAVEPOINT pintail_import; RELEASE SAVEPOINT pintail_import"); err != nil {
		return err
	}
	if len(group) == 1 {
		b.refused = append(b.refused, rejection{group[0], why})
		return nil
	}
	half := len(group) / 2
	if err := b.load(ctx, group[:half]); err != nil {
		return err
	}
	return b.load(ctx, group[half:])
}

// copy writes records at once, and has constraints that could wait looked at now.
func (b *pgBatch) copy(ctx context.Context, group []*record) (taken int64, err error) {
	set := group[0].columns
	if len(set) == 0 {
		return b.defaults(ctx, group)
	}
	types := make([]schema.Type, len(set))
	for i, c := range set {
		types[i] = c.Type.WithoutDomains()
	}
	b.buf = b.buf[:0]
	for _, rec := range group {
		b.buf = appendCopy(b.buf, types, rec.vals)
	}
	into := b.name
	if b.conflict != Reject {
		into = staging
	}
	tag, err := b.conn.CopyFrom(ctx, bytes.NewReader(b.buf), "COPY "+into+" ("+quoteAll(set)+") FROM STDIN")
	if err != nil {
		return 0, err
	}
	if b.conflict != Reject {
		if tag, err = b.exec(ctx, b.insert(set)); err != nil {
			return 0, err
		}
		if _, err := b.exec(ctx, "TRUNCATE "+staging); err != nil {
			return 0, err
		}
	}
	_, err = b.exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE")
	return tag.RowsAffected(), err
}

// defaults inserts rows of which the file says nothing.
func (b *pgBatch) defaults(ctx context.Context, group []*record) (taken int64, err error) {
	for range group {
		tag, err := b.exec(ctx, "INSERT INTO "+b.name+" DEFAULT VALUES")
		if err != nil {
			return 0, err
		}
		taken += tag.RowsAffected()
	}
	return taken, nil
}

// insert is the statement that moves rows out of the temporary table.
func (b *pgBatch) insert(set []*schema.Column) string {
	sql := "INSERT INTO " + b.name + " (" + quoteAll(set) + ") OVERRIDING SYSTEM VALUE SELECT " + quoteAll(set) + " FROM " + staging
	return sql + onConflict(b.conflict, b.table, set)
}

// onConflict is the ON CONFLICT clause, the same on both engines.
func onConflict(c Conflict, t *schema.Table, set []*schema.Column) string {
	if c == Reject {
		return ""
	}
	var sets []string
	for _, col := range set {
		if t.Primary != nil && !slices.Contains(t.Primary.Columns, col) {
			sets = append(sets, quote(col.Name)+" = excluded."+quote(col.Name))
		}
	}
	if c == Ignore || len(sets) == 0 {
		return " ON CONFLICT DO NOTHING"
	}
	return " ON CONFLICT (" + quoteAll(t.Primary.Columns) + ") DO UPDATE SET " + strings.Join(sets, ", ")
}

// ofRow gives the fault of an error that one row is to blame for; nil for any other.
func ofRow(err error) *fault.Fault {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || len(pg.Code) != 5 {
		return nil
	}
	switch pg.Code[:2] {
	case "21", "22", "23", "44", "P0": // cardinality, data, constraint, view check, raised by a function
		f := fault.New(fault.Code(pg.Code), pg.Message)
		f.Details, f.Hint = pg.Detail, pg.Hint
		return f
	}
	return nil
}

func (w *pgTable) close() {}

// finish moves the sequences of numbered columns behind the greatest number that is there.
func (w *pgTable) finish(ctx context.Context, numbered []*schema.Column) error {
	for _, c := range numbered {
		if err := w.advance(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (w *pgTable) advance(ctx context.Context, c *schema.Column) error {
	result := w.conn.ExecParams(ctx, "SELECT pg_get_serial_sequence($1, $2)", [][]byte{[]byte(w.name), []byte(c.Name)}, nil, nil, nil).Read()
	if result.Err != nil {
		return result.Err
	}
	if len(result.Rows) == 0 || result.Rows[0][0] == nil {
		return nil
	}
	sequence := string(result.Rows[0][0]) // quoted by PostgreSQL
	_, err := w.exec(ctx, "SELECT setval('"+strings.ReplaceAll(sequence, "'", "''")+"', greatest(max("+quote(c.Name)+"), (SELECT last_value FROM "+sequence+"))) FROM "+w.name+" HAVING max("+quote(c.Name)+") IS NOT NULL")
	return err
}
