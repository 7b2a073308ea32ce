package graphql

import (
	"errors"

	"github.com/vektah/gqlparser/v2/ast"
)

// A nullVariable is a null for a variable that must have a value.
type nullVariable struct{ of *ast.VariableDefinition }

func (n *nullVariable) Error() string {
	return "expecting a value for non-nullable variable: \"" + n.of.Variable + "\""
}

// located says where in the document a null variable is used first, as Hasura does. Every other error is as it was.
func (d *Dialect) located(doc *Document, err error) error {
	var null *nullVariable
	if !errors.As(err, &null) {
		return err
	}
	in := &ast.QueryDocument{Operations: ast.OperationList{doc.operation}, Fragments: doc.fragments}
	use := firstUse(null.of.Variable, doc.operation.SelectionSet)
	for _, f := range doc.fragments {
		if use == nil {
			use = firstUse(null.of.Variable, f.SelectionSet)
		}
	}
	if use == nil {
		return refusal("$", ValidationFailed, "%s", null.Error())
	}
	path := d.types.places(in, doc.operation.Name).byStart[use.Position.Start].path()
	return refusal(path, ValidationFailed, "expected a value of type \"%s\", but found null", null.of.Type.Name())
}

// firstUse finds where selections use a variable.
func firstUse(name string, set ast.SelectionSet) *ast.Value {
	for _, s := range set {
		var inside ast.SelectionSet
		switch s := s.(type) {
		case *ast.Field:
			for _, a := range s.Arguments {
				if v := within(name, a.Value); v != nil {
					return v
				}
			}
			inside = s.SelectionSet
		case *ast.InlineFragment:
			inside = s.SelectionSet
		}
		if v := firstUse(name, inside); v != nil {
			return v
		}
	}
	return nil
}

func within(name string, v *ast.Value) *ast.Value {
	if v == nil {
		return nil
	}
	if v.Kind == ast.Variable && v.Raw == name {
		return v
	}
	for _, c := range v.Children {
		if found := within(name, c.Value); found != nil {
			return found
		}
	}
	return nil
}
