package graphql

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// value checks what stands for an argument or a key: a literal or a variable. Names are at, values of it are of.
func (v *validation) value(op *ast.OperationDefinition, x *ast.Value, at *ast.Position, of *ast.Type, f *Field) {
	switch {
	case x.Kind == ast.Variable:
		v.position(op, x, at, of, f)
	case x.Kind == ast.NullValue:
		if of.NonNull {
			v.wrong(at, "expected %s, but found null", v.wanted(of))
		}
	case of.Elem != nil && x.Kind == ast.ListValue:
		for _, c := range x.Children {
			v.value(op, c.Value, c.Value.Position, of.Elem, f)
		}
	case of.Elem != nil: // one value is a list of it, its first element
		v.value(op, x, x.Position, of.Elem, f)
	default:
		v.one(op, x, at, of, f)
	}
}

// one checks a literal that is no list against a type that is none.
func (v *validation) one(op *ast.OperationDefinition, x *ast.Value, at *ast.Position, of *ast.Type, f *Field) {
	typ := v.types.Type(of.Name())
	if typ == nil {
		return // a variable's type that isn't there
	}
	switch typ.Kind {
	case ast.InputObject:
		v.object(op, x, at, typ)
	case ast.Enum:
		v.enum(x, at, typ)
	case ast.Scalar:
		v.scalar(x, at, typ, f)
	}
}

func (v *validation) object(op *ast.OperationDefinition, x *ast.Value, at *ast.Position, typ *Type) {
	if x.Kind != ast.ObjectValue {
		v.wrong(at, "expected an object for type %s, but found %s", quote(typ.Name), found(x))
		return
	}
	given := make(map[string]bool, len(x.Children))
	for _, c := range x.Children {
		given[c.Name] = true
		f := typ.Field(c.Name)
		if f == nil {
			v.wrong(c.Position, "field %s not found in type: %s", quote(c.Name), quote(typ.Name))
			continue
		}
		v.value(op, c.Value, c.Position, f.Type, f)
	}
	for _, f := range typ.Fields {
		if f.Type.NonNull && f.Default == nil && !given[f.Name] {
			v.found = append(v.found, mistake{at: at, below: "." + f.Name, code: ValidationFailed, message: "missing required field " + quote(f.Name)})
		}
	}
}

// enum checks a value of an enum. One of the schema file's may be written as a string: Hasura serves them as scalars.
func (v *validation) enum(x *ast.Value, at *ast.Position, typ *Type) {
	label := x.Kind == ast.EnumValue || typ.Is == DatabaseEnum && (x.Kind == ast.StringValue || x.Kind == ast.BlockValue)
	switch {
	case !label:
		v.wrong(at, "expected an enum value for type %s, but found %s", quote(typ.Name), found(x))
	case typ.Value(x.Raw) == nil:
		var names []string
		for _, known := range typ.Values[:min(len(typ.Values), 20)] {
			names = append(names, quote(known.Name))
		}
		v.wrong(at, "expected one of the values [%s] for type %s, but found %s", strings.Join(names, ", "), quote(typ.Name), quote(x.Raw))
	}
}

// scalar checks the scalars that GraphQL itself has. A column's value may also come as a string, which the database's rules
// read; what such a value can't be is parse-failed, as in Hasura, where the column's type reads it.
func (v *validation) scalar(x *ast.Value, at *ast.Position, typ *Type, f *Field) {
	text := x.Kind == ast.StringValue || x.Kind == ast.BlockValue
	column := f.Column != nil || f.Argument != nil || f.Is == KeyOperator && f.Name != "_is_null"
	fits := true
	switch typ.Name {
	case "Int":
		fits = v.intLiteral(x, at, f, column)
	case "Float":
		fits = x.Kind == ast.IntValue || x.Kind == ast.FloatValue
	case "Boolean":
		fits = x.Kind == ast.BooleanValue
	case "String":
		fits = text
	}
	if fits || column && text {
		return
	}
	v.wrong(at, "expected %s for type %s, but found %s", scalarWords[typ.Name], quote(typ.Name), found(x))
	if column {
		v.found[len(v.found)-1].code = ParseFailed
	}
}

var scalarWords = map[string]string{"Int": "a 32-bit integer", "Float": "a float", "Boolean": "a boolean", "String": "a string"}

// wanted says what a type wants, for a message.
func (v *validation) wanted(of *ast.Type) string {
	if of.Elem != nil {
		return "a list"
	}
	word, ok := scalarWords[of.Name()]
	if !ok {
		word = "a value"
		if typ := v.types.Type(of.Name()); typ != nil && typ.Kind == ast.InputObject {
			word = "an object"
		} else if typ != nil && typ.Kind == ast.Enum {
			word = "an enum value"
		}
	}
	return word + " for type " + quote(of.Name())
}

// found says what a literal is, for a message.
func found(x *ast.Value) string {
	switch x.Kind {
	case ast.IntValue:
		return "an integer"
	case ast.FloatValue:
		return "a float"
	case ast.StringValue, ast.BlockValue:
		return "a string"
	case ast.BooleanValue:
		return "a boolean"
	case ast.EnumValue:
		return "an enum value"
	case ast.ListValue:
		return "a list"
	case ast.ObjectValue:
		return "an object"
	}
	return "null"
}

// cutShort cuts a text that goes into a message.
func cutShort(s string) string { return strings.Trim(quote(s), "'") }

// position checks that a variable may stand where it stands (specification, 5.8.5). One that isn't declared is another
// rule's business.
func (v *validation) position(op *ast.OperationDefinition, x *ast.Value, at *ast.Position, of *ast.Type, f *Field) {
	if op == nil {
		return
	}
	d := op.VariableDefinitions.ForName(x.Raw)
	if d == nil {
		return
	}
	want := *of
	if want.NonNull && (d.DefaultValue != nil && d.DefaultValue.Kind != ast.NullValue || f.Default != nil && f.Type == of) {
		want.NonNull = false
	}
	if !usable(d.Type, &want) {
		v.wrong(at, "variable %s is declared as %s, but used where %s is expected", quote(d.Variable), quote(d.Type.String()), quote(of.String()))
	}
}

// usable says whether a variable of one type can stand for the other. Float and float8 stand for each other: the schema file
// says Float for what Hasura calls float8.
func usable(is, want *ast.Type) bool {
	if want.NonNull && !is.NonNull || (want.Elem == nil) != (is.Elem == nil) {
		return false
	}
	if want.Elem != nil {
		return usable(is.Elem, want.Elem)
	}
	return is.NamedType == want.NamedType || floating(is.NamedType) && floating(want.NamedType)
}

func floating(name string) bool { return name == "Float" || name == "float8" }
