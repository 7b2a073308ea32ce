// Package litesql turns plans into SQLite's SQL: a pure function from a plan to statement texts, what is bound where, and how
// each row is written.
//
// Nothing that comes from outside ever stands in the text: values are parameters, names of the schema go through ident.
// What SQLite can't say itself stands in functions (pt_rows, pt_match, …) and collations (pt_numeric, …), which package sqlite
// gives to every connection; their parameters that are no values of the request are bound as pointers (Bind.Spec).
package litesql

import (
	"strconv"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A Plan is a whole plan.Plan for SQLite.
type Plan struct {
	Rows  *Query // a read's, or what a write or call returns; nil for nothing
	Count *Query // how many rows there are without limit and offset; nil where it isn't asked
	Write *Write // of an insert, update or delete
	Call  *Call
	Steps []*Plan // of a Sequence; nothing else is set then
}

// A Query is one SELECT.
type Query struct {
	SQL    string
	Binds  []Bind
	Row    *Row // how a row is written
	Limit  *int // places of the page's values among the arguments, for the top level
	Offset *int
	Strip  bool // leave out keys whose value is null
	CSV    bool
	Omit   bool            // the rows are only counted (HEAD)
	Tables []*schema.Table // for statistics: the tables that are read, the main one first
}

// Bind says what stands in one numbered parameter: ?1 is the first Bind.
type Bind struct {
	As      BindAs
	Arg     int // place among the request's arguments
	Type    schema.Type
	Storage schema.Storage
	Op      query.Op
	Any     query.Quantifier
	Spec    any // As Spec: *Row, *Cast, *Own, *Total, *Tuple or *Enum
}

// BindAs is a way to bind.
type BindAs uint8

const (
	Value    BindAs = iota // the argument, parsed as Type, in the form that Storage has
	Rank                   // an enum's label as its place in the declaration
	List                   // a list of arguments as a JSON array of stored forms
	Ranks                  // a list of an enum's labels as a JSON array of places
	HexList                // a list of byte strings as a JSON array of upper-case hexadecimal
	Matcher                // a pointer to a compiled pattern or patterns: Op and Any say how they are held against the text
	Tester                 // a pointer to a parsed array or document: Op is Contains, Contained or Overlaps
	Alterer                // a pointer to what changes a column's old value: Spec is a query.Alteration
	Number                 // limit or offset
	Key                    // a path's key as text
	Index                  // a path's key as a number
	Spec                   // a pointer to Spec, the same for every request
	Argument               // parameter Arg of the named query that is called
	Keys                   // what a write touched: a JSON array of rowids, or of arrays of primary keys
)

// Limits of SQL that a plan may become.
const sqlBytesMax = 1 << 20

type compiler struct {
	binds []Bind
	err   error
	call  *plan.Invocation
}

// Compile turns p into SQL. Its errors are faults: what SQLite doesn't do yet.
func Compile(p *plan.Plan) (*Plan, error) {
	out := &Plan{}
	var err error
	for i, step := range p.Steps {
		l, err := Compile(step)
		if err != nil {
			return nil, &store.StepError{Step: i, Err: err}
		}
		out.Steps = append(out.Steps, l)
	}
	if p.Rows != nil {
		if out.Rows, err = compileRows(p); err != nil {
			return nil, err
		}
		if p.Rows.Count != query.NoCount {
			if out.Count, err = compileCount(p); err != nil {
				return nil, err
			}
		}
	}
	if p.Write != nil {
		if out.Write, err = compileWrite(p); err != nil {
			return nil, err
		}
	}
	if p.Call != nil {
		if out.Call, err = compileCall(p.Call); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func compileRows(p *plan.Plan) (*Query, error) {
	c := &compiler{call: p.Call}
	s := c.selecting(p.Rows, c.top)
	q := &Query{
		SQL: s.sql(), Row: s.row, Limit: p.Rows.Limit, Offset: p.Rows.Offset,
		Strip: p.Rows.Form.StripNulls, CSV: p.Rows.Form.CSV, Omit: p.Rows.Form.Omit, Tables: p.Facts.Reads,
	}
	q.Binds = c.binds
	return q, c.done(q.SQL)
}

// compileCount counts the rows of all pages.
func compileCount(p *plan.Plan) (*Query, error) {
	c := &compiler{call: p.Call}
	if grouped(p.Rows) || p.Rows.Group != nil || len(p.Rows.Distinct) > 0 {
		all := *p.Rows
		all.Limit, all.Offset, all.Order = nil, nil, nil
		sql := "SELECT count(*) FROM (" + c.selecting(&all, c.top).sql() + ")"
		return &Query{SQL: sql, Binds: c.binds, Tables: p.Facts.Reads}, c.done(sql)
	}
	where := join(c.conditions(p.Rows), " AND ")
	sql := "SELECT count(*) FROM " + c.source(p.Rows)
	if where != "" {
		sql += " WHERE " + where
	}
	q := &Query{SQL: sql, Binds: c.binds, Tables: p.Facts.Reads}
	return q, c.done(sql)
}

// grouped says that a select's rows are groups, by an aggregate of its own or one that is spread into it.
func grouped(p *plan.Select) bool {
	if aggregates(p.Outputs) {
		return true
	}
	for i := range p.Outputs {
		o := &p.Outputs[i]
		if o.Embed != nil && o.Embed.Spread && !o.Embed.Hidden && !o.Embed.Relation.Many && grouped(o.Embed.Select) {
			return true
		}
	}
	return false
}

// done gives the first error, or one for a text that is too long.
func (c *compiler) done(sql string) error {
	if c.err == nil && len(sql) > sqlBytesMax {
		return fault.New(fault.ProgramLimit, "the query is too large")
	}
	return c.err
}

// fail keeps the first error; compilation goes on with nonsense that is never run.
func (c *compiler) fail(err error) string {
	if c.err == nil {
		c.err = err
	}
	return "NULL"
}

// bind adds a parameter and gives its place in the text.
func (c *compiler) bind(b Bind) string {
	c.binds = append(c.binds, b)
	return "?" + strconv.Itoa(len(c.binds))
}

func (c *compiler) spec(v any) string { return c.bind(Bind{As: Spec, Arg: -1, Spec: v}) }

// notYet is the fault of a feature that only PostgreSQL has.
func notYet(what string) error {
	return fault.Newf(fault.NotOnSQLite, "%s are not supported on SQLite yet", what)
}
