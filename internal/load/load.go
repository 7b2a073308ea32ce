// Package load moves whole tables: Import reads a file of rows into a table, Copy makes a second database of a first one, of
// either engine.
//
// Values pass through package value, so that both engines take and refuse the same, in PostgreSQL's words. Everything streams:
// memory holds one batch of rows, however long the file or the table.
package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/schema"
)

// quote quotes a name. It is the only way for one into SQL.
func quote(name string) string { return litesql.Ident(name) }

// quoteAll quotes columns' names, with commas between.
func quoteAll(columns []*schema.Column) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = quote(c.Name)
	}
	return strings.Join(out, ", ")
}

// tableName is a table's name for SQL.
func tableName(s *schema.Schema, t *schema.Table, e migrate.Engine) string {
	if e == migrate.SQLite {
		return quote(litesql.StoredName(t.Name))
	}
	in := t.Name.Schema
	if in == "" {
		in = s.Default
	}
	if in == "" {
		in = "public"
	}
	return quote(in) + "." + quote(t.Name.Name)
}

// isGenerated says whether an engine computes a column itself.
func isGenerated(c *schema.Column, e migrate.Engine) bool {
	if c.Generated == nil {
		return false
	}
	if e == migrate.SQLite {
		return c.Generated.SQLite != ""
	}
	return c.Generated.Postgres != ""
}

// mustHave says that a null in the column is refused.
func mustHave(c *schema.Column) bool {
	k := c.Table.Primary
	return c.NotNull || k != nil && slices.Contains(k.Columns, c)
}

// notNull is the fault of a null where none may be.
func notNull(c *schema.Column) error {
	return fault.Newf(fault.NotNullViolation, `null value in column "%s" of relation "%s" violates not-null constraint`, c.Name, c.Table.Name.Name)
}

// reason words an error for a person, in one line.
func reason(err error) string {
	f := fault.From(err)
	text := f.Message
	if f.Code == fault.Internal {
		text = err.Error()
	}
	if f.Details != "" {
		text += ": " + f.Details
	}
	return strings.Join(strings.Fields(text), " ")
}

// inColumn names the column that an error is about.
func inColumn(c *schema.Column, err error) error {
	if fault.From(err).Code == fault.NotNullViolation {
		return err
	}
	return fmt.Errorf("column %q: %s", c.Name, reason(err))
}
