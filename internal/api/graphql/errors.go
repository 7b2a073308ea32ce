package graphql

import (
	"errors"

	"github.com/pintail-dev/pintail/fault"
)

// An Error is one entry of the answer's errors, in Hasura's form: {"message", "extensions": {"path", "code"}}.
type Error struct {
	Path    string // from the document's root: $.selectionSet.author.args.where.id._x; "$" for the whole
	Code    Code
	Message string

	// Fault is what happened below GraphQL, with the hidden cause for the log; nil where the document itself is wrong.
	Fault *fault.Fault
}

// Error gives code and message; it may be shown to a client.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Unwrap gives the fault, for errors.As.
func (e *Error) Unwrap() error {
	if e.Fault == nil {
		return nil
	}
	return e.Fault
}

// A Code is Hasura's name of a kind of error (server/src-lib/Hasura/Base/Error.hs).
type Code string

const (
	ValidationFailed    Code = "validation-failed"
	ParseFailed         Code = "parse-failed"
	BadRequest          Code = "bad-request"
	NotSupported        Code = "not-supported"
	NotFound            Code = "not-found"
	AccessDenied        Code = "access-denied"
	PermissionError     Code = "permission-error"
	ConstraintViolation Code = "constraint-violation"
	ConstraintError     Code = "constraint-error"
	DataException       Code = "data-exception"
	ConcurrentUpdate    Code = "concurrent-update"
	PostgresError       Code = "postgres-error"
	TooManyConnections  Code = "postgres-max-connections-error"
	Unexpected          Code = "unexpected"

	// Of limits, as Hasura's paid edition calls them.
	DepthLimit Code = "depth-limit-exceeded"
	NodeLimit  Code = "node-limit-exceeded"
	TimeLimit  Code = "time-limit-exceeded"
)

// invalid is an error of the document at a place of it.
func invalid(path, message string) *Error {
	return &Error{Path: path, Code: ValidationFailed, Message: message}
}

// ErrorAt gives the Error of whatever went wrong at a place of the document. One that is an Error already keeps its own path.
// What isn't a fault says no more than that something went wrong.
func ErrorAt(path string, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	f := fault.From(err)
	code, prefix := codeOf(f.Code)
	return &Error{Path: path, Code: code, Message: prefix + f.Message, Fault: f}
}

// codeOf gives Hasura's code of a fault, and what Hasura writes before the database's message (Hasura/Backends/Postgres/
// Execute/Types.hs, mkTxErrorHandler).
func codeOf(c fault.Code) (code Code, prefix string) {
	switch c {
	case fault.NotNullViolation:
		return ConstraintViolation, "Not-NULL violation. "
	case fault.ForeignKeyViolation:
		return ConstraintViolation, "Foreign key violation. "
	case fault.UniqueViolation:
		return ConstraintViolation, "Uniqueness violation. "
	case fault.ExclusionViolation:
		return ConstraintViolation, "Exclusion violation. "
	case "23001":
		return ConstraintViolation, "Can not delete or update due to data being referred. "
	case fault.NestedWithoutParent:
		return ConstraintViolation, ""
	case fault.CheckViolation:
		return PermissionError, "Check constraint violation. "
	case fault.BadEscape, fault.BadEncoding, fault.BadBody, fault.BadQueryString, fault.UnknownMedia, fault.TooLarge, fault.URLTooLong, fault.HeadersTooLarge, fault.RequestTimeout, fault.AnswerTooLarge, fault.BadMethod, fault.BadMediaType:
		return BadRequest, ""
	case fault.InsufficientPrivilege, fault.HookRefused, fault.ReadOnlyTransaction:
		return PermissionError, ""
	case fault.Unauthorized, fault.Forbidden, fault.NoSecret, fault.BadToken, fault.AnonymousOff, fault.BadClaims:
		return AccessDenied, ""
	case fault.NotSupported, fault.NotOnSQLite:
		return NotSupported, ""
	case fault.TooDeep:
		return DepthLimit, ""
	case fault.TooMany:
		return NodeLimit, ""
	case fault.QueryCanceled:
		return TimeLimit, ""
	case fault.TooManyConnections, fault.PoolTimeout:
		return TooManyConnections, ""
	case fault.UndefinedColumn, fault.UndefinedTable, fault.UndefinedFunction, fault.NoColumn, fault.NoTable, fault.NoFunction, fault.NoRelation,
		fault.AmbiguousFunction, fault.AmbiguousRelation, fault.GroupingError:
		return ValidationFailed, ""
	case fault.Internal, fault.Raised:
		return Unexpected, ""
	case fault.BadPath:
		return NotFound, ""
	}
	if len(c) == 5 {
		switch c[:2] {
		case "22":
			return DataException, ""
		case "23":
			return ConstraintViolation, ""
		case "40":
			return ConcurrentUpdate, ""
		case "42":
			return ConstraintError, ""
		case "0A":
			return NotSupported, ""
		}
	}
	return PostgresError, ""
}
