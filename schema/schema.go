// Package schema holds what a database is: tables, columns, keys, indexes, relations, types and functions, as the schema
// file declares them (SDL with directives, see docs/schema.md) or as a live database was found.
//
// Parse reads the file and finds its mistakes, Print writes it back, Diff compares two of them. A parsed Schema is
// immutable and safe for concurrent use; every pointer in it (Column.Table, Relation.To, Type.Enum, …) is set.
package schema

import "github.com/pintail-dev/pintail/query"

// Name is a table's, type's or function's name. An empty Schema is the default one.
type Name = query.Name

// A Schema is everything that the schema file says.
type Schema struct {
	Default    string   // PostgreSQL schema of names without one; "public" unless the file says otherwise
	Exposed    []string // PostgreSQL schemas that are served, the first one by default; never empty
	SearchPath []string // further schemas in PostgreSQL's search_path, after the exposed ones
	Engine     string   // "postgres" or "sqlite" where the file can only be served from that one; empty for both
	Title      string   // of the API, from the file's or the schema's comment
	Comment    string

	Tables     []*Table // tables and views
	Enums      []*Enum
	Composites []*Composite
	Domains    []*Domain
	Functions  []*Function
	Handlers   []*Handler

	Version string // changes whenever the meaning changes: a hash of the printed file

	Scalars []*Scalar // PostgreSQL types that Pintail only passes through, with their GraphQL names

	tables    map[Name]*Table
	functions map[Name][]*Function
}

// A Table is a table or a view.
type Table struct {
	Name         Name
	Type         string // the GraphQL type's name
	Comment      string
	Columns      []*Column
	Primary      *Key   // nil where there is none
	Uniques      []*Key // unique constraints, not the primary key
	Checks       []*Check
	Indexes      []*Index
	Foreign      []*ForeignKey // declared here
	Relations    []*Relation   // every way from this table to another, declared and implied
	View         *View         // nil for a table
	WithoutRowID bool          // SQLite
	Strict       bool          // SQLite: made by Pintail (the default of a table in the file) or declared so; false for views
	RenamedFrom  string        // its name in an earlier file, for Diff
	Policies     []*Policy
	Uncached     bool  // what is read from it is never kept in memory
	Enum         bool  // its rows are the values of a GraphQL enum: a text column that is the key, and perhaps one with a comment on it
	Roots        Roots // names in GraphQL other than the default ones

	columns map[string]*Column
}

// A View is what makes a Table a view.
type View struct {
	Materialized                     bool
	Postgres                         string // SELECT of each engine, verbatim; empty where it isn't known
	SQLite                           string
	Insertable, Updatable, Deletable bool
}

// A Column is one column.
type Column struct {
	Table     *Table
	Name      string // in the database and in REST
	Field     string // in GraphQL
	Comment   string
	Type      Type
	NotNull   bool
	Default   *Default   // nil for none
	Generated *Generated // nil for none
	Identity  Identity
	Collate   string  // a collation's name; empty for the engine's own rule
	Storage   Storage // how SQLite stores it; empty is Pintail's own form for the type
	Declared  string  // SQLite's declared type, where imported and not what Pintail would write
	Position  int     // from 0, in the order of the file

	RenamedFrom string // its name in an earlier file, for Diff
}

// Identity is GENERATED … AS IDENTITY, or a serial; on SQLite an INTEGER PRIMARY KEY that numbers itself.
type Identity string

const (
	NoIdentity Identity = ""
	Always     Identity = "ALWAYS"
	ByDefault  Identity = "BY DEFAULT"
)

// A Default is one of: a constant, the moment, a random UUID, or an engine's own expression.
type Default struct {
	Value    *string // constant, as the type's text
	Now      bool
	UUID     bool
	Postgres string // SQL expressions, verbatim
	SQLite   string
}

// Generated is a generated column's expression for each engine, verbatim.
type Generated struct {
	Postgres string
	SQLite   string
	Stored   bool
}

// A Storage is the form in which a SQLite column holds a type, where it isn't Pintail's own (an imported column).
type Storage string

const (
	OwnStorage     Storage = ""          // timestamps as UTC text, numeric as text, booleans 0 and 1, uuid and json text, jsonb JSONB
	StoreNative    Storage = "native"    // any of SQLite's storage classes, as the row has it
	StoreInteger   Storage = "integer"   // numeric or boolean as INTEGER
	StoreReal      Storage = "real"      // numeric as REAL or INTEGER, by the column's affinity
	StoreText      Storage = "text"      // timestamps, json, … as whatever text stands there
	StoreUnix      Storage = "unix"      // timestamps as seconds
	StoreUnixMilli Storage = "unixmilli" // timestamps as milliseconds
	StoreJulian    Storage = "julian"
)

// A Key is a primary key or a unique constraint.
type Key struct {
	Name             string // the constraint's
	Columns          []*Column
	NullsNotDistinct bool
	Deferrable       bool
	Deferred         bool // initially
}

// A Check is a check constraint: an expression of the API's where form, or an engine's own SQL where it isn't expressible.
type Check struct {
	Name     string
	Where    query.Expr
	Postgres string
	SQLite   string
}

// An Index is a secondary index.
type Index struct {
	Name     string
	Table    *Table
	Columns  []IndexColumn
	Include  []*Column
	Unique   bool
	Method   string     // PostgreSQL: btree (empty), gin, gist, …
	Where    query.Expr // partial
	Postgres string     // instead of Columns and Where: the definition, verbatim, where it isn't expressible
	SQLite   string
}

// An IndexColumn is one key of an index.
type IndexColumn struct {
	Column  *Column
	Desc    bool
	Nulls   query.Nulls
	Collate string
	Class   string // PostgreSQL operator class
}

// A ForeignKey is declared by the table that holds the referring columns.
type ForeignKey struct {
	Name       string
	Table      *Table
	Columns    []*Column
	To         *Table
	References []*Column // paired with Columns
	OnDelete   string    // NO ACTION (empty), RESTRICT, CASCADE, SET NULL, SET DEFAULT
	OnUpdate   string
	Deferrable bool
	Deferred   bool // initially
}

// A Relation is a way from a row of one table to rows of another.
type Relation struct {
	Name       string // the field's; empty where nobody declared it: the other end of a foreign key, or a junction found by rule
	Comment    string
	From, To   *Table
	Many       bool        // to-many: an array
	Columns    []*Column   // of From
	References []*Column   // paired: of To, or of Through.Table where there is a junction
	Through    *Through    // many-to-many
	Constraint string      // the foreign key's name; empty where there is none
	Foreign    *ForeignKey // nil where there is none
	Inverse    bool        // From is the referred table
	Computed   *Function   // PostgreSQL: a function from From's row; Columns are empty then
	Optional   bool        // to-one: there may be no row
}

// Through is the junction table of a many-to-many relation.
type Through struct {
	Table                        *Table
	Columns                      []*Column // of the junction, paired with References: toward To
	References                   []*Column // of To
	FromConstraint, ToConstraint string
}

// A Function is a database function of PostgreSQL or a named query.
type Function struct {
	Name     Name
	Field    string // in GraphQL
	Computed string // as a field of the table whose row it takes; empty for Field, where it takes nothing else
	Comment  string
	Args     []Arg
	Returns  Returns
	Volatile bool              // may write
	Stable   bool              // STABLE rather than IMMUTABLE, where not Volatile
	Variadic bool              // the last argument
	Settings map[string]string // SET clauses that are hoisted to the transaction
	Postgres string            // CREATE OR REPLACE FUNCTION …, verbatim; empty where it isn't known

	Query    *NamedQuery // nil for a database function
	Policies []*Policy   // CALL
}

// An Arg is one parameter of a function.
type Arg struct {
	Name     string // may be empty: unnamed
	Field    string // in GraphQL; for an unnamed one its place, _1
	Comment  string
	Type     Type
	NotNull  bool // named queries: null is refused
	Optional bool // has a default
	Variadic bool

	Default *string // named queries: the value that is taken where none is given, as the type's text; nil is null
}

// Returns is what a function gives.
type Returns struct {
	Void   bool
	SetOf  bool
	One    bool      // SETOF, but declared ROWS 1: at most one row
	Type   Type      // a scalar or composite
	Table  *Table    // rows of that table; Type is unset
	Out    []*Column // RETURNS TABLE(…) and OUT parameters; Type and Table are unset
	Record bool      // an anonymous record: whatever comes

	Field   string // the GraphQL type's name, where Out
	NotNull bool   // named queries: there is always a value (for SetOf: no value of the list is null)
}

// A NamedQuery is the SQL of queries/*.sql for each engine; parameters are :name.
type NamedQuery struct {
	Postgres, SQLite string
	Writes           bool
}

// TableNamed gives a table or view.
func (s *Schema) TableNamed(n Name) (*Table, bool) {
	t, ok := s.tables[s.qualify(n)]
	return t, ok
}

// FunctionsNamed gives all overloads of a function.
func (s *Schema) FunctionsNamed(n Name) []*Function { return s.functions[s.qualify(n)] }

// qualify leaves out the default schema, so that one table has one key.
func (s *Schema) qualify(n Name) Name {
	if n.Schema == s.Default {
		n.Schema = ""
	}
	return n
}

// Column gives a column by its name in the database.
func (t *Table) Column(name string) (*Column, bool) {
	c, ok := t.columns[name]
	return c, ok
}

// Link builds the look-up tables, sets back references and derives the relations that nobody declared; whoever builds or changes a Schema by hand calls it last.
func (s *Schema) Link() {
	s.tables = make(map[Name]*Table, len(s.Tables))
	for _, t := range s.Tables {
		s.tables[s.qualify(t.Name)] = t
		t.columns = make(map[string]*Column, len(t.Columns))
		for i, c := range t.Columns {
			c.Table, c.Position = t, i
			t.columns[c.Name] = c
		}
	}
	s.functions = make(map[Name][]*Function, len(s.Functions))
	for _, f := range s.Functions {
		s.functions[s.qualify(f.Name)] = append(s.functions[s.qualify(f.Name)], f)
	}
	s.linkRelations()
}
