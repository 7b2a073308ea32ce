// Package migrate stands between the schema file and a live database: it inspects what a database holds, writes the
// statements that make a schema from nothing or turn one schema into another, and applies them with a lock and a history.
//
// Catalogs are read by this package itself (pg_catalog; sqlite_schema and pragmas), a fixed number of queries however
// many tables there are.
package migrate

// An Engine is one of the two databases.
type Engine string

const (
	Postgres Engine = "postgres"
	SQLite   Engine = "sqlite"
)

// A Report is something that inspection found and the schema file can't say, or that its reader should know.
type Report struct {
	Object string // "table order", "trigger order.stamp"
	What   string // what it is
	Why    string // why it is not in the file, and what follows from that
	Loud   bool   // a person must see it: data may be open to more people than before
}

func (r Report) String() string { return r.Object + ": " + r.What + ": " + r.Why }

// Options say what to inspect. They are for PostgreSQL; a SQLite file has one schema.
type Options struct {
	Schemas    []string // to serve; "public" where empty
	SearchPath []string // further schemas of the search path; "public" where nil
	MayMiss    bool     // a schema that isn't there is an empty one
}

// StateTable and IncidentTable are, on SQLite, Pintail's own tables that others than this package read: what the database was brought
// to, and what the guard writes down. On PostgreSQL they are the tables state and incident of the schema _pintail.
const (
	StateTable    = ownPrefix + "state"
	IncidentTable = ownPrefix + "incident"
)

// IncidentDDL makes the guard's table on SQLite. An incident is a JSON document; of one subject at most one is open.
const IncidentDDL = "CREATE TABLE IF NOT EXISTS " + IncidentTable + ` (id text NOT NULL PRIMARY KEY, subject text NOT NULL, record text NOT NULL, ended text) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS ` + IncidentTable + "_open ON " + IncidentTable + " (subject) WHERE ended IS NULL"

// ownSchema and ownPrefix hold Pintail's own tables, which no schema file shows.
const (
	ownSchema = "_pintail"
	ownPrefix = "_pintail_"
)
