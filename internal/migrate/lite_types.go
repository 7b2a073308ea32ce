package migrate

import (
	"regexp"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// typeNames are the built-in types by the names that format_type gives them.
var typeNames = map[string]schema.Base{
	"boolean": schema.Bool, "smallint": schema.Int2, "integer": schema.Int4, "bigint": schema.Int8, "real": schema.Float4,
	"double precision": schema.Float8, "numeric": schema.Numeric, "text": schema.Text, "character varying": schema.Text,
	"character": schema.Text, "bpchar": schema.Text, "citext": schema.Text, "name": schema.Text, `"char"`: schema.Text,
	"uuid": schema.UUID, "date": schema.Date, "time without time zone": schema.Time, "time with time zone": schema.TimeTZ,
	"timestamp without time zone": schema.Timestamp, "timestamp with time zone": schema.TimestampTZ, "interval": schema.Interval,
	"json": schema.JSON, "jsonb": schema.JSONB, "bytea": schema.Bytea,
}

var inParens = regexp.MustCompile(`\([^)]*\)`)

// readType reads a type as schema.Type's String writes it; Base is unset where it is none of PostgreSQL's own.
func readType(text string) schema.Type {
	t := schema.Type{}
	text, t.Array = strings.CutSuffix(text, "[]")
	t.Modifier = inParens.FindString(text)
	t.Name = strings.Join(strings.Fields(strings.Replace(text, t.Modifier, "", 1)), " ")
	t.Base = typeNames[t.Name]
	return t
}

// writtenBy reads a type as liteWriter writes it in a column's comment; false where it is no type that SQLite's own would
// be given for.
func writtenBy(comment, declared string) (schema.Type, bool) {
	if comment == "" {
		return schema.Type{}, false
	}
	if _, base, ok := strings.Cut(comment, ": "); ok {
		comment = base // of a domain
	}
	t := readType(comment)
	if name, _ := liteType(t); !strings.EqualFold(name, declared) {
		return schema.Type{}, false
	}
	return t, true
}

// declaredType reads a column's declared type as people write them for SQLite, with the storage that goes with it. A
// length of text is not enforced by SQLite, and is left out.
func declaredType(declared string) (schema.Type, schema.Storage) {
	name, rest, _ := strings.Cut(strings.ToUpper(declared), "(")
	name = strings.TrimSpace(name)
	length := ""
	if rest != "" {
		length, _, _ = strings.Cut(rest, ")")
		length = strings.ReplaceAll(length, " ", "")
	}
	is := func(words ...string) bool {
		for _, w := range words {
			if name == w {
				return true
			}
		}
		return false
	}
	switch {
	case is("BOOLEAN", "BOOL"):
		return schema.Type{Base: schema.Bool, Name: "boolean"}, schema.StoreInteger
	case is("DATE"):
		return schema.Type{Base: schema.Date, Name: "date"}, schema.StoreText
	case is("DATETIME", "TIMESTAMP", "SMALLDATETIME", "DATETIME2", "TIMESTAMP WITHOUT TIME ZONE"):
		return schema.Type{Base: schema.Timestamp, Name: "timestamp without time zone"}, schema.StoreText
	case is("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE", "DATETIMEOFFSET"):
		return schema.Type{Base: schema.TimestampTZ, Name: "timestamp with time zone"}, schema.StoreText
	case is("TIME", "TIME WITHOUT TIME ZONE"):
		return schema.Type{Base: schema.Time, Name: "time without time zone"}, schema.StoreText
	case is("UUID", "GUID", "UNIQUEIDENTIFIER"):
		return schema.Type{Base: schema.UUID, Name: "uuid"}, schema.StoreText
	case is("JSON"):
		return schema.Type{Base: schema.JSON, Name: "json"}, schema.StoreText
	case is("JSONB"):
		return schema.Type{Base: schema.JSONB, Name: "jsonb"}, schema.StoreNative
	case is("NUMERIC", "DECIMAL", "DEC", "NUMBER", "MONEY", "SMALLMONEY"):
		t := schema.Type{Base: schema.Numeric, Name: "numeric"}
		if modifierOf.MatchString(length) {
			t.Modifier = "(" + length + ")"
		}
		return t, schema.StoreReal
	case strings.Contains(name, "INT"):
		return schema.Type{Base: schema.Int8, Name: "bigint"}, schema.OwnStorage
	case strings.Contains(name, "CHAR"), strings.Contains(name, "CLOB"), strings.Contains(name, "TEXT"), is("STRING"):
		return schema.Type{Base: schema.Text, Name: "text"}, schema.StoreText
	case strings.Contains(name, "BLOB"), strings.Contains(name, "BINARY"):
		return schema.Type{Base: schema.Bytea, Name: "bytea"}, schema.OwnStorage
	case strings.Contains(name, "REAL"), strings.Contains(name, "FLOA"), strings.Contains(name, "DOUB"):
		return schema.Type{Base: schema.Float8, Name: "double precision"}, schema.OwnStorage
	}
	return schema.Type{Base: schema.Text, Name: "text"}, schema.StoreNative
}

var modifierOf = regexp.MustCompile(`^[1-9]\d*(,\d+)?$`)

// liteDefault reads a column's default as table_xinfo gives it. A default of NULL is none.
func liteDefault(sql string, c *schema.Column) *schema.Default {
	base := c.Type.Kind()
	bare := sql
	for strings.HasPrefix(bare, "(") && strings.HasSuffix(bare, ")") && enclosed(bare) {
		bare = strings.TrimSpace(bare[1 : len(bare)-1])
	}
	if own(c) {
		if now := nowDefault[base]; now != "" && bare == now[1:len(now)-1] {
			return &schema.Default{Now: true}
		}
	}
	if bare == uuidDefault[1:len(uuidDefault)-1] {
		return &schema.Default{UUID: true}
	}
	toks := tokens(bare)
	value := func(s string) *schema.Default { return &schema.Default{Value: &s} }
	if len(toks) == 4 && own(c) && base == schema.JSONB && strings.EqualFold(toks[0].text, "jsonb") && toks[2].kind == stringToken {
		return value(toks[2].text)
	}
	sign := ""
	if len(toks) == 2 && (toks[0].text == "-" || toks[0].text == "+") && toks[1].kind == numberToken {
		sign, toks = strings.TrimPrefix(toks[0].text, "+"), toks[1:]
	}
	if len(toks) == 2 && strings.EqualFold(toks[0].text, "X") && toks[1].kind == stringToken && base == schema.Bytea {
		return value(`\x` + strings.ToLower(toks[1].text))
	}
	if len(toks) != 1 {
		return &schema.Default{SQLite: sql}
	}
	switch t := toks[0]; {
	case t.kind == wordToken && strings.EqualFold(t.text, "NULL"):
		return nil
	case t.kind == wordToken && (strings.EqualFold(t.text, "TRUE") || strings.EqualFold(t.text, "FALSE")):
		return value(strings.ToLower(t.text))
	case t.kind == wordToken && nowWord[strings.ToUpper(t.text)] == base && isTime(c.Type):
		return &schema.Default{Now: true}
	case t.kind == numberToken && base == schema.Bool && (t.text == "0" || t.text == "1"):
		return value(map[string]string{"0": "false", "1": "true"}[t.text])
	case t.kind == numberToken && !strings.HasPrefix(t.text, "0x"):
		return value(sign + t.text)
	case t.kind == stringToken && c.Type.Array:
		if text, ok := arrayText(c.Type, t.text); ok {
			return value(text)
		}
	case t.kind == stringToken || t.kind == nameToken:
		return value(t.text)
	}
	return &schema.Default{SQLite: sql}
}

// nowWord are SQLite's own words for the moment, with the type that each fits.
var nowWord = map[string]schema.Base{"CURRENT_TIMESTAMP": schema.Timestamp, "CURRENT_DATE": schema.Date, "CURRENT_TIME": schema.Time}

// enclosed says whether the first parenthesis is closed by the last character.
func enclosed(s string) bool {
	depth := 0
	for _, t := range tokens(s) {
		if t.kind == punctToken && t.text == "(" {
			depth++
		}
		if t.kind == punctToken && t.text == ")" {
			if depth--; depth == 0 {
				return t.end == len(s)
			}
		}
	}
	return false
}
