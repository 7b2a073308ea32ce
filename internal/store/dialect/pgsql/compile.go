package pgsql

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Options are what SQL depends on beside the plan.
type Options struct {
	Default string // PostgreSQL schema of names without one; empty leaves them to the search path

	// Tables is the schema in which tables without one stand, where that is another than Default: empty copies of them, whose plans
	// the guard looks at.
	Tables string

	// EstimateMax is the number of rows up to which an estimated count is exact; 0 means 1,000.
	EstimateMax int64

	// Fold is a collation of pg_catalog under which all letters have their other case, not only those of ASCII; empty where the
	// database has none.
	Fold string
}

// Compile writes p as SQL. An error means that the plan is broken, never that a request is.
func Compile(p *plan.Plan, o Options) (s Statement, err error) {
	if o.EstimateMax == 0 {
		o.EstimateMax = 1000
	}
	b := newBuilder(o)
	defer func() {
		if r := recover(); r != nil {
			broken, ok := r.(brokenPlan)
			if !ok {
				panic(r)
			}
			err = errors.New("dialect: " + string(broken))
		}
	}()
	switch p.Op {
	case plan.Read:
		b.read(p)
	case plan.Call:
		b.call(p)
	case plan.Insert, plan.Update, plan.Delete:
		b.write(p)
	case plan.Sequence:
		if err := b.sequence(p); err != nil {
			return s, err
		}
	default:
		b.broken("unknown operation %d", p.Op)
	}
	b.out.Binds = b.binds
	return b.out, nil
}

// A builder writes one statement.
type builder struct {
	options Options
	out     Statement
	binds   []Bind
	seen    map[parameter]int
	serial  int

	names   map[int]string       // what an occurrence is called where it isn't t<number>
	selects map[int]*plan.Select // by occurrence, as they are met

	handler  *schema.Handler  // what writes the rows, where Form is Handled
	called   string           // the common table expression of a call's rows
	again    *schema.Table    // the written table, where its rows are read again by the keys that the write left
	inserted bool             // of again: by an insert
	giving   []*schema.Column // what related rows take of the rows that go in

	// returned are the columns that the statement around needs of the rows written, and whether it needs the row as one value.
	returned    []*schema.Column
	returnedRow bool
}

func newBuilder(o Options) *builder {
	return &builder{options: o, called: called, seen: map[parameter]int{}, names: map[int]string{}, selects: map[int]*plan.Select{}}
}

// A brokenPlan is what is wrong with a plan; it is thrown to Compile.
type brokenPlan string

func (b *builder) broken(format string, args ...any) { panic(brokenPlan(fmt.Sprintf(format, args...))) }

// A parameter is a value and the type that it is sent as.
type parameter struct {
	arg  int
	text string // of a constant
	cast string
}

// arg gives the placeholder of an argument. Without a cast PostgreSQL finds its type from what it meets.
func (b *builder) arg(i int, cast string) string {
	return b.placeholder(parameter{arg: i, cast: cast}, Bind{Arg: i})
}

// constant gives the placeholder of a text that belongs to the plan.
func (b *builder) constant(text, cast string) string {
	return b.placeholder(parameter{arg: -1, text: text, cast: cast}, Bind{Arg: -1, Const: text})
}

// placeholder numbers a parameter. The same one keeps its number: what is grouped and what is selected must be
// written alike.
func (b *builder) placeholder(p parameter, bind Bind) string {
	n, ok := b.seen[p]
	if !ok {
		b.binds = append(b.binds, bind)
		n = len(b.binds)
		b.seen[p] = n
	}
	return "$" + strconv.Itoa(n) + p.cast
}

// fresh gives an alias that no other part of the statement has.
func (b *builder) fresh(prefix string) string {
	b.serial++
	return prefix + strconv.Itoa(b.serial)
}

// alias is what an occurrence of a table is called.
func (b *builder) alias(n int) string {
	if name, ok := b.names[n]; ok {
		return name
	}
	return "t" + strconv.Itoa(n)
}

// read writes a plan that only reads.
func (b *builder) read(p *plan.Plan) {
	s := p.Rows
	if s.Source.Table != nil {
		b.out.Schema = b.foreign(s.Source.Table.Name.Schema)
	}
	b.form(s)
	rows, cols := b.rows(s, nil, nil, keyed)
	b.head(cols)
	b.estimate(s)
	if s.Form.Omit {
		b.out.Columns = []Column{Rows}
		b.out.SQL = "SELECT " + tally(s)
		if total := b.total(s); total != "" {
			b.out.Columns = append(b.out.Columns, Total)
			b.out.SQL += ", " + total
		}
		b.out.SQL += " FROM (" + rows + ") AS r"
		return
	}
	total := b.total(s)
	if b.out.Form == GeoJSON || b.out.Form == Handled {
		// One value holds all rows, so that they can't come one by one.
		b.out.Columns = []Column{Rows, Body}
		b.out.SQL = "SELECT count(*), " + b.body()
		if b.out.Form == Handled {
			b.out.Columns = append(b.out.Columns, Status, Headers)
			b.out.SQL += settings
		}
		if total != "" {
			b.out.Columns = append(b.out.Columns, Total)
			b.out.SQL += ", " + total
		}
		b.out.SQL += " FROM (" + rows + ") AS r"
		return
	}
	if s.Count == query.ExactCount && s.Limit == nil && s.Offset == nil {
		b.out.CountRows = true
	}
	if total == "" || b.out.CountRows {
		b.out.SQL = "SELECT " + b.row() + " FROM (" + rows + ") AS r"
		b.out.Columns = []Column{Row}
		return
	}
	b.out.SQL = "SELECT " + total + ", count(*), " + b.body() + " FROM (" + rows + ") AS r"
	b.out.Columns = []Column{Total, Rows, Body}
}

// tally counts the rows of r that are not written. PostgreSQL leaves out columns that nobody reads, but those that may fail are
// computed, so that HEAD answers as GET does.
func tally(s *plan.Select) string {
	if s.Form.Omit && fallible(s) {
		return "count(r.*)"
	}
	return "count(*)"
}

// fallible says whether a value of some row could raise an error: casts, functions of the row and aggregates may.
func fallible(s *plan.Select) bool {
	return slices.ContainsFunc(s.Outputs, func(o plan.Output) bool {
		return o.Cast != nil || o.Aggregate != "" || o.Value != nil && o.Value.Computed != nil || o.Embed != nil && fallible(o.Embed.Select)
	})
}

// foreign gives a schema that isn't the default one.
func (b *builder) foreign(schema string) string {
	if schema == b.options.Default {
		return ""
	}
	return schema
}

func (b *builder) form(s *plan.Select) {
	switch {
	case s.Form.Omit:
		// Nothing is written, in whatever form.
	case s.Handler != nil:
		b.out.Form, b.handler = Handled, s.Handler
	case s.Form.CSV:
		b.out.Form = CSV
	case s.Form.GeoJSON:
		b.out.Form = GeoJSON
	case s.Form.StripNulls:
		b.out.Form = Stripped
	}
}

func (b *builder) head(cols []output) {
	if b.out.Form != CSV {
		return
	}
	keys := make([]string, len(cols))
	for i, c := range cols {
		keys[i] = c.key
	}
	b.out.Head = strings.Join(keys, ",")
}

// csvLine is a row as PostgreSQL writes a composite value, without its parentheses: PostgREST's CSV.
const csvLine = "substr(r.*::text, 2, length(r.*::text) - 2)"

// row writes the row r as it stands in the answer.
func (b *builder) row() string {
	switch b.out.Form {
	case CSV:
		return csvLine
	case Stripped:
		return "json_strip_nulls(row_to_json(r.*))"
	}
	return "row_to_json(r.*)"
}

// body writes all rows r as the finished body; CSV without its head line.
func (b *builder) body() string {
	switch b.out.Form {
	case CSV:
		return "coalesce(string_agg(" + csvLine + ", chr(10)), '')"
	case Stripped:
		return "coalesce(json_strip_nulls(json_agg(r.*)), '[]')"
	case Handled:
		return b.handled("r.*")
	case GeoJSON:
		return "json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(ST_AsGeoJSON(r.*)::json), '[]'))"
	}
	return "coalesce(json_agg(r.*), '[]')"
}

// total writes the exact count, where one was asked for. Without limit and offset it is the number of rows that come
// anyway.
func (b *builder) total(s *plan.Select) string {
	switch s.Count {
	case query.ExactCount:
		if s.Limit == nil && s.Offset == nil {
			return "count(*)"
		}
		return "(SELECT count(*) FROM (" + b.counted(s) + ") AS n)"
	case query.EstimatedCount:
		b.out.CountMax = b.options.EstimateMax
		return "(SELECT count(*) FROM (" + b.counted(s) + " LIMIT " + strconv.FormatInt(b.options.EstimateMax+1, 10) + ") AS n)"
	}
	return ""
}

// estimate adds the statement whose plan tells how many rows there may be.
func (b *builder) estimate(s *plan.Select) {
	if s.Count != query.PlannedCount && s.Count != query.EstimatedCount || s.Source.Table == nil {
		return
	}
	c := newBuilder(b.options)
	sql := c.counted(s)
	b.out.Estimate = &Statement{SQL: sql, Binds: c.binds, Schema: b.out.Schema}
}
