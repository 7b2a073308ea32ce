package schema

import "strings"

// A Type is a column's, argument's or cast's. Its name is PostgreSQL's own (format_type without modifier), on both engines.
type Type struct {
	Base      Base   // Unknown for a PostgreSQL type that Pintail only passes through
	Name      string // "integer", "text", "order_status"; of the element where Array
	Schema    string // of a user-defined type; empty for built-in ones and the default schema
	Modifier  string // "(10,2)"; empty for none
	Array     bool   // a list of Name
	Enum      *Enum
	Composite *Composite
	Domain    *Domain
	Table     *Table // the row type of a table (a function's argument: a computed column or relation)
}

// Underlying is the type whose values a domain's are, below all domains on each other. Every other type is its own, a list of a
// domain's values too.
func (t Type) Underlying() Type {
	for t.Domain != nil && !t.Array {
		t = t.Domain.Base
	}
	return t
}

// WithoutDomains is Underlying of lists too: a list of a domain's values becomes one of the values below. It is what values of t
// are read as.
func (t Type) WithoutDomains() Type {
	array := t.Array
	for t.Domain != nil {
		t = t.Domain.Base
		array = array || t.Array
	}
	t.Array = array
	return t
}

// Kind is the kind of t's values, or where it is a list of its elements; a domain's is that of the type below it.
func (t Type) Kind() Base {
	if t.Domain == nil {
		return t.Base
	}
	return t.WithoutDomains().Base
}

// Base is the kind of value, for the types that Pintail parses and writes itself.
type Base uint8

const (
	Unknown Base = iota
	Bool
	Int2
	Int4
	Int8
	Float4
	Float8
	Numeric
	Text // text, varchar, char, citext, name: see Type.Name
	UUID
	Date
	Time
	TimeTZ
	Timestamp
	TimestampTZ
	Interval
	JSON
	JSONB
	Bytea
	EnumBase
	CompositeBase
)

// An Enum is a type with a fixed, ordered list of values.
type Enum struct {
	Name    Name
	Type    string // in GraphQL
	Comment string
	Values  []EnumValue

	RenamedFrom string // its name in an earlier file, for Diff
}

// An EnumValue is one label. Its place in the list is its order.
type EnumValue struct {
	Value   string // in the database
	Field   string // in GraphQL
	Comment string

	RenamedFrom string // its label in an earlier file, for Diff
}

// A Scalar is a PostgreSQL type that Pintail passes through as PostgreSQL's own JSON.
type Scalar struct {
	Name    Name
	Type    string // in GraphQL
	Comment string
}

// A Composite is a PostgreSQL row type that is no table.
type Composite struct {
	Name    Name
	Type    string // in GraphQL
	Comment string
	Columns []*Column
}

// A Domain is a PostgreSQL domain. The three functions are its representations (PostgREST, "Domain Representations"):
// casts from and to json and from text that the API goes through.
type Domain struct {
	Name     Name
	Type     string // in GraphQL
	Comment  string
	Base     Type
	NotNull  bool
	Default  string   // SQL, verbatim; empty for none
	Checks   []*Check // verbatim SQL over VALUE
	ToJSON   string   // qualified function names; empty for none
	FromJSON string
	FromText string
}

// String writes the type as PostgreSQL does: name, modifier, brackets.
func (t Type) String() string {
	s := t.Name + t.Modifier
	if before, after, ok := strings.Cut(t.Name, " "); ok && (before == "timestamp" || before == "time") {
		s = before + t.Modifier + " " + after
	}
	if t.Schema != "" {
		s = t.Schema + "." + s
	}
	if t.Array {
		s += "[]"
	}
	return s
}
