package guard

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// whoTime is how long before it was noticed a drop is looked for in the log of drops: a process may have been down.
	whoTime = 7 * 24 * time.Hour

	// sampleTime is how long ago the last statement of a session that is suspected by its text alone may have begun.
	sampleTime = 10 * time.Second

	// statementMax cuts the text of a statement, in bytes.
	statementMax = 200
)

// droppedSQL finds the latest drop of an index, or of the table that it was on, in the log that the event trigger writes.
const droppedSQL = `SELECT at, who, application, client, statement FROM _pintail.drops
	WHERE at > now() - $4::interval AND application NOT LIKE 'pintail guard%'
		AND (schema_name = $1 AND object_name = $2 AND kind IN ('index', 'table constraint') OR schema_name = $1 AND object_name = $3 AND kind = 'table')
	ORDER BY id DESC LIMIT 1`

// sampledSQL finds a session whose statement, running or its last, names the index or changes the structure of its table.
const sampledSQL = `SELECT coalesce(usename::text, ''), coalesce(application_name, ''), client_addr, query FROM pg_stat_activity
	WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name NOT LIKE 'pintail guard%' AND backend_type = 'client backend'
		AND (state = 'active' OR state_change > now() - $3::interval)
		AND query ~* '\m(drop|alter|reindex|create|truncate)\M'
		AND (strpos(query, $1) > 0 OR strpos(query, $2) > 0)
	ORDER BY strpos(query, $1) > 0 DESC, query_start DESC LIMIT 1`

// Who says who did it: by the log of the event trigger that `apply` makes where the role may; else by a look at what sessions ran just now,
// which is a guess and says so. Empty for unknown.
func (p *Postgres) Who(ctx context.Context, d Drift) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	schema := p.inSchema(d.Index.Table)
	var out string
	age := whoTime
	if d.Kind != Missing && d.Kind != Changed {
		age = sampleTime // an index may have been seen while a DROP INDEX CONCURRENTLY was at it
	}
	// Where there is no log, or it can't be read, the sample is all there is.
	_ = p.look(ctx, catalogLimit, func(tx pgx.Tx) error {
		var at time.Time
		var who, application, statement string
		var client *netip.Prefix
		err := tx.QueryRow(ctx, droppedSQL, schema, d.Index.Name, d.Index.Table.Name, interval(age)).Scan(&at, &who, &application, &client, &statement)
		if err == nil {
			out = person(who, application, client) + " at " + at.UTC().Format("15:04:05 MST") + ": " + definition(statement, d.Index)
		}
		return err
	})
	if out != "" {
		return out
	}
	_ = p.look(ctx, catalogLimit, func(tx pgx.Tx) error {
		var who, application, statement string
		var client *netip.Prefix
		err := tx.QueryRow(ctx, sampledSQL, d.Index.Name, d.Index.Table.Name, interval(sampleTime)).Scan(&who, &application, &client, &statement)
		if err == nil {
			out = "most likely " + person(who, application, client) + ", whose session ran: " + definition(statement, d.Index)
		}
		return err
	})
	return out
}

// definition picks from a text of one or several statements the one that changed the structure: one that drops or alters what is named, else
// the first. Others may hold people's data, and are nobody's business here.
func definition(text string, of Index) string {
	first := ""
	for one := range strings.SplitSeq(text, ";") {
		one = clean(one, statementMax)
		switch {
		case dropping.MatchString(one) && (strings.Contains(one, of.Name) || strings.Contains(one, of.Table.Name)):
			return one
		case first == "" && defining.MatchString(one):
			first = one
		}
	}
	return cmp.Or(first, "a statement that isn't shown")
}

var (
	dropping = regexp.MustCompile(`(?i)^(DROP|ALTER)\b`)
	defining = regexp.MustCompile(`(?i)^(DROP|ALTER|REINDEX|CREATE|TRUNCATE)\b`)
)

func interval(d time.Duration) string { return fmt.Sprintf("%d seconds", int(d.Seconds())) }

// person is a session in words: "alice from 10.0.0.7 by psql".
func person(user, application string, client *netip.Prefix) string {
	out := clean(user, 63)
	if client != nil {
		out += " from " + client.Addr().String()
	}
	if application != "" {
		out += " by " + clean(application, 63)
	}
	return out
}
