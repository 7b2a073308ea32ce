package main

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresMin is the oldest PostgreSQL that Pintail runs on, as server_version_num.
const postgresMin = 150000

// lookAtPostgres says whether the database could be reached.
func (d *doctor) lookAtPostgres(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	begin := time.Now()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		why, do := refusal(err)
		d.fail("database", do, "%s %s", shown(address), why)
		return false
	}
	defer conn.Close(context.WithoutCancel(ctx))
	took := time.Since(begin)
	var (
		version, fullVersion                        string
		number                                      int
		fsync, pages, commit, user, encoding, locks string
		super, bypass                               bool
	)
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version'), current_setting('server_version_num')::int, version(),
		current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
		current_user, current_setting('server_encoding'), current_setting('standard_conforming_strings'), rolsuper, rolbypassrls
		FROM pg_roles WHERE rolname = current_user`).Scan(&version, &number, &fullVersion, &fsync, &pages, &commit, &user, &encoding, &locks, &super, &bypass)
	if err != nil {
		d.fail("database", "look at the server's log", "%s answers, but not what it was asked: %v", shown(address), err)
		return false
	}
	if number < postgresMin {
		d.fail("database", "upgrade to PostgreSQL 15 or later", "%s is PostgreSQL %s", shown(address), version)
		return false
	}
	d.ok("database", "%s, PostgreSQL %s, connected in %s", shown(address), version, took.Round(100*time.Microsecond))
	d.lookAtDurability(fsync, pages, commit)
	if encoding != "UTF8" {
		d.fail("encoding", "make a database with ENCODING 'UTF8'", "the database's encoding is %s", encoding)
	}
	switch {
	case super:
		d.warn("role", "CREATE ROLE one that owns just its tables, and connect as it", "%s is a superuser: a mistake anywhere would reach the whole server", user)
	case bypass:
		d.warn("role", "nothing, if it is meant so", "%s passes row-level security by", user)
	default:
		d.ok("role", "%s is no superuser", user)
	}
	d.lookAtRowSecurity(ctx, conn)
	return true
}

func (d *doctor) lookAtDurability(fsync, pages, commit string) {
	switch {
	case fsync != "on":
		d.fail("durability", "set fsync = on in postgresql.conf", "fsync is %s: a power cut can destroy the database", fsync)
	case pages != "on":
		d.fail("durability", "set full_page_writes = on in postgresql.conf", "full_page_writes is %s: a power cut can destroy pages", pages)
	case commit == "off":
		d.warn("durability", "nothing: Pintail sets it on for its own connections", "synchronous_commit is off: other programs' last writes can be lost in a crash")
	default:
		d.ok("durability", "fsync, full_page_writes and synchronous_commit are on")
	}
}

// lookAtRowSecurity warns of tables whose owner meant to hide rows: Pintail's role may see them all.
func (d *doctor) lookAtRowSecurity(ctx context.Context, conn *pgx.Conn) {
	var tables []string
	err := conn.QueryRow(ctx, `SELECT coalesce(array_agg(c.oid::regclass::text ORDER BY c.oid::regclass::text), '{}') FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relrowsecurity AND n.nspname NOT IN ('pg_catalog', 'information_schema')
		AND (pg_get_userbyid(c.relowner) = current_user AND NOT c.relforcerowsecurity
			OR (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user))`).Scan(&tables)
	switch {
	case err != nil:
		d.warn("row security", "look yourself", "it can't be seen: %v", err)
	case len(tables) > 0:
		d.warn("row security", "don't serve them to anyone who mustn't see every row", "this role passes the row-level security of %s by", joined(tables, 5))
	}
}
