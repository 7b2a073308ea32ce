// Package plan resolves a query against a schema: names become tables, columns, relations and functions, every value gets
// a type. A Plan is immutable, holds no value of the request that it was made for, and serves every query of its shape;
// dialects turn it into SQL. The package is pure: it knows no HTTP, no SQL and no database.
//
//	p, err := plan.Resolve(q, s, opts)   // names looked up, PGRST2xx faults raised here
//	shape, args := query.Parameterize(q, nil)
//	store.Read(ctx, p, args)             // args[i] meets p.Params[i]
//
// Resolve expects a query that went through query.Parameterize, since a plan refers to values by their place.
package plan

import (
	"slices"

	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Op is what a plan does.
type Op uint8

const (
	Read Op = iota
	Insert
	Update
	Delete
	Call
	Sequence
)

// A Plan is a resolved query.
type Plan struct {
	Op     Op
	Rows   *Select // what comes back: the rows read, or those that a write or call returns; nil for nothing
	Write  *Write  // of Insert, Update, Delete
	Call   *Invocation
	End    query.End
	Key    []*schema.Column // the primary key, where End.Keys
	Params []Param          // by place among the arguments
	Facts  Facts
	Steps  []*Plan // of a Sequence: its members in order, with the Params of the whole; Rows, Write and Call are unset then

	Shape *shape.Shape // what is counted of this plan's runs, by the node that made it; nil elsewhere. The one thing here that changes
}

// ReadsOnly says whether a plan changes nothing, so that Store.Read runs it.
func (p *Plan) ReadsOnly() bool {
	switch p.Op {
	case Read:
		return true
	case Call:
		return p.Call.ReadOnly
	case Sequence:
		return !slices.ContainsFunc(p.Steps, func(s *Plan) bool { return !s.ReadsOnly() })
	}
	return false
}

// RunsFunctions says whether somebody's function may run with a plan on PostgreSQL, which may read the request: for a call, a view, a
// computed column, a domain or a handler, and for any write by a trigger or a default. A read of plain tables runs none.
func (p *Plan) RunsFunctions() bool {
	return !p.ReadsOnly() || p.Facts.Opaque ||
		slices.ContainsFunc(p.Facts.Reads, func(t *schema.Table) bool { return t.View != nil }) ||
		slices.ContainsFunc(p.Facts.Columns, func(c *schema.Column) bool { return c.Type.Domain != nil })
}

// Param is what a plan knows of the value in its place.
type Param struct {
	Use  Use
	Type schema.Type // the type that the text is parsed as, where Use is Literal, Items or Array
}

// Use says how a value meets the plan.
type Use uint8

const (
	Unused  Use = iota
	Literal     // one value of Type
	Items       // a list of values of Type (in, any, all): one array parameter
	Array       // one value of the array type of Type, or a range, or whatever Type says, in PostgreSQL's own syntax
	Pattern     // text of LIKE or a regular expression, or of a text search
	Number      // limit or offset: a non-negative int64
	Key         // a step of a JSON path
	Rows        // JSON: the rows of an insert or update, typed by Write.Columns
	Body        // the body of a call, or one argument of it
	Places      // JSON: to which parent's row each nested row belongs
)

// Facts are what a plan can say of itself without running.
type Facts struct {
	Reads     []*schema.Table  // every table that is read, without repetition
	Writes    []*schema.Table  // every table that is written by the statement itself (not by triggers and cascades)
	Columns   []*schema.Column // every column that is read
	Relations []*schema.Relation
	Bound     []Binding // columns that are bound by equality, per occurrence of a table
	Claims    []string  // claims that the answer depends on
	RowsMax   RowsMax
	Opaque    bool // a function runs, of which nobody knows what it reads and, where it is volatile, writes
}

// A Binding says that an occurrence of a table sees only rows whose Column equals one of the values in Args.
type Binding struct {
	Alias  int // occurrence
	Column *schema.Column
	Args   []int
}

// RowsMax bounds the rows that a plan may answer or write: Fixed rows, times the values of the limits in Args (each at
// least 1), times the rows in the body where Given; unbounded where Unbounded.
type RowsMax struct {
	Unbounded bool
	Fixed     int64
	Args      []int
	Given     bool
}

// A Select is rows of one source.
type Select struct {
	Source  Source
	Args    []CallArg // of a computed relation's function, besides the row
	Alias   int       // number of this occurrence, unique in the plan; dialects name it by that
	Outputs []Output
	Where   Expr // nil for all rows

	Distinct []Operand // one row for each set of values, the first by Order, which begins with these
	Group    []Operand // what rows are grouped by besides the Outputs without an aggregate
	Having   Expr      // of groups; its Measures have no Relation

	Order []Order // already ends with the primary key, or for grouped rows with what they are grouped by. Without an
	// order of the query's own, the rows of an insert stay in the order in which they were given, and those of a function
	// or a computed relation in the order in which it gives them: Order is empty then.
	Limit   *int // place among the arguments
	Offset  *int
	Count   query.CountMode
	Form    query.Form
	Handler *schema.Handler // the aggregate that writes the rows as Form.Media; nil where none does. One of a table takes whole rows, whatever Outputs say
	Grouped bool            // an Output has an Aggregate, or Group is set: the rows are grouped by the Outputs that have none, embeds included
	// The outputs of a to-one spread are those of the nearest Select around it that is none: an aggregate among them makes
	// that one Grouped, not the spread's own, and a count() among them counts the rows that have such a related row.

	// Summary asks for one row about the rows that Where, Distinct, Order, Limit and Offset leave. Its Outputs are aggregates
	// over them, Literals, Nodes, and Nests of these; it is not Grouped.
	Summary bool
}

// A Source is where rows come from: exactly one field is set.
type Source struct {
	Table   *schema.Table
	Written *schema.Table    // the rows that the plan's write returned
	Called  *schema.Function // the rows that the plan's call returned
}

// An Output is one key of the row: a value, an embed, or one of what GraphQL adds (Nest, Literal, Nodes).
type Output struct {
	Key           string
	Value         *Operand     // nil for an Embed, and for count()
	Cast          *schema.Type // before the aggregate
	Aggregate     query.Aggregate
	AggregateCast *schema.Type
	Embed         *Embed
	Type          schema.Type // of the finished value: after path, casts and aggregate; unset where Value and Aggregate are
	Distinct      bool        // the aggregate takes each value once
	More          []Operand   // of Count: the columns that are counted together with Value

	Nest    []Output // an object of its own, of values of this row; never nil where the Output is one
	Literal *string  // a text of the query's own
	Nodes   *Select  // of a Summary: the rows that it is about, with the Summary's Where, Distinct, Order and page on an occurrence of their own
}

// An Operand is a column of an occurrence, or a place inside its JSON.
type Operand struct {
	Alias    int
	Column   *schema.Column   // nil where Computed
	Computed *schema.Function // PostgreSQL: a function of the row
	Args     []CallArg        // its arguments besides the row
	Path     []Step
	Type     schema.Type // of the whole operand: the column's, or with a path jsonb, json or text
}

// A Step is one arrow of a path; its key is an argument.
type Step struct {
	Arg   int
	Index bool // the key is an array index
	Text  bool // ->>
}

// An Embed is related rows inside each row.
type Embed struct {
	Relation *schema.Relation
	Select   *Select
	Inner    bool // drop rows without related ones
	Spread   bool // no key of its own: its outputs become the row's (arrays of them where the relation is to-many)
	Hidden   bool // it filters, but nothing of it is written: rel()
}

// An Order sorts by one operand, of this occurrence or, with Embed, of a to-one relation's.
type Order struct {
	Value     Operand
	Embed     *Embed          // nil for this occurrence
	Via       []Hop           // the way to the occurrence that Value is of; without Embed
	Aggregate query.Aggregate // of Value over the rows that Via leads to, or without Via over the group
	Counts    bool            // Aggregate counts rows: Value is unset
	Type      schema.Type     // of the aggregate
	Direction query.Direction
	Nulls     query.Nulls
}

// A Hop is one relation on a way, and the occurrence that it leads to.
type Hop struct {
	Relation *schema.Relation
	Select   *Select
}

// An Expr is *And, *Or, *Not, Const, *Compare, *Exists, *Embedded or *Measure.
type Expr interface{ isExpr() }

// And, Or, Not and Const are as in package query.
type And struct{ Of []Expr }

// Or is true when one of Of is.
type Or struct{ Of []Expr }

// Not turns an expression round.
type Not struct{ Of Expr }

// Const is true or false of every row.
type Const bool

// Compare holds an operand against an argument or another operand.
type Compare struct {
	Left  Operand
	Op    query.Op
	Any   query.Quantifier
	Arg   int      // place among the arguments; unused where Op is Is or Other is set
	Is    string   // Op Is: null, not_null, true, false, unknown
	Lang  string   // text search configuration
	Other *Operand // instead of Arg

	AsText bool // Left is cast to text first, and Arg is a text
}

// A Measure holds an aggregate against an argument: of the rows that Select yields for a relation, or in Having of the group.
type Measure struct {
	Relation  *schema.Relation // nil in Having
	Select    *Select          // nil in Having
	Aggregate query.Aggregate
	Values    []Operand // what is aggregated; none counts rows
	Distinct  bool
	Type      schema.Type // of the aggregate
	Op        query.Op
	Any       query.Quantifier
	Arg       int
	Is        string // Op Is, as in Compare
}

// Exists is true when the relation has a row that Select yields.
type Exists struct {
	Relation *schema.Relation
	Select   *Select
}

// Embedded is true when an embed of the same Select has rows, or with Null has none.
type Embedded struct {
	Embed *Embed
	Null  bool
}

func (*And) isExpr()      {}
func (*Or) isExpr()       {}
func (*Not) isExpr()      {}
func (Const) isExpr()     {}
func (*Compare) isExpr()  {}
func (*Exists) isExpr()   {}
func (*Embedded) isExpr() {}
func (*Measure) isExpr()  {}

// A Write changes one table.
type Write struct {
	Table    *schema.Table
	Columns  []*schema.Column // what is set, in the order of the rows' keys
	Rows     int              // place of the JSON among the arguments (an array for Insert, one object for Update)
	Default  bool             // a missing key takes the default
	Conflict *Conflict
	Put      Expr    // PUT: the row must match the URL's key
	Alter    []Alter // Update: changes by the old value
	Where    Expr    // Update, Delete
	Alias    int     // number of the written table's occurrence, for Where and Conflict.Where
	Nested   []Nested
}

// An Alter changes a column by its old value.
type Alter struct {
	Column *schema.Column
	How    query.Alteration
	Arg    int
}

// Nested are the rows of a related table that go in with an Insert's. The side that refers takes the other one's key: each of
// Taking is a column of it, paired with the column in Giving of the side that went in before.
type Nested struct {
	Relation *schema.Relation
	Write    *Write           // of the related table; its Rows are those of all parents
	Parents  int              // place of the JSON array that says to which parent's row each belongs
	Before   bool             // they go in before the parents, which take their keys
	Taking   []*schema.Column // also among Columns of the write that takes
	Giving   []*schema.Column
}

// A Conflict says what an insert does with a taken key.
type Conflict struct {
	Columns    []*schema.Column
	Constraint string
	Ignore     bool
	Update     []*schema.Column
	Where      Expr // of the row that is there
}

// An Invocation calls one function.
type Invocation struct {
	Function *schema.Function
	Args     []CallArg // those that are given; the rest take their defaults
	Body     int       // place of the raw body for a single unnamed parameter, or of the object of arguments; -1 for none
	Object   bool      // Body is a JSON object whose keys are the arguments in Args
	Array    bool      // or an array, the first element of which is that object
	ReadOnly bool
	Scalar   bool // the answer is one bare value, or with SetOf an array of them
	Raw      bool // the one value is the whole answer as it is, not JSON: the function returns a domain named like a media type
}

// A CallArg is one argument: values in their places (several for a variadic one), or a key of the body's object.
type CallArg struct {
	Param  *schema.Arg
	Values []int
}

// Options are the settings that planning depends on.
type Options struct {
	Aggregates    bool // allow aggregates (rest.aggregates)
	EmbedDepthMax int  // 0 means 5
}
