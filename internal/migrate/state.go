package migrate

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/schema"
)

// stateTable holds the schema file that a database was last brought to. Engines write expressions their own way, so that a
// check or a default in the catalog can't be held against the file; what the file said before can.
func (d *Database) stateTable() string {
	if d.Engine == SQLite {
		return identifier(ownPrefix + "state")
	}
	return ownSchema + ".state"
}

// lastSchema gives the schema that the database was last brought to; nil where it never was.
func (d *Database) lastSchema(ctx context.Context) (*schema.Schema, string, error) {
	var rows [][]string
	var err error
	if d.Engine == SQLite {
		rows, err = liteRows(d.Lite, "SELECT 1 FROM sqlite_schema WHERE name = ?1", ownPrefix+"state")
	} else {
		rows, err = d.rows(ctx, "SELECT 1 WHERE to_regclass('"+ownSchema+".state') IS NOT NULL")
	}
	if err != nil || len(rows) == 0 {
		return nil, "", err
	}
	rows, err = d.rows(ctx, "SELECT value FROM "+d.stateTable()+" WHERE key = 'schema'")
	if err != nil || len(rows) == 0 {
		return nil, "", err
	}
	s, mistakes := schema.Parse(schema.Source{Name: "the last schema", Text: rows[0][0]})
	if len(mistakes) > 0 {
		return nil, rows[0][0], nil // an older Pintail wrote it; without it only less is noticed
	}
	return s, rows[0][0], nil
}

// keepSchema remembers the schema that the database was brought to.
func (d *Database) keepSchema(ctx context.Context, text string) error {
	const columns = " (key text NOT NULL PRIMARY KEY, value text NOT NULL)"
	if d.Engine == SQLite {
		if err := d.exec(ctx, "CREATE TABLE IF NOT EXISTS "+d.stateTable()+columns+" STRICT"); err != nil {
			return err
		}
		_, err := liteRows(d.Lite, "INSERT INTO "+d.stateTable()+" VALUES ('schema', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value", text)
		return err
	}
	for _, sql := range []string{"CREATE SCHEMA IF NOT EXISTS " + ownSchema, "CREATE TABLE IF NOT EXISTS " + d.stateTable() + columns} {
		if err := d.exec(ctx, sql); err != nil {
			return err
		}
	}
	_, err := d.PG.Exec(ctx, "INSERT INTO "+d.stateTable()+" VALUES ('schema', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value", pgx.QueryExecModeExec, text)
	return err
}

// keepIncidents makes the guard's table on SQLite where the database is one that was brought to a schema.
func (d *Database) keepIncidents() error {
	rows, err := liteRows(d.Lite, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN (?1, ?2)", StateTable, IncidentTable)
	if err != nil || len(rows) != 1 || rows[0][0] != StateTable {
		return err
	}
	return d.Lite.Exec(IncidentDDL)
}
