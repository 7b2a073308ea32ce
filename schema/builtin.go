package schema

import "strings"

// A builtin is a type that every file knows.
type builtin struct {
	Type
	scalar  string   // in the file and in GraphQL; "String" for text that only @column(type:) can tell apart
	aliases []string // further names that PostgreSQL takes
}

// core are the types that Pintail parses and writes itself. Their scalars' names are taken.
var core = []builtin{
	{Type{Base: Bool, Name: "boolean"}, "Boolean", []string{"bool"}},
	{Type{Base: Int2, Name: "smallint"}, "smallint", []string{"int2"}},
	{Type{Base: Int4, Name: "integer"}, "Int", []string{"int", "int4"}},
	{Type{Base: Int8, Name: "bigint"}, "bigint", []string{"int8"}},
	{Type{Base: Float4, Name: "real"}, "float4", nil},
	{Type{Base: Float8, Name: "double precision"}, "Float", []string{"float8", "float"}},
	{Type{Base: Numeric, Name: "numeric"}, "numeric", []string{"decimal", "dec"}},
	{Type{Base: Text, Name: "text"}, "String", nil},
	{Type{Base: Text, Name: "citext"}, "citext", nil},
	{Type{Base: UUID, Name: "uuid"}, "uuid", nil},
	{Type{Base: Date, Name: "date"}, "date", nil},
	{Type{Base: Time, Name: "time without time zone"}, "time", []string{"time"}},
	{Type{Base: TimeTZ, Name: "time with time zone"}, "timetz", nil},
	{Type{Base: Timestamp, Name: "timestamp without time zone"}, "timestamp", []string{"timestamp"}},
	{Type{Base: TimestampTZ, Name: "timestamp with time zone"}, "timestamptz", nil},
	{Type{Base: Interval, Name: "interval"}, "interval", nil},
	{Type{Base: JSON, Name: "json"}, "json", nil},
	{Type{Base: JSONB, Name: "jsonb"}, "jsonb", nil},
	{Type{Base: Bytea, Name: "bytea"}, "bytea", nil},
	{Type{Base: Text, Name: "character varying"}, "String", []string{"varchar"}},
	{Type{Base: Text, Name: "character"}, "String", []string{"char"}},
	{Type{Base: Text, Name: "bpchar"}, "String", nil},
	{Type{Base: Text, Name: "name"}, "String", nil},
	{Type{Base: Text, Name: `"char"`}, "String", nil},
}

// passed are PostgreSQL's own types that Pintail passes through. A file may use the name for something of its own.
var passed = strings.Fields(`inet cidr macaddr macaddr8 money xml tsvector tsquery point line lseg box path polygon circle
	bit varbit oid int4range int8range numrange daterange tsrange tstzrange int4multirange int8multirange nummultirange
	datemultirange tsmultirange tstzmultirange pg_lsn jsonpath regclass regproc regtype regrole regnamespace xid xid8 cid tid
	anyelement anyarray refcursor`)

// misnamed are names that people try for core types, with what they are called here.
var misnamed = map[string]string{
	"int": "Int", "int4": "Int", "integer": "Int", "Integer": "Int", "int2": "smallint", "SmallInt": "smallint", "int8": "bigint",
	"BigInt": "bigint", "Long": "bigint", "serial": "Int with @column(identity: BY_DEFAULT)", "bigserial": "bigint with @column(identity: BY_DEFAULT)",
	"real": "float4", "float8": "Float", "float": "Float", "double": "Float", "Double": "Float", "decimal": "numeric", "Decimal": "numeric",
	"text": "String", "string": "String", "Text": "String", "varchar": `String with @column(type: "varchar(n)")`,
	"char": `String with @column(type: "char(n)")`, "bpchar": "String", "bool": "Boolean", "boolean": "Boolean", "Bool": "Boolean",
	"DateTime": "timestamptz", "datetime": "timestamptz", "Timestamp": "timestamptz", "Time": "time", "Date": "date", "JSON": "jsonb",
	"Json": "jsonb", "UUID": "uuid", "Uuid": "uuid", "blob": "bytea", "Bytes": "bytea", "ID": "uuid, bigint or String",
}

// builtinNamed finds a core type by its name in PostgreSQL or an alias, a passed one as Unknown.
func builtinNamed(name string) (Type, bool) {
	for _, b := range core {
		if b.Name == name {
			return b.Type, true
		}
		for _, a := range b.aliases {
			if a == name {
				return b.Type, true
			}
		}
	}
	for _, b := range core { // timestamptz, timetz, float4
		if b.scalar == name {
			return b.Type, true
		}
	}
	for _, p := range passed {
		if p == name {
			return Type{Name: name}, true
		}
	}
	if name == "bit varying" {
		return Type{Name: name}, true
	}
	return Type{}, false
}

// coreScalar gives the type that a scalar of the file stands for.
func coreScalar(scalar string) (Type, bool) {
	for _, b := range core {
		if b.scalar == scalar {
			return b.Type, true
		}
	}
	return Type{}, false
}

// scalarOf gives the scalar that stands for a core type.
func scalarOf(t Type) (string, bool) {
	for _, b := range core {
		if b.Name == t.Name && t.Schema == "" && b.Base == t.Base {
			return b.scalar, true
		}
	}
	return "", false
}

// typeText writes a type for @column(type:) without its array brackets: "numeric(10,2)", "extensions.geometry(Point,4326)".
func typeText(t Type) string {
	t.Array = false
	if t.Schema == "" && isBuiltin(t.Name) && t.Enum == nil && t.Composite == nil && t.Domain == nil && t.Table == nil {
		return t.String()
	}
	if t.Name = quoteWord(t.Name); t.Schema == "" && isBuiltin(t.Name) {
		t.Name = `"` + t.Name + `"`
	}
	if t.Schema != "" {
		t.Schema = quoteWord(t.Schema)
	}
	return t.String()
}

func isBuiltin(name string) bool {
	_, ok := builtinNamed(name)
	return ok
}

// quoteWord quotes an identifier of a type where PostgreSQL would fold or misread it.
func quoteWord(s string) string {
	plain := s != ""
	for i, c := range s {
		if c != '_' && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			plain = false
		}
	}
	if plain {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// parseType reads a type as PostgreSQL writes it: numeric(10,2), timestamp(3) with time zone, character varying(20)[],
// extensions."My type". A name that isn't built in comes back with Base Unknown; own says that it is not PostgreSQL's own
// (quoted, or of another schema).
func parseType(text string) (t Type, own, ok bool) {
	s := strings.TrimSpace(text)
	array := false
	for strings.HasSuffix(s, "[]") {
		s, array = strings.TrimSpace(strings.TrimSuffix(s, "[]")), true
	}
	first, rest, quoted, ok := typeWord(s)
	if !ok {
		return Type{}, false, false
	}
	if after, dot := strings.CutPrefix(rest, "."); dot {
		t.Schema = first
		if first, rest, quoted, ok = typeWord(after); !ok {
			return Type{}, false, false
		}
		if t.Schema == "pg_catalog" {
			t, _, ok = parseType(first + rest)
			t.Array = array
			return t, false, ok
		}
	}
	t.Array = array
	rest = strings.TrimSpace(rest)
	if quoted || t.Schema != "" {
		t.Name = first
		if first == "char" && quoted && t.Schema == "" {
			return builtinChar(rest, array)
		}
		if first == "citext" {
			t.Base = Text
		}
		t.Modifier, ok = typeModifier(rest)
		return t, true, ok
	}
	if first == "interval" {
		t.Base, t.Name = Interval, "interval"
		if rest = strings.ToLower(rest); rest != "" && rest[0] != '(' {
			rest = " " + rest
		}
		t.Modifier = rest
		return t, false, strings.Trim(rest, " abcdefghijklmnopqrstuvwxyz0123456789()") == ""
	}
	name := first
	before, after, parenthesised := strings.Cut(rest, "(")
	if words := strings.Fields(strings.ToLower(before)); len(words) > 0 {
		name += " " + strings.Join(words, " ")
	}
	if parenthesised {
		inside, tail, closed := strings.Cut(after, ")")
		if t.Modifier, ok = typeModifier("(" + inside + ")"); !ok || !closed {
			return Type{}, false, false
		}
		if words := strings.Fields(strings.ToLower(tail)); len(words) > 0 {
			name += " " + strings.Join(words, " ")
		}
	}
	if b, found := builtinNamed(name); found {
		b.Modifier, b.Array, b.Schema = t.Modifier, array, ""
		return b, false, true
	}
	t.Name = name
	return t, true, !strings.Contains(name, " ")
}

func builtinChar(rest string, array bool) (Type, bool, bool) {
	return Type{Base: Text, Name: `"char"`, Array: array}, false, rest == ""
}

// typeWord cuts an identifier off: folded to small letters, or as it stands in double quotes.
func typeWord(s string) (word, rest string, quoted, ok bool) {
	if strings.HasPrefix(s, `"`) {
		for i := 1; i < len(s); i++ {
			if s[i] == '"' {
				if i+1 < len(s) && s[i+1] == '"' {
					i++
					continue
				}
				return strings.ReplaceAll(s[1:i], `""`, `"`), s[i+1:], true, i > 1
			}
		}
		return "", "", false, false
	}
	i := strings.IndexAny(s, `. ("`)
	if i < 0 {
		i = len(s)
	}
	word = strings.ToLower(s[:i])
	return word, s[i:], false, word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz_0123456789$") == ""
}

// typeModifier reads "(10, 2)" without its spaces, or nothing.
func typeModifier(s string) (string, bool) {
	if s == "" {
		return "", true
	}
	s = strings.ReplaceAll(s, " ", "")
	return s, len(s) > 2 && s[0] == '(' && s[len(s)-1] == ')' && !strings.ContainsAny(s[1:len(s)-1], `()'";`)
}
