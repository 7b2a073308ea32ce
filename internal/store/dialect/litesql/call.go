package litesql

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/schema"
)

func itoa(n int) string { return strconv.Itoa(n) }

// A Call is a named query that is run on its own, because it writes or gives bare values.
type Call struct {
	Function *schema.Function
	SQL      string // with its own :name parameters
	Row      *Row   // how its rows are written where the plan doesn't shape them
}

// compileCall takes a named query. SQLite has no functions of the database's own.
func compileCall(p *plan.Invocation) (*Call, error) {
	f := p.Function
	if f.Query == nil || f.Query.SQLite == "" {
		return nil, notYet("database functions")
	}
	call := &Call{Function: f, SQL: f.Query.SQLite, Row: &Row{Scalar: p.Scalar}}
	for i, col := range resultColumns(f) {
		call.Row.Fields = append(call.Row.Fields, field(col.Name, i, formOf(col.Type, col.Storage)))
	}
	return call, nil
}

// resultColumns are the columns that a function's rows have.
func resultColumns(f *schema.Function) []*schema.Column {
	switch {
	case f.Returns.Table != nil:
		return f.Returns.Table.Columns
	case len(f.Returns.Out) > 0:
		return f.Returns.Out
	}
	return []*schema.Column{{Name: f.Name.Name, Type: f.Returns.Type}}
}

// called is a named query's rows. Its text comes from the project's own file; its :name parameters become numbered ones, so that
// they share no number with the plan's.
func (c *compiler) called(f *schema.Function, occurrence int) string {
	if f.Query == nil || f.Query.SQLite == "" {
		return c.fail(notYet("database functions"))
	}
	places := map[string]string{}
	sql := schema.ReplaceParameters(f.Query.SQLite, func(name string) (string, bool) {
		if place, ok := places[name]; ok {
			return place, true
		}
		i := slices.IndexFunc(f.Args, func(a schema.Arg) bool { return a.Name == name })
		if i < 0 {
			return "", false
		}
		places[name] = c.bind(Bind{As: Argument, Arg: i})
		return places[name], true
	})
	return "(" + strings.TrimRight(strings.TrimSpace(sql), "; \t\n") + "\n) AS " + alias(occurrence)
}
