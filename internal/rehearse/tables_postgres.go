package rehearse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pintail-dev/pintail/schema"
)

// analyzedRows is how many rows ANALYZE looks at by default: what was learned from more of them is better.
const analyzedRows = 30_000

// A pgReader reads a PostgreSQL database that a server may be writing: each statement in a read-only transaction of its own, so that
// no old snapshot keeps VACUUM back, under a statement timeout, and never waiting for a lock.
type pgReader struct {
	db *pgx.Conn
	s  *schema.Schema
	bounds
}

func (r *pgReader) begin(ctx context.Context) error {
	return r.in(ctx, func(tx pgx.Tx) error { return nil })
}

// in runs statements in a read-only transaction. Its settings end with it: behind a pooler the session is someone else's next.
func (r *pgReader) in(ctx context.Context, run func(tx pgx.Tx) error) error {
	tx, err := r.db.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d; SET LOCAL lock_timeout = 200; SET LOCAL synchronize_seqscans = off; "+
		"SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off; SET LOCAL datestyle = 'ISO, MDY'; SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex'",
		max(r.statement.Milliseconds(), 1)))
	if err == nil {
		err = run(tx)
	}
	return errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
}

// one runs a query of one row.
func (r *pgReader) one(ctx context.Context, sql string, args []any, to ...any) error {
	return r.in(ctx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, sql, args...).Scan(to...) })
}

// errNoPage is chance: a sample of whole pages may be empty.
var errNoPage = errors.New("no page of it was drawn for the sample")

func (r *pgReader) reason(err error) string {
	if errors.Is(err, errNoPage) {
		return errNoPage.Error()
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "57014":
			return "that took longer than " + r.statement.String()
		case "55P03":
			return "another session keeps it locked"
		case "42501":
			return "the role may not read it"
		case "42P01", "42703":
			return "it isn't as the schema file says"
		}
		return "PostgreSQL answers " + pg.Code
	}
	return "the connection broke"
}

func tookTooLong(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "57014"
}

func (r *pgReader) name(t *schema.Table) string {
	return pgx.Identifier{cmp.Or(t.Name.Schema, r.s.Default, "public"), t.Name.Name}.Sanitize()
}

func ident(c *schema.Column) string { return pgx.Identifier{c.Name}.Sanitize() }

// columns is what is selected of each column, as text: the beginning, and the length. The row's place comes last.
func (r *pgReader) columns(t *schema.Table) string {
	var list []string
	for _, c := range t.Columns {
		name := ident(c)
		switch {
		case c.Type.Array:
			list = append(list, "left(to_jsonb("+name+")::text, "+strconv.Itoa(headBytes)+")", "length(to_jsonb("+name+")::text)")
		case c.Type.Base == schema.Bytea:
			list = append(list, "left("+name+"::text, "+strconv.Itoa(headBytes)+")", "octet_length("+name+")")
		default:
			list = append(list, "left("+name+"::text, "+strconv.Itoa(headBytes)+")", "length("+name+"::text)")
		}
	}
	return strings.Join(append(list, "ctid"), ", ")
}

func (r *pgReader) read(ctx context.Context, t *schema.Table) (out seen, err error) {
	var tuples float64
	var pages int64
	err = r.one(ctx, `SELECT c.reltuples, coalesce((SELECT sum(pg_relation_size(relid))::bigint FROM pg_partition_tree(c.oid) WHERE isleaf), pg_relation_size(c.oid)),
		current_setting('block_size')::bigint FROM pg_class c WHERE c.oid = to_regclass($1)`, []any{r.name(t)}, &tuples, &out.bytes, &pages)
	if errors.Is(err, pgx.ErrNoRows) {
		return out, &pgconn.PgError{Code: "42P01"}
	}
	if err != nil {
		return out, err
	}
	pages = out.bytes / pages
	counted := int64(-1)
	if r.one(ctx, "SELECT count(*) FROM "+r.name(t), nil, &out.rows) == nil {
		counted = out.rows
	}
	whole := counted >= 0 && counted <= r.wholeRows && pages <= r.wholePages
	percent := min(100*float64(r.sampledPages)/float64(max(pages, 1)), 100)
	var slow error
	for try := 0; ; try++ {
		sample, expected := "", counted
		if !whole || try > 0 {
			sample = " TABLESAMPLE SYSTEM (" + strconv.FormatFloat(percent, 'f', 6, 64) + ") REPEATABLE (1)"
			expected = int64(max(tuples, float64(counted), 0) * percent / 100)
		}
		out.pass, err = r.pass(ctx, t, sample, expected)
		if whole && err == nil && try == 0 {
			return out, nil
		}
		if err == nil || !tookTooLong(err) || try == 3 {
			break
		}
		slow = err
		percent /= 8 // wide rows: fewer of them
	}
	switch {
	case counted >= 0:
	case tuples >= 0:
		out.rows, out.guessed = int64(tuples), true
	default: // never analyzed
		out.rows, out.guessed = int64(float64(out.pass.rows)*100/percent), true
	}
	if err != nil || out.pass.rows == 0 && out.rows > 0 {
		out.pass = newPass(t, 0)
		if r.catalog(ctx, t, &out) == 0 {
			return out, cmp.Or(err, slow, errNoPage)
		}
		out.note = "its rows could not be read; what ANALYZE found out stands in their place"
		return out, nil
	}
	out.rows = max(out.rows, out.pass.rows)
	if out.pass.rows < analyzedRows {
		r.catalog(ctx, t, &out)
	}
	return out, nil
}

// pass reads the rows of a table or of a sample of it, at most wholeRows.
func (r *pgReader) pass(ctx context.Context, t *schema.Table, sample string, expected int64) (*pass, error) {
	p := newPass(t, expected)
	row := make([]cell, len(t.Columns))
	sql := "SELECT " + r.columns(t) + " FROM " + r.name(t) + sample + " LIMIT " + strconv.FormatInt(r.wholeRows, 10)
	err := r.in(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sql, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return err
		}
		defer rows.Close()
		var last string
		for rows.Next() {
			values := rows.RawValues()
			textCells(values, t, row)
			// (PAGE,ROW): of a sample, each page is a block of its own.
			if page, _, _ := strings.Cut(string(values[2*len(t.Columns)]), ","); sample != "" && page != last {
				p.broke()
				last = page
			}
			p.add(row)
		}
		return rows.Err()
	})
	return p, err
}

// textCells reads a row of what columns selects.
func textCells(values [][]byte, t *schema.Table, row []cell) {
	for i, c := range t.Columns {
		v := cell{number: math.NaN(), null: values[2*i] == nil}
		if !v.null {
			text := string(values[2*i])
			v.number = numberOf(c.Type, text)
			v.letters = int64(utf8.RuneCountInString(text))
			if n, err := strconv.ParseInt(string(values[2*i+1]), 10, 64); err == nil {
				v.letters = n
			}
			v.head = text[:min(len(text), headBytes)]
		}
		row[i] = v
	}
}

// catalog takes over what ANALYZE found out about a table that was only sampled, or not at all: it looks at rows from all over the
// table, where a sample of whole pages sees neighbours. It gives the number of columns; where that can't be read, the sample
// stands alone.
func (r *pgReader) catalog(ctx context.Context, t *schema.Table, out *seen) (columns int) {
	_ = r.in(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT attname, null_frac::float8, avg_width::int8, n_distinct::float8, correlation::float8, most_common_freqs::float8[]
			FROM pg_stats WHERE schemaname = $1 AND tablename = $2 AND NOT inherited`, cmp.Or(t.Name.Schema, r.s.Default, "public"), t.Name.Name)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			var order *float64
			a := &analyzed{}
			if err := rows.Scan(&name, &a.nulls, &a.width, &a.distinct, &order, &a.common); err != nil {
				return err
			}
			i := slices.IndexFunc(t.Columns, func(c *schema.Column) bool { return c.Name == name })
			if i < 0 {
				continue
			}
			if a.grows = a.distinct < 0; a.grows {
				a.distinct *= -float64(out.rows)
			}
			if order != nil {
				a.order, a.ordered = *order, true
			}
			out.pass.columns[i].analyzed = a
			columns++
		}
		return rows.Err()
	})
	return columns
}

func (r *pgReader) fanOut(ctx context.Context, f *schema.ForeignKey, p *pass, rows int64, out *FanOut) {
	child := r.name(f.Table)
	var names, filled, equal, keys []string
	for i, c := range f.Columns {
		names = append(names, ident(c))
		filled = append(filled, ident(c)+" IS NOT NULL")
		equal = append(equal, "c."+ident(c)+" = p."+ident(f.References[i]))
		keys = append(keys, ident(f.References[i]))
	}
	if rows <= r.groupRows {
		degrees, err := r.degrees(ctx, "SELECT n, count(*) FROM (SELECT count(*) AS n FROM "+child+" WHERE "+strings.Join(filled, " AND ")+" GROUP BY "+
			strings.Join(names, ", ")+") d GROUP BY n")
		if err == nil {
			with := int64(0)
			for _, d := range degrees {
				with += d.parents
			}
			out.childless(with)
			out.histogram(degrees)
			return
		}
	}
	// Some parents, drawn from ten times as many, each counted by the index on the foreign key.
	limit := strconv.Itoa(childrenMax)
	percent, method := min(100*10*parentsLooked/float64(max(out.Parents, 1)), 100), "BERNOULLI"
	if out.Parents > r.groupRows {
		method = "SYSTEM" // doesn't read every page
	}
	sql := "SELECT n, count(*) FROM (SELECT (SELECT count(*) FROM (SELECT 1 FROM " + child + " c WHERE " + strings.Join(equal, " AND ") + " LIMIT " + limit +
		") x) AS n FROM (SELECT " + strings.Join(keys, ", ") + " FROM " + r.name(f.To) + " TABLESAMPLE " + method + " (" + strconv.FormatFloat(percent, 'f', 6, 64) +
		") REPEATABLE (1) ORDER BY md5(" + keys[0] + "::text) LIMIT " + strconv.Itoa(parentsLooked) + ") p) d GROUP BY n"
	if !r.searches(ctx, f) {
		out.Unknown = "no index leads with its columns, and to count without one would take too long"
		return
	}
	degrees, err := r.degrees(ctx, sql)
	if err != nil {
		out.Unknown = r.reason(err)
		return
	}
	looked, without := int64(0), int64(0)
	degrees = slices.DeleteFunc(degrees, func(d degree) bool {
		looked += d.parents
		if d.children == 0 {
			without = d.parents
		}
		return d.children == 0
	})
	out.Sampled = looked
	out.Childless = round(float64(without) / float64(max(looked, 1)))
	out.histogram(degrees)
	r.heaviest(ctx, f, p, rows, out)
}

func (r *pgReader) degrees(ctx context.Context, sql string) (list []degree, err error) {
	err = r.in(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sql)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d degree, err error) {
			return d, row.Scan(&d.children, &d.parents)
		})
		return err
	})
	return list, err
}

// searches says whether a valid index leads with the foreign key's columns, in any order.
func (r *pgReader) searches(ctx context.Context, f *schema.ForeignKey) bool {
	var names []string
	for _, c := range f.Columns {
		names = append(names, c.Name)
	}
	found := false
	err := r.one(ctx, `SELECT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = to_regclass($1) AND i.indisvalid AND i.indisready AND i.indpred IS NULL
		AND (SELECT array_agg(a.attname::text ORDER BY a.attname) FROM unnest(i.indkey[0:$3 - 1]) k JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k)
		= (SELECT array_agg(n ORDER BY n) FROM unnest($2::text[]) n))`, []any{r.name(f.Table), names, len(names)}, &found)
	return err == nil && found
}

// heaviest says how many children the commonest parents have: a sample of the parents would hardly have met them.
func (r *pgReader) heaviest(ctx context.Context, f *schema.ForeignKey, p *pass, rows int64, out *FanOut) {
	if len(f.Columns) != 1 {
		return
	}
	k := p.columns[slices.Index(f.Table.Columns, f.Columns[0])]
	var top []int64
	if k.analyzed != nil {
		for _, share := range k.analyzed.common[:min(len(k.analyzed.common), CommonMax)] {
			top = append(top, int64(share*float64(rows)))
		}
	}
	until := time.Now().Add(r.statement)
	for i, v := range k.heavy.ranked() {
		if k.analyzed != nil || i == CommonMax || time.Now().After(until) {
			break
		}
		var n int64
		err := r.in(ctx, func(tx pgx.Tx) error {
			// The parameter has no type of its own, so that it takes the column's, whose index can be used then.
			got := tx.Conn().PgConn().ExecParams(ctx, "SELECT count(*) FROM (SELECT 1 FROM "+r.name(f.Table)+" WHERE "+ident(f.Columns[0])+" = $1 LIMIT "+
				strconv.Itoa(childrenMax)+") x", [][]byte{[]byte(v.cell.head)}, nil, nil, nil).Read()
			if got.Err != nil || len(got.Rows) != 1 {
				return cmp.Or(got.Err, errors.New("no row"))
			}
			var err error
			n, err = strconv.ParseInt(string(got.Rows[0][0]), 10, 64)
			return err
		})
		if err != nil {
			break
		}
		top = append(top, n)
	}
	top = append(top, out.Top...)
	slices.SortFunc(top, func(a, b int64) int { return cmp.Compare(b, a) })
	out.Top = top[:min(len(top), CommonMax)]
}
