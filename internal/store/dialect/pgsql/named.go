package pgsql

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
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
			values[a.Param.Name] = "(SELECT x.v FROM json_to_record(" + b.arg(c.Body, "::json") + ") AS y(" + ident(a.Param.Name) + " " +
				b.loose(a.Param.Type) + ") CROSS JOIN LATERAL (SELECT y." + ident(a.Param.Name) + ") AS x(v))"
			continue
		}
		values[a.Param.Name] = b.callValue(a)
	}
	return substitute(strings.TrimRight(strings.TrimSpace(c.Function.Query.Postgres), "; \t\n"), values) + "\n" // it may end with a comment
}

// substitute replaces :name outside of texts, quoted names, comments and casts. Names without a value stay.
func substitute(sql string, values map[string]string) string {
	var out strings.Builder
	for i := 0; i < len(sql); {
		if n := skipped(sql[i:]); n > 0 {
			out.WriteString(sql[i : i+n])
			i += n
			continue
		}
		if sql[i] == ':' {
			n := word(sql[i+1:])
			if value, ok := values[sql[i+1:i+1+n]]; ok && n > 0 {
				out.WriteString(value)
				i += 1 + n
				continue
			}
		}
		out.WriteByte(sql[i])
		i++
	}
	return out.String()
}

// skipped is the length of the text, quoted name, comment or cast that sql begins with; 0 for none.
func skipped(sql string) int {
	switch {
	case strings.HasPrefix(sql, "::"):
		return 2
	case strings.HasPrefix(sql, "--"):
		return through(sql, 2, "\n")
	case strings.HasPrefix(sql, "/*"):
		return through(sql, 2, "*/")
	case sql[0] == '"':
		return through(sql, 1, `"`)
	case sql[0] == '\'':
		return through(sql, 1, `'`)
	case (sql[0] == 'E' || sql[0] == 'e') && strings.HasPrefix(sql[1:], "'"):
		for i := 2; i < len(sql); i++ {
			if sql[i] == '\\' {
				i++
			} else if sql[i] == '\'' {
				return i + 1
			}
		}
		return len(sql)
	case sql[0] == '$':
		tag := 1 + word(sql[1:])
		if tag < len(sql) && sql[tag] == '$' {
			return through(sql, tag+1, sql[:tag+1])
		}
	case word(sql) > 0:
		return word(sql) // so that an e at the end of a word begins no text
	}
	return 0
}

// through is where the first end stands after from, with it.
func through(sql string, from int, end string) int {
	i := strings.Index(sql[from:], end)
	if i < 0 {
		return len(sql)
	}
	return from + i + len(end)
}

// word is the length of the identifier that s begins with.
func word(s string) int {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c < 0x80 && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(s)
}
