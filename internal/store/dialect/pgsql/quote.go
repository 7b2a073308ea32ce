package pgsql

import (
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// ident quotes a name, so that whatever it holds it stays one identifier. It is the only way in which a name gets into
// SQL. A NUL ends a message of PostgreSQL's protocol, so it is left out.
func ident(name string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(name, "\x00", ""), `"`, `""`) + `"`
}

// qualified quotes a name with its schema; an empty one is the default.
func (b *builder) qualified(n schema.Name) string {
	s := n.Schema
	if s == "" {
		s = b.options.Default
	}
	if s == "" {
		return ident(n.Name)
	}
	return ident(s) + "." + ident(n.Name)
}

// table quotes the name of a table that is read or written.
func (b *builder) table(n schema.Name) string {
	if n.Schema == "" && b.options.Tables != "" {
		return ident(b.options.Tables) + "." + ident(n.Name)
	}
	return b.qualified(n)
}

// function quotes a function's name that is written as text, such as public.color_to_json or "My Schema".f.
func function(name string) string {
	var parts []string
	for rest := name; ; {
		part, after := cutIdent(rest)
		parts = append(parts, ident(part))
		if after == "" {
			return strings.Join(parts, ".")
		}
		rest = after
	}
}

// cutIdent takes the first identifier off a dotted name, and its quotes off it.
func cutIdent(s string) (name, rest string) {
	if !strings.HasPrefix(s, `"`) {
		name, rest, _ = strings.Cut(s, ".")
		return name, rest
	}
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			i++
			continue
		}
		return strings.ReplaceAll(s[1:i], `""`, `"`), strings.TrimPrefix(s[i+1:], ".")
	}
	return s[1:], ""
}

// spelled are the types whose names are words of the grammar; quoted they would be looked up as something else.
var spelled = map[string]bool{
	"bigint": true, "int": true, "integer": true, "smallint": true, "real": true, "double precision": true, "float": true,
	"numeric": true, "decimal": true, "dec": true, "boolean": true, "bit": true, "bit varying": true,
	"character": true, "character varying": true, "char": true, "varchar": true, "interval": true,
	"time": true, "time without time zone": true, "time with time zone": true,
	"timestamp": true, "timestamp without time zone": true, "timestamp with time zone": true,
}

// typeName writes a type as a cast wants it.
func (b *builder) typeName(t schema.Type) string {
	name := ident(t.Name)
	modifier := modifier(t.Modifier)
	switch lower := strings.ToLower(t.Name); {
	case t.Schema == "" && spelled[lower]:
		word, rest, _ := strings.Cut(lower, " ")
		if modifier != "" && (word == "time" || word == "timestamp") {
			name, modifier = word+modifier+" "+rest, ""
		} else {
			name = lower
		}
	case t.Schema != "":
		name = ident(t.Schema) + "." + unquoted(t.Name)
	case t.Enum != nil || t.Composite != nil || t.Domain != nil:
		name = b.qualified(schema.Name{Name: t.Name})
	case strings.HasPrefix(t.Name, `"`):
		name = unquoted(t.Name)
	}
	if t.Array {
		return name + modifier + "[]"
	}
	return name + modifier
}

// unquoted quotes a name that format_type may have quoted already, such as "char".
func unquoted(name string) string {
	if !strings.HasPrefix(name, `"`) {
		return ident(name)
	}
	bare, _ := cutIdent(name)
	return ident(bare)
}

// modifier passes what stands in a type's parentheses: numbers, and PostGIS's words. Anything else is left out.
func modifier(m string) string {
	if len(m) < 3 || m[0] != '(' || m[len(m)-1] != ')' {
		return ""
	}
	for _, c := range m[1 : len(m)-1] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != ',' && c != ' ' && c != '-' {
			return ""
		}
	}
	return m
}

// loose writes a type without its length, so that a row of JSON is read whole and the assignment to the column judges it.
// PostgreSQL takes bit and character without a length for one of 1.
func (b *builder) loose(t schema.Type) string {
	t.Modifier = ""
	if t.Schema == "" {
		switch t.Name {
		case "bit":
			t.Name = "bit varying"
		case "character", "bpchar", "char":
			t.Name = "character varying"
		}
	}
	return b.typeName(t)
}
