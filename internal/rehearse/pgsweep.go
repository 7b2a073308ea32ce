package rehearse

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// leftBehind finds the databases and schemas that rehearsals left which were killed: of this role, with a rehearsal's name and mark, and no session
// of that rehearsal, nor any other in the database, is there.
const leftBehind = `
WITH mine AS (
	SELECT 'DATABASE' AS kind, datname AS name FROM pg_catalog.pg_database
	WHERE pg_catalog.pg_get_userbyid(datdba) = current_user AND pg_catalog.shobj_description(oid, 'pg_database') = $1
	UNION ALL
	SELECT 'SCHEMA', nspname FROM pg_catalog.pg_namespace
	WHERE pg_catalog.pg_get_userbyid(nspowner) = current_user AND pg_catalog.obj_description(oid, 'pg_namespace') = $1)
SELECT kind, name FROM mine
WHERE name ~ ('^' || $2 || '[0-9a-f]{8}_[0-9]+$') AND NOT EXISTS (
	SELECT FROM pg_catalog.pg_stat_activity a
	WHERE kind = 'DATABASE' AND a.datname = mine.name OR a.application_name = $3 || substr(mine.name, length($2) + 1, 8))`

// sweep drops them. What can't be dropped stays: it keeps no rehearsal from its work.
func (e *pg) sweep(ctx context.Context) {
	rows, err := e.admin.Query(ctx, leftBehind, pgMark, pgPrefix, pgSession)
	if err != nil {
		return
	}
	type left struct{ Kind, Name string }
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[left])
	if err != nil {
		return
	}
	for _, of := range list {
		sql := "DROP DATABASE IF EXISTS " + quoted(of.Name) // without force: a session that came in between keeps it
		if of.Kind == "SCHEMA" {
			sql = "DROP SCHEMA IF EXISTS " + quoted(of.Name) + " CASCADE"
		}
		_ = e.do(ctx, sql)
	}
}
