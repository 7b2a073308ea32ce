package plan

import (
	"errors"
	"testing"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A type that is only passed through leaves the choice of the operator to PostgreSQL; a word that is none never gets there.
func TestAllowedOnUnknownType(t *testing.T) {
	unknown := schema.Type{Base: schema.Unknown, Name: "ltree"}
	if err := allowed(&query.Compare{Op: query.Contains}, unknown); err != nil {
		t.Errorf("an operator of PostgreSQL's on a type of its own: %v", err)
	}
	var f *fault.Fault
	if err := allowed(&query.Compare{Op: "no"}, unknown); !errors.As(err, &f) || f.Code != fault.BadQueryString {
		t.Errorf("no operator: %v", err)
	}
}
