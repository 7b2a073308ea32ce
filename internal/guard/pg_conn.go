package guard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"github.com/pintail-dev/pintail/internal/store/postgres"
)

// dial makes a connection of the guard's own, so that it neither waits for the connections that requests use nor takes one of them. A context
// that ends cancels what runs. Behind a pooler it ends the connection instead (postgres.NeverCancel).
func (p *Postgres) dial(ctx context.Context, application string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(p.config.DSN)
	if err != nil {
		return nil, errors.New("the database's address can't be read") // the error may hold the password
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // nothing is prepared by name: a pooler may stand in between
	config.RuntimeParams["application_name"] = application
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	made := func() {}
	if p.config.Pooled {
		made = postgres.NeverCancel(&config.Config)
	} else {
		config.RuntimeParams["statement_timeout"] = fmt.Sprint(catalogLimit.Milliseconds()) // where nothing else is said
		config.BuildContextWatcherHandler = func(pg *pgconn.PgConn) ctxwatch.Handler {
			return &pgconn.CancelRequestContextWatcherHandler{Conn: pg, DeadlineDelay: 3 * time.Second}
		}
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err == nil {
		made()
	}
	return conn, err
}

// within runs f in a transaction that is rolled back, with a time limit for each statement and an empty search path, so that every
// definition is written with its schemas.
func within(ctx context.Context, conn *pgx.Conn, limit time.Duration, f func(pgx.Tx) error) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer rollback(ctx, tx)
	const set = `SELECT set_config('search_path', '', true), set_config('statement_timeout', $1, true), set_config('lock_timeout', $1, true)`
	if _, err := tx.Exec(ctx, set, fmt.Sprint(limit.Milliseconds())); err != nil {
		return err
	}
	return f(tx)
}

// rollback ends a transaction, whatever became of ctx, and soon, whatever became of the server. Where it fails the connection is of no use.
func rollback(ctx context.Context, tx pgx.Tx) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	return tx.Rollback(ctx)
}

// sqlState is PostgreSQL's code of an error; empty where it isn't PostgreSQL's.
func sqlState(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}
