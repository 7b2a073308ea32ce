package migrate

import (
	"regexp"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

var (
	quotedLiteral = regexp.MustCompile(`^'((?:[^']|'')*)'(?:::(.+))?$`)
	numberLiteral = regexp.MustCompile(`^\(?(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\)?(?:::[a-z0-9 ]+(?:\([\d,]+\))?)?$`)
	nullLiteral   = regexp.MustCompile(`^NULL(?:::.+)?$`)
)

// postgresDefault reads an expression as pg_get_expr writes it (with an empty search path): a constant, the moment, a
// random UUID, or what it is verbatim. A default of NULL is none.
func postgresDefault(sql string, t schema.Type) *schema.Default {
	switch sql {
	case "now()", "CURRENT_TIMESTAMP", "transaction_timestamp()":
		if isTime(t) {
			return &schema.Default{Now: true}
		}
	case "CURRENT_DATE":
		if t.Base == schema.Date {
			return &schema.Default{Now: true}
		}
	case "gen_random_uuid()", "pg_catalog.gen_random_uuid()":
		if t.Base == schema.UUID {
			return &schema.Default{UUID: true}
		}
	case "true", "false":
		return &schema.Default{Value: &sql}
	}
	if nullLiteral.MatchString(sql) {
		return nil
	}
	if m := numberLiteral.FindStringSubmatch(sql); m != nil {
		return &schema.Default{Value: &m[1]}
	}
	// The cast must be the column's own type: '1'::text on another type's column would mean a different text.
	if m := quotedLiteral.FindStringSubmatch(sql); m != nil && !strings.ContainsAny(m[2], "'():") {
		value := strings.ReplaceAll(m[1], "''", "'")
		return &schema.Default{Value: &value}
	}
	return &schema.Default{Postgres: sql}
}

func isTime(t schema.Type) bool {
	if t.Array {
		return false
	}
	switch t.Base {
	case schema.Date, schema.Time, schema.TimeTZ, schema.Timestamp, schema.TimestampTZ:
		return true
	}
	return false
}
