package guard

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

// estimateSQL is about how many rows a table has: its density at the last ANALYZE times its pages now, as the planner reckons; 60 rows a
// page where there was none yet.
const estimateSQL = `SELECT coalesce(sum(CASE WHEN c.reltuples > 0 AND c.relpages > 0 THEN c.reltuples::float8 / c.relpages ELSE 60 END
		* (pg_relation_size(c.oid) / current_setting('block_size')::int8)), 0)::int8
	FROM pg_partition_tree(to_regclass($1)) AS p JOIN pg_class AS c ON c.oid = p.relid WHERE p.isleaf
	UNION ALL SELECT coalesce(max(CASE WHEN c.reltuples > 0 AND c.relpages > 0 THEN c.reltuples::float8 / c.relpages ELSE 60 END
		* (pg_relation_size(c.oid) / current_setting('block_size')::int8)), 0)::int8
	FROM pg_class AS c WHERE c.oid = to_regclass($1)`

// Rows says how many rows a table has, exactly up to max. Where there are twice as many by the planner's reckoning, nothing is counted.
func (p *Postgres) Rows(ctx context.Context, t schema.Name, max int64) (rows int64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := migrate.Quoted(p.inSchema(t), t.Name)
	err = p.look(ctx, catalogLimit, func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, estimateSQL, name)
		if err != nil {
			return err
		}
		estimates, err := pgx.CollectRows(found, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		for _, n := range estimates {
			if n >= 2*max {
				rows = n
				return nil
			}
		}
		return tx.QueryRow(ctx, "SELECT count(*) FROM (SELECT 1 FROM "+name+" LIMIT "+strconv.FormatInt(max, 10)+") AS x").Scan(&rows)
	})
	if err != nil {
		return 0, fmt.Errorf("count the rows of %s: %w", t, err)
	}
	return rows, nil
}

// inSchema is the PostgreSQL schema of a name.
func (p *Postgres) inSchema(n schema.Name) string {
	switch {
	case n.Schema != "":
		return n.Schema
	case p.config.Default != "":
		return p.config.Default
	}
	return "public"
}

// valueMax bounds a value in a list of duplicates, in bytes.
const valueMax = 64

// duplicates gives groups of rows that a unique index would refuse.
func duplicates(ctx context.Context, tx pgx.Tx, x *migrate.PostgresIndex, max int) ([]Duplicate, error) {
	var names, texts, filters []string
	distinct := x.Key != nil && x.Key.NullsNotDistinct && !x.Primary
	for _, c := range x.Columns {
		name := migrate.Quoted("", c.Name)
		names = append(names, name)
		texts = append(texts, "coalesce("+name+"::text, 'null')")
		if !distinct {
			filters = append(filters, name+" IS NOT NULL")
		}
	}
	if where := x.Predicate(); where != "" {
		filters = append(filters, "("+where+")")
	}
	sql := "SELECT ARRAY[" + strings.Join(texts, ", ") + "], count(*) FROM " + migrate.Quoted(x.Schema, x.Table.Name.Name)
	if len(filters) > 0 {
		sql += " WHERE " + strings.Join(filters, " AND ")
	}
	sql += " GROUP BY " + strings.Join(names, ", ") + " HAVING count(*) > 1 ORDER BY 2 DESC, 1 LIMIT " + strconv.Itoa(max)
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("look for duplicates in %s: %w", x.Table.Name, err)
	}
	var keys []string
	for _, c := range x.Columns {
		keys = append(keys, c.Name)
	}
	return groups(rows, keys)
}

// shorten cuts a text to n bytes, between characters.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}
