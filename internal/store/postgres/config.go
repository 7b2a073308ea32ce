// Package postgres runs plans on PostgreSQL 15 and later. It is the Store on pgx's low-level connections: dialect/pgsql
// writes the SQL, this package sends it, in one round trip wherever nothing has to be looked at in between, and hands the
// bytes on as they come.
package postgres

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Config is how to reach a database and what holds there. Its zero values are the defaults of docs/limits.md.
type Config struct {
	DSN string // address in the form of libpq: URL or keywords, TLS and password file included

	Default    string   // PostgreSQL schema of names without one; empty is public
	SearchPath []string // what the database's own functions see, in order; empty is Default

	ConnsMax         int           // default: 4 for each processor, at least 10
	AcquireTimeout   time.Duration // for a free connection; default 10 s
	ConnectTimeout   time.Duration // default 5 s
	StatementTimeout time.Duration // default 5 s; negative for none
	HookTimeout      time.Duration // for each hook of a write; default 1 s
	BodyBytesMax     int           // of one answer; default 32 MiB
	StatementsMax    int           // prepared statements a connection, and plans whose SQL is kept; default 1,000

	// Pooled says that a pooler such as PgBouncer stands before the database and hands a connection from one transaction to
	// the next: nothing is prepared by name, and settings are made anew in each transaction.
	Pooled bool

	Application string // what the server's views call its connections, unless DSN says so; default pintail

	// EstimateMax is the number of rows up to which an estimated count is exact; default 1,000.
	EstimateMax int64
}

func (c Config) withDefaults() Config {
	if c.Default == "" {
		c.Default = "public"
	}
	if len(c.SearchPath) == 0 {
		c.SearchPath = []string{c.Default}
	}
	setDefault(&c.ConnsMax, DefaultConns())
	setDefault(&c.AcquireTimeout, 10*time.Second)
	setDefault(&c.ConnectTimeout, 5*time.Second)
	setDefault(&c.StatementTimeout, 5*time.Second)
	setDefault(&c.HookTimeout, time.Second)
	setDefault(&c.BodyBytesMax, 32<<20)
	setDefault(&c.StatementsMax, 1000)
	setDefault(&c.Application, "pintail")
	return c
}

// DefaultConns is Config.ConnsMax where nothing is said.
func DefaultConns() int { return max(10, 4*runtime.GOMAXPROCS(0)) }

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// settings are what every statement runs under. An acknowledged write is on disk and every value has the one form that
// both engines write, whatever the database or the role says.
func (c Config) settings() [][2]string {
	timeout := max(0, c.StatementTimeout.Milliseconds())
	return [][2]string{
		{"search_path", searchPath(c.SearchPath)},
		{"timezone", "UTC"},
		{"synchronous_commit", "on"},
		{"statement_timeout", strconv.FormatInt(timeout, 10)},
		{"datestyle", "ISO, MDY"},
		{"intervalstyle", "postgres"},
		{"bytea_output", "hex"},
		{"extra_float_digits", "1"},
		// Compiling a statement costs more than any that answers within the time limit can win back.
		{"jit", "off"},
	}
}

// searchPath writes schemas as PostgreSQL's setting has them.
func searchPath(schemas []string) string {
	quoted := make([]string, len(schemas))
	for i, s := range schemas {
		quoted[i] = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return strings.Join(quoted, ", ")
}

// connConfig is what pgx needs to dial.
func (c Config) connConfig() (*pgconn.Config, error) {
	pg, err := pgconn.ParseConfig(c.DSN)
	if err != nil {
		return nil, fmt.Errorf("the database's address: %w", err)
	}
	for name := range pg.RuntimeParams {
		if strings.HasPrefix(name, "pool_") { // of pgxpool: no setting of the server
			delete(pg.RuntimeParams, name)
		}
	}
	if pg.ConnectTimeout == 0 {
		pg.ConnectTimeout = c.ConnectTimeout
	}
	if pg.RuntimeParams["application_name"] == "" {
		pg.RuntimeParams["application_name"] = c.Application
	}
	if !c.Pooled { // a pooler refuses settings that it doesn't know
		for _, kv := range c.settings() {
			pg.RuntimeParams[kv[0]] = kv[1]
		}
	}
	// One message may hold a whole answer.
	pg.MaxProtocolMessageBodyLen = c.BodyBytesMax + 1<<20
	return pg, nil
}
