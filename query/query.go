// Package query is the one form in which everything inside Pintail asks: REST, GraphQL, policies, named queries, hooks,
// rehearsal, cache keys and the guard.
//
// A Query names tables, columns and relations as the schema file does; nothing is resolved yet and nothing is SQL.
// package plan resolves a Query against a schema. Values stay the texts that the client sent: a plan knows the type of
// each and parses it. Parameterize takes the values out of a query: what is left is its shape, by which plans are cached.
//
// One request, as an example: GET /rest/v1/order?select=id,customer(name)&status=eq.open&order=placed_at.desc&limit=5 is
//
//	&Select{
//		From:  Name{Name: "order"},
//		Items: []Item{&Output{Field: Field{Column: "id"}}, &Embed{Target: "customer", Select: &Select{Items: ...}}},
//		Where: &Compare{Field: Field{Column: "status"}, Op: Eq, Value: Text("open")},
//		Order: []Order{{Field: Field{Column: "placed_at"}, Direction: Desc}},
//		Page:  Page{Limit: Int(5)},
//	}
package query

import (
	"slices"
	"strconv"
)

// A Query is *Select, *Insert, *Update, *Delete, *Call or a *Sequence of them.
type Query interface {
	isQuery()
}

// A Name is a table's or function's. An empty Schema is the schema file's default one.
type Name struct {
	Schema string // PostgreSQL schema
	Name   string
}

func (n Name) String() string {
	if n.Schema == "" {
		return n.Name
	}
	return n.Schema + "." + n.Name
}

// A Field is a column, or a place inside a JSON or composite column.
type Field struct {
	Column string
	Path   []Step
}

// A Step is one arrow of a JSON path: -> or, as the last one, ->>.
type Step struct {
	Key    string // the key or the decimal index, as the client wrote it
	Index  bool   // Key is an array index (decimal, possibly negative)
	Text   bool   // ->> rather than ->
	Quoted bool   // Key was quoted, so it is never an index

	Arg int // place of Key among the arguments, set by Parameterize
}

// Select asks for rows. They are written with their keys in the order of Items.
type Select struct {
	From     Name    // the empty Name inside an Embed and in what a write or call returns
	Items    []Item  // what each row holds; empty means no column at all, as in PostgREST's rel()
	Where    Expr    // nil is all rows
	Distinct []Field // of the rows that have the same values here only the first by Order, which begins with these fields
	Group    []Field // rows are grouped by these, besides the Outputs without an aggregate; Where counts before, all else after
	Having   Expr    // which groups: Measures without a relation, and comparisons of what is grouped by
	Order    []Order
	Page     Page
	Count    CountMode
	Form     Form

	// Summary asks for one row about the rows that Where, Distinct, Order and Page leave: Items are Nests of aggregates
	// over them, Literals, and Nodes, which list them. GraphQL's t_aggregate.
	Summary bool
}

// Whole says whether each row holds its columns and nothing else.
func (s *Select) Whole() bool {
	if len(s.Items) != 1 {
		return false
	}
	o, ok := s.Items[0].(*Output)
	return ok && o.Star && o.Aggregate == ""
}

// Form says how the rows are written.
type Form struct {
	StripNulls bool // leave out object keys whose value is null
	CSV        bool // text/csv with a head line instead of JSON
	GeoJSON    bool // one GeoJSON FeatureCollection instead of a list (PostgreSQL with PostGIS only)
	Omit       bool // nothing is written, the rows of the page are only counted (HEAD)

	// Media is the media type in which the database itself writes the rows, by the name of its domain (PostgreSQL only): a function
	// that gives one value of it, or an aggregate. Empty where it doesn't.
	Media string
}

// An Item is *Output, *Embed, *Nest, *Literal or *Nodes.
type Item interface{ isItem() }

// A Nest puts items of the row, no Embeds and Nodes among them, into an object of their own.
type Nest struct {
	Key   string
	Items []Item
}

// A Literal is a constant text of the query's own (GraphQL's __typename). It belongs to the shape.
type Literal struct {
	Key, Text string
}

// Nodes are the rows that a Summary is about, as a list.
type Nodes struct {
	Key   string
	Items []Item
}

// Output is one value of a row; with Star, every column.
type Output struct {
	Star  bool
	Field Field
	Cast  string // PostgreSQL type that the client asks for; empty for none. With Aggregate: the cast before it
	Alias string // the key in the answer; empty means the default (last path key, column, or aggregate)

	Aggregate     Aggregate // empty for none; Count with an empty Field counts rows
	Args          []Arg     // where Field is a function of the row: its arguments besides the row
	AggregateCast string    // cast after the aggregate
	Distinct      bool      // the aggregate takes each value once
	More          []Field   // Count: of several columns together, those after Field
}

// Key is the output's key in the answer: the alias, else the aggregate, else the last key of the path that is no index,
// else the column. Of a Star it means nothing.
func (o *Output) Key() string {
	switch {
	case o.Alias != "":
		return o.Alias
	case o.Aggregate != "":
		return string(o.Aggregate)
	}
	for _, s := range slices.Backward(o.Field.Path) {
		if !s.Index {
			return s.Key
		}
	}
	return o.Field.Column
}

// An Aggregate is the name of an aggregate function.
type Aggregate string

const (
	Count Aggregate = "count"
	Sum   Aggregate = "sum"
	Avg   Aggregate = "avg"
	Min   Aggregate = "min"
	Max   Aggregate = "max"

	Stddev     Aggregate = "stddev"
	StddevPop  Aggregate = "stddev_pop"
	StddevSamp Aggregate = "stddev_samp"
	Variance   Aggregate = "variance"
	VarPop     Aggregate = "var_pop"
	VarSamp    Aggregate = "var_samp"
	BoolAnd    Aggregate = "bool_and"
	BoolOr     Aggregate = "bool_or"
)

// Embed puts related rows into each row.
type Embed struct {
	Target string // relation, table, constraint or column name, looked for in this order
	Hint   string // picks one of several: constraint, column, junction table or relation name
	Alias  string
	Join   Join
	Spread bool  // lift the related row's values into this one
	Args   []Arg // where the relation is a function of the row: its arguments besides the row
	Select *Select
}

// Join says what an Embed does to rows without related ones.
type Join string

const (
	JoinDefault Join = ""      // keep them
	JoinLeft    Join = "left"  // keep them
	JoinInner   Join = "inner" // drop them
)

// An Order sorts by one field, of this table, of a to-one relation, or by an aggregate.
type Order struct {
	Relation  string // an embed's alias or target; empty for this table
	Via       []Hop  // instead of Relation: the relations that lead from this table to the field's, embedded or not
	Field     Field
	Aggregate Aggregate // of the rows of Via's last relation, which is to-many then, or without Via of the group; empty for none
	Direction Direction
	Nulls     Nulls
}

// A Hop is one relation on a way through several.
type Hop struct {
	Relation string
	Hint     string
}

// Direction is ascending unless said otherwise.
type Direction string

const (
	Asc  Direction = ""
	Desc Direction = "desc"
)

// Nulls says where nulls stand; the default is PostgreSQL's: last when ascending, first when descending.
type Nulls string

const (
	NullsDefault Nulls = ""
	NullsFirst   Nulls = "first"
	NullsLast    Nulls = "last"
)

// A Page cuts a list. Nil means absent.
type Page struct {
	Limit  *Value // a non-negative int64 in decimal
	Offset *Value
}

// CountMode says how the total is found.
type CountMode string

const (
	NoCount        CountMode = ""
	ExactCount     CountMode = "exact"
	PlannedCount   CountMode = "planned"   // the engine's estimate
	EstimatedCount CountMode = "estimated" // exact up to rest.max_rows (1,000 if unset), the estimate beyond
)

// Insert adds rows, or with Conflict updates those that are there.
type Insert struct {
	Into      Name
	Columns   []string // what each row sets, in order; none inserts rows of defaults
	Rows      Value    // JSON text: one array of objects
	Default   bool     // a missing key takes the column's default instead of null
	Conflict  *Conflict
	Put       Expr // PUT: the filter of the URL, which must be the whole primary key with Eq; nil otherwise
	Nested    []Nested
	Returning *Select // nil returns nothing
	End       End
}

// Nested are rows of a related table that go in together with an Insert's own: before them where they hold the key that
// those refer to, after them where they refer. Whichever side refers takes the key from the other.
type Nested struct {
	Relation string
	Hint     string
	Insert   *Insert // Into is empty, Returning nil; Rows are those of all the parents together
	Parents  Value   // JSON array of numbers, one for each row of Insert: the parent's row that it belongs to, from 0
}

// Conflict says what to do with a row whose key is taken.
type Conflict struct {
	Columns    []string // of the unique key; empty means the primary key
	Constraint string   // instead of Columns (GraphQL's on_conflict)
	Ignore     bool     // leave the row that is there; otherwise update it
	Update     []string // the columns to update; nil means all that are inserted
	Where      Expr     // on the row that is there: only if it holds the row is updated; nil is always
}

// Update changes the rows that Where picks.
type Update struct {
	Table     Name
	Columns   []string // what is set; none changes nothing and affects no row
	Row       Value    // JSON text: one object
	Default   bool     // a missing key takes the column's default instead of null
	Alter     []Alter  // further changes, which take the column's old value
	Where     Expr
	Returning *Select
	End       End
}

// An Alter changes a column by its old value. A column stands in one Alter or in Columns, not in both.
type Alter struct {
	Column string
	How    Alteration
	Value  Value
}

// An Alteration makes a column's new value of the old one. Null stays null.
type Alteration string

const (
	Increment    Alteration = "inc"            // old + value, of a number
	Append       Alteration = "append"         // old || value, of jsonb
	Prepend      Alteration = "prepend"        // value || old
	DeleteKey    Alteration = "delete_key"     // without the key, or the elements that are this text
	DeleteElem   Alteration = "delete_elem"    // without the element at this place; negative counts from the end
	DeleteAtPath Alteration = "delete_at_path" // without what stands at the path: Value.List
)

// Delete removes the rows that Where picks.
type Delete struct {
	From      Name
	Where     Expr
	Returning *Select
	End       End
}

// Call runs a function or a named query.
type Call struct {
	Function Name
	Args     []Arg    // by name or place; one may stand several times for a variadic parameter
	Body     *Value   // or: the raw body, for JSON objects of arguments and for single unnamed parameters
	BodyType string   // media type of Body, lower case without parameters
	Array    bool     // Body is a JSON array, the first element of which holds the arguments
	ReadOnly bool     // GET and HEAD: the function may not write
	Columns  []string // the arguments to take from Body: columns=, or else the keys of the JSON object; they pick the overload
	Result   *Select  // how its rows are shaped and filtered; From is empty
	End      End
}

// A Sequence asks several things at once. Reads alone see one snapshot; with a write among them, they run in their order
// in one transaction, all of it or none of it, and each sees what the ones before it did. No Sequence stands in another;
// Ends of its members only say what must hold of the member.
type Sequence struct {
	Of       []Query
	Rollback bool // roll back after answering
}

// An Arg is one argument of a function, by the name or, of a parameter that has none, by the place of its parameter.
type Arg struct {
	Name  string
	Place int // instead of Name: from 1
	Value Value
}

// Key is an argument's name, or its place as PostgreSQL writes it: $1.
func (a *Arg) Key() string {
	if a.Place > 0 {
		return "$" + strconv.Itoa(a.Place)
	}
	return a.Name
}

// End says how a write's transaction ends and what must hold for it to commit.
type End struct {
	Rollback    bool   // roll back after answering
	Single      bool   // exactly one row must come back, else PGRST116
	MaxAffected *int64 // more rows than this is PGRST124
	Keys        bool   // report the primary key of the first row (for a Location header)
}

func (*Select) isQuery()   {}
func (*Insert) isQuery()   {}
func (*Update) isQuery()   {}
func (*Delete) isQuery()   {}
func (*Call) isQuery()     {}
func (*Sequence) isQuery() {}

func (*Output) isItem()  {}
func (*Embed) isItem()   {}
func (*Nest) isItem()    {}
func (*Literal) isItem() {}
func (*Nodes) isItem()   {}

// An Actor is who asks.
type Actor struct {
	Role   string            // "admin" passes every policy
	Claims map[string]string // what is known of the caller, for policies
}

// Admin passes every policy.
var Admin = Actor{Role: "admin"}
