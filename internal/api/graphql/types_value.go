package graphql

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A value is a type of values as GraphQL names it.
type value struct {
	of    schema.Type // one of the types that have this name, without modifier; never an array
	enum  *schema.Enum
	array bool // there are lists of it
}

// Types that the API needs whatever the schema has: of counts, limits, keys of JSON and aggregates.
var (
	typeInt     = schema.Type{Base: schema.Int4, Name: "integer"}
	typeString  = schema.Type{Base: schema.Text, Name: "text"}
	typeBoolean = schema.Type{Base: schema.Bool, Name: "boolean"}
	typeFloat   = schema.Type{Base: schema.Float4, Name: "real"}
	typeFloat8  = schema.Type{Base: schema.Float8, Name: "double precision"}
	typeBigint  = schema.Type{Base: schema.Int8, Name: "bigint"}
	typeNumeric = schema.Type{Base: schema.Numeric, Name: "numeric"}
)

// indexValues finds which types of values there are.
func (t *Types) indexValues() {
	var add func(schema.Type)
	add = func(of schema.Type) {
		name := t.scalar(of)
		v := t.values[name]
		if v == nil {
			v = &value{of: of, enum: of.Enum}
			v.of.Modifier, v.of.Array = "", false
			t.values[name] = v
		}
		v.array = v.array || of.Array
		if isLtree(of.Underlying()) {
			add(typeLquery)
			add(typeLtxtquery)
		}
	}
	for _, of := range []schema.Type{typeInt, typeString, typeBoolean, typeFloat, typeFloat8, typeBigint, typeNumeric} {
		add(of)
	}
	columns := func(cs []*schema.Column) {
		for _, c := range cs {
			add(c.Type)
		}
	}
	for _, x := range t.schema.Tables {
		if t.servesTable(x) {
			columns(x.Columns)
		}
	}
	for _, f := range t.schema.Functions {
		for _, a := range f.Args {
			add(a.Type)
		}
		columns(f.Returns.Out)
		if f.Returns.Type.Name != "" {
			add(f.Returns.Type)
		}
	}
	t.values["void"], t.values["record"] = &value{of: schema.Type{Name: "void"}}, &value{of: schema.Type{Name: "record"}}
}

// scalar gives GraphQL's name of a type, of its elements where it is an array. It is Hasura's (server/src-lib/Hasura/
// Backends/Postgres/SQL/Types.hs, mkScalarTypeName): Int, Boolean, Float for real and String for text and varchar, and
// PostgreSQL's internal name for all else, among them float8 and bpchar. Where the schema file gives such a name to
// something else, the next best.
func (t *Types) scalar(of schema.Type) string {
	switch {
	case of.Domain != nil:
		return of.Domain.Type
	case of.Enum != nil:
		return of.Enum.Type
	case of.Composite != nil:
		return of.Composite.Type
	case of.Table != nil:
		return t.free(of.Table.Type + "_scalar")
	}
	switch of.Base {
	case schema.Bool:
		return "Boolean"
	case schema.Int2:
		return "smallint"
	case schema.Int4:
		return "Int"
	case schema.Int8:
		return "bigint"
	case schema.Float4:
		return "Float"
	case schema.Float8:
		return t.unless("float8", "Float")
	case schema.Text:
		return t.text(of)
	case schema.Numeric:
		return "numeric"
	case schema.UUID, schema.Date, schema.Interval, schema.JSON, schema.JSONB, schema.Bytea:
		return of.Name
	case schema.Time:
		return "time"
	case schema.TimeTZ:
		return "timetz"
	case schema.Timestamp:
		return "timestamp"
	case schema.TimestampTZ:
		return "timestamptz"
	}
	if name, ok := t.passed[t.qualify(schema.Name{Schema: of.Schema, Name: of.Name})]; ok {
		return name
	}
	return t.free(schema.SpellWord(of.Name))
}

func (t *Types) text(of schema.Type) string {
	switch of.Name {
	case "citext":
		return "citext"
	case "character", "bpchar", `"char"`:
		return t.unless("bpchar", "String")
	case "name":
		return t.unless("name", "String")
	}
	return "String"
}

// unless gives name, or other where the file has given name to something else.
func (t *Types) unless(name, other string) string {
	if t.declared[name] {
		return other
	}
	return name
}

// typeOf gives the GraphQL type of values of a type, nullable.
func (t *Types) typeOf(of schema.Type) *ast.Type {
	if of.Array {
		return listOf(t.scalar(of))
	}
	return named(t.scalar(of))
}

// columnType gives the GraphQL type of a column's values, nullable.
func (t *Types) columnType(c *schema.Column) *ast.Type {
	if x := t.enumTable(c); x != nil {
		return named(x.Type + "_enum")
	}
	return t.typeOf(c.Type)
}

// comparison gives the name of the type that compares values of a type.
func (t *Types) comparison(of schema.Type) string {
	if of.Array {
		return t.scalar(of) + "_array_comparison_exp"
	}
	return t.scalar(of) + "_comparison_exp"
}

func (t *Types) columnComparison(c *schema.Column) string {
	if x := t.enumTable(c); x != nil {
		return x.Type + "_enum_comparison_exp"
	}
	return t.comparison(c.Type)
}

// valueType makes a scalar, an enum of the schema file, or a comparison of either.
func (t *Types) valueType(name string) *Type {
	if v, ok := t.values[name]; ok {
		return v.named(name)
	}
	if base, ok := strings.CutSuffix(name, "_array_comparison_exp"); ok && t.values[base] != nil && t.values[base].array {
		of := t.values[base].of
		of.Array = true
		return t.comparisonType(name, of)
	}
	if base, ok := strings.CutSuffix(name, "_comparison_exp"); ok {
		if v, ok := t.values[base]; ok {
			return t.comparisonType(name, v.of)
		}
	}
	if base, ok := strings.CutSuffix(name, "_cast_exp"); ok && t.values[base] != nil && t.values[base].of.Base == schema.JSONB && t.values[base].of.Domain == nil {
		return &Type{
			Name: name, Kind: ast.InputObject, Is: CastExp, Of: t.values[base].of,
			Fields: []*Field{{Name: "String", Type: named(t.comparison(typeString)), Is: KeyCast}},
		}
	}
	return nil
}

// named makes the type of the values themselves. An enum of which a label can't be spelled in GraphQL is a scalar: answers
// hold labels as the database writes them.
func (v *value) named(name string) *Type {
	if v.enum == nil || !spelled(v.enum) {
		return &Type{Name: name, Kind: ast.Scalar, Is: ScalarType, Of: v.of, Description: v.comment()}
	}
	out := &Type{Name: name, Kind: ast.Enum, Is: DatabaseEnum, Of: v.of, Description: v.enum.Comment}
	for _, x := range v.enum.Values {
		out.Values = append(out.Values, EnumValue{Name: x.Field, Value: x.Value, Description: x.Comment})
	}
	return out
}

func (v *value) comment() string {
	switch of := v.of; {
	case of.Enum != nil:
		return of.Enum.Comment
	case of.Domain != nil:
		return of.Domain.Comment
	case of.Composite != nil:
		return of.Composite.Comment
	}
	return ""
}

func spelled(e *schema.Enum) bool {
	for _, v := range e.Values {
		if v.Value != v.Field || !enumName(v.Field) {
			return false
		}
	}
	return len(e.Values) > 0
}

// comparisonType makes what a column's values can be compared with (Hasura/Backends/Postgres/Instances/Schema.hs, comparisonExps).
func (t *Types) comparisonType(name string, of schema.Type) *Type {
	out := &Type{
		Name: name, Kind: ast.InputObject, Is: Comparison, Of: of,
		Description: "Boolean expression to compare columns of type " + t.typeOf(of).String() + ". All fields are combined with logical AND.",
	}
	is := of.Underlying()
	if is.Base == schema.JSON && !is.Array { // PostgreSQL has no equality of json
		out.Fields = []*Field{isNull}
		return out
	}
	one := t.typeOf(of)
	if is.Base == schema.JSONB && !is.Array && of.Domain == nil {
		out.Fields = append(out.Fields, &Field{Name: "_cast", Type: named(t.scalar(of) + "_cast_exp"), Is: KeyCast})
	}
	out.Fields = append(out.Fields, equality(one)...)
	out.Fields = append(out.Fields,
		operator("_gt", one, query.Gt), operator("_gte", one, query.Gte), operator("_lt", one, query.Lt), operator("_lte", one, query.Lte))
	switch {
	case is.Array:
		out.Fields = append(out.Fields,
			describe(operator("_contains", one, query.Contains), "does the array contain the given value"),
			describe(operator("_contained_in", one, query.Contained), "is the array contained in the given array value"))
	case is.Base == schema.Text:
		out.Fields = append(out.Fields, patterns(one)...)
	case is.Base == schema.JSONB:
		out.Fields = append(out.Fields, jsonbOperators(one)...)
	case isLtree(is):
		out.Fields = append(out.Fields, t.ltreeOperators(one)...)
	}
	return out
}

// isNull is in every comparison.
var isNull = &Field{Name: "_is_null", Type: named("Boolean"), Is: KeyOperator, Op: query.Is}

// equality are the comparisons that even an enum table's values have.
func equality(one *ast.Type) []*Field {
	list := ast.ListType(required(one), nil)
	return []*Field{
		operator("_eq", one, query.Eq), operator("_neq", one, query.Neq),
		{Name: "_in", Type: list, Is: KeyOperator, Op: query.In, List: true},
		{Name: "_nin", Type: list, Is: KeyOperator, Op: query.In, List: true, Not: true},
		isNull,
	}
}

func patterns(one *ast.Type) []*Field {
	var out []*Field
	for _, p := range []struct {
		name, not string
		op        query.Op
		of        string
	}{
		{"_like", "_nlike", query.Like, "match the given pattern"},
		{"_ilike", "_nilike", query.ILike, "match the given case-insensitive pattern"},
		{"_similar", "_nsimilar", query.Similar, "match the given SQL regular expression"},
		{"_regex", "_nregex", query.Match, "match the given POSIX regular expression, case sensitive"},
		{"_iregex", "_niregex", query.IMatch, "match the given POSIX regular expression, case insensitive"},
	} {
		not := describe(operator(p.not, one, p.op), "does the column NOT "+p.of)
		not.Not = true
		out = append(out, describe(operator(p.name, one, p.op), "does the column "+p.of), not)
	}
	return out
}

func jsonbOperators(one *ast.Type) []*Field {
	text, texts := named("String"), listOf("String")
	some := describe(operator("_has_keys_any", texts, query.HasKeysAny), "do any of these strings exist as top-level keys in the column")
	all := describe(operator("_has_keys_all", texts, query.HasKeysAll), "do all of these strings exist as top-level keys in the column")
	some.List, all.List = true, true
	return []*Field{
		describe(operator("_contains", one, query.Contains), "does the column contain the given json value at the top level"),
		describe(operator("_contained_in", one, query.Contained), "is the column contained in the given json value"),
		describe(operator("_has_key", text, query.HasKey), "does the string exist as a top-level key in the column"),
		some, all,
		describe(operator("_jsonb_path_exists", text, query.PathExists), "does the JSON path return any item for the column's value"),
		describe(operator("_jsonb_path_match", text, query.PathMatch), "is the JSON path's predicate true of the column's value"),
	}
}

// isLtree says whether a type is the extension's of labels, which Pintail passes through.
func isLtree(of schema.Type) bool {
	return of.Name == "ltree" && of.Base == schema.Unknown && !of.Array
}

// What values of ltree are matched with.
var (
	typeLquery    = schema.Type{Name: "lquery"}
	typeLtxtquery = schema.Type{Name: "ltxtquery"}
)

func (t *Types) ltreeOperators(one *ast.Type) []*Field {
	several := func(name, text string, op query.Op, of *ast.Type) *Field {
		f := describe(operator(name, ast.ListType(required(of), nil), op), text)
		f.List, f.Any = true, query.Any
		return f
	}
	return []*Field{
		describe(operator("_ancestor", one, query.Contains), "is the column an ancestor of the given value, or the same"),
		several("_ancestor_any", "is the column an ancestor of one of the given values, or the same", query.Contains, one),
		describe(operator("_descendant", one, query.Contained), "is the column a descendant of the given value, or the same"),
		several("_descendant_any", "is the column a descendant of one of the given values, or the same", query.Contained, one),
		describe(operator("_matches", named(t.scalar(typeLquery)), query.Match), "does the column match the lquery"),
		several("_matches_any", "does the column match one of the lqueries", query.Match, named("String")),
		describe(operator("_matches_fulltext", named(t.scalar(typeLtxtquery)), query.Labelled), "does the column match the ltxtquery"),
	}
}

func operator(name string, of *ast.Type, op query.Op) *Field {
	return &Field{Name: name, Type: of, Is: KeyOperator, Op: op}
}

func describe(f *Field, text string) *Field {
	f.Description = text
	return f
}

func named(name string) *ast.Type { return ast.NamedType(name, nil) }

// listOf is a list of values of which none is null.
func listOf(name string) *ast.Type { return ast.ListType(ast.NonNullNamedType(name, nil), nil) }

// required is a type without null.
func required(of *ast.Type) *ast.Type {
	out := *of
	out.NonNull = true
	return &out
}

// nullUnless is a type with null unless notNull.
func nullUnless(notNull bool, of *ast.Type) *ast.Type {
	if notNull {
		return required(of)
	}
	return of
}
