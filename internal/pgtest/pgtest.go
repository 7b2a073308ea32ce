//go:build unix

// Package pgtest gives tests a real PostgreSQL: a throwaway cluster in a temporary directory, started once a test
// process, with a fresh database for every test that asks.
//
//	conn, err := pgx.Connect(ctx, pgtest.DSN(t))
//
// The cluster and its directory are gone when the test process has ended, however it ended: a small shell outside the
// process sees its pipe close and cleans up. No TestMain is needed. A test that stops, kills or restarts its server has
// one of its own from [Start].
//
// A cluster listens on loopback and on a socket in its own directory, and trusts whoever connects: don't run the tests
// on a machine that you share with people you don't trust.
//
// Where PostgreSQL is not installed a test fails and says how to install it. Only under -short, which promises to need
// nothing but Go, is it skipped instead.
//
// PINTAIL_TEST_POSTGRES names a server that runs already, as a DSN of a role that may create databases, and saves
// the two seconds of making one.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// existing is the environment variable that names a running server.
const existing = "PINTAIL_TEST_POSTGRES"

var (
	// shared makes the one cluster of a test process. It forgoes fsync: only a machine that loses power would tell.
	shared = sync.OnceValues(func() (func() string, error) {
		if dsn := os.Getenv(existing); dsn != "" {
			return func() string { return dsn }, nil
		}
		s, err := open(Options{FsyncOff: true})
		if err != nil {
			return nil, err
		}
		return s.DSN, nil // holds s: the watchdog's pipe closes when the collector finds nobody who does
	})
	databases atomic.Int64
)

// DSN makes an empty database (UTF-8, locale C) for one test and returns its address. The database is dropped when the
// test ends.
func DSN(t testing.TB) string {
	t.Helper()
	server, err := shared()
	if err != nil {
		giveUp(t, err)
	}
	return database(t, server())
}

// giveUp ends a test that got no server.
func giveUp(t testing.TB, err error) {
	t.Helper()
	if testing.Short() && errors.Is(err, errMissing) {
		t.Skip(err)
	}
	t.Fatal(err)
}

// database makes a database on a server and drops it when the test ends.
func database(t testing.TB, server string) string {
	t.Helper()
	name := fmt.Sprintf("pintail_test_%d_%d", os.Getpid(), databases.Add(1))
	if err := exec(server, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"); err != nil {
		t.Fatalf("make a database for the test: %v", err)
	}
	t.Cleanup(func() {
		if err := exec(server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Logf("drop the test's database: %v", err)
		}
	})
	dsn, err := inDatabase(server, name)
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

// exec runs one statement on a connection of its own.
func exec(dsn, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

// inDatabase is the same server's address with another database in it.
func inDatabase(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return "", fmt.Errorf("%s must be an address of the form postgres://user@host:port/database", existing)
	}
	u.Path = "/" + name
	return u.String(), nil
}
