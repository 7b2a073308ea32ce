package graphql

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/fault"
)

// Faults have Hasura's codes, and its words before the database's.
func TestErrorOfAFault(t *testing.T) {
	for _, c := range []struct {
		code fault.Code
		want Code
		says string
	}{
		{fault.UniqueViolation, ConstraintViolation, "Uniqueness violation. x"},
		{fault.ForeignKeyViolation, ConstraintViolation, "Foreign key violation. x"},
		{fault.NotNullViolation, ConstraintViolation, "Not-NULL violation. x"},
		{fault.ExclusionViolation, ConstraintViolation, "Exclusion violation. x"},
		{"23001", ConstraintViolation, "Can not delete or update due to data being referred. x"},
		{"23000", ConstraintViolation, "x"},
		{fault.CheckViolation, PermissionError, "Check constraint violation. x"},
		{fault.InvalidText, DataException, "x"},
		{fault.OutOfRange, DataException, "x"},
		{fault.BadDatetime, DataException, "x"},
		{fault.BadEscape, BadRequest, "x"},
		{fault.GeneratedAlways, ConstraintError, "x"},
		{fault.InvalidColumnRef, ConstraintError, "x"},
		{fault.SerializationFailure, ConcurrentUpdate, "x"},
		{fault.CardinalityViolation, PostgresError, "x"},
		{fault.InsufficientPrivilege, PermissionError, "x"},
		{fault.Raised, Unexpected, "x"},
		{fault.NotOnSQLite, NotSupported, "x"},
		{fault.TooDeep, DepthLimit, "x"},
		{fault.TooMany, NodeLimit, "x"},
		{fault.QueryCanceled, TimeLimit, "x"},
		{fault.TooManyConnections, TooManyConnections, "x"},
		{fault.Unauthorized, AccessDenied, "x"},
		{fault.UndefinedColumn, ValidationFailed, "x"},
		{fault.BadPath, NotFound, "x"},
		{fault.Unavailable, PostgresError, "x"},
	} {
		e := ErrorAt("$.selectionSet.a", fmt.Errorf("store: %w", fault.New(c.code, "x")))
		if e.Code != c.want || e.Message != c.says || e.Path != "$.selectionSet.a" || e.Fault.Code != c.code {
			t.Errorf("%s: %s %q at %s", c.code, e.Code, e.Message, e.Path)
		}
	}
}

// What is no fault stays hidden, and an Error keeps its own path.
func TestErrorOfAnythingElse(t *testing.T) {
	secret := errors.New("password=1234")
	e := ErrorAt("$", secret)
	if e.Code != Unexpected || strings.Contains(e.Error(), "1234") || !errors.Is(e, secret) {
		t.Errorf("%v", e)
	}
	own := invalid("$.selectionSet.b", "no")
	if got := ErrorAt("$", fmt.Errorf("lower: %w", own)); got != own || got.Unwrap() != nil {
		t.Errorf("%v", got)
	}
}
