package graphql

import (
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// read finds a document's variables in what a request gives, and refuses those that it doesn't declare.
func read(declared ast.VariableDefinitionList, given raw) (*variables, error) {
	vs := &variables{declared: declared, given: make([]raw, len(declared))}
	if given != "" && given.kind() != kindNull {
		for name, v := range given.members() {
			i := slices.IndexFunc(declared, func(d *ast.VariableDefinition) bool { return d.Variable == name })
			if i < 0 {
				return nil, refusal("$", ValidationFailed, "unexpected variables in variableValues: %s", strconv.Quote(shortened(name)))
			}
			vs.given[i] = v
		}
	}
	for i, d := range declared {
		switch {
		case !d.Type.NonNull:
		case vs.given[i].kind() == kindNull:
			return nil, &nullVariable{d}
		case vs.given[i] == "" && d.DefaultValue == nil:
			return nil, refusal("$", ValidationFailed, "expecting a value for non-nullable variable: \"%s\"", d.Variable)
		}
	}
	return vs, nil
}

// structure writes what of the variables decides how an operation is lowered: which of them are there and not null, which
// keys objects have, how long lists of objects are, enum values that are names of columns and the like, and the whole of
// those in fixed. Two requests with one structure differ in values only.
func (t *Types) structure(dst []byte, vs *variables, fixed map[string]bool) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(fixed)))
	for i, d := range vs.declared {
		if fixed[d.Variable] {
			dst = append(dst, '=')
			dst = prefixed(dst, string(vs.given[i]))
			continue
		}
		dst = t.structureOf(dst, d.Type, vs.given[i], false)
	}
	return dst
}

func prefixed(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func (t *Types) structureOf(dst []byte, of *ast.Type, v raw, inside bool) []byte {
	switch v.kind() {
	case kindAbsent:
		return append(dst, '-')
	case kindNull:
		return append(dst, '0')
	}
	named := t.Type(of.Name())
	switch {
	case named == nil:
		return prefixed(append(dst, '='), string(v))
	case named.Kind == ast.Scalar, named.Is == DatabaseEnum, named.Is == TableEnum:
		if inside && named.Name == "Boolean" { // _is_null and distinct, which decide
			return prefixed(append(dst, '='), string(v))
		}
		if v.kind() == kindList {
			return append(dst, 'l')
		}
		return append(dst, 's')
	case named.Kind == ast.Enum:
		return prefixed(append(dst, '='), string(v))
	case named.Is == InsertInput:
		return append(dst, 'i') // lowered again each time
	case v.kind() == kindList && of.Elem != nil:
		dst = append(dst, '[')
		for _, one := range v.items() {
			dst = t.structureOf(dst, of.Elem, one, true)
		}
		return append(dst, ']')
	case v.kind() != kindObject:
		return append(dst, '?')
	}
	dst = append(dst, '{')
	for key, one := range v.members() {
		dst = prefixed(append(dst, ':'), key)
		f := named.Field(key)
		if f == nil || f.Argument != nil && f.Argument.Variadic {
			dst = prefixed(append(dst, '='), string(one))
			continue
		}
		dst = t.structureOf(dst, f.Type, one, true)
	}
	return append(dst, '}')
}
