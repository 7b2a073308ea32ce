package migrate

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"

	"github.com/pintail-dev/pintail/schema"
)

// A Step is one change with the statements that make it on one engine.
type Step struct {
	Does       string // "add column order.note"
	Destroys   string // what is lost for good; empty where nothing is
	Doomed     *Doomed
	Statements []Statement
}

// Doomed names the rows or values that a step destroys, so that they can be counted first.
type Doomed struct {
	Table  schema.Name
	Column string // empty for whole rows
}

// Plan gives the steps that turn a database of schema from into one of schema to, and what the engine can't keep of it.
func Plan(from, to *schema.Schema, changes []schema.Change, e Engine) ([]Step, []Loss, error) {
	if e == SQLite {
		p := newLitePlanner(from, to)
		steps, err := p.plan(changes)
		return steps, p.w.losses, err
	}
	p := &pgPlanner{from: from, to: to, w: &pgWriter{s: to}, made: map[*schema.Table]bool{}}
	var steps []Step
	for _, c := range changes {
		statements, err := p.change(c)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", c, err)
		}
		if len(statements) > 0 {
			steps = append(steps, Step{Does: c.String(), Destroys: c.Destroys(), Statements: statements, Doomed: doomed(c)})
		}
	}
	if len(p.casts) > 0 {
		steps = append(steps, Step{Does: "create the casts of domains", Statements: statements(p.casts...)})
	}
	if text := joinComment(to.Title, to.Comment); text != joinComment(from.Title, from.Comment) {
		name := identifier(cmp.Or(to.Default, "public"))
		steps = append(steps, Step{Does: "comment on schema " + name, Statements: statements(p.w.setComment("SCHEMA", name, text))})
	}
	return steps, p.w.losses, nil
}

func doomed(c schema.Change) *Doomed {
	if c.Destroys() == "" {
		return nil
	}
	switch c := plain(c).(type) {
	case schema.DropTable:
		return &Doomed{Table: c.Table.Name}
	case schema.DropColumn:
		return &Doomed{Table: c.Table.Name, Column: c.Column.Name}
	case schema.ChangeColumn:
		return &Doomed{Table: c.Table.Name, Column: c.To.Name}
	}
	return nil
}

// plain gives a change as a value, however the diff holds it.
func plain(c schema.Change) any { return reflect.Indirect(reflect.ValueOf(c)).Interface() }

// alone are statements that PostgreSQL refuses in a transaction, that can't be used in the one that makes them, or that
// read a whole table and must not hold locks of others meanwhile.
var alone = regexp.MustCompile(`(?is)^\s*(CREATE\s+(UNIQUE\s+)?INDEX\s+CONCURRENTLY|DROP\s+INDEX\s+CONCURRENTLY|REINDEX\b.*\bCONCURRENTLY|ALTER\s+TYPE\b.*\bADD\s+VALUE|ALTER\s+TABLE\b.*\bVALIDATE\s+CONSTRAINT|VACUUM\b)`)

func statements(sql ...string) []Statement {
	var out []Statement
	for _, s := range sql {
		if s != "" {
			out = append(out, Statement{SQL: s, Alone: alone.MatchString(s)})
		}
	}
	return out
}
