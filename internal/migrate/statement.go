package migrate

import (
	"regexp"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// A Statement is one SQL statement of a migration, without a semicolon.
type Statement struct {
	SQL string

	// Alone says that it can't run inside a transaction (CREATE INDEX CONCURRENTLY) or must not share one.
	Alone bool

	// Late says, of what Create gives, that it is better run when the tables have their rows: indexes, foreign keys, views.
	Late bool
}

// A Loss is something that the schema declares and an engine can't keep.
type Loss struct {
	Object string
	What   string
}

func (l Loss) String() string { return l.Object + ": " + l.What }

// Create gives the statements that make a schema in an empty database, in an order in which they run, and what the engine
// can't keep of it. The schema is linked.
func Create(s *schema.Schema, e Engine) ([]Statement, []Loss) {
	if e == SQLite {
		w := &liteWriter{s: s}
		return w.create(), w.losses
	}
	w := &pgWriter{s: s}
	return w.create(), w.losses
}

// Export writes a schema as a script for an engine's own shell.
func Export(s *schema.Schema, e Engine) (string, []Loss) {
	statements, losses := Create(s, e)
	var b strings.Builder
	for _, st := range statements {
		b.WriteString(st.SQL)
		b.WriteString(";\n\n")
	}
	return b.String(), losses
}

// literal quotes a text as an SQL string: the one way by which a value gets into a migration, since definitions can't take
// parameters. PostgreSQL reads it so with standard_conforming_strings on, which apply sets. A NUL has no place in either
// engine's text.
func literal(s string) string {
	return "'" + strings.ReplaceAll(strings.ReplaceAll(s, "\x00", ""), "'", "''") + "'"
}

// identifier quotes a name, the same on both engines.
func identifier(name string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(name, "\x00", ""), `"`, `""`) + `"`
}

// names quotes columns' names, with commas between.
func names(columns []*schema.Column) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = identifier(c.Name)
	}
	return strings.Join(out, ", ")
}

// isPlain says whether a table is one, not a view.
func isPlain(t *schema.Table) bool { return t.View == nil }

var word = regexp.MustCompile(`[\pL_][\pL\pN_$]*|"(?:[^"]|"")*"`)

// viewOrder gives the views in an order in which each finds those that its SQL names. text is a view's SQL.
func viewOrder(tables []*schema.Table, text func(*schema.View) string) []*schema.Table {
	var views []*schema.Table
	byName := map[string][]*schema.Table{}
	for _, t := range tables {
		if t.View != nil {
			views = append(views, t)
			byName[strings.ToLower(t.Name.Name)] = append(byName[strings.ToLower(t.Name.Name)], t)
		}
	}
	var out []*schema.Table
	seen := map[*schema.Table]bool{}
	var visit func(t *schema.Table)
	visit = func(t *schema.Table) {
		if seen[t] {
			return
		}
		seen[t] = true
		for _, w := range word.FindAllString(text(t.View), -1) {
			name := strings.ToLower(strings.ReplaceAll(strings.Trim(w, `"`), `""`, `"`))
			for _, other := range byName[name] {
				visit(other)
			}
		}
		out = append(out, t)
	}
	for _, t := range views {
		visit(t)
	}
	return out
}
