package query

import "strconv"

// A Value is what a client sent, as text, to be parsed by the type of the column that it meets. Values don't belong to a
// query's shape.
type Value struct {
	Text   string
	List   []string // instead of Text, where IsList
	Null   bool     // SQL null
	IsList bool
	Claim  string // the name of a claim of the actor's instead of a literal (policies); belongs to the shape

	Arg int // its place among the arguments, set by Parameterize
}

// Text is a single value.
func Text(s string) Value { return Value{Text: s} }

// List is a list of values: of an in list, or under a quantifier.
func List(s []string) Value { return Value{List: s, IsList: true} }

// Int is a number, as limits and offsets want it.
func Int(n int64) *Value { return &Value{Text: strconv.FormatInt(n, 10)} }
