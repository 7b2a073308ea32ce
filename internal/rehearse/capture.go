// Package rehearse grows a shadow of a database and replays what production asks, to find the queries that will be slow before
// they are.
//
// It begins with a capture: what production looks like, in a few kilobytes and without its rows. TakeShapes asks the running
// process for the queries, TakeTables the database for the statistics; Write and Read are the file.
package rehearse

import (
	"encoding/json"
	"time"

	"github.com/pintail-dev/pintail/internal/shape"
)

// Format is the version of the capture's file. A file of another one is refused.
const Format = 1

// A Capture is what production looks like, without its rows: of every value only its rank, its length and its place in the
// order leave the database. It is fit for Git: the order of everything is fixed, and each thing has a line of its own.
type Capture struct {
	Format  int       `json:"pintail_capture"` // the constant Format
	Engine  string    `json:"engine"`          // "sqlite" or "postgres"
	Server  string    `json:"server"`          // the engine's version
	Pintail string    `json:"pintail"`         // the program's
	Schema  string    `json:"schema"`          // schema.Schema.Version: a hash of the printed schema file
	Taken   time.Time `json:"taken"`           // UTC, whole seconds
	Tables  []Table   `json:"tables"`          // by name
	Shapes  []Shape   `json:"shapes"`          // by role and label, then id
	Notes   []string  `json:"notes,omitempty"` // what couldn't be found out, in sentences
}

// A Table is what is known of one table's rows. Views and what isn't in the schema file are left out.
type Table struct {
	Name    string   `json:"table"`              // as the schema file names it, "schema.name" outside of its default schema
	Rows    int64    `json:"rows"`               // counted, or the best estimate where Guessed
	Guessed bool     `json:"guessed,omitempty"`  // Rows is an estimate
	Sampled int64    `json:"sampled"`            // rows that were looked at for the columns
	Bytes   int64    `json:"bytes,omitempty"`    // on disk, without indexes; 0 where the engine doesn't say
	Columns []Column `json:"columns,omitempty"`  // in the schema file's order; none of a table that nothing is known of
	FanOuts []FanOut `json:"fan_outs,omitempty"` // of its foreign keys, in the schema file's order
}

// A Column is how the values of one column are spread.
type Column struct {
	Name     string     `json:"column"`
	Nulls    float64    `json:"nulls,omitempty"`    // share of the rows, 0 to 1
	Distinct int64      `json:"distinct"`           // values, by estimate for the whole table
	Grows    [3]float64 `json:"grows"`              // distinct values in the first 25, 50 and 100 % of the rows, as shares of Distinct
	Common   []float64  `json:"common,omitempty"`   // shares of all rows that the commonest values have, falling; at most CommonMax
	Order    float64    `json:"order,omitempty"`    // correlation of the values with the order of the rows on disk, -1 to 1
	Lengths  *Lengths   `json:"lengths,omitempty"`  // of the values as text, in letters
	Spread   []float64  `json:"spread,omitempty"`   // numbers and times: where the 9 deciles lie between the least (0) and the greatest (1) value
	Labels   []float64  `json:"labels,omitempty"`   // enums and booleans: shares of all rows, of each label in the schema file's order; of false and true
	Elements *Lengths   `json:"elements,omitempty"` // of arrays and JSON: elements or keys at the top
}

// Limits of a capture. docs/limits.md has them.
const (
	CommonMax       = 20      // frequencies of a column
	CaptureBytesMax = 8 << 20 // of a file that is read
	ShapesMax       = 500     // the ones that take most time
)

// Lengths are quantiles.
type Lengths struct {
	Min int64 `json:"min"`
	P50 int64 `json:"p50"`
	P95 int64 `json:"p95"`
	Max int64 `json:"max"`
}

// A FanOut says how the rows of one table belong to those of another by a foreign key.
type FanOut struct {
	Columns   []string `json:"columns"` // of the table that refers
	To        string   `json:"to"`      // the table that is referred to
	Parents   int64    `json:"parents"` // rows that could be referred to
	Childless float64  `json:"childless"`
	// Degrees are how many parents have how many children: a histogram over the parents that have any. Its bounds are 1, 2, 3, 4, 6, 8,
	// 12, 16 and so on.
	Degrees []Degree `json:"degrees,omitempty"`
	Top     []int64  `json:"top,omitempty"` // children of those parents that have most, falling; at most CommonMax
	// Together is how often a row on disk is followed by a row of the same parent, where it could be: 1 is always, 0 never.
	Together float64 `json:"together,omitempty"`
	Sampled  int64   `json:"sampled,omitempty"` // parents that were looked at, where not all were
	Unknown  string  `json:"unknown,omitempty"` // why nothing is known: it would have taken too long
}

// A Degree is one bar of a histogram.
type Degree struct {
	Most     int64   `json:"most"`     // children, at most; more than the bar before it
	Parents  float64 `json:"parents"`  // share of all parents with children
	Children float64 `json:"children"` // share of all children
}

// A Shape is a query without its values, and how it is asked.
type Shape struct {
	ID     string          `json:"shape"` // shape.Shape.ID
	Role   string          `json:"role"`
	Label  string          `json:"label"` // for people
	Query  json.RawMessage `json:"query"` // query.Decode reads it
	Opaque bool            `json:"opaque,omitempty"`

	Calls  int64   `json:"calls"`
	Rate   float64 `json:"rate"` // calls a second, since the shape was first seen
	Errors int64   `json:"errors,omitempty"`
	Rows   float64 `json:"rows"` // answered or written by a call, on average
	P50    int64   `json:"p50"`  // microseconds
	P99    int64   `json:"p99"`

	Arguments []Argument `json:"arguments,omitempty"` // in the order of the plan's Params
}

// An Argument is a sketch of the values that came in one place of a shape.
type Argument struct {
	Kind   string `json:"kind"`             // shape.Kind: literal, items, pattern, number, key, data or unused
	Column string `json:"column,omitempty"` // "table.column" that it is compared with; empty where it isn't with one
	Op     string `json:"op,omitempty"`     // the operator of that comparison

	Distinct int64          `json:"distinct,omitempty"` // values, by estimate
	Shares   []float64      `json:"shares,omitempty"`   // of the calls that the hottest values have, falling; at most 10
	Sizes    *shape.Sizes   `json:"sizes,omitempty"`    // letters of a text, items of a list, the limit or offset itself, bytes of JSON
	Letters  *shape.Sizes   `json:"letters,omitempty"`  // of a list's items
	Prefix   *shape.Sizes   `json:"prefix,omitempty"`   // letters of a pattern before its first % or _
	Wild     float64        `json:"wild,omitempty"`     // share of patterns that begin with one
	Examples []ExampleValue `json:"examples,omitempty"` // what stands in this place in the shape's examples
}

// An ExampleValue is one argument in an example: how it lies in the data, without saying what it is.
type ExampleValue struct {
	Kind     string   `json:"kind"`               // shape.Typical, shape.P95 or shape.Hottest
	Rank     int64    `json:"rank"`               // among the values that are asked for, the hottest being 1
	Size     int64    `json:"size,omitempty"`     // as Argument.Sizes
	Matches  *int64   `json:"matches,omitempty"`  // rows of the table for which the comparison holds; nil where nobody looked, or that took too long
	Position *float64 `json:"position,omitempty"` // of a number or time: its place between the column's least (0) and greatest (1) value
	Label    *int     `json:"label,omitempty"`    // of an enum: which of its labels; of a boolean: 0 or 1
}
