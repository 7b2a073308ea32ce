package migrate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/schema"
)

// A Database is a connection to either engine, for what reads and changes its structure. It is for one goroutine at a time.
type Database struct {
	Engine Engine
	PG     *pgx.Conn     // nil on SQLite
	Lite   *sqlite3.Conn // nil on PostgreSQL

	defaultSchema string // PostgreSQL's, set by Apply and Sync
}

// Open connects to sqlite:PATH, which is made where it isn't there, or to postgres://….
func Open(ctx context.Context, dsn string) (*Database, error) {
	return open(ctx, dsn, sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE)
}

// OpenExisting is Open, but a SQLite file must be there and is not written.
func OpenExisting(ctx context.Context, dsn string) (*Database, error) {
	return open(ctx, dsn, sqlite3.OPEN_READONLY)
}

func open(ctx context.Context, dsn string, flags sqlite3.OpenFlag) (*Database, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		db, err := sqlite.OpenConn(path, flags)
		for try := 0; errors.Is(err, sqlite3.BUSY) && try < 50; try++ { // another process makes the file just now
			time.Sleep(100 * time.Millisecond)
			db, err = sqlite.OpenConn(path, flags)
		}
		if err != nil {
			return nil, err
		}
		if err := registerConvert(db); err != nil {
			return nil, errors.Join(err, db.Close())
		}
		return &Database{Engine: SQLite, Lite: db}, nil
	}
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return nil, errors.New("a database's address begins with sqlite: or postgres://")
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // definitions have no plan to prepare, and poolers lose prepared ones
	config.RuntimeParams["application_name"] = "pintail migrate"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &Database{Engine: Postgres, PG: conn}, nil
}

// Close ends the connection.
func (d *Database) Close(ctx context.Context) error {
	if d.Engine == SQLite {
		return d.Lite.Close()
	}
	return d.PG.Close(ctx)
}

// Inspect reads what the database holds. It changes nothing.
func (d *Database) Inspect(ctx context.Context, o Options) (*schema.Schema, []Report, error) {
	if d.Engine == SQLite {
		return InspectSQLite(ctx, d.Lite)
	}
	return InspectPostgres(ctx, d.PG, o)
}

// exec runs one statement.
func (d *Database) exec(ctx context.Context, sql string) error {
	if d.Engine == SQLite {
		return d.Lite.Exec(sql)
	}
	_, err := d.PG.Exec(ctx, sql, pgx.QueryExecModeExec)
	return err
}

// rows runs a query whose answer is read as texts; a null is an empty one.
func (d *Database) rows(ctx context.Context, sql string, args ...string) ([][]string, error) {
	if d.Engine == SQLite {
		return liteRows(d.Lite, sql, args...)
	}
	values := []any{pgx.QueryExecModeExec}
	for _, a := range args {
		values = append(values, a)
	}
	rows, err := d.PG.Query(ctx, sql, values...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out [][]string
	for rows.Next() {
		vals, err := rows.Values()
		if err != nil {
			return nil, err
		}
		row := make([]string, len(vals))
		for i, v := range vals {
			if v != nil {
				row[i] = fmt.Sprint(v)
			}
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// tableName quotes a table's name as the engine has it.
func (d *Database) tableName(n schema.Name) string {
	if d.Engine == SQLite {
		return (&liteWriter{}).name(n)
	}
	return (&pgWriter{s: &schema.Schema{Default: d.defaultSchema}}).name(n)
}
