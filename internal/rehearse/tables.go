package rehearse

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

// Limits of reading a live database. docs/limits.md has them.
const (
	parentsLooked = 500
	childrenMax   = 100_000 // of one parent, counted one by one
)

// bounds say what is read whole.
type bounds struct {
	wholeRows    int64 // of a table; of a larger one SQLite reads blocks of blockRows each, PostgreSQL sampledPages
	blockRows    int64
	blocks       int
	wholePages   int64 // PostgreSQL's own measure of a table, before its rows are counted
	sampledPages int64
	groupRows    int64 // of a table whose foreign key is grouped whole; of a larger one parents are sampled

	statement time.Duration // of any one statement; what takes longer is given up, and noted
	all       time.Duration // of all tables together
}

var usual = bounds{wholeRows: 200_000, blockRows: 1_000, blocks: 64, wholePages: 3_000, sampledPages: 1_000, groupRows: 1_000_000,
	statement: 2 * time.Second, all: 3 * time.Minute}

// TableOptions are for TakeTables.
type TableOptions struct {
	Tell func(table string, done, of int) // called before each table; may be nil

	bounds bounds // the zero value is usual
}

// TakeTables reads from a live database how the rows of the schema's tables are spread. It writes nothing, takes no lock that
// a writer would wait for, and ends each statement after two seconds: what it can't find out in that time it leaves open, and
// says so in the notes. Views are left out. The error is of a database that can't be read at all.
func TakeTables(ctx context.Context, db *migrate.Database, s *schema.Schema, o TableOptions) (list []Table, notes []string, err error) {
	if o.bounds == (bounds{}) {
		o.bounds = usual
	}
	var r reader
	if db.Engine == migrate.SQLite {
		r = &liteReader{db: db.Lite, bounds: o.bounds}
	} else {
		r = &pgReader{db: db.PG, s: s, bounds: o.bounds}
	}
	if err := r.begin(ctx); err != nil {
		return nil, nil, err
	}
	tables := slices.DeleteFunc(slices.Clone(s.Tables), func(t *schema.Table) bool { return t.View != nil })
	slices.SortFunc(tables, func(a, b *schema.Table) int { return cmp.Compare(tableName(s, a), tableName(s, b)) })
	rows := map[*schema.Table]int64{}
	passes := map[*schema.Table]*pass{}
	until := time.Now().Add(o.bounds.all)
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	for i, t := range tables {
		if o.Tell != nil {
			o.Tell(tableName(s, t), i, len(tables))
		}
		if time.Now().After(until) {
			note("%s and the tables after it were not read: the time of %v for all of them was over", tableName(s, t), o.bounds.all)
			for _, left := range tables[i:] {
				list = append(list, Table{Name: tableName(s, left), Guessed: true})
			}
			break
		}
		seen, err := r.read(ctx, t)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err != nil {
			note("%s could not be read: %s", tableName(s, t), r.reason(err))
			list = append(list, Table{Name: tableName(s, t), Guessed: true})
			continue
		}
		if seen.note != "" {
			note("%s: %s", tableName(s, t), seen.note)
		}
		rows[t], passes[t] = seen.rows, seen.pass
		out := Table{Name: tableName(s, t), Rows: seen.rows, Guessed: seen.guessed, Sampled: seen.pass.rows, Bytes: seen.bytes}
		for i := range t.Columns {
			out.Columns = append(out.Columns, seen.pass.column(i, seen.rows))
		}
		list = append(list, out)
	}
	for i, t := range tables[:min(len(tables), len(list))] {
		if passes[t] == nil {
			continue
		}
		for n, f := range t.Foreign {
			out := FanOut{To: tableName(s, f.To), Parents: rows[f.To], Together: passes[t].links[n].together()}
			for _, c := range f.Columns {
				out.Columns = append(out.Columns, c.Name)
			}
			if time.Now().After(until) {
				out.Unknown = "the time for all tables was over"
			} else {
				r.fanOut(ctx, f, passes[t], rows[t], &out)
			}
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			list[i].FanOuts = append(list[i].FanOuts, out)
		}
	}
	return list, notes, nil
}

// A reader is one engine's half.
type reader interface {
	begin(ctx context.Context) error
	read(ctx context.Context, t *schema.Table) (seen, error)
	// fanOut fills in how many children the parents have, or why that isn't known.
	fanOut(ctx context.Context, f *schema.ForeignKey, p *pass, rows int64, out *FanOut)
	// reason says why something failed, without a value of any row.
	reason(err error) string
}

// seen is what reading a table gave.
type seen struct {
	rows    int64
	guessed bool
	bytes   int64
	pass    *pass
	note    string
}

// tableName is a table's name in a capture.
func tableName(s *schema.Schema, t *schema.Table) string {
	if t.Name.Schema == "" || t.Name.Schema == s.Default {
		return t.Name.Name
	}
	return t.Name.Schema + "." + t.Name.Name
}

// A degree is how many parents have so many children.
type degree struct{ children, parents int64 }

// histogram fills in what degrees, of all parents with children or of a sample of them, say.
func (f *FanOut) histogram(degrees []degree) {
	slices.SortFunc(degrees, func(a, b degree) int { return cmp.Compare(a.children, b.children) })
	var parents, children float64
	for _, d := range degrees {
		parents += float64(d.parents)
		children += float64(d.parents) * float64(d.children)
	}
	for i, d := range degrees {
		most := barOf(d.children)
		if n := len(f.Degrees); n == 0 || f.Degrees[n-1].Most != most {
			f.Degrees = append(f.Degrees, Degree{Most: most})
		}
		last := &f.Degrees[len(f.Degrees)-1]
		last.Parents += float64(d.parents) / parents
		last.Children += float64(d.parents) * float64(d.children) / children
		if top := degrees[len(degrees)-1-i]; len(f.Top) < CommonMax {
			for range min(top.parents, int64(CommonMax-len(f.Top))) {
				f.Top = append(f.Top, top.children)
			}
		}
	}
	for i := range f.Degrees {
		f.Degrees[i].Parents, f.Degrees[i].Children = round(f.Degrees[i].Parents), round(f.Degrees[i].Children)
	}
}

// barOf is the upper end of the bar that n stands in: 1, 2, 3, 4, 6, 8, 12, 16, …
func barOf(n int64) int64 {
	for bar := int64(1); ; bar *= 2 {
		if n <= bar {
			return bar
		}
		if half := bar + bar/2; bar > 1 && n <= half {
			return half
		}
		if bar > math.MaxInt64/4 {
			return math.MaxInt64
		}
	}
}

// childless is the share of parents without children.
func (f *FanOut) childless(withChildren int64) {
	if f.Parents > 0 {
		f.Childless = round(max(1-float64(withChildren)/float64(f.Parents), 0))
	}
}
