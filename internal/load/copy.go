package load

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

// CopyOptions say what is copied.
type CopyOptions struct {
	Schema   *schema.Schema  // the tables to copy, and what the new database is made by; nil for all that the source holds
	Inspect  migrate.Options // how a PostgreSQL source is looked at, without Schema
	Progress func(CopyProgress)
}

// CopyProgress tells how far a copy is. All rows are moved first, then read again on the other side to compare.
type CopyProgress struct {
	Comparing bool
	Table     string
	Rows      int64 // of all tables so far
	Total     int64 // of all tables, about
}

// Copied is what came of a copy.
type Copied struct {
	Schema  *schema.Schema
	Tables  []CopiedTable
	Losses  []migrate.Loss   // what the schema says and the new database can't keep
	Reports []migrate.Report // what the source has and the schema can't say
	Took    time.Duration
}

// A CopiedTable is one that has the same rows on both sides.
type CopiedTable struct {
	Name string
	Rows int64
	Sum  string // a checksum of its values, whatever their order
}

// Differs says that a table is not the same on both sides. Nothing was kept of such a copy.
type Differs struct {
	Table      string
	Rows, Want int64
}

func (d *Differs) Error() string {
	rows := "rows"
	if d.Rows == 1 {
		rows = "row"
	}
	if d.Rows != d.Want {
		return fmt.Sprintf("table %s has %d %s where it was copied to, and %d where it came from; nothing is kept", d.Table, d.Rows, rows, d.Want)
	}
	return fmt.Sprintf("table %s has other values where it was copied to than where it came from; nothing is kept", d.Table)
}

// A ValueError is a value that the new database can't hold.
type ValueError struct {
	Table, Column string
	Key           string // of its row, "id=5"; "" where the table has none
	Value         string // cut short; "" for none
	Why           string
}

func (e *ValueError) Error() string {
	row := ""
	if e.Key != "" {
		row = " of the row " + e.Key
	}
	value := ""
	if e.Value != "" {
		value = ": " + strconv.Quote(e.Value)
	}
	return fmt.Sprintf("table %s, column %s%s%s can't be copied: %s", e.Table, e.Column, row, value, e.Why)
}

// Copy makes a database at the address to of the one at from: schema, rows, the state of what numbers rows. It reads one
// snapshot. The new database holds none of the tables before; PostgreSQL gets everything in one transaction, a SQLite file
// comes to stand under its name when it is whole. Rows are counted and summed up on both sides before anything is kept.
func Copy(ctx context.Context, from, to string, o CopyOptions) (out *Copied, err error) {
	began := time.Now()
	if o.Progress == nil {
		o.Progress = func(CopyProgress) {}
	}
	src, err := openSource(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("the source: %w", err)
	}
	defer func() { err = errors.Join(err, src.close(ctx)) }()
	out = &Copied{Schema: o.Schema}
	if err := src.describe(ctx, o, out); err != nil {
		return nil, fmt.Errorf("the source: %w", err)
	}
	dst, err := openTarget(ctx, to)
	if err != nil {
		return nil, fmt.Errorf("the target: %w", err)
	}
	c := &copying{o: o, src: src.engine(), dst: dst.engine(), out: out}
	if err = c.plan(ctx); err == nil {
		out.Losses, err = dst.db.Fill(ctx, out.Schema, func() error { return c.run(ctx) })
	}
	if err = dst.end(ctx, err); err != nil {
		return nil, err
	}
	out.Took = time.Since(began)
	return out, nil
}

// A side is an engine that rows are read from or written to.
type side interface {
	// estimate says how many rows a table has, about.
	estimate(ctx context.Context, m *moving) (int64, error)
	// read gives every row, each a value for every column of m; the slice is used again.
	read(ctx context.Context, m *moving, yield func(vals []any) error) error
	// write takes the rows that source gives.
	write(ctx context.Context, m *moving, source func(yield func(vals []any) error) error) error
	// next is the number that a column will give its next row; false where it gives none.
	next(ctx context.Context, m *moving, c *schema.Column) (int64, bool, error)
	// goOn sets it.
	goOn(ctx context.Context, m *moving, c *schema.Column, next int64) error
	// check looks at what must hold when all rows are there.
	check(ctx context.Context, tables []*moving) error
}

// A moving table is one on its way.
type moving struct {
	s       *schema.Schema
	table   *schema.Table
	columns []*schema.Column
	types   []schema.Type // beside columns, what values are read as; Unknown where they pass as they are
	asIs    bool          // between databases of one engine: values are moved in its own forms
	key     []int         // places of the primary key's columns
	rows    int64
	sum     sum
}

func (m *moving) name() string { return m.table.Name.String() }

type copying struct {
	o        CopyOptions
	src, dst side
	out      *Copied
	tables   []*moving
	total    int64
	done     int64
	told     *moving // of which table was told last
}

// plan finds the tables and columns to move.
func (c *copying) plan(ctx context.Context) error {
	_, srcLite := c.src.(*liteSide)
	_, dstLite := c.dst.(*liteSide)
	engine := migrate.Postgres
	if dstLite {
		engine = migrate.SQLite
	}
	var unmade map[*schema.Table]string
	if dstLite {
		unmade = migrate.NotOnSQLite(c.out.Schema)
	}
	for _, t := range c.out.Schema.Tables {
		if t.View != nil || len(t.Columns) == 0 || unmade[t] != "" { // Fill tells of the loss
			continue
		}
		m := &moving{s: c.out.Schema, table: t, asIs: srcLite == dstLite}
		for _, col := range t.Columns {
			if isGenerated(col, engine) {
				continue
			}
			if t.Primary != nil && contains(t.Primary.Columns, col) {
				m.key = append(m.key, len(m.columns))
			}
			m.columns = append(m.columns, col)
			if m.asIs {
				m.types = append(m.types, schema.Type{})
			} else {
				m.types = append(m.types, col.Type.WithoutDomains())
			}
		}
		if len(m.columns) == 0 {
			return fmt.Errorf("table %s has no column that can be copied: the new database computes them all", m.name())
		}
		n, err := c.src.estimate(ctx, m)
		if err != nil {
			return fmt.Errorf("table %s: %w", m.name(), err)
		}
		c.total += n
		c.tables = append(c.tables, m)
	}
	return nil
}

func contains(columns []*schema.Column, c *schema.Column) bool {
	for _, x := range columns {
		if x == c {
			return true
		}
	}
	return false
}

// run moves all rows and compares.
func (c *copying) run(ctx context.Context) error {
	for _, m := range c.tables {
		err := c.dst.write(ctx, m, func(yield func([]any) error) error {
			return c.src.read(ctx, m, func(vals []any) error {
				m.rows++
				m.sum.add(m.types, vals)
				c.tell(m, false)
				return yield(vals)
			})
		})
		if err != nil {
			return c.fail(m, err)
		}
		for _, col := range m.columns {
			if col.Identity == schema.NoIdentity {
				continue
			}
			next, ok, err := c.src.next(ctx, m, col)
			if err == nil && ok {
				err = c.dst.goOn(ctx, m, col, next)
			}
			if err != nil {
				return c.fail(m, err)
			}
		}
	}
	if err := c.dst.check(ctx, c.tables); err != nil {
		return err
	}
	c.total, c.done, c.told = c.done, 0, nil
	for _, m := range c.tables {
		if err := c.compare(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (c *copying) compare(ctx context.Context, m *moving) error {
	var rows int64
	var got sum
	err := c.dst.read(ctx, m, func(vals []any) error {
		rows++
		got.add(m.types, vals)
		c.tell(m, true)
		return nil
	})
	if err != nil {
		return c.fail(m, err)
	}
	if rows != m.rows || got != m.sum {
		return &Differs{m.name(), rows, m.rows}
	}
	c.out.Tables = append(c.out.Tables, CopiedTable{m.name(), rows, got.String()})
	return nil
}

// tell reports every thousandth row, and each table's first.
func (c *copying) tell(m *moving, comparing bool) {
	if c.done++; c.done%1000 == 0 || c.told != m {
		c.told = m
		c.o.Progress(CopyProgress{Comparing: comparing, Table: m.name(), Rows: c.done, Total: max(c.total, c.done)})
	}
}

// fail says in which table something went wrong, where the error doesn't say so itself.
func (c *copying) fail(m *moving, err error) error {
	var v *ValueError
	if errors.As(err, &v) {
		return err
	}
	return fmt.Errorf("table %s: %w", m.name(), err)
}

// refuse is the error of a value of a row.
func (m *moving) refuse(i int, vals []any, text, why string) error {
	const most = 100
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return &ValueError{Table: m.name(), Column: m.columns[i].Name, Key: m.keyOf(vals), Value: text, Why: why}
}
