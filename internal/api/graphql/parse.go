package graphql

import "github.com/vektah/gqlparser/v2/ast"

// parse reads a document, holds it against limits and the specification, and picks the operation of a name; without one,
// the only operation there is.
func (d *Dialect) parse(text, name string) (*Document, error) {
	limits := d.o.Limits.Document
	parsed, err := ParseDocument(text, limits)
	if err != nil {
		return nil, err
	}
	op, err := pick(parsed.Operations, name)
	if err != nil {
		return nil, err
	}
	if err := d.types.Validate(parsed, op.Name, limits); err != nil {
		return nil, err
	}
	return &Document{operation: op, fragments: parsed.Fragments}, nil
}

// pick finds the operation that is to run (GraphQL, "GetOperation").
func pick(all ast.OperationList, name string) (*ast.OperationDefinition, error) {
	switch {
	case name != "":
		if op := all.ForName(name); op != nil {
			return op, nil
		}
		return nil, refusal("$", ValidationFailed, "no such operation found in the document: \"%s\"", shortened(name))
	case len(all) > 1:
		return nil, refusal("$", ValidationFailed, "exactly one operation has to be present in the document when operationName is not specified")
	}
	return all[0], nil
}
