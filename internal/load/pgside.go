package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// A pgSide reads and writes PostgreSQL tables by COPY, inside a transaction that its owner began.
type pgSide struct {
	conn *pgconn.PgConn
}

// pgForms are the settings by which PostgreSQL writes and reads values in the forms of package value.
const pgForms = "SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres'; SET timezone = 'UTC'; SET extra_float_digits = 1; " +
	"SET bytea_output = 'hex'; SET xmloption = content; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0"

func (p *pgSide) exec(ctx context.Context, sql string) error {
	_, err := p.conn.Exec(ctx, sql).ReadAll()
	return err
}

// one runs a query of one value; nil where there is none.
func (p *pgSide) one(ctx context.Context, sql string, args ...string) ([]byte, error) {
	values := make([][]byte, len(args))
	for i, a := range args {
		values[i] = []byte(a)
	}
	r := p.conn.ExecParams(ctx, sql, values, nil, nil, nil).Read()
	if r.Err != nil || len(r.Rows) == 0 {
		return nil, r.Err
	}
	return r.Rows[0][0], nil
}

func (p *pgSide) estimate(ctx context.Context, m *moving) (int64, error) {
	text, err := p.one(ctx, "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = $1::regclass", tableName(m.s, m.table, migrate.Postgres))
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(text), 10, 64)
}

func (p *pgSide) read(ctx context.Context, m *moving, yield func([]any) error) error {
	w := &copyLines{m: m, vals: make([]any, len(m.columns)), yield: yield}
	sql := "COPY (SELECT " + quoteAll(m.columns) + " FROM " + tableName(m.s, m.table, migrate.Postgres) + ") TO STDOUT"
	_, err := p.conn.CopyTo(ctx, w, sql)
	if w.err != nil {
		return w.err
	}
	return err
}

// copyLines takes the lines of COPY TO apart.
type copyLines struct {
	m      *moving
	rest   []byte // of a line that is not whole yet
	fields [][]byte
	vals   []any
	yield  func([]any) error
	err    error
}

func (w *copyLines) Write(b []byte) (int, error) {
	n := len(b)
	for w.err == nil {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			w.rest = append(w.rest, b...)
			return n, nil
		}
		line := b[:end]
		if len(w.rest) > 0 {
			line = append(w.rest, line...)
			w.rest = w.rest[:0]
		}
		w.err = w.row(line)
		b = b[end+1:]
	}
	return 0, w.err
}

func (w *copyLines) row(line []byte) error {
	w.fields = splitCopy(line, w.fields[:0])
	if len(w.fields) != len(w.vals) {
		return fmt.Errorf("PostgreSQL sent %d values for %d columns", len(w.fields), len(w.vals))
	}
	bad := -1
	var why error
	for i, f := range w.fields {
		if f == nil {
			w.vals[i] = nil
			continue
		}
		v, err := value.Parse(w.m.types[i], string(f))
		if err != nil {
			v = string(f)
			if bad < 0 {
				bad, why = i, err
			}
		}
		w.vals[i] = v
	}
	if bad >= 0 {
		return w.m.refuse(bad, w.vals, string(w.fields[bad]), reason(why))
	}
	return w.yield(w.vals)
}

// chunkBytes is what COPY FROM is fed at a time.
const chunkBytes = 1 << 16

func (p *pgSide) write(ctx context.Context, m *moving, source func(func([]any) error) error) error {
	r, w := io.Pipe()
	keys := &recent{}
	ended := make(chan error, 1)
	go func() {
		buf := make([]byte, 0, chunkBytes+1<<12)
		err := source(func(vals []any) error {
			keys.add(m.keyOf(vals))
			if buf = appendCopy(buf, m.types, vals); len(buf) < chunkBytes {
				return nil
			}
			_, err := w.Write(buf)
			buf = buf[:0]
			return err
		})
		if err == nil {
			_, err = w.Write(buf)
		}
		w.CloseWithError(err)
		ended <- err
	}()
	_, err := p.conn.CopyFrom(ctx, r, "COPY "+tableName(m.s, m.table, migrate.Postgres)+" ("+quoteAll(m.columns)+") FROM STDIN")
	r.Close()
	read := <-ended
	switch {
	case read != nil && !errors.Is(read, io.ErrClosedPipe):
		return read
	case err != nil:
		return m.wordCopy(err, keys)
	}
	return nil
}

// A recent remembers the keys of the last rows: PostgreSQL says of a bad row only which it was, when others are on their way.
type recent struct {
	keys [1 << 15]string
	n    int
}

func (r *recent) add(key string) {
	r.keys[r.n%len(r.keys)] = key
	r.n++
}

// at gives the key of the row numbered from 1.
func (r *recent) at(line int) string {
	if line < 1 || line > r.n || line <= r.n-len(r.keys) {
		return ""
	}
	return r.keys[(line-1)%len(r.keys)]
}

// copyPlace is how PostgreSQL says where in a COPY it was.
var copyPlace = regexp.MustCompile(`, line (\d+)(?:, column (.+?): "((?s).*)")?$`)

// wordCopy names the row and column that PostgreSQL refused.
func (m *moving) wordCopy(err error, keys *recent) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	why := pg.Message
	if pg.Detail != "" {
		why += ": " + pg.Detail
	}
	place := copyPlace.FindStringSubmatch(strings.SplitN(pg.Where, "\n", 2)[0])
	if place == nil {
		return errors.New(why)
	}
	line, _ := strconv.Atoi(place[1])
	column, text := place[2], place[3]
	if column == "" {
		column = pg.ColumnName
	}
	if column == "" {
		if key := keys.at(line); key != "" {
			return fmt.Errorf("the row %s: %s", key, why)
		}
		return errors.New(why)
	}
	return &ValueError{Table: m.name(), Column: column, Key: keys.at(line), Value: text, Why: why}
}

// sequence gives the quoted name of the sequence that numbers a column; "" for none.
func (p *pgSide) sequence(ctx context.Context, m *moving, c *schema.Column) (string, error) {
	name, err := p.one(ctx, "SELECT pg_get_serial_sequence($1, $2)", tableName(m.s, m.table, migrate.Postgres), c.Name)
	return string(name), err
}

func (p *pgSide) next(ctx context.Context, m *moving, c *schema.Column) (int64, bool, error) {
	sequence, err := p.sequence(ctx, m, c)
	if err != nil || sequence == "" {
		return 0, false, err
	}
	text, err := p.one(ctx, "SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM "+sequence)
	if err != nil {
		return 0, false, err
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	return n, true, err
}

func (p *pgSide) goOn(ctx context.Context, m *moving, c *schema.Column, next int64) error {
	sequence, err := p.sequence(ctx, m, c)
	if err != nil || sequence == "" {
		return err
	}
	_, err = p.one(ctx, "SELECT setval($1::regclass, $2::bigint, false)", sequence, strconv.FormatInt(max(next, 1), 10))
	return err
}

// check has nothing to look at: foreign keys are made behind the rows, and then looked at by PostgreSQL.
func (p *pgSide) check(context.Context, []*moving) error { return nil }
