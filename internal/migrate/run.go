package migrate

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// RunOptions say how statements are run. The zero value is what `apply` does.
type RunOptions struct {
	AllowDestructive bool          // run steps that lose data
	Baseline         string        // number of a migration: it and those before it are noted as applied, and not run
	Progress         func(string)  // told of each step as it begins
	LockWait         time.Duration // for another migration to end; 1 minute where 0
	LockTimeout      time.Duration // of one statement, before it steps back and lets others pass; 2 s where 0
	LockTries        int           // 20 where 0
	Backup           func() error  // before anything is destroyed
}

func (o RunOptions) withDefaults() RunOptions {
	if o.LockWait == 0 {
		o.LockWait = time.Minute
	}
	if o.LockTimeout == 0 {
		o.LockTimeout = 2 * time.Second
	}
	if o.LockTries == 0 {
		o.LockTries = 20
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o
}

// lockKey is Pintail's advisory lock for migrations: "pintail" in ASCII.
const lockKey = "31640399370479980"

// locked runs f while no other process migrates this database. On PostgreSQL the lock is tried again and again rather
// than waited for: a session that waits holds a snapshot, and CREATE INDEX CONCURRENTLY in the one that has the lock
// would wait for that in turn. On SQLite all of f is one write transaction.
func (d *Database) locked(ctx context.Context, o RunOptions, f func() error) error {
	if d.Engine == SQLite {
		return d.lockedLite(ctx, f)
	}
	deadline := time.Now().Add(o.LockWait)
	for {
		rows, err := d.rows(ctx, "SELECT pg_try_advisory_lock("+lockKey+")::text")
		if err != nil {
			return err
		}
		if rows[0][0] == "true" {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("another process is migrating this database and was not done after %s: try again later, or look for it in pg_stat_activity (application_name is 'pintail migrate')", o.LockWait)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	defer d.rows(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock("+lockKey+")::text")
	if err := f(); err != nil {
		return err
	}
	return d.keepForGuard(ctx)
}

// session sets what every migration's statements need.
func (d *Database) session(ctx context.Context, o RunOptions, searchPath []string) error {
	if d.Engine == SQLite {
		return nil
	}
	quoted := make([]string, len(searchPath))
	for i, s := range searchPath {
		quoted[i] = identifier(s)
	}
	for _, sql := range []string{
		"SET statement_timeout = 0",
		"SET idle_in_transaction_session_timeout = 0",
		"SET standard_conforming_strings = on",
		"SET check_function_bodies = off",
		"SET client_min_messages = warning",
		fmt.Sprintf("SET lock_timeout = %d", o.LockTimeout.Milliseconds()),
		"SET search_path = " + strings.Join(quoted, ", "),
	} {
		if err := d.exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// run executes statements from the one numbered done on. Those that needn't stand alone share one transaction, in which mark
// also runs, told how many are done. On PostgreSQL a transaction that doesn't get its locks in time is tried again.
func (d *Database) run(ctx context.Context, all []Statement, done int, o RunOptions, mark func(done int) error) error {
	if d.Engine == SQLite {
		return d.runLite(all[done:], func() error { return mark(len(all)) })
	}
	for done < len(all) {
		next := done + 1
		for !all[done].Alone && next < len(all) && !all[next].Alone {
			next++
		}
		if err := d.retry(ctx, o, func() error { return d.batch(ctx, all[done:next], func() error { return mark(next) }) }); err != nil {
			return err
		}
		done = next
	}
	if len(all) == 0 {
		return mark(0)
	}
	return nil
}

// retry runs f again, with growing pauses, as long as others hold the locks that it needs.
func (d *Database) retry(ctx context.Context, o RunOptions, f func() error) error {
	pause := 100 * time.Millisecond
	for try := 1; ; try++ {
		err := f()
		var pg *pgconn.PgError
		if err == nil || !errors.As(err, &pg) || pg.Code != "55P03" && pg.Code != "40P01" {
			return err
		}
		if try == o.LockTries {
			return fmt.Errorf("gave up after %d tries, each of which waited %s for a lock that others hold: %w", try, o.LockTimeout, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(pause*2, 5*time.Second)
	}
}

func (d *Database) batch(ctx context.Context, batch []Statement, mark func() error) error {
	if batch[0].Alone {
		if err := d.dropInvalid(ctx, batch[0].SQL); err != nil {
			return err
		}
		if ok, err := d.indexThere(ctx, batch[0].SQL); err != nil || ok {
			return errors.Join(err, mark())
		}
		if err := d.exec(ctx, batch[0].SQL); err != nil {
			return statementError(batch[0].SQL, err)
		}
		return mark()
	}
	if err := d.exec(ctx, "BEGIN"); err != nil {
		return err
	}
	for _, s := range batch {
		if err := d.exec(ctx, s.SQL); err != nil {
			return errors.Join(statementError(s.SQL, err), d.exec(context.WithoutCancel(ctx), "ROLLBACK"))
		}
	}
	if err := mark(); err != nil {
		return errors.Join(err, d.exec(context.WithoutCancel(ctx), "ROLLBACK"))
	}
	return d.exec(ctx, "COMMIT")
}

// statementError says which statement failed.
func statementError(sql string, err error) error {
	first, _, more := strings.Cut(strings.TrimSpace(sql), "\n")
	if more {
		first += " …"
	}
	return fmt.Errorf("%s: %w", first, err)
}

// concurrentIndex finds the index that CREATE INDEX CONCURRENTLY makes and the table that it is on.
var concurrentIndex = regexp.MustCompile(`(?is)^\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?("(?:[^"]|"")+"|[^\s"]+)\s+ON\s+(?:ONLY\s+)?((?:"(?:[^"]|"")+"|[^\s"(]+)(?:\.(?:"(?:[^"]|"")+"|[^\s"(]+))?)`)

// dropInvalid drops what a failed CREATE INDEX CONCURRENTLY of the same name left behind.
func (d *Database) dropInvalid(ctx context.Context, sql string) error {
	rows, err := d.indexRows(ctx, sql)
	if err != nil || len(rows) == 0 || rows[0][1] == "true" {
		return err
	}
	return d.exec(ctx, "DROP INDEX CONCURRENTLY "+rows[0][0])
}

// indexThere says whether a run that was cut short built the index already.
func (d *Database) indexThere(ctx context.Context, sql string) (bool, error) {
	rows, err := d.indexRows(ctx, sql)
	return err == nil && len(rows) > 0 && rows[0][1] == "true" && rows[0][2] == "true", err
}

// indexRows gives an index's quoted name, whether it is valid, and whether it is defined as sql says.
func (d *Database) indexRows(ctx context.Context, sql string) ([][]string, error) {
	m := concurrentIndex.FindStringSubmatch(sql)
	if m == nil {
		return nil, nil
	}
	name := m[1]
	if !strings.HasPrefix(name, `"`) {
		name = strings.ToLower(name)
	}
	name = strings.ReplaceAll(strings.Trim(name, `"`), `""`, `"`)
	return d.rows(ctx, `
		SELECT quote_ident(n.nspname) || '.' || quote_ident(x.relname), i.indisvalid::text, (i.indrelid = to_regclass($2))::text
		FROM pg_index i
			JOIN pg_class x ON x.oid = i.indexrelid
			JOIN pg_namespace n ON n.oid = x.relnamespace
			JOIN pg_class t ON t.oid = i.indrelid
		WHERE x.relname = $1 AND t.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass($2))`, name, m[2])
}

// lockedLite runs f in one write transaction, without foreign keys but with a look at all of them before the commit.
func (d *Database) lockedLite(ctx context.Context, f func() error) (err error) {
	old := d.Lite.SetInterrupt(ctx)
	defer d.Lite.SetInterrupt(old)
	if err := d.Lite.Exec("PRAGMA foreign_keys = OFF"); err != nil {
		return err
	}
	defer func() {
		d.Lite.SetInterrupt(old)
		if !d.Lite.GetAutocommit() {
			err = errors.Join(err, d.Lite.Exec("ROLLBACK"))
		}
		err = errors.Join(err, d.Lite.Exec("PRAGMA legacy_alter_table = OFF"), d.Lite.Exec("PRAGMA foreign_keys = ON"))
	}()
	if err := d.Lite.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	before, err := d.brokenKeys()
	if err != nil {
		return err
	}
	changed := d.Lite.TotalChanges()
	version, err := d.schemaVersion()
	if err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	if err := d.keepIncidents(); err != nil {
		return err
	}
	now, err := d.schemaVersion()
	if err != nil {
		return err
	}
	if now == version && d.Lite.TotalChanges() == changed {
		return nil // nothing was done: nothing is written
	}
	broken, err := d.brokenKeys()
	if err != nil {
		return err
	}
	for _, b := range broken {
		if !slices.Contains(before, b) {
			return fmt.Errorf("%s: nothing was changed", b)
		}
	}
	return d.Lite.Exec("COMMIT")
}

func (d *Database) schemaVersion() (string, error) {
	rows, err := liteRows(d.Lite, "PRAGMA schema_version")
	if err != nil {
		return "", err
	}
	return rows[0][0], nil
}

// runLite runs statements within lockedLite's transaction.
func (d *Database) runLite(all []Statement, mark func() error) error {
	kept := &keeper{db: d.Lite}
	for _, s := range all {
		if err := kept.before(s.SQL); err != nil {
			return err
		}
		if err := d.Lite.Exec(s.SQL); err != nil {
			return statementError(s.SQL, err)
		}
		if err := kept.after(s.SQL); err != nil {
			return err
		}
	}
	return mark()
}

// brokenKeys tells of foreign keys that refer to nothing, one sentence a table and key.
func (d *Database) brokenKeys() ([]string, error) {
	rows, err := liteRows(d.Lite, `SELECT "table", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2`)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = fmt.Sprintf("%s rows of %s refer to rows of %s that are not there", r[2], r[0], r[1])
	}
	return out, nil
}
