package schema

import "github.com/pintail-dev/pintail/query"

// A Policy is what one role may do with a table or function: one @allow. Without one, nobody but the admin may do anything.
// The meaning is Hasura's.
type Policy struct {
	Role      string
	To        []Operation
	Where     query.Expr // rows that may be seen, changed or deleted; nil is all
	Check     query.Expr // what must hold of a row after a write; nil is Where
	Columns   []*Column  // those that may be read or written; nil is all
	Set       []Preset   // columns that a write gives itself
	Limit     *int       // most rows in one answer; nil is none
	Aggregate bool       // counts and sums too

	// QueryRoots and SubscriptionRoots are the root fields that a SELECT opens, of those whose kinds begin with select; nil is all
	// of them. Without a root field rows are reached by relations alone.
	QueryRoots        []RootKind
	SubscriptionRoots []RootKind
	BackendOnly       bool // only for requests that bring the admin secret, and x-hasura-use-backend-only-permissions
}

// A Preset is the value that a policy gives a column, whatever the client sends.
type Preset struct {
	Column *Column
	Value  query.Value // a constant, or with Claim what is known of the actor
}

// An Operation is what a policy allows.
type Operation string

const (
	SelectRows Operation = "SELECT"
	InsertRows Operation = "INSERT"
	UpdateRows Operation = "UPDATE"
	DeleteRows Operation = "DELETE"
	CallIt     Operation = "CALL"
)

// HasPolicies says whether the file has an @allow anywhere. Until policies are enforced such a file is the admin's alone.
func (s *Schema) HasPolicies() bool {
	for _, t := range s.Tables {
		if len(t.Policies) > 0 {
			return true
		}
	}
	for _, f := range s.Functions {
		if len(f.Policies) > 0 {
			return true
		}
	}
	return false
}
