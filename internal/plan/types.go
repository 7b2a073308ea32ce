package plan

import (
	"strings"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/schema"
)

// Types that planning itself gives.
var (
	typeText    = schema.Type{Base: schema.Text, Name: "text"}
	typeJSON    = schema.Type{Base: schema.JSON, Name: "json"}
	typeJSONB   = schema.Type{Base: schema.JSONB, Name: "jsonb"}
	typeBigint  = schema.Type{Base: schema.Int8, Name: "bigint"}
	typeNumeric = schema.Type{Base: schema.Numeric, Name: "numeric"}
	typeDouble  = schema.Type{Base: schema.Float8, Name: "double precision"}
)

// element gives the type of an array's elements.
func element(t schema.Type) schema.Type {
	t.Array = false
	return t
}

// builtin holds the types that Pintail knows itself, by every name that PostgreSQL takes for them.
var builtin = map[string]schema.Type{
	"boolean": {Base: schema.Bool, Name: "boolean"}, "bool": {Base: schema.Bool, Name: "boolean"},
	"smallint": {Base: schema.Int2, Name: "smallint"}, "int2": {Base: schema.Int2, Name: "smallint"},
	"integer": {Base: schema.Int4, Name: "integer"}, "int": {Base: schema.Int4, Name: "integer"}, "int4": {Base: schema.Int4, Name: "integer"},
	"bigint": typeBigint, "int8": typeBigint,
	"real": {Base: schema.Float4, Name: "real"}, "float4": {Base: schema.Float4, Name: "real"},
	"double precision": typeDouble, "float8": typeDouble, "float": typeDouble,
	"numeric": typeNumeric, "decimal": typeNumeric, "dec": typeNumeric,
	"text":              typeText,
	"character varying": {Base: schema.Text, Name: "character varying"}, "varchar": {Base: schema.Text, Name: "character varying"},
	"character": {Base: schema.Text, Name: "character"}, "char": {Base: schema.Text, Name: "character"}, "bpchar": {Base: schema.Text, Name: "bpchar"},
	"name": {Base: schema.Text, Name: "name"}, "citext": {Base: schema.Text, Name: "citext"},
	"uuid": {Base: schema.UUID, Name: "uuid"}, "date": {Base: schema.Date, Name: "date"},
	"time": {Base: schema.Time, Name: "time without time zone"}, "time without time zone": {Base: schema.Time, Name: "time without time zone"},
	"timetz": {Base: schema.TimeTZ, Name: "time with time zone"}, "time with time zone": {Base: schema.TimeTZ, Name: "time with time zone"},
	"timestamp":                   {Base: schema.Timestamp, Name: "timestamp without time zone"},
	"timestamp without time zone": {Base: schema.Timestamp, Name: "timestamp without time zone"},
	"timestamptz":                 {Base: schema.TimestampTZ, Name: "timestamp with time zone"},
	"timestamp with time zone":    {Base: schema.TimestampTZ, Name: "timestamp with time zone"},
	"interval":                    {Base: schema.Interval, Name: "interval"},
	"json":                        typeJSON, "jsonb": typeJSONB, "bytea": {Base: schema.Bytea, Name: "bytea"},
}

// cast finds the type that a client asks for by name: "int", "text[]", "numeric(10,2)", an enum, a domain. A name that
// nobody knows is passed on for PostgreSQL to look up, as long as it is one word.
func (r *resolver) cast(asked string) (schema.Type, error) {
	name, modifier, array := strings.ToLower(strings.TrimSpace(asked)), "", false
	if base, ok := strings.CutSuffix(name, "[]"); ok {
		name, array = strings.TrimSpace(base), true
	}
	if i := strings.IndexByte(name, '('); i >= 0 {
		j := strings.IndexByte(name, ')')
		if j < i || !digits(name[i+1:j]) {
			return schema.Type{}, noType(asked)
		}
		modifier = strings.ReplaceAll(name[i:j+1], " ", "")
		name = strings.TrimSpace(strings.TrimSpace(name[:i]) + name[j+1:])
	}
	t, ok := builtin[name]
	if !ok {
		if t, ok = r.declaredType(strings.TrimSpace(asked), array); !ok {
			t = schema.Type{Name: name}
			if !word(name) {
				return schema.Type{}, noType(asked)
			}
		}
	}
	t.Modifier, t.Array = modifier, array
	return t, nil
}

// declaredType finds an enum, domain or composite type of the schema.
func (r *resolver) declaredType(asked string, array bool) (schema.Type, bool) {
	if array {
		asked = strings.TrimSpace(strings.TrimSuffix(asked, "[]"))
	}
	is := func(n schema.Name) bool { return n.Name == asked && r.searched(n) }
	for _, e := range r.schema.Enums {
		if is(e.Name) {
			return schema.Type{Base: schema.EnumBase, Name: e.Name.Name, Schema: e.Name.Schema, Enum: e}, true
		}
	}
	for _, d := range r.schema.Domains {
		if is(d.Name) {
			return schema.Type{Base: d.Base.Base, Name: d.Name.Name, Schema: d.Name.Schema, Domain: d}, true
		}
	}
	for _, c := range r.schema.Composites {
		if is(c.Name) {
			return schema.Type{Base: schema.CompositeBase, Name: c.Name.Name, Schema: c.Name.Schema, Composite: c}, true
		}
	}
	return schema.Type{}, false
}

func noType(name string) error {
	return fault.Newf("42704", "type \"%s\" does not exist", name).WithStatus(400)
}

// digits says whether s is numbers, separated by commas.
func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789, ") == ""
}

// word says whether s is one identifier of letters, digits and underscores.
func word(s string) bool {
	for i, c := range s {
		if c != '_' && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
