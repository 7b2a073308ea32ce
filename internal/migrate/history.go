package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// A Record is one migration in a database's history.
type Record struct {
	Version  string // "0003"
	Name     string
	Checksum string // of the file as it was applied
	Done     int    // statements that ran
	Finished bool
}

// historyTable is where the history stands on each engine.
func (d *Database) historyTable() string {
	if d.Engine == SQLite {
		return identifier(ownPrefix + "migration")
	}
	return ownSchema + ".migration"
}

// History reads which migrations a database has had, in order; none where it never had any.
func (d *Database) History(ctx context.Context) ([]Record, error) {
	there, err := d.hasHistory(ctx)
	if err != nil || !there {
		return nil, err
	}
	rows, err := d.rows(ctx, "SELECT version, name, checksum, CAST(done AS text), CASE WHEN finished_at IS NULL THEN '' ELSE 'y' END FROM "+
		d.historyTable()+" ORDER BY version")
	if err != nil {
		return nil, fmt.Errorf("read the history of migrations: %w", err)
	}
	out := make([]Record, len(rows))
	for i, r := range rows {
		done, _ := strconv.Atoi(r[3])
		out[i] = Record{Version: r[0], Name: r[1], Checksum: r[2], Done: done, Finished: r[4] != ""}
	}
	return out, nil
}

func (d *Database) hasHistory(ctx context.Context) (bool, error) {
	if d.Engine == SQLite {
		rows, err := liteRows(d.Lite, "SELECT 1 FROM sqlite_schema WHERE name = ?1", ownPrefix+"migration")
		return len(rows) > 0, err
	}
	rows, err := d.rows(ctx, "SELECT coalesce(to_regclass('"+ownSchema+".migration')::text, '')")
	return err == nil && rows[0][0] != "", err
}

// makeHistory makes the history's table where it isn't there.
func (d *Database) makeHistory(ctx context.Context) error {
	if there, err := d.hasHistory(ctx); err != nil || there {
		return err
	}
	const columns = ` (version text NOT NULL PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, statements integer NOT NULL,
  done integer NOT NULL, started_at text NOT NULL, finished_at text)`
	if d.Engine == SQLite {
		return d.exec(ctx, "CREATE TABLE IF NOT EXISTS "+d.historyTable()+columns+" STRICT")
	}
	if err := d.exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+ownSchema); err != nil {
		return err
	}
	return d.exec(ctx, "CREATE TABLE IF NOT EXISTS "+d.historyTable()+columns)
}

// mark writes how far a migration has come.
func (d *Database) mark(ctx context.Context, f *File, done int) error {
	finished := "NULL"
	if done == len(f.Statements) {
		finished = d.nowText()
	}
	sql := "INSERT INTO " + d.historyTable() + " (version, name, checksum, statements, done, started_at, finished_at) VALUES ($1, $2, $3, $4, $5, " +
		d.nowText() + ", " + finished + ") ON CONFLICT (version) DO UPDATE SET done = excluded.done, finished_at = excluded.finished_at"
	if d.Engine == SQLite {
		_, err := liteRows(d.Lite, "INSERT INTO "+d.historyTable()+" (version, name, checksum, statements, done, started_at, finished_at) VALUES (?1, ?2, ?3, CAST(?4 AS INTEGER), CAST(?5 AS INTEGER), "+
			d.nowText()+", "+finished+") ON CONFLICT (version) DO UPDATE SET done = excluded.done, finished_at = excluded.finished_at",
			f.Version, f.Name, f.Checksum, strconv.Itoa(len(f.Statements)), strconv.Itoa(done))
		return err
	}
	_, err := d.PG.Exec(ctx, sql, pgx.QueryExecModeExec, f.Version, f.Name, f.Checksum, len(f.Statements), done)
	return err
}

func (d *Database) nowText() string {
	if d.Engine == SQLite {
		return "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
	}
	return `to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

func checksum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
