package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

// A pgForeign is one foreign key of the live catalog.
type pgForeign struct {
	Schema     string
	Name       string
	Table      string
	Columns    []string
	ToSchema   string
	To         string
	References []string
	OnDelete   string // as schema.ForeignKey has it
	OnUpdate   string
	Deferrable bool
	Deferred   bool
	Validated  bool
}

// foreignSQL lists the foreign keys of the tables of some schemas, but for those that PostgreSQL makes by itself for partitions.
const foreignSQL = `SELECT n.nspname::text, k.conname::text, t.relname::text,
		ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS c(col, place)
			JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.col ORDER BY c.place),
		fn.nspname::text, f.relname::text,
		ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS c(col, place)
			JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = c.col ORDER BY c.place),
		CASE k.confdeltype WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' ELSE '' END,
		CASE k.confupdtype WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' ELSE '' END,
		k.condeferrable, k.condeferred, k.convalidated
	FROM pg_constraint k
		JOIN pg_class t ON t.oid = k.conrelid
		JOIN pg_namespace n ON n.oid = t.relnamespace
		JOIN pg_class f ON f.oid = k.confrelid
		JOIN pg_namespace fn ON fn.oid = f.relnamespace
	WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT t.relispartition AND n.nspname = ANY ($1)
	ORDER BY 1, 3, 2`

func readForeign(ctx context.Context, tx pgx.Tx, schemas []string) ([]pgForeign, error) {
	rows, err := tx.Query(ctx, foreignSQL, schemas)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[pgForeign])
}

// declaredForeign is a declared foreign key as the catalog would have it.
func declaredForeign(f *migrate.PostgresForeign) pgForeign {
	named := func(columns []*schema.Column) (out []string) {
		for _, c := range columns {
			out = append(out, c.Name)
		}
		return out
	}
	action := func(a string) string { return strings.TrimSuffix(a, "NO ACTION") }
	return pgForeign{
		Schema: f.Schema, Name: f.Name, Table: f.Table.Name.Name, Columns: named(f.Columns), ToSchema: f.To, To: f.ForeignKey.To.Name.Name, References: named(f.References),
		OnDelete: action(f.OnDelete), OnUpdate: action(f.OnUpdate), Deferrable: f.Deferrable || f.Deferred, Deferred: f.Deferred, Validated: true,
	}
}

// definition spells what a foreign key is, but for its name and table.
func (f *pgForeign) definition() string {
	quoted := func(columns []string) string {
		out := make([]string, len(columns))
		for i, c := range columns {
			out[i] = migrate.Quoted("", c)
		}
		return strings.Join(out, ", ")
	}
	out := "FOREIGN KEY (" + quoted(f.Columns) + ") REFERENCES " + migrate.Quoted(f.ToSchema, f.To) + " (" + quoted(f.References) + ")"
	if f.OnDelete != "" {
		out += " ON DELETE " + f.OnDelete
	}
	if f.OnUpdate != "" {
		out += " ON UPDATE " + f.OnUpdate
	}
	switch {
	case f.Deferred:
		out += " DEFERRABLE INITIALLY DEFERRED"
	case f.Deferrable:
		out += " DEFERRABLE"
	}
	return out
}

// foreignHead begins the ID of a foreign key.
const foreignHead = "foreign key "

// addForeign adds what a schema declares of foreign keys.
func (d *pgDeclared) addForeign() {
	d.foreign = migrate.PostgresForeignKeys(d.schema)
	for _, f := range d.foreign {
		as := declaredForeign(f)
		d.referring = append(d.referring, Index{
			ID: foreignHead + as.Schema + "." + f.Table.Name.Name + "." + f.Name, Name: f.Name, Table: f.Table.Name, Columns: as.Columns, Constraint: true,
			Definition: as.definition(), Create: f.Add, Refers: f.ForeignKey.To.Name.String(),
		})
	}
}

// foreignIndex is a live foreign key as the guard knows it; nil for one of a table that isn't declared. One that is just as declared stands
// for that, whatever it is called.
func (d *pgDeclared) foreignIndex(f *pgForeign, named map[string]bool) *Index {
	t := d.tables[pgRelation{f.Schema, f.Table}]
	if t == nil {
		return nil
	}
	head := foreignHead + f.Schema + "." + f.Table + "."
	out := &Index{
		ID: head + f.Name, Name: f.Name, Table: t.Name, Columns: f.Columns, Constraint: true, Definition: f.definition(), Refers: d.tableName(pgRelation{f.ToSchema, f.To}),
	}
	if !f.Validated {
		out.Invalid = "not validated: rows from before it may refer to nothing"
	}
	if !slices.ContainsFunc(d.referring, func(x Index) bool { return x.ID == out.ID }) {
		for _, x := range d.referring {
			if x.Table == t.Name && x.Definition == out.Definition && !named[x.ID] {
				out.ID = x.ID
			}
		}
	}
	return out
}

// tableName is a table's name as the schema file has it.
func (d *pgDeclared) tableName(r pgRelation) string {
	if t := d.tables[r]; t != nil {
		return t.Name.String()
	}
	return r.schema + "." + r.name
}

// foreignIndexes are the live foreign keys of declared tables.
func (d *pgDeclared) foreignIndexes(all []pgForeign) (out []Index) {
	named := map[string]bool{}
	for i := range all {
		named[foreignHead+all[i].Schema+"."+all[i].Table+"."+all[i].Name] = true
	}
	for i := range all {
		if x := d.foreignIndex(&all[i], named); x != nil {
			out = append(out, *x)
		}
	}
	return out
}

// findForeign gives a declared foreign key by its ID; nil where there is none.
func (d *pgDeclared) findForeign(id string) *migrate.PostgresForeign {
	for i := range d.referring {
		if d.referring[i].ID == id {
			return d.foreign[i]
		}
	}
	return nil
}

// refer makes a foreign key again as `apply` makes one on a table that is there: without a look at its rows, under a lock that lasts a
// moment, after which nothing gets in any more that refers to nothing; then the rows are looked at, beside which reading and writing go on.
func (w *pgRepair) refer(ctx context.Context, f *migrate.PostgresForeign) error {
	want, live, err := declaredForeign(f), (*pgForeign)(nil), error(nil)
	look := func() error {
		return within(ctx, w.conn, catalogLimit, func(tx pgx.Tx) error {
			all, err := readForeign(ctx, tx, []string{w.on.schema})
			live = nil
			for i := range all {
				x := &all[i]
				if x.Table == w.on.name && (x.Name == f.Name || live == nil && x.definition() == want.definition()) {
					live = x
				}
			}
			return err
		})
	}
	if err = look(); err != nil {
		return err
	}
	if live == nil {
		w.tell(Progress{Phase: "adding the foreign key", Done: -1})
		if err := w.referred(ctx, f, f.Name, w.short(ctx, f.Add, w.table(), migrate.Quoted(f.To, f.ForeignKey.To.Name.Name))); err != nil {
			return err
		}
		if err := look(); err != nil || live == nil {
			return errors.Join(err, &RetryError{Err: errors.New("somebody dropped it again")})
		}
	}
	switch {
	case live.definition() != want.definition():
		return fmt.Errorf("the foreign key %s of %s is another one than the schema file declares: `pintail schema apply` makes it as declared", f.Name, w.on.name)
	case live.Validated:
		return nil
	}
	w.tell(Progress{Phase: "looking at the rows that are there", Done: -1})
	validate := "ALTER TABLE " + w.table() + " VALIDATE CONSTRAINT " + migrate.Quoted("", live.Name)
	return w.referred(ctx, f, live.Name, w.short(ctx, validate, w.table(), migrate.Quoted(f.To, f.ForeignKey.To.Name.Name)))
}

// referred words what became of a step towards a foreign key, which is called name in the database.
func (w *pgRepair) referred(ctx context.Context, f *migrate.PostgresForeign, name string, err error) error {
	switch sqlState(err) {
	case "23503": // rows refer to nothing
		found, looked := w.orphans(ctx, f, name)
		switch {
		case looked != nil:
			return fmt.Errorf("look for rows of %s that refer to nothing: %w", w.on.name, looked)
		case len(found) == 0: // they are gone again
			return &RetryError{Err: err}
		}
		return &OrphansError{Found: found}
	case "42830", "42P01": // no unique key, or no table: these come first
		return &RetryError{Block: "what it refers to, which isn't there yet", Err: err}
	case "42809", "0A000":
		return fmt.Errorf("%s is partitioned, and on the whole of such a table no foreign key is added without a look at its rows under a lock; it takes a person: `pintail schema apply`: %w", w.on.name, err)
	}
	return err
}

// orphans lists what rows refer to that isn't there, compared as the foreign key itself compares (pg_constraint.conpfeqop).
func (w *pgRepair) orphans(ctx context.Context, f *migrate.PostgresForeign, name string) (found []Duplicate, err error) {
	want := declaredForeign(f)
	err = within(ctx, w.conn, 0, func(tx pgx.Tx) error {
		operators, err := tx.Query(ctx, `SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname)
			FROM pg_constraint k, unnest(k.conpfeqop) WITH ORDINALITY AS e(op, place) JOIN pg_operator o ON o.oid = e.op JOIN pg_namespace n ON n.oid = o.oprnamespace
			WHERE k.conrelid = to_regclass($1) AND k.contype = 'f' AND k.conname = $2 ORDER BY e.place`, w.table(), name)
		if err != nil {
			return err
		}
		equal, err := pgx.CollectRows(operators, pgx.RowTo[string])
		if err != nil || len(equal) != len(want.Columns) {
			return errors.Join(err, errors.New("the foreign key is gone again"))
		}
		var texts, filled, same, columns []string
		for i, c := range want.Columns {
			column := "c." + migrate.Quoted("", c)
			columns = append(columns, column)
			texts = append(texts, column+"::text")
			filled = append(filled, column+" IS NOT NULL")
			same = append(same, "p."+migrate.Quoted("", want.References[i])+" "+equal[i]+" "+column)
		}
		rows, err := tx.Query(ctx, "SELECT ARRAY["+strings.Join(texts, ", ")+"], count(*) FROM "+w.table()+" AS c WHERE "+strings.Join(filled, " AND ")+
			" AND NOT EXISTS (SELECT FROM "+migrate.Quoted(want.ToSchema, want.To)+" AS p WHERE "+strings.Join(same, " AND ")+
			") GROUP BY "+strings.Join(columns, ", ")+fmt.Sprintf(" ORDER BY 2 DESC, 1 LIMIT %d", DuplicatesMax))
		if err != nil {
			return err
		}
		found, err = groups(rows, want.Columns)
		return err
	})
	return found, err
}

// groups reads groups of rows: the values of some columns, and how many rows have them.
func groups(rows pgx.Rows, columns []string) (out []Duplicate, err error) {
	var values []string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&values, &n}, func() error {
		for i := range values {
			values[i] = shorten(values[i], valueMax)
		}
		out = append(out, Duplicate{Key: "(" + strings.Join(columns, ", ") + ")=(" + strings.Join(values, ", ") + ")", Rows: n})
		return nil
	})
	return out, err
}
