package query

// An Expr is true or false of a row: *And, *Or, *Not, *Compare, *Embedded, *Exists, *Measure or Const.
// It never errors on a value: a comparison of what can't be compared is refused when the value is parsed, before any SQL.
type Expr interface{ isExpr() }

// And is true when all of Of are; of nothing it is true.
type And struct{ Of []Expr }

// Or is true when one of Of is; of nothing it is false.
type Or struct{ Of []Expr }

// Not turns an expression round; SQL's three-valued logic holds, so not unknown is unknown.
type Not struct{ Of Expr }

// Const is true or false of every row.
type Const bool

// Compare holds a field against a value.
type Compare struct {
	Field Field
	Op    Op
	Any   Quantifier // Any or All over Value.List; None otherwise
	Value Value
	Lang  string // text search configuration, for the fts operators

	// AsText compares the field's text form, that of a cast to text.
	AsText bool

	// Other compares with another column of the same row instead of Value (checks, policies); empty for none.
	Other string
}

// Quantifier holds an operator against a list.
type Quantifier string

const (
	One Quantifier = ""
	Any Quantifier = "any"
	All Quantifier = "all"
)

// Embedded is true when the embed of that name in the same Select has rows (or, with Null, has none).
// REST's rel=not.is.null and rel=is.null.
type Embedded struct {
	Name string // the embed's alias, or its target where it has none
	Null bool
}

// Exists is true when the relation has a row for which Where holds or, in a policy, when any row of Table is one.
type Exists struct {
	Relation string
	Hint     string
	Table    Name // instead of Relation: whatever row of the query's own it is asked of
	Where    Expr
}

// A Measure holds an aggregate against a value: of the rows of a to-many relation, or in a Having of the group.
type Measure struct {
	Relation  string // empty in a Having
	Hint      string
	Where     Expr // which of the relation's rows; nil is all
	Aggregate Aggregate
	Fields    []Field // what is aggregated; none counts rows
	Distinct  bool
	Op        Op
	Any       Quantifier
	Value     Value
}

// An Op compares. Their meaning is PostgreSQL's, on both engines.
type Op string

const (
	Eq          Op = "eq"
	Neq         Op = "neq"
	Gt          Op = "gt"
	Gte         Op = "gte"
	Lt          Op = "lt"
	Lte         Op = "lte"
	Like        Op = "like" // Value holds SQL's pattern: % and _
	ILike       Op = "ilike"
	Match       Op = "match" // POSIX regular expression
	IMatch      Op = "imatch"
	In          Op = "in"         // Value.List
	Is          Op = "is"         // Value.Text: null, not_null, true, false, unknown
	IsDistinct  Op = "isdistinct" // IS DISTINCT FROM
	FTS         Op = "fts"        // to_tsquery
	PLFTS       Op = "plfts"      // plainto_tsquery
	PHFTS       Op = "phfts"      // phraseto_tsquery
	WFTS        Op = "wfts"       // websearch_to_tsquery
	Contains    Op = "cs"         // @>
	Contained   Op = "cd"         // <@
	Overlaps    Op = "ov"         // &&
	StrictLeft  Op = "sl"         // <<
	StrictRight Op = "sr"         // >>
	NotRight    Op = "nxr"        // &<
	NotLeft     Op = "nxl"        // &>
	Adjacent    Op = "adj"        // -|-

	Similar    Op = "similar"        // SIMILAR TO
	HasKey     Op = "haskey"         // jsonb ?
	HasKeysAny Op = "haskeyany"      // jsonb ?|, of Value.List
	HasKeysAll Op = "haskeyall"      // jsonb ?&, of Value.List
	PathExists Op = "jsonpathexists" // jsonb @?, of a jsonpath
	PathMatch  Op = "jsonpathmatch"  // jsonb @@, of a jsonpath
	Labelled   Op = "ltxtquery"      // ltree @, of an ltxtquery
)

// Valid reports whether o is one of the operators above.
func (o Op) Valid() bool { return ops[o] }

func (*And) isExpr()      {}
func (*Or) isExpr()       {}
func (*Not) isExpr()      {}
func (*Compare) isExpr()  {}
func (*Embedded) isExpr() {}
func (*Exists) isExpr()   {}
func (*Measure) isExpr()  {}
func (Const) isExpr()     {}
