package rehearse

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/schema"
)

// A liteReader reads a SQLite file that a server may be writing. No statement of it lasts longer than bounds.statement, so that the
// write-ahead log can be taken over in between, and a writer without one needn't wait long.
type liteReader struct {
	db *sqlite3.Conn
	bounds
}

func (r *liteReader) begin(context.Context) error { return nil }

func (r *liteReader) reason(err error) string {
	switch {
	case errors.Is(err, sqlite3.INTERRUPT), errors.Is(err, context.DeadlineExceeded):
		return "that took longer than " + r.statement.String()
	case errors.Is(err, sqlite3.CORRUPT), errors.Is(err, sqlite3.NOTADB):
		return "the file is damaged"
	case errors.Is(err, sqlite3.BUSY), errors.Is(err, sqlite3.LOCKED):
		return "another program keeps it locked"
	}
	var code sqlite3.ErrorCode
	if errors.As(err, &code) && code == sqlite3.ERROR {
		return "it isn't as the schema file says"
	}
	return "SQLite could not read it"
}

// each runs a query for at most bounds.statement, and gives its rows to visit.
func (r *liteReader) each(ctx context.Context, sql string, args []any, visit func(*sqlite3.Stmt) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.statement)
	defer cancel()
	defer r.db.SetInterrupt(r.db.SetInterrupt(ctx))
	st, _, err := r.db.Prepare(sql)
	if err != nil {
		return err
	}
	defer st.Close()
	for i, a := range args {
		if err := bindAny(st, i+1, a); err != nil {
			return err
		}
	}
	for st.Step() {
		if err := visit(st); err != nil {
			return err
		}
	}
	return st.Err()
}

func bindAny(st *sqlite3.Stmt, i int, a any) error {
	switch a := a.(type) {
	case int64:
		return st.BindInt64(i, a)
	case float64:
		return st.BindFloat(i, a)
	case string:
		return st.BindText(i, a)
	case []byte:
		return st.BindBlob(i, a)
	case nil:
		return st.BindNull(i)
	}
	panic("rehearse: a parameter of no known type")
}

// held is a column's value as bindAny takes it.
func held(st *sqlite3.Stmt, i int) any {
	switch st.ColumnType(i) {
	case sqlite3.INTEGER:
		return st.ColumnInt64(i)
	case sqlite3.FLOAT:
		return st.ColumnFloat(i)
	case sqlite3.TEXT:
		return st.ColumnText(i)
	case sqlite3.BLOB:
		return st.ColumnBlob(i, nil)
	}
	return nil
}

// number gives the one number that a query answers; false where it answers null or nothing.
func (r *liteReader) number(ctx context.Context, sql string, args ...any) (n int64, ok bool, err error) {
	err = r.each(ctx, sql, args, func(st *sqlite3.Stmt) error {
		if st.ColumnType(0) == sqlite3.INTEGER {
			n, ok = st.ColumnInt64(0), true
		}
		return nil
	})
	return n, ok, err
}

func (r *liteReader) name(t *schema.Table) string { return litesql.Ident(litesql.StoredName(t.Name)) }

// place is the column of whole numbers in whose order the table lies on disk: the rowid, or the first of the key where there is
// none. It is empty where the table lies in the order of something else.
func (r *liteReader) place(t *schema.Table) string {
	if t.WithoutRowID {
		if t.Primary != nil {
			switch t.Primary.Columns[0].Type.Base {
			case schema.Int2, schema.Int4, schema.Int8:
				return litesql.Ident(t.Primary.Columns[0].Name)
			}
		}
		return ""
	}
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		if !slices.ContainsFunc(t.Columns, func(c *schema.Column) bool { return strings.EqualFold(c.Name, name) }) {
			return name
		}
	}
	return ""
}

// columns is what is selected of each column: the value as it is, or where it may be long its beginning and its length.
func (r *liteReader) columns(t *schema.Table) string {
	var list []string
	for _, c := range t.Columns {
		name := litesql.Ident(c.Name)
		switch {
		case c.Type.Base == schema.JSONB && !c.Type.Array:
			list = append(list, "CASE WHEN json_valid("+name+", 8) THEN json("+name+") ELSE "+name+" END", "NULL")
		default:
			list = append(list, "CASE WHEN typeof("+name+") IN ('text', 'blob') THEN substr("+name+", 1, "+strconv.Itoa(headBytes)+") ELSE "+name+" END",
				"CASE WHEN typeof("+name+") IN ('text', 'blob') THEN length("+name+") END")
		}
	}
	return strings.Join(list, ", ")
}

// cells reads a row of what columns selects.
func cells(st *sqlite3.Stmt, t *schema.Table, row []cell) {
	for i, c := range t.Columns {
		v := cell{number: math.NaN()}
		switch st.ColumnType(2 * i) {
		case sqlite3.NULL:
			v.null = true
		case sqlite3.INTEGER, sqlite3.FLOAT:
			v.head = st.ColumnText(2 * i)
			v.number = st.ColumnFloat(2 * i)
		case sqlite3.BLOB:
			v.head = string(st.ColumnRawBlob(2 * i))
		default:
			v.head = string(st.ColumnRawText(2 * i))
			v.number = numberOf(c.Type, v.head)
		}
		v.letters = int64(utf8.RuneCountInString(v.head))
		if st.ColumnType(2*i+1) == sqlite3.INTEGER {
			v.letters = st.ColumnInt64(2*i + 1)
		}
		v.head = v.head[:min(len(v.head), headBytes)]
		row[i] = v
	}
}

func (r *liteReader) read(ctx context.Context, t *schema.Table) (seen, error) {
	name, place := r.name(t), r.place(t)
	few, _, err := r.number(ctx, "SELECT count(*) FROM (SELECT 1 FROM "+name+" LIMIT ?)", r.wholeRows+1)
	if err != nil {
		return seen{}, err
	}
	if few <= r.wholeRows || place == "" {
		return r.readWhole(ctx, t, few, place)
	}
	return r.readBlocks(ctx, t, place)
}

// readWhole reads a table from the beginning, in chunks where it has a place to go on from.
func (r *liteReader) readWhole(ctx context.Context, t *schema.Table, rows int64, place string) (seen, error) {
	out := seen{rows: rows, pass: newPass(t, min(rows, r.wholeRows))}
	row := make([]cell, len(t.Columns))
	visit := func(st *sqlite3.Stmt) error {
		if out.pass.rows < r.wholeRows {
			if rows > r.wholeRows && out.pass.rows%r.blockRows == 0 {
				out.pass.broke() // it will be no more than a sample
			}
			cells(st, t, row)
			out.pass.add(row)
		}
		return nil
	}
	if place == "" || t.WithoutRowID {
		err := r.each(ctx, "SELECT "+r.columns(t)+" FROM "+r.name(t)+" LIMIT ?", []any{r.wholeRows}, visit)
		if err != nil && out.pass.rows == 0 {
			return seen{}, err
		}
		if out.pass.rows < rows { // the table is larger, or the time was over
			out.rows, out.guessed = r.count(ctx, t, rows)
			out.note = "only its first rows in the order of the key were read"
		}
		return out, nil
	}
	last, sql := int64(math.MinInt64), "SELECT "+r.columns(t)+", "+place+" FROM "+r.name(t)+" WHERE "+place+" > ? ORDER BY "+place+" LIMIT ?"
	for before := int64(-1); before < out.pass.rows && out.pass.rows < r.wholeRows; {
		before = out.pass.rows
		err := r.each(ctx, sql, []any{last, r.blockRows * 10}, func(st *sqlite3.Stmt) error {
			last = st.ColumnInt64(2 * len(t.Columns))
			return visit(st)
		})
		if err != nil {
			return seen{}, err
		}
	}
	out.rows = out.pass.rows // of now: others may have written since the rows were counted
	return out, nil
}

// readBlocks reads blocks of a large table, one from each of as many stretches.
func (r *liteReader) readBlocks(ctx context.Context, t *schema.Table, place string) (seen, error) {
	out := seen{pass: newPass(t, int64(r.blocks)*r.blockRows)}
	low, _, err := r.number(ctx, "SELECT min("+place+") FROM "+r.name(t))
	if err != nil {
		return seen{}, err
	}
	high, _, err := r.number(ctx, "SELECT max("+place+") FROM "+r.name(t))
	if err != nil {
		return seen{}, err
	}
	sql := "SELECT " + r.columns(t) + ", " + place + " FROM " + r.name(t) + " WHERE " + place + " >= ? ORDER BY " + place + " LIMIT ?"
	row := make([]cell, len(t.Columns))
	all := float64(high) - float64(low) + 1
	width, covered := all/float64(r.blocks), 0.0
	next := low
	for i := range r.blocks {
		// Somewhere in its stretch, not at the beginning: values that come round at even distances would be missed.
		room := max(width-float64(r.blockRows), 0)
		from := max(next, between(low, high, (width*float64(i)+room*out.pass.random.Float64())/all))
		if from > high {
			break
		}
		out.pass.broke()
		first, last := int64(0), int64(0)
		n := 0
		err := r.each(ctx, sql, []any{from, r.blockRows}, func(st *sqlite3.Stmt) error {
			last = st.ColumnInt64(2 * len(t.Columns))
			if n == 0 {
				first = last
			}
			n++
			cells(st, t, row)
			out.pass.add(row)
			return nil
		})
		if err != nil {
			return seen{}, err
		}
		if n > 0 && last < math.MaxInt64 {
			next = last + 1
			covered += float64(last) - float64(min(first, from)) + 1
		}
	}
	density := float64(out.pass.rows) / max(covered, 1)
	out.rows, out.guessed = r.count(ctx, t, int64(density*all))
	return out, nil
}

// between is the whole number at a share of the way from low to high, which may lie further apart than an int64 reaches: keys that are
// drawn at random do.
func between(low, high int64, share float64) int64 {
	way := uint64(high) - uint64(low)
	if at := share * float64(way); at < float64(way) {
		way = min(way, uint64(max(at, 0)))
	}
	return int64(uint64(low) + way)
}

// count counts a table's rows, or takes the guess where that takes too long.
func (r *liteReader) count(ctx context.Context, t *schema.Table, guess int64) (rows int64, guessed bool) {
	n, ok, err := r.number(ctx, "SELECT count(*) FROM "+r.name(t))
	if err != nil || !ok {
		return guess, true
	}
	return n, false
}

func (r *liteReader) fanOut(ctx context.Context, f *schema.ForeignKey, p *pass, rows int64, out *FanOut) {
	child := r.name(f.Table)
	var names, filled, equal []string
	for _, c := range f.Columns {
		names = append(names, litesql.Ident(c.Name))
		filled = append(filled, litesql.Ident(c.Name)+" IS NOT NULL")
		equal = append(equal, litesql.Ident(c.Name)+" = ?")
	}
	if rows <= r.groupRows {
		var degrees []degree
		err := r.each(ctx, "SELECT n, count(*) FROM (SELECT count(*) AS n FROM "+child+" WHERE "+strings.Join(filled, " AND ")+" GROUP BY "+
			strings.Join(names, ", ")+") GROUP BY n", nil, func(st *sqlite3.Stmt) error {
			degrees = append(degrees, degree{st.ColumnInt64(0), st.ColumnInt64(1)})
			return nil
		})
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
	count := "SELECT count(*) FROM (SELECT 1 FROM " + child + " WHERE " + strings.Join(equal, " AND ") + " LIMIT " + strconv.Itoa(childrenMax) + ")"
	if !r.searches(ctx, count) {
		out.Unknown = "no index leads with its columns, and to count without one would take too long"
		return
	}
	r.sampleParents(ctx, f, p, count, out)
}

// searches says whether SQLite finds what a query asks by an index.
func (r *liteReader) searches(ctx context.Context, sql string) bool {
	found := false
	err := r.each(ctx, "EXPLAIN QUERY PLAN "+sql, nil, func(st *sqlite3.Stmt) error {
		found = found || strings.HasPrefix(st.ColumnText(3), "SEARCH ")
		return nil
	})
	return err == nil && found
}

// sampleParents counts the children of some parents, drawn evenly over the parents' table, and of those that are the commonest
// in the sample of the children.
func (r *liteReader) sampleParents(ctx context.Context, f *schema.ForeignKey, p *pass, count string, out *FanOut) {
	place := r.place(f.To)
	if place == "" {
		out.Unknown = "the parents' table can't be sampled, and to count all would take too long"
		return
	}
	var names []string
	for _, c := range f.References {
		names = append(names, litesql.Ident(c.Name))
	}
	low, _, err := r.number(ctx, "SELECT min("+place+") FROM "+r.name(f.To))
	high, ok, err2 := r.number(ctx, "SELECT max("+place+") FROM "+r.name(f.To))
	if err != nil || err2 != nil || !ok {
		out.Unknown = "the parents' table can't be sampled, and to count all would take too long"
		return
	}
	until := time.Now().Add(2 * r.statement)
	found := map[int64]int64{}
	looked, with := int64(0), int64(0)
	for i := range parentsLooked {
		from := between(low, high, (float64(i)+p.random.Float64())/parentsLooked)
		var key []any
		err := r.each(ctx, "SELECT "+strings.Join(names, ", ")+" FROM "+r.name(f.To)+" WHERE "+place+" >= ? ORDER BY "+place+" LIMIT 1", []any{from}, func(st *sqlite3.Stmt) error {
			for i := range names {
				key = append(key, held(st, i))
			}
			return nil
		})
		if err != nil || len(key) == 0 || time.Now().After(until) {
			break
		}
		n, _, err := r.number(ctx, count, key...)
		if err != nil {
			break
		}
		looked++
		if n > 0 {
			with++
			found[n]++
		}
	}
	if looked == 0 {
		out.Unknown = "it took too long"
		return
	}
	var degrees []degree
	for children, parents := range found {
		degrees = append(degrees, degree{children, parents})
	}
	out.Sampled = looked
	out.Childless = round(1 - float64(with)/float64(looked))
	out.histogram(degrees)
	r.heaviest(ctx, f, p, count, out)
}

// heaviest counts the children of the parents that are the commonest in the sample of the children: a sample of the parents
// would hardly have met them.
func (r *liteReader) heaviest(ctx context.Context, f *schema.ForeignKey, p *pass, count string, out *FanOut) {
	if len(f.Columns) != 1 {
		return
	}
	var top []int64
	for _, v := range p.columns[slices.Index(f.Table.Columns, f.Columns[0])].heavy.ranked() {
		if len(top) == CommonMax {
			break
		}
		var arg any = v.cell.head
		if n, err := strconv.ParseInt(v.cell.head, 10, 64); err == nil && !math.IsNaN(v.cell.number) {
			arg = n
		}
		n, _, err := r.number(ctx, count, arg)
		if err != nil {
			return
		}
		top = append(top, n)
	}
	top = append(top, out.Top...)
	slices.SortFunc(top, func(a, b int64) int { return cmp.Compare(b, a) })
	out.Top = top[:min(len(top), CommonMax)]
}
