package main

import (
	"net/url"
	"strings"

	"github.com/pintail-dev/pintail/internal/migrate"
)

// engineOf says which engine a database's address is of.
func engineOf(address string) (migrate.Engine, error) {
	switch {
	case strings.HasPrefix(address, "sqlite:"):
		if address == "sqlite:" {
			return "", usage("the database's address %q names no file: write sqlite:PATH", address)
		}
		if strings.HasPrefix(address, "sqlite://") {
			return "", usage("the database's address %q has slashes that belong to no path: write sqlite:%s", address, strings.TrimPrefix(address, "sqlite://"))
		}
		return migrate.SQLite, nil
	case strings.HasPrefix(address, "postgres://"), strings.HasPrefix(address, "postgresql://"):
		return migrate.Postgres, nil
	}
	if !strings.ContainsAny(address, ":=@") { // so that it holds no password either
		return "", usage("the database's address %q begins with neither sqlite: nor postgres://; for a file write sqlite:%s", address, address)
	}
	return "", usage("the database's address %q begins with neither sqlite: nor postgres://", shown(address))
}

// refusePassword refuses a password in a flag.
func refusePassword(flag, address string) error {
	if hasPassword(address) {
		return usage("%s holds a password, which every user of this machine can see in the list of processes; put it into PINTAIL_DATABASE_URL, PGPASSWORD, ~/.pgpass or pintail.yaml instead", flag)
	}
	return nil
}

// hasPassword says whether a database's address carries one, in front of the host or as a parameter.
func hasPassword(address string) bool {
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		return strings.Contains(address, "password=") && !strings.HasPrefix(address, "sqlite:")
	}
	authority, query, _ := strings.Cut(rest, "?")
	if at := strings.LastIndex(authority, "@"); at >= 0 && strings.Contains(authority[:at], ":") {
		return true
	}
	return strings.Contains(query, "password=")
}

// shown is a database's address as it may be seen: without password and parameters.
func shown(address string) string {
	if strings.HasPrefix(address, "sqlite:") {
		return address
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || u.Opaque != "" {
		return "(an address that can't be read)"
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}
