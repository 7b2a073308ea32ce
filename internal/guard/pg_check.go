package guard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

const (
	// quickBytesMax is the largest index that a quick check reads.
	quickBytesMax = 64 << 20

	// damageTold is how many messages about one table are told.
	damageTold = 10
)

// A pgChecker looks for damage by a connection of its own.
type pgChecker struct {
	conn    *pgx.Conn
	d       *pgDeclared
	amcheck string // the schema of the extension; empty where it isn't there, or isn't for this role
	full    bool
	found   func(Damage)
}

// Check looks for damage.
//
// With the extension amcheck a quick check holds every B-tree of up to 64 MiB against its own order, and a full one every B-tree
// against its table, and every row of the table against what a row may be. Without it, or where the role may not call it, a quick check
// only asks whether the server met a page with a wrong checksum in the last two hours, and a full one counts the rows of every table
// once by the table and once by each index, which meets pages that can't be read and rows that an index lost, but not a key that
// changed.
func (p *Postgres) Check(ctx context.Context, s *schema.Schema, o CheckOptions, found func(Damage)) error {
	d, err := p.learn(ctx, s)
	if err != nil {
		return err
	}
	conn, err := p.dial(ctx, "pintail guard check")
	if err != nil {
		return fmt.Errorf("the guard can't reach the database: %w", err)
	}
	defer closeSoon(conn)
	c := &pgChecker{conn: conn, d: d, full: o.Full, found: found}
	var live []*pgIndex
	err = within(ctx, conn, catalogLimit, func(tx pgx.Tx) error {
		if live, err = readIndexes(ctx, tx, d.schemas); err != nil {
			return err
		}
		return c.begin(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	tables := d.checked(o.Tables)
	var errs []error
	for i, t := range tables {
		if o.Progress != nil {
			o.Progress(i, len(tables), t.Name.String())
		}
		if err := c.table(ctx, t, live); err != nil {
			errs = append(errs, fmt.Errorf("check %s: %w", t.Name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	if o.Progress != nil && ctx.Err() == nil {
		o.Progress(len(tables), len(tables), "")
	}
	return errors.Join(errs...)
}

// checked are the tables to look at.
func (d *pgDeclared) checked(only []schema.Name) []*schema.Table {
	var out []*schema.Table
	for _, t := range d.schema.Tables {
		if d.tables[d.relation(t.Name)] != t {
			continue
		}
		wanted := len(only) == 0
		for _, n := range only {
			wanted = wanted || d.relation(n) == d.relation(t.Name)
		}
		if wanted {
			out = append(out, t)
		}
	}
	return out
}

// begin finds amcheck, and asks for checksum failures.
func (c *pgChecker) begin(ctx context.Context, tx pgx.Tx) error {
	err := tx.QueryRow(ctx, `SELECT n.nspname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = 'bt_index_check' AND p.pronargs = 2
		WHERE e.extname = 'amcheck' AND has_function_privilege(p.oid, 'EXECUTE') LIMIT 1`).Scan(&c.amcheck)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	var failures int64
	var last time.Time
	err = tx.QueryRow(ctx, `SELECT checksum_failures, checksum_last_failure FROM pg_stat_database
		WHERE datname = current_database() AND checksum_failures > 0 AND checksum_last_failure > now() - interval '2 hours'`).Scan(&failures, &last)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err == nil {
		c.found(Damage{Checks: "checksums", What: fmt.Sprintf("the server met pages with a wrong checksum: %d until now, the last at %s", failures, last.UTC().Format(time.RFC3339))})
	}
	return err
}

// table checks one table and its indexes. Those of a damaged table are let be: to build one from it would spread the damage.
func (c *pgChecker) table(ctx context.Context, t *schema.Table, live []*pgIndex) error {
	r := c.d.relation(t.Name)
	tell := func(index, what, check string) {
		c.found(Damage{Table: t.Name, Index: index, What: clean(what, 500), Checks: check})
	}
	if c.full {
		what, check, err := c.heap(ctx, r)
		for _, w := range what {
			tell("", w, check)
		}
		if err != nil || len(what) > 0 {
			return err
		}
	}
	for _, x := range live {
		if x.Schema != r.schema || x.Table != r.name || !x.whole() || x.Method != "btree" || x.Kind != "i" {
			continue
		}
		what, check, err := c.index(ctx, r, x)
		if err != nil {
			return err
		}
		if what != "" {
			tell(x.Schema+"."+x.Name, what, check)
		}
	}
	return nil
}

// foreign says whether a table's rows are another server's: it may be away, and looks after its own.
func (c *pgChecker) foreign(ctx context.Context, name string) (is bool, err error) {
	err = c.conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass($1) AND relkind = 'f')`, name).Scan(&is)
	return is, err
}

// heap checks every row of a table.
func (c *pgChecker) heap(ctx context.Context, r pgRelation) (what []string, check string, err error) {
	name := migrate.Quoted(r.schema, r.name)
	if foreign, err := c.foreign(ctx, name); err != nil || foreign {
		return nil, "", err
	}
	if c.amcheck == "" {
		_, err := c.count(ctx, "SELECT count(*) FROM "+name, "enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan")
		what, err := damage(err)
		return what, "count", err
	}
	err = within(ctx, c.conn, 0, func(tx pgx.Tx) error {
		var kind string
		if err := tx.QueryRow(ctx, `SELECT relkind::text FROM pg_class WHERE oid = to_regclass($1)`, name).Scan(&kind); err != nil || kind != "r" && kind != "m" {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT format('block %s, row %s, column %s: %s', blkno, offnum, attnum, msg) FROM `+
			migrate.Quoted(c.amcheck, "verify_heapam")+`(to_regclass($1), check_toast => true) LIMIT $2::int`, name, damageTold)
		if err != nil {
			return err
		}
		what, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) { // the table isn't there: that is drift, not damage
		return nil, "", nil
	}
	if err != nil {
		what, err = damage(err)
	}
	return what, "verify_heapam", err
}

// index checks one index; what is empty where nothing is wrong.
func (c *pgChecker) index(ctx context.Context, r pgRelation, x *pgIndex) (what, check string, err error) {
	name := migrate.Quoted(x.Schema, x.Name)
	switch {
	case c.amcheck != "":
		check = "bt_index_check"
		err = within(ctx, c.conn, 0, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `SELECT `+migrate.Quoted(c.amcheck, "bt_index_check")+`(c.oid, $2::text::bool) FROM pg_class c
				WHERE c.oid = to_regclass($1) AND ($2::text::bool OR pg_relation_size(c.oid) <= $3::text::int8)`, name, fmt.Sprint(c.full), fmt.Sprint(quickBytesMax))
			return err
		})
	case c.full && len(x.Columns) > 0:
		check = "count"
		what, err = c.byIndex(ctx, r, x)
	}
	if err != nil {
		var told []string
		if told, err = damage(err); len(told) > 0 {
			what = told[0]
		}
	}
	return what, check, err
}

// byIndex counts a table's rows by an index and by the table, on one snapshot. An index that the planner doesn't take for it is let be.
func (c *pgChecker) byIndex(ctx context.Context, r pgRelation, x *pgIndex) (what string, err error) {
	name, key := migrate.Quoted(r.schema, r.name), migrate.Quoted("", x.Columns[0])
	sql := "SELECT count(*) FROM (SELECT " + key + " FROM " + name + " ORDER BY " + key + " OFFSET 0) AS x"
	err = c.snapshot(ctx, func(tx pgx.Tx) error {
		if err := off(ctx, tx, "enable_seqscan", "enable_bitmapscan", "enable_sort"); err != nil {
			return err
		}
		var text []byte
		if err := tx.QueryRow(ctx, "EXPLAIN (FORMAT JSON, VERBOSE) "+sql).Scan(&text); err != nil {
			return err
		}
		if stands, err := readPlan(text); err != nil || len(stands.indexes) != 1 || stands.indexes[0].name != x.Name {
			return err
		}
		var by, all int64
		if err := tx.QueryRow(ctx, sql).Scan(&by); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "SET LOCAL enable_seqscan = on"); err != nil {
			return err
		}
		if err := off(ctx, tx, "enable_indexscan", "enable_indexonlyscan"); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM "+name).Scan(&all); err != nil {
			return err
		}
		if by != all {
			what = fmt.Sprintf("the index has %d rows, the table %d", by, all)
		}
		return nil
	})
	return what, err
}

// count runs a count with some ways of reading ruled out.
func (c *pgChecker) count(ctx context.Context, sql string, without ...string) (n int64, err error) {
	err = c.snapshot(ctx, func(tx pgx.Tx) error {
		if err := off(ctx, tx, without...); err != nil {
			return err
		}
		return tx.QueryRow(ctx, sql).Scan(&n)
	})
	if sqlState(err) == "42P01" {
		return 0, nil // not there: that is drift, not damage
	}
	return n, err
}

// snapshot runs f on one snapshot.
func (c *pgChecker) snapshot(ctx context.Context, f func(pgx.Tx) error) error {
	tx, err := c.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer rollback(ctx, tx)
	if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = 0"); err != nil {
		return err
	}
	return f(tx)
}

func off(ctx context.Context, tx pgx.Tx, settings ...string) error {
	for _, s := range settings {
		if _, err := tx.Exec(ctx, "SELECT set_config($1, 'off', true)", s); err != nil {
			return err
		}
	}
	return nil
}

// damage tells an error that is damage from one that isn't.
func damage(err error) ([]string, error) {
	if isDamage(err) {
		return []string{err.Error()}, nil
	}
	return nil, err
}

// isDamage says whether PostgreSQL told of damage: XX001 data_corrupted, XX002 index_corrupted, or 58P01 undefined_file, which is a file of
// the database's own that is gone, or a row that names a transaction of no time.
func isDamage(err error) bool {
	switch sqlState(err) {
	case "XX001", "XX002", "58P01":
		return true
	}
	return false
}
