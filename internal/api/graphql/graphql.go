// Package graphql is the GraphQL dialect, Hasura v2's: a document becomes one query.Query, and finished rows become an
// answer. It knows no SQL and no HTTP library; there is no resolver.
//
// One request, POST /v1/graphql {"query": "query ($c: bigint!) { customer_by_pk(id: $c) { name orders { id } } }", "variables": {"c": 7}}:
//
//	Parse        the body or URL to Requests: document text, operation name, variables; one, or a batch        request.go
//	Prepare      the text to a Document: parsed, within the limits, valid by the specification; kept by its hash   document.go
//	Lower        the operation with its variables to a query.Query and the Answer that will be written            lower*.go
//	(node)       plan.Resolve, store.Read or Write
//	Answer.Write the store's results to {"data": {"customer_by_pk": {…}}}                                          answer.go
//
// What names mean is in Types, which is computed from the schema, type by type as documents ask for them: a schema of a
// thousand tables has some thirty thousand types, and holding them all would cost more than everything else. A Field or
// Type carries what it stands for (a column, a relation, a comparison), so that lowering never takes a name apart.
// Introspection, the SDL and validation read the same Types. Validation runs gqlparser's rules against an ast.Schema that
// holds only what one document reaches.
//
// Errors are Hasura's: HTTP 200, {"errors": [{"message", "extensions": {"path", "code"}}]}, where path leads through the
// document: $.selectionSet.customer.args.where.id._eq.
package graphql
