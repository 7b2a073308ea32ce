package guard

import (
	"context"
	"time"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// An Engine is what the guard needs to know and do on one kind of database. It has connections of its own, never those that serve
// requests, so that it works while all of these are busy. Its methods are safe for concurrent use, and end soon after ctx does.
// Errors are for the log; a client never sees them.
type Engine interface {
	// Declared gives the indexes that a schema makes on this engine, just as Catalog gives them where they are in order:
	// explicit ones, those that stand for primary keys and unique constraints, and foreign keys. What the engine can't have is left out.
	Declared(ctx context.Context, s *schema.Schema) ([]Index, error)

	// Catalog reads the live indexes of the tables that s declares. It is asked every second, and wherever something tells
	// that the catalog has changed; where nothing has, it is cheap (PostgreSQL: 10 ms among 4,000 indexes) and gives the same Version.
	Catalog(ctx context.Context, s *schema.Schema) (*Catalog, error)

	// Explain says what the live database would run a plan on with these arguments, without running it. Where args don't fit the
	// plan (a value that doesn't parse), it explains without values. Where a plan can be chosen with and without looking at the
	// values (PostgreSQL's custom and generic plans), it says both.
	Explain(ctx context.Context, p *plan.Plan, args query.Args) ([]Standing, error)

	// ExplainDeclared is Explain on an empty copy of what s declares, with the live database's statistics as they were when all
	// was well: what a shape would stand on that is seen for the first time while an index is away.
	ExplainDeclared(ctx context.Context, s *schema.Schema, p *plan.Plan, args query.Args) ([]Standing, error)

	// Puts says where else than by its own writes a plan may put rows or values, on the live database, whatever its arguments: by triggers, by actions
	// of foreign keys, by named queries and functions. It may say too much and never too little; its own writes may be among it. Nothing is run.
	Puts(ctx context.Context, p *plan.Plan) ([]Put, error)

	// Rows says how many rows a table has, exactly up to max, about max beyond. It costs no more than reading max rows.
	Rows(ctx context.Context, t schema.Name, max int64) (int64, error)

	// Repair brings one index, or the statistics of its table, to what is declared. It looks again first: another process may have
	// done it, which is no error. It may be cut short at any moment (a kill -9) and called again.
	Repair(ctx context.Context, r Repair) error

	// Who says who may have done it, as far as can be found out now: "alice from 10.0.0.7 by psql: DROP INDEX …". Empty for unknown.
	Who(ctx context.Context, d Drift) string

	// Check looks for damage, quickly or wholly, and tells of each that it finds. It reads a lot, one table after the other.
	Check(ctx context.Context, s *schema.Schema, o CheckOptions, found func(Damage)) error

	// Damaged says whether an error of a statement tells of a damaged file or index, so that Check is worth its cost now.
	Damaged(err error) bool

	// Records is where incidents are kept so that every process on this database sees them.
	Records() Records

	// Capacity is how many statements the store runs at once, for fairness between shapes.
	Capacity() int

	// Close gives the connections back.
	Close() error
}

// An Index is one index, or one foreign key, as declared or as it is there.
type Index struct {
	ID         string      `json:"id"`                   // what it is called in the whole database, the same declared and live: SQLite "name", PostgreSQL "schema.name"; SQLite's for a constraint: "table(a, b)"; a foreign key's begins with "foreign key "
	Name       string      `json:"name"`                 // as a person calls it
	Table      schema.Name `json:"table"`                //
	Columns    []string    `json:"columns"`              // the plain columns among its keys, and what a partial one's condition reads
	Unique     bool        `json:"unique"`               //
	Constraint bool        `json:"constraint"`           // it stands for a primary key or a unique constraint
	Deferrable bool        `json:"deferrable,omitempty"` // of a key: it may be looked at as late as at a transaction's end, and no upsert goes by it
	Definition string      `json:"definition"`           // in one spelling, so that two that mean the same are equal texts; empty where it can't be found out
	Create     string      `json:"-"`                    // of a declared one: the statement that makes it; empty where none can on a table that is there
	Invalid    string      `json:"invalid"`              // of a live one: why the database doesn't use it ("not valid", "not ready"); empty where it is whole
	Refers     string      `json:"refers_to,omitempty"`  // of a foreign key: the table (schema.Name.String) that it refers to; empty for an index
	Leftover   bool        `json:"leftover"`             // of a live one: what an interrupted REINDEX CONCURRENTLY left (_ccnew, _ccold)
}

// A Catalog is what the live database has.
type Catalog struct {
	Version  string          // another one whenever anything below is different, or anything in the schema that can be in a repair's way
	Indexes  []Index         // of the declared tables, and their foreign keys
	Analyzed map[string]bool // by the table's name (schema.Name.String): the planner has statistics of it
	Missing  []schema.Name   // declared tables that aren't there at all
	Applied  *schema.Schema  // what `apply` last brought the database to; nil where it never did
	Hidden   bool            // this role may not read what `apply` left, so that Applied isn't known
	Busy     bool            // `apply` is at work at this moment: what differs may be about to be in order
}

// A Standing is what one plan, with one set of values, stands on.
type Standing struct {
	Indexes []string `json:"indexes"` // Index.ID of each that it reads by, each once, sorted. Not those that a write only keeps up to date
	Scans   []Scan   `json:"scans"`   // whole tables that it reads
	Sorts   int      `json:"sorts"`   // orders, groups and distincts that it sorts for, rather than reading by an index; partial ones aside
}

// A Scan is one whole table read: sequentially, by an index that doesn't narrow, or to build an index for this one statement. Reading in
// an index's order so that a limit ends it early counts as one too; what tells it from a worse one is Sorts.
type Scan struct {
	Table string `json:"table"` // schema.Name.String; empty where the engine doesn't say (a named query's alias)
	Index string `json:"index"` // Index.ID, where it reads the table by one. A partial index that is read whole is no Scan
}

// A Put is where a plan may put rows or values.
type Put struct {
	Table  string // schema.Name.String; empty for any
	Column string // that gets another value; empty where rows go in, or for any
	By     string // in words: "the trigger noted"
}

// A Kind says in which way the database differs from the schema file.
type Kind string

const (
	Missing    Kind = "missing"    // not there
	Invalid    Kind = "invalid"    // there, but the database doesn't use it: a build that failed, or was cut short
	Changed    Kind = "changed"    // another one under the same name
	Corrupt    Kind = "damaged"    // an integrity check found that it doesn't say what its table says
	Unused     Kind = "unused"     // there again, but the plans that stood on it go another way: the planner needs new statistics
	Statistics Kind = "statistics" // the planner knew how values are distributed and doesn't any more
	Extra      Kind = "extra"      // there, but not declared: told of, never touched
	Pending    Kind = "pending"    // declared, but never applied to this database: `pintail schema apply` is the cure
	TableGone  Kind = "table"      // the whole table isn't there: nothing that the guard repairs
)

// noun is what it is, and where, for sentences: "the index x on t", "the foreign key f of t to u".
func (x *Index) noun() string {
	if x.Refers != "" {
		return "the foreign key " + x.Name + " of " + x.Table.String() + " to " + x.Refers
	}
	return "the index " + x.Name + " on " + x.Table.String()
}

// A Drift is one difference.
type Drift struct {
	Kind     Kind   `json:"kind"`
	Index    Index  `json:"index"`          // as declared; of Extra as it is there; of Statistics and TableGone only Table is set, and ID is "statistics of T", "table T"
	Live     *Index `json:"live,omitempty"` // of Invalid and Changed: what is there
	Details  string `json:"details"`        // a sentence, such as what an integrity check said
	Rebuilds bool   `json:"rebuilds"`       // the guard may repair it
}

// A Repair is one thing to be brought in order.
type Repair struct {
	Drift  Drift
	Schema *schema.Schema

	// Progress is told how it goes, at least once a second where the database says so.
	Progress func(Progress)

	// Alive says in the record that the repair goes on. Where a record can be written while the database repairs, it is called every second or
	// oftener; where it can't, other processes find out by that.
	Alive func(context.Context)
}

// Progress is how far a repair is.
type Progress struct {
	Phase string        `json:"phase"`                // "building", "waiting for old transactions", "checking for duplicates"
	Done  float64       `json:"done"`                 // 0 to 1; negative where nobody knows
	Left  time.Duration `json:"left_ns"`              // 0 where nobody knows
	Block string        `json:"blocked_by,omitempty"` // who is in the way, in words: "pid 4711, psql, in a transaction since 03:01:12"
}

// A DuplicatesError is Repair's where rows that are there already keep a unique index from being built.
type DuplicatesError struct{ Found []Duplicate }

func (e *DuplicatesError) Error() string {
	return "rows that a unique index would refuse are there already"
}

// An OrphansError is Repair's where a foreign key is there again, and rows that got in before refer to nothing.
type OrphansError struct{ Found []Duplicate }

func (e *OrphansError) Error() string { return "rows that are there already refer to nothing" }

// A RetryError is Repair's where it is worth trying again soon: a lock wasn't to be had, somebody else is at it.
type RetryError struct {
	Block string // who is in the way; may be empty
	Err   error
}

func (e *RetryError) Error() string {
	if e.Block != "" {
		return "not now: " + e.Err.Error() + "; in the way: " + e.Block
	}
	return "not now: " + e.Err.Error()
}

func (e *RetryError) Unwrap() error { return e.Err }

// A Duplicate is a group of rows with the same key, or whose foreign key refers to the same row that isn't there.
type Duplicate struct {
	Key  string `json:"key"`  // "(sku, shop_id)=(A-17, 3)", each value cut after 64 bytes
	Rows int64  `json:"rows"` // how many have it
}

// CheckOptions say how thoroughly to look.
type CheckOptions struct {
	Full     bool                             // every row against every index, rather than what is cheap
	Tables   []schema.Name                    // these only; all declared ones where empty
	Progress func(done, all int, what string) // tables; may be nil
}

// Damage is something that an integrity check found.
type Damage struct {
	Table  schema.Name `json:"table"`
	Index  string      `json:"index"` // Index.ID where it is an index's, and rebuilding that cures it; empty where the table itself is damaged
	What   string      `json:"what"`  // the engine's own words
	Checks string      `json:"check"` // "quick_check", "integrity_check", "bt_index_check"
}

// Records keep incidents where every process on the database sees them: in Pintail's own tables where `apply` made them, else in a
// file beside a SQLite database, else in memory alone.
type Records interface {
	// Open gives the incident of this subject (Drift.Index.ID) that tells of the same loss as i (Incident.tells), and makes it from i where
	// there is none: of several processes that notice one loss, one makes the record.
	Open(ctx context.Context, i Incident) (Incident, error)

	// Save writes an incident's newer state over the older one, but for what was refused. What has ended stays as it ended.
	Save(ctx context.Context, i Incident) error

	// Add counts more requests as refused because of an incident, whatever its state: each process adds its own. It gives the incident with
	// them; one that isn't kept any more is left alone.
	Add(ctx context.Context, id string, refused int64, shapes []string) (Incident, error)

	// List gives all incidents that are open, and the newest ones that have ended, at most ended of these. The newest stand first.
	List(ctx context.Context, ended int) ([]Incident, error)

	// Where says where they are kept, for people.
	Where() string
}
