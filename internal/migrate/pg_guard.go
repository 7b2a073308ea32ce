package migrate

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// guardSQL makes what the guard keeps in a PostgreSQL database: its incidents, and the log of what was dropped.
var guardSQL = []string{
	`CREATE TABLE IF NOT EXISTS ` + ownSchema + `.incidents (
		id text NOT NULL PRIMARY KEY,
		subject text NOT NULL,
		ended boolean NOT NULL,
		body jsonb NOT NULL
	)`,
	`CREATE UNIQUE INDEX IF NOT EXISTS incidents_open ON ` + ownSchema + `.incidents (subject) WHERE NOT ended`,
	`CREATE TABLE IF NOT EXISTS ` + ownSchema + `.drops (
		id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		at timestamptz NOT NULL,
		kind text NOT NULL,
		schema_name text,
		object_name text,
		who text NOT NULL,
		application text NOT NULL,
		client inet,
		statement text NOT NULL
	)`,
}

// dropsSQL makes the event trigger that writes the log. It never raises: under DROP INDEX CONCURRENTLY an error there leaves the index
// neither dropped nor usable. The log keeps the latest 1,000 entries; a DROP of many things at once writes 100 of them.
var dropsSQL = []string{
	`CREATE OR REPLACE FUNCTION ` + ownSchema + `.note_drop() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $pintail$
	BEGIN
		INSERT INTO ` + ownSchema + `.drops (at, kind, schema_name, object_name, who, application, client, statement)
			SELECT clock_timestamp(), d.object_type, d.schema_name, coalesce(d.object_name, (parse_ident(d.object_identity, false))[1]), session_user,
				coalesce(current_setting('application_name', true), ''), inet_client_addr(), left(current_query(), 1000)
			FROM pg_event_trigger_dropped_objects() AS d
			WHERE d.object_type IN ('index', 'table', 'table constraint', 'materialized view') AND NOT d.is_temporary
				AND d.schema_name IS DISTINCT FROM '` + ownSchema + `'
			LIMIT 100;
		IF FOUND THEN
			DELETE FROM ` + ownSchema + `.drops WHERE id <= (SELECT max(id) FROM ` + ownSchema + `.drops) - 1000;
			PERFORM pg_notify('pintail_drops', '');
		END IF;
	EXCEPTION WHEN OTHERS THEN
		NULL;
	END $pintail$`,
	`CREATE EVENT TRIGGER pintail_drops ON sql_drop EXECUTE FUNCTION ` + ownSchema + `.note_drop()`,
}

// ownsDropsSQL says whether all that the event trigger runs and writes to belongs to the role that makes it, or to a superuser. An event trigger
// runs for everybody, superusers too: what another role owns, that role can change, and would act with their rights.
const ownsDropsSQL = `SELECT (NOT EXISTS (SELECT FROM (
		SELECT nspowner AS owner FROM pg_namespace WHERE nspname = '` + ownSchema + `'
		UNION SELECT relowner FROM pg_class WHERE oid = to_regclass('` + ownSchema + `.drops')
		UNION SELECT p.proowner FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname = '` + ownSchema + `' AND p.proname = 'note_drop'
	) AS o JOIN pg_roles AS r ON r.oid = o.owner WHERE r.rolname <> current_user AND NOT r.rolsuper))::text`

// keepForGuard makes what the guard keeps, where it isn't there yet and `apply` made the tables. Only a superuser, or whom a provider lets, may make an event trigger:
// without one the guard asks the server's activity who did it.
func (d *Database) keepForGuard(ctx context.Context) error {
	rows, err := d.rows(ctx, `SELECT (to_regclass('`+ownSchema+`.state') IS NOT NULL)::text, (to_regclass('`+ownSchema+`.drops') IS NOT NULL AND to_regclass('`+ownSchema+`.incidents_open') IS NOT NULL)::text,
		EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'pintail_drops')::text`)
	if err != nil {
		return err
	}
	if rows[0][0] != "true" {
		return nil
	}
	if rows[0][1] != "true" {
		for _, sql := range guardSQL {
			if err := d.exec(ctx, sql); err != nil {
				return statementError(sql, err)
			}
		}
	}
	if rows[0][2] == "true" {
		return nil
	}
	own, err := d.rows(ctx, ownsDropsSQL)
	if err != nil || own[0][0] != "true" {
		return err
	}
	for _, sql := range dropsSQL {
		err := d.exec(ctx, sql)
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == "42501" {
			return nil
		}
		if err != nil {
			return statementError(sql, err)
		}
	}
	return nil
}
