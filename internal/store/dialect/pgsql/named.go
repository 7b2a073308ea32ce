package pgsql

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/schema"
)

// last is the placeholder of the latest bind.
func (b *builder) last() string { return "$" + strconv.Itoa(len(b.binds)) }

// named writes a named query's SQL with its :parameters replaced by placeholders; what isn't given is its default, or null.
func (b *builder) named(c *plan.Invocation) string {
	values := map[string]string{}
	for i := range c.Function.Args {
		p := &c.Function.Args[i]
		given := slices.ContainsFunc(c.Args, func(a plan.CallArg) bool { return a.Param == p })
		switch {
		case given:
		case p.Default != nil:
			values[p.Name] = b.constant(*p.Default, "::"+b.typeName(p.Type))
		default:
			values[p.Name] = "NULL::" + b.typeName(p.Type)
		}
	}
	for _, a := range c.Args {
		if c.Object {
			values[a.Param.Name] = "(SELECT x.v FROM json_to_record(" + b.object(c) + ") AS y(" + ident(a.Param.Name) + " " +
				b.loose(a.Param.Type) + ") CROSS JOIN LATERAL (SELECT y." + ident(a.Param.Name) + ") AS x(v))"
			continue
		}
		values[a.Param.Name] = b.callValue(a)
	}
	sql := schema.ReplaceParameters(c.Function.Query.Postgres, func(name string) (string, bool) {
		text, ok := values[name]
		return text, ok
	})
	return strings.TrimRight(strings.TrimSpace(sql), "; \t\n") + "\n" // it may end with a comment
}
