package graphql

import "github.com/vektah/gqlparser/v2/ast"

// metaTypes are introspection's own types (specification, 4.2, with the later specifiedByURL, isOneOf and deprecated inputs).
var metaTypes = []*Type{
	meta("__Directive", "",
		metaField("args", "[__InputValue!]!", deprecated...), metaField("description", "String"), metaField("isRepeatable", "Boolean!"),
		metaField("locations", "[__DirectiveLocation!]!"), metaField("name", "String!")),
	metaEnum("__DirectiveLocation", "QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD", "INLINE_FRAGMENT",
		"VARIABLE_DEFINITION", "SCHEMA", "SCALAR", "OBJECT", "FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INTERFACE", "UNION", "ENUM", "ENUM_VALUE",
		"INPUT_OBJECT", "INPUT_FIELD_DEFINITION"),
	meta("__EnumValue", "",
		metaField("deprecationReason", "String"), metaField("description", "String"), metaField("isDeprecated", "Boolean!"), metaField("name", "String!")),
	meta("__Field", "",
		metaField("args", "[__InputValue!]!", deprecated...), metaField("deprecationReason", "String"), metaField("description", "String"),
		metaField("isDeprecated", "Boolean!"), metaField("name", "String!"), metaField("type", "__Type!")),
	meta("__InputValue", "",
		metaField("defaultValue", "String"), metaField("deprecationReason", "String"), metaField("description", "String"),
		metaField("isDeprecated", "Boolean!"), metaField("name", "String!"), metaField("type", "__Type!")),
	meta("__Schema", "what can be asked for",
		metaField("description", "String"), metaField("directives", "[__Directive!]!"), metaField("mutationType", "__Type"),
		metaField("queryType", "__Type!"), metaField("subscriptionType", "__Type"), metaField("types", "[__Type!]!")),
	meta("__Type", "",
		metaField("description", "String"), metaField("enumValues", "[__EnumValue!]", deprecated...), metaField("fields", "[__Field!]", deprecated...),
		metaField("inputFields", "[__InputValue!]", deprecated...), metaField("interfaces", "[__Type!]"), metaField("isOneOf", "Boolean"),
		metaField("kind", "__TypeKind!"), metaField("name", "String"), metaField("ofType", "__Type"), metaField("possibleTypes", "[__Type!]"),
		metaField("specifiedByURL", "String")),
	metaEnum("__TypeKind", "SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM", "INPUT_OBJECT", "LIST", "NON_NULL"),
}

var deprecated = []*Field{{Name: "includeDeprecated", Type: named("Boolean"), Default: &ast.Value{Kind: ast.BooleanValue, Raw: "false"}, Is: MetaArg}}

// metaRoots are the fields of query_root that introspection doesn't list.
var metaRoots = []*Field{
	{Name: "__schema", Type: required(named("__Schema")), Is: RootSchema},
	{Name: "__type", Type: named("__Type"), Is: RootType, Args: []*Field{{Name: "name", Type: required(named("String")), Is: MetaArg}}},
}

// typeName is a field of every object, which introspection doesn't list either.
var typeName = &Field{Name: "__typename", Type: required(named("String")), Is: TypeName}

func meta(name, text string, fields ...*Field) *Type {
	return &Type{Name: name, Description: text, Kind: ast.Object, Is: MetaType, Fields: fields}
}

func metaField(name, of string, args ...*Field) *Field {
	return &Field{Name: name, Type: metaTypeOf(of), Is: MetaField, Args: args}
}

// metaTypeOf reads a type as SDL writes it.
func metaTypeOf(text string) *ast.Type {
	switch last := len(text) - 1; {
	case text[last] == '!':
		return required(metaTypeOf(text[:last]))
	case text[0] == '[':
		return ast.ListType(metaTypeOf(text[1:last]), nil)
	}
	return named(text)
}

func metaEnum(name string, values ...string) *Type {
	out := &Type{Name: name, Kind: ast.Enum, Is: MetaType}
	for _, v := range values {
		out.Values = append(out.Values, EnumValue{Name: v})
	}
	return out
}

func metaType(name string) *Type {
	for _, t := range metaTypes {
		if t.Name == name {
			return t
		}
	}
	return nil
}
